//! The assembly's routines as functions that tests can call. The ladder calls them in registers.

use core::arch::naked_asm;

use super::{
    super::super::field::Element,
    field::{
        butterfly as butterfly_in_registers, multiply as product, square as square_in_registers,
        square_chosen,
    },
};

/// `out = a · b`, as in `plain`.
pub(crate) fn mul(out: &mut Element, a: &Element, b: &Element) {
    // SAFETY: valid pointers to eight words each; the routine keeps to the AAPCS.
    unsafe { mul_of(out, a, b) }
}

/// `out = a²`.
pub(crate) fn square(out: &mut Element, a: &Element) {
    // SAFETY: as in `mul`.
    unsafe { square_of(out, a) }
}

/// `out = a²`, or `b²` where `mask` is all ones.
pub(crate) fn square_of_one(out: &mut Element, [a, b]: &[Element; 2], mask: u32) {
    // SAFETY: as in `mul`; the two stand one behind the other.
    unsafe { square_chosen_of(out, &[*a, *b], mask) }
}

/// `a = a + b`, `out = a − b`.
pub(crate) fn butterfly(out: &mut Element, a: &mut Element, b: &Element) {
    // SAFETY: as in `mul`.
    unsafe { butterfly_of(out, a, b) }
}

#[unsafe(naked)]
unsafe extern "C" fn mul_of(out: *mut Element, a: *const Element, b: *const Element) {
    naked_asm!(
        the_core!(),
        "
        push    {{r0, r4-r11, lr}}
        mov     r0, r2
        bl      {product}
        pop     {{r0}}
        stm     r0, {{r2-r9}}
        pop     {{r4-r11, pc}}
        ",
        product = sym product,
    )
}

#[unsafe(naked)]
unsafe extern "C" fn square_of(out: *mut Element, a: *const Element) {
    naked_asm!(
        the_core!(),
        "
        push    {{r0, r4-r11, lr}}
        ldm     r1, {{r1-r8}}
        bl      {square}
        pop     {{r0}}
        stm     r0, {{r1-r8}}
        pop     {{r4-r11, pc}}
        ",
        square = sym square_in_registers,
    )
}

#[unsafe(naked)]
unsafe extern "C" fn square_chosen_of(out: *mut Element, pair: *const [Element; 2], mask: u32) {
    naked_asm!(
        the_core!(),
        "
        push    {{r0, r4-r11, lr}}
        mov     r0, r1
        uadd8   r2, r2, r2
        bl      {square}
        pop     {{r0}}
        stm     r0, {{r1-r8}}
        pop     {{r4-r11, pc}}
        ",
        square = sym square_chosen,
    )
}

#[unsafe(naked)]
unsafe extern "C" fn butterfly_of(out: *mut Element, a: *mut Element, b: *const Element) {
    naked_asm!(
        the_core!(),
        "
        push    {{r0, r4-r11, lr}}
        mov     r0, r1
        ldm     r2, {{r2-r9}}
        bl      {butterfly}
        pop     {{r0}}
        stm     r0, {{r1-r8}}
        pop     {{r4-r11, pc}}
        ",
        butterfly = sym butterfly_in_registers,
    )
}
