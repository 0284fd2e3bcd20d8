//! Products, squares and what is linear, on elements in registers.
//!
//! None of these keeps to the AAPCS: they keep sp alone. An element in registers is eight of them in ascending order.

use core::arch::naked_asm;

/// `w0..w3 += m · (r5..r8)`, with what was in `c` before, lowest first; what is over goes to `c`.
macro_rules! row {
    () => {
        r"
        .macro row m, w0, w1, w2, w3, c
            umaal   \w0, \c, r5, \m
            umaal   \w1, \c, r6, \m
            umaal   \w2, \c, r7, \m
            umaal   \w3, \c, r8, \m
        .endm
        "
    };
}

/// `w0..w7` is the number of 16 words of which the upper eight are in `q0..q7` and the lower eight are popped, reduced;
/// `c` is zero.
macro_rules! reduce {
    () => {
        r"
        .macro reduce q0, q1, q2, q3, q4, q5, q6, q7, k, c, w0, w1, w2, w3, w4, w5, w6, w7
            @ 2^256 = 38
            mov     \k, #38
            pop     {{r5-r8}}
            umaal   r5, \c, \q0, \k
            umaal   r6, \c, \q1, \k
            umaal   r7, \c, \q2, \k
            umaal   r8, \c, \q3, \k
            pop     {{r9-r12}}
            umaal   r9, \c, \q4, \k
            umaal   r10, \c, \q5, \k
            umaal   r11, \c, \q6, \k
            umaal   r12, \c, \q7, \k
            @ 2^255 = 19: at most 77 times
            adds    r12, r12, r12
            adc     \c, \c, \c
            lsr     r12, r12, #1
            add     \k, \c, \c, lsl #3
            add     \c, \c, \k, lsl #1
            adds    \w0, r5, \c
            adcs    \w1, r6, #0
            adcs    \w2, r7, #0
            adcs    \w3, r8, #0
            adcs    \w4, r9, #0
            adcs    \w5, r10, #0
            adcs    \w6, r11, #0
            adc     \w7, r12, #0
        .endm
        "
    };
}

/// `r1..r8` is a difference, and C is clear where it is below zero: then 2^256 - 38 more. Takes r9.
macro_rules! difference {
    () => {
        "
        sbc     r9, r9, r9
        and     r9, r9, #38
        subs    r1, r1, r9
        sbcs    r2, r2, #0
        sbcs    r3, r3, #0
        sbcs    r4, r4, #0
        sbcs    r5, r5, #0
        sbcs    r6, r6, #0
        sbcs    r7, r7, #0
        sbc     r8, r8, #0
        "
    };
}
pub(super) use difference;

