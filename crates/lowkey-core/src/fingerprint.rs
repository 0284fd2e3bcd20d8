//! A public key as people compare it: twenty letters in place of sixty.

use crate::code::base32;
use core::fmt;
use lowkey_crypto::{Blake2s, PublicKey};

/// What people compare of a public key: the first 100 bits of BLAKE2s-256(`lowkey fingerprint` ‖ key) in base32 (RFC
/// 4648), in groups of four.
///
/// Whoever wants another key with the same one has to try 2^100 of them; with that of any one of a million devices,
/// 2^80. A few of its letters are worth nothing: compare them all.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; Self::LEN]);

impl Fingerprint {
    /// Its length as text, in bytes.
    pub const LEN: usize = 24;

    /// That of a key, in whichever of its spellings ([`PublicKey::canonical`]).
    pub fn of(key: &PublicKey) -> Self {
        let mut hash = [0; 32];
        Blake2s::hash(&[b"lowkey fingerprint", key.canonical().as_bytes()], &mut hash);
        let mut letters = [0; 21]; // of 104 bits, the last of them left over
        let _ = base32::encode(hash.get(..13).unwrap_or_default(), &mut letters); // there is room
        let mut text = [b'-'; Self::LEN];
        let mut letters = letters.into_iter();
        // Group by group: a core without a division would need a library for `at % 5`.
        for group in text.chunks_mut(5) {
            group.iter_mut().take(4).zip(&mut letters).for_each(|(to, letter)| *to = letter);
        }
        Self(text)
    }

    /// The text, in ASCII.
    pub fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// The text, for firmware that prints without `core::fmt`.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}
