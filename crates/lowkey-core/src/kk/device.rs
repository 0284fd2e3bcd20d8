//! The initiator of KK and KKpsk0 as one object: for firmware that has one server and counts the bytes of its flash.
//!
//! The engine plays any pattern in either role, which a device that only ever connects to its server has no use for.
//! Here the two messages of one role are written out, in the place where they lie: what was the chaining key of the
//! handshake (Noise §5.2) is the sending key of the session, and nothing is moved. The keys stay where they are stored,
//! in flash for example. Messages, records and ephemerals are byte for byte those of [`super::Initiator`].

use crate::TAG_LEN;
use crate::cipher::{REKEY_INTERVAL, nonce};
use crate::entropy::{Entropy, EntropyFailed};
use crate::error::Error;
use crate::keys::is_spelling_of;
use crate::pattern::{H_OF_KK, H_OF_KKPSK0};
use core::fmt;
use lowkey_crypto::{
    Blake2s, Derivation, HASH_LEN, KEY_LEN, PrivateKey, PublicKey, Secret, StoredKey, derive,
};

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

/// What keeps the ephemerals of a device apart, as they are hashed: the number of its boot, which no boot before has
/// had, and of the last attempt in it.
#[derive(Clone, Copy, Debug)]
pub struct Numbers {
    /// The boot's, and the attempt's.
    bytes: [[u8; 8]; 2],
}

impl Numbers {
    /// Of a boot, before its first attempt.
    pub const fn of(boot: u64) -> Self {
        Self { bytes: [boot.to_be_bytes(), [0; 8]] }
    }

    /// The next attempt; there are 2^32 − 1 in a boot, which is a century of one a second.
    fn next(&mut self) -> Result<(), Error> {
        let [_, [.., a, b, c, d]] = &mut self.bytes;
        let next = u32::from_be_bytes([*a, *b, *c, *d]).checked_add(1).ok_or(Error::Exhausted)?;
        [*a, *b, *c, *d] = next.to_be_bytes();
        Ok(())
    }
}

/// One initiator: a handshake, and then the session in its place. Wiped when it is dropped.
///
/// All bytes of one with nothing begun are zeros.
pub struct Device {
    /// The chaining key; in the session the key that seals (§5.2, `Split()`).
    ck: StoredKey,
    /// The handshake's key and, before it is made, what it is made of; in the session the key that opens.
    k: StoredKey,
    e: Secret<32>,
    h: [u8; HASH_LEN], // public: not wiped
    /// One more than the nonces of the next records; 0 while there is no session, and when none is left.
    sealing: u64,
    opening: u64,
}

impl Device {
    /// One with nothing begun.
    pub const fn new() -> Self {
        Self {
            ck: StoredKey::zeroed(),
            k: StoredKey::zeroed(),
            e: Secret::new([0; 32]),
            h: [0; HASH_LEN],
            sealing: 0,
            opening: 0,
        }
    }

    /// Begins an attempt and writes message 1, `e` first. What was there before is over. `payload` goes to the front of
    /// `sealed`; what is behind it there, up to 16 bytes before its end, is a part of the payload.
    ///
    /// # Errors
    /// [`Error::Entropy`], [`Error::Exhausted`]: no ephemeral could be made; the attempt is over.
    pub fn write_message_1<E: Entropy>(
        &mut self,
        pinned: &Pinned<'_>,
        prologue: &[u8],
        (entropy, numbers): (&mut E, &mut Numbers),
        payload: [u8; 2],
        (e, sealed): (&mut [u8; KEY_LEN], &mut [u8]),
    ) -> Result<(), Error> {
        (self.sealing, self.opening) = (0, 0);
        let h = if pinned.psk.is_some() { &H_OF_KKPSK0 } else { &H_OF_KK };
        (self.h, *self.ck.secret_mut().expose_mut()) = (*h, *h);
        self.mix_hash(prologue);
        self.mix_hash(pinned.public.as_bytes());
        self.mix_hash(pinned.peer.as_bytes());

        let fresh = self.k.secret_mut().expose_mut();
        entropy.fill(fresh).map_err(|EntropyFailed| Error::Entropy)?;
        numbers.next()?;
        let parts: [&[u8]; 4] = [b"lowkey ephemeral", fresh, &self.h, numbers.bytes.as_flattened()];
        Blake2s::mac(pinned.hedge, &parts, self.e.expose_mut());

        if let Some(psk) = pinned.psk {
            self.set_k(psk.expose());
            self.mix_key_and_hash();
        }
        multiply(&self.e, &BASE_POINT, self.k.secret_mut());
        *e = *self.k.secret().expose();
        self.mix_e(e, pinned);
        multiply(&self.e, pinned.peer, self.k.secret_mut());
        self.mix_key();
        self.set_k(pinned.shared.expose());
        self.mix_key();
        if let Some(room) = sealed.first_chunk_mut() {
            *room = payload;
        }
        encrypt(&self.k, 0, &self.h, sealed);
        self.mix_hash(sealed);
        Ok(())
    }

