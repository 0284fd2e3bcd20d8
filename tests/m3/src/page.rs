//! What a page of test cases looks like: `tests/host/on-device` makes it, `on_device` reads it.
//!
//! Numbers have two bytes, little-endian; a string has its length before it. A case begins with its number, and behind
//! the last one is [`END`].

/// Where it lies in the flash: its upper half.
pub const AT: usize = 0x2_0000;
/// Where the flash lies.
#[cfg(not(secure))]
pub const FLASH: usize = 0;
/// Where the flash lies.
#[cfg(secure)]
pub const FLASH: usize = SECURE_FLASH;
/// Where it lies for a core that starts in its secure state.
pub const SECURE_FLASH: usize = 0x1000_0000;
/// How long it may be, in bytes.
pub const LEN: usize = 0x2_0000;
/// What it begins with.
pub const MAGIC: &[u8] = b"m3 page\n";

/// The number of no case.
pub const END: u16 = 0;
/// A private and a public key, and their shared secret.
pub const X25519: u16 = 1;
/// RFC 7748 §5.2: how many times, and the result.
pub const ITERATED: u16 = 2;
/// A key, a nonce, associated data, what was sealed with its tag, and what is in it.
pub const AEAD: u16 = 3;
/// The same but for what is in it: it must not open.
pub const FORGED: u16 = 4;
/// A message and its hash.
pub const HASH: u16 = 5;
/// A key, a message and its hash.
pub const KEYED_HASH: u16 = 6;
/// A function of [`crate::digest`], and the digest of what it gives.
pub const DIGEST: u16 = 7;
/// On how many random operands the twins are compared, besides the odd ones.
pub const TWINS: u16 = 8;
/// On how many odd operands the ladders are.
pub const LADDERS: u16 = 9;
/// The functions on memory.
pub const MEMORY: u16 = 10;

/// Cases that are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// [`X25519`].
    X25519,
    /// [`ITERATED`].
    Iterated,
    /// [`AEAD`] and [`FORGED`].
    Aead,
    /// [`HASH`] and [`KEYED_HASH`].
    Hash,
    /// [`DIGEST`].
    Digest,
    /// [`TWINS`].
    Twins,
    /// [`LADDERS`].
    Ladders,
    /// [`MEMORY`].
    Memory,
}

/// What the kinds are called, in their order.
pub const KINDS: [&str; 8] = [
    "X25519",
    "X25519, iterated",
    "ChaCha20-Poly1305",
    "BLAKE2s",
    "digests over lengths and alignments",
    "assembly and Rust, word for word",
    "ladders",
    "memcpy and its kin",
];
