//! Saying something to whoever runs the program, and ending it: Arm's semihosting, which QEMU and the model have.
#![allow(unsafe_code)] // one instruction

use core::arch::asm;

/// Says `text`.
pub(crate) fn say(text: &str) {
    for byte in text.bytes() {
        request(SYS_WRITEC, (&raw const byte).addr());
    }
}

/// Says `number` in decimal digits.
pub(crate) fn say_number(number: u32) {
    let mut digits = [b'0'; 10];
    let (mut rest, mut from) = (number, digits.len());
    while rest > 0 || from == digits.len() {
        from -= 1;
        digits[from] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    say(core::str::from_utf8(&digits[from..]).unwrap_or_default());
}

/// Ends the program.
pub(crate) fn exit(well: bool) -> ! {
    loop {
        request(SYS_EXIT, if well { APPLICATION_EXIT } else { RUN_TIME_ERROR });
    }
}

fn request(operation: usize, argument: usize) {
    // SAFETY: the host reads a byte at most, through the pointer that `say` gives, and changes r0.
    unsafe { asm!("bkpt 0xAB", inout("r0") operation => _, in("r1") argument) }
}

const SYS_WRITEC: usize = 0x03;
const SYS_EXIT: usize = 0x18;
const APPLICATION_EXIT: usize = 0x2_0026;
const RUN_TIME_ERROR: usize = 0x2_0023;
