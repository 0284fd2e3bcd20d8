//! Identities, peers, PSKs, seeds and ephemerals of C's, three of each: good ones, and one that nobody has made.

use super::callbacks::{self, Random};
use super::memory::{Out, Storage};
use crate::keys::KEYS;
use lowkey_c::*;
use lowkey_core::{Identity, Peer, PublicKey, Secret};
use std::ptr;
use std::sync::LazyLock;
use test_support::Input;

use lowkey_status::*;

pub(super) const IDENTITY: u8 = 0;
pub(super) const PEER: u8 = 1;
pub(super) const PSK: u8 = 2;
pub(super) const SEED: u8 = 3;
pub(super) const EPHEMERALS: u8 = 4;

const SIZES: [usize; 5] =
    [LOWKEY_IDENTITY_SIZE, LOWKEY_PEER_SIZE, LOWKEY_PSK_SIZE, LOWKEY_SEED_SIZE, LOWKEY_EPHEMERALS_SIZE];
/// The private keys of [`KEYS`], and the PSKs.
const SECRETS: [[u8; 32]; 3] = [[0x11; 32], [0x22; 32], [0x33; 32]];
const PSKS: [[u8; 32]; 3] = [[0x44; 32], [0x55; 32], [0x66; 32]];

static PUBLICS: LazyLock<[[u8; 32]; 3]> =
    LazyLock::new(|| SECRETS.map(|secret| *identity(secret).public_key().as_bytes()));

/// The Diffie-Hellman of each with each other.
static SHARED: LazyLock<[[Option<[u8; 32]>; 3]; 3]> = LazyLock::new(|| {
    SECRETS.map(|ours| {
        let peer = |public| Peer::pin(&identity(ours), PublicKey::new(public));
        PUBLICS.map(|theirs| peer(theirs).ok().map(|peer| *peer.shared_secret().expose()))
    })
});

fn identity(secret: [u8; 32]) -> Identity {
    Identity::new(Secret::new(secret)).unwrap()
}

pub(super) struct Keys {
    objects: [[Storage; 3]; 5],
    /// The key in each; in a peer, that of its identity in the high half.
    made: [[Option<u8>; 3]; 5],
    /// What ephemerals draw from, unless it is a seed.
    sources: [*mut Random; 3],
    boot: u64,
    id: Storage,
}

/// A pointer that the script has chosen.
pub(super) struct Chosen<T> {
    pub(super) pointer: *mut T,
    pub(super) at: usize,
    /// What lies there, if it is such an object.
    pub(super) key: Option<u8>,
}

impl Keys {
    /// The initiator's at 0, the responder's at 1, nothing at 2.
    pub(super) fn new() -> Self {
        let null = ptr::null_mut();
        let source = |seed| Random {
            rng: test_support::Random::from_seed(seed),
            fails: false,
            channel: null,
            ephemerals: ptr::null_mut(),
        };
        let mut keys = Self {
            objects: SIZES.map(|size| [0; 3].map(|_| Storage::new(size))),
            made: [[None; 3]; 5],
            sources: [501, 502, 503].map(|seed| Box::into_raw(Box::new(source(seed)))),
            boot: 0,
            id: Storage::new(KEYS.id.as_bytes().len()),
        };
        keys.id.write(KEYS.id.as_bytes());
        for at in [0, 1] {
            for kind in [IDENTITY, PEER, PSK, SEED, EPHEMERALS] {
                let key = if kind == PEER { 1 - at } else { at };
                assert_eq!(keys.make(kind, at, key as u8, 2), LOWKEY_OK);
            }
        }
        keys
    }

    pub(super) fn at<T>(&self, kind: u8, at: usize) -> *mut T {
        self.objects[usize::from(kind)][at].at().cast()
    }

    pub(super) fn id(&self) -> (*const u8, usize) {
        (self.id.at(), self.id.len())
    }

    pub(super) fn source(&mut self, at: usize) -> &mut Random {
        // SAFETY: it lives as long as the keys do, and no call is under way.
        unsafe { &mut *self.sources[at] }
    }

    pub(super) fn check(&self) {
        self.objects.iter().flatten().for_each(Storage::check);
    }

    /// A pointer to an object: nearly always to the one at `right`.
    pub(super) fn choose<T>(&self, kind: u8, right: usize, input: &mut Input<'_>) -> Chosen<T> {
        let missing = |pointer| Chosen { pointer, at: right, key: None };
        let there = |at| Chosen { pointer: self.at(kind, at), at, key: self.made[usize::from(kind)][at] };
        match input.byte() {
            0xf0 => missing(ptr::null_mut()),
            0xf1 => missing(self.at::<u8>(kind, right).wrapping_add(1).cast()),
            0xf2 => missing(self.at((kind + 1) % 5, right)),
            0xf3..=0xf7 => there(2),
            0xf8.. => there(1 - right.min(1)),
            _ => there(right),
        }
    }

