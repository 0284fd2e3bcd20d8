//! The two directions of a session: a Noise `CipherState` (§5.1) each, that can do one thing only.
//!
//! A [`Sealer`] only seals and an [`Opener`] only opens, so no record can be sent under the key
//! meant for receiving. Neither lets its nonce be set.

use crate::TAG_LEN;
use crate::error::Error;
use core::fmt;
use lowkey_crypto::{AeadKey, Secret};

/// Records under one key before `REKEY()` (Noise §4.2, §11.3): nonces 0..=1,023 are under the first.
pub const REKEY_INTERVAL: u64 = 1_024;

/// The key and nonce of one direction.
struct Direction {
    k: AeadKey,
    n: u64,
}

impl Direction {
    /// One that has no nonce left.
    fn spent() -> Self {
        Self { k: AeadKey::new(&Secret::new([0; 32])), n: u64::MAX }
    }

    /// Whether there is a nonce for the next record; `2^64 − 1` is kept for `REKEY()` (Noise §5.1).
    #[inline(always)] // as a call it would be larger
    fn has_nonce(&self) -> Result<(), Error> {
        if self.n == u64::MAX { Err(Error::Exhausted) } else { Ok(()) }
    }

    /// Moves on to the next record; the one before it had a nonce.
    ///
    /// Record 1,024, 2,048, … has a new key. It is made here and not when that record comes: on the wire that is the
    /// same, and the old key is gone sooner.
    #[inline(never)] // both directions'
    fn advance(&mut self) {
        self.n = self.n.wrapping_add(1);
        if self.n.is_multiple_of(REKEY_INTERVAL) {
            self.k.rekey();
        }
    }
}

/// `ENCRYPT(k, n, ad, plaintext)` (Noise §5.1), in place: the last 16 bytes receive the tag.
#[inline(never)] // of the handshake and of records: its nonce and tag lie in no frame of a caller
pub(crate) fn encrypt(k: &AeadKey, n: u64, ad: &[u8], text: &mut [u8]) -> Result<(), Error> {
    let (plain, tag) = text.split_last_chunk_mut::<TAG_LEN>().ok_or(Error::BufferTooSmall)?;
    *tag = k.seal_in_place(&nonce(n), ad, plain);
    Ok(())
}

/// `DECRYPT(k, n, ad, ciphertext)` (Noise §5.1), in place; the plaintext is then in front of the last 16 bytes.
#[inline(never)] // as `encrypt`
pub(crate) fn decrypt<'t>(k: &AeadKey, n: u64, ad: &[u8], text: &'t mut [u8]) -> Option<&'t mut [u8]> {
    k.open_in_place(&nonce(n), ad, text).ok()?;
    text.get_mut(..text.len().checked_sub(TAG_LEN)?)
}

/// ChaChaPoly's nonce (Noise §12.3): 32 zero bits, then `n` little-endian.
pub(crate) fn nonce(n: u64) -> [u8; 12] {
    let mut nonce = [0; 12];
    if let Some((_, end)) = nonce.split_last_chunk_mut() {
        *end = n.to_le_bytes();
    }
    nonce
}

/// The sending half of a session.
///
/// Holding one tells you that the peer holds the matching [`Opener`]; not that it is still there.
pub struct Sealer(Direction);

impl Sealer {
    pub(crate) fn new(k: &Secret<32>) -> Self {
        Self(Direction { k: AeadKey::new(k), n: 0 })
    }

    pub(crate) fn spent() -> Self {
        Self(Direction::spent())
    }

    /// Wipes the key: nothing more is sealed.
    pub fn wipe(&mut self) {
        self.0 = Direction::spent();
    }

    /// Seals `record` in place: plaintext, then 16 bytes of room that receive the tag.
    ///
    /// `ENCRYPT(k, n, "", plaintext)`, Noise §5.1; `n` moves on, and the key with every 1,024th record.
    ///
    /// # Errors
    /// - [`Error::BufferTooSmall`]: `record` is shorter than a tag or longer than 65,535 bytes; nothing changed.
    /// - [`Error::Exhausted`]: 2^64 − 1 records were sealed; nothing changed.
    #[inline(never)] // several callers
    pub fn seal(&mut self, record: &mut [u8]) -> Result<(), Error> {
        if record.len() > crate::MAX_MESSAGE {
            return Err(Error::BufferTooSmall);
        }
        if record.len() < TAG_LEN {
            return Err(Error::BufferTooSmall);
        }
        self.0.has_nonce()?;
        encrypt(&self.0.k, self.0.n, &[], record)?;
        self.0.advance();
        Ok(())
    }

    /// How many records have been sealed.
    pub fn count(&self) -> u64 {
        self.0.n
    }
}

/// The receiving half of a session.
pub struct Opener(Direction);

impl Opener {
    pub(crate) fn new(k: &Secret<32>) -> Self {
        Self(Direction { k: AeadKey::new(k), n: 0 })
    }

    pub(crate) fn spent() -> Self {
        Self(Direction::spent())
    }

    /// Opens `record` in place and returns the plaintext inside it.
    ///
    /// `DECRYPT(k, n, "", record)`, Noise §5.1; `n` moves on only when the tag is right.
    ///
    /// # Errors
    /// - [`Error::Truncated`]: shorter than a tag (16 bytes); nothing changed.
    /// - [`Error::Decrypt`]: forged or out of order; `record` holds no plaintext, `n` is unchanged.
    /// - [`Error::Exhausted`]: 2^64 − 1 records were opened; nothing changed.
    #[inline(never)] // as `seal`
    pub fn open<'r>(&mut self, record: &'r mut [u8]) -> Result<&'r mut [u8], Error> {
        if record.len() < TAG_LEN {
            return Err(Error::Truncated);
        }
        self.0.has_nonce()?;
        let text = decrypt(&self.0.k, self.0.n, &[], record).ok_or(Error::Decrypt)?;
        self.0.advance();
        Ok(text)
    }

    /// How many records have been opened.
    pub fn count(&self) -> u64 {
        self.0.n
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer").field("n", &self.0.n).finish_non_exhaustive()
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opener").field("n", &self.0.n).finish_non_exhaustive()
    }
}

#[cfg(test)]
impl Sealer {
    pub(crate) fn skip_to(&mut self, n: u64) {
        self.0.n = n;
    }
}

#[cfg(test)]
impl Opener {
    pub(crate) fn skip_to(&mut self, n: u64) {
        self.0.n = n;
    }
}
