//! The Cortex-M4: the cycles of its manual where they are not the Cortex-M3's, and what the DSP extension does. Every
//! one of its instructions was compared with QEMU's, on random operands and on odd ones.

mod common;

use common::{DATA, MULTIPLICATIONS, bytes, machine, region, take};
use m3_model::{Call, Cause, Core, End, Options};

fn m4() -> Options {
    Options { core: Core::CortexM4, ..Options::default() }
}

/// Executes `code` with these arguments in r0 to r3, and returns.
fn call(code: &[u16], arguments: &[u32]) -> Call {
    let code = [code, &[0x4770]].concat(); // bx lr
    machine(&bytes(&code), &m4()).call(common::CODE, arguments).unwrap()
}

fn result(code: &[u16], arguments: &[u32]) -> u32 {
    call(code, arguments).r0
}

/// What `code` leaves in r0, and the flags Q and GE behind it, as MRS reads them.
fn flags(code: &[u16], arguments: &[u32]) -> (u32, bool, u32) {
    let call = call(&[code, &[0xF3EF, 0x8100]].concat(), arguments); // mrs r1, apsr
    (call.r0, call.r1 >> 27 & 1 != 0, call.r1 >> 16 & 15)
}

#[test]
fn trm_table_3_1_and_3_2_multiplies_take_one_cycle_whatever_the_operands() {
    take(1, &MULTIPLICATIONS, &m4());
    let others: [&[u16]; 2] = [
        &[0xFB21, 0x3002], // smlad r0, r1, r2, r3
        &[0xFBC2, 0x0183], // smlalbb r0, r1, r2, r3
    ];
    take(1, &others, &m4());
}

#[test]
fn trm_3_3_the_rest_is_the_cortex_m3_s() {
    let rows: [&[u16]; 6] = [
        &[0xFBB0, 0xF2F1],         // udiv r2, r0, r1
        &[0x6808, 0x6850],         // ldr r0, [r1]; ldr r0, [r2, #4]
        &[0xE9D1, 0x2300],         // ldrd r2, r3, [r1]
        &[0xC80C],                 // ldmia r0!, {r2, r3}
        &[0x6008, 0x3101, 0x6808], // str r0, [r1]; adds r1, #1; ldr r0, [r1]
        &[0xE000, 0xBF00, 0xBF00], // b 1f; nop; 1: nop
    ];
    for code in rows {
        let cycles = |options: &Options| region(code, &[DATA; 4], options).cycles;
        assert_eq!(cycles(&m4()), cycles(&Options::default()), "{code:04x?}");
    }
}

#[test]
fn a_cortex_m3_has_none_of_it() {
    for code in [[0xFBE0, 0x2361], [0xFA80, 0xF041], [0xFAA1, 0xF082], [0xEAC0, 0x4001], [0xFB21, 0x3002]] {
        let mut machine = machine(&bytes(&code), &Options::default());
        let End::Fault(fault) = machine.call(common::CODE, &[]).unwrap_err() else { panic!("{code:04x?}") };
        assert!(matches!(fault.cause, Cause::Undefined(_)), "{code:04x?}");
    }
}

#[test]
fn armv7m_a7_7_umaal_adds_two_words_to_the_product() {
    // umaal r0, r1, r2, r3
    let umaal = &[0xFBE2, 0x0163];
    let pair = |arguments: &[u32]| {
        let call = call(umaal, arguments);
        (call.r1, call.r0)
    };
    assert_eq!(pair(&[u32::MAX; 4]), (u32::MAX, u32::MAX));
    assert_eq!(pair(&[5, 7, 3, 2]), (0, 18));
    assert_eq!(pair(&[u32::MAX, 1, 0, 9]), (1, 0));
}

