//! Poly1305 in Thumb-2 assembly. What a block adds comes in two forms: `narrow` for every core, and `words` for one
//! whose long multiplies take a constant time.
#![allow(unsafe_code)]

use core::{arch::naked_asm, mem::MaybeUninit};

use super::OneTimeKey;
#[cfg(not(lowkey_dsp))]
use super::narrow::block;
#[cfg(lowkey_dsp)]
use super::words::block;
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

/// r0–r3 and r4 hold h. Stack, 160 bytes: what the code calls by these names, and what the caller's registers held.
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
    1:  str     r5, [sp, #.Llen]
        ",
        block!(),
        r"
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
        "
    )
}
