//! A device that numbers: what it sends, what it keeps, and what it makes of ACKs.

use super::{Heard, Sender, sender};
use crate::initiator::OUTGOING;
use lowkey_c::lowkey_status::*;
use lowkey_c::*;
use test_support::page_peer::{
    ACK, CLOSE, DATA, MORE, NONE, NUMBERED, ack, first_ack, lengths, number, went_back, wrong_acks,
};

#[test]
fn numbered_s7_nothing_goes_out_before_the_first_ack_and_then_all_in_order() {
    let mut a = sender();
    for text in [&b"one"[..], b"", b"three"] {
        a.push(text).unwrap();
    }
    let mut peer = a.opened();
    assert_eq!(a.sends_all(), Ok(vec![]));
    assert_eq!(a.hears(&peer.record(ACK, &NONE)), (vec![], Ok(())));
    let wire = a.sends_all().unwrap();
    let expected = [(1, &b"one"[..]), (2, b""), (3, b"three")];
    let expected = expected.map(|(count, text)| (number(count), text.to_vec()));
    assert_eq!(peer.messages(wire), expected);
    assert_eq!(a.sends_all(), Ok(vec![]), "each once on a connection");
    assert_eq!((a.is_empty(), a.last()), (false, number(3)));
}

#[test]
fn numbered_s7_the_first_ack_releases_and_what_is_above_goes_out_again() {
    let mut a = sender();
    let texts: Vec<Vec<u8>> = (1..=5).map(|n| vec![n; usize::from(n) * 90]).collect();
    for text in &texts {
        a.push(text).unwrap();
    }
    for stored in [0, 2, 2, 4, 5] {
        let mut peer = a.opened();
        let body = match stored {
            0 => NONE.to_vec(),
            n => first_ack(number(n), &texts[n as usize - 1]),
        };
        a.hears(&peer.record(ACK, &body)).1.unwrap();
        let left = (stored + 1..=5).map(|n| (number(n), texts[n as usize - 1].clone()));
        assert_eq!(peer.messages(a.sends_all().unwrap()), left.collect::<Vec<_>>());
    }
    assert!(a.is_empty());
}

#[test]
fn numbered_s7_numbers_that_went_back_release_nothing_and_send_nothing() {
    for (body, why) in went_back() {
        let mut a = sender();
        a.push(b"kept").unwrap();
        let mut peer = a.opened();
        a.hears(&peer.record(ACK, &body)).1.unwrap();
        for _ in 0..2 {
            assert_eq!(a.sends_all(), Err(LOWKEY_WENT_BACK), "{why}");
        }
        assert!(!a.is_empty());
        assert!(lowkey_is_recoverable(LOWKEY_WENT_BACK as i32));
        a.send(b"not numbered").unwrap();
        assert_eq!(peer.open_all(a.unsent().unwrap()), [(DATA, b"not numbered".to_vec())]);
    }
    // Of its own it has the message no more, or it was of an earlier start: both are as it should be.
    for stored in [number(0), (6 << 32) | 9, 1] {
        let mut a = sender();
        a.push(b"kept").unwrap();
        let mut peer = a.opened();
        a.hears(&peer.record(ACK, &first_ack(stored, b"whatever it was"))).1.unwrap();
        assert_eq!(peer.messages(a.sends_all().unwrap()), [(number(1), b"kept".to_vec())]);
    }
}

#[test]
fn numbered_s7_an_ack_that_cannot_be_ends_the_connection() {
    for (acks, why) in wrong_acks() {
        let mut a = sender();
        a.push(b"1").unwrap();
        a.push(b"2").unwrap();
        let mut peer = a.opened();
        let (bad, good) = acks.split_last().unwrap();
        for body in good {
            a.hears(&peer.record(ACK, body)).1.unwrap();
            a.sends_all().unwrap();
        }
        assert_eq!(a.hears(&peer.record(ACK, bad)), (vec![], Err(LOWKEY_NUMBER)), "{why}");
        a.is_over(LOWKEY_NUMBER);
        assert_eq!(a.send_outbox(), Err(LOWKEY_NUMBER));
        assert!(!a.is_empty());
        // And the next channel is as any.
        let mut peer = a.opened();
        a.hears(&peer.record(ACK, &NONE)).1.unwrap();
        assert_eq!(peer.messages(a.sends_all().unwrap()).len(), 2);
    }
}

