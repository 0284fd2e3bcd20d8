use crate::Error;
use crate::progress::Progress;
use std::vec::Vec;

#[test]
fn progress_goes_on_with_what_is_left_of_the_same_message_only() {
    for len in [1, 2, 3, 64, 600_usize] {
        for fragment in [1, 2, 7, 100, 600] {
            let message: Vec<u8> = (0..len).map(|at| at as u8).collect();
            let mut gone = 0;
            while gone < len {
                let n = fragment.min(len - gone);
                gone += n;
                let progress = Progress::new(&message, gone, n);
                assert_eq!(progress.done(), gone);
                assert_eq!(progress.rest_of(&message.clone()), Ok(&message[gone..]));
                for at in gone - n..gone {
                    let mut other = message.clone();
                    other[at] ^= 0x40;
                    assert_eq!(progress.rest_of(&other), Err(Error::OutOfTurn), "{at} of {gone}");
                }
                let longer = [&message[..], b"!"].concat();
                for other in [&message[1..], &longer, &[]] {
                    assert_eq!(progress.rest_of(other), Err(Error::OutOfTurn));
                }
            }
        }
    }
}

#[test]
fn progress_is_whole_with_the_same_message_only() {
    for message in [&b""[..], b"message"] {
        let whole = Progress::of(message);
        assert_eq!(whole.rest_of(message), Ok(&b""[..]));
        assert_eq!(whole.rest_of(b"another"), Err(Error::OutOfTurn));
    }
}
