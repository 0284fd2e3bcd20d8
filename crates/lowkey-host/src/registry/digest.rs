//! What tells one text of a registry from another.

use crate::text::Hex;
use lowkey_crypto::Blake2s;
use std::fmt;

/// BLAKE2s-256 over the text of a registry; shown in hex.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Of this text.
    pub fn of(text: &str) -> Self {
        let mut digest = [0; 32];
        Blake2s::hash(&[text.as_bytes()], &mut digest);
        Self(digest)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hex(&self.0).fmt(f)
    }
}
