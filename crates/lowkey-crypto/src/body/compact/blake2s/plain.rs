//! The compression function in Rust.

use core::mem;

use zeroize::Zeroize;

use super::{Blake2s, TABLES};
use crate::HASH_LEN;

/// `F`, RFC 7693 §3.2, over the block of `hash`, once its used bytes are counted, and what stays of it: see
/// [`Blake2s::compress`].
#[inline(never)]
pub(super) fn compress(hash: &mut Blake2s, last: u32, out: Option<&mut [u8; HASH_LEN]>) {
    hash.count += mem::take(&mut hash.used) as u64;
    let mut v = [0; 16];
    for (v, word) in v.iter_mut().zip(hash.h.iter().chain(&TABLES.iv)) {
        *v = *word;
    }
    v[12] ^= hash.count as u32;
    v[13] ^= (hash.count >> 32) as u32;
    v[14] ^= last;

    let mut m = [0; 16];
    for (m, bytes) in m.iter_mut().zip(hash.block.as_chunks_mut().0) {
        *m = u32::from_le_bytes(mem::take(bytes));
    }
    for sigma in &TABLES.sigma {
        for (i, pair) in sigma.iter().enumerate() {
            // The four words of a column, then those of a diagonal: each row moves on by its number.
            let skew = i / 4;
            let at = |row: usize| 4 * row + (i + row * skew) % 4;
            let (x, y) = (m[usize::from(pair & 15)], m[usize::from(pair >> 4)]);
            g(&mut v, [at(0), at(1), at(2), at(3)], x, y);
        }
    }
    for (i, h) in hash.h.iter_mut().enumerate() {
        *h ^= v[i] ^ v[i + 8];
    }
    if let Some(out) = out {
        out.as_chunks_mut().0.iter_mut().zip(&hash.h).for_each(|(bytes, word)| *bytes = word.to_le_bytes());
        hash.h.zeroize();
    }
    v.zeroize();
    m.zeroize();
}

/// `G`, §3.1.
fn g(v: &mut [u32; 16], [a, b, c, d]: [usize; 4], x: u32, y: u32) {
    v[a] = v[a].wrapping_add(v[b]).wrapping_add(x);
    v[d] = (v[d] ^ v[a]).rotate_right(16);
    v[c] = v[c].wrapping_add(v[d]);
    v[b] = (v[b] ^ v[c]).rotate_right(12);
    v[a] = v[a].wrapping_add(v[b]).wrapping_add(y);
    v[d] = (v[d] ^ v[a]).rotate_right(8);
    v[c] = v[c].wrapping_add(v[d]);
    v[b] = (v[b] ^ v[c]).rotate_right(7);
}
