//! The field and the ladder in Rust, to hold the assembly to. Not for use: a compiler may branch where it likes.

use super::super::field::Element;
use crate::KEY_LEN;

/// `out = a · b`. Any operands; the result is reduced.
pub(crate) fn mul(out: &mut Element, a: &Element, b: &Element) {
    let mut product = [0; 16];
    for (i, a) in a.iter().enumerate() {
        let mut carry = 0;
        let row = product.get_mut(i..).unwrap_or_default();
        for (sum, b) in row.iter_mut().zip(b) {
            *sum = multiply_add(*a, *b, *sum, &mut carry);
        }
        if let Some(last) = row.get_mut(8) {
            *last = carry;
        }
    }
    if let [low, high] = product.as_chunks().0 {
        *out = folded(low, 38, high); // 2^256 = 38
    }
}

/// `out = a²`, likewise.
pub(crate) fn square(out: &mut Element, a: &Element) {
    mul(out, a, a);
}

/// `out = a²`, or `b²` where `mask` is all ones.
pub(crate) fn square_of_one(out: &mut Element, [a, b]: &[Element; 2], mask: u32) {
    square(out, if mask == 0 { a } else { b });
}

/// `a = a + b`, `out = a − b`. Reduced operands.
pub(crate) fn butterfly(out: &mut Element, a: &mut Element, b: &Element) {
    let own = *a;
    let mut carry = 0;
    for (a, b) in a.iter_mut().zip(b) {
        *a = multiply_add(*b, 1, *a, &mut carry);
    }
    // Below 2^12, if there is a carry.
    let [lowest, ..] = a;
    *lowest = lowest.wrapping_add(38 * carry);
    subtract(out, &own, b);
}

/// `out = a − b`. Reduced operands.
fn subtract(out: &mut Element, a: &Element, b: &Element) {
    let mut borrow = 0;
    for (out, (a, b)) in out.iter_mut().zip(a.iter().zip(b)) {
        (*out, borrow) = less(*a, *b, borrow);
    }
    // Above -2^255 - 2^11: what is below zero stands for 2^256 - 38 more.
    let (mut more, mut next) = (38 * borrow, 0);
    for out in out {
        (*out, next) = less(*out, more, next);
        more = 0;
    }
}

/// `low + c · high`, at bit 255: with v for the sum, `v mod 2^255 + 19 (v / 2^255)`.
fn folded(low: &Element, c: u32, high: &Element) -> Element {
    let (mut sum, mut carry) = (*low, 0);
    for (sum, high) in sum.iter_mut().zip(high) {
        *sum = multiply_add(*high, c, *sum, &mut carry);
    }
    let [.., top] = &mut sum;
    let mut more = 19 * (2 * carry + (*top >> 31));
    *top &= 0x7FFF_FFFF;
    for sum in &mut sum {
        *sum = multiply_add(*sum, 1, 0, &mut more);
    }
    sum
}

/// The lower word of `a · b + c + carry`; the upper one goes to `carry`. What UMAAL does.
fn multiply_add(a: u32, b: u32, c: u32, carry: &mut u32) -> u32 {
    let sum = u64::from(a) * u64::from(b) + u64::from(c) + u64::from(*carry);
    *carry = (sum >> 32) as u32;
    sum as u32
}

/// `a − b − borrow`, and the new one.
fn less(a: u32, b: u32, borrow: u32) -> (u32, u32) {
    let difference = i64::from(a) - i64::from(b) - i64::from(borrow);
    (difference as u32, u32::from(difference < 0))
}

/// `out = X25519(scalar, u)` for a clamped `scalar`, RFC 7748 §5.
pub(crate) fn multiply(out: &mut [u8; KEY_LEN], scalar: &[u8; KEY_LEN], u: &[u8; KEY_LEN]) {
    let mut x1 = [0; 8];
    for (word, bytes) in x1.iter_mut().zip(u.as_chunks().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    let [.., top] = &mut x1;
    *top &= 0x7FFF_FFFF;
    let (mut x, mut z) = ([ONE, x1], [[0; 8], ONE]);
    let mut previous = 0;
    for i in (0..255).rev() {
        let bit = scalar.get(i / 8).map_or(0, |byte| u32::from(byte >> (i % 8)) & 1);
        step(&x1, &mut x, &mut z, (bit ^ previous).wrapping_neg());
        previous = bit;
    }
    let ([x2, _], [z2, _]) = (x, z);
    let mut quotient = [0; 8];
    mul(&mut quotient, &x2, &inverse(&z2));
    // Reduced, so below 2p.
    for (bytes, word) in out.as_chunks_mut().0.iter_mut().zip(canonical(quotient)) {
        *bytes = word.to_le_bytes();
    }
}

/// One bit: what is doubled is the first multiple, or the second where `other` is all ones.
fn step(x1: &Element, x: &mut [Element; 2], z: &mut [Element; 2], other: u32) {
    // A, B; C, D
    for (x, z) in x.iter_mut().zip(z.iter_mut()) {
        let b = *z;
        butterfly(z, x, &b);
    }
    let ([a, c], [b, d]) = (*x, *z);
    let (mut da, mut cb, mut difference) = ([0; 8], [0; 8], [0; 8]);
    mul(&mut da, &d, &a);
    mul(&mut cb, &c, &b);
    butterfly(&mut difference, &mut da, &cb);
    let (mut aa, mut bb, mut e, mut t) = ([0; 8], [0; 8], [0; 8], [0; 8]);
    square_of_one(&mut aa, x, other);
    square_of_one(&mut bb, z, other);
    subtract(&mut e, &aa, &bb);
    let f = folded(&bb, 121_666, &e);
    let ([x2, x3], [z2, z3]) = (x, z);
    mul(x2, &aa, &bb);
    mul(z2, &e, &f);
    square(x3, &da);
    square(&mut t, &difference);
    mul(z3, x1, &t);
}

/// `a^(p - 2)`, by the bits of p - 2 = 2^255 - 21: all are set but those of 4 and 16.
fn inverse(a: &Element) -> Element {
    let mut power = ONE;
    for bit in (0..255).rev() {
        let own = power;
        square(&mut power, &own);
        if bit != 2 && bit != 4 {
            let own = power;
            mul(&mut power, &own, a);
        }
    }
    power
}

/// The one number below p.
fn canonical(a: Element) -> Element {
    let (mut more, mut carry) = (a, 19);
    for word in &mut more {
        *word = multiply_add(*word, 1, 0, &mut carry);
    }
    let [.., top] = &mut more;
    if *top >> 31 == 0 {
        return a;
    }
    *top &= 0x7FFF_FFFF;
    more
}

const ONE: Element = [1, 0, 0, 0, 0, 0, 0, 0];
