//! The system around the core: counters, serial line, semihosting, reset, and how runs end.

mod common;

use common::{CODE, DATA, bytes, call, machine};
use m3_model::{Cause, End, Fault, Machine, Options};

/// A machine that starts `code` from reset with the stack at the end of RAM.
fn started(code: &[u16], options: &Options) -> Machine {
    let mut machine = machine(&bytes(code), options);
    let vectors = [machine.ram_end(), CODE | 1];
    assert!(machine.load_at(0, &vectors.map(u32::to_le_bytes).concat()));
    machine
}

fn run(code: &[u16]) -> m3_model::Report {
    started(code, &Options::default()).run()
}

#[test]
fn armv7m_c1_8_cyccnt_counts_the_models_cycles() {
    // r0 = DWT. Enabled, then read around two instructions that take three cycles, and the load's own two.
    // movs r1, #1; str r1, [r0]; ldr r2, [r0, #4]; nop; umull r1, r3, r1, r1; ldr r3, [r0, #4]; subs r0, r3, r2; bx lr
    let code = &[0x2101, 0x6001, 0x6842, 0xBF00, 0xFBA1, 0x1301, 0x6843, 0x1A98, 0x4770];
    assert_eq!(call(code, &[0xE000_1000]).r0, 2 + 1 + 3);
    // It stands until it is enabled, and can be set.
    // str r1, [r0, #4]; nop; nop; ldr r0, [r0, #4]; bx lr
    let code = &[0x6041, 0xBF00, 0xBF00, 0x6840, 0x4770];
    assert_eq!(call(code, &[0xE000_1000, 5]).r0, 5);
    // NOCYCCNT is clear; DEMCR remembers.
    // ldr r0, [r0]; bx lr
    assert_eq!(call(&[0x6800, 0x4770], &[0xE000_1000]).r0 & (1 << 25), 0);
    // str r1, [r0]; ldr r0, [r0]; bx lr
    let code = &[0x6001, 0x6800, 0x4770];
    assert_eq!(call(code, &[0xE000_EDFC, 1 << 24]).r0, 1 << 24);
}

#[test]
fn armv7m_b3_3_systick_counts_down_and_flags_a_wrap() {
    // r0 = SysTick: reload 9, clear, start with the core's clock. movs r1, #9; str r1, [r0, #4]; str r1, [r0, #8]; movs
    // r1, #5; str r1, [r0]; ldr r2, [r0, #8]; nop; ldr r3, [r0, #8]; subs r0, r2, r3; bx lr
    let code = &[0x2109, 0x6041, 0x6081, 0x2105, 0x6001, 0x6882, 0xBF00, 0x6883, 0x1AD0, 0x4770];
    assert_eq!(call(code, &[0xE000_E010]).r0, 2 + 1);
    // movs r1, #3; str r1, [r0, #4]; movs r1, #5; str r1, [r0]; nop; nop; nop; nop; nop; ldr r1, [r0]; ldr r2, [r0];
    // mov r0, r1; mov r1, r2; bx lr
    let code = &[
        0x2103, 0x6041, 0x2105, 0x6001, 0xBF00, 0xBF00, 0xBF00, 0xBF00, 0xBF00, 0x6801, 0x6802, 0x4608,
        0x4611, 0x4770,
    ];
    let call = call(code, &[0xE000_E010]);
    assert_eq!((call.r0, call.r1), (1 << 16 | 5, 5));
}

#[test]
fn the_serial_line_of_the_lm3s6965_prints() {
    // ldr r0, 1f; movs r1, #79; strb r1, [r0]; movs r1, #75; str r1, [r0]; ldr r0, [r0, #24]; wfi; nop; 1: .word
    // 0x4000c000
    let code = &[0x4803, 0x214F, 0x7001, 0x214B, 0x6001, 0x6980, 0xBF30, 0xBF00, 0xC000, 0x4000];
    let report = run(code);
    assert_eq!((report.end, &*report.output), (End::Idle, &b"OK"[..]));
}

#[test]
fn semihosting_prints_and_exits() {
    // SYS_WRITE0, SYS_WRITEC, then SYS_EXIT with ADP_Stopped_ApplicationExit. adr r1, 1f; movs r0, #4; bkpt 0xab; movs
    // r0, #3; bkpt 0xab; movs r0, #0x18; ldr r1, 2f; bkpt 0xab; 1: .asciz "hi,"; 2: .word 0x20026
    let code =
        &[0xA103, 0x2004, 0xBEAB, 0x2003, 0xBEAB, 0x2018, 0x4901, 0xBEAB, 0x6968, 0x002C, 0x0026, 0x0002];
    let report = run(code);
    assert_eq!((report.end, &*report.output), (End::Exit(0), &b"hi,h"[..]));
    // SYS_EXIT_EXTENDED says a status; SYS_EXIT with any other reason is a failure.
    // movs r0, #0x20; adr r1, 1f; bkpt 0xab; nop; 1: .word 0x20026, 7
    let code = &[0x2020, 0xA101, 0xBEAB, 0xBF00, 0x0026, 0x0002, 0x0007, 0x0000];
    assert_eq!(run(code).end, End::Exit(7));
    // movs r0, #0x18; ldr r1, 1f; bkpt 0xab; nop; 1: .word 0x20023
    let code = &[0x2018, 0x4901, 0xBEAB, 0xBF00, 0x0023, 0x0002];
    assert_eq!(run(code).end, End::Exit(1));
}