/// `r2..r9 = [r1] · [r0]`. Any operands; the result is reduced.
///
/// Four words of one operand stay in registers, and four words of the sum, while the words of the other come by: a
/// *row* adds a word's products and leaves one word of the sum finished and one new. The word that a row begins with is
/// zero for the lower half of `a`, and for the upper half what the lower one has left there.
///
/// The frame, in bytes: + 0: words 8 to 11 of the lower half's sum; + 16: words 0 to 7 of the sum; + 48: a, lr.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn multiply() {
    naked_asm!(
        the_core!(),
        row!(),
        reduce!(),
        "
        push    {{r1, lr}}
        sub     sp, sp, #48
        ldm     r1, {{r5-r8}}
        ldm     r0!, {{r1-r4}}
        umull   r10, r9, r5, r1
        mov     r11, #0
        umaal   r11, r9, r6, r1
        mov     lr, #0
        umaal   lr, r9, r7, r1
        mov     r12, #0
        umaal   r12, r9, r8, r1
        str     r10, [sp, #16]
        mov     r10, #0
        row     r2, r11, lr, r12, r9, r10
        str     r11, [sp, #20]
        mov     r11, #0
        row     r3, lr, r12, r9, r10, r11
        str     lr, [sp, #24]
        mov     lr, #0
        row     r4, r12, r9, r10, r11, lr
        str     r12, [sp, #28]
        ldm     r0, {{r1-r4}}
        mov     r12, #0
        row     r1, r9, r10, r11, lr, r12
        mov     r1, #0
        row     r2, r10, r11, lr, r12, r1
        mov     r2, #0
        row     r3, r11, lr, r12, r1, r2
        mov     r3, #0
        row     r4, lr, r12, r1, r2, r3

        @ words 4 to 7 are in r9 to r11 and lr
        str     r12, [sp]
        str     r1, [sp, #4]
        str     r2, [sp, #8]
        str     r3, [sp, #12]
        ldr     r1, [sp, #48]
        subs    r0, r0, #16
        adds    r1, r1, #16
        mov     r12, #0
        ldm     r1, {{r5-r8}}
        ldm     r0!, {{r1-r4}}
        row     r1, r9, r10, r11, lr, r12
        str     r9, [sp, #32]
        mov     r9, #0
        row     r2, r10, r11, lr, r12, r9
        str     r10, [sp, #36]
        mov     r10, #0
        row     r3, r11, lr, r12, r9, r10
        str     r11, [sp, #40]
        mov     r11, #0
        row     r4, lr, r12, r9, r10, r11
        str     lr, [sp, #44]
        ldm     r0, {{r1-r4}}
        ldrd    r0, lr, [sp], #8
        row     r1, r12, r9, r10, r11, r0
        row     r2, r9, r10, r11, r0, lr
        ldrd    r1, r2, [sp], #8
        row     r3, r10, r11, r0, lr, r1
        row     r4, r11, r0, lr, r1, r2

        mov     r4, #0
        reduce  r12, r9, r10, r11, r0, lr, r1, r2, r3, r4, r2, r3, r4, r5, r6, r7, r8, r9
        pop     {{r0, pc}}
        .purgem row
        .purgem reduce
        ",
    )
}

/// `r1..r8 = [r0]²`, or of the element behind that one where the GE flags are set. Any operand; the result is reduced.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn square_chosen() {
    naked_asm!(
        the_core!(),
        "
        ldm     r0!, {{r1-r8}}
        ldm     r0!, {{r9-r12}}
        sel     r1, r9, r1
        sel     r2, r10, r2
        sel     r3, r11, r3
        sel     r4, r12, r4
        ldm     r0, {{r9-r12}}
        sel     r5, r9, r5
        sel     r6, r10, r6
        sel     r7, r11, r7
        sel     r8, r12, r8
        b       {square}
        ",
        square = sym square,
    )
}

/// `r1..r8 = (r1..r8)²`. Any operand; the result is reduced.
///
/// Each product off the diagonal is made once. As soon as a word of their sum is finished it is doubled, in a chain of
/// carries that stays in C, and gets its part of the squares, in another one in lr. Neither disturbs the products.
///
/// The frame, in bytes: + 0: words 0 to 7; + 32: lr.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn square() {
    naked_asm!(
        the_core!(),
        row!(),
        reduce!(),
        r"
        @ doubled, and a square more
        .macro even word, a
            adcs    \word, \word, \word
            umaal   \word, lr, \a, \a
        .endm

        push    {{lr}}
        sub     sp, sp, #32
        @ the lower half by itself: words 1 to 6
        umull   r9, lr, r1, r1
        str     r9, [sp]
        umull   r9, r12, r1, r2
        mov     r0, #0
        adds    r9, r9, r9
        umaal   r9, lr, r0, r0
        str     r9, [sp, #4]
        umlal   r12, r0, r1, r3
        even    r12, r2
        str     r12, [sp, #8]
        mov     r10, #0
        umlal   r0, r10, r1, r4
        mov     r11, #0
        umaal   r0, r11, r2, r3
        mov     r12, #0
        even    r0, r12
        str     r0, [sp, #12]
        umaal   r10, r11, r2, r4
        umlal   r11, r12, r3, r4
        @ by the upper half: words 4 to 11
        mov     r0, #0
        mov     r9, #0
        row     r1, r10, r11, r12, r0, r9
        even    r10, r3
        str     r10, [sp, #16]
        mov     r1, #0
        mov     r10, #0
        row     r2, r11, r12, r0, r9, r10
        even    r11, r1
        str     r11, [sp, #20]
        mov     r11, #0
        row     r3, r12, r0, r9, r10, r11
        even    r12, r4
        str     r12, [sp, #24]
        mov     r12, #0
        row     r4, r0, r9, r10, r11, r12
        even    r0, r1
        str     r0, [sp, #28]
        @ the upper half by itself: words 9 to 14
        mov     r2, #0
        umaal   r10, r2, r5, r6
        umaal   r11, r2, r5, r7
        umaal   r12, r2, r5, r8
        mov     r3, #0
        umaal   r12, r3, r6, r7
        umaal   r2, r3, r6, r8
        mov     r4, #0
        umlal   r3, r4, r7, r8
        even    r9, r5
        even    r10, r1
        even    r11, r6
        even    r12, r1
        even    r2, r7
        even    r3, r1
        even    r4, r8
        adc     lr, lr, #0

        reduce  r9, r10, r11, r12, r2, r3, r4, lr, r0, r1, r1, r2, r3, r4, r5, r6, r7, r8
        pop     {{pc}}
        .purgem row
        .purgem reduce
        .purgem even
        ",
    )
}

/// `r1..r8 = [r0] - (r2..r9)`, and `[r0]` is their sum. Reduced operands; the results need not be.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn butterfly() {
    naked_asm!(
        the_core!(),
        r"
        @ word of the sum to memory, of the difference to the register below; the carries are in r12 and in C
        .macro word at, a, b, difference, chain
            \chain  \difference, \a, \b
            umaal   \b, r12, \a, lr
            str     \b, [r0, #\at]
        .endm

        push    {{lr}}
        mov     lr, #1
        mov     r12, #0
        ldrd    r10, r11, [r0]
        word    0, r10, r2, r1, subs
        word    4, r11, r3, r2, sbcs
        ldrd    r10, r11, [r0, #8]
        word    8, r10, r4, r3, sbcs
        word    12, r11, r5, r4, sbcs
        ldrd    r10, r11, [r0, #16]
        word    16, r10, r6, r5, sbcs
        word    20, r11, r7, r6, sbcs
        ldrd    r10, r11, [r0, #24]
        word    24, r10, r8, r7, sbcs
        word    28, r11, r9, r8, sbcs
        @ over 2^256 there is less than 2^12, to which 38 can be added in one word
        mov     lr, #38
        ldr     r10, [r0]
        mla     r10, r12, lr, r10
        str     r10, [r0]
        ",
        difference!(),
        "
        pop     {{pc}}
        .purgem word
        ",
    )
}
