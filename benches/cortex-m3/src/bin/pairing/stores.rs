//! What a device does once and at each start, and what a pairing has its key store do.

use core::hint::black_box;

use cortex_m3_bench::{
    bench::Bench,
    fixed::{Banks, CODE, Noise},
};
use lowkey_core::key_store::{KeyStore, Run};
use lowkey_core::{Code, Entropy, Ephemerals, Id, Identity, Peer, PinStore, Psk};

/// Two banks of flash, and noise that is another one for each number.
pub(crate) struct Side {
    banks: Banks,
    noise: Noise,
}

/// A device that has begun its first start.
pub(crate) struct Started<'b> {
    pub(crate) store: KeyStore<&'b mut Banks>,
    pub(crate) identity: Identity,
    pub(crate) ephemerals: Ephemerals<Run>,
}

impl Side {
    pub(crate) fn new(number: usize) -> Self {
        let mut noise = Noise::begun();
        let _never_fails = noise.fill(&mut [0; 4][..number]);
        let mut banks = Banks::zeroed();
        banks.erased();
        Self { banks, noise }
    }

    /// Makes its keys and begins, each step a row.
    pub(crate) fn first_start(&mut self, bench: &mut Bench) -> Option<Started<'_>> {
        let Self { banks, noise } = self;
        let mut store = KeyStore::new(&mut *banks);
        bench.row(&["key-store.open-blank"], || store.open()).ok()?;
        bench.row(&["key-store.make-keys"], || store.make_keys(noise)).ok()?;
        drop(store);
        let mut store = KeyStore::new(banks);
        bench.row(&["key-store.open"], || store.open()).ok()?;
        let ephemerals = bench.row(&["key-store.start"], || store.ephemerals()).ok()?;
        let identity = store.identity().ok()?;
        bench.result(identity.public_key().as_bytes());
        Some(Started { store, identity, ephemerals })
    }

    /// The same, and nothing is measured.
    pub(crate) fn start(&mut self) -> Option<Started<'_>> {
        let mut store = KeyStore::new(&mut self.banks);
        store.open().ok()?;
        store.make_keys(&mut self.noise).ok()?;
        let (ephemerals, identity) = (store.ephemerals().ok()?, store.identity().ok()?);
        Some(Started { store, identity, ephemerals })
    }
}

/// What both sides make of a code.
pub(crate) fn code(bench: &mut Bench) -> Option<(Id, Psk)> {
    let (name, psk) = bench.row(&["code"], || {
        let code = Code::new(black_box(&CODE)).ok()?;
        Some((code.name(), code.psk()))
    })?;
    bench.result(name.as_bytes());
    Some((name, psk))
}

/// The calls of a pairing, in a store of their own.
pub(crate) fn changed(bench: &mut Bench, of: &Identity) -> Option<()> {
    let mut side = Side::new(3);
    let Started { mut store, identity, .. } = side.start()?;
    let code = Id::new(b"cycles!!")?;
    let peer = bench.row(&["pin"], || Peer::pin(&identity, of.public_key())).ok()?;
    bench.row(&["key-store.store"], || store.store(&peer, &code)).ok()?;
    bench.row(&["key-store.finalise"], || store.finalise(&peer.public_key(), &code)).ok()?;
    bench.result(peer.shared_secret().expose());
    bench.result(&[u8::from(store.is_spent(&code))]);
    Some(())
}
