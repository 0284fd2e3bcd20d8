//! What a key store holds, as bytes: an entry, and the seed of the next start beside it.
//!
//! The entry. Integers are little-endian; unused bytes are zero.
//!
//! | offset | bytes | field |
//! | ---: | ---: | --- |
//! | 0 | 4 | `LKS`, and the version of this layout, 1 |
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

use crate::code::Code;
use crate::cursor::fill;
use crate::entropy::{Entropy, EntropyFailed};
use crate::keys::{Id, Peer};
use crate::page::MAX_ADDRESS;
use lowkey_crypto::{Blake2s, PrivateKey, PublicKey, Secret};

/// Secret bytes that end with a check over those before it.
pub(super) struct Checked<const N: usize>(Secret<N>);

/// All that a store holds but its seed.
pub(super) type Entry = Checked<{ CHECK + CHECK_LEN }>;

/// What the next start begins with, and the number of the last one.
pub(super) type Seed = Checked<{ 4 + 32 + CHECK_LEN }>;

impl<const N: usize> Checked<N> {
    /// How many bytes.
    pub(super) const LEN: usize = N;

    pub(super) fn empty() -> Self {
        Self(Secret::zeroed())
    }

    /// The same as another one.
    pub(super) fn of(other: &Self) -> Self {
        let mut same = Self::empty();
        same.copy_from(other);
        same
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.0.expose()
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        self.0.expose_mut()
    }

    /// Becomes another one, from where it lies to where this lies.
    pub(super) fn copy_from(&mut self, other: &Self) {
        fill(self.bytes_mut(), other.bytes());
    }

    /// Whether the check is right: whether what stands before it is as it was written.
    pub(super) fn is_checked(&self) -> bool {
        self.bytes().split_last_chunk::<CHECK_LEN>().is_some_and(|(rest, end)| hash(rest).starts_with(end))
    }

    /// Puts the check there.
    fn check(&mut self) {
        if let Some((rest, end)) = self.bytes_mut().split_last_chunk_mut::<CHECK_LEN>() {
            fill(end, &hash(rest));
        }
    }
}

/// One of the two pinnings.
#[derive(Clone, Copy)]
pub(super) enum Standing {
    Final,
    Pending,
}

impl Entry {
    /// Whether all of it is there, as this firmware writes it.
    pub(super) fn is_whole(&self) -> bool {
        self.bytes().starts_with(&MAGIC) && self.is_checked()
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
                self.bytes_mut().get_mut(at..).and_then(|rest| rest.get_mut(..32)).unwrap_or_default(),
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

    /// The name of the code that a pinning was made with.
    pub(super) fn code(&self, standing: Standing) -> &[u8; Code::NAME_LEN] {
        let (_, at) = standing.fields();
        self.field(at + CODE)
    }

    /// Whether a pinning is of this key and of this code.
    pub(super) fn is_of(&self, standing: Standing, peer: &PublicKey, code: &Id) -> bool {
        self.pinning(standing).is_some_and(|(key, _)| key == peer.as_bytes())
            && *self.code(standing) == name(code)
    }

    /// Whether a key is pending under this code.
    pub(super) fn is_claimed(&self, code: &Id) -> bool {
        self.has(HAS_PENDING) && *self.code(Standing::Pending) == name(code)
    }

    /// Pins a peer, pending, in place of what was pending.
    pub(super) fn pin(&mut self, peer: &Peer, code: &Id) {
        self.put(PENDING, peer.public_key().as_bytes());
        self.put(PENDING + SHARED, peer.shared_secret().expose());
        self.put(PENDING + CODE, &name(code));
        self.set(HAS_PENDING);
    }

    /// What is pending is gone.
    pub(super) fn unpin(&mut self) {
        self.put(PENDING, &[0; PINNING_LEN]);
        self.unset(HAS_PENDING);
    }

    /// What is pending is final, and its code is spent.
    pub(super) fn finalise(&mut self) {
        let code = *self.code(Standing::Pending);
        if !self.is_spent(&code) {
            let spent: [u8; SPENT_LEN] = *self.field(SPENT);
            self.put(SPENT, &code);
            self.put(SPENT + Code::NAME_LEN, spent.get(..SPENT_LEN - Code::NAME_LEN).unwrap_or_default());
        }
        let mut pending = Secret::<PINNING_LEN>::zeroed();
        fill(pending.expose_mut(), self.field::<PINNING_LEN>(PENDING));
        self.put(FINAL, pending.expose());
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
        self.bytes().get(at..).and_then(|rest| rest.first_chunk()).unwrap_or(&[0; N])
    }

    #[inline(never)] // once in the flash
    fn put(&mut self, at: usize, value: &[u8]) {
        fill(self.bytes_mut().get_mut(at..).unwrap_or_default(), value);
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
        self.bytes().first_chunk().map_or(0, |number| u32::from_le_bytes(*number))
    }

    /// The 32 secret bytes.
    pub(super) fn secret(&self) -> &Secret<32> {
        let [_, _, _, _, secret @ .., _, _, _, _, _, _, _, _, _, _, _, _] = self.0.expose();
        Secret::of(secret)
    }

    /// The same, to be written; then [`Self::finish`].
    pub(super) fn secret_mut(&mut self) -> &mut [u8; 32] {
        let [_, _, _, _, secret @ .., _, _, _, _, _, _, _, _, _, _, _, _] = self.0.expose_mut();
        secret
    }

    /// Only the number is left.
    pub(super) fn forget(&mut self, number: u32) {
        self.0.wipe();
        self.finish(number);
    }

    /// Makes this the seed behind the start of this number.
    pub(super) fn finish(&mut self, number: u32) {
        fill(self.bytes_mut(), &number.to_le_bytes());
        self.check();
    }
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    Blake2s::hash(&[bytes], &mut hash);
    hash
}

/// The name of a code, as it is stored.
fn name(code: &Id) -> [u8; Code::NAME_LEN] {
    let mut name = [0; Code::NAME_LEN];
    fill(&mut name, code.as_bytes());
    name
}

const MAGIC: [u8; 4] = *b"LKS\x01";
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

const _: () = assert!(Entry::LEN == 360 && Seed::LEN == 48, "as it is written above, and in the book");
