//! The peer that is written from the protocol's page alone, with the tests' keys.

use super::keys::{KEYS, Side};
use lowkey_transport::Mode;
use test_support::page_peer::{self, Keys};
pub(crate) use test_support::page_peer::{
    CLOSE, DATA, MORE, PING, PONG, PagePeer, PageRecords, Role, frame, parameters, unframe,
};

/// §2, with the tests' id.
pub(crate) fn hello(mode: Mode) -> Vec<u8> {
    let id = if mode == Mode::Xx { &[][..] } else { KEYS.id.as_bytes() };
    page_peer::hello(mode as u8, id)
}

pub(crate) fn initiator(mode: Mode) -> PagePeer {
    peer(mode, &KEYS.initiator, Role::Initiator, &KEYS.psk_bytes, &hello(mode))
}

pub(crate) fn responder(mode: Mode) -> PagePeer {
    peer(mode, &KEYS.responder, Role::Responder, &KEYS.psk_bytes, &hello(mode))
}

/// With keys and a hello of its own.
pub(crate) fn peer(mode: Mode, side: &Side, role: Role, psk: &[u8; 32], hello: &[u8]) -> PagePeer {
    let remote = side.peer.public_key();
    let keys = Keys { secret: &side.secret, remote: remote.as_bytes(), psk };
    PagePeer::new(mode as u8, role, &keys, hello)
}
