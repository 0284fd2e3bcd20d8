//! The Montgomery ladder, over elements in its frame.

use core::arch::naked_asm;

use super::field::{butterfly, difference, multiply, square, square_chosen};
use crate::KEY_LEN;

/// `out = X25519(scalar, u)` for a clamped `scalar`, RFC 7748 §5.
///
/// As in `x25519::plain`, the two multiples never change places: it is chosen which of them is doubled.
///
/// The frame, in bytes from sp: + 0: x1; + 32: x2; + 64: x3; + 96: z2; + 128: z3; + 160: t0; + 192: t1; + 224: the
/// bit's number, later the row of the table; + 228: the bit before, later the squares that are left; + 232: out,
/// scalar, r4 to r11, lr. It is wiped in the end, and so are the frames of the products below it.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn ladder(
    out: *mut [u8; KEY_LEN],
    scalar: *const [u8; KEY_LEN],
    u: *const [u8; KEY_LEN],
) {
    naked_asm!(
        the_core!(),
        r"
        @ r2..r9 = the product of two elements
        .macro mul a, b
            add     r0, sp, #\b
            add     r1, sp, #\a
            bl      {multiply}
        .endm
        @ what is in eight registers to an element
        .macro put at, w0, w1, w2, w3, w4, w5, w6, w7
            str     \w0, [sp, #\at]
            str     \w1, [sp, #\at + 4]
            str     \w2, [sp, #\at + 8]
            str     \w3, [sp, #\at + 12]
            str     \w4, [sp, #\at + 16]
            str     \w5, [sp, #\at + 20]
            str     \w6, [sp, #\at + 24]
            str     \w7, [sp, #\at + 28]
        .endm
        .macro put1 at
            put     \at, r1, r2, r3, r4, r5, r6, r7, r8
        .endm
        .macro put2 at
            put     \at, r2, r3, r4, r5, r6, r7, r8, r9
        .endm
        @ the sum of two elements in place of the first, the difference in place of the second
        .macro pair a, b
            add     r0, sp, #\b
            add     r1, sp, #\a
            ldm     r0, {{r2-r9}}
            mov     r0, r1
            bl      {butterfly}
            put1    \b
        .endm

        push    {{r0, r1, r4-r11, lr}}
        sub     sp, sp, #232
        bl      9f
        @ x1 = x3 = u without its highest bit; x2 = z3 = 1
        mov     r0, sp
        add     r1, sp, #32
    1:  ldr     r3, [r2], #4
        str     r3, [r0, #64]
        stm     r0!, {{r3}}
        cmp     r0, r1
        bne     1b
        bic     r3, r3, #0x80000000
        str     r3, [sp, #28]
        str     r3, [sp, #92]
        movs    r1, #1
        str     r1, [sp, #32]
        str     r1, [sp, #128]
        movs    r0, #254
        str     r0, [sp, #224]

    2:  pair    32, 96                  @ A, B
        pair    64, 128                 @ C, D
        mul     128, 32                 @ DA
        put2    160
        mul     64, 96                  @ CB
        add     r0, sp, #160
        bl      {butterfly}
        bl      {square}
        put1    192
        @ the GE flags: whether the multiple to be doubled is not the one that was doubled last
        ldr     r0, [sp, #224]
        ldr     r1, [sp, #236]
        ldr     r3, [sp, #228]
        lsrs    r2, r0, #3
        and     r0, r0, #7
        ldrb    r1, [r1, r2]
        lsrs    r1, r0
        str     r1, [sp, #228]
        eors    r1, r1, r3
        and     r1, r1, #1
        rsbs    r1, r1, #0
        uadd8   r1, r1, r1
        add     r0, sp, #32
        bl      {square_chosen}
        put1    32                      @ AA
        add     r0, sp, #96
        bl      {square_chosen}
        add     r0, sp, #32
        put1    96                      @ BB
        @ E = AA - BB
        ldm     r0!, {{r9-r12}}
        subs    r1, r9, r1
        sbcs    r2, r10, r2
        sbcs    r3, r11, r3
        sbcs    r4, r12, r4
        ldm     r0, {{r9-r12}}
        sbcs    r5, r9, r5
        sbcs    r6, r10, r6
        sbcs    r7, r11, r7
        sbcs    r8, r12, r8
        add     r0, sp, #96
        ",
        difference!(),
        r"
        put1    64
        @ BB + 121,666 E
        ldm     r0, {{r9-r12}}
        movw    lr, #0xDB42
        movt    lr, #1
        mov     r0, #0
        umaal   r9, r0, r1, lr
        umaal   r10, r0, r2, lr
        umaal   r11, r0, r3, lr
        umaal   r12, r0, r4, lr
        ldr     r1, [sp, #112]
        ldr     r2, [sp, #116]
        ldr     r3, [sp, #120]
        ldr     r4, [sp, #124]
        umaal   r1, r0, r5, lr
        umaal   r2, r0, r6, lr
        umaal   r3, r0, r7, lr
        umaal   r4, r0, r8, lr
        adds    r4, r4, r4
        adc     r0, r0, r0
        lsr     r4, r4, #1
        add     r5, r0, r0, lsl #3
        add     r0, r0, r5, lsl #1
        adds    r9, r9, r0
        adcs    r10, r10, #0
        adcs    r11, r11, #0
        adcs    r12, r12, #0
        adcs    r1, r1, #0
        adcs    r2, r2, #0
        adcs    r3, r3, #0
        adc     r4, r4, #0
        put     128, r9, r10, r11, r12, r1, r2, r3, r4
        mul     32, 96
        put2    32
        mul     64, 128
        put2    96
        add     r0, sp, #160
        ldm     r0, {{r1-r8}}
        bl      {square}
        put1    64
        mul     0, 192
        put2    128
        ldr     r0, [sp, #224]
        subs    r0, r0, #1
        str     r0, [sp, #224]
        bpl     2b

        @ the inverse of z2: each row of the table is out = a^(2^n) b
        adr     r0, 8f
    3:  str     r0, [sp, #224]
        ldrb    r1, [r0, #1]
        ldrb    r2, [r0, #2]
        str     r2, [sp, #228]
        add     r0, sp, r1
        ldm     r0, {{r1-r8}}
    4:  bl      {square}
        ldr     r0, [sp, #228]
        subs    r0, r0, #1
        str     r0, [sp, #228]
        bne     4b
        ldr     r0, [sp, #224]
        ldrb    r9, [r0]
        ldrb    r0, [r0, #3]
        add     r9, sp, r9
        add     r0, sp, r0
        stm     r9, {{r1-r8}}
        mov     r1, r9
        bl      {multiply}
        ldr     r0, [sp, #224]
        ldrb    r1, [r0], #4
        add     r1, sp, r1
        stm     r1, {{r2-r9}}
        adr     r1, 8f + 48
        cmp     r0, r1
        bne     3b
        mul     32, 128

        @ the one number below p: 19 more, and 19 less again if that is not 2^255 or more
        movs    r1, #19
        bl      5f
        lsr     r1, r9, #31
        subs    r1, r1, #1
        and     r1, r1, #19
        rsbs    r1, r1, #0
        bl      5f
        bic     r9, r9, #0x80000000
        ldr     r0, [sp, #232]
        str     r2, [r0]
        str     r3, [r0, #4]
        str     r4, [r0, #8]
        str     r5, [r0, #12]
        str     r6, [r0, #16]
        str     r7, [r0, #20]
        str     r8, [r0, #24]
        str     r9, [r0, #28]
        bl      9f
        @ zero times zero, over what the last product left in the frames below
        mul     32, 64
        add     sp, sp, #240
        pop     {{r4-r11, pc}}

        @ r2..r9 += r1, which is -19, 0 or 19
    5:  asr     r0, r1, #31
        adds    r2, r2, r1
        adcs    r3, r3, r0
        adcs    r4, r4, r0
        adcs    r5, r5, r0
        adcs    r6, r6, r0
        adcs    r7, r7, r0
        adcs    r8, r8, r0
        adc     r9, r9, r0
        bx      lr

        @ all elements = 0, and the bit before
    9:  movs    r1, #0
        movs    r0, #228
    7:  str     r1, [sp, r0]
        subs    r0, r0, #4
        bpl     7b
        bx      lr

        .balign 4
    8:  .byte   64, 96, 1, 96           @ z^3
        .byte   192, 96, 3, 64          @ z^11
        .byte   160, 64, 1, 96          @ z^7
        .byte   128, 160, 2, 64         @ z^(2^5 - 1)
        .byte   64, 128, 5, 128         @ z^(2^10 - 1)
        .byte   160, 64, 10, 64         @ z^(2^20 - 1)
        .byte   128, 160, 20, 160       @ z^(2^40 - 1)
        .byte   160, 128, 10, 64        @ z^(2^50 - 1)
        .byte   64, 160, 50, 160        @ z^(2^100 - 1)
        .byte   128, 64, 100, 64        @ z^(2^200 - 1)
        .byte   64, 128, 50, 160        @ z^(2^250 - 1)
        .byte   128, 64, 5, 192         @ z^(2^255 - 21)
        .purgem mul
        .purgem put
        .purgem put1
        .purgem put2
        .purgem pair
        ",
        multiply = sym multiply,
        square = sym square,
        square_chosen = sym square_chosen,
        butterfly = sym butterfly,
    )
}
