use crate::hello::{Front, Hello, MAX_HELLO, Mode, Prologue};
use crate::numbers::{Announced, Shown, payload};
use crate::parameters::Parameters;
use lowkey_core::Id;
use std::vec::Vec;

#[test]
fn hello_reads_back_as_written_and_the_message_is_behind_it() {
    for mode in [Mode::Kk, Mode::KkPsk0, Mode::Xx, Mode::XxPsk0] {
        for len in usize::from(mode != Mode::Xx)..=32 {
            let hello = Hello { mode, id: Id::new(&[7; 32][..len]) };
            let mut out = [0xee; 80];
            let written = Hello::write_prologue(mode, hello.id.as_ref(), &mut out).unwrap();
            let (prologue, behind) = out.split_at(written);
            let frame = prologue.strip_prefix(b"lowkey/1").unwrap();
            assert_eq!(frame[..3], [1, mode as u8, len as u8]);
            let Ok(Front::Hello(read, front)) = Hello::read(frame) else { panic!("{hello:?}") };
            assert_eq!((read, front), (hello, frame.len()));
            assert!(behind.iter().all(|byte| *byte == 0xee));
        }
    }
    let longest = Id::new(&[7; 32]);
    let mut short = [0; b"lowkey/1".len() + MAX_HELLO - 1];
    assert_eq!(Hello::write_prologue(Mode::Kk, longest.as_ref(), &mut short), None);
}

#[test]
fn hello_the_prologue_is_the_word_and_the_hello_as_sent() {
    let hello: Vec<u8> = (0..MAX_HELLO as u8).collect();
    assert_eq!(Prologue::new(&hello).as_bytes(), [&b"lowkey/1"[..], &hello].concat());
    assert_eq!(Prologue::new(b"").as_bytes(), b"lowkey/1");
}

#[test]
fn parameters_read_back_as_written() {
    for max_frame in [64, 65, 256, u16::MAX] {
        let parameters = Parameters { max_frame, announced: Announced::default() };
        assert_eq!(Parameters::read(&payload(max_frame, &mut Shown::new())), Ok(parameters));
    }
}
