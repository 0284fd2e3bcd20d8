//! What is agreed: by the items of both sides, and of nothing else.

use super::{outbox, run, sender_with, unconfirmed};
use crate::support::links::{self, advance, answer, buffers, events, initiator_in, last, unsent};
use crate::support::page::{
    self, ACK, DATA, NUMBERED, OTHER_RUN, PING, RUN, ignored, number, numbered, parameters_with, unframe,
};
use lowkey_transport::{Acks, Error, Mode, Step};

#[test]
fn numbered_s3_both_items_are_shown_by_whoever_has_them_and_by_nobody_else() {
    for (ours, run, acks) in [
        (buffers(), None, false),
        (buffers().with_run(run()), Some(RUN), false),
        (buffers().with_acks(), None, true),
        (buffers().with_acks().with_run(run()), Some(RUN), true),
    ] {
        let mut peer = page::responder(Mode::Kk);
        let mut a = initiator_in(Mode::Kk, ours);
        assert_eq!(peer.read_first(&unframe(&mut unsent(&mut a))), parameters_with(300, run, acks));
    }
}

#[test]
fn numbered_s3_an_item_of_another_length_ends_the_handshake_and_the_last_of_one_kind_counts() {
    for items in [&[1, 0][..], &[1, 7, 1, 2, 3, 4, 5, 6, 7], &[1, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9], &[2, 1, 0]] {
        let theirs = [&300_u16.to_be_bytes(), items].concat();
        let (mut b, mut peer) = (links::responder(), page::initiator(Mode::Kk));
        let mut to_b = peer.first_frame(&theirs);
        assert_eq!(advance(&mut b, &mut to_b, &mut vec![]), Ok(Step::Hello));
        assert_eq!(answer(&mut b, Mode::Kk), Err(Error::Parameters), "{items:?}");
    }
    let twice = [&parameters_with(300, Some(OTHER_RUN), true)[..], &parameters_with(0, Some(RUN), true)[2..]]
        .concat();
    let (mut b, mut peer, _) = unconfirmed(buffers().with_acks(), &twice);
    assert_eq!(b.acks(), Acks::default(), "a recorded message 1 shows a run, too");
    events(&mut b, b"");
    let mut to_b = peer.record(PING, b"");
    advance(&mut b, &mut to_b, &mut vec![]).unwrap();
    assert_eq!(b.acks().peer_run, Some(run()));
}

#[test]
fn numbered_s7_without_both_items_nothing_is_numbered_and_what_comes_is_ignored() {
    for theirs in [parameters_with(300, None, false), parameters_with(300, Some(OTHER_RUN), false)] {
        let (mut a, mut peer) = sender_with(&theirs);
        let mut outbox = outbox();
        outbox.push(b"stays").unwrap();
        assert!(!a.acks().are_given);
        assert_eq!(a.send_outbox(&mut outbox), Err(Error::NotAcknowledged));
        assert_eq!(a.recv_acks(&mut outbox), Err(Error::NotAcknowledged));
        assert_eq!(a.open_acks(None), Err(Error::OutOfTurn));
        assert_eq!(a.acknowledge(1), Err(Error::OutOfTurn));
        for (kind, body) in ignored() {
            assert_eq!(events(&mut a, &peer.record(kind, &body)), [], "{kind:#x} {body:?}");
        }
        assert_eq!(outbox.last(), number(1));
        assert_eq!(events(&mut a, &peer.record(DATA, b"goes on")), [last(b"goes on")]);
        assert_eq!(a.number(), None);
    }
    // One that shows nothing itself.
    let (mut b, mut peer, shown) = unconfirmed(buffers(), &parameters_with(300, Some(RUN), true));
    assert_eq!(shown, parameters_with(300, None, false));
    let mut to_b = peer.record(NUMBERED, &numbered(1, b"x"));
    assert_eq!(advance(&mut b, &mut to_b, &mut vec![]), Ok(Step::Done), "it confirms as any record does");
    assert_eq!(b.acks(), Acks::default());
    assert_eq!(events(&mut b, &peer.record(ACK, b"")), []);
}
