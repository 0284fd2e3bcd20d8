//! Poly1305 in Thumb-2 assembly: the same sums as in [`super::plain`], in another order.
//!
//! Half j of `h` times r_i falls on word i + j, times s_i on word i + j − 4: so one multiplier is met by four halves
//! or fewer, each in a word of its own. r0 fills four words; s3 and r3, s2 and r2, s1 and r1 do it in pairs.
//! MUL leaves the carry alone, so that one carry runs through four MULs and four ADCSs.
#![allow(unsafe_code)]

use core::{arch::naked_asm, mem::MaybeUninit};

use super::OneTimeKey;
use crate::TAG_LEN;

/// As [`super::plain::tag`].
pub(crate) fn tag(key: &mut OneTimeKey, ad: &[u8], text: &[u8]) -> [u8; TAG_LEN] {
    let mut tag = MaybeUninit::uninit();
    // SAFETY: reads and wipes the key, which is aligned; reads `ad` and `text` within their lengths; writes the tag,
    // the whole of it, and its own stack.
    unsafe {
        poly1305_tag(key, &mut tag, ad.len(), ad.as_ptr(), text.len(), text.as_ptr());
        tag.assume_init()
    }
}

/// r0–r3 and r4 hold the number that is worked on: h, the middle sums, the product.
/// r8–r11 are four halves of h, x0 to x3; r5 is scratch; r7 and r12 are halves of multipliers;
/// r6 points to h4 and the multipliers, lr there or 2 further on, as x0 to x3 are lower halves or higher ones.
///
/// Stack, 160 bytes: what the code calls by these names, and what the caller's registers held.
#[unsafe(naked)]
unsafe extern "C" fn poly1305_tag(
    key: *mut OneTimeKey,
    tag: *mut MaybeUninit<[u8; TAG_LEN]>,
    ad_len: usize,
    ad: *const u8,
    text_len: usize,
    text: *const u8,
) {
    naked_asm!(
        r"
        .set    .Lupper, 0      @ the upper sums, four words; between blocks, room for an incomplete one
        .set    .Lh, 16         @ four words, followed by:
        .set    .Lh4, 32        @ h4, s1, s2, s3, r0, r1, r2, r3
        .set    .Lstart, 64     @ of the next block
        .set    .Llen, 68       @ of what is left after it
        .set    .Lkey, 72       @ the key
        .set    .Ltag, 76
        .set    .Lpart, 80      @ the next of those that follow: ad, text, lengths
        .set    .Llengths, 108  @ §2.8's last block
        @ From r6:
        .set    .Lx, -16
        .set    .Ls1, 4
        .set    .Ls2, 8
        .set    .Ls3, 12
        .set    .Lr0, 16
        .set    .Lr1, 20
        .set    .Lr2, 24
        .set    .Lr3, 28
        .set    .Lhigher, 2

        @ x0..x3
        .macro  poly1305_halves
            ldrh    r8, [lr, #.Lx]
            ldrh    r9, [lr, #.Lx + 4]
            ldrh    r10, [lr, #.Lx + 8]
            ldrh    r11, [lr, #.Lx + 12]
        .endm

        @ r0..r4 += a · u + b · v · 2^32 + c · w · 2^64 + d · x · 2^96
        .macro  poly1305_row a, u, b, v, c, w, d, x
            mul     r5, \a, \u
            adds    r0, r5
            mul     r5, \b, \v
            adcs    r1, r5
            mul     r5, \c, \w
            adcs    r2, r5
            mul     r5, \d, \x
            adcs    r3, r5
            adc     r4, #0
        .endm

        push    {{r4-r11, lr}}
        ldr     r4, [sp, #36]
        movs    r5, #0
        push    {{r4, r5}}
        push    {{r2, r5}}              @ the lengths
        ldr     r5, [sp, #56]
        movs    r6, #16
        mov     r7, sp
        push    {{r2-r7}}               @ the parts
        mov     r2, sp
        push    {{r0-r2}}
        sub     sp, #72
        @ r, clamped: < 2^28, and r1 to r3 multiples of 4; s = r + r / 4
        ldm     r0!, {{r4-r7}}
        ldr     r3, 9f
        bic     r4, r4, #0xf0000000
        ands    r5, r3
        ands    r6, r3
        ands    r7, r3
        add     r1, r5, r5, lsr #2
        add     r2, r6, r6, lsr #2
        add     r3, r7, r7, lsr #2
        add     r0, sp, #.Lh4 + 4
        stm     r0!, {{r1-r7}}
        .irp    h, r0, r1, r2, r3, r4
            movs    \h, #0
        .endr
        b       7f

        .p2align 2
    1:  @ h += block + 2^128
        str     r5, [sp, #.Llen]
        ldr     r5, [r7]
        ldr     r6, [r7, #4]
        adds    r0, r5
        adcs    r1, r6
        ldr     r5, [r7, #8]
        ldr     r6, [r7, #12]
        adcs    r2, r5
        adcs    r3, r6
        adc     r4, #1                  @ at most 6
        adds    r7, #16
        str     r7, [sp, #.Lstart]
        add     r6, sp, #.Lh
        stm     r6!, {{r0-r3}}
        str     r4, [r6]

        @ Sums of four products with higher halves: < 2^31. First those of h's higher halves, upper, then those of
        @ its lower halves, the beginning of middle.
        add     lr, r6, #.Lhigher
    2:  poly1305_halves
        ldrh    r4, [r6, #.Lr0 + .Lhigher]
        ldrh    r5, [r6, #.Lr1 + .Lhigher]
        ldrh    r7, [r6, #.Lr2 + .Lhigher]
        ldrh    r12, [r6, #.Lr3 + .Lhigher]
        mul     r0, r8, r4
        mul     r1, r9, r4
        mul     r2, r10, r4
        mul     r3, r11, r4
        mla     r1, r8, r5, r1
        mla     r2, r9, r5, r2
        mla     r3, r10, r5, r3
        mla     r2, r8, r7, r2
        mla     r3, r9, r7, r3
        mla     r3, r8, r12, r3
        ldrh    r4, [r6, #.Ls1 + .Lhigher]
        ldrh    r5, [r6, #.Ls2 + .Lhigher]
        ldrh    r7, [r6, #.Ls3 + .Lhigher]
        mla     r0, r11, r4, r0
        mla     r0, r10, r5, r0
        mla     r1, r11, r5, r1
        mla     r0, r9, r7, r0
        mla     r1, r10, r7, r1
        mla     r2, r11, r7, r2
        cmp     lr, r6
        beq     3f
        stm     sp, {{r0-r3}}
        mov     lr, r6
        b       2b

    3:  @ Products with lower halves, with carries: those of h's higher halves into middle, then those of its lower
        @ halves into the product.
        movs    r4, #0
        add     lr, r6, #.Lhigher
    4:  poly1305_halves
        ldrh    r7, [r6, #.Lr0]
        poly1305_row r8, r7, r9, r7, r10, r7, r11, r7
        ldrh    r7, [r6, #.Ls3]
        ldrh    r12, [r6, #.Lr3]
        poly1305_row r9, r7, r10, r7, r11, r7, r8, r12
        ldrh    r7, [r6, #.Ls2]
        ldrh    r12, [r6, #.Lr2]
        poly1305_row r10, r7, r11, r7, r8, r12, r9, r12
        ldrh    r7, [r6, #.Ls1]
        ldrh    r12, [r6, #.Lr1]
        poly1305_row r11, r7, r8, r12, r9, r12, r10, r12
        cmp     lr, r6
        beq     5f
        @ The product so far: middle · 2^16 + (upper + h4 · (s1, s2, s3, r0)) · 2^32. What lies askew sums to
        @ < (4.75 + 6 · 1.25) · 2^28 + 2^16 < 2^32.
        ldm     sp, {{r8-r11}}
        ldm     r6, {{r5, r7, r12, lr}}
        mla     r8, r5, r7, r8
        mla     r9, r5, r12, r9
        mla     r10, r5, lr, r10
        ldr     r7, [r6, #.Lr0]
        mla     r11, r5, r7, r11
        add     r8, r8, r0, lsr #16
        add     r9, r9, r1, lsr #16
        add     r10, r10, r2, lsr #16
        add     r11, r11, r3, lsr #16
        lsls    r0, r0, #16
        adds    r1, r8, r1, lsl #16
        adcs    r2, r9, r2, lsl #16
        adcs    r3, r10, r3, lsl #16
        adc     r4, r11, r4, lsl #16
        mov     lr, r6
        b       4b

    5:  @ What is above 2^130 comes down times five. r4 < 2^31.4
        lsrs    r5, r4, #2
        and     r4, r4, #3
        add     r5, r5, r5, lsl #2
        movs    r7, #0
        adds    r0, r5
        adcs    r1, r7
        adcs    r2, r7
        adcs    r3, r7
        adcs    r4, r7                  @ at most 4
        ldr     r7, [sp, #.Lstart]
        ldr     r5, [sp, #.Llen]

    6:  @ r7 is the next block, r5 the length from there on.
        subs    r5, #16
        bhs     1b
        adds    r5, #16
        beq     7f
        @ Incomplete: a copy, with zeros.
        movs    r6, #0
        str     r6, [sp]
        str     r6, [sp, #4]
        str     r6, [sp, #8]
        str     r6, [sp, #12]
    0:  subs    r5, #1
        ldrb    r6, [r7, r5]
        strb    r6, [sp, r5]
        bne     0b
        mov     r7, sp
        b       1b

    7:  @ The next part.
        ldr     r6, [sp, #.Lpart]
        add     r5, sp, #.Llengths
        cmp     r6, r5
        beq     8f
        ldm     r6!, {{r5, r7}}
        str     r6, [sp, #.Lpart]
        b       6b

    8:  @ h mod p: h + 5 without the bit of 2^130, if it has that bit; otherwise less the 5 again.
        movs    r7, #0
        adds    r0, #5
        adcs    r1, r7
        adcs    r2, r7
        adcs    r3, r7
        adcs    r4, r7
        lsrs    r4, r4, #2
        eor     r4, r4, #1
        add     r4, r4, r4, lsl #2
        subs    r0, r4
        sbcs    r1, r7
        sbcs    r2, r7
        sbcs    r3, r7
        ldr     r4, [sp, #.Lkey]
        adds    r4, #16
        ldm     r4, {{r4-r7}}
        adds    r0, r4
        adcs    r1, r5
        adcs    r2, r6
        adcs    r3, r7
        ldr     r4, [sp, #.Ltag]
        str     r0, [r4]                @ wherever the tag lies
        str     r1, [r4, #4]
        str     r2, [r4, #8]
        str     r3, [r4, #12]

        @ Wipe the key, and what was made of it.
        .irp    zero, r4, r5, r6, r7
            movs    \zero, #0
        .endr
        ldr     r0, [sp, #.Lkey]
        .rept   2
            stm     r0!, {{r4-r7}}
        .endr
        mov     r0, sp
        .rept   4
            stm     r0!, {{r4-r7}}
        .endr
        add     sp, #124
        pop     {{r4-r11, pc}}

        .p2align 2
    9:  .word   0x0ffffffc

        .purgem poly1305_halves
        .purgem poly1305_row
        "
    )
}
