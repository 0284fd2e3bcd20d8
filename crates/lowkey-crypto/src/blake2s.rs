//! BLAKE2s-256 (RFC 7693), plain and keyed.

use core::fmt;

use crate::{HASH_LEN, KEY_LEN, Secret, body};

/// A BLAKE2s-256 hash in the making; wiped on drop.
///
/// Constant-time in the bytes it hashes on every core; the time depends on their number.
pub struct Blake2s(body::Blake2s);

impl Blake2s {
    /// A hash without a key.
    #[must_use]
    pub fn new() -> Self {
        Self(body::Blake2s::new())
    }

    /// A MAC: RFC 7693's keyed mode (§2.5, §2.9), with a 32-byte key and a 32-byte result.
    #[must_use]
    pub fn keyed(key: &Secret<KEY_LEN>) -> Self {
        Self(body::Blake2s::keyed(key))
    }

    /// Appends `bytes` to what is hashed.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of everything appended.
    #[must_use]
    pub fn finalize(self) -> [u8; HASH_LEN] {
        let mut hash = [0; HASH_LEN];
        self.finalize_into(&mut hash);
        hash
    }

    /// [`finalize`](Self::finalize) to where the hash is wanted, so that a secret one leaves no copy.
    pub(crate) fn finalize_into(self, hash: &mut [u8; HASH_LEN]) {
        self.0.finalize_into(hash);
    }
}

impl Default for Blake2s {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Blake2s {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Blake2s(..)")
    }
}
