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
#![allow(unsafe_code)]

use core::arch::naked_asm;

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
        "
    };
}

macro_rules! purge_rows {
    () => {
        ".purgem fresh_row
         .purgem full_row
         .purgem next_row
         .purgem last_row"
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
        ldrh    r1, [sp, #54]
        full_row r2, r3, r8, r9, r4, r5, r6, r7
        str     r4, [sp, #18]
        ldrh    r1, [sp, #56]
        next_row r10, r11, r12, lr, r5, r6, r7, r4
        ldrh    r1, [sp, #58]
        full_row r2, r3, r8, r9, r5, r6, r7, r4
        str     r5, [sp, #22]
        ldrh    r1, [sp, #60]
        next_row r10, r11, r12, lr, r6, r7, r4, r5
        ldrh    r1, [sp, #62]
        full_row r2, r3, r8, r9, r6, r7, r4, r5
        str     r6, [sp, #26]
        ldrh    r1, [sp, #64]
        next_row r10, r11, r12, lr, r7, r4, r5, r6
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
        ldrh    r1, [sp, #56]
        full_row r2, r3, r8, r9, r5, r6, r7, r4
        str     r5, [sp, #4]
        ldrh    r1, [sp, #58]
        next_row r10, r11, r12, lr, r6, r7, r4, r5
        ldrh    r1, [sp, #60]
        full_row r2, r3, r8, r9, r6, r7, r4, r5
        str     r6, [sp, #8]
        ldrh    r1, [sp, #62]
        next_row r10, r11, r12, lr, r7, r4, r5, r6
        ldrh    r1, [sp, #64]
        full_row r2, r3, r8, r9, r7, r4, r5, r6
        str     r7, [sp, #12]
        ldrh    r1, [sp, #66]
        next_row r10, r11, r12, lr, r4, r5, r6, r7

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
        ",
        purge_rows!(),
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

/// r3 to r6 less r7 to r10: the amount stays in r3 to r6, the sign, 0 or -1, in r7.
macro_rules! difference {
    () => {
        "
        subs    r3, r3, r7
        sbcs    r4, r4, r8
        sbcs    r5, r5, r9
        sbcs    r6, r6, r10
        sbc     r7, r7, r7
        eor     r3, r3, r7
        eor     r4, r4, r7
        eor     r5, r5, r7
        eor     r6, r6, r7
        subs    r3, r3, r7
        sbcs    r4, r4, r7
        sbcs    r5, r5, r7
        sbc     r6, r6, r7
        "
    };
}

/// See [`mul`].
///
/// The frame, in bytes: + 0: |a0 - a1|, which [`product`] takes first; + 16: a0, the second; + 32: a1, the third; and
/// from there on the frame that [`assemble`] and [`fold`] take over, where a1 is + 0 and later the product's last four
/// words; + 16: a0·b0, later the sum's words 4 to 7 in its upper half; + 48: |b0 - b1|, later the product of both
/// differences; + 80: -1 if that is to be taken away, 0 if it is to be added; + 84: out, b, r4 to r11, lr.
#[unsafe(naked)]
pub(in super::super) unsafe extern "C" fn multiply(out: *mut Element, a: *const Element, b: *const Element) {
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

/// See [`square`]; the frame is what [`multiply`] leaves.
#[unsafe(naked)]
pub(in super::super) unsafe extern "C" fn square_into(out: *mut Element, a: *const Element) {
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

/// The end of [`multiply`] and [`square_into`]: `low + 2^128 (low + high ∓ middle) + 2^256 high`, where high is in
/// r0 to r7, goes to [`fold`].
#[unsafe(naked)]
unsafe extern "C" fn assemble() {
    naked_asm!(
        "
        @ both low + high and twice 2^128 of it contain c = low[4..8] + high[0..4]: r0 to r3, carry r8
        add     r12, sp, #32
        stm     sp, {{r4-r7}}
        ldm     r12, {{r8-r11}}
        adds    r0, r0, r8
        adcs    r1, r1, r9
        adcs    r2, r2, r10
        adcs    r3, r3, r11
        mov     r8, #0
        adc     r8, r8, #0
        @ words 8 to 11: c + high[4..8], in r4 to r7; carry to word 12 in lr
        adds    r4, r4, r0
        adcs    r5, r5, r1
        adcs    r6, r6, r2
        adcs    r7, r7, r3
        add     r12, sp, #16
        adc     lr, r8, #0
        @ words 4 to 7: c + low[0..4], in r0 to r3; carry to word 8 in r8
        ldm     r12, {{r9-r12}}
        adds    r0, r0, r9
        adcs    r1, r1, r10
        adcs    r2, r2, r11
        adcs    r3, r3, r12
        adc     r8, r8, #0
        adds    r4, r4, r8
        adcs    r5, r5, #0
        adcs    r6, r6, #0
        adcs    r7, r7, #0
        adc     r8, lr, #0
        @ ∓ middle
        add     r12, sp, #48
        ldr     lr, [sp, #80]
        ldm     r12!, {{r9-r11}}
        eor     r9, r9, lr
        eor     r10, r10, lr
        eor     r11, r11, lr
        cmp     lr, #1              @ C: -x = !x + 1
        adcs    r0, r0, r9
        adcs    r1, r1, r10
        adcs    r2, r2, r11
        ldm     r12!, {{r9-r11}}
        eor     r9, r9, lr
        eor     r10, r10, lr
        eor     r11, r11, lr
        adcs    r3, r3, r9
        adcs    r4, r4, r10
        adcs    r5, r5, r11
        ldm     r12, {{r9-r10}}
        eor     r9, r9, lr
        eor     r10, r10, lr
        adcs    r6, r6, r9
        adcs    r7, r7, r10
        adc     r8, r8, lr          @ 0 to 2: the sum is not negative
        @ 2^256 = 38
        mov     r11, #38
        mov     r12, #0
        b       {fold}
        ",
        fold = sym fold,
    )
}

/// The end of everything that multiplies: `out = l + c · h + r12`, reduced, in the frame of [`multiply`].
///
/// `l` is words 0 to 3 at sp + 16 and then r0 to r3; `h` is r4 to r7 and then words 4 to 7 at sp, with r8 still to
/// be added to word 4; `c` is in r11, at most 65,000; r12 and `c` times r8 are below 2^22.
///
/// With v for the sum, the result is `v - q p` for a `q` found before v is: `v / 2^255` from the top words, short
/// by less than 3 · 2^240 / 2^255. So it is not negative, and below 2^255 + 3 · 2^240. Adding `q · 2^255` instead of
/// taking it away gives the same 256 bits.
#[unsafe(naked)]
unsafe extern "C" fn fold() {
    naked_asm!(
        r"
        @ q, from the halves of the top words: c h7 + l7, without what their low halves carry
        ldr     r9, [sp, #12]
        uxth    r10, r9
        lsr     r9, r9, #16
        mul     r10, r10, r11
        mul     r9, r9, r11
        add     r9, r9, r10, lsr #16
        add     r9, r9, r3, lsr #16
        lsr     r9, r9, #15
        add     r3, r3, r9, lsl #31
        mov     r10, #19
        mla     r10, r9, r10, r12
        add     r12, sp, #32
        ldr     lr, [sp, #84]
        stm     r12, {{r0-r3}}
        sub     r12, r12, #16
        @ twice four words: l in r0 to r3, h in r4 to r7, from the words before r10, which is left over again.
        @ Half a word times c and 2^23 fit 32 bits; no more than 2^16 + 2 is left over.
    2:  ldm     r12!, {{r0-r3}}
        uxth    r9, r4
        mla     r9, r9, r11, r10
        adds    r0, r0, r9
        uxth    r9, r5
        mul     r9, r9, r11
        adcs    r1, r1, r9
        uxth    r9, r6
        mul     r9, r9, r11
        adcs    r2, r2, r9
        uxth    r9, r7
        mul     r9, r9, r11
        adcs    r3, r3, r9
        mov     r10, #0
        adc     r10, r10, #0
        lsrs    r4, r4, #16
        mul     r4, r4, r11
        lsrs    r5, r5, #16
        mul     r5, r5, r11
        lsrs    r6, r6, #16
        mul     r6, r6, r11
        lsrs    r7, r7, #16
        mul     r7, r7, r11
        adds    r0, r0, r4, lsl #16
        adcs    r1, r1, r5, lsl #16
        adcs    r2, r2, r6, lsl #16
        adcs    r3, r3, r7, lsl #16
        adc     r10, r10, #0
        adds    r1, r1, r4, lsr #16
        adcs    r2, r2, r5, lsr #16
        adcs    r3, r3, r6, lsr #16
        adc     r10, r10, r7, lsr #16
        stm     lr!, {{r0-r3}}
        add     r9, sp, #48
        cmp     r12, r9
        ittt    ne
        mlane   r10, r8, r11, r10
        ldmne   sp, {{r4-r7}}
        bne     2b
        add     sp, sp, #92
        pop     {{r4-r11, pc}}
        ",
    )
}

/// See [`add_multiple`]; the frame is that of [`multiply`].
#[unsafe(naked)]
pub(in super::super) unsafe extern "C" fn multiply_add(a: *mut Element, b: *const Element) {
    naked_asm!(
        "
        push    {{r0, r1, r4-r11, lr}}
        sub     sp, sp, #84
        @ h = 2 b, and c its half: it is all that a MUL by half a word can take
        ldm     r1, {{r4-r11}}
        adds    r4, r4, r4
        adcs    r5, r5, r5
        adcs    r6, r6, r6
        adcs    r7, r7, r7
        adcs    r8, r8, r8
        adcs    r9, r9, r9
        adcs    r10, r10, r10
        adcs    r11, r11, r11
        stm     sp, {{r8-r11}}
        movw    r11, #60833
        @ what does not fit: c · 2^256 = 38 c
        mov     r1, #38
        sbc     r12, r12, r12
        bic     r12, r1, r12
        mul     r12, r12, r11
        mov     r8, #0
        add     r9, sp, #16
        ldm     r0!, {{r1-r3, r10}}
        stm     r9, {{r1-r3, r10}}
        ldm     r0, {{r0-r3}}
        b       {fold}
        ",
        fold = sym fold,
    )
}

/// `r2..r9 ± words`, `r1` being the pointer to them, which moves on.
macro_rules! chain {
    ($first:literal, $other:literal) => {
        concat!(
            "ldm r1!, {{r10-r12, lr}}\n",
            $first,
            " r2, r2, r10\n",
            $other,
            " r3, r3, r11\n",
            $other,
            " r4, r4, r12\n",
            $other,
            " r5, r5, lr\n",
            "ldm r1!, {{r10-r12, lr}}\n",
            $other,
            " r6, r6, r10\n",
            $other,
            " r7, r7, r11\n",
            $other,
            " r8, r8, r12\n",
            $other,
            " r9, r9, lr\n",
        )
    };
}

/// Carries r10 ± into r2..r9.
macro_rules! ripple {
    ($first:literal, $other:literal) => {
        concat!(
            $first,
            " r2, r2, r10\n",
            $other,
            " r3, r3, #0\n",
            $other,
            " r4, r4, #0\n",
            $other,
            " r5, r5, #0\n",
            $other,
            " r6, r6, #0\n",
            $other,
            " r7, r7, #0\n",
            $other,
            " r8, r8, #0\n",
            $other,
            " r9, r9, #0\n",
        )
    };
}

/// See [`butterfly`].
#[unsafe(naked)]
pub(in super::super) unsafe extern "C" fn add_subtract(
    sum: *mut Element,
    a: *const Element,
    b: *mut Element,
) {
    naked_asm!(
        "
        push    {{r1, r2, r4-r11, lr}}
        mov     r12, r1
        mov     r1, r2
        ldm     r12, {{r2-r9}}
        ",
        chain!("adds", "adcs"),
        "
        @ 2^256 = 38
        sbc     r10, r10, r10
        mvn     r10, r10
        and     r10, r10, #38
        ",
        ripple!("adds", "adcs"),
        "
        stm     r0, {{r2-r9}}
        pop     {{r1, r2}}
        mov     r0, r2
        mov     r12, r1
        mov     r1, r2
        b       {difference}
        ",
        difference = sym subtract_popping,
    )
}

/// See [`subtract`].
#[unsafe(naked)]
pub(in super::super) unsafe extern "C" fn sub(a: *mut Element, b: *const Element) {
    naked_asm!(
        "
        push    {{r4-r11, lr}}
        mov     r12, r0
        b       {difference}
        ",
        difference = sym subtract_popping,
    )
}

/// `[r0] = [r12] - [r1]`, and back to whoever pushed r4 to r11 and lr.
#[unsafe(naked)]
unsafe extern "C" fn subtract_popping() {
    naked_asm!(
        "ldm     r12, {{r2-r9}}",
        chain!("subs", "sbcs"),
        "
        @ below zero: 2^256 - 38 more
        sbc     r10, r10, r10
        and     r10, r10, #38
        ",
        ripple!("subs", "sbcs"),
        "
        stm     r0, {{r2-r9}}
        pop     {{r4-r11, pc}}
        ",
    )
}

/// See [`select`].
#[unsafe(naked)]
pub(in super::super) unsafe extern "C" fn choose(a: *mut Element, b: *const Element, mask: u32) {
    naked_asm!(
        "
        push    {{r4-r7, lr}}
        add     lr, r1, #32
    2:  ldm     r0, {{r3, r4}}
        ldm     r1!, {{r5, r6}}
        eors    r5, r5, r3
        eors    r6, r6, r4
        ands    r5, r5, r2
        ands    r6, r6, r2
        eors    r3, r3, r5
        eors    r4, r4, r6
        stm     r0!, {{r3, r4}}
        cmp     r1, lr
        bne     2b
        pop     {{r4-r7, pc}}
        ",
    )
}
