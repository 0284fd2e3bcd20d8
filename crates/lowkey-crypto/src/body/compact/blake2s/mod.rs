//! BLAKE2s-256 (RFC 7693), rolled up: one block in memory, ten rounds in a loop.
//!
//! Additions, rotations and xors only, and every index is public: constant-time on every core.

pub(crate) mod plain;
#[cfg(lowkey_thumb2)]
pub(crate) mod thumb2;

#[cfg(not(lowkey_thumb2))]
use plain::compress;
#[cfg(lowkey_thumb2)]
use thumb2::compress;
use zeroize::Zeroize;

use super::wipe_dead_stack;
use crate::secret::Secret;
use crate::{HASH_LEN, KEY_LEN};

/// The state between two pieces of a message.
#[repr(C)] // the assembly knows where they are
pub(crate) struct Blake2s {
    h: [u32; 8],
    /// The last block begun. A full one waits for the next byte, because the last of all is compressed differently.
    block: [u8; BLOCK_LEN],
    /// `t` of §3.2: the bytes compressed.
    count: u64,
    /// The bytes in `block`.
    used: usize,
}

impl Blake2s {
    pub(crate) fn new() -> Self {
        let mut hash = Self { h: TABLES.iv, block: [0; BLOCK_LEN], count: 0, used: 0 };
        // §2.5: of the parameter block only the two lengths in its first word are not zero.
        hash.h[0] ^= PARAMETERS;
        hash
    }

    pub(crate) fn begin_with(&mut self, key: &Secret<KEY_LEN>, pad: u8) {
        if pad == 0 {
            self.h[0] ^= (KEY_LEN as u32) << 8;
        }
        self.block = [pad; BLOCK_LEN];
        let words = self.block.as_chunks_mut().0.iter_mut().zip(key.expose().as_chunks().0);
        words.for_each(|(word, key)| {
            *word = (u32::from_ne_bytes(*word) ^ u32::from_ne_bytes(*key)).to_ne_bytes();
        });
        self.used = BLOCK_LEN;
    }

    pub(crate) fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.used == BLOCK_LEN {
                self.compress(0, None);
            }
            let (_, free) = self.block.split_at_mut(self.used % BLOCK_LEN);
            let (now, later) = bytes.split_at(free.len().min(bytes.len()));
            // Not byte by byte: the last one would stay in a register, and on the stack when that is saved.
            free[..now.len()].copy_from_slice(now);
            self.used += now.len();
            bytes = later;
        }
    }

    pub(crate) fn finalize_into(&mut self, hash: &mut [u8; HASH_LEN]) {
        self.compress(u32::MAX, Some(hash));
    }

    pub(crate) fn wipe(&mut self) {
        self.h.zeroize();
        self.block.zeroize();
    }

    /// `F`, §3.2; `last` is its flag as a mask. The result goes to `out` and nothing stays, or is the next state. The
    /// block is empty afterwards, and zeros, with which the last one is padded.
    fn compress(&mut self, last: u32, out: Option<&mut [u8; HASH_LEN]>) {
        compress(self, last, out);
        wipe_dead_stack::<DEAD_WORDS>();
    }
}

/// What a compression in Rust takes of the stack on Armv6-M.
const DEAD_WORDS: usize = 64;
/// Bytes in a block, RFC 7693 §2.1.
const BLOCK_LEN: usize = 64;
/// §2.5, without a key: 32 bytes of hash, fanout 1, depth 1.
const PARAMETERS: u32 = 0x0101_0000 | HASH_LEN as u32;
/// What the compression function looks up; in one place, so that the assembly walks from one to the other.
#[repr(C)]
struct Tables {
    /// §2.6.
    iv: [u32; 8],
    /// §2.7, two indices a byte: `x` of a `G` in the lower half, `y` in the upper.
    sigma: [[u8; 8]; 10],
}

static TABLES: Tables = Tables {
    iv: [
        0x6a09_e667,
        0xbb67_ae85,
        0x3c6e_f372,
        0xa54f_f53a,
        0x510e_527f,
        0x9b05_688c,
        0x1f83_d9ab,
        0x5be0_cd19,
    ],
    sigma: [
        [0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe],
        [0xae, 0x84, 0xf9, 0x6d, 0xc1, 0x20, 0x7b, 0x35],
        [0x8b, 0x0c, 0x25, 0xdf, 0xea, 0x63, 0x17, 0x49],
        [0x97, 0x13, 0xcd, 0xeb, 0x62, 0xa5, 0x04, 0x8f],
        [0x09, 0x75, 0x42, 0xfa, 0x1e, 0xcb, 0x86, 0xd3],
        [0xc2, 0xa6, 0xb0, 0x38, 0xd4, 0x57, 0xef, 0x91],
        [0x5c, 0xf1, 0xde, 0xa4, 0x70, 0x36, 0x29, 0xb8],
        [0xbd, 0xe7, 0x1c, 0x93, 0x05, 0x4f, 0x68, 0xa2],
        [0xf6, 0x9e, 0x3b, 0x80, 0x2c, 0x7d, 0x41, 0x5a],
        [0x2a, 0x48, 0x67, 0x51, 0xbf, 0xe9, 0xc3, 0x0d],
    ],
};
