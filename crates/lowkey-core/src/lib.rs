//! The Noise engine of Lowkey: the Noise Protocol Framework, revision 34, for the patterns KK and
//! XX, with and without a PSK, over 25519, ChaChaPoly and BLAKE2s.
//!
//! `no_std`, no allocation, no I/O, no clock, no `unsafe`. A handshake is a chain of values: every
//! step consumes the one before and returns the next, so a step out of turn, a second use of an
//! ephemeral and a missing key cannot be written.
//!
//! ```
//! # use lowkey_core::*;
//! # struct Os; impl Entropy for Os { fn fill(&mut self, out: &mut [u8]) -> Result<(), EntropyFailed> {
//! #   out.iter_mut().enumerate().for_each(|(i, b)| *b = i as u8); Ok(()) } }
//! # struct Boots; impl Counter for Boots { fn next(&mut self) -> Result<u64, CounterFailed> { Ok(1) } }
//! # let (mut ours, mut theirs) = (Boots, Boots);
//! let device = Identity::new(Secret::new([1; 32]))?;
//! let server = Identity::new(Secret::new([2; 32]))?;
//! let pinned_server = Peer::pin(&device, server.public_key())?;
//! let pinned_device = Peer::pin(&server, device.public_key())?;
//! let mut ephemerals = Ephemerals::new(Os, Secret::new([3; 32]), &mut ours)?;
//! # let mut server_ephemerals = Ephemerals::new(Os, Secret::new([4; 32]), &mut theirs)?;
//!
//! let mut wire = [0; 96];
//! let device_side = kk::Initiator::new(&device, &pinned_server, None, b"app/1");
//! let (device_side, n) = device_side.write_message_1(&mut ephemerals, b"", &mut wire)?;
//! let server_side = kk::Responder::new(&server, &pinned_device, None, b"app/1");
//! let (server_side, _payload) = server_side.read_message_1(&mut wire[..n])?;
//! let (mut at_server, n) = server_side.write_message_2(&mut server_ephemerals, b"", &mut wire)?;
//! let (mut at_device, _payload) = device_side.read_message_2(&mut wire[..n])?;
//!
//! let mut record = *b"21.5 C................";
//! at_device.sealer.seal(&mut record)?;
//! assert_eq!(at_server.opener.open(&mut record)?, b"21.5 C");
//! # Ok::<(), Error>(())
//! ```
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

#[cfg(test)]
extern crate self as lowkey_core;
#[cfg(test)]
extern crate std;

pub mod boot_log;
mod cipher;
mod code;
mod cursor;
mod engine;
mod entropy;
mod error;
mod fingerprint;
pub mod key_store;
mod keys;
pub mod kk;
pub mod numbered;
pub mod page;
mod pairing;
mod pattern;
#[cfg(doctest)]
mod promises;
pub mod published;
mod session;
mod storage;
mod symmetric;
#[cfg(test)]
mod tests;
pub mod xx;

pub use cipher::{Opener, REKEY_INTERVAL, Sealer};
pub use code::{Code, CodeError, base32, label};
pub use cursor::fill;
pub use entropy::{Counter, CounterFailed, Entropy, EntropyFailed, Ephemerals, SeedEntropy};
pub use error::Error;
pub use fingerprint::Fingerprint;
pub use keys::{Id, Identity, Peer, Psk};
pub use lowkey_crypto::{PublicKey, Secret, wipe_dead_stack};
pub use pairing::PinStore;
pub use session::{Claim, Session};

/// Length of a key, a hash and a shared secret, in bytes.
pub const KEY_LEN: usize = lowkey_crypto::KEY_LEN;
/// Length of the authentication tag that every sealed text carries, in bytes.
pub const TAG_LEN: usize = lowkey_crypto::TAG_LEN;
/// The longest Noise message, handshake or transport, in bytes (Noise §3).
pub const MAX_MESSAGE: usize = 65_535;

/// The code in the README, compiled as it stands there.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
