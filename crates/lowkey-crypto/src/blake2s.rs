//! BLAKE2s-256 (RFC 7693), plain and keyed.

use core::fmt;

use crate::secret::Secret;
use crate::{HASH_LEN, KEY_LEN, body};

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
        let mut hash = Self::new();
        hash.0.begin_with(key, 0);
        hash
    }

    /// Appends `bytes` to what is hashed.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of everything appended.
    ///
    /// The state is moved, and a move leaves a copy on the stack: for secrets there are [`hash`](Self::hash) and
    /// [`mac`](Self::mac), which leave nothing.
    #[must_use]
    pub fn finalize(mut self) -> [u8; HASH_LEN] {
        let mut hash = [0; HASH_LEN];
        self.0.finalize_into(&mut hash);
        hash
    }

    /// The hash of `parts`, one behind the other, written to where it is wanted.
    pub fn hash(parts: &[&[u8]], hash: &mut [u8; HASH_LEN]) {
        digest(None, 0, parts, hash);
    }

    /// The MAC ([`keyed`](Self::keyed)) of `parts`, one behind the other, written to where it is wanted.
    pub fn mac(key: &Secret<KEY_LEN>, parts: &[&[u8]], mac: &mut [u8; HASH_LEN]) {
        digest(Some(key), 0, parts, mac);
    }
}

/// A whole hash. With a `key` it is a MAC, of the kind that `pad` says: see [`body`].
///
/// Never inlined: all of an engine's hashing goes through here, so that a state lies in no other frame.
#[inline(never)]
pub(crate) fn digest(key: Option<&Secret<KEY_LEN>>, pad: u8, parts: &[&[u8]], hash: &mut [u8; HASH_LEN]) {
    let mut state = body::Blake2s::new();
    if let Some(key) = key {
        state.begin_with(key, pad);
    }
    for part in parts {
        state.update(part);
    }
    state.finalize_into(hash);
}

impl Drop for Blake2s {
    fn drop(&mut self) {
        self.0.wipe();
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
