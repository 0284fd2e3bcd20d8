//! Two sides that have pinned each other, always the same.

use lowkey_core::{Counter, CounterFailed, Ephemerals, Id, Identity, Peer, Psk, Secret};
use lowkey_transport::{Mode, Pinning};
use std::sync::LazyLock;
use test_support::Random;

pub(crate) const MODES: [Mode; 4] = [Mode::Kk, Mode::KkPsk0, Mode::Xx, Mode::XxPsk0];

pub(crate) fn is_kk(mode: Mode) -> bool {
    matches!(mode, Mode::Kk | Mode::KkPsk0)
}

/// One side.
pub(crate) struct Side {
    pub(crate) identity: Identity,
    pub(crate) peer: Peer,
}

pub(crate) struct Keys {
    pub(crate) initiator: Side,
    pub(crate) responder: Side,
    /// The responder, with a peer that is nobody.
    pub(crate) decoy: Side,
    pub(crate) psk: Psk,
    pub(crate) other_psk: Psk,
    pub(crate) id: Id,
}

pub(crate) static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let identity = |secret| Identity::new(Secret::new([secret; 32])).unwrap();
    let side = |ours, theirs| {
        let identity = identity(ours);
        let peer = Peer::pin(&identity, theirs).expect("another key than ours, not of low order");
        Side { identity, peer }
    };
    let [a, b, c] = [0x11, 0x22, 0x33].map(|secret| identity(secret).public_key());
    Keys {
        initiator: side(0x11, b),
        responder: side(0x22, a),
        decoy: side(0x22, c),
        psk: Psk::new(Secret::new([0x44; 32])).unwrap(),
        other_psk: Psk::new(Secret::new([0x55; 32])).unwrap(),
        id: Id::of_pinning(&a, &b),
    }
});

impl Keys {
    pub(crate) fn psk(&self, mode: Mode) -> Option<&Psk> {
        matches!(mode, Mode::KkPsk0 | Mode::XxPsk0).then_some(&self.psk)
    }

    pub(crate) fn pinning(&'static self, side: &'static Side, mode: Mode) -> Pinning<'static> {
        Pinning { id: self.id, identity: &side.identity, peer: &side.peer, psk: self.psk(mode) }
    }
}

struct Boot;

impl Counter for Boot {
    fn next(&mut self) -> Result<u64, CounterFailed> {
        Ok(1)
    }
}

/// Ephemerals that differ with every `seed`.
pub(crate) fn ephemerals(seed: u64) -> Ephemerals<Random> {
    Ephemerals::new(Random::from_seed(seed), Secret::new([9; 32]), &mut Boot)
        .expect("its counter never fails")
}
