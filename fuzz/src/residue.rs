//! Integers modulo 2^255 - 19, slowly and plainly: bit by bit.

use std::cmp::Ordering;

/// A residue, below 2^255 - 19. Little-endian words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Residue([u32; 9]);

impl Residue {
    /// The residue that a 256-bit number stands for.
    pub(crate) fn of(words: &[u32; 8]) -> Self {
        let mut residue = Self([0; 9]);
        for bit in (0..256).rev() {
            residue = residue.plus(&residue);
            if words[bit / 32] >> (bit % 32) & 1 == 1 {
                residue = residue.plus(&ONE);
            }
        }
        residue
    }

    pub(crate) fn plus(&self, other: &Self) -> Self {
        let mut sum = [0; 9];
        let mut carry = 0;
        for (sum, (a, b)) in sum.iter_mut().zip(self.0.iter().zip(other.0)) {
            let word = u64::from(*a) + u64::from(b) + carry;
            *sum = word as u32;
            carry = word >> 32;
        }
        if Self(sum).cmp(&P) == Ordering::Less { Self(sum) } else { Self(sum).less(&P) }
    }

    pub(crate) fn minus(&self, other: &Self) -> Self {
        if self.cmp(other) == Ordering::Less { P.less(other).plus(self) } else { self.less(other) }
    }

    pub(crate) fn times(&self, other: &Self) -> Self {
        let mut product = Self([0; 9]);
        for bit in (0..256).rev() {
            product = product.plus(&product);
            if other.0[bit / 32] >> (bit % 32) & 1 == 1 {
                product = product.plus(self);
            }
        }
        product
    }

    /// `self - other`, which is not below zero.
    fn less(&self, other: &Self) -> Self {
        let mut difference = [0; 9];
        let mut borrow = 0;
        for (difference, (a, b)) in difference.iter_mut().zip(self.0.iter().zip(other.0)) {
            let word = i64::from(*a) - i64::from(b) - borrow;
            *difference = word as u32;
            borrow = i64::from(word < 0);
        }
        Self(difference)
    }

    fn cmp(&self, other: &Self) -> Ordering {
        self.0.iter().rev().cmp(other.0.iter().rev())
    }
}

const ONE: Residue = Residue([1, 0, 0, 0, 0, 0, 0, 0, 0]);
const P: Residue =
    Residue([0xFFFF_FFED, u32::MAX, u32::MAX, u32::MAX, u32::MAX, u32::MAX, u32::MAX, 0x7FFF_FFFF, 0]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn residues_wrap_at_p() {
        let small = |low| Residue::of(&[low, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(Residue::of(&[u32::MAX; 8]), small(37));
        assert_eq!(small(0).minus(&ONE).plus(&ONE), small(0));
        assert_eq!(small(0).minus(&small(2)).times(&small(3)), small(0).minus(&small(6)));
        // 2^128 · 2^128 = 2^256 = 38
        let high = Residue::of(&[0, 0, 0, 0, 1, 0, 0, 0]);
        assert_eq!(high.times(&high), small(38));
    }
}
