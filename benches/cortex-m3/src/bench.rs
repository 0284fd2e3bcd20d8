//! Rows: work that is timed once, and marked for the model.
//!
//! A row is said as `row NAME cycles C ticks T`. The model also sees where it begins and ends, by the hints `dbg #1`
//! (with the row's number in r0) and `dbg #2`, which a core takes for NOPs; instructions and stack are from there.
#![allow(unsafe_code)]

use core::arch::asm;

use crate::{
    counters::{Counters, Span},
    host::{Exit, Line, exit},
};

/// How often everything is measured: on a part the first time is cold, and one with a cache is warm the second.
pub const PASSES: u32 = if cfg!(feature = "stm32f1") { 2 } else { 1 };

/// The rows of a program, and a digest over everything that they have computed.
pub struct Bench {
    counters: Counters,
    /// What a row takes that does nothing.
    overhead: Span,
    rows: u32,
    /// FNV-1a.
    digest: u64,
}

impl Bench {
    /// Starts the clocks and measures nothing, to be subtracted from everything. `None` the second time.
    pub fn start() -> Option<Self> {
        let counters = Counters::start()?;
        let mut bench = Self { counters, overhead: Span::default(), rows: 0, digest: FNV_OFFSET };
        let (_, overhead) = bench.time(|| ());
        bench.overhead = overhead;
        Some(bench)
    }

    /// Says that everything begins once more.
    pub fn pass(&mut self, number: u32) {
        Line::new().text("pass ").number(number).say();
    }

    /// Does `work` and says what it took; `name` is in pieces.
    pub fn row<R>(&mut self, name: &[&str], work: impl FnOnce() -> R) -> R {
        let (result, span) = self.time(work);
        let span = span.less(self.overhead);
        let line = name.iter().fold(Line::new().text("row "), |line, piece| line.text(piece));
        line.text(" cycles ").number(span.cycles).text(" ticks ").number(span.ticks).say();
        result
    }

    /// Takes a result into the digest, so that two runs can be held against each other.
    pub fn result(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.digest = (self.digest ^ u64::from(*byte)).wrapping_mul(FNV_PRIME);
        }
    }

    /// Says how many bytes something has in memory.
    pub fn size(&mut self, name: &str, bytes: usize) {
        Line::new().text("size ").text(name).text(" ").number(bytes as u32).say();
    }

    /// Says the digest and ends the program.
    pub fn finish(self) -> ! {
        Line::new().text("digest ").hex(self.digest).say();
        exit(Exit::Success)
    }

    fn time<R>(&mut self, work: impl FnOnce() -> R) -> (R, Span) {
        let number = self.rows;
        self.rows += 1;
        let start = self.counters.now();
        // SAFETY: a hint; it reads r0 at most.
        unsafe { asm!("dbg #1", in("r0") number, options(nostack, preserves_flags)) };
        let result = call(work);
        // SAFETY: as above.
        unsafe { asm!("dbg #2", options(nostack, preserves_flags)) };
        (result, self.counters.now().since(start))
    }
}

/// Ends a program that computed something wrong, and says what.
pub fn fail(what: &str) -> ! {
    Line::new().text("failed: ").text(what).say();
    exit(Exit::Failure)
}

/// A frame of its own for what is measured, so that nothing of it is done before or after.
#[inline(never)]
fn call<R>(work: impl FnOnce() -> R) -> R {
    work()
}

const FNV_OFFSET: u64 = 0xCBF2_9CE4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01B3;
