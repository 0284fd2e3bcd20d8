//! The bodies, and which one the surface stands in front of.
//!
//! A body is a module with three types:
//! - `PrivateKey`: `new`, `public_key`, `diffie_hellman`;
//! - `AeadKey`: `new`, `seal_in_place`, `open_in_place`;
//! - `Blake2s`: `new`, `begin_with` a key before anything else, `update`, and `finalize_into`, after which it is only
//!   dropped.
//!
//! Each is compiled wherever its dependencies are, chosen or not, and the tests hold all of them to the same
//! vectors and to each other. The build script chooses, by target, feature and `--cfg lowkey_backend`.

use crate::{KEY_LEN, Secret};

// Of each body that was not chosen some part is unused, except in tests.
#[cfg(feature = "aws-lc")]
#[allow(dead_code, unused_imports)]
pub(crate) mod aws_lc;
#[allow(dead_code, unused_imports)]
pub(crate) mod compact;
#[allow(dead_code)]
pub(crate) mod portable;

#[cfg(lowkey_body = "aws-lc")]
pub(crate) use aws_lc::{AeadKey, Blake2s, PrivateKey};
#[cfg(lowkey_body = "compact")]
pub(crate) use compact::{AeadKey, Blake2s, PrivateKey};
#[cfg(lowkey_body = "portable")]
pub(crate) use portable::{AeadKey, Blake2s, PrivateKey};

/// What a hash with a key begins with.
#[derive(Clone, Copy)]
pub(crate) enum Key<'k> {
    /// BLAKE2's own keyed mode: the key, padded to a block with zeros (RFC 7693 §2.9).
    Mac(&'k Secret<KEY_LEN>),
    /// HMAC's: the same, each byte xored with this one, which is not zero (RFC 2104 §2).
    Hmac(&'k Secret<KEY_LEN>, u8),
}
