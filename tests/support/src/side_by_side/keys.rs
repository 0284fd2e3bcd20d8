//! Two sides that have pinned each other, always the same, as a key page has them.

use lowkey_c::lowkey_page;
use lowkey_core::{Identity, Peer, Psk, Secret};
use std::ptr;
use std::sync::LazyLock;

/// What lies in the initiator's flash, and what its peer has.
pub(super) struct Keys {
    private: [u8; 32],
    public: [u8; 32],
    peer: [u8; 32],
    shared: [u8; 32],
    psk: [u8; 32],
    hedge: [u8; 32],
    id: [u8; 32],
    pub(super) responder: Identity,
    pub(super) initiator: Peer,
    pub(super) responder_psk: Psk,
}

pub(super) static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let (private, psk, hedge) = ([0x11; 32], [0x33; 32], [0x44; 32]);
    let initiator = Identity::new(Secret::new(private)).expect("not blank");
    let responder = Identity::new(Secret::new([0x22; 32])).expect("not blank");
    let peer = Peer::pin(&initiator, responder.public_key()).expect("another's");
    Keys {
        private,
        public: *initiator.public_key().as_bytes(),
        peer: *responder.public_key().as_bytes(),
        shared: *peer.shared_secret().expose(),
        psk,
        hedge,
        id: std::array::from_fn(|at| b'a' + at as u8 % 26),
        initiator: Peer::pin(&responder, initiator.public_key()).expect("another's"),
        responder,
        responder_psk: Psk::new(Secret::new(psk)).expect("not blank"),
    }
});

impl Keys {
    /// The page of an initiator; the fields lie in these keys.
    pub(super) fn page(&'static self, has_psk: bool, id_len: usize) -> lowkey_page {
        lowkey_page {
            id: self.id.as_ptr(),
            id_len,
            address: ptr::null(),
            address_len: 0,
            private_key: self.private.as_ptr(),
            public_key: self.public.as_ptr(),
            peer_key: self.peer.as_ptr(),
            shared: self.shared.as_ptr(),
            hedge: self.hedge.as_ptr(),
            seed: ptr::null(),
            psk: if has_psk { self.psk.as_ptr() } else { ptr::null() },
        }
    }
}
