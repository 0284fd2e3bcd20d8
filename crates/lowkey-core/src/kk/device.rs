//! The initiator of KK and KKpsk0 as one object: for firmware that has one server and counts the bytes of its flash.
//!
//! The engine plays any pattern in either role, which a device that only ever connects to its server has no use for.
//! Here the two messages of one role are written out, in the place where they lie: what was the chaining key of the
//! handshake (Noise §5.2) is the sending key of the session, and nothing is moved. The keys stay where they are stored,
//! in flash for example. Messages, records and ephemerals are byte for byte those of [`super::Initiator`].

use crate::TAG_LEN;
use crate::cipher::{REKEY_INTERVAL, nonce};
use crate::cursor::fill;
use crate::entropy::{Entropy, draw, mix};
use crate::error::Error;
use crate::keys::is_spelling_of;
use crate::pattern::{KK, KKPSK0};
use crate::symmetric::Symmetric;
use core::fmt;
use lowkey_crypto::{AeadKey, KEY_LEN, PrivateKey, PublicKey, Secret};

/// What was pinned, where it lies.
#[derive(Clone, Copy)]
pub struct Pinned<'k> {
    /// Our static key; not blank.
    pub private: &'k Secret<32>,
    /// The public key that belongs to it.
    pub public: &'k PublicKey,
    /// The peer's static key; not ours.
    pub peer: &'k PublicKey,
    /// The Diffie-Hellman of both static keys; not blank.
    pub shared: &'k Secret<32>,
    /// The pre-shared key of KKpsk0; not blank. Without one it is KK.
    pub psk: Option<&'k Secret<32>>,
    /// What keeps ephemerals secret when the entropy source does not work; not blank.
    pub hedge: &'k Secret<32>,
}

impl Pinned<'_> {
    /// Whether the key that was pinned is our own, however it is spelled: such a peer should never have been pinned.
    pub fn is_ours(&self) -> bool {
        is_spelling_of(self.public, self.peer)
    }
}

/// Where ephemerals come from: fresh entropy, and numbers that keep them apart.
pub struct Ephemerals<'d, E> {
    /// The source.
    pub entropy: E,
    /// The numbers of the boot and of the last attempt, big-endian. The second moves on.
    pub numbers: &'d mut [[u8; 8]; 2],
}

/// One initiator: a handshake, and then the session in its place. Wiped when it is dropped.
pub struct Device {
    /// In the session its `ck` is the key that seals and its `k` the key that opens (§5.2, `Split()`).
    symmetric: Symmetric,
    e: Secret<32>,
    /// One more than the nonces of the next records; 0 while there is no session, and when none is left.
    sealing: u64,
    opening: u64,
}

impl Device {
    /// One with nothing begun.
    pub const fn new() -> Self {
        Self { symmetric: Symmetric::new(), e: Secret::new([0; 32]), sealing: 0, opening: 0 }
    }

    /// Begins an attempt and writes message 1 to the front of `out`: [`OVERHEAD`](super::OVERHEAD) bytes and the payload. What was there
    /// before is over. Returns the message's length in bytes.
    ///
    /// # Errors
    /// The attempt is over after any of them:
    /// - [`Error::BufferTooSmall`]: `out` has no room for that.
    /// - [`Error::Entropy`], [`Error::Exhausted`]: no ephemeral could be made.
    pub fn write_message_1<E: Entropy>(
        &mut self,
        pinned: &Pinned<'_>,
        prologue: &[u8],
        ephemerals: Ephemerals<'_, E>,
        payload: [u8; 2],
        out: &mut [u8],
    ) -> Result<usize, Error> {
        let (public, rest) = out.split_first_chunk_mut().ok_or(Error::BufferTooSmall)?;
        let sealed = rest.first_chunk_mut::<SEALED_LEN>().ok_or(Error::BufferTooSmall)?;
        let Self { symmetric, e, .. } = self;
        (self.sealing, self.opening) = (0, 0);
        symmetric.initialize(if pinned.psk.is_some() { KKPSK0.name } else { KK.name });
        for part in [prologue, pinned.public.as_bytes(), pinned.peer.as_bytes()] {
            symmetric.mix_hash(part);
        }
        let Ephemerals { mut entropy, numbers } = ephemerals;
        let (fresh, h) = symmetric.ikm_and_h();
        draw(&mut entropy, numbers, fresh)?;
        mix(pinned.hedge, fresh, h, numbers, e);
        if let Some(psk) = pinned.psk {
            fill(symmetric.ikm().expose_mut(), psk.expose());
            symmetric.mix_key_and_hash();
        }
        multiply(e, &BASE_POINT, symmetric.ikm());
        fill(public, symmetric.ikm().expose());
        mix_e(symmetric, public, pinned);
        mix_dh(symmetric, e, pinned.peer);
        fill(symmetric.ikm().expose_mut(), pinned.shared.expose());
        symmetric.mix_key();
        fill(sealed, &payload);
        symmetric.encrypt_and_hash(sealed)?;
        Ok(KEY_LEN + SEALED_LEN)
    }

