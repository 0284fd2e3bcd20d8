//! The field for cores with UMAAL against the same simple arithmetic as the compact one; its ladder against that one's.

use std::vec::Vec;

use super::field::{numbers, product, residue, sum};
use crate::{
    body::compact::field::Element,
    testing::{Plain, PlainWide, Twin, Wide},
};

#[test]
fn rfc7748_5_wide_product_and_square_of_any_operands() {
    for a in numbers() {
        for b in numbers() {
            let mut out = [0; 8];
            PlainWide::mul(&mut out, &a, &b);
            assert_eq!(residue(&out), product(&a, &b), "{a:x?} {b:x?}");
            assert!(reduced(&out));
        }
        let (mut out, mut other, mut expected) = ([0; 8], [0; 8], [0; 8]);
        PlainWide::square(&mut out, &a);
        PlainWide::mul(&mut expected, &a, &a);
        assert_eq!(out, expected);
        for (pair, mask) in [([a, [7; 8]], 0), ([[7; 8], a], !0)] {
            PlainWide::square_of_one(&mut other, &pair, mask);
            assert_eq!(other, expected);
        }
    }
}

#[test]
fn rfc7748_5_wide_sum_and_difference_of_reduced_operands() {
    let numbers: Vec<Element> = numbers().into_iter().chain(LARGEST).filter(reduced).collect();
    for a in &numbers {
        for b in &numbers {
            let (mut total, mut difference) = (*a, [0; 8]);
            PlainWide::butterfly(&mut difference, &mut total, b);
            assert_eq!(residue(&total), sum(a, b), "{a:x?} {b:x?}");
            assert_eq!(sum(&difference, b), residue(a), "{a:x?} {b:x?}");
        }
    }
}

#[test]
fn rfc7748_5_wide_ladder_is_the_other_one() {
    for [scalar, u] in numbers().as_chunks().0 {
        let [mut scalar, u] = [scalar, u].map(bytes);
        scalar[0] &= 0b1111_1000;
        scalar[31] = scalar[31] & 0b0111_1111 | 0b0100_0000;
        let (mut one, mut other) = ([0; 32], [1; 32]);
        Plain::multiply(&mut one, &scalar, &u);
        PlainWide::multiply(&mut other, &scalar, &u);
        assert_eq!(one, other);
    }
}

/// What this field promises of its results: below 2^255 + 2^11.
fn reduced(a: &Element) -> bool {
    let [lowest, middle @ .., top] = a;
    *top < 0x8000_0000 || *top == 0x8000_0000 && *middle == [0; 6] && *lowest < 1 << 11
}

fn bytes(a: &Element) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (bytes, word) in bytes.as_chunks_mut().0.iter_mut().zip(a) {
        *bytes = word.to_le_bytes();
    }
    bytes
}

/// 2^255 + 2^11 - 1, and what its sum with itself is nearest to.
const LARGEST: [Element; 2] =
    [[2_047, 0, 0, 0, 0, 0, 0, 0x8000_0000], [2_046, 0, 0, 0, 0, 0, 0, 0x8000_0000]];
