//! The field in Rust, for every core: a number is multiplied as sixteen halves of 16 bits.
//!
//! All sums fit 32 bits, so that no compiler has a reason for a longer multiply. Carries come out of shifts and never
//! out of a comparison, and one that is used as a factor goes through [`black_box`]: a compiler that knows of two
//! values makes a branch of them. That it helps is for the constant-time gates to say, on each target. The results are
//! those of the assembly, word for word; only where a carry runs through three whole words of ones in the upper half of
//! a product, they may be p apart.

use core::hint::black_box;

use zeroize::Zeroize;

use super::Element;

/// `out = a · b`. Any operands; the result is reduced.
pub(crate) fn mul(out: &mut Element, a: &Element, b: &Element) {
    let (mut a, mut b) = (halves(a), halves(b));
    let mut product = [0; 32];
    for (i, a) in a.iter().enumerate() {
        // One row: what was there, a product and a carry, at most 2^16 - 1 + (2^16 - 1)^2 + 2^16 - 1 < 2^32.
        let mut carry = 0;
        let row = product.get_mut(i..).unwrap_or_default();
        for (sum, b) in row.iter_mut().zip(&b) {
            let word = *sum + a * b + carry;
            *sum = word & 0xFFFF;
            carry = word >> 16;
        }
        if let Some(last) = product.get_mut(i + 16) {
            *last = carry;
        }
    }
    if let [low, high] = product.as_chunks().0 {
        fold(out, low, high, 38, 0); // 2^256 = 38
    }
    a.zeroize();
    b.zeroize();
    product.zeroize();
}

/// `a = a · b`.
pub(crate) fn mul_by(a: &mut Element, b: &Element) {
    let own = *a;
    mul(a, &own, b);
}

/// `out = a²`.
pub(crate) fn square(out: &mut Element, a: &Element) {
    mul(out, a, a);
}

/// `a = a²`.
pub(crate) fn square_in_place(a: &mut Element) {
    let own = *a;
    mul(a, &own, &own);
}

/// `a = a + 121,666 · b`. Any operands; the result is reduced.
pub(crate) fn add_multiple(a: &mut Element, b: &Element) {
    // Twice the half of the factor: that has 16 bits.
    let mut twice = [0; 8];
    let carry = sum(&mut twice, b, b);
    let (low, high) = (halves(a), halves(&twice));
    fold(a, &low, &high, 60_833, black_box(carry) * 38 * 60_833);
}

/// `total = a + b`, `b = a − b`. Reduced operands.
pub(crate) fn butterfly(total: &mut Element, a: &Element, b: &mut Element) {
    // Below 2^256 + 2^243: where that does not fit, what is left is small, and 38 more fits.
    let carry = sum(total, a, b);
    add(total, 38 * black_box(carry.cast_signed()));
    let own = core::mem::replace(b, *a);
    subtract(b, &own);
}

/// `a = a − b`. Reduced operands.
pub(crate) fn subtract(a: &mut Element, b: &Element) {
    // Above -2^255 - 2^242: what is below zero stands for 2^256 - 38 more.
    let mut carry = 0;
    for (a, b) in a.iter_mut().zip(b) {
        let low = half(*a) - half(*b) + carry;
        let high = half(*a >> 16) - half(*b >> 16) + (low >> 16);
        *a = joined(low, high);
        carry = high >> 16;
    }
    add(a, 38 * black_box(carry));
}

/// `a = a + n`, modulo 2^256.
pub(crate) fn add(a: &mut Element, n: i32) {
    let mut carry = n;
    for word in a {
        let low = half(*word) + carry;
        let high = half(*word >> 16) + (low >> 16);
        *word = joined(low, high);
        carry = high >> 16;
    }
}

/// `a = b` where `mask` is all ones, `a` as it is where it is zero.
pub(crate) fn select(a: &mut Element, b: &Element, mask: u32) {
    let mask = black_box(mask);
    for (a, b) in a.iter_mut().zip(b) {
        *a ^= mask & (*a ^ b);
    }
}

/// `out = low + c · high + more`, reduced; `c` is at most 65,000 and `more` below 2^22.
///
/// With v for the sum, this is `v - q p`, where `q` is `v / 2^255` from the top words, short by less than
/// 3 · 2^240 / 2^255. So the result is not negative, and below 2^255 + 2^242.
fn fold(out: &mut Element, low: &[u32; 16], high: &[u32; 16], c: u32, more: u32) {
    let ([.., low_top], [.., high_next, high_top]) = (low, high);
    let q = (c * high_top + ((c * high_next) >> 16) + low_top) >> 15;
    // 19 q < 2^22, so the first sum is at most 2^16 + (2^16 - 1) 65,000 + 2^23 < 2^32; the others as in `mul`.
    let mut carry = 19 * q + more;
    let mut sum = [0; 16];
    for ((sum, low), high) in sum.iter_mut().zip(low).zip(high) {
        let word = low + c * high + carry;
        *sum = word & 0xFFFF;
        carry = word >> 16;
    }
    // What is over 2^256 goes away; bit 255 of q 2^255 is all that is left of that.
    let [.., top] = &mut sum;
    *top ^= (q & 1) << 15;
    for (out, [low, high]) in out.iter_mut().zip(sum.as_chunks().0) {
        *out = low | (high << 16);
    }
}

fn halves(a: &Element) -> [u32; 16] {
    let mut halves = [0; 16];
    for ([low, high], word) in halves.as_chunks_mut().0.iter_mut().zip(a) {
        *low = word & 0xFFFF;
        *high = word >> 16;
    }
    halves
}

/// `out = a + b`, and the carry.
fn sum(out: &mut Element, a: &Element, b: &Element) -> u32 {
    let mut carry = 0;
    for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
        let low = (a & 0xFFFF) + (b & 0xFFFF) + carry;
        let high = (a >> 16) + (b >> 16) + (low >> 16);
        *out = (low & 0xFFFF) | (high << 16);
        carry = high >> 16;
    }
    carry
}

/// The lower half of `word`, with room for a sign.
fn half(word: u32) -> i32 {
    (word & 0xFFFF).cast_signed()
}

/// A word of two halves, whatever they carry.
fn joined(low: i32, high: i32) -> u32 {
    (low & 0xFFFF).cast_unsigned() | (high << 16).cast_unsigned()
}
