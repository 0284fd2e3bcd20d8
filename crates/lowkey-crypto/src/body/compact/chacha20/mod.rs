//! ChaCha20 (RFC 8439 §2.3, §2.4): a key stream, xored into a text where it lies.
//!
//! The state is a square of words. Its rows, from the top: a constant, two of key, and the number of the block
//! followed by the nonce.

pub(crate) mod plain;
#[cfg(lowkey_thumb2)]
pub(crate) mod thumb2;

#[cfg(not(lowkey_thumb2))]
pub(crate) use plain::xor;
#[cfg(lowkey_thumb2)]
pub(crate) use thumb2::xor;

/// A key, where whole words can be read from it.
pub(crate) use crate::key::StoredKey as Key;

/// A row of the state.
type Row = [u32; 4];

/// "expand 32-byte k", little-endian.
const FIRST_ROW: Row = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];
