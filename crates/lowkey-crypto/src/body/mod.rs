//! The bodies, and which one the surface stands in front of.
//!
//! A body is a module with three types:
//! - `PrivateKey`: `new`, `public_key`, `diffie_hellman`;
//! - `AeadKey`: `new`, `seal_in_place`, `open_in_place`, `rekey`;
//! - `Blake2s`: `new`, `update`, and `finalize_into`, of which nothing stays and after which it is only dropped; who
//!   drops one that is not finished calls `wipe`. Before anything else
//!   `begin_with(key, pad)` makes it a MAC: with a `pad` of 0 BLAKE2's own (RFC 7693 §2.9), with another HMAC's inner
//!   or outer hash (RFC 2104 §2), whose first block is the key and zeros, each byte xored with `pad`.
//!
//! Each is compiled wherever its dependencies are, chosen or not, and the tests hold all of them to the same
//! vectors and to each other. The build script chooses, by target, feature and `--cfg lowkey_backend`. Firmware whose
//! flags say that it takes the compact body is built without the dependencies of the portable one.

// Of each body that was not chosen some part is unused, except in tests.
#[cfg(feature = "aws-lc")]
#[allow(dead_code, unused_imports)]
pub(crate) mod aws_lc;
#[allow(dead_code, unused_imports)]
pub(crate) mod compact;
#[cfg(not(all(target_os = "none", lowkey_backend = "compact")))]
#[allow(dead_code)]
pub(crate) mod portable;

/// A key that is made ready at each use: what stands behind `StoredKey`.
#[cfg(lowkey_body = "compact")]
pub(crate) use compact::aead as stored;
#[cfg(not(lowkey_body = "compact"))]
pub(crate) mod stored;

#[cfg(lowkey_body = "aws-lc")]
pub(crate) use aws_lc::{AeadKey, Blake2s, PrivateKey};
#[cfg(lowkey_body = "compact")]
pub(crate) use compact::{AeadKey, Blake2s, PrivateKey};
#[cfg(lowkey_body = "portable")]
pub(crate) use portable::{AeadKey, Blake2s, PrivateKey};
