//! What a key store holds, as bytes: an entry, and the seed of the next start beside it.
//!
//! The entry. Integers are little-endian; unused bytes are zero.
//!
//! | offset | bytes | field |
//! | ---: | ---: | --- |
//! | 0 | 4 | `LKS`, and the version of this layout, 2 |
//! | 4 | 4 | generation: one more with each entry |
//! | 8 | 1 | flags: bit 0, there are keys; 1, a final pinning; 2, a pending one; 3, pairing has to be asked for |
//! | 9 | 1 | length of the address, 0 to 64 |
//! | 10 | 2 | zero |
//! | 12 | 64 | address of the peer, UTF-8 |
//! | 76 | 32 | names of the codes that were spent last, 8 bytes each, the last one first; zeros are none |
//! | 108 | 32 | static private key |
//! | 140 | 32 | its public key |
//! | 172 | 32 | hedge secret for ephemerals |
//! | 204 | 72 | the final pinning: the peer's static public key, the Diffie-Hellman of both, the name of the code |
//! | 276 | 72 | the pending one |
//! | 348 | 12 | BLAKE2s-256 over bytes 0..348, its first 12 |
//!
//! The seed: the number of the last start (4 bytes), 32 secret bytes, and 12 bytes of such a check.

use crate::boot_log::MAX_UNIT;
use crate::code::Code;
use crate::cursor::fill;
use crate::entropy::{Entropy, EntropyFailed};
use crate::keys::Id;
use crate::page::MAX_ADDRESS;
use lowkey_crypto::{Blake2s, PrivateKey, PublicKey, Secret};

/// Secret bytes that end with a check over those before it, and room behind for the rest of a unit.
pub(super) struct Checked<const N: usize>(Secret<N>);

/// All that a store holds but its seed.
pub(super) type Entry = Checked<{ CHECK + CHECK_LEN + REST }>;

/// What the next start begins with, and the number of the last one.
pub(super) type Seed = Checked<{ 4 + 32 + CHECK_LEN + REST }>;

impl<const N: usize> Checked<N> {
    /// How many bytes.
    pub(super) const LEN: usize = N - REST;

    pub(super) fn empty() -> Self {
        Self(Secret::zeroed())
    }

    /// The first `len` bytes: all, in whole units.
    pub(super) fn bytes(&self, len: usize) -> &[u8] {
        self.0.expose().get(..len).unwrap_or_default()
    }

    pub(super) fn bytes_mut(&mut self, len: usize) -> &mut [u8] {
        self.0.expose_mut().get_mut(..len).unwrap_or_default()
    }

    /// Whether the check is right: whether what stands before it is as it was written.
    pub(super) fn is_checked(&self) -> bool {
        is_checked(self.bytes(Self::LEN))
    }

    /// Puts the check there.
    pub(super) fn check(&mut self) {
        check(self.bytes_mut(Self::LEN));
    }

    pub(super) fn wipe(&mut self) {
        self.0.wipe();
    }
}

#[inline(never)]
fn is_checked(bytes: &[u8]) -> bool {
    bytes.split_last_chunk::<CHECK_LEN>().is_some_and(|(rest, end)| hash(rest).starts_with(end))
}

#[inline(never)]
fn check(bytes: &mut [u8]) {
    if let Some((rest, end)) = bytes.split_last_chunk_mut::<CHECK_LEN>() {
        fill(end, &hash(rest));
    }
}

/// One of the two pinnings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is to be tried first, and final once a session of it is confirmed.
    Pending,
    /// It stays until what is pending is final.
    Final,
}

impl Entry {
    /// Whether all of it is there, as this firmware writes it.
    pub(super) fn is_whole(&self) -> bool {
        self.bytes(4) == MAGIC && self.is_checked()
    }

    /// Makes this the entry behind the one that it was.
    pub(super) fn finish(&mut self) {
        let generation = self.generation().wrapping_add(1);
        self.put(0, &MAGIC);
        self.put(GENERATION, &generation.to_le_bytes());
        self.check();
    }

