//! The primitives of a Lowkey channel: X25519, ChaCha20-Poly1305, BLAKE2s, and the [`Secret`] that
//! carries bytes between them.
//!
//! Every type here stands in front of a *body*, one implementation of the same function:
//!
//! | body | what it is | chosen |
//! | --- | --- | --- |
//! | compact | ours; assembly on Armv7-M and Armv8-M Mainline, else Rust | on Cortex-M |
//! | portable | curve25519-dalek, chacha20poly1305, blake2 | elsewhere, unless another is |
//! | aws-lc | X25519 and the AEAD of aws-lc-rs; BLAKE2s is the portable one | on other targets, by the feature `aws-lc` |
//!
//! All bodies give the same results. `RUSTFLAGS='--cfg lowkey_backend="portable"'` (or `"compact"`), set by whoever
//! builds the final binary, takes that body whatever the target and the features say.
//!
//! Of the compact body there are two X25519 in assembly: one for each core, and one for those with the DSP extension,
//! which Armv7E-M has. Which Armv8-M Mainline has it no target says: for a Cortex-M33 with it `--cfg
//! lowkey_core="cortex-m33-dsp"` does. A target of your own, described in a file, may say nothing at all: it does not
//! compile without `--cfg lowkey_core` (or `lowkey_backend`), which can be `cortex-m0`, `cortex-m3`, `cortex-m4`,
//! `cortex-m33` and `cortex-m33-dsp`. In firmware the choice is a symbol: `nm firmware | grep lowkey_core_is`.
//!
//! # Constant time
//! No body branches on a secret or indexes memory by one. The compact body multiplies secrets with MUL and MLA only,
//! 32×32→32 bits, which take a constant time on every Cortex-M; where there is the DSP extension, on a Cortex-M4 or
//! M33, its X25519 multiplies with UMULL, UMLAL and UMAAL, which there take a constant time as well. The portable body
//! multiplies secrets with 32×32→64-bit (or wider) instructions: it is constant-time on cores where these take a
//! constant time, and is **not** on Cortex-M3 and Cortex-M0, where a long multiply (UMULL, UMLAL, or the compiler's
//! routine for it) takes a time that depends on its operands. BLAKE2s and ChaCha20 only add, rotate and xor, and are
//! constant-time everywhere.
//!
//! # Wiping
//! Keys, hash states and intermediate keys are wiped when they are dropped. In the compact body nothing of a secret is
//! left on the stack beneath a call: the assembly wipes its frames, and the functions in Rust are followed by
//! [`wipe_dead_stack`]. The tests on the device compare what is left there, on Armv7-M and on Armv6-M. Two kinds of
//! copies are out of this crate's reach: those in registers, and the one that every move of a value leaves where it
//! was; what is written to where it is wanted (`diffie_hellman_into`, [`Blake2s::mac`], [`derive()`]) is not moved. The
//! other bodies are not looked at.
#![no_std]

mod aead;
mod blake2s;
mod body;
#[cfg(lowkey_says)]
mod chosen;
mod dead;
mod forged;
mod hkdf;
mod key;
mod secret;
mod stored;
#[cfg(any(test, lowkey_testing))]
#[doc(hidden)]
pub mod testing;
mod x25519;

pub use aead::AeadKey;
pub use blake2s::Blake2s;
pub use dead::wipe_dead_stack;
pub use forged::Forged;
pub use hkdf::{Derivation, derive, hkdf};
pub use key::StoredKey;
pub use secret::{Secret, is_blank};
pub use x25519::{PrivateKey, PublicKey};

/// Bytes in a key: X25519 private and public, AEAD, keyed BLAKE2s.
pub const KEY_LEN: usize = 32;
/// Bytes in a Poly1305 tag.
pub const TAG_LEN: usize = 16;
/// Bytes in an AEAD nonce (RFC 8439 §2.8).
pub const NONCE_LEN: usize = 12;
/// Bytes in a BLAKE2s-256 hash.
pub const HASH_LEN: usize = 32;

#[cfg(test)]
extern crate std;
#[cfg(test)]
mod tests;

/// The code in the README, compiled as it stands there.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
