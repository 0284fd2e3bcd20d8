//! The Cortex-M33, of which no manual says what an instruction takes: what is taken instead, and that it is that.

mod common;

use common::{MULTIPLICATIONS, bytes, machine, region, take};
use m3_model::{Core, Options, Rules};

fn m33() -> Options {
    Options { core: Core::CortexM33, ..Options::default() }
}

fn cycles(code: &[u16], options: &Options) -> u64 {
    region(code, &[RAM; 4], options).cycles
}

#[test]
fn the_multiplier_takes_two_cycles_whatever_the_operands() {
    take(2, &MULTIPLICATIONS, &m33());
    let others: [&[u16]; 2] = [
        &[0xFB01, 0xF002], // mul r0, r1, r2
        &[0x4348],         // muls r0, r1
    ];
    take(2, &others, &m33());
}

#[test]
fn the_rest_is_the_cortex_m4_s() {
    let m4 = Options { core: Core::CortexM4, ..Options::default() };
    let rows: [&[u16]; 4] = [
        &[0x1840],                 // adds r0, r0, r1
        &[0xEA80, 0x1071],         // eor r0, r0, r1, ror #5
        &[0xE000, 0xBF00, 0xBF00], // b 1f; nop; 1: nop
        &[0xFBB0, 0xF2F1],         // udiv r2, r0, r1
    ];
    for code in rows {
        assert_eq!(cycles(code, &m33()), cycles(code, &m4), "{code:04x?}");
    }
    assert_eq!(cycles(&[0x6808, 0x6850], &m33()), 3, "ldr r0, [r1]; ldr r0, [r2, #4]");
    assert_eq!(cycles(&[0x6008], &m33()), 1, "str r0, [r1]");
}

#[test]
fn armv8m_c2_4_what_acquires_and_releases_loads_and_stores() {
    let called = |code: &[u16], at| machine(&bytes(code), &m33()).call(common::CODE, &[at, 0, 0, 0x1_0203]);
    // ldaexb r1, [r0]; stlexb r2, r3, [r0]; stlexb r4, r3, [r0]; ldr r1, [r0]; add r0, r2, r4, lsl #4; bx lr
    let bytes_once = [0xE8D0, 0x1FCF, 0xE8C0, 0x3FC2, 0xE8C0, 0x3FC4, 0x6801, 0xEB02, 0x1004, 0x4770];
    let call = called(&bytes_once, RAM).unwrap();
    assert_eq!((call.r0, call.r1), (0x10, 0x03), "the second fails");
    // stlh r3, [r0]; ldaexh r1, [r0]; ldaex r1, [r0]; stlex r2, r3, [r0]; ldah r1, [r0]; lda r0, [r0]; bx lr
    let wider = [
        0xE8C0, 0x3F9F, 0xE8D0, 0x1FDF, 0xE8D0, 0x1FEF, 0xE8C0, 0x3FE2, 0xE8D0, 0x1F9F, 0xE8D0, 0x0FAF,
        0x4770,
    ];
    let call = called(&wider, RAM).unwrap();
    assert_eq!((call.r0, call.r1), (0x1_0203, 0x0203));
    assert!(called(&wider[10..], RAM + 2).is_err(), "they are aligned");
    let lda = region(&wider[10..12], &[RAM; 4], &m33());
    assert_eq!(lda.cycles, 2, "no source says otherwise");
    // As a Cortex-M3 has none of them, nor a Cortex-M4.
    for core in [Core::CortexM3, Core::CortexM4] {
        let older = Options { core, ..Options::default() };
        assert!(machine(&bytes(&wider), &older).call(common::CODE, &[common::DATA]).is_err());
    }
}

#[test]
fn the_upper_bound_hides_no_load_and_no_shift() {
    let bound = Options { rules: Rules::Rp2350, ..m33() };
    assert_eq!(cycles(&[0x6808, 0x6850], &bound), 4, "ldr r0, [r1]; ldr r0, [r2, #4]");
    assert_eq!(cycles(&[0x6008], &bound), 2, "str r0, [r1]");
    assert_eq!(cycles(&[0xEA80, 0x1071], &bound), 2, "eor r0, r0, r1, ror #5");
    assert_eq!(cycles(&[0xEB00, 0x0081], &bound), 1, "add r0, r0, r1, lsl #2");
    assert_eq!(cycles(&[0xF440, 0x7080], &bound), 2, "orr r0, r0, #0x100");
    assert_eq!(cycles(&[0xF040, 0x3055], &bound), 1, "orr r0, r0, #0x55555555");
    assert_eq!(cycles(&[0xF600, 0x70FF], &bound), 1, "addw r0, r0, #0xfff");
    assert_eq!(cycles(&[0xEA4F, 0x1071], &bound), 1, "mov r0, r1, ror #5");
}

#[test]
fn it_starts_in_its_secure_state_and_sees_memory_there() {
    // ldr r0, [r0]; bx lr
    let mut machine = machine(&bytes(&[0x6800, 0x4770]), &m33());
    assert!(machine.load_at(RAM, &7_u32.to_le_bytes()));
    assert_eq!(machine.call(0x1000_0000 + common::CODE, &[RAM]).unwrap().r0, 7);
}

#[test]
fn its_memory_is_elsewhere_on_another_board() {
    // ldr r0, [r0]; bx lr
    let options = Options { ram_at: Some(0x2000_0000), ..m33() };
    let mut machine = machine(&bytes(&[0x6800, 0x4770]), &options);
    assert!(!machine.load_at(RAM, &[7]) && machine.load_at(common::DATA, &7_u32.to_le_bytes()));
    assert_eq!(machine.call(common::CODE, &[common::DATA]).unwrap().r0, 7);
    assert_eq!(machine.ram_end(), 0x2001_0000);
}

const RAM: u32 = 0x3800_0100;
