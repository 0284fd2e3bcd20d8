//! ChaCha20 (RFC 8439 §2.3, §2.4): a key stream, xored into a text where it lies.
//!
//! The state is a square of words. Its rows, from the top: a constant, two of key, and the number of the block
//! followed by the nonce.

pub(crate) mod plain;
#[cfg(lowkey_thumb2)]
pub(crate) mod thumb2;

#[cfg(not(lowkey_thumb2))]
use plain::xor;
#[cfg(lowkey_thumb2)]
use thumb2::xor;

use crate::secret::Secret;
use crate::{KEY_LEN, NONCE_LEN};

/// A key, where whole words can be read from it.
#[repr(C, align(4))]
pub(crate) struct Key(Secret<KEY_LEN>);

impl Key {
    pub(crate) fn new(key: &Secret<KEY_LEN>) -> Self {
        Self(key.duplicate())
    }

    /// `text = chacha20_encrypt(key, block, nonce, text)`, §2.4: block number `block` of the key stream is the first.
    pub(crate) fn xor(&self, block: u32, nonce: &[u8; NONCE_LEN], text: &mut [u8]) {
        xor(self, block, nonce, text);
    }
}

/// A row of the state.
type Row = [u32; 4];

/// "expand 32-byte k", little-endian.
const FIRST_ROW: Row = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];
