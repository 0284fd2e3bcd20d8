//! A line of text to whoever holds the debugger, and the end of the program: Arm's semihosting.
//!
//! No `core::fmt`: nothing here needs it, and it would be in each image.
#![allow(unsafe_code)]

use core::arch::asm;

/// A line in the making; what does not fit is lost.
pub(crate) struct Line {
    text: [u8; LONGEST],
    len: usize,
}

impl Line {
    pub(crate) fn new() -> Self {
        Self { text: [0; LONGEST], len: 0 }
    }

    /// Adds `text` as it is.
    pub(crate) fn text(mut self, text: &str) -> Self {
        for byte in text.bytes() {
            self.byte(byte);
        }
        self
    }

    /// Adds `number` in decimal digits.
    pub(crate) fn number(mut self, number: u32) -> Self {
        let mut power = 1_000_000_000;
        while power > 1 && number < power {
            power /= 10;
        }
        while power > 0 {
            self.byte(b'0' + (number / power % 10) as u8);
            power /= 10;
        }
        self
    }

    /// Adds `number` in sixteen hexadecimal digits.
    pub(crate) fn hex(mut self, number: u64) -> Self {
        for shift in (0..16).rev() {
            let digit = (number >> (4 * shift)) as u8 & 15;
            self.byte(if digit < 10 { b'0' + digit } else { b'a' - 10 + digit });
        }
        self
    }

    /// Says the line.
    pub(crate) fn say(mut self) {
        self.byte(b'\n');
        // Behind the text is at least one zero, which ends it.
        call(SYS_WRITE0, (&raw const self.text).addr());
    }

    fn byte(&mut self, byte: u8) {
        if self.len < LONGEST - 1 {
            self.text[self.len] = byte;
            self.len += 1;
        }
    }
}

/// How a program ended.
#[derive(Clone, Copy)]
pub(crate) enum Exit {
    Success,
    Failure,
}

/// Ends the program; a debugger that does not end it is waited for.
pub(crate) fn exit(how: Exit) -> ! {
    let reason = match how {
        Exit::Success => APPLICATION_EXIT,
        Exit::Failure => RUN_TIME_ERROR,
    };
    loop {
        call(SYS_EXIT, reason);
    }
}

fn call(operation: usize, argument: usize) {
    // SAFETY: the host reads the zero-terminated text that `argument` points to (SYS_WRITE0) or nothing (SYS_EXIT),
    // and answers in r0.
    unsafe {
        asm!("bkpt #0xab", inlateout("r0") operation => _, in("r1") argument, options(nostack));
    }
}

const LONGEST: usize = 120;
const SYS_WRITE0: usize = 0x04;
const SYS_EXIT: usize = 0x18;
/// ADP_Stopped_ApplicationExit.
const APPLICATION_EXIT: usize = 0x2_0026;
/// ADP_Stopped_RunTimeErrorUnknown.
const RUN_TIME_ERROR: usize = 0x2_0023;
