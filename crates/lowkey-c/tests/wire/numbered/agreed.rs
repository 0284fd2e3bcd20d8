//! What is agreed: by the items of both sides, and of nothing else; what runs and messages are called.

use super::{plain, sender};
use crate::initiator::{HEDGE, INITIATOR, outcome, public_key};
use crate::peer::responder;
use lowkey_c::lowkey_status::*;
use lowkey_c::*;
use lowkey_core::numbered::RunId;
use lowkey_core::{PublicKey, Secret};
use std::ptr;
use test_support::page_peer::{
    self, DATA, NUMBERED, OTHER_RUN, RUN, ignored, numbered, parameters, parameters_with, unframe,
};

#[test]
fn numbered_s3_items_are_shown_by_who_has_them_and_one_of_another_length_ends_the_handshake() {
    for (theirs, acknowledges) in [(&[2, 1, 0][..], false), (&[1, 7, 1, 2, 3, 4, 5, 6, 7], true)] {
        let mut a = sender();
        if acknowledges {
            a.acknowledges();
        }
        a.begin();
        let mut peer = responder(1);
        peer.read_first(&unframe(&mut a.unsent().unwrap()));
        let second = peer.next_frame(&[&300_u16.to_be_bytes(), theirs].concat());
        assert_eq!(a.hears(&second), (vec![], Err(LOWKEY_PARAMETERS)), "{theirs:?}");
        a.is_over(LOWKEY_PARAMETERS);
    }
    // Without an outbox, and with another one afterwards.
    let mut a = sender();
    // SAFETY: the device is its own; NULL is none.
    outcome(unsafe { lowkey_kk_set_outbox(&mut *a.device, ptr::null_mut()) }).unwrap();
    a.begin();
    assert_eq!(a.send_outbox(), Err(LOWKEY_NULL));
    assert_eq!(responder(1).read_first(&unframe(&mut a.unsent().unwrap())), parameters(300));
    a.restart(8);
    // Of an item that comes twice the last counts.
    let twice = [&parameters_with(300, Some(RUN), true)[..], &parameters_with(0, Some(OTHER_RUN), true)[2..]];
    a.acknowledges();
    a.open(&twice.concat(), &parameters_with(300, Some(RUN), true));
    assert_eq!(a.peer_run(), Ok(OTHER_RUN));
}

#[test]
fn numbered_s7_without_both_items_nothing_is_numbered_and_what_comes_is_ignored() {
    for theirs in [parameters_with(300, None, false), parameters_with(300, Some(OTHER_RUN), false)] {
        let mut a = sender();
        let mut peer = a.open(&theirs, &parameters_with(300, Some(RUN), false));
        a.push(b"stays").unwrap();
        for _ in 0..2 {
            assert_eq!(a.send_outbox(), Err(LOWKEY_NOT_ACKNOWLEDGED));
        }
        assert_eq!(a.peer_run(), Err(LOWKEY_NOT_ACKNOWLEDGED));
        assert_eq!(
            (a.open_acks(0, [0; 8]), a.acknowledge(1)),
            (Err(LOWKEY_OUT_OF_TURN), Err(LOWKEY_OUT_OF_TURN))
        );
        for (kind, body) in ignored() {
            assert_eq!(a.hears(&peer.record(kind, &body)), (vec![], Ok(())), "{kind:#x} {body:?}");
        }
        assert_eq!(a.hears(&peer.record(DATA, b"goes on")), (vec![plain(b"goes on", true)], Ok(())));
        a.send(b"goes on").unwrap();
        assert_eq!(peer.open_all(a.unsent().unwrap()), [(DATA, b"goes on".to_vec())]);
        assert!(!a.is_empty());
    }
    // One that acknowledges, of a peer that numbers nothing.
    let mut a = sender();
    a.acknowledges();
    let mut peer = a.open(&parameters_with(300, None, true), &parameters_with(300, Some(RUN), true));
    assert_eq!(a.peer_run(), Err(LOWKEY_NOT_ACKNOWLEDGED));
    assert_eq!(a.open_acks(0, [0; 8]), Err(LOWKEY_OUT_OF_TURN));
    assert_eq!(a.hears(&peer.record(NUMBERED, &numbered(1, b"x"))), (vec![], Ok(())));
}

/// The same names as in Rust.
#[test]
fn numbered_s7_runs_and_digests_are_those_of_the_page() {
    let public = public_key(&INITIATOR);
    // SAFETY: zeros are a page without fields.
    let mut page: lowkey_page = unsafe { std::mem::zeroed() };
    (page.hedge, page.public_key) = (HEDGE.as_ptr(), public.as_ptr());
    let (mut run, mut digest) = ([0; 8], [0; 8]);
    // SAFETY: all of it is local, or static.
    unsafe {
        assert_eq!(lowkey_page_run(&page, run.as_mut_ptr()), LOWKEY_OK);
        assert_eq!(lowkey_message_digest(9, b"text".as_ptr(), 4, digest.as_mut_ptr()), LOWKEY_OK);
    }
    assert_eq!(&run, RunId::of_hedge(&Secret::new(HEDGE), &PublicKey::new(public)).as_bytes());
    assert_eq!(digest, page_peer::digest(9, b"text"));
}
