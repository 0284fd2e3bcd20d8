//! Cortex-M3 TRM r2p1, table 3-1 (§3.3.1): what each instruction costs.

mod common;

use common::{cycles, with};

#[test]
fn table_3_1_data_processing_takes_one_cycle() {
    let rows: [(&[u16], u64); 8] = [
        // movs r0, #1; mov.w r1, #2; movw r2, #300; mvns r0, r0
        (&[0x2001, 0xF04F, 0x0102, 0xF240, 0x122C, 0x43C0], 4),
        // adds r0, r1; adc.w r0, r1, r2, lsl #3; subs r0, #1; sbcs r0, r1; rsbs r0, r0, #0
        (&[0x1840, 0xEB41, 0x00C2, 0x3801, 0x4188, 0x4240], 5),
        // ands r0, r1; orr.w r0, r1, r2, ror #7; eors r0, r1; bics r0, r1; orn r0, r1, r2
        (&[0x4008, 0xEA41, 0x10F2, 0x4048, 0x4388, 0xEA61, 0x0002], 5),
        // lsls r0, r1, #1; lsrs r0, r1; asr.w r0, r1, r2; ror.w r0, r1, #3; rrx r0, r1
        (&[0x0048, 0x40C8, 0xFA41, 0xF002, 0xEA4F, 0x00F1, 0xEA4F, 0x0031], 5),
        // cmp r0, r1; cmn r0, r1; tst r0, r1; teq r0, r1
        (&[0x4288, 0x42C8, 0x4208, 0xEA90, 0x0F01], 4),
        // uxtb r0, r1; sxth r0, r1; ubfx r0, r1, #3, #5; bfi r0, r1, #3, #5; clz r0, r1; rev r0, r1
        (&[0xB2C8, 0xB208, 0xF3C1, 0x00C4, 0xF361, 0x00C7, 0xFAB1, 0xF081, 0xBA08], 6),
        // ssat r0, #8, r1; usat r0, #8, r1; rbit r0, r1; nop; nop.w
        (&[0xF301, 0x0007, 0xF381, 0x0008, 0xFA91, 0xF0A1, 0xBF00, 0xF3AF, 0x8000], 5),
        // adr r0, 1f; nop; nop; nop; 1: sub sp, #8; add sp, #8
        (&[0xA001, 0xBF00, 0xBF00, 0xBF00, 0xB082, 0xB002], 6),
    ];
    for (code, count) in rows {
        assert_eq!(cycles(code), count, "{code:04x?}");
    }
}

#[test]
fn table_3_1_mul_takes_one_cycle_and_accumulating_two() {
    // mul r0, r1, r2
    assert_eq!(cycles(&[0xFB01, 0xF002]), 1);
    // muls r0, r1, r0
    assert_eq!(cycles(&[0x4348]), 1);
    // mla r0, r1, r2, r3
    assert_eq!(cycles(&[0xFB01, 0x3002]), 2);
    // mls r0, r1, r2, r3
    assert_eq!(cycles(&[0xFB01, 0x3012]), 2);
}

#[test]
fn table_3_1_long_multiplies_end_early() {
    // umull r2, r3, r0, r1
    let umull = &[0xFBA0, 0x2301];
    // umlal r2, r3, r0, r1
    let umlal = &[0xFBE0, 0x2301];
    // smull r2, r3, r0, r1
    let smull = &[0xFB80, 0x2301];
    // smlal r2, r3, r0, r1
    let smlal = &[0xFBC0, 0x2301];
    for (a, b, unsigned, signed) in [
        (0, 0, 3, 3),
        (0xFFFF, 0x7FFF, 3, 4),
        (0x7FFF, 0xFFFF_8000, 4, 3),
        (0x1_0000, 3, 4, 4),
        (3, 0x1_0000, 4, 4),
        (0x1_0000, 0x1_0000, 5, 5),
        (u32::MAX, u32::MAX, 5, 3),
    ] {
        assert_eq!(with(umull, &[a, b]), unsigned, "umull {a:#x} {b:#x}");
        assert_eq!(with(umlal, &[a, b]), unsigned + 1, "umlal {a:#x} {b:#x}");
        assert_eq!(with(smull, &[a, b]), signed, "smull {a:#x} {b:#x}");
        // Earlier revisions: accumulating takes a cycle longer with signs.
        assert_eq!(with(smlal, &[a, b]), signed + 2, "smlal {a:#x} {b:#x}");
    }
}

#[test]
fn table_3_1_divisions_take_two_to_twelve() {
    // udiv r2, r0, r1
    let udiv = &[0xFBB0, 0xF2F1];
    // sdiv r2, r0, r1
    let sdiv = &[0xFB90, 0xF2F1];
    assert_eq!(with(udiv, &[1, 2]), 2);
    assert_eq!(with(udiv, &[7, 0]), 2);
    assert_eq!(with(udiv, &[7, 7]), 4);
    assert_eq!(with(udiv, &[1_000_000, 10]), 8);
    assert_eq!(with(udiv, &[u32::MAX, 1]), 12);
    assert_eq!(with(sdiv, &[u32::MAX, 1]), 4);
    assert_eq!(with(sdiv, &[0x8000_0000, 1]), 12);
}

