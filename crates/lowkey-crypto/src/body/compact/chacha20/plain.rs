//! ChaCha20 in Rust. It only adds, rotates and xors words: constant-time on every core.

use zeroize::Zeroize;

use super::{FIRST_ROW, Key, Row};
use crate::NONCE_LEN;

/// `text ^= ` the key stream from block number `block` on.
pub(crate) fn xor(key: &Key, block: u32, nonce: &[u8; NONCE_LEN], text: &mut [u8]) {
    let mut start = [FIRST_ROW, [0; 4], [0; 4], [block, 0, 0, 0]];
    let [_, key_rows @ .., [_, nonce_words @ ..]] = &mut start;
    read(key_rows.as_flattened_mut(), key.secret().expose());
    read(nonce_words, nonce);

    let mut state = start;
    for chunk in text.chunks_mut(BLOCK_LEN) {
        state = start;
        rounds(&mut state);
        let words = state.as_flattened().iter().zip(start.as_flattened());
        for (bytes, (word, start)) in chunk.chunks_mut(4).zip(words) {
            for (byte, key) in bytes.iter_mut().zip(word.wrapping_add(*start).to_le_bytes()) {
                *byte ^= key;
            }
        }
        let [.., [number, _, _, _]] = &mut start;
        *number = number.wrapping_add(1);
    }
    start.zeroize();
    state.zeroize();
}

fn read(words: &mut [u32], bytes: &[u8]) {
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
        *word = u32::from_le_bytes(*bytes);
    }
}

/// §2.3: ten times a round down the columns and one down the diagonals.
fn rounds(state: &mut [Row; 4]) {
    for _ in 0..10 {
        round(state);
        turn(state);
        round(state);
        turn(state);
        turn(state);
        turn(state);
    }
}

/// Four quarter rounds (§2.1), one down each column.
#[inline(never)]
fn round([a, b, c, d]: &mut [Row; 4]) {
    for (((a, b), c), d) in a.iter_mut().zip(b).zip(c).zip(d) {
        for (left, right) in [(16, 12), (8, 7)] {
            *a = a.wrapping_add(*b);
            *d = (*d ^ *a).rotate_left(left);
            *c = c.wrapping_add(*d);
            *b = (*b ^ *c).rotate_left(right);
        }
    }
}

/// Turns the second row by one word, the third by two, the fourth by three, so that diagonals become columns; three
/// more turns bring the columns back.
#[inline(never)]
fn turn([_, b, c, d]: &mut [Row; 4]) {
    let ([b0, b1, b2, b3], [c0, c1, c2, c3], [d0, d1, d2, d3]) = (*b, *c, *d);
    *b = [b1, b2, b3, b0];
    *c = [c2, c3, c0, c1];
    *d = [d3, d0, d1, d2];
}

const BLOCK_LEN: usize = 64;
