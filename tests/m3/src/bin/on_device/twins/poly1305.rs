//! Poly1305.

use lowkey_crypto::testing::{Plain, Thumb2, Twin};

use super::equal;
use crate::{Verdict, random::Random};

/// Odd keys with odd texts, accumulators on either side of p and 2^130, and random ones in parts of every length and
/// alignment.
pub(crate) fn compare(rounds: u16, random: &mut Random) -> Verdict {
    for key in KEYS {
        for first in BLOCKS {
            for second in BLOCKS {
                tags(key, first, second)?;
                let mut three = [0; 48];
                three.as_chunks_mut().0.copy_from_slice(&[*second, *first, *second]);
                tags(key, &three, &[])?;
            }
        }
    }
    for distance in 0..16 {
        near_p(distance, random)?;
    }
    for _ in 0..rounds {
        let (key, text) = (random.words::<8>(), random.words::<33>());
        let (key, text) = (key.map(u32::to_le_bytes), text.map(u32::to_le_bytes));
        let [from, cut, to] = random.words().map(|word: u32| word as usize % 64);
        let text = &text.as_flattened()[from % 4..][..cut + to];
        let (ad, text) = text.split_at(cut);
        tags(key.as_flattened().first_chunk().ok_or("a key of another length")?, ad, text)?;
    }
    Ok(())
}

/// With r = 1 the accumulator is the sum of the blocks: two of text and the lengths are 2^130 - 8 + `distance`, and
/// with one more block 8 below 2^130 + 2^128, the most there is. (RFC 8439, A.3, vectors 7 to 11, is of that kind.)
fn near_p(distance: u8, random: &mut Random) -> Verdict {
    for blocks in [2, 3] {
        let mut text = [[0; 16]; 3];
        let text = &mut text[..blocks];
        // Each block is 2^128 more than its bytes say, and so are the lengths.
        let mut rest = u128::MAX - 7 + u128::from(distance) - ((blocks as u128 * 16) << 64);
        for block in &mut *text {
            *block = (u128::from_le_bytes(random.bytes()) & rest).to_le_bytes();
            rest -= u128::from_le_bytes(*block);
        }
        let [.., last] = &mut *text else { return Ok(()) };
        *last = (u128::from_le_bytes(*last) + rest).to_le_bytes();
        tags(&small(1), &[], text.as_flattened())?;
    }
    Ok(())
}

fn tags(key: &[u8; 32], ad: &[u8], text: &[u8]) -> Verdict {
    let (mut one, mut other) = (*key, *key);
    equal(&Plain::tag(&mut one, ad, text), &Thumb2::tag(&mut other, ad, text), "poly1305::tag")?;
    equal(&(one, other), &([0; 32], [0; 32]), "poly1305's key is not wiped")
}

/// r, then what is added at the end.
const KEYS: &[[u8; 32]] =
    &[[0; 32], [0xFF; 32], [0x0F; 32], [0xFC; 32], [0x80; 32], small(1), small(2), small(4), small(5)];
const BLOCKS: &[[u8; 16]] = &[
    [0; 16],
    [0xFF; 16],
    [0x80; 16],
    near(0xFA),
    near(0xFB),
    near(0xFC),
    near(0xFE),
    [0, 0, 0xFF, 0xFF, 0, 0, 0xFF, 0xFF, 0, 0, 0xFF, 0xFF, 0, 0, 0xFF, 0xFF],
];

const fn small(low: u8) -> [u8; 32] {
    let mut key = [0; 32];
    key[0] = low;
    key
}

/// All ones but for the lowest byte.
const fn near(low: u8) -> [u8; 16] {
    let mut block = [0xFF; 16];
    block[0] = low;
    block
}