    /// Reads message 2 in place and returns the payload inside it; now there is a session.
    ///
    /// # Errors
    /// [`Error::Truncated`], shorter than the ephemeral key (32 bytes), and [`Error::Decrypt`], shorter than
    /// [`OVERHEAD`](super::OVERHEAD), not from the pinned peer for this attempt, or damaged: the attempt is over.
    pub fn read_message_2<'m>(
        &mut self,
        pinned: &Pinned<'_>,
        message: &'m mut [u8],
    ) -> Result<&'m [u8], Error> {
        let (re, sealed) = message.split_first_chunk_mut().ok_or(Error::Truncated)?;
        self.mix_e(re, pinned);
        multiply(&self.e, PublicKey::of(re), self.k.secret_mut());
        self.mix_key();
        multiply(pinned.private, PublicKey::of(re), self.k.secret_mut());
        self.mix_key();
        let h = self.h;
        self.mix_hash(sealed);
        let payload = decrypt(&self.k, 0, &h, sealed).ok_or(Error::Decrypt)?;
        self.derive(Derivation::Split);
        self.e.wipe();
        (self.sealing, self.opening) = (1, 1);
        Ok(payload)
    }

    /// Seals `record` in place: plaintext, then 16 bytes of room that receive the tag.
    ///
    /// # Errors
    /// [`Error::Exhausted`]: there is no session, or 2^64 − 1 records were sealed; nothing changed. A record of fewer than
    /// 16 bytes has no room for its tag and stays as it is.
    pub fn seal(&mut self, record: &mut [u8]) -> Result<(), Error> {
        let n = self.sealing.checked_sub(1).ok_or(Error::Exhausted)?;
        encrypt(&self.ck, n, &[], record);
        advance(&mut self.ck, &mut self.sealing);
        Ok(())
    }

    /// Opens `record` in place and returns the plaintext inside it.
    ///
    /// # Errors
    /// As [`Opener::open`](crate::Opener::open), but that a record of fewer than 16 bytes is [`Error::Decrypt`];
    /// [`Error::Exhausted`] also without a session.
    pub fn open<'r>(&mut self, record: &'r mut [u8]) -> Result<&'r [u8], Error> {
        let n = self.opening.checked_sub(1).ok_or(Error::Exhausted)?;
        let text = decrypt(&self.k, n, &[], record).ok_or(Error::Decrypt)?;
        advance(&mut self.k, &mut self.opening);
        Ok(text)
    }

    /// The final `h` (Noise §11.2) of a session.
    pub fn handshake_hash(&self) -> &[u8; HASH_LEN] {
        &self.h
    }

    /// Makes zeros of the key that seals: nothing more is sent.
    pub fn stop_sealing(&mut self) {
        self.ck.secret_mut().wipe();
        self.sealing = 0;
    }

    /// Makes zeros of the key that opens: nothing more is received.
    pub fn stop_opening(&mut self) {
        self.k.secret_mut().wipe();
        self.opening = 0;
    }

    /// Makes zeros of all that is secret; the attempt, or the session, is over.
    pub fn wipe(&mut self) {
        self.stop_sealing();
        self.stop_opening();
        self.e.wipe();
    }

    /// `MixHash(data)` (§5.2).
    #[inline(never)]
    fn mix_hash(&mut self, data: &[u8]) {
        Blake2s::hash(&[&{ self.h }, data], &mut self.h);
    }

    /// `MixKey(k)` (§5.2).
    fn mix_key(&mut self) {
        self.derive(Derivation::MixKey);
    }

    /// `MixKeyAndHash(k)` (§9).
    fn mix_key_and_hash(&mut self) {
        let mut temp_h = Secret::zeroed();
        self.derive(Derivation::MixKeyAndHash(&mut temp_h));
        self.mix_hash(temp_h.expose());
    }

    #[inline(never)]
    fn derive(&mut self, derivation: Derivation<'_>) {
        derive(self.ck.secret_mut(), self.k.secret_mut(), derivation);
    }

    /// The token `e`, and what §9.2 adds to it.
    #[inline(never)]
    fn mix_e(&mut self, e: &[u8; KEY_LEN], pinned: &Pinned<'_>) {
        self.mix_hash(e);
        if pinned.psk.is_some() {
            self.set_k(e);
            self.mix_key();
        }
    }

    /// What is to be mixed in.
    fn set_k(&mut self, input: &[u8; KEY_LEN]) {
        *self.k.secret_mut().expose_mut() = *input;
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

#[inline(never)]
fn multiply(private: &Secret<32>, public: &PublicKey, product: &mut Secret<32>) {
    PrivateKey::new(private).diffie_hellman_into(public, product);
}

/// `ENCRYPT(k, n, ad, plaintext)` (§5.1), in place: the last 16 bytes receive the tag.
#[inline(never)]
fn encrypt(k: &StoredKey, n: u64, ad: &[u8], text: &mut [u8]) {
    if let Some((text, tag)) = text.split_last_chunk_mut::<TAG_LEN>() {
        k.seal_in_place(&nonce(n), ad, text, tag);
    }
}

/// `DECRYPT(k, n, ad, ciphertext)` (§5.1), in place.
#[inline(never)]
fn decrypt<'t>(k: &StoredKey, n: u64, ad: &[u8], text: &'t mut [u8]) -> Option<&'t [u8]> {
    let (text, tag) = text.split_last_chunk_mut::<TAG_LEN>()?;
    k.open_in_place(&nonce(n), ad, text, tag).ok()?;
    Some(text)
}

