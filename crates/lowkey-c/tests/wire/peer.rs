//! The peer, and a connection to it that is open.

use crate::initiator::{
    Header, Heard, ID, INCOMING, INITIATOR, Initiator, PSK, RESPONDER, Setup, public_key,
};
use test_support::page_peer::{self, Keys, PagePeer, PageRecords, Role, parameters, unframe};

/// The responder in the mode of this number.
pub(crate) fn responder(mode: u8) -> PagePeer {
    let (secret, psk) = (&RESPONDER, &PSK);
    let keys = Keys { secret, remote: &public_key(&INITIATOR), psk };
    PagePeer::new(mode, Role::Responder, &keys, &page_peer::hello(mode, ID))
}

/// An initiator with its first frame sent, and a responder that has read it; with its parameters.
pub(crate) fn asked(setup: Setup) -> (Box<Initiator>, PagePeer, Vec<u8>) {
    let mut initiator = Initiator::begin(setup);
    let mut peer = responder(if setup.has_psk { 2 } else { 1 });
    let body = unframe(&mut initiator.sends().unwrap());
    let payload = peer.read_first(&body);
    (initiator, peer, payload)
}

/// A connection whose initiator is open, and has confirmed.
pub(crate) fn open_in(setup: Setup, payload: &[u8]) -> (Box<Initiator>, PageRecords) {
    let (mut initiator, mut peer, _) = asked(setup);
    let second = peer.next_frame(payload);
    assert_eq!(initiator.hears(&second), (vec![], Ok(())));
    let mut confirmation = initiator.sends().unwrap();
    let mut records = peer.into_records();
    assert_eq!(records.open(&mut confirmation), (page_peer::PING, vec![]));
    assert_eq!((initiator.hears(b""), confirmation), ((vec![Heard::Open], Ok(())), vec![]));
    (initiator, records)
}

pub(crate) fn open(header: Header) -> (Box<Initiator>, PageRecords) {
    open_in(Setup::of(header), &parameters(INCOMING as u16))
}
