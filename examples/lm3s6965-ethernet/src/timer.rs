//! General-purpose timer 0 as a periodic interrupt, for work that must not wait for the network.

use core::cell::Cell;

use cortex_m::interrupt::{self, Mutex};

use crate::{
    board::CLOCK_HZ,
    registers::{GPTMCFG, GPTMCTL, GPTMICR, GPTMIMR, GPTMTAILR, GPTMTAMR, NVIC_ISER0, RCGC1},
    vectors::TIMER0A,
};

/// The timer, not yet running.
pub struct Timer(());

impl Timer {
    pub(crate) fn new() -> Self {
        Self(())
    }

    /// Calls `work` every `period` milliseconds (1 to 85,000; anything else is brought into that range), from the
    /// interrupt: it shares nothing with the main loop but atomics, queues and critical sections.
    pub fn start(self, period: u32, work: fn()) {
        interrupt::free(|token| WORK.borrow(token).set(work));
        RCGC1.set(RCGC1_TIMER0);
        RCGC1.read(); // three clocks before the first access
        GPTMCTL.write(0);
        GPTMCFG.write(CFG_32_BITS);
        GPTMTAMR.write(TAMR_PERIODIC);
        // 85,000 × 50,000 < 2^32
        GPTMTAILR.write(period.clamp(1, 85_000) * (CLOCK_HZ / 1_000) - 1);
        GPTMICR.write(TIMEOUT);
        GPTMIMR.write(TIMEOUT);
        NVIC_ISER0.write(1 << TIMER0A);
        GPTMCTL.write(CTL_ENABLE);
    }
}

pub(crate) extern "C" fn on_interrupt() {
    GPTMICR.write(TIMEOUT);
    interrupt::free(|token| WORK.borrow(token).get())();
}

static WORK: Mutex<Cell<fn()>> = Mutex::new(Cell::new(|| ()));

const RCGC1_TIMER0: u32 = 1 << 16;
const CFG_32_BITS: u32 = 0;
const TAMR_PERIODIC: u32 = 2;
const CTL_ENABLE: u32 = 1 << 0;
const TIMEOUT: u32 = 1 << 0;
