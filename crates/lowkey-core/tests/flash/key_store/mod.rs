//! The key store: what it says it holds, and what any trouble leaves of that.

mod bits;
mod faults;
mod health;
mod layout;
mod pairing;
mod power;
mod ratchet;

use lowkey_core::key_store::{KeyStore, Standing, StoreError};
use lowkey_core::page::Keys;
use lowkey_core::{Code, Id, Peer, PinStore, PublicKey, Secret};
use lowkey_crypto::Blake2s;
use std::sync::LazyLock;
use test_support::Random;
use test_support::flash::{Model, Nature};

/// Enough for every unit.
const BANK_LEN: usize = 1_024;

/// Erased flash.
fn flash(unit: usize, clears: bool, nature: Nature, seed: u64) -> Model {
    let mut flash = Model::new(unit, BANK_LEN, seed, nature);
    flash.clears = clears;
    flash
}

/// The public keys of three servers.
fn servers() -> [PublicKey; 3] {
    static SERVERS: LazyLock<[PublicKey; 3]> = LazyLock::new(|| {
        [1, 2, 3].map(|byte| lowkey_core::Identity::new(Secret::new([byte; 32])).expect("a key").public_key())
    });
    *SERVERS
}

/// The names of codes.
fn code(n: u8) -> Id {
    Code::new(&[n; 15].into_iter().chain([!n]).collect::<Vec<_>>()).expect("16 bytes").name()
}

/// All that a store says of itself, but its secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Said {
    public_key: Option<[u8; 32]>,
    pinnings: Vec<[u8; 32]>,
    address: String,
    spent: Vec<u8>,
    may_pair_unasked: bool,
}

/// The store that lies there.
fn open(flash: &mut Model) -> Result<KeyStore<&mut Model>, StoreError> {
    let mut store = KeyStore::new(flash);
    store.open().map(|()| store)
}

/// Its pinnings in the order in which a device dials them.
fn pinnings(store: &KeyStore<&mut Model>) -> Vec<Keys> {
    [Standing::Pending, Standing::Final].into_iter().filter_map(|standing| store.keys(standing)).collect()
}

fn said(store: &KeyStore<&mut Model>) -> Said {
    Said {
        public_key: store.identity().ok().map(|identity| *identity.public_key().as_bytes()),
        pinnings: pinnings(store).iter().map(|keys| *keys.peer().public_key().as_bytes()).collect(),
        address: store.address().to_owned(),
        spent: (0..8).filter(|n| store.is_spent(&code(*n))).collect(),
        may_pair_unasked: store.may_pair_unasked(),
    }
}

/// What can be asked of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Start,
    MakeKeys(u64),
    Store(usize, u8),
    Finalise(usize, u8),
    Remove(usize, u8),
    Confirmed(usize),
    Address(&'static str),
    Forget,
}

/// The number of the start, if it is one.
fn change(store: &mut KeyStore<&mut Model>, change: Change) -> Result<Option<u64>, StoreError> {
    let key = |n: usize| servers()[n];
    match change {
        Change::Start => return store.ephemerals().map(|ephemerals| Some(ephemerals.boot())),
        Change::MakeKeys(seed) => store.make_keys(&mut Random::from_seed(seed)),
        Change::Store(n, c) => {
            let peer = store.identity().map(|us| Peer::pin(&us, key(n)).expect("a key that can be pinned"));
            peer.and_then(|peer| store.store(&peer, &code(c)))
        }
        Change::Finalise(n, c) => store.finalise(&key(n), &code(c)),
        Change::Remove(n, c) => store.remove(&key(n), &code(c)),
        Change::Confirmed(n) => store.confirmed(&key(n)),
        Change::Address(address) => store.set_address(address),
        Change::Forget => store.forget(),
    }
    .map(|()| None)
}

/// A device whose store has gone through these.
fn after(flash: &mut Model, changes: &[Change]) -> Said {
    let mut store = open(flash).expect("a store");
    for step in changes {
        change(&mut store, *step).unwrap_or_else(|error| panic!("{step:?} of {changes:?}: {error}"));
    }
    said(&store)
}

/// What a store's seeds and draws are made by.
fn mac(key: &[u8; 32], text: &[u8]) -> [u8; 32] {
    let mut hash = Blake2s::keyed(&Secret::new(*key));
    hash.update(text);
    hash.finalize()
}

const NEW: &[Change] = &[Change::MakeKeys(1), Change::Start];
/// Final, and another one pending.
const PAIRED: &[Change] = &[
    Change::MakeKeys(1),
    Change::Address("192.168.1.10:7000"),
    Change::Start,
    Change::Store(0, 0),
    Change::Finalise(0, 0),
    Change::Start,
    Change::Store(1, 1),
];