    pub(super) fn generation(&self) -> u32 {
        u32::from_le_bytes(*self.field(GENERATION))
    }

    pub(super) fn has_keys(&self) -> bool {
        self.has(KEYS)
    }

    /// Whether something was ever final or spent, or whether that is not known.
    pub(super) fn has_to_be_asked(&self) -> bool {
        self.has(ASKED)
    }

    pub(super) fn ask(&mut self) {
        self.set(ASKED);
    }

    pub(super) fn address(&self) -> &[u8] {
        let [len] = *self.field(ADDRESS_LEN);
        self.field::<MAX_ADDRESS>(ADDRESS).get(..usize::from(len)).unwrap_or_default()
    }

    /// Stores the first [`MAX_ADDRESS`] bytes of an address.
    pub(super) fn set_address(&mut self, address: &[u8]) {
        let mut field = [0; MAX_ADDRESS];
        fill(&mut field, address);
        self.put(ADDRESS, &field);
        self.put(ADDRESS_LEN, &[u8::try_from(address.len()).unwrap_or(u8::MAX)]);
    }

    pub(super) fn private_key(&self) -> &[u8; 32] {
        self.field(PRIVATE)
    }

    pub(super) fn public_key(&self) -> &[u8; 32] {
        self.field(PUBLIC)
    }

    pub(super) fn hedge(&self) -> &[u8; 32] {
        self.field(HEDGE)
    }

    /// Draws the static key and the hedge secret, where they stay.
    pub(super) fn draw_keys(&mut self, source: &mut impl Entropy) -> Result<(), EntropyFailed> {
        for at in [PRIVATE, HEDGE] {
            source.fill(
                self.0.expose_mut().get_mut(at..).and_then(|rest| rest.get_mut(..32)).unwrap_or_default(),
            )?;
        }
        let public = PrivateKey::new(Secret::of(self.private_key())).public_key();
        self.put(PUBLIC, public.as_bytes());
        self.set(KEYS);
        Ok(())
    }

    /// The key of a pinning, and its Diffie-Hellman with ours.
    pub(super) fn pinning(&self, standing: Standing) -> Option<(&[u8; 32], &[u8; 32])> {
        let (flag, at) = standing.fields();
        self.has(flag).then(|| (self.field(at), self.field(at + SHARED)))
    }

    /// Whether a pinning is of this key.
    pub(super) fn is_with(&self, standing: Standing, peer: &PublicKey) -> bool {
        self.pinning(standing).is_some_and(|(key, _)| key == peer.as_bytes())
    }

    /// Whether a pinning was made with this code.
    pub(super) fn is_by(&self, standing: Standing, code: &Id) -> bool {
        let (flag, at) = standing.fields();
        self.has(flag) && self.field(at + CODE) == code.front()
    }

    /// Whether a pinning is of this key and of this code.
    pub(super) fn is_of(&self, standing: Standing, peer: &PublicKey, code: &Id) -> bool {
        self.is_with(standing, peer) && self.is_by(standing, code)
    }

    /// Pins a peer, pending, in place of what was pending.
    pub(super) fn pin(&mut self, peer: &PublicKey, shared: &Secret<32>, code: &Id) {
        self.put(PENDING, peer.as_bytes());
        self.put(PENDING + SHARED, shared.expose());
        self.put(PENDING + CODE, code.front());
        self.set(HAS_PENDING);
    }

    /// What is pending is gone.
    pub(super) fn unpin(&mut self) {
        self.put(PENDING, &[0; PINNING_LEN]);
        self.unset(HAS_PENDING);
    }

    /// What is pending is final, and its code is spent.
    pub(super) fn finalise(&mut self) {
        let code: [u8; Code::NAME_LEN] = *self.field(PENDING + CODE);
        if !self.is_spent(&code) {
            self.0
                .expose_mut()
                .copy_within(SPENT..SPENT + SPENT_LEN - Code::NAME_LEN, SPENT + Code::NAME_LEN);
            self.put(SPENT, &code);
        }
        self.0.expose_mut().copy_within(PENDING..PENDING + PINNING_LEN, FINAL);
        self.unpin();
        self.set(HAS_FINAL | ASKED);
    }