#[test]
fn table_3_1_a_taken_branch_refills_the_pipeline() {
    // A 16-bit target, and a 32-bit one at a word.
    // b 1f; nop; 1: nop
    assert_eq!(cycles(&[0xE000, 0xBF00, 0xBF00]), 3 + 1);
    // b 1f; nop; 1: nop.w
    assert_eq!(cycles(&[0xE000, 0xBF00, 0xF3AF, 0x8000]), 3 + 1);
    // A 32-bit target across two words.
    // b 1f; nop; nop; 1: nop.w; nop
    assert_eq!(cycles(&[0xE001, 0xBF00, 0xBF00, 0xF3AF, 0x8000, 0xBF00]), 4 + 1 + 1);
    // b.w 1f; nop; nop; 1: nop
    assert_eq!(cycles(&[0xF000, 0xB802, 0xBF00, 0xBF00, 0xBF00]), 3 + 1);
}

#[test]
fn table_3_1_note_d_a_branch_that_is_not_taken_takes_one_cycle() {
    // cmp r0, r0; bne 1f; nop; nop; 1: nop
    assert_eq!(cycles(&[0x4280, 0xD101, 0xBF00, 0xBF00, 0xBF00]), 1 + 1 + 3);
    // cmp r0, r0; beq 1f; nop; nop; 1: nop
    assert_eq!(cycles(&[0x4280, 0xD001, 0xBF00, 0xBF00, 0xBF00]), 1 + 3 + 1);
    // cbz r0, 1f; nop; nop; 1: nop
    assert_eq!(cycles(&[0xB108, 0xBF00, 0xBF00, 0xBF00]), 1 + 3);
    // cbnz r0, 1f; nop; nop; 1: nop
    assert_eq!(cycles(&[0xB908, 0xBF00, 0xBF00, 0xBF00]), 3 + 1);
}

#[test]
fn table_3_1_calls_and_returns_are_branches() {
    // BL, BX LR and the ADD between; the saved link register is restored.
    // mov r4, lr; bl 1f; b 2f; 1: adds r0, #1; bx lr; 2: mov lr, r4; nop
    let code = &[0x4674, 0xF000, 0xF801, 0xE001, 0x3001, 0x4770, 0x46A6, 0xBF00];
    assert_eq!(cycles(code), 1 + 3 + (1 + 3) + 3 + 1 + 1);
    // mov r4, lr; adr r1, 1f; adds r1, #1; blx r1; b 2f; nop; 1: bx lr; 2: mov lr, r4
    let code = &[0x4674, 0xA102, 0x3101, 0x4788, 0xE001, 0xBF00, 0x4770, 0x46A6];
    assert_eq!(cycles(code), 1 + 1 + 1 + 3 + 3 + 3 + 1);
    // adr r1, 1f; mov pc, r1; nop; nop; nop; 1: nop
    assert_eq!(cycles(&[0xF20F, 0x0108, 0x468F, 0xBF00, 0xBF00, 0xBF00, 0xBF00]), 1 + 3 + 1);
}

#[test]
fn table_3_1_note_e_an_it_is_folded_into_a_16_bit_instruction() {
    // cmp r0, r0; it eq; moveq r0, #1
    assert_eq!(cycles(&[0x4280, 0xBF08, 0x2001]), 1 + 1);
    // cmp.w r0, r0; it eq; moveq r0, #1
    assert_eq!(cycles(&[0xEBB0, 0x0F00, 0xBF08, 0x2001]), 1 + 1 + 1);
}

#[test]
fn table_3_1_an_instruction_whose_condition_fails_takes_one_cycle() {
    // cmp r0, r0; itt ne; mlane r0, r1, r2, r3; ldrne r0, [r1]
    assert_eq!(cycles(&[0x4280, 0xBF1C, 0xFB01, 0x3002, 0x6808]), 1 + 1 + 1);
}

#[test]
fn table_3_1_special_registers_take_two_cycles_and_barriers_what_they_wait() {
    // mrs r0, apsr; msr apsr_nzcvq, r0
    assert_eq!(cycles(&[0xF3EF, 0x8000, 0xF380, 0x8800]), 2 + 2);
    // cpsid i; cpsie i
    assert_eq!(cycles(&[0xB672, 0xB662]), 2 + 2);
    // dmb; dsb; isb
    assert_eq!(cycles(&[0xF3BF, 0x8F5F, 0xF3BF, 0x8F4F, 0xF3BF, 0x8F6F]), 1 + 1 + 3);
    // sev; clrex; pld [r0]
    assert_eq!(cycles(&[0xBF40, 0xF3BF, 0x8F2F, 0xF890, 0xF000]), 3);
}