/// Moves on to the next record, and every 1,024th time to the next key.
#[inline(never)]
fn advance(key: &mut StoredKey, number: &mut u64) {
    if number.is_multiple_of(REKEY_INTERVAL) {
        key.rekey();
    }
    *number = number.wrapping_add(1);
}

/// The coordinate of RFC 7748 §4.1's base point.
const BASE_POINT: PublicKey = PublicKey::new({
    let mut u = [0; KEY_LEN];
    u[0] = 9;
    u
});
/// Bytes of message 1: an ephemeral key, and two bytes, sealed.
pub const MESSAGE_1_LEN: usize = KEY_LEN + 2 + TAG_LEN;

#[cfg(test)]
mod tests {
    use super::*;

    fn open() -> Device {
        let mut device = Device { sealing: 1, opening: 1, ..Device::new() };
        for (secret, byte) in [(device.ck.secret_mut(), 1), (device.k.secret_mut(), 1), (&mut device.e, 3)] {
            *secret.expose_mut() = [byte; 32];
        }
        device
    }

    #[test]
    fn noise_5_1_the_last_nonce_is_used_by_no_record() {
        let mut device = open();
        (device.sealing, device.opening) = (u64::MAX, u64::MAX);
        let mut record = *b"the last record                 ";
        device.seal(&mut record).unwrap();
        assert_eq!(device.open(&mut record).unwrap(), b"the last record ");
        assert_eq!(device.seal(&mut record), Err(Error::Exhausted));
        assert_eq!(device.open(&mut record), Err(Error::Exhausted));
    }

    #[test]
    fn an_attempt_without_a_number_is_none() {
        let mut numbers = Numbers::of(1);
        numbers.bytes[1][4..].fill(0xFF);
        assert_eq!(numbers.next(), Err(Error::Exhausted));
        assert_eq!(numbers.bytes, [[0, 0, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]]);
    }

    #[test]
    fn a_device_that_is_wiped_holds_zeros_and_one_that_has_stopped_no_key_to_seal() {
        let mut device = open();
        device.stop_sealing();
        assert_eq!((device.ck.secret().expose(), device.k.secret().expose()), (&[0; 32], &[1; 32]));
        device.wipe();
        for secret in [device.ck.secret(), device.k.secret(), &device.e] {
            assert_eq!(secret.expose(), &[0; 32]);
        }
    }
}
