//! The compression function in Thumb-2 assembly.
#![allow(unsafe_code)]

use core::arch::naked_asm;

use super::{Blake2s, TABLES};
use crate::HASH_LEN;

/// As [`super::plain::compress`].
pub(super) fn compress(hash: &mut Blake2s, last: u32, out: Option<&mut [u8; HASH_LEN]>) {
    let hash = &raw mut *hash;
    let out = out.map_or(hash.cast(), |out| &raw mut *out); // `h` is what a state begins with
    // SAFETY: the routine reads and writes `hash`, whose layout it knows by `repr(C)`, reads `TABLES`, writes `out`,
    // wherever it lies, and follows the procedure call standard.
    unsafe { blake2s_compress(hash, last, out) }
}

/// `v` is on the stack, at `sp`. r8: the block; r9: the next byte of `sigma`; r10: its end; r11: `out`; r12: `hash`.
#[unsafe(naked)]
unsafe extern "C" fn blake2s_compress(hash: *mut Blake2s, last: u32, out: *mut [u8; HASH_LEN]) {
    naked_asm!(
        "push   {{r4-r11, lr}}",
        "mov    lr, r2",
        // v[8..16] = IV, xored with the count and the flag
        "mov    r8, r1",
        "ldrd   r10, r11, [r0, #96]",
        "ldr    r12, [r0, #104]",
        "adds   r10, r12",
        "adc    r11, r11, #0",
        "strd   r10, r11, [r0, #96]",
        "mov    r12, r0",
        "movs   r1, #0",
        "str    r1, [r0, #104]",
        "ldr.w  r9, 9f",
        "ldmia  r9!, {{r0-r7}}",
        "eor    r4, r10",
        "eor    r5, r11",
        "eor    r6, r8",
        "push   {{r0-r7}}",
        // v[0..8] = h
        "mov    r8, r12",
        "ldmia  r8!, {{r0-r7}}",
        "push   {{r0-r7}}",
        "mov    r11, lr",
        "add    r10, r9, #80",
        // a round: the columns
        "1:",
        "mov    r6, sp",
        "2:",
        "ldr    r0, [r6]",
        "ldr    r1, [r6, #16]",
        "ldr    r2, [r6, #32]",
        "ldr    r3, [r6, #48]",
        "bl     4f",
        "str    r3, [r6, #48]",
        "str    r2, [r6, #32]",
        "str    r1, [r6, #16]",
        "str    r0, [r6], #4",
        "tst    r9, #3",
        "bne    2b",
        // the diagonals
        ".macro diagonal a, b, c, d",
        "ldr    r0, [sp, #4 * \\a]",
        "ldr    r1, [sp, #4 * \\b]",
        "ldr    r2, [sp, #4 * \\c]",
        "ldr    r3, [sp, #4 * \\d]",
        "bl     4f",
        "str    r0, [sp, #4 * \\a]",
        "str    r1, [sp, #4 * \\b]",
        "str    r2, [sp, #4 * \\c]",
        "str    r3, [sp, #4 * \\d]",
        ".endm",
        "diagonal 0, 5, 10, 15",
        "diagonal 1, 6, 11, 12",
        "diagonal 2, 7, 8, 13",
        "diagonal 3, 4, 9, 14",
        ".purgem diagonal",
        "cmp    r9, r10",
        "bne    1b",
        // out[i] = h[i] ^ v[i] ^ v[i + 8]; v is wiped, and h, if it is not out
        "mov    r4, r12",
        "mov    r3, r11",
        "movs   r5, #8",
        "mov    r6, sp",
        "movs   r2, #0",
        "3:",
        "ldr    r1, [r6, #32]",
        "str    r2, [r6, #32]",
        "ldr    r0, [r6]",
        "eors   r0, r1",
        "ldr    r1, [r4]",
        "eors   r0, r1",
        "stmia  r4!, {{r2}}",
        "str    r0, [r3], #4",
        "stmia  r6!, {{r2}}",
        "subs   r5, #1",
        "bne    3b",
        // the block is empty again, and zeros
        "movs   r0, #0",
        "movs   r1, #0",
        "stmia  r4!, {{r0-r2, r5}}",
        "stmia  r4!, {{r0-r2, r5}}",
        "stmia  r4!, {{r0-r2, r5}}",
        "stmia  r4!, {{r0-r2, r5}}",
        "add    sp, #64",
        "pop    {{r4-r11, pc}}",

        // G (§3.1) on r0 to r3, each rotation done by the next instruction that reads its result
        "4:",
        "ldrb   r5, [r9], #1",
        "and    r4, r5, #15",
        "lsrs   r5, r5, #4",
        "ldr    r4, [r8, r4, lsl #2]",
        "ldr    r5, [r8, r5, lsl #2]",
        "adds   r0, r0, r1",
        "adds   r0, r0, r4",
        "eors   r3, r0",
        "add    r2, r2, r3, ror #16",
        "eors   r1, r2",
        "add    r0, r0, r1, ror #12",
        "adds   r0, r0, r5",
        "eor    r3, r0, r3, ror #16",
        "add    r2, r2, r3, ror #8",
        "eor    r1, r2, r1, ror #12",
        "ror    r1, r1, #7",
        "ror    r3, r3, #8",
        "bx     lr",
        ".p2align 2",
        "9:",
        ".word  {tables}",
        tables = sym TABLES,
    )
}