    /// Makes an object that nothing borrows. `how` has bits: 1 its secret is NULL, 2 the public or shared one is given,
    /// 4 what else it needs is not there, 8 the object is not aligned. The highest keys are what memory holds that
    /// nobody has written.
    pub(super) fn make(&mut self, kind: u8, at: usize, key: u8, how: u8) -> lowkey_status {
        let number = usize::from(key) % 3;
        let blank = key >= 0xf0 && kind != PEER;
        let written = |bytes| if blank { [if number == 0 { 0x00 } else { 0xff }; 32] } else { bytes };
        let (secret, psk) = (written(SECRETS[number]), written(PSKS[number]));
        let given = |bytes: &[u8; 32]| if how & 1 == 0 { bytes.as_ptr() } else { ptr::null() };
        let second = |bytes: &[u8; 32]| if how & 2 == 0 { ptr::null() } else { bytes.as_ptr() };
        let object = self.at::<u8>(kind, at).wrapping_add(if how & 8 == 0 { 0 } else { 4 });
        let mut made = key % 3;
        self.boot += 1;
        // SAFETY: everything lives longer than the call, and what is kept as long as the keys.
        let status = unsafe {
            match kind {
                IDENTITY => lowkey_identity_init(object.cast(), given(&secret), second(&PUBLICS[number])),
                PEER => {
                    let other = if how & 4 == 0 { at } else { 2 };
                    let identity = self.made[usize::from(IDENTITY)][other];
                    made |= identity.unwrap_or(0) << 4;
                    let known = SHARED[usize::from(identity.unwrap_or(0))][number].as_ref();
                    let shared = known.map_or(ptr::null(), second);
                    lowkey_peer_init(object.cast(), self.at(IDENTITY, other), given(&PUBLICS[number]), shared)
                }
                PSK => lowkey_psk_init(object.cast(), given(&psk)),
                SEED => lowkey_seed_init(object.cast(), given(&psk)),
                _ => {
                    let (random, context) = if number == 1 {
                        (lowkey_seed_random as unsafe extern "C" fn(_, _, _) -> _, self.at(SEED, at))
                    } else {
                        (callbacks::random as unsafe extern "C" fn(_, _, _) -> _, self.sources[at].cast())
                    };
                    let random = if how & 4 == 0 { Some(random) } else { None };
                    lowkey_ephemerals_init(object.cast(), given(&secret), self.boot, random, context)
                }
            }
        };
        self.check();
        if status == LOWKEY_OK {
            assert_eq!(how & 9, 0, "made of NULL");
            assert!(!blank, "made of nothing");
            self.made[usize::from(kind)][at] = Some(made);
        } else {
            let may = [LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_PEER_KEY];
            assert!(
                blank && status == LOWKEY_BLANK || how != 0 && may.contains(&status) || kind == PEER,
                "{status:?}"
            );
        }
        status
    }

    /// Wipes an object that nothing borrows: all of it is zero.
    pub(super) fn wipe(&mut self, kind: u8, at: usize) {
        // SAFETY: the objects are there.
        let status = unsafe {
            match kind {
                IDENTITY => lowkey_identity_wipe(self.at(kind, at)),
                PEER => lowkey_peer_wipe(self.at(kind, at)),
                PSK => lowkey_psk_wipe(self.at(kind, at)),
                SEED => lowkey_seed_wipe(self.at(kind, at)),
                _ => lowkey_ephemerals_wipe(self.at(kind, at)),
            }
        };
        assert_eq!(status, LOWKEY_OK);
        self.made[usize::from(kind)][at] = None;
        let object = &self.objects[usize::from(kind)][at];
        assert!(object.read(object.len()).iter().all(|byte| *byte == 0), "something is left");
        self.check();
    }

    /// What can be asked of keys, and what a seed does.
    pub(super) fn draw(&mut self, input: &mut Input<'_>) {
        let (identity, seed) = (self.choose(IDENTITY, 0, input), self.choose(SEED, 1, input));
        let (out, noise) = (Out::or_null(32, input.byte() == 0xf0), input.chunk());
        // SAFETY: the objects and the outputs are there.
        let status = unsafe { lowkey_identity_public_key(identity.pointer, out.at()) };
        out.check(status);
        assert_eq!(status == LOWKEY_OK, identity.key.is_some() && !out.at::<u8>().is_null());
        let (peer, shared) = (self.choose::<lowkey_peer>(PEER, 0, input), Out::new(32));
        // SAFETY: as above.
        let status = unsafe { lowkey_peer_shared(peer.pointer, shared.at()) };
        shared.check(status);
        assert_eq!(status == LOWKEY_OK, peer.key.is_some());
        if let Some(key) = peer.key {
            assert_eq!(SHARED[usize::from(key >> 4)][usize::from(key & 3)], Some(shared.get()));
        }
        let len = input.below(100);
        let other = if len == 1 { ptr::null() } else { PUBLICS[1].as_ptr() };
        let (bytes, made) = (Out::new(100), Out::new(LOWKEY_PINNING_ID_LEN));
        // SAFETY: as above.
        let (stirred, drawn, named) = unsafe {
            let stirred = lowkey_seed_stir(seed.pointer, noise.as_ptr(), noise.len());
            let drawn = lowkey_seed_random(seed.pointer.cast(), bytes.at(), len);
            (stirred, drawn, lowkey_pinning_id(PUBLICS[0].as_ptr(), other, made.at()))
        };
        assert_eq!((stirred == LOWKEY_OK, drawn == 0), (seed.key.is_some(), seed.key.is_some()));
        if drawn != 0 {
            bytes.check(stirred);
        }
        made.check(named);
        assert_eq!(named == LOWKEY_OK, len != 1);
        self.check();
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        for source in self.sources {
            // SAFETY: made by `Box::into_raw`; nothing draws any more.
            drop(unsafe { Box::from_raw(source) });
        }
    }
}
