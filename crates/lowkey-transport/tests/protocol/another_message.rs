//! A message that a call sends over several tries, and another one in its place at the next: it is refused, and what
//! arrives is what was begun.

use crate::blocking::{pair, repeat};
use crate::support::Rng;
use crate::support::streams::Rules;
use embedded_io::ErrorKind;
use lowkey_transport::{Error, Mode};

/// All of which `finish` must not take for `message`, of which `gone` bytes have gone, the last `fragment` in one
/// piece.
fn others(message: &[u8], gone: usize, fragment: usize) -> Vec<Vec<u8>> {
    let changed = |at: usize| {
        let mut other = message.to_vec();
        other[at] ^= 0x40;
        other
    };
    let mut others: Vec<_> = (gone - fragment..gone).map(changed).collect();
    others.extend([
        message[1..].to_vec(),
        [message, b"!"].concat(),
        vec![],
        message.iter().map(|byte| !byte).collect(),
    ]);
    others
}

#[test]
fn another_message_is_refused_while_one_is_on_its_way() {
    let (mut a, mut b, a_io, _) = pair(Mode::Kk, &Rules::default());
    let message = Rng(3).vec(2_000);
    let fragment = a.max_data();
    a_io.set(|rules| rules.breaks = Some((2 * fragment, Some(ErrorKind::TimedOut))));
    let mut writer = a.message().unwrap();
    assert_eq!(writer.finish(&message), Err(Error::Io(ErrorKind::TimedOut)));
    for other in others(&message, 2 * fragment, fragment) {
        assert_eq!(writer.finish(&other), Err(Error::OutOfTurn));
        assert_eq!(writer.write(&other), Err(Error::Unfinished));
    }
    a_io.set(|rules| rules.breaks = None);
    writer.finish(&message.clone()).unwrap(); // wherever it lies
    assert_eq!(writer.finish(&message), Ok(()), "a second time it does nothing");
    assert_eq!(writer.finish(&message[1..]), Err(Error::OutOfTurn), "nor with another message");
    repeat(|| a.flush());
    let mut buffer = [0; 2_000];
    assert_eq!(b.recv_message(&mut buffer), Ok(Some(2_000)));
    assert_eq!(buffer, *message);
}

/// With nothing sent yet there is nothing to be mixed.
#[test]
fn another_message_may_take_the_place_of_one_that_has_not_begun() {
    let (mut a, mut b, a_io, _) = pair(Mode::Kk, &Rules::default());
    a.send(b"before").unwrap();
    a_io.set(|rules| rules.breaks = Some((0, Some(ErrorKind::TimedOut))));
    let mut writer = a.message().unwrap();
    assert_eq!(writer.finish(b"one"), Err(Error::Io(ErrorKind::TimedOut)));
    a_io.set(|rules| rules.breaks = None);
    assert_eq!(writer.finish(b""), Ok(()));
    assert_eq!(writer.finish(b"two"), Err(Error::OutOfTurn), "the empty one has gone");
    a.flush().unwrap();
    for expected in [b"before".as_slice(), b""] {
        assert_eq!(b.recv().unwrap().unwrap().bytes, expected);
    }
}
