//! Programs of a few instructions, assembled by hand: the halfwords of each stand under its text.
#![allow(dead_code, unreachable_pub)] // Each test file uses its own part.

pub mod elf;

use m3_model::{Call, Machine, Options, Region, Rules};

/// Where programs are put: the beginning of a word, and of a flash line.
pub const CODE: u32 = 0x100;
/// A word of RAM to load from and store to.
pub const DATA: u32 = 0x2000_0100;

/// `code` between the marks of a region, and a return.
pub fn marked(code: &[u16]) -> Vec<u8> {
    let begin = [0xF3AF, 0x80F1]; // dbg #1
    let end = [0xF3AF, 0x80F2, 0x4770]; // dbg #2; bx lr
    bytes(&[&begin, code, &end].concat())
}

/// The halfwords as they lie in memory.
pub fn bytes(code: &[u16]) -> Vec<u8> {
    code.iter().flat_map(|half| half.to_le_bytes()).collect()
}

/// A machine with `code` at [`CODE`].
pub fn machine(code: &[u8], options: &Options) -> Machine {
    let mut machine = Machine::new(options);
    assert!(machine.load_at(CODE, code));
    machine
}

/// Executes `code` with these arguments in r0 to r3.
pub fn call(code: &[u16], arguments: &[u32]) -> Call {
    machine(&bytes(code), &Options::default()).call(CODE, arguments).unwrap()
}

/// What `code` takes, run once with these arguments in r0 to r3.
pub fn region(code: &[u16], arguments: &[u32], options: &Options) -> Region {
    machine(&marked(code), options).call(CODE, arguments).unwrap().regions.swap_remove(0)
}

/// The cycles of `code`, run once with [`DATA`] in r0 to r3.
pub fn cycles(code: &[u16]) -> u64 {
    with(code, &[DATA; 4])
}

/// The cycles of `code`, run once with these arguments in r0 to r3.
pub fn with(code: &[u16], arguments: &[u32]) -> u64 {
    region(code, arguments, &Options::default()).cycles
}

/// The cycles of `code` by table 3-1 alone.
pub fn by_table(code: &[u16]) -> u64 {
    region(code, &[DATA; 4], &Options { rules: Rules::Table, ..Options::default() }).cycles
}

/// Multiplications, of which a Cortex-M3 takes a time by their operands for some.
pub const MULTIPLICATIONS: [&[u16]; 7] = [
    &[0xFBE0, 0x2361], // umaal r2, r3, r0, r1
    &[0xFBA0, 0x2301], // umull r2, r3, r0, r1
    &[0xFBE0, 0x2301], // umlal r2, r3, r0, r1
    &[0xFB80, 0x2301], // smull r2, r3, r0, r1
    &[0xFBC0, 0x2301], // smlal r2, r3, r0, r1
    &[0xFB01, 0x3002], // mla r0, r1, r2, r3
    &[0xFB01, 0x3012], // mls r0, r1, r2, r3
];

/// Looks whether each of these takes so many cycles, whatever the operands.
pub fn take(cycles: u64, rows: &[&[u16]], options: &Options) {
    for code in rows {
        for operand in [0, 1, 0xFFFF, 0x1_0000, 0x8000_0000, u32::MAX] {
            assert_eq!(region(code, &[operand; 4], options).cycles, cycles, "{code:04x?} {operand:#x}");
        }
    }
}
