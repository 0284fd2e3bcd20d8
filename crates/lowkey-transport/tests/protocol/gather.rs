//! `Write`: bytes gather in one record until it is full, flushed, or something else is called.

use crate::blocking::{Blocking, pair, repeat};
use crate::support::Rng;
use crate::support::streams::{Rules, Stream};
use core::task::Poll;
use embedded_io::{ErrorKind, Read, Write};
use lowkey_transport::{Error, Mode, Part};

/// What a record takes on the wire besides its data.
const OVERHEAD: usize = 19;

fn open() -> (Blocking, Blocking, Stream) {
    let (mut a, b, a_io, _) = pair(Mode::Kk, &Rules::default());
    a.flush().unwrap();
    (a, b, a_io)
}

/// Every message that has come.
fn received(channel: &mut Blocking) -> Vec<Vec<u8>> {
    let (mut messages, mut buffer) = (vec![], [0; 4_000]);
    while let Ok(Some(len)) = channel.recv_message(&mut buffer) {
        messages.push(buffer[..len].to_vec());
    }
    messages
}

#[test]
fn write_gathers_small_writes_in_one_record_that_leaves_with_a_flush() {
    let (mut a, mut b, a_io) = open();
    let before = a_io.tx.len();
    for byte in b"a PUBLISH of MQTT" {
        assert_eq!(Write::write(&mut a, &[*byte]), Ok(1));
    }
    assert_eq!(a_io.tx.len(), before, "nothing has left");
    a.flush().unwrap();
    assert_eq!(a_io.tx.len(), before + 17 + OVERHEAD);
    assert_eq!(received(&mut b), [b"a PUBLISH of MQTT"]);
    a.flush().unwrap();
    assert_eq!(a_io.tx.len(), 0, "no empty record");
}

#[test]
fn write_fills_records_to_their_last_byte() {
    let (mut a, mut b, _) = open();
    let (max, bytes) = (a.max_data(), Rng(1).vec(3_000));
    a.write_all(&bytes).unwrap();
    a.flush().unwrap();
    let lengths: Vec<usize> = received(&mut b).iter().map(Vec::len).collect();
    assert_eq!(lengths, [vec![max; 3_000 / max], vec![3_000 % max]].concat());
}

#[test]
fn write_any_pieces_arrive_as_the_same_bytes_in_few_records() {
    for seed in 0..40 {
        let (mut rng, (mut a, mut b, a_io)) = (Rng(seed), open());
        let bytes = rng.vec(2_000);
        let (mut rest, before) = (&bytes[..], a_io.tx.len());
        while !rest.is_empty() {
            let piece = rest.len().min(1 + rng.below(60));
            let n = Write::write(&mut a, &rest[..piece]).unwrap();
            assert!((1..=piece).contains(&n));
            rest = &rest[n..];
        }
        a.flush().unwrap();
        let wire = a_io.tx.len() - before;
        let records = (wire - bytes.len()) / OVERHEAD;
        assert!(records <= 2_000 / (a.max_data() - 60) + 1, "{records} records");
        assert_eq!(received(&mut b).concat(), bytes);
    }
}

/// A call of any other kind comes behind the bytes that were written before it.
#[test]
fn write_what_was_gathered_goes_before_whatever_is_called_next() {
    let (mut a, mut b, _) = open();
    a.write_all(b"one").unwrap();
    a.send(b"two").unwrap();
    a.write_all(b"three").unwrap();
    a.ping(b"?").unwrap();
    a.write_all(b"four").unwrap();
    let mut writer = a.message().unwrap();
    writer.write(b"fi").unwrap();
    writer.finish(b"ve").unwrap();
    a.write_all(b"six").unwrap();
    a.close().unwrap();
    assert_eq!(received(&mut b), [&b"one"[..], b"two", b"three", b"four", b"five", b"six"]);
    assert!(matches!(b.recv(), Ok(None)));
    assert_eq!(Write::write(&mut a, b"x"), Err(Error::Closed));
    assert_eq!(Write::write(&mut a, b""), Ok(0));
}

/// Request and response over `Write` and `Read`, without a flush: whoever waits has sent what it has.
#[test]
fn write_a_receive_of_any_kind_sends_what_was_gathered_before_it_waits() {
    let mut buffer = [0; 64];
    for kind in 0..4 {
        let (mut a, mut b, _) = open();
        a.write_all(b"GET ").unwrap();
        a.write_all(b"/").unwrap();
        match kind {
            0 => assert!(a.recv().is_err()),
            1 => assert!(a.recv_message(&mut buffer).is_err()),
            2 => assert!(a.read(&mut buffer).is_err()),
            _ => assert_eq!(a.try_recv().map(|polled| polled.is_pending()), Ok(true)),
        }
        assert_eq!(b.recv_message(&mut buffer), Ok(Some(5)));
        assert_eq!(&buffer[..5], b"GET /");
    }
}

#[test]
fn write_a_timeout_at_every_byte_loses_and_repeats_nothing() {
    for seed in 0..20 {
        let (mut rng, (mut a, mut b, a_io)) = (Rng(seed), open());
        let bytes = rng.vec(1_500);
        let (mut rest, mut got) = (&bytes[..], vec![]);
        while !rest.is_empty() {
            let some = rng.below(40);
            a_io.set(|rules| rules.breaks = Some((some, Some(ErrorKind::TimedOut))));
            let piece = rest.len().min(1 + rng.below(400));
            match Write::write(&mut a, &rest[..piece]) {
                Ok(n) => rest = &rest[n..],
                Err(Error::Io(ErrorKind::TimedOut)) => (),
                Err(error) => panic!("{error:?}"),
            }
            if rng.below(9) == 0 {
                let _timed_out = a.flush();
            }
            got.extend(received(&mut b).concat());
        }
        a_io.set(|rules| rules.breaks = None);
        repeat(|| a.flush());
        got.extend(received(&mut b).concat());
        assert_eq!(got, bytes);
    }
}

/// A fragment of a message may be under way: bytes do not go into it.
#[test]
fn write_is_refused_inside_a_message() {
    let (mut a, _b, _) = open();
    a.message().unwrap().write(b"begun").unwrap();
    assert_eq!(Write::write(&mut a, b"bytes"), Err(Error::Unfinished));
}

#[test]
fn write_a_pong_that_is_owed_goes_before_the_bytes_that_follow() {
    let (mut a, mut b, a_io) = open();
    b.ping(b"there?").unwrap();
    b.send(b"command").unwrap();
    b.flush().unwrap();
    let Poll::Ready(Some(fragment)) = a.try_recv().unwrap() else { panic!("it is there") };
    assert_eq!((&*fragment.bytes, fragment.part), (&b"command"[..], Part::Last));
    a.write_all(b"obeyed").unwrap();
    a.flush().unwrap();
    assert!(a_io.tx.len() > 0);
    assert_eq!(received(&mut b), [b"obeyed"]);
    assert!(!b.awaits_pong());
}
