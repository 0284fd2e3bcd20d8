//! A ChaCha20-Poly1305 key that is used where it lies.

use crate::forged::Forged;
use crate::key::StoredKey;
use crate::{NONCE_LEN, TAG_LEN, body};

impl StoredKey {
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
