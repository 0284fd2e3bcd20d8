//! `ReadReady` of the blocking channel: whether the next read would wait.

use crate::blocking::{TIMED_OUT, pair, repeat, with_page_peer};
use crate::support::Rng;
use crate::support::page::{CLOSE, DATA, MORE, PING};
use crate::support::streams::Rules;
use embedded_io::{ErrorKind, Read, ReadReady};
use lowkey_transport::{Error, Mode};

/// What `embedded_io::ReadReady` promises: after `true`, the next read does not wait.
#[test]
fn records_read_ready_is_true_where_the_next_read_does_not_wait() {
    let (mut a, mut peer, rx, _) = with_page_peer();
    let mut byte = [0];
    let record = peer.record(DATA, b"no");
    for sent in &record[..record.len() - 1] {
        assert_eq!(a.read_ready(), Ok(false));
        rx.put(&[*sent]);
    }
    assert_eq!((a.read_ready(), a.read(&mut byte)), (Ok(false), Err(TIMED_OUT)));
    rx.put(&record[record.len() - 1..]);
    for expected in b"no" {
        assert_eq!((a.read_ready(), a.read(&mut byte), byte), (Ok(true), Ok(1), [*expected]));
    }
    assert_eq!(a.read_ready(), Ok(false));
    // What carries no bytes is nothing to read; what it stands before is.
    rx.put(&[peer.record(PING, b"?"), peer.record(DATA, b"")].concat());
    assert_eq!((a.read_ready(), a.read(&mut byte)), (Ok(false), Err(TIMED_OUT)));
    rx.put(&[peer.record(MORE, b""), peer.record(DATA, b"!")].concat());
    assert_eq!((a.read_ready(), a.read(&mut byte), byte), (Ok(true), Ok(1), *b"!"));
    rx.put(&peer.record(CLOSE, b""));
    for _ in 0..2 {
        assert_eq!((a.read_ready(), a.read(&mut byte)), (Ok(true), Ok(0)));
    }

    let (mut a, _, rx, _) = with_page_peer();
    rx.end();
    assert_eq!(a.read_ready(), Err(Error::Truncated));
}

#[test]
fn records_read_ready_is_false_while_the_stream_gives_up() {
    let stumbles = Some((ErrorKind::Interrupted, Rng(3)));
    let (mut a, mut b, stream, _) = pair(Mode::Kk, &Rules::default());
    repeat(|| b.send(b"x"));
    repeat(|| b.flush());
    stream.set(|rules| rules.stumbles = stumbles);
    while !a.read_ready().unwrap() {}
    assert_eq!(a.read(&mut [0; 9]), Ok(1));
}

/// Between two tries of `recv_message` it leaves the end of the message where it is, also one without bytes.
#[test]
fn records_read_ready_takes_no_end_of_a_message_that_is_being_received() {
    let (mut a, mut b, _, _) = pair(Mode::Kk, &Rules::default());
    let mut writer = b.message().unwrap();
    writer.write(b"front").unwrap();
    writer.finish(b"").unwrap();
    let mut message = [0; 40];
    assert_eq!(a.recv_message(&mut message), Err(TIMED_OUT));
    b.flush().unwrap();
    assert_eq!(a.read_ready(), Ok(true));
    b.send(b"next").unwrap();
    b.flush().unwrap();
    assert_eq!(a.recv_message(&mut message), Ok(Some(5)));
    assert_eq!(message[..5], *b"front");
    assert_eq!(a.recv_message(&mut message), Ok(Some(4)));
}
