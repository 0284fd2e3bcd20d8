//! ChaCha20 in Thumb-2 assembly.
//!
//! A quarter round (RFC 8439 §2.1) is eight instructions, because no rotation is one of its own: a word is left as it
//! is, and turned where the next instruction reads it. What is left over at a quarter's end, 25 bits of `b` and 24 of
//! `d`, the next quarter undoes; before the first round `b` and `d` are turned the other way, and after the last round
//! back.
//!
//! Fourteen registers hold fourteen of the sixteen words. Of the third row two are in registers and two in memory; they
//! change places in the middle of each round.
#![allow(unsafe_code)]

use core::arch::naked_asm;

use super::{FIRST_ROW, Key};
use crate::NONCE_LEN;

/// As [`super::plain::xor`].
pub(crate) fn xor(key: &Key, block: u32, nonce: &[u8; NONCE_LEN], text: &mut [u8]) {
    // SAFETY: reads the key, which is aligned, and the nonce; reads and writes `text` within its length; nothing
    // else but its own stack.
    unsafe { chacha20_xor(key, block, nonce, text.as_mut_ptr(), text.len()) }
}

/// Stack, 168 bytes: the block (64), the state it starts from (64), the text, and what the caller's registers held.
///
/// In the rounds: a = r2–r5, b = r6–r9, c = r0, r1 and two words in memory, d = r10–r12, lr; the count of double
/// rounds is where the block's first word will be.
#[unsafe(naked)]
unsafe extern "C" fn chacha20_xor(
    key: *const Key,
    block: u32,
    nonce: *const [u8; NONCE_LEN],
    text: *mut u8,
    len: usize,
) {
    naked_asm!(
        r"
        .set    .Lstate, 64
        .set    .Lnumber, 112   @ of the block; the last row of the state
        .set    .Ltext, 128
        .set    .Llen, 168      @ the fifth argument

        .macro  chacha20_quarter a, b, c, d
            add     \a, \a, \b, ror #25
            eor     \d, \a, \d, ror #24
            add     \c, \c, \d, ror #16
            eor     \b, \c, \b, ror #25
            add     \a, \a, \b, ror #20
            eor     \d, \a, \d, ror #16
            add     \c, \c, \d, ror #24
            eor     \b, \c, \b, ror #20
        .endm

        .macro  chacha20_double_round counts
            @ Columns: 0 and 1, then 2 and 3.
            chacha20_quarter r2, r6, r0, r10
            chacha20_quarter r3, r7, r1, r11
            str     r0, [sp, #32]
            str     r1, [sp, #36]
            ldr     r0, [sp, #40]
            ldr     r1, [sp, #44]
            chacha20_quarter r4, r8, r0, r12
            chacha20_quarter r5, r9, r1, lr
            @ Diagonals: those with the words 10 and 11 first.
            chacha20_quarter r2, r7, r0, lr
            chacha20_quarter r3, r8, r1, r10
            str     r0, [sp, #40]
            str     r1, [sp, #44]
            .if     \counts
            ldr     r0, [sp]
            subs    r0, #1                  @ nothing below touches the flags
            str     r0, [sp]
            .endif
            ldr     r0, [sp, #32]
            ldr     r1, [sp, #36]
            chacha20_quarter r4, r9, r0, r11
            chacha20_quarter r5, r6, r1, r12
        .endm

        @ Two words of the text, xored with two of the block: in registers, read turned if they are b or d, or in memory.
        .macro  chacha20_text at, v, w, turned
            ldr     r2, [sp, #.Lstate + 4 * \at]
            ldr     r3, [sp, #.Lstate + 4 * \at + 4]
            ldr     r4, [r1, #4 * \at]
            ldr     r5, [r1, #4 * \at + 4]
            .if     \turned
                add     r2, r2, \v, ror #\turned
                add     r3, r3, \w, ror #\turned
            .else
                add     r2, \v
                add     r3, \w
            .endif
            eors    r2, r4
            eors    r3, r5
            str     r2, [r1, #4 * \at]
            str     r3, [r1, #4 * \at + 4]
        .endm

        push    {{r3-r11, lr}}
        ldr     r7, [sp, #40]
        cbnz    r7, 1f
        pop     {{r3-r11, pc}}
    1:  ldr     r4, [r2]                @ wherever the nonce lies
        ldr     r5, [r2, #4]
        ldr     r6, [r2, #8]
        push    {{r1, r4-r6}}
        ldm     r0, {{r4-r11}}
        push    {{r4-r11}}
        adr     r0, 9f
        ldm     r0, {{r4-r7}}
        push    {{r4-r7}}
        sub     sp, #64

    2:  @ A block.
        movs    r0, #{rounds}
        str     r0, [sp]
        add     r0, sp, #.Lstate + 48
        ldm     r0, {{r10-r12, lr}}
        add     r0, sp, #.Lstate + 32
        ldm     r0, {{r0-r3}}
        str     r2, [sp, #40]
        str     r3, [sp, #44]
        add     r2, sp, #.Lstate
        ldm     r2, {{r2-r9}}
        .irp    b, r6, r7, r8, r9
            ror     \b, \b, #7
        .endr
        .irp    d, r10, r11, r12, lr
            ror     \d, \d, #8
        .endr

        .p2align 2
    3:
        .if     {dsp}
            chacha20_double_round 0
        .endif
        chacha20_double_round 1
        bne     3b

        str     r0, [sp, #32]
        str     r1, [sp, #36]
        .if     {dsp}
            @ A whole block from where it is. First the four words that stand in the way.
            ldr     r0, [sp, #.Llen]
            ldr     r1, [sp, #.Ltext]
            subs    r0, #64
            blo     0f
            str     r0, [sp, #.Llen]
            ldr     r0, [sp, #.Lstate]
            add     r2, r0
            ldr     r0, [r1]
            eors    r2, r0
            str     r2, [r1]
            .irp    at, 1, 2, 3
                ldr     r0, [sp, #.Lstate + 4 * \at]
                ldr     r2, [r1, #4 * \at]
                .if     \at == 1
                    add     r0, r3
                .elseif \at == 2
                    add     r0, r4
                .else
                    add     r0, r5
                .endif
                eors    r0, r2
                str     r0, [r1, #4 * \at]
            .endr
            chacha20_text 4, r6, r7, 25
            chacha20_text 6, r8, r9, 25
            chacha20_text 12, r10, r11, 24
            chacha20_text 14, r12, lr, 24
            ldrd    r6, r7, [sp, #32]
            ldrd    r8, r9, [sp, #40]
            chacha20_text 8, r6, r7, 0
            chacha20_text 10, r8, r9, 0
            ldr     r2, [sp, #.Lnumber]
            ldr     r0, [sp, #.Llen]
            adds    r1, #64
            str     r1, [sp, #.Ltext]
            adds    r2, #1
            str     r2, [sp, #.Lnumber]
            cmp     r0, #0
            bne     2b
            b       7f
        .endif
    0:  .irp    b, r6, r7, r8, r9
            ror     \b, \b, #25
        .endr
        .irp    d, r10, r11, r12, lr
            ror     \d, \d, #24
        .endr
        stm     sp, {{r2-r9}}
        add     r0, sp, #48
        stm     r0, {{r10-r12, lr}}

        @ Row by row: r0 the block, r1 the text, r8 its length, r12 the state.
        mov     r0, sp
        ldr     r1, [sp, #.Ltext]
        ldr     r8, [sp, #.Llen]
        add     r12, sp, #.Lstate
        mov     r9, r12
        .p2align 2
    4:  ldm     r0!, {{r4-r7}}
        ldm     r12!, {{r2, r3, r10, r11}}
        adds    r4, r2
        adds    r5, r3
        add     r6, r10
        add     r7, r11
        subs    r8, #16
        blo     5f
        ldr     r2, [r1]
        ldr     r3, [r1, #4]
        eors    r4, r2
        eors    r5, r3
        ldr     r2, [r1, #8]
        ldr     r3, [r1, #12]
        eors    r6, r2
        eors    r7, r3
        str     r4, [r1]
        str     r5, [r1, #4]
        str     r6, [r1, #8]
        str     r7, [r1, #12]
        adds    r1, #16
        cmp     r0, r9
        bne     4b

        ldr     r2, [sp, #.Lnumber]
        adds    r2, #1
        str     r2, [sp, #.Lnumber]
        str     r1, [sp, #.Ltext]
        str     r8, [sp, #.Llen]
        cmp     r8, #0
        bne     2b

    7:  @ Wipe the block and the state.
        mov     r0, sp
        add     r1, sp, #.Ltext
        .irp    zero, r4, r5, r6, r7
            movs    \zero, #0
        .endr
    8:  stm     r0!, {{r4-r7}}
        cmp     r0, r1
        bne     8b
        mov     sp, r0
        pop     {{r3-r11, pc}}

    5:  @ The last row, of fewer than 16 bytes: from its end.
        stmdb   r0!, {{r4-r7}}
        mov     r4, r8
        adds    r4, #16
    6:  subs    r4, #1
        blo     7b
        ldrb    r2, [r1, r4]
        ldrb    r3, [r0, r4]
        eors    r2, r3
        strb    r2, [r1, r4]
        b       6b

        .p2align 2
    9:  .word   {c0}, {c1}, {c2}, {c3}

        .purgem chacha20_quarter
        .purgem chacha20_double_round
        .purgem chacha20_text
        ",
        dsp = const DSP as u8,
        rounds = const if DSP { 5 } else { 10 },
        c0 = const FIRST_ROW[0],
        c1 = const FIRST_ROW[1],
        c2 = const FIRST_ROW[2],
        c3 = const FIRST_ROW[3],
    )
}

/// Whether the core has the DSP extension: of that there is nothing here, but such a core has the flash for two double
/// rounds in a row, and for another way to xor a whole block.
const DSP: bool = cfg!(lowkey_dsp);