    /// Whether the code of this name is among those that were spent last.
    pub(super) fn is_spent(&self, code: &[u8]) -> bool {
        let (names, _) = self.field::<SPENT_LEN>(SPENT).as_chunks::<{ Code::NAME_LEN }>();
        names.iter().any(|name| name == code)
    }

    /// Everything is gone but what was spent.
    pub(super) fn forget(&mut self) {
        let (flags, spent) = (*self.field::<1>(FLAGS), *self.field::<SPENT_LEN>(SPENT));
        let generation = *self.field::<4>(GENERATION);
        self.0.wipe();
        self.put(GENERATION, &generation);
        self.put(FLAGS, &flags.map(|flags| flags & ASKED));
        self.put(SPENT, &spent);
    }

    fn has(&self, flag: u8) -> bool {
        let [flags] = self.field(FLAGS);
        flags & flag != 0
    }

    fn set(&mut self, flag: u8) {
        let [flags] = *self.field(FLAGS);
        self.put(FLAGS, &[flags | flag]);
    }

    fn unset(&mut self, flag: u8) {
        let [flags] = *self.field(FLAGS);
        self.put(FLAGS, &[flags & !flag]);
    }

    /// `N` bytes at `at`, which is made of the constants below and lies inside.
    fn field<const N: usize>(&self, at: usize) -> &[u8; N] {
        self.0.expose().get(at..).and_then(|rest| rest.first_chunk()).unwrap_or(&[0; N])
    }

    #[inline(never)] // once in the flash
    fn put(&mut self, at: usize, value: &[u8]) {
        fill(self.0.expose_mut().get_mut(at..).unwrap_or_default(), value);
    }
}

impl Standing {
    /// The flag that says that there is one, and where it begins.
    fn fields(self) -> (u8, usize) {
        match self {
            Self::Final => (HAS_FINAL, FINAL),
            Self::Pending => (HAS_PENDING, PENDING),
        }
    }
}

impl Seed {
    pub(super) fn number(&self) -> u32 {
        self.0.expose().first_chunk().map_or(0, |number| u32::from_le_bytes(*number))
    }

    pub(super) fn set_number(&mut self, number: u32) {
        fill(self.0.expose_mut(), &number.to_le_bytes());
    }

    /// The 32 secret bytes, to be written.
    pub(super) fn secret_mut(&mut self) -> Option<&mut [u8; 32]> {
        self.0.expose_mut().get_mut(4..).and_then(|rest| rest.first_chunk_mut())
    }
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    Blake2s::hash(&[bytes], &mut hash);
    hash
}

const MAGIC: [u8; 4] = *b"LKS\x02";
const KEYS: u8 = 1;
const HAS_FINAL: u8 = 2;
const HAS_PENDING: u8 = 4;
const ASKED: u8 = 8;

const GENERATION: usize = 4;
const FLAGS: usize = 8;
const ADDRESS_LEN: usize = 9;
const ADDRESS: usize = 12;
const SPENT: usize = ADDRESS + MAX_ADDRESS;
const SPENT_LEN: usize = 4 * Code::NAME_LEN;
const PRIVATE: usize = SPENT + SPENT_LEN;
const PUBLIC: usize = PRIVATE + 32;
const HEDGE: usize = PUBLIC + 32;
const FINAL: usize = HEDGE + 32;
const PENDING: usize = FINAL + PINNING_LEN;
const CHECK: usize = PENDING + PINNING_LEN;
const CHECK_LEN: usize = 12;

/// In a pinning, behind its key.
const SHARED: usize = 32;
const CODE: usize = SHARED + 32;
const PINNING_LEN: usize = CODE + Code::NAME_LEN;

/// Bytes that the last unit may have more.
const REST: usize = MAX_UNIT - 1;

const _: () = assert!(Entry::LEN == 360 && Seed::LEN == 48, "as it is written above, and in the book");
