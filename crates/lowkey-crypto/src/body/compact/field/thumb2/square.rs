//! Squares: as the products, with each product off the diagonal made once.

use core::arch::naked_asm;

use super::super::Element;
use super::reduction::{assemble, difference};

/// See [`square`]; the frame is what [`multiply`] leaves.
#[unsafe(naked)]
pub(in super::super::super) unsafe extern "C" fn square_into(out: *mut Element, a: *const Element) {
    naked_asm!(
        "
        push    {{r0, r1, r4-r11, lr}}
        sub     sp, sp, #84
        ldm     r1, {{r3-r10}}
        ",
        difference!(),
        "
        add     r1, sp, #48
        mov     r7, #-1
        stm     r1, {{r3-r6}}
        str     r7, [sp, #80]
        bl      {square_product}
        add     r12, sp, #48
        stm     r12, {{r0-r7}}
        ldr     r1, [sp, #88]
        bl      {square_product}
        add     r12, sp, #16
        stm     r12, {{r0-r7}}
        ldr     r1, [sp, #88]
        adds    r1, r1, #16
        bl      {square_product}
        b       {assemble}
        ",
        square_product = sym square_product,
        assemble = sym assemble,
    )
}

/// `r0..r7 = [r1]²`, 128 → 256 bits. Not for Rust: keeps only sp.
///
/// As in [`product`], `a² = (al² + 2^32 ah²) + 2^17 al·ah`, and of each square the products off the diagonal are
/// made once and doubled.
#[unsafe(naked)]
unsafe extern "C" fn square_product() {
    naked_asm!(
        r"
        @ w0..w2 += a · v, w3 = a · v3 and the carry
        .macro row a, w0, w1, w2, w3
            mul     \w3, \a, lr
            mul     r0, \a, r9
            adds    \w0, \w0, r0
            mul     r0, \a, r10
            adcs    \w1, \w1, r0
            mul     r0, \a, r11
            adcs    \w2, \w2, r0
            adc     \w3, \w3, #0
        .endm

        @ sp + 0: the even sum's word 0; + 4: al·ah, seven words; + 32: lr
        push    {{lr}}
        sub     sp, sp, #32
        @ al in r5 to r8, ah in r9 to r11 and lr
        ldrh    r5, [r1]
        ldrh    r6, [r1, #4]
        ldrh    r7, [r1, #8]
        ldrh    r8, [r1, #12]
        ldrh    r9, [r1, #2]
        ldrh    r10, [r1, #6]
        ldrh    r11, [r1, #10]
        ldrh    lr, [r1, #14]

        @ al·ah
        mul     r1, r5, r9
        mul     r2, r5, r10
        mul     r3, r5, r11
        mul     r4, r5, lr
        str     r1, [sp, #4]
        row     r6, r2, r3, r4, r1
        str     r2, [sp, #8]
        row     r7, r3, r4, r1, r2
        str     r3, [sp, #12]
        row     r8, r4, r1, r2, r3
        str     r4, [sp, #16]
        str     r1, [sp, #20]
        str     r2, [sp, #24]
        str     r3, [sp, #28]

        @ off the diagonal: al's products are words 1 to 5, in r1 to r5; ah's words 2 to 6, the last in r12
        mul     r0, r5, r5
        str     r0, [sp]
        mul     r1, r5, r6
        mul     r2, r5, r7
        mul     r3, r5, r8
        mul     r0, r6, r7
        adds    r3, r3, r0
        mul     r4, r6, r8
        adc     r4, r4, #0
        mul     r5, r7, r8
        mul     r0, r9, r10
        adds    r2, r2, r0
        mul     r0, r9, r11
        adcs    r3, r3, r0
        mul     r0, r9, lr
        adcs    r4, r4, r0
        mul     r0, r10, lr
        adcs    r5, r5, r0
        mul     r12, r11, lr
        adc     r12, r12, #0
        mul     r0, r10, r11
        adds    r4, r4, r0
        adcs    r5, r5, #0
        adc     r12, r12, #0
        @ doubled; word 7 is the last square and what the doubling carries
        mul     lr, lr, lr
        adds    r1, r1, r1
        adcs    r2, r2, r2
        adcs    r3, r3, r3
        adcs    r4, r4, r4
        adcs    r5, r5, r5
        adcs    r12, r12, r12
        adc     lr, lr, #0
        @ the other squares
        mul     r0, r9, r9
        adds    r1, r1, r0
        mul     r0, r6, r6
        adcs    r2, r2, r0
        mul     r0, r10, r10
        adcs    r3, r3, r0
        mul     r0, r7, r7
        adcs    r4, r4, r0
        mul     r0, r11, r11
        adcs    r5, r5, r0
        mul     r0, r8, r8
        adcs    r12, r12, r0
        adc     lr, lr, #0

        @ + (al·ah << 17)
        ldm     sp, {{r0, r6-r11}}
        adds    r0, r0, r6, lsl #17
        str     r0, [sp]
        ldr     r0, [sp, #28]
        adcs    r1, r1, r7, lsl #17
        adcs    r2, r2, r8, lsl #17
        adcs    r3, r3, r9, lsl #17
        adcs    r4, r4, r10, lsl #17
        adcs    r5, r5, r11, lsl #17
        adcs    r12, r12, r0, lsl #17
        adc     lr, lr, #0
        adds    r1, r1, r6, lsr #15
        adcs    r2, r2, r7, lsr #15
        adcs    r3, r3, r8, lsr #15
        adcs    r4, r4, r9, lsr #15
        adcs    r5, r5, r10, lsr #15
        adcs    r6, r12, r11, lsr #15
        adc     r7, lr, r0, lsr #15
        ldr     r0, [sp]
        add     sp, sp, #32
        pop     {{pc}}
        .purgem row
        ",
    )
}
