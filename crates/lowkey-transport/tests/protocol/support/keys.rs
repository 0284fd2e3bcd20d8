//! Seeded randomness, and two sides that have pinned each other.

use lowkey_core::{
    Counter, CounterFailed, Entropy, EntropyFailed, Ephemerals, Id, Identity, Peer, Psk, PublicKey, Secret,
};
use lowkey_transport::{Mode, Pairing, Pinning};
use std::sync::LazyLock;

/// SplitMix64: reproducible, and random enough for tests.
#[derive(Clone)]
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.u64() % n as u64) as usize
    }

    pub(crate) fn vec(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.u64() as u8).collect()
    }
}

impl Entropy for Rng {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), EntropyFailed> {
        out.fill_with(|| self.u64() as u8);
        Ok(())
    }
}

/// An entropy source that does not work.
pub(crate) struct Dry;

impl Entropy for Dry {
    fn fill(&mut self, _out: &mut [u8]) -> Result<(), EntropyFailed> {
        Err(EntropyFailed)
    }
}

struct Boot;

impl Counter for Boot {
    fn next(&mut self) -> Result<u64, CounterFailed> {
        Ok(1)
    }
}

pub(crate) fn ephemerals_of<E: Entropy>(entropy: E) -> Ephemerals<E> {
    Ephemerals::new(entropy, Secret::new([9; 32]), &mut Boot).unwrap()
}

/// Ephemerals that differ with every `seed`.
pub(crate) fn ephemerals(seed: u64) -> Ephemerals<Rng> {
    ephemerals_of(Rng(seed))
}

/// One side, as a test or a foreign library wants to have it.
pub(crate) struct Side {
    pub(crate) secret: [u8; 32],
    pub(crate) identity: Identity,
    pub(crate) peer: Peer,
}

impl Side {
    pub(crate) fn new(secret: [u8; 32], peer: PublicKey) -> Self {
        let identity = Identity::new(Secret::new(secret)).unwrap();
        let peer = Peer::pin(&identity, peer).unwrap();
        Self { secret, identity, peer }
    }
}

pub(crate) struct Keys {
    pub(crate) initiator: Side,
    pub(crate) responder: Side,
    /// Pinned by nobody.
    pub(crate) stranger: Side,
    pub(crate) psk_bytes: [u8; 32],
    pub(crate) psk: Psk,
    pub(crate) other_psk: Psk,
    pub(crate) id: Id,
}

pub(crate) static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let public = |secret| Identity::new(Secret::new(secret)).unwrap().public_key();
    let (a, b, c) = ([0x11; 32], [0x22; 32], [0x33; 32]);
    Keys {
        initiator: Side::new(a, public(b)),
        responder: Side::new(b, public(a)),
        stranger: Side::new(c, public(b)),
        psk_bytes: [0x44; 32],
        psk: Psk::new(Secret::new([0x44; 32])).unwrap(),
        other_psk: Psk::new(Secret::new([0x55; 32])).unwrap(),
        id: Id::of_pinning(&public(a), &public(b)),
    }
});

impl Keys {
    pub(crate) fn psk(&self, mode: Mode) -> Option<&Psk> {
        matches!(mode, Mode::KkPsk0 | Mode::XxPsk0).then_some(&self.psk)
    }

    /// A pairing with the code that both know.
    pub(crate) fn pairing<'k>(&'k self, identity: &'k Identity) -> Pairing<'k> {
        Pairing { code: self.id, psk: &self.psk, identity }
    }

    pub(crate) fn initiator_pinning(&'static self, mode: Mode) -> Pinning<'static> {
        self.pinning(&self.initiator, mode)
    }

    pub(crate) fn responder_pinning(&'static self, mode: Mode) -> Pinning<'static> {
        self.pinning(&self.responder, mode)
    }

    pub(crate) fn pinning(&'static self, side: &'static Side, mode: Mode) -> Pinning<'static> {
        Pinning { id: self.id, identity: &side.identity, peer: &side.peer, psk: self.psk(mode) }
    }
}
