//! What instructions do, where the model executes them itself or corrects armagnac. All of it was compared with QEMU.

mod common;

use common::{DATA, call};

/// The result of `code` in r0, and the flags N, Z, C, V, Q behind it, which go through r1.
fn flags(code: &[u16], arguments: &[u32]) -> (u32, u32) {
    // mrs r1, apsr; bx lr
    let tail = &[0xF3EF, 0x8100, 0x4770];
    let call = call(&[code, tail].concat(), arguments);
    (call.r0, call.r1 >> 27)
}

const N: u32 = 16;
const Z: u32 = 8;
const C: u32 = 4;

#[test]
fn armv7m_a7_7_asr_by_32_gives_the_sign_and_carries_it() {
    // asrs r0, r0, #32
    assert_eq!(flags(&[0x1000], &[0x8000_0000]), (u32::MAX, N | C));
    // asrs r0, r0, #32
    assert_eq!(flags(&[0x1000], &[0x7FFF_FFFF]), (0, Z));
    // asrs.w r0, r1, #32
    assert_eq!(flags(&[0xEA5F, 0x0021], &[0, 0x8000_0000]), (u32::MAX, N | C));
    // orrs r0, r0, r1, asr #32
    assert_eq!(flags(&[0xEA50, 0x0021], &[1, 0x4000_0000]), (1, 0));
    // ands r0, r0, r0, asr #32
    assert_eq!(flags(&[0xEA10, 0x0020], &[0xC000_0000]).1, N | C);
    // Sums carry by themselves.
    // adds r0, r0, r1, asr #32
    assert_eq!(flags(&[0xEB10, 0x0021], &[1, 0x8000_0000]), (0, Z | C));
    // add r0, r0, r1, asr #32
    assert_eq!(flags(&[0xEB00, 0x0021], &[5, 0x8000_0000]).0, 4);
}

#[test]
fn armv7m_a2_2_1_shifts_by_registers_take_any_byte() {
    // asrs r0, r1
    let asr: &[u16] = &[0x4108];
    // lsls r0, r1
    let lsl = &[0x4088];
    // lsrs.w r0, r0, r1
    let lsr: &[u16] = &[0xFA30, 0xF001];
    // rors r0, r1
    let ror = &[0x41C8];
    let x = 0x8000_0001;
    for (code, by, result) in [
        (asr, 31, (u32::MAX, N)),
        (asr, 32, (u32::MAX, N | C)),
        (asr, 200, (u32::MAX, N | C)),
        (lsl, 32, (0, Z | C)),
        (lsl, 33, (0, Z)),
        (lsl, 256, (x, N)),
        (lsr, 32, (0, Z | C)),
        (lsr, 33, (0, Z)),
        (ror, 1, (0xC000_0000, N | C)),
        (ror, 32, (x, N | C)),
        (ror, 64, (x, N | C)),
        (ror, 0, (x, N)),
    ] {
        // The carry before is clear.
        assert_eq!(flags(code, &[x, by]), result, "{code:04x?} by {by}");
    }
}

#[test]
fn armv7m_a7_3_2_in_an_it_block_narrow_instructions_set_no_flags() {
    // cmp r0, r0; ittt eq; lsleq r0, r1; asreq r0, r0, #32; addeq r0, #1
    let code = &[0x4280, 0xBF02, 0x4088, 0x1000, 0x3001];
    assert_eq!(flags(code, &[1, 31]), (0, Z | C));
    // cmp r0, r0; ite ne; movne r0, #1; moveq r0, #2
    let code = &[0x4280, 0xBF14, 0x2001, 0x2002];
    assert_eq!(flags(code, &[7]), (2, Z | C));
}

#[test]
fn armv7m_a7_7_a_division_by_zero_gives_zero() {
    // udiv r0, r0, r1; bx lr
    assert_eq!(call(&[0xFBB0, 0xF0F1, 0x4770], &[7, 0]).r0, 0);
    // sdiv r0, r0, r1; bx lr
    assert_eq!(call(&[0xFB90, 0xF0F1, 0x4770], &[7, 0]).r0, 0);
    // sdiv r0, r0, r1; bx lr
    assert_eq!(call(&[0xFB90, 0xF0F1, 0x4770], &[0x8000_0000, u32::MAX]).r0, 0x8000_0000);
    // sdiv r0, r0, r1; bx lr
    assert_eq!(call(&[0xFB90, 0xF0F1, 0x4770], &[7_u32.wrapping_neg(), 2]).r0, 3_u32.wrapping_neg());
}

