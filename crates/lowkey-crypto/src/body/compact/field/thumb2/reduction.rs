//! What is around the products: differences for Karatsuba, their assembly, and the reduction modulo p.

use core::arch::naked_asm;

use super::super::Element;

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
pub(super) use difference;

/// The end of [`multiply`] and [`square_into`]: `low + 2^128 (low + high ∓ middle) + 2^256 high`, where high is in
/// r0 to r7, goes to [`fold`].
#[unsafe(naked)]
pub(super) unsafe extern "C" fn assemble() {
    naked_asm!(
        "
        @ words 4 to 7 are low[0..4] + c and words 8 to 11 are c + high[4..8], with c = low[4..8] + high[0..4]:
        @ r0 to r3, carry r8
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
        mov     lr, #0
        b       {fold}
        ",
        fold = sym fold,
    )
}

/// The end of everything that multiplies: `out = l + c · h + lr`, reduced, in the frame of [`multiply`].
///
/// `l` is words 0 to 3 at sp + 16 and then r0 to r3; `h` is r4 to r7 and then words 4 to 7 at sp, with r8 still to
/// be added to word 4; `c` is in r11, at most 65,000; lr and `c` times r8 are below 2^22.
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
        mla     r10, r9, r10, lr
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
pub(in super::super::super) unsafe extern "C" fn multiply_add(a: *mut Element, b: *const Element) {
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
        sbc     lr, lr, lr
        bic     lr, r1, lr
        mul     lr, lr, r11
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
