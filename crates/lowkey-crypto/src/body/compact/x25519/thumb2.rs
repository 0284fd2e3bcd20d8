//! The Montgomery ladder in Thumb-2 assembly: the same steps as in [`super::plain`], over the same seven elements.
//!
//! Nothing but calls of the field; in assembly because that takes half the flash of what a compiler makes of it.
#![allow(unsafe_code)]

use core::arch::naked_asm;

use super::super::field::thumb2;
use crate::KEY_LEN;

/// `out = X25519(scalar, u)` for a clamped `scalar`, RFC 7748 §5.
pub(crate) fn multiply(out: &mut [u8; KEY_LEN], scalar: &[u8; KEY_LEN], u: &[u8; KEY_LEN]) {
    // SAFETY: three valid pointers to 32 bytes, of any alignment; the routine keeps to the AAPCS.
    unsafe { ladder(out, scalar, u) }
}

/// The frame, in bytes from sp: + 0: x1; + 32: x2; + 64: z2; + 96: x3; + 128: z3; + 160: t0; + 192: t1; + 224: out,
/// r4 to r8, lr. It is wiped in the end, and so are the frames of the products below it.
#[unsafe(naked)]
unsafe extern "C" fn ladder(out: *mut [u8; KEY_LEN], scalar: *const [u8; KEY_LEN], u: *const [u8; KEY_LEN]) {
    naked_asm!(
        r"
        .macro butterfly sum, a, b
            add     r0, sp, #\sum
            add     r1, sp, #\a
            add     r2, sp, #\b
            bl      {add_subtract}
        .endm
        .macro mul out, a, b
            add     r0, sp, #\out
            add     r1, sp, #\a
            add     r2, sp, #\b
            bl      {multiply}
        .endm
        .macro square out, a
            add     r0, sp, #\out
            add     r1, sp, #\a
            bl      {square_into}
        .endm
        .macro select a, b
            add     r0, sp, #\a
            add     r1, sp, #\b
            mov     r2, r7
            bl      {choose}
        .endm

        push    {{r0, r4-r8, lr}}
        sub     sp, sp, #224
        mov     r4, r1
        bl      9f
        @ x1 = x3 = u without its highest bit; x2 = z3 = 1
        mov     r0, sp
    1:  ldr     r1, [r2], #4
        str     r1, [r0, #96]
        stm     r0!, {{r1}}
        add     r3, sp, #32
        cmp     r0, r3
        bne     1b
        bic     r1, r1, #0x80000000
        str     r1, [sp, #28]
        str     r1, [sp, #124]
        movs    r1, #1
        str     r1, [sp, #32]
        str     r1, [sp, #128]

        @ r5: the bit's number, 254 to 0, r6: the bit before, r7: all ones if the two differ
        movs    r5, #254
        movs    r6, #0
    2:  lsrs    r0, r5, #3
        ldrb    r0, [r4, r0]
        and     r1, r5, #7
        lsrs    r0, r1
        and     r0, r0, #1
        eor     r7, r0, r6
        rsbs    r7, r7, #0
        mov     r6, r0
        butterfly 160, 32, 64
        butterfly 32, 96, 128
        mul     96, 128, 160
        mul     192, 32, 64
        select  160, 32
        select  64, 128
        butterfly 32, 96, 192
        square  96, 32
        square  192, 192
        mul     128, 0, 192
        square  160, 160
        square  64, 64
        mul     32, 160, 64
        add     r0, sp, #160
        add     r1, sp, #64
        bl      {sub}
        add     r0, sp, #64
        add     r1, sp, #160
        bl      {multiply_add}
        mul     64, 64, 160
        subs    r5, r5, #1
        bpl     2b

        @ the inverse of z2: each row of the table is out = a^(2^n) b
        adr     r4, 8f
    3:  ldrb    r5, [r4], #1
        add     r5, sp, r5
        ldrb    r1, [r4], #1
        add     r1, sp, r1
        ldrb    r6, [r4], #1
    4:  mov     r0, r5
        bl      {square_into}
        mov     r1, r5
        subs    r6, r6, #1
        bne     4b
        mov     r0, r5
        ldrb    r2, [r4], #1
        add     r2, sp, r2
        bl      {multiply}
        adr     r0, 8f + 48
        cmp     r4, r0
        bne     3b
        mul     32, 32, 128

        @ the one number below p: 19 more, and 19 less again if that is not 2^255 or more
        movs    r1, #19
        bl      5f
        ldr     r1, [sp, #60]
        lsrs    r1, r1, #31
        subs    r1, r1, #1
        bic     r1, r1, #18
        bl      5f
        ldr     r1, [sp, #60]
        bic     r1, r1, #0x80000000
        str     r1, [sp, #60]
        ldr     r2, [sp, #224]
        add     r0, sp, #32
        add     r3, sp, #64
    6:  ldm     r0!, {{r1}}
        str     r1, [r2], #4
        cmp     r0, r3
        bne     6b
        bl      9f
        @ zero times zero, over what the last product left in the frames below
        mul     32, 64, 96
        add     sp, sp, #228
        pop     {{r4-r8, pc}}

        @ x2 = x2 + r1, which is -19, 0 or 19
    5:  add     r0, sp, #32
        add     r3, sp, #64
    7:  ldr     r2, [r0]
        adds    r2, r2, r1
        stm     r0!, {{r2}}
        asr     r1, r1, #31
        adc     r1, r1, #0
        cmp     r0, r3
        bne     7b
        bx      lr

        @ all elements = 0
    9:  mov     r0, sp
        add     r3, sp, #224
        movs    r1, #0
    7:  stm     r0!, {{r1}}
        cmp     r0, r3
        bne     7b
        bx      lr

        .balign 4
    8:  .byte   96, 64, 1, 64           @ z^3
        .byte   192, 64, 3, 96          @ z^11
        .byte   160, 96, 1, 64          @ z^7
        .byte   128, 160, 2, 96         @ z^(2^5 - 1)
        .byte   96, 128, 5, 128         @ z^(2^10 - 1)
        .byte   160, 96, 10, 96         @ z^(2^20 - 1)
        .byte   128, 160, 20, 160       @ z^(2^40 - 1)
        .byte   160, 128, 10, 96        @ z^(2^50 - 1)
        .byte   96, 160, 50, 160        @ z^(2^100 - 1)
        .byte   128, 96, 100, 96        @ z^(2^200 - 1)
        .byte   96, 128, 50, 160        @ z^(2^250 - 1)
        .byte   128, 96, 5, 192         @ z^(2^255 - 21)
        .purgem butterfly
        .purgem mul
        .purgem square
        .purgem select
        ",
        add_subtract = sym thumb2::add_subtract,
        multiply = sym thumb2::multiply,
        square_into = sym thumb2::square_into,
        choose = sym thumb2::choose,
        sub = sym thumb2::sub,
        multiply_add = sym thumb2::multiply_add,
    )
}
