//! The side that acknowledges: what it takes, and when its ACK goes.

use super::receiver;
use crate::support::links::{self, closed, done, events, feed, last, more, unsent};
use crate::support::page::{
    ACK, CLOSE, DATA, MORE, NONE, NUMBERED, PING, PONG, WrongNumbered, ack, numbered, wrong_numbered,
};
use core::task::Poll;
use lowkey_transport::Error;

#[test]
fn numbered_s7_a_numbered_message_that_cannot_be_ends_the_connection() {
    for WrongNumbered { opened, came, body, why } in wrong_numbered() {
        let (mut b, mut peer) = receiver();
        if let Some(number) = opened {
            b.open_acks((number > 0).then_some((number, [1; 8]))).unwrap();
            peer.open(&mut unsent(&mut b));
        }
        for number in came {
            assert_eq!(events(&mut b, &peer.record(NUMBERED, &numbered(number, b"x"))), [last(b"x")]);
            assert_eq!(b.number(), Some(number));
        }
        let (delivered, result) = feed(&mut b, &peer.record(NUMBERED, &body));
        assert_eq!((delivered, result), (vec![], Err(Error::Number)), "{why}");
        links::assert_dead(&mut b, Error::Number);
    }
}

/// A first ACK that is said and has not gone is not there: nobody can have acted on it.
#[test]
fn numbered_s7_a_message_that_comes_before_the_first_ack_has_gone_is_an_error() {
    let (mut b, mut peer) = receiver();
    b.open_acks(None).unwrap();
    assert_eq!(feed(&mut b, &peer.record(NUMBERED, &numbered(1, b"x"))).1, Err(Error::Number));
}

#[test]
fn numbered_s7_an_owed_ack_goes_behind_an_owed_pong_and_before_anything_else() {
    for close in [false, true] {
        let (mut b, mut peer) = receiver();
        b.open_acks(Some((4, [8; 8]))).unwrap();
        assert_eq!(b.open_acks(None), Err(Error::OutOfTurn), "once");
        assert_eq!(b.acknowledge(5), Err(Error::OutOfTurn), "none of that number has come");
        events(&mut b, &peer.record(PING, b"there?"));
        if close {
            b.close().unwrap();
        } else {
            assert_eq!(b.send(b"data"), Ok(Poll::Pending));
        }
        let mut expected = vec![(PONG, b"there?".to_vec()), (ACK, [ack(4), [8; 8]].concat())];
        if close {
            expected.push((CLOSE, vec![]));
        }
        assert_eq!(peer.open_all(unsent(&mut b)), expected);
    }
    // Once more, with later ones: a newer one takes the place of one that has not gone, and CLOSE waits for it.
    let (mut b, mut peer) = receiver();
    b.open_acks(None).unwrap();
    peer.open_all(unsent(&mut b));
    for number in 1..=3 {
        events(&mut b, &peer.record(NUMBERED, &numbered(number, b"")));
        b.acknowledge(number).unwrap();
        b.acknowledge(number).unwrap();
    }
    b.acknowledge(1).unwrap(); // nothing new
    let wire = closed(&mut b);
    assert_eq!(peer.open_all(wire), [(ACK, ack(3).to_vec()), (CLOSE, vec![])]);
    assert_eq!(b.acknowledge(3), Err(Error::Closed));
    assert!(b.unsent().unwrap().is_empty());
}

#[test]
fn numbered_s7_the_first_ack_goes_out_also_when_later_ones_have_overtaken_it() {
    let (mut b, mut peer) = receiver();
    done(b.ping(b"in the way").unwrap());
    b.open_acks(Some((4, [8; 8]))).unwrap();
    b.acknowledge(4).unwrap();
    let records = peer.open_all(unsent(&mut b));
    assert_eq!(records, [(PING, b"in the way".to_vec()), (ACK, [ack(4), [8; 8]].concat())]);
}

/// §4, §7: pieces are MORE as ever, and the last has its number; something else may stand between them.
#[test]
fn numbered_s7_a_message_is_given_without_its_number_and_its_pieces_as_ever() {
    let (mut b, mut peer) = receiver();
    b.open_acks(None).unwrap();
    peer.open_all(unsent(&mut b));
    assert_eq!(events(&mut b, &peer.record(MORE, b"a")), [more(b"a")]);
    assert_eq!(events(&mut b, &peer.record(PING, b"")), []);
    assert_eq!(events(&mut b, &peer.record(NUMBERED, &numbered(3, b"b"))), [last(b"b")]);
    assert_eq!(b.number(), Some(3));
    assert_eq!(events(&mut b, &peer.record(MORE, b"c")), [more(b"c")]);
    assert_eq!(events(&mut b, &peer.record(DATA, b"d")), [last(b"d")]);
    assert_eq!(b.number(), None);
}

/// What was gathered was accepted before, and becomes a record before the ACK; what is gathered behind it goes behind
/// it.
#[test]
fn numbered_s7_an_ack_and_gathered_bytes_keep_their_order() {
    let (mut b, mut peer) = receiver();
    assert_eq!(b.write(b"before"), Ok(Poll::Ready(6)));
    b.open_acks(None).unwrap();
    assert_eq!(b.write(b"behind"), Ok(Poll::Pending));
    let mut records = peer.open_all(unsent(&mut b));
    assert_eq!(b.write(b"behind"), Ok(Poll::Ready(6)));
    records.extend(peer.open_all(unsent(&mut b)));
    assert_eq!(records, [(DATA, b"before".to_vec()), (ACK, NONE.to_vec()), (DATA, b"behind".to_vec())]);
}
