//! A ChaCha20-Poly1305 key that is written and used where it lies.

use core::fmt;

use crate::forged::Forged;
use crate::secret::Secret;
use crate::{KEY_LEN, NONCE_LEN, TAG_LEN, body};

/// A ChaCha20-Poly1305 key (RFC 8439 §2.8) whose 32 bytes can be written, for whoever counts the bytes of memory and
/// flash; wiped on drop.
///
/// It gives what an [`AeadKey`](crate::AeadKey) of the same bytes gives, and is not moved to become one: what a body
/// makes of a key it makes at each use. As with that, no nonce may be used twice.
#[repr(C, align(4))] // assembly reads whole words of it
pub struct StoredKey(Secret<KEY_LEN>);

impl StoredKey {
    /// 32 zeros, to be written through [`secret_mut`](Self::secret_mut).
    #[must_use]
    pub const fn zeroed() -> Self {
        Self(Secret::new([0; KEY_LEN]))
    }

    /// The key made of these 32 bytes.
    #[must_use]
    pub fn new(key: &Secret<KEY_LEN>) -> Self {
        Self(key.duplicate())
    }

    /// Its bytes.
    #[must_use]
    pub fn secret(&self) -> &Secret<KEY_LEN> {
        &self.0
    }

    /// Its bytes, to be written.
    pub fn secret_mut(&mut self) -> &mut Secret<KEY_LEN> {
        &mut self.0
    }

    /// Encrypts `text` in place and writes the tag over it and `ad`.
    ///
    /// As [`AeadKey::seal_in_place`](crate::AeadKey::seal_in_place).
    pub fn seal_in_place(
        &self,
        nonce: &[u8; NONCE_LEN],
        ad: &[u8],
        text: &mut [u8],
        tag: &mut [u8; TAG_LEN],
    ) {
        body::stored::seal(self, nonce, ad, text, tag);
    }

    /// Opens `text` in place if this is its tag.
    ///
    /// # Errors
    /// [`Forged`]: it is not. What `text` then holds is unspecified, and is no plaintext.
    pub fn open_in_place(
        &self,
        nonce: &[u8; NONCE_LEN],
        ad: &[u8],
        text: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), Forged> {
        body::stored::open(self, nonce, ad, text, tag)
    }

    /// `REKEY(k)`, Noise §4.2, in its place.
    pub fn rekey(&mut self) {
        body::stored::rekey(self);
    }
}

impl fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoredKey(..)")
    }
}