#[test]
fn semihosting_opens_the_console_and_writes_to_it() {
    // SYS_OPEN ":tt" to write; SYS_WRITE of three bytes with the handle; its answer, zero, is the exit status. 0: movs
    // r0, #1; adr r1, 1f; bkpt 0xab; ldr r4, 4f; adr r1, 2f; ldr r2, [r1, #4]; ldr r3, [r1, #8]; stm r4, {r0, r2, r3};
    // movs r0, #5; mov r1, r4; bkpt 0xab; ldr r2, 5f; strd r2, r0, [r4]; mov r1, r4; movs r0, #0x20; bkpt 0xab; .balign
    // 4; 1: .word 0x100 + 3f - 0b, 4, 3; 2: .word 0, 0x100 + 3f - 0b, 3; 4: .word 0x20000100; 5: .word 0x20026; 3:
    // .asciz ":tt"
    let code = &[
        0x2001, 0xA108, 0xBEAB, 0x4C0D, 0xA109, 0x684A, 0x688B, 0xE884, 0x000D, 0x2005, 0x4621, 0xBEAB,
        0x4A09, 0xE9C4, 0x2000, 0x4621, 0x2020, 0xBEAB, 0x0144, 0x0000, 0x0004, 0x0000, 0x0003, 0x0000,
        0x0000, 0x0000, 0x0144, 0x0000, 0x0003, 0x0000, 0x0100, 0x2000, 0x0026, 0x0002, 0x743A, 0x0074,
    ];
    let report = run(code);
    assert_eq!((report.end, &*report.output), (End::Exit(0), &b":tt"[..]));
}

#[test]
fn a_loop_that_changes_nothing_is_idle_and_one_that_counts_is_not() {
    // 1: nop; b 1b
    assert_eq!(run(&[0xBF00, 0xE7FD]).end, End::Idle);
    // wfe; nop
    assert_eq!(run(&[0xBF20, 0xBF00]).end, End::Idle);
    // 1: adds r0, #1; b 1b
    let counts = &[0x3001, 0xE7FD];
    assert_eq!(started(counts, &Options { limit: 1_000, ..Options::default() }).run().end, End::Limit);
    // mov r0, sp; 1: ldr r1, [r0, #-4]; cbz r1, 2f; 2: b 1b
    let polls = &[0x4668, 0xF850, 0x1C04, 0xBF00, 0xE7FB];
    assert_eq!(started(polls, &Options { limit: 1_000, ..Options::default() }).run().end, End::Limit);
}

#[test]
fn faults_say_where_and_what() {
    let fault = |offset, cause| End::Fault(Fault { pc: CODE + offset, cause });
    // nop; udf #0
    assert_eq!(run(&[0xBF00, 0xDE00]).end, fault(2, Cause::Undefined(0xDE00)));
    // svc 0
    assert_eq!(run(&[0xDF00]).end, fault(0, Cause::Exception));
    // bkpt 1
    assert_eq!(run(&[0xBE01]).end, fault(0, Cause::Exception));
    // mov r0, sp; ldr r1, [r0]
    assert_eq!(run(&[0x4668, 0x6801]).end, fault(2, Cause::Read(0x2001_0000)));
    // movs r0, #8; str r0, [r0]
    assert_eq!(run(&[0x2008, 0x6000]).end, fault(2, Cause::Write(8)));
    // movs r0, #9; ldrd r0, r1, [r0]
    assert_eq!(run(&[0x2009, 0xE9D0, 0x0100]).end, fault(2, Cause::Unaligned(9)));
    // movs r0, #8; bx r0
    assert_eq!(run(&[0x2008, 0x4700]).end, fault(2, Cause::State));
    // ldr r0, 1f; bx r0; 1: .word 0x30000001
    assert_eq!(
        run(&[0x4800, 0x4700, 0x0001, 0x3000]).end,
        End::Fault(Fault { pc: 0x3000_0000, cause: Cause::Fetch })
    );
}

#[test]
fn unknown_peripherals_read_zero_unless_the_model_is_strict() {
    // ldr r0, 1f; str r0, [r0]; ldr r1, [r0]; wfi; 1: .word 0x40048000
    let code = &[0x4801, 0x6000, 0x6801, 0xBF30, 0x8000, 0x4004];
    assert_eq!(run(code).end, End::Idle);
    let strict = Options { strict: true, ..Options::default() };
    let fault = Fault { pc: CODE + 2, cause: Cause::Write(0x4004_8000) };
    assert_eq!(started(code, &strict).run().end, End::Fault(fault));
}

#[test]
fn a_second_run_is_as_the_first() {
    for wait_states in [0, 2] {
        let options = Options { wait_states, prefetch: true, ..Options::default() };
        // push {r0, r1}; adr r1, 1f; movs r0, #4; bkpt 0xab; wfi; 1: .asciz "hi"
        let mut machine =
            started(&[0xB403, 0xF20F, 0x0108, 0x2004, 0xBEAB, 0xBF30, 0x6968, 0x0000], &options);
        let (first, second) = (machine.run(), machine.run());
        assert_eq!((first.cycles, first.peak_stack, first.output), (second.cycles, 8, second.output));
    }
}

#[test]
fn flash_is_at_the_stm32s_place_too_and_code_runs_in_ram() {
    // adds r0, #1; bx lr
    let code = bytes(&[0x3001, 0x4770]);
    let mut machine = machine(&code, &Options::default());
    assert_eq!(machine.call(CODE + 0x0800_0000, &[1]).unwrap().r0, 2);
    assert!(machine.load_at(DATA, &code));
    assert_eq!(machine.call(DATA, &[2]).unwrap().r0, 3);
    assert_eq!(machine.read(DATA, 4), Some(&code[..]));
}
