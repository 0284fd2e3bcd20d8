//! ChaCha20.

use lowkey_crypto::testing::{Plain, Thumb2, Twin};

use super::equal;
use crate::{Verdict, random::Random};

/// Texts of every length up to two blocks, at every alignment, and random ones; block numbers up to the last.
pub(crate) fn compare(rounds: u16, random: &mut Random) -> Verdict {
    for len in 0..=LONGEST {
        text(random, len, len % 4, [0, 1, u32::MAX - 2, 0x7FFF_FFFF][len / 4 % 4])?;
    }
    for _ in 0..rounds / 4 {
        let [a, b] = random.words().map(|word: u32| word as usize);
        // The block's number must not come round: the AEAD refuses texts of such a length.
        text(random, a % (LONGEST + 1), b % 4, b as u32 & 0x0FFF_FFFF)?;
    }
    Ok(())
}

fn text(random: &mut Random, len: usize, alignment: usize, block: u32) -> Verdict {
    let (key, nonce) = (random.bytes(), random.bytes());
    let mut one = Text(random.bytes());
    let mut other = Text(one.0);
    Plain::xor(&key, block, &nonce, &mut one.0[alignment..alignment + len]);
    Thumb2::xor(&key, block, &nonce, &mut other.0[alignment..alignment + len]);
    // What is around the text is as it was.
    equal(&one.0, &other.0, "chacha20::xor")
}

#[repr(align(4))]
struct Text([u8; LONGEST + 8]);

/// In bytes: two blocks and a little more.
const LONGEST: usize = 132;
