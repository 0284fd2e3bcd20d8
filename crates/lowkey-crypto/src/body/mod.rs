//! The bodies, and which one the surface stands in front of.
//!
//! A body is a module with three types:
//! - `PrivateKey`: `new`, `public_key`, `diffie_hellman`;
//! - `AeadKey`: `new`, `seal_in_place`, `open_in_place`;
//! - `Blake2s`: `new`, `keyed`, `update`, `finalize_into`.
//!
//! Each is compiled wherever its dependencies are, chosen or not, and the tests hold all of them to the same
//! vectors and to each other.

// Of each body that was not chosen some part is unused, except in tests.
#[cfg(feature = "aws-lc")]
#[allow(dead_code, unused_imports)]
pub(crate) mod aws_lc;
#[allow(dead_code)]
pub(crate) mod portable;

#[cfg(lowkey_backend = "compact")]
compile_error!("lowkey_backend=\"compact\": that body, for Cortex-M3 and M0, does not exist yet");

#[cfg(all(feature = "aws-lc", not(lowkey_backend = "portable")))]
pub(crate) use aws_lc::{AeadKey, Blake2s, PrivateKey};
#[cfg(any(not(feature = "aws-lc"), lowkey_backend = "portable"))]
pub(crate) use portable::{AeadKey, Blake2s, PrivateKey};
