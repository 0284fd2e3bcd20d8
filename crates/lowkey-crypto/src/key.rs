//! A ChaCha20-Poly1305 key that is written where it lies, and the nonce that no record has.

use core::fmt;

use crate::secret::Secret;
use crate::{KEY_LEN, NONCE_LEN};

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
}

impl fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoredKey(..)")
    }
}

/// The nonce 2^64 - 1 as Noise §12.3 encodes it: 32 zero bits, then 64 bits little-endian.
pub(crate) const LAST_NONCE: [u8; NONCE_LEN] = [0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255];
