//! Products: 256 × 256 bits from three of 128 × 128, and those from rows.

use core::arch::naked_asm;

use super::super::Element;
use super::reduction::{assemble, difference};

/// See [`mul`].
///
/// The frame, in bytes: + 0: |a0 - a1|, which [`product`] takes first; + 16: a0, the second; + 32: a1, the third; and
/// from there on the frame that [`assemble`] and [`fold`] take over, where a1 is + 0 and later the product's last four
/// words; + 16: a0·b0, later the sum's words 4 to 7 in its upper half; + 48: |b0 - b1|, later the product of both
/// differences; + 80: -1 if that is to be taken away, 0 if it is to be added; + 84: out, b, r4 to r11, lr.
#[unsafe(naked)]
pub(in super::super::super) unsafe extern "C" fn multiply(
    out: *mut Element,
    a: *const Element,
    b: *const Element,
) {
    naked_asm!(
        "
        push    {{r0, r2, r4-r11, lr}}
        sub     sp, sp, #116
        add     r12, sp, #16
        ldm     r1, {{r3-r10}}
        stm     r12, {{r3-r10}}
        ",
        difference!(),
        "
        stm     sp, {{r3-r6}}
        mvn     r11, r7
        ldm     r2, {{r3-r10}}
        ",
        difference!(),
        "
        add     r2, sp, #80
        eor     r11, r11, r7
        str     r11, [sp, #112]
        stm     r2, {{r3-r6}}
        bl      {product}
        add     r12, sp, #80
        add     sp, sp, #16
        stm     r12, {{r0-r7}}
        ldr     r2, [sp, #104]
        bl      {product}
        add     r12, sp, #32
        add     sp, sp, #16
        stm     r12, {{r0-r7}}
        ldr     r2, [sp, #88]
        adds    r2, r2, #16
        bl      {product}
        b       {assemble}
        ",
        product = sym product,
        assemble = sym assemble,
    )
}

/// The rows. In all of them r1 is the half of `a`, r0 is scratch, and the four words of the sum that a row meets are
/// `w0..w3`, lowest first.
macro_rules! rows {
    () => {
        r"
        @ w0..w3 = a · v
        .macro fresh_row v0, v1, v2, v3, w0, w1, w2, w3
            mul     \w0, r1, \v0
            mul     \w1, r1, \v1
            mul     \w2, r1, \v2
            mul     \w3, r1, \v3
        .endm

        @ w0..w3 += a · v; the carry stays in C
        .macro full_row v0, v1, v2, v3, w0, w1, w2, w3
            mul     r0, r1, \v0
            adds    \w0, \w0, r0
            mul     r0, r1, \v1
            adcs    \w1, \w1, r0
            mul     r0, r1, \v2
            adcs    \w2, \w2, r0
            mul     r0, r1, \v3
            adcs    \w3, \w3, r0
        .endm

        @ w0..w2 += a · v, and the carry to w3
        .macro last_row v0, v1, v2, w0, w1, w2, w3
            mul     r0, r1, \v0
            adds    \w0, \w0, r0
            mul     r0, r1, \v1
            adcs    \w1, \w1, r0
            mul     r0, r1, \v2
            adcs    \w2, \w2, r0
            adc     \w3, \w3, #0
        .endm

        @ w0..w3 += a · v where w3 is new: there is only what the row before carried. That, the product, which is
        @ at most 2^32 - 2^17 + 1, and this row's carry fit.
        .macro next_row v0, v1, v2, v3, w0, w1, w2, w3
            mul     \w3, r1, \v3
            adc     \w3, \w3, #0
            last_row \v0, \v1, \v2, \w0, \w1, \w2, \w3
        .endm

        @ The half of a at sp + half, by bl: it finishes the lowest word, which goes to sp + at. The half behind it, by
        @ bh: it begins a new word, in the place of that one.
        .macro pair half, at, w0, w1, w2, w3
            ldrh    r1, [sp, #\half]
            full_row r2, r3, r8, r9, \w0, \w1, \w2, \w3
            str     \w0, [sp, #\at]
            ldrh    r1, [sp, #\half + 2]
            next_row r10, r11, r12, lr, \w1, \w2, \w3, \w0
        .endm
        "
    };
}

/// `r0..r7 = a · [r2]`, 128 × 128 → 256 bits; the four words of `a` are on the stack. Not for Rust: keeps only sp.
///
/// With `a = al + 2^16 ah` and so on, where al is the low halves of the words of `a` and ah the high ones, as
/// numbers of four words: `a · b = (al·bl + 2^32 ah·bh) + 2^16 (al·bh + ah·bl)`. The second sum, the *odd* one, is
/// below 2^225; it is made first and stored two bytes up, where it is added to the first word by word.
#[unsafe(naked)]
unsafe extern "C" fn product() {
    naked_asm!(
        rows!(),
        r"
        @ sp + 0: the even sum's words 0 to 3; + 16: the odd sum << 16; + 48: lr; + 52: a
        push    {{lr}}
        sub     sp, sp, #48
        movs    r1, #0
        strh    r1, [sp, #16]
        @ bl in r2, r3, r8, r9; bh in r10 to r12 and lr
        ldrh    r3, [r2, #4]
        ldrh    r8, [r2, #8]
        ldrh    r9, [r2, #12]
        ldrh    r10, [r2, #2]
        ldrh    r11, [r2, #6]
        ldrh    r12, [r2, #10]
        ldrh    lr, [r2, #14]
        ldrh    r2, [r2]

        @ odd sum: al[0]·bh, then in turn ah[i]·bl and al[i+1]·bh
        ldrh    r1, [sp, #52]
        fresh_row r10, r11, r12, lr, r4, r5, r6, r7
        pair    54, 18, r4, r5, r6, r7
        pair    58, 22, r5, r6, r7, r4
        pair    62, 26, r6, r7, r4, r5
        ldrh    r1, [sp, #66]
        full_row r2, r3, r8, r9, r7, r4, r5, r6
        mov     r0, #0
        adc     r0, r0, #0
        str     r7, [sp, #30]
        str     r4, [sp, #34]
        str     r5, [sp, #38]
        str     r6, [sp, #42]
        strh    r0, [sp, #46]

        @ even sum: in turn al[i]·bl and ah[i]·bh, which is a word further up
        ldrh    r1, [sp, #52]
        fresh_row r2, r3, r8, r9, r4, r5, r6, r7
        str     r4, [sp]
        ldrh    r1, [sp, #54]
        mul     r4, r1, lr
        last_row r10, r11, r12, r5, r6, r7, r4
        pair    56, 4, r5, r6, r7, r4
        pair    60, 8, r6, r7, r4, r5
        pair    64, 12, r7, r4, r5, r6

        @ even + (odd << 16); the even sum's upper half is in r4 to r7
        add     r12, sp, #32
        ldm     sp, {{r0-r3, r8-r11}}
        adds    r0, r0, r8
        adcs    r1, r1, r9
        adcs    r2, r2, r10
        adcs    r3, r3, r11
        ldm     r12, {{r8-r11}}
        adcs    r4, r4, r8
        adcs    r5, r5, r9
        adcs    r6, r6, r10
        adcs    r7, r7, r11
        add     sp, sp, #48
        pop     {{pc}}
        .purgem fresh_row
        .purgem full_row
        .purgem last_row
        .purgem next_row
        .purgem pair
        ",
    )
}
