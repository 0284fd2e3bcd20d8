//! The side that numbers: what it sends, what it keeps, and what it makes of ACKs.

use super::{outbox, run, send, sender};
use crate::support::links::{self, Event, Plain, closed, events, feed, unsent};
use crate::support::page::{
    ACK, CLOSE, DATA, MORE, NONE, NUMBERED, OTHER_RUN, ack, first_ack, lengths, number, went_back, wrong_acks,
};
use core::task::Poll;
use lowkey_transport::{Error, Outbox, PushError, RunId};

#[test]
fn numbered_s7_nothing_goes_out_before_the_first_ack_and_then_all_in_order() {
    let (mut a, mut peer) = sender();
    let mut outbox = outbox();
    for text in [&b"one"[..], b"", b"three"] {
        outbox.push(text).unwrap();
    }
    assert_eq!((a.acks().are_given, a.acks().up_to), (true, None));
    assert_eq!(send(&mut a, &mut outbox), Ok(vec![]));
    events(&mut a, &peer.record(ACK, &NONE));
    assert_eq!(a.acks().up_to, Some(0));
    let wire = send(&mut a, &mut outbox).unwrap();
    let expected = [(1, &b"one"[..]), (2, b""), (3, b"three")];
    let expected = expected.map(|(count, text)| (number(count), text.to_vec()));
    assert_eq!(peer.messages(wire), expected);
    assert_eq!(send(&mut a, &mut outbox), Ok(vec![]), "each once on a connection");
    assert!(!outbox.is_empty());
}

#[test]
fn numbered_s7_the_first_ack_releases_and_what_is_above_goes_out_again() {
    let mut outbox = outbox();
    let texts: Vec<Vec<u8>> = (1..=5).map(|n| vec![n; usize::from(n) * 90]).collect();
    for text in &texts {
        outbox.push(text).unwrap();
    }
    for stored in [0, 2, 2, 4, 5] {
        let (mut a, mut peer) = sender();
        let body = match stored {
            0 => NONE.to_vec(),
            n => first_ack(number(n), &texts[n as usize - 1]),
        };
        events(&mut a, &peer.record(ACK, &body));
        let messages = peer.messages(send(&mut a, &mut outbox).unwrap());
        let left = (stored + 1..=5).map(|n| (number(n), texts[n as usize - 1].clone()));
        assert_eq!(messages, left.collect::<Vec<_>>());
    }
    assert!(outbox.is_empty());
}

#[test]
fn numbered_s7_numbers_that_went_back_release_nothing_and_send_nothing() {
    let text = &b"kept"[..];
    for (body, why) in went_back() {
        let (mut a, mut peer) = sender();
        let mut outbox = outbox();
        outbox.push(text).unwrap();
        events(&mut a, &peer.record(ACK, &body));
        for _ in 0..2 {
            assert_eq!(a.send_outbox(&mut outbox), Err(Error::WentBack), "{why}");
            assert_eq!(a.recv_acks(&mut outbox), Err(Error::WentBack), "{why}");
        }
        assert!(!outbox.is_empty());
        assert_eq!(unsent(&mut a), b"");
        assert!(Error::WentBack.is_recoverable());
        let mut wire = links::sent(&mut a, b"not numbered");
        assert_eq!(peer.open(&mut wire), (DATA, b"not numbered".to_vec()));
    }
    // Of its own it has the message no more, or it was of an earlier start: both are as it should be.
    for stored in [number(1), (6 << 32) | 9, 1] {
        let (mut a, mut peer) = sender();
        let mut outbox = outbox();
        if stored != number(1) {
            outbox.push(text).unwrap();
        } else {
            outbox.push(b"acknowledged before").unwrap();
            outbox.release(number(1));
            outbox.push(text).unwrap();
        }
        events(&mut a, &peer.record(ACK, &first_ack(stored, b"whatever it was")));
        assert!(!send(&mut a, &mut outbox).unwrap().is_empty(), "{stored:#x}");
    }
}

#[test]
fn numbered_s7_an_ack_that_cannot_be_ends_the_connection() {
    for (acks, why) in wrong_acks() {
        let (mut a, mut peer) = sender();
        let mut outbox = outbox();
        for text in [b"1", b"2"] {
            outbox.push(text).unwrap();
        }
        let (bad, good) = acks.split_last().unwrap();
        for body in good {
            events(&mut a, &peer.record(ACK, body));
            send(&mut a, &mut outbox).unwrap();
        }
        let (delivered, result) = feed(&mut a, &peer.record(ACK, bad));
        assert_eq!((delivered, result), (vec![], Err(Error::Number)), "{why}");
        links::assert_dead(&mut a, Error::Number);
        assert!(!outbox.is_empty());
    }
}

#[test]
fn numbered_s7_a_later_ack_is_cumulative_and_a_lower_one_says_nothing() {
    let (mut a, mut peer) = sender();
    let mut outbox = outbox();
    for n in 1..=4 {
        assert_eq!(outbox.push(&[n]), Ok(number(n.into())));
    }
    events(&mut a, &peer.record(ACK, &NONE));
    send(&mut a, &mut outbox).unwrap();
    events(&mut a, &peer.record(ACK, &ack(number(3))));
    assert_eq!(a.recv_acks(&mut outbox), Ok(Poll::Ready(true)));
    assert_eq!(
        outbox.above(0).map(|waiting| (waiting.number(), waiting.message())),
        Some((number(4), &[4][..]))
    );
    events(&mut a, &peer.record(ACK, &ack(number(1))));
    assert_eq!((a.acks().up_to, a.recv_acks(&mut outbox)), (Some(number(3)), Ok(Poll::Pending)));
    events(&mut a, &peer.record(ACK, &ack(number(4))));
    assert_eq!(a.recv_acks(&mut outbox), Ok(Poll::Ready(true)));
    assert!(outbox.is_empty());
}