#[test]
fn armv7m_a5_loads_extend_and_stores_cut() {
    // str r1, [r0]; ldrsb r0, [r0]; bx lr
    let code = &[0x6001, 0xF990, 0x0000, 0x4770];
    assert_eq!(call(code, &[DATA, 0x80]).r0, 0xFFFF_FF80);
    // str r1, [r0]; ldrh r0, [r0, #2]; bx lr
    let code = &[0x6001, 0x8840, 0x4770];
    assert_eq!(call(code, &[DATA, 0x8765_4321]).r0, 0x8765);
    // str r1, [r0]; strb r2, [r0, #1]; ldrsh.w r0, [r0]; bx lr
    let code = &[0x6001, 0x7042, 0xF9B0, 0x0000, 0x4770];
    assert_eq!(call(code, &[DATA, 0, 0x1FF]).r0, 0xFFFF_FF00);
    // str r1, [r0, #1]; ldr r0, [r0]; bx lr
    let code = &[0xF8C0, 0x1001, 0x6800, 0x4770];
    assert_eq!(call(code, &[DATA, 0x1234_5678]).r0, 0x3456_7800);
}

#[test]
fn armv7m_a5_bases_are_updated() {
    // mov r2, r0; str r1, [r0, #4]!; str r1, [r0], #8; ldrd r3, r1, [r0, #-12]!; subs r0, r0, r2; bx lr
    let code = &[0x4602, 0xF840, 0x1F04, 0xF840, 0x1B08, 0xE970, 0x3103, 0x1A80, 0x4770];
    assert_eq!(call(code, &[DATA, 5]).r0, 0);
    // stmia r0!, {r1, r2}; ldmdb r0!, {r2, r3}; ldm r0, {r0, r1}; bx lr
    let code = &[0xC006, 0xE930, 0x000C, 0xC803, 0x4770];
    let call = call(code, &[DATA, 5, 6]);
    assert_eq!((call.r0, call.r1), (5, 6));
}

#[test]
fn armv7m_a7_7_exclusives_succeed_once() {
    // ldrex r1, [r0]; strex r2, r0, [r0]; strex r3, r0, [r0]; add r0, r2, r3, lsl #4; bx lr
    let code = &[0xE850, 0x1F00, 0xE840, 0x0200, 0xE840, 0x0300, 0xEB02, 0x1003, 0x4770];
    assert_eq!(call(code, &[DATA]).r0, 0x10);
    // ldrexb r1, [r0]; clrex; strexb r2, r1, [r0]; mov r0, r2; bx lr
    let code = &[0xE8D0, 0x1F4F, 0xF3BF, 0x8F2F, 0xE8C0, 0x1F42, 0x4610, 0x4770];
    assert_eq!(call(code, &[DATA + 1]).r0, 1);
    // ldrexh r1, [r0]; strexh r2, r1, [r0]; mov r0, r2; bx lr
    let code = &[0xE8D0, 0x1F5F, 0xE8C0, 0x1F52, 0x4610, 0x4770];
    assert_eq!(call(code, &[DATA + 2]).r0, 0);
}

#[test]
fn armv7m_b5_2_special_registers_are_read_and_written() {
    // msr apsr_nzcvq, r0; mrs r0, xpsr; bx lr
    let code = &[0xF380, 0x8800, 0xF3EF, 0x8003, 0x4770];
    assert_eq!(call(code, &[u32::MAX]).r0, 0xF800_0000);
    // cpsid i; mrs r0, primask; cpsie i; mrs r1, primask; bx lr
    let code = &[0xB672, 0xF3EF, 0x8010, 0xB662, 0xF3EF, 0x8110, 0x4770];
    assert_eq!((call(code, &[]).r0, call(code, &[]).r1), (1, 0));
    // msr basepri, r0; msr basepri_max, r1; mrs r0, basepri; bx lr
    let code = &[0xF380, 0x8811, 0xF381, 0x8812, 0xF3EF, 0x8011, 0x4770];
    assert_eq!(call(code, &[0x40, 0x60]).r0, 0x40);
    assert_eq!(call(code, &[0x40, 0x20]).r0, 0x20);
    // msr primask, r0; msr faultmask, r0; mrs r0, primask; mrs r1, faultmask; bx lr
    let code = &[0xF380, 0x8810, 0xF380, 0x8813, 0xF3EF, 0x8010, 0xF3EF, 0x8113, 0x4770];
    assert_eq!((call(code, &[1]).r0, call(code, &[1]).r1), (1, 1));
    // A stack of its own, and back.
    // msr psp, r0; movs r1, #2; msr control, r1; mov r0, sp; movs r1, #0; msr control, r1; bx lr
    let code = &[0xF380, 0x8809, 0x2102, 0xF381, 0x8814, 0x4668, 0x2100, 0xF381, 0x8814, 0x4770];
    assert_eq!(call(code, &[DATA + 2]).r0, DATA);
}
