//! The Montgomery ladder in Rust, for every core.

use core::hint::black_box;

use zeroize::Zeroize;

use super::super::field::Element;
use super::super::field::plain::{
    add, add_multiple, butterfly, mul, mul_by, select, square, square_in_place, subtract,
};
use crate::KEY_LEN;

/// `out = X25519(scalar, u)` for a clamped `scalar`, §5.
#[inline(never)] // its frame is wiped from outside
pub(crate) fn multiply(out: &mut [u8; KEY_LEN], scalar: &[u8; KEY_LEN], u: &[u8; KEY_LEN]) {
    let mut ladder = Ladder([0; 7 * 8]);
    ladder.start(u);
    let mut previous = 0;
    let mut bits = 7; // of the first byte: clamping cleared bit 255
    for byte in scalar.iter().rev() {
        for i in (0..bits).rev() {
            let bit = u32::from(byte >> i) & 1;
            ladder.step((bit ^ previous).wrapping_neg());
            previous = bit;
        }
        bits = 8;
    }
    // It cleared bit 0 as well: the multiple that was doubled last is the result.
    ladder.divide();
    ladder.store(out);
}

/// `x1`, the point; `x2 : z2` and `x3 : z3`, two multiples of it that are one point apart; and two elements to work
/// with. All reduced; wiped on drop.
struct Ladder([u32; 7 * 8]);

impl Ladder {
    /// x1, x2, z2, x3, z3 and the other two. There are always seven.
    fn elements(&mut self) -> Option<&mut [Element; 7]> {
        self.0.as_chunks_mut().0.first_chunk_mut()
    }

    /// Zero times the point `u`, and the point, from all zeros. The highest bit of `u` is ignored, as §5 says.
    fn start(&mut self, u: &[u8; KEY_LEN]) {
        let Some([x1, [x2, ..], _, x3, [z3, ..], ..]) = self.elements() else { return };
        for (word, bytes) in x1.iter_mut().zip(u.as_chunks().0) {
            *word = u32::from_le_bytes(*bytes);
        }
        let [.., top] = x1;
        *top &= 0x7FFF_FFFF;
        *x3 = *x1;
        *x2 = 1;
        *z3 = 1;
    }

    /// One bit of the scalar. `other` is all ones if the multiple to be doubled is not the one that was doubled
    /// last, and zero if it is.
    ///
    /// §5 swaps the two before each step. Their sum does not mind: with the two exchanged, `DA` and `CB` are exchanged,
    /// and only the square of their difference is used. So it is enough to choose what is doubled.
    fn step(&mut self, other: u32) {
        let Some([x1, x2, z2, x3, z3, t0, t1]) = self.elements() else { return };
        butterfly(t0, x2, z2); // A, B
        butterfly(x2, x3, z3); // C, D
        mul(x3, z3, t0); // DA
        mul(t1, x2, z2); // CB
        select(t0, x2, other);
        select(z2, z3, other);
        butterfly(x2, x3, t1);
        square(x3, x2);
        square_in_place(t1);
        mul(z3, x1, t1);
        square_in_place(t0); // AA
        square_in_place(z2); // BB
        mul(x2, t0, z2);
        subtract(t0, z2); // E
        // §5's E (AA + a24 E), where AA = BB + E and a24 = 121,665.
        add_multiple(z2, t0);
        mul_by(z2, t0);
    }

    /// `x2 = x2 / z2`, by `z2^(p - 2)`: zero if `z2` is.
    fn divide(&mut self) {
        let Some([_, x2, z, a, b, c, z11]) = self.elements() else { return };
        raise(a, z, 1, z); // z^3
        raise(z11, z, 3, a);
        raise(c, a, 1, z); // z^7
        raise(b, c, 2, a); // z^(2^5 - 1)
        raise(a, b, 5, b); // z^(2^10 - 1)
        raise(c, a, 10, a); // z^(2^20 - 1)
        raise(b, c, 20, c); // z^(2^40 - 1)
        raise(c, b, 10, a); // z^(2^50 - 1)
        raise(a, c, 50, c); // z^(2^100 - 1)
        raise(b, a, 100, a); // z^(2^200 - 1)
        raise(a, b, 50, c); // z^(2^250 - 1)
        raise(b, a, 5, z11); // z^(2^255 - 21)
        mul_by(x2, b);
    }

    /// `x2` as the one number below p that stands for it, little-endian.
    fn store(&mut self, out: &mut [u8; KEY_LEN]) {
        let Some([_, x2, ..]) = self.elements() else { return };
        // Reduced, so below 2p: 19 more, and 19 less again if that is not 2^255 or more.
        add(x2, 19);
        let [.., top] = x2;
        let less = 19 * black_box((*top >> 31).cast_signed() - 1);
        add(x2, less);
        let [.., top] = x2;
        *top &= 0x7FFF_FFFF;
        for (bytes, word) in out.as_chunks_mut().0.iter_mut().zip(x2) {
            *bytes = word.to_le_bytes();
        }
    }
}

impl Drop for Ladder {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// `out = a^(2^n) · b`, `n` from 1.
fn raise(out: &mut Element, a: &Element, n: u32, b: &Element) {
    square(out, a);
    for _ in 1..n {
        square_in_place(out);
    }
    mul_by(out, b);
}
