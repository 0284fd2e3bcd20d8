//! A device that acknowledges: what it takes, and when its ACK goes.

use super::{Heard, Sender, plain, sender};
use lowkey_c::lowkey_status::*;
use test_support::page_peer::{
    ACK, CLOSE, DATA, MORE, NUMBERED, OTHER_RUN, PING, PONG, PageRecords, RUN, WrongNumbered, ack, numbered,
    parameters_with, wrong_numbered,
};

/// One that acknowledges, and its peer, which numbers.
fn receiver() -> (Sender, PageRecords) {
    let mut a = sender();
    a.acknowledges();
    let peer = a.open(&parameters_with(300, Some(OTHER_RUN), false), &parameters_with(300, Some(RUN), true));
    (a, peer)
}

fn piece(text: &[u8], number: u64) -> Heard {
    Heard::Piece(text.to_vec(), true, Ok(number))
}

#[test]
fn numbered_s7_a_numbered_message_that_cannot_be_ends_the_connection() {
    for WrongNumbered { opened, came, body, why } in wrong_numbered() {
        let (mut a, mut peer) = receiver();
        if let Some(last) = opened {
            a.open_acks(last, [1; 8]).unwrap();
            a.unsent().unwrap();
        }
        for number in came {
            let heard = a.hears(&peer.record(NUMBERED, &numbered(number, b"x")));
            assert_eq!(heard, (vec![piece(b"x", number)], Ok(())));
        }
        assert_eq!(a.hears(&peer.record(NUMBERED, &body)), (vec![], Err(LOWKEY_NUMBER)), "{why}");
        a.is_over(LOWKEY_NUMBER);
    }
}

#[test]
fn numbered_s7_a_message_is_given_without_its_number_and_its_pieces_as_ever() {
    let (mut a, mut peer) = receiver();
    assert_eq!(a.peer_run(), Ok(OTHER_RUN));
    a.open_acks(0, [0; 8]).unwrap();
    a.unsent().unwrap();
    let all = [
        peer.record(MORE, b"a"),
        peer.record(PING, b""),
        peer.record(NUMBERED, &numbered(3, b"b")),
        peer.record(NUMBERED, &numbered(4, b"")),
        peer.record(MORE, b"c"),
        peer.record(DATA, b"d"),
        peer.record(NUMBERED, &numbered(9, &[7; 250])),
    ];
    let expected = vec![
        plain(b"a", false),
        piece(b"b", 3),
        piece(b"", 4),
        plain(b"c", false),
        plain(b"d", true),
        piece(&[7; 250], 9),
    ];
    assert_eq!(a.hears(&all.concat()), (expected, Ok(())));
    // §4: longer than our limit, in pieces of which the last has a number; and a CLOSE amid a message.
    for _ in 0..8 {
        a.hears(&peer.record(MORE, &[1; 240])).1.unwrap();
    }
    assert_eq!(
        a.hears(&peer.record(NUMBERED, &numbered(10, &[1; 81]))),
        (vec![], Err(LOWKEY_MESSAGE_TOO_LONG))
    );
}

#[test]
fn numbered_s7_an_ack_goes_behind_an_owed_pong_and_before_anything_else() {
    let (mut a, mut peer) = receiver();
    a.hears(&peer.record(PING, b"there?")).1.unwrap();
    // The PONG is sealed, and is unsent.
    assert_eq!(a.open_acks(4, [8; 8]), Err(LOWKEY_WOULD_BLOCK));
    let mut wire = a.unsent().unwrap();
    a.open_acks(4, [8; 8]).unwrap();
    assert_eq!(a.open_acks(0, [0; 8]), Err(LOWKEY_OUT_OF_TURN), "once");
    assert_eq!(a.acknowledge(5), Err(LOWKEY_OUT_OF_TURN), "none of that number has come");
    assert_eq!(a.send(b"data"), Err(LOWKEY_WOULD_BLOCK));
    wire.extend(a.unsent().unwrap());
    a.send(b"data").unwrap();
    wire.extend(a.unsent().unwrap());
    let expected = [(PONG, b"there?".to_vec()), (ACK, [ack(4), [8; 8]].concat()), (DATA, b"data".to_vec())];
    assert_eq!(peer.open_all(wire), expected);
    for number in 5..=7 {
        a.hears(&peer.record(NUMBERED, &numbered(number, b""))).1.unwrap();
    }
    a.acknowledge(6).unwrap();
    let mut wire = a.unsent().unwrap();
    a.acknowledge(6).unwrap(); // nothing new
    a.acknowledge(4).unwrap();
    a.acknowledge(7).unwrap();
    a.close().unwrap();
    wire.extend(a.unsent().unwrap());
    let expected = [(ACK, ack(6).to_vec()), (ACK, ack(7).to_vec()), (CLOSE, vec![])];
    assert_eq!(peer.open_all(wire), expected);
    assert_eq!(a.acknowledge(7), Err(LOWKEY_CLOSED));
}