    /// Reads message 2 in place and returns the payload inside it; now there is a session.
    ///
    /// # Errors
    /// The attempt is over after any of them:
    /// - [`Error::Truncated`]: shorter than [`OVERHEAD`](super::OVERHEAD).
    /// - [`Error::Decrypt`]: not from the pinned peer for this attempt, or damaged.
    pub fn read_message_2<'m>(
        &mut self,
        pinned: &Pinned<'_>,
        message: &'m mut [u8],
    ) -> Result<&'m mut [u8], Error> {
        let (re, sealed) = message.split_first_chunk_mut().ok_or(Error::Truncated)?;
        let Self { symmetric, e, .. } = self;
        mix_e(symmetric, re, pinned);
        let re = PublicKey::of(re);
        mix_dh(symmetric, e, re);
        mix_dh(symmetric, pinned.private, re);
        let payload = symmetric.decrypt_and_hash(sealed)?;
        symmetric.split();
        e.wipe();
        (self.sealing, self.opening) = (1, 1);
        Ok(payload)
    }

    /// Seals `record` in place: plaintext, then 16 bytes of room that receive the tag.
    ///
    /// # Errors
    /// As [`Sealer::seal`](crate::Sealer::seal); [`Error::Exhausted`] also without a session.
    pub fn seal(&mut self, record: &mut [u8]) -> Result<(), Error> {
        let (key, _) = self.symmetric.split_keys_mut();
        let (text, tag) = record.split_last_chunk_mut::<TAG_LEN>().ok_or(Error::BufferTooSmall)?;
        let nonce = next(self.sealing)?;
        *tag = AeadKey::new(key).seal_in_place(&nonce, &[], text);
        advance(key, &mut self.sealing);
        Ok(())
    }

    /// Opens `record` in place and returns the plaintext inside it.
    ///
    /// # Errors
    /// As [`Opener::open`](crate::Opener::open); [`Error::Exhausted`] also without a session.
    pub fn open<'r>(&mut self, record: &'r mut [u8]) -> Result<&'r mut [u8], Error> {
        let (_, key) = self.symmetric.split_keys_mut();
        let len = record.len().checked_sub(TAG_LEN).ok_or(Error::Truncated)?;
        let nonce = next(self.opening)?;
        AeadKey::new(key).open_in_place(&nonce, &[], record).map_err(|_| Error::Decrypt)?;
        advance(key, &mut self.opening);
        record.get_mut(..len).ok_or(Error::Truncated)
    }

    /// The final `h` (Noise §11.2) of a session.
    pub fn handshake_hash(&self) -> &[u8; 32] {
        self.symmetric.h()
    }

    /// Makes zeros of the key that seals: nothing more is sent.
    pub fn stop_sealing(&mut self) {
        self.symmetric.split_keys_mut().0.wipe();
        self.sealing = 0;
    }

    /// Makes zeros of all that is secret; the attempt, or the session, is over.
    pub fn wipe(&mut self) {
        self.symmetric.wipe();
        self.e.wipe();
        (self.sealing, self.opening) = (0, 0);
    }
}

impl Default for Device {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device").finish_non_exhaustive()
    }
}

/// The token `e`, and what §9.2 adds to it.
#[inline(never)]
fn mix_e(symmetric: &mut Symmetric, e: &[u8; KEY_LEN], pinned: &Pinned<'_>) {
    symmetric.mix_hash(e);
    if pinned.psk.is_some() {
        fill(symmetric.ikm().expose_mut(), e);
        symmetric.mix_key();
    }
}

/// A token of a Diffie-Hellman.
#[inline(never)]
fn mix_dh(symmetric: &mut Symmetric, private: &Secret<32>, public: &PublicKey) {
    multiply(private, public, symmetric.ikm());
    symmetric.mix_key();
}

#[inline(never)]
fn multiply(private: &Secret<32>, public: &PublicKey, product: &mut Secret<32>) {
    PrivateKey::new(private).diffie_hellman_into(public, product);
}

/// The nonce of the next record.
#[inline(always)]
fn next(number: u64) -> Result<[u8; 12], Error> {
    Ok(nonce(number.checked_sub(1).ok_or(Error::Exhausted)?))
}

/// Moves on to the next record, and every 1,024th time to the next key.
fn advance(key: &mut Secret<32>, number: &mut u64) {
    if number.is_multiple_of(REKEY_INTERVAL) {
        AeadKey::new(key).rekey_into(key);
    }
    *number = number.wrapping_add(1);
}

/// The coordinate of RFC 7748 §4.1's base point.
const BASE_POINT: PublicKey = PublicKey::new({
    let mut u = [0; KEY_LEN];
    u[0] = 9;
    u
});
/// Bytes of message 1's payload, sealed.
const SEALED_LEN: usize = 2 + TAG_LEN;