#[test]
fn numbered_s7_a_later_ack_is_cumulative_and_a_lower_one_says_nothing() {
    let mut a = sender();
    for n in 1..=4 {
        a.push(&[n]).unwrap();
    }
    let mut peer = a.opened();
    a.hears(&peer.record(ACK, &NONE)).1.unwrap();
    assert_eq!(peer.messages(a.sends_all().unwrap()).len(), 4);
    let full = a.room().unwrap();
    for (acked, free) in [(3, 33), (1, 33), (4, 44)] {
        a.hears(&peer.record(ACK, &ack(number(acked)))).1.unwrap();
        assert_eq!(a.room(), Ok(full + free));
    }
    assert!(a.is_empty());
    // What is pushed amid all of that goes on behind it.
    a.push(b"5").unwrap();
    assert_eq!(peer.messages(a.sends_all().unwrap()), [(number(5), b"5".to_vec())]);
}

/// §4, §7: what does not fit into one record goes out as MORE, and the number behind it.
#[test]
fn numbered_s7_a_long_message_is_more_and_then_numbered() {
    let most = OUTGOING - 2 - 17;
    for len in lengths(most) {
        let text: Vec<u8> = (0..len).map(|n| n as u8).collect();
        let mut a = sender();
        a.push(&text).unwrap();
        a.push(b"behind").unwrap();
        let mut peer = a.opened();
        a.hears(&peer.record(ACK, &NONE)).1.unwrap();
        let messages = peer.messages(a.sends_all().unwrap());
        assert_eq!(messages, [(number(1), text), (number(2), b"behind".to_vec())], "{len}");
    }
}

#[test]
fn numbered_s7_amid_a_numbered_message_no_other_begins() {
    let mut a = sender();
    a.push(&[7; 900]).unwrap();
    let mut peer = a.opened();
    a.hears(&peer.record(ACK, &NONE)).1.unwrap();
    assert_eq!(a.send_outbox(), Err(LOWKEY_WOULD_BLOCK));
    let mut wire = a.unsent().unwrap();
    assert_eq!(a.send(b"x"), Err(LOWKEY_UNFINISHED));
    let (mut taken, device) = (0, &raw mut *a.device);
    // SAFETY: outputs are local.
    let part = unsafe { lowkey_kk_send_part(device, b"x".as_ptr(), 1, true, &mut taken) };
    assert_eq!(part, LOWKEY_UNFINISHED);
    wire.extend(a.sends_all().unwrap());
    let kinds: Vec<u8> = peer.open_all(wire).iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, [MORE, MORE, MORE, MORE, NUMBERED]);
    // The other way round, and behind our CLOSE.
    // SAFETY: as above.
    let begun = unsafe { lowkey_kk_send_part(device, b"x".as_ptr(), 1, false, &mut taken) };
    assert_eq!(begun, LOWKEY_OK);
    a.unsent().unwrap();
    a.push(b"y").unwrap();
    assert_eq!(a.send_outbox(), Err(LOWKEY_UNFINISHED));
    // SAFETY: as above.
    let ended = unsafe { lowkey_kk_send_part(device, b"x".as_ptr(), 1, true, &mut taken) };
    assert_eq!(ended, LOWKEY_OK);
    a.unsent().unwrap();
    a.close().unwrap();
    a.unsent().unwrap();
    assert_eq!(a.send_outbox(), Err(LOWKEY_CLOSED));
    a.hears(&peer.record(ACK, &ack(number(1)))).1.unwrap();
    assert!(!a.is_empty(), "what was not sent stays");
    assert_eq!(a.hears(&peer.record(CLOSE, b"")), (vec![Heard::End], Ok(())));
}

#[test]
fn numbered_a_full_outbox_says_so_and_keeps_what_it_has() {
    let mut a = Sender::new(30, 7);
    assert_eq!(a.push(&[0; 21]), Err(LOWKEY_TOO_LONG));
    assert_eq!(a.push(&[1; 20]), Ok(()));
    assert_eq!((a.push(b""), a.room()), (Err(LOWKEY_FULL), Err(LOWKEY_FULL)));
    assert!(lowkey_is_recoverable(LOWKEY_FULL as i32));
    let mut peer = a.opened();
    a.hears(&peer.record(ACK, &first_ack(number(1), &[1; 20]))).1.unwrap();
    assert_eq!((a.push(b"12345"), a.room()), (Ok(()), Ok(5)));
    assert_eq!(a.push(b"123456"), Err(LOWKEY_FULL));
    assert_eq!(a.push(b"12345"), Ok(()));
    assert_eq!(a.last(), number(3));
    for len in 0..10 {
        assert_eq!(Sender::new(len.max(1), 7).push(b""), Err(LOWKEY_TOO_LONG));
    }
}
