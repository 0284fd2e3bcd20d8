//! The compact field against arithmetic that is too simple to be wrong, at the limits of its operands.

use std::vec::Vec;

use crate::body::compact::field::{Element, plain};

/// 2^255 - 19.
const P: Element = [0xFFFF_FFED, !0, !0, !0, !0, !0, !0, 0x7FFF_FFFF];

#[test]
fn rfc7748_5_product_and_square_of_any_operands() {
    for a in numbers() {
        for b in numbers() {
            let mut out = [0; 8];
            plain::mul(&mut out, &a, &b);
            assert_eq!(residue(&out), product(&a, &b), "{a:x?} {b:x?}");
            assert!(reduced(&out));
            let mut in_place = a;
            plain::mul_by(&mut in_place, &b);
            assert_eq!(in_place, out);
        }
        let (mut out, mut expected, mut in_place) = ([0; 8], [0; 8], a);
        plain::square(&mut out, &a);
        plain::square_in_place(&mut in_place);
        plain::mul(&mut expected, &a, &a);
        assert_eq!((out, in_place), (expected, expected));
    }
}

#[test]
fn rfc7748_5_multiple_of_any_operands() {
    for a in numbers() {
        for b in numbers() {
            let mut out = a;
            plain::add_multiple(&mut out, &b);
            let expected = sum(&a, &product(&b, &[121_666, 0, 0, 0, 0, 0, 0, 0]));
            assert_eq!(residue(&out), expected, "{a:x?} {b:x?}");
            assert!(reduced(&out));
        }
    }
}

#[test]
fn rfc7748_5_sum_and_difference_of_reduced_operands() {
    for a in numbers().into_iter().filter(reduced) {
        for b in numbers().into_iter().filter(reduced) {
            let (mut total, mut difference, mut in_place) = ([0; 8], b, a);
            plain::butterfly(&mut total, &a, &mut difference);
            plain::subtract(&mut in_place, &b);
            assert_eq!(residue(&total), sum(&a, &b), "{a:x?} {b:x?}");
            assert_eq!(sum(&difference, &b), residue(&a), "{a:x?} {b:x?}");
            assert_eq!(in_place, difference);
        }
    }
}

#[test]
fn rfc7748_5_choice_takes_all_or_nothing() {
    let (a, b) = (P, [0x5555_5555; 8]);
    for (mask, expected) in [(0, a), (!0, b)] {
        let mut chosen = a;
        plain::select(&mut chosen, &b, mask);
        assert_eq!(chosen, expected);
    }
}

/// Zero, one, the neighbours of p, 2p, 2^255 and 2^256, the largest reduced one, words of ones and zeros, and others.
pub(super) fn numbers() -> Vec<Element> {
    let mut numbers = Vec::from([[0; 8], [!0; 8], P]);
    let low = |low: u32, other: u32, top: u32| [low, other, other, other, other, other, other, top];
    for n in [1, 2, 9, 18, 19, 20, 37, 38, 39] {
        numbers.push(low(n, 0, 0));
        numbers.push(low(n, 0, 0x8000_0000)); // 2^255 + n
        numbers.push(low(0_u32.wrapping_sub(n), !0, !0)); // 2^256 - n
        numbers.push(low(0_u32.wrapping_sub(n), !0, 0x7FFF_FFFF)); // 2^255 - n
    }
    numbers.push(low(!0, !0, 0x8003_FFFF)); // 2^255 + 2^242 - 1
    for pattern in [0xFFFF_0000, 0x0000_FFFF, 0x8000_8000, 0x7FFF_7FFF, 0x0001_0001] {
        numbers.push([pattern; 8]);
        numbers.push(core::array::from_fn(|i| if i % 2 == 0 { pattern } else { !0 }));
        numbers.push(core::array::from_fn(|i| if i < 4 { pattern } else { 0 }));
        numbers.push(core::array::from_fn(|i| if i < 4 { 0 } else { pattern }));
    }
    let mut word = 1_u32;
    for _ in 0..20 {
        numbers.push(core::array::from_fn(|_| {
            word = word.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            word ^ (word >> 15)
        }));
    }
    numbers
}

/// What the field promises of its results: below 2^255 + 2^242.
fn reduced(a: &Element) -> bool {
    a[7] < 0x8000_0000 || (a[7] < 0x8004_0000)
}

pub(super) fn sum(a: &Element, b: &Element) -> Element {
    let mut wide = [0; 16];
    for (wide, (a, b)) in wide.iter_mut().zip(a.iter().zip(b)) {
        *wide = u64::from(*a) + u64::from(*b);
    }
    modulo(wide)
}

pub(super) fn product(a: &Element, b: &Element) -> Element {
    let mut wide = [0; 16];
    for (i, a) in a.iter().enumerate() {
        let mut carry = 0;
        for (j, b) in b.iter().enumerate() {
            let word = wide[i + j] + u64::from(*a) * u64::from(*b) + carry;
            wide[i + j] = word & 0xFFFF_FFFF;
            carry = word >> 32;
        }
        wide[i + 8] += carry;
    }
    modulo(wide)
}

pub(super) fn residue(a: &Element) -> Element {
    sum(a, &[0; 8])
}

/// The number below p, by long division.
fn modulo(mut wide: [u64; 16]) -> Element {
    let mut rest = [0_u64; 8];
    for i in 0..15 {
        wide[i + 1] += wide[i] >> 32;
        wide[i] &= 0xFFFF_FFFF;
    }
    for bit in (0..512).rev() {
        let mut carry = (wide[bit / 32] >> (bit % 32)) & 1;
        for word in &mut rest {
            let doubled = *word * 2 + carry;
            *word = doubled & 0xFFFF_FFFF;
            carry = doubled >> 32;
        }
        let mut borrow = 0;
        let less: [u64; 8] = core::array::from_fn(|i| {
            let word = rest[i].wrapping_sub(u64::from(P[i])).wrapping_sub(borrow);
            borrow = word >> 63;
            word & 0xFFFF_FFFF
        });
        if borrow == 0 {
            rest = less;
        }
    }
    rest.map(|word| u32::try_from(word).unwrap())
}
