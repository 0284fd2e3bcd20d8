//! The field in Thumb-2 assembly.
//!
//! A Cortex-M3 multiplies 32×32→32 bits in one cycle whatever the operands; what it has for longer products takes
//! longer for some operands than for others. So a word is multiplied as two halves of 16 bits, and each product is
//! exact in 32. MUL leaves the carry alone: a *row*, which is one half of `a` times four halves of `b`, is four MULs
//! and four ADCSs, and one carry runs through it.
//!
//! Halves of one kind stand a whole word apart, so their products fall on whole words: low × low and high × high
//! on the words of the result, low × high 16 bits further up. 256 × 256 bits are three products of 128 × 128
//! (Karatsuba), which `assemble` puts together and `fold` reduces.
//!
//! The ladder calls the routines themselves. The functions in front of them are for the tests on the device, which
//! hold them to [`super::plain`].
#![allow(unsafe_code)]

mod linear;
mod product;
mod reduction;
mod square;

pub(in super::super) use linear::{add_subtract, choose, sub};
pub(in super::super) use product::multiply;
pub(in super::super) use reduction::multiply_add;
pub(in super::super) use square::square_into;

use super::Element;

/// `out = a · b`, as in [`super::plain`].
pub(crate) fn mul(out: &mut Element, a: &Element, b: &Element) {
    // SAFETY: valid pointers to eight words each, and `out` is written after the last read of `a` and `b`.
    unsafe { multiply(out, a, b) }
}

/// `a = a · b`.
#[inline(always)] // a move more than `mul`
pub(crate) fn mul_by(a: &mut Element, b: &Element) {
    // SAFETY: as in `mul`.
    unsafe { multiply(a, a, b) }
}

/// `out = a²`.
pub(crate) fn square(out: &mut Element, a: &Element) {
    // SAFETY: as in `mul`.
    unsafe { square_into(out, a) }
}

/// `a = a²`.
#[inline(always)] // a move more than `square`
pub(crate) fn square_in_place(a: &mut Element) {
    // SAFETY: as in `mul`.
    unsafe { square_into(a, a) }
}

/// `a = a + 121,666 · b`.
pub(crate) fn add_multiple(a: &mut Element, b: &Element) {
    // SAFETY: as in `mul`.
    unsafe { multiply_add(a, b) }
}

/// `sum = a + b`, `b = a − b`.
pub(crate) fn butterfly(sum: &mut Element, a: &Element, b: &mut Element) {
    // SAFETY: as in `mul`; `sum` is none of the others.
    unsafe { add_subtract(sum, a, b) }
}

/// `a = a − b`.
pub(crate) fn subtract(a: &mut Element, b: &Element) {
    // SAFETY: as in `mul`.
    unsafe { sub(a, b) }
}

/// `a = b` where `mask` is all ones, `a` as it is where it is zero.
pub(crate) fn select(a: &mut Element, b: &Element, mask: u32) {
    // SAFETY: as in `mul`.
    unsafe { choose(a, b, mask) }
}