#[test]
fn armv7m_a7_7_multiplies_of_halves() {
    // smlabt r0, r0, r1, r2
    assert_eq!(flags(&[0xFB10, 0x2011], &[0x5_FFFE, 0x3_0007, 100]), (94, false, 0));
    assert_eq!(flags(&[0xFB10, 0x2011], &[2, 0x1_0000, 0x7FFF_FFFF]), (0x8000_0001, true, 0));
    // smuad r0, r0, r1
    assert_eq!(flags(&[0xFB20, 0xF001], &[0x8000_8000, 0x8000_8000]), (0x8000_0000, true, 0));
    // smlad r0, r1, r2, r3
    assert_eq!(result(&[0xFB21, 0x3002], &[0, 0x2_0003, 0x5_FFFF, 10]), 17);
    // smmulr r0, r0, r1
    assert_eq!(result(&[0xFB50, 0xF011], &[0x8000_0000, 3]), (-1_i32) as u32);
    // smlsldx r0, r1, r2, r3
    let call = call(&[0xFBD2, 0x01D3], &[0, 0, 0x2_0003, 0x4_0005]);
    assert_eq!((call.r0, call.r1), (2, 0));
    // usad8 r0, r0, r1
    assert_eq!(result(&[0xFB70, 0xF001], &[0x01_FF_00_10, 0x02_00_03_10]), 1 + 255 + 3);
}

#[test]
fn armv7m_a7_7_lanes_set_the_flags_that_sel_chooses_by() {
    // uadd8 r0, r0, r1
    let uadd8 = &[0xFA80, 0xF041];
    assert_eq!(flags(uadd8, &[0xFF_80_7F_00, 0x01_80_80_00]), (0x00_00_FF_00, false, 0b1100));
    // ssub16 r0, r0, r1
    assert_eq!(flags(&[0xFAD0, 0xF001], &[0x8000_0003, 0x0001_0003]), (0x7FFF_0000, false, 0b0011));
    // uasx r0, r0, r1
    assert_eq!(flags(&[0xFAA0, 0xF041], &[0xFFFF_0001, 0x0002_0001]), (0x0000_FFFF, false, 0b1100));
    // uqsub16 r0, r0, r1; uhadd8 r0, r0, r1: no flags.
    assert_eq!(flags(&[0xFAD0, 0xF051], &[0x0005_0001, 0x0003_0002]), (0x0002_0000, false, 0));
    assert_eq!(flags(&[0xFA80, 0xF061], &[0xFF00_0003, 0xFF00_0004]), (0xFF00_0003, false, 0));
    // uadd8 r3, r0, r0; sel r0, r1, r2
    let code = [0xFA80, 0xF340, 0xFAA1, 0xF082];
    assert_eq!(result(&code, &[0xFF00_FF00, 0x1111_1111, 0x2222_2222]), 0x1122_1122);
}

#[test]
fn armv7m_a7_7_what_saturates_says_so() {
    // qadd r0, r0, r1; qsub r0, r0, r1
    assert_eq!(flags(&[0xFA81, 0xF080], &[0x7FFF_FFFF, 1]), (0x7FFF_FFFF, true, 0));
    assert_eq!(flags(&[0xFA81, 0xF0A0], &[1, 3]), ((-2_i32) as u32, false, 0));
    // ssat16 r0, #8, r0; usat16 r0, #8, r1
    assert_eq!(flags(&[0xF320, 0x0007], &[0x0080_FF7F]), (0x007F_FF80, true, 0));
    assert_eq!(flags(&[0xF3A1, 0x0008], &[0, 0x0100_8000]), (0x00FF_0000, true, 0));
}

#[test]
fn armv7m_a7_7_extends_and_packs() {
    // uxtab r0, r1, r2; uxtab16 r0, r0, r1, ror #8
    assert_eq!(result(&[0xFA51, 0xF082], &[0, 0x100, 0xABCD]), 0x1CD);
    assert_eq!(result(&[0xFA30, 0xF091], &[0xFFFF_0001, 0x1234_5678]), 0x0011_0057);
    // pkhbt r0, r0, r1, lsl #16; pkhtb r0, r0, r1, asr #16
    assert_eq!(result(&[0xEAC0, 0x4001], &[0x1111_2222, 0x3333_4444]), 0x4444_2222);
    assert_eq!(result(&[0xEAC0, 0x4021], &[0x1111_2222, 0x8333_4444]), 0x1111_8333);
}