/// §4, §7: pieces are MORE as ever, and the last has its number.
#[test]
fn numbered_s7_a_long_message_is_more_and_then_numbered() {
    let most = links::open().0.max_data();
    for len in lengths(most) {
        let text: Vec<u8> = (0..len).map(|n| n as u8).collect();
        let (mut a, mut peer) = sender();
        let mut outbox = outbox();
        outbox.push(b"before").unwrap();
        outbox.release(number(1));
        outbox.push(&text).unwrap();
        events(&mut a, &peer.record(ACK, &first_ack(number(1), b"before")));
        assert_eq!(peer.messages(send(&mut a, &mut outbox).unwrap()), [(number(2), text)], "{len}");
    }
}

#[test]
fn numbered_s7_amid_a_numbered_message_no_other_begins_and_a_close_is_a_truncation() {
    let (mut a, mut peer) = sender();
    let mut outbox = outbox();
    outbox.push(&[7; 900]).unwrap();
    events(&mut a, &peer.record(ACK, &NONE));
    assert_eq!(a.send_outbox(&mut outbox), Ok(Poll::Pending));
    let mut wire = unsent(&mut a);
    assert_eq!(peer.open(&mut wire).0, MORE);
    assert_eq!(a.send(b"x"), Err(Error::Unfinished));
    assert_eq!(a.stage(b"x", lowkey_transport::Part::Last), Err(Error::Unfinished));
    assert_eq!(a.send_rest(b"x"), Err(Error::Unfinished));
    let mut other = Outbox::new(vec![0; 100], run(), 8);
    assert_eq!(a.send_outbox(&mut other), Err(Error::Unfinished));
    let mut of_another_run = Outbox::new(vec![0; 100], RunId::new(OTHER_RUN), 7);
    assert_eq!(a.send_outbox(&mut of_another_run), Err(Error::OutOfTurn));
    let rest = peer.open_all(send(&mut a, &mut outbox).unwrap());
    assert_eq!(rest.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [MORE, MORE, MORE, NUMBERED]);
}

#[test]
fn numbered_s7_acks_come_in_behind_our_own_close() {
    let (mut a, mut peer) = sender();
    let mut outbox = outbox();
    outbox.push(b"last words").unwrap();
    events(&mut a, &peer.record(ACK, &NONE));
    send(&mut a, &mut outbox).unwrap();
    closed(&mut a);
    let acks_and_end = [peer.record(ACK, &ack(number(1))), peer.record(CLOSE, b"")].concat();
    assert_eq!(events(&mut a, &acks_and_end), [Event::End]);
    assert_eq!(a.recv_acks(&mut outbox), Ok(Poll::Ready(true)));
    assert!(outbox.is_empty());
    assert_eq!(a.recv_acks(&mut outbox), Ok(Poll::Ready(false)), "the peer has closed");
}

#[test]
fn numbered_s7_a_number_is_boot_and_count_and_none_comes_twice() {
    let mut outbox = Outbox::new(vec![0; 64], run(), u32::MAX);
    assert_eq!(outbox.push(b""), Ok((u64::from(u32::MAX) << 32) | 1));
    let mut from_a_stream = Outbox::of_stream(vec![0; 64], run(), 90);
    assert_eq!(from_a_stream.put(0, b""), Err(PushError::Exhausted));
    assert_eq!(from_a_stream.put(u64::from(u32::MAX), b""), Ok(()));
    assert_eq!(from_a_stream.push(b""), Err(PushError::Exhausted), "it would be of the next boot");
    assert_eq!(from_a_stream.put(u64::from(u32::MAX), b""), Err(PushError::Exhausted));
    assert_eq!(from_a_stream.put(u64::MAX, b""), Ok(()));
}

#[test]
fn numbered_a_full_outbox_says_so_and_keeps_what_it_has() {
    let mut outbox = Outbox::new(vec![0; 30], run(), 7);
    assert_eq!(outbox.push(&[0; 21]), Err(PushError::TooLong));
    assert_eq!(outbox.push(&[1; 20]), Ok(number(1)));
    assert_eq!((outbox.push(b""), outbox.room()), (Err(PushError::Full), None));
    outbox.release(number(1));
    assert_eq!(outbox.push(b"12345"), Ok(number(2)));
    assert_eq!(outbox.room(), Some(5));
    assert_eq!(outbox.push(b"123456"), Err(PushError::Full));
    assert_eq!(outbox.push(b"12345"), Ok(number(3)));
    assert_eq!(outbox.above(number(2)).unwrap().message(), b"12345");
    for len in 0..10 {
        let mut none = Outbox::new(vec![0; len], run(), 1);
        assert_eq!(none.push(b""), Err(PushError::TooLong), "{len}");
    }
}
