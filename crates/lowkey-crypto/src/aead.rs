//! ChaCha20-Poly1305 (RFC 8439 §2.8), and Noise's `REKEY` (§4.2) on top of it.

use core::fmt;

use crate::forged::Forged;
use crate::secret::Secret;
use crate::{KEY_LEN, NONCE_LEN, TAG_LEN, body};

/// A ChaCha20-Poly1305 key; wiped on drop.
///
/// It seals and opens under any nonce it is given: that no nonce is used twice is the caller's promise.
pub struct AeadKey(body::AeadKey);

impl AeadKey {
    /// The key made of these 32 bytes.
    #[must_use]
    pub fn new(key: &Secret<KEY_LEN>) -> Self {
        Self(body::AeadKey::new(key))
    }

    /// Encrypts `text` in place and returns the tag over it and `ad`.
    ///
    /// `text` may have up to 2³⁸ − 64 bytes (RFC 8439 §2.8). A longer one is overwritten with zeros and its
    /// tag is zeros, so that nothing leaves unsealed.
    #[must_use = "a text without its tag cannot be opened"]
    pub fn seal_in_place(&self, nonce: &[u8; NONCE_LEN], ad: &[u8], text: &mut [u8]) -> [u8; TAG_LEN] {
        self.0.seal_in_place(nonce, ad, text)
    }

    /// Opens `text_and_tag`, a ciphertext and its 16-byte tag: the plaintext is then in front, in all but the
    /// last 16 bytes.
    ///
    /// # Errors
    /// [`Forged`]: the tag does not fit, or there are fewer than 16 bytes. What `text_and_tag` then holds is
    /// unspecified, and is no plaintext.
    pub fn open_in_place(
        &self,
        nonce: &[u8; NONCE_LEN],
        ad: &[u8],
        text_and_tag: &mut [u8],
    ) -> Result<(), Forged> {
        let Some((text, tag)) = text_and_tag.split_last_chunk_mut::<TAG_LEN>() else {
            return Err(Forged);
        };
        self.0.open_in_place(nonce, ad, text, tag)
    }

    /// `REKEY(k)`, Noise §4.2, in its place: the first 32 bytes of `ENCRYPT(k, 2^64 - 1, "", zeros32)`.
    pub fn rekey(&mut self) {
        self.0.rekey();
    }
}

impl fmt::Debug for AeadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AeadKey(..)")
    }
}
