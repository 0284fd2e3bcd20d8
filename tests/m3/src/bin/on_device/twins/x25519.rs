//! X25519: the ladder.

use lowkey_crypto::testing::{Element, Plain, Thumb2, Twin};

use super::{equal, field::ODD};
use crate::{Verdict, random::Random};

/// Each odd scalar with a random point, each odd point with a random scalar; at every alignment. The first `most` of
/// them: it takes a while.
pub(crate) fn compare(most: u16, random: &mut Random) -> Verdict {
    compare_both((Plain::multiply, Thumb2::multiply), most, random)
}

/// Two ladders.
pub(crate) type Both = (Multiply, Multiply);
type Multiply = fn(&mut [u8; 32], &[u8; 32], &[u8; 32]);

/// The same of any two.
pub(crate) fn compare_both(ladders: Both, most: u16, random: &mut Random) -> Verdict {
    for (i, odd) in ODD.iter().enumerate().take(most.into()) {
        multiply(ladders, random.words(), *odd, i % 4)?;
        multiply(ladders, *odd, random.words(), 3 - i % 4)?;
    }
    Ok(())
}

fn multiply(ladders: Both, scalar: Element, point: Element, at: usize) -> Verdict {
    let (mut scalar_at, mut point_at) = (Anywhere([0; 36]), Anywhere([0; 36]));
    let (scalar, point) = (scalar_at.put(at, scalar), point_at.put((at + 1) % 4, point));
    scalar[0] &= 0b1111_1000;
    scalar[31] = scalar[31] & 0b0111_1111 | 0b0100_0000;
    let (mut one, mut other) = ([0; 32], Anywhere([1; 36]));
    let other = other.put((at + 2) % 4, [1; 8]);
    (ladders.0)(&mut one, scalar, point);
    (ladders.1)(other, scalar, point);
    equal(&one, other, "x25519::multiply")
}

#[repr(align(4))]
struct Anywhere([u8; 36]);

impl Anywhere {
    /// The words' bytes, `at` bytes behind an aligned address.
    fn put(&mut self, at: usize, words: Element) -> &mut [u8; 32] {
        self.0[at..at + 32].copy_from_slice(words.map(u32::to_le_bytes).as_flattened());
        self.0[at..].first_chunk_mut().unwrap_or_else(|| unreachable!("at is below 4"))
    }
}
