//! The milliseconds since start, counted by SysTick.

use core::sync::atomic::{AtomicU32, Ordering};

use cortex_m::peripheral::{SYST, syst::SystClkSource};
use cortex_m_rt::exception;

use crate::board::CLOCK_HZ;

/// Holding one tells you that the tick was started. It can be copied freely.
#[derive(Clone, Copy)]
pub struct Clock(());

impl Clock {
    /// Milliseconds since start, wrapping after 49 days: compare only by [`Clock::since`].
    pub fn now(self) -> u32 {
        TICKS.load(Ordering::Relaxed)
    }

    /// The core's cycles since start, wrapping: what differs from run to run in when something happened.
    pub fn cycles(self) -> u32 {
        self.now().wrapping_mul(CLOCK_HZ / 1_000).wrapping_sub(SYST::get_current())
    }

    /// Milliseconds since `start`, right across the wrap for anything shorter than 49 days.
    pub fn since(self, start: u32) -> u32 {
        self.now().wrapping_sub(start)
    }
}

/// The interrupt behind the clock. Its owner alone can hold it up.
pub struct Ticker(SYST);

impl Ticker {
    /// Starts a tick every millisecond.
    pub(crate) fn start(mut systick: SYST) -> (Self, Clock) {
        systick.set_clock_source(SystClkSource::Core);
        systick.set_reload(CLOCK_HZ / 1_000 - 1);
        systick.clear_current();
        systick.enable_interrupt();
        systick.enable_counter();
        (Self(systick), Clock(()))
    }

    /// Stops the tick: time stands still, and only other interrupts end a `wfi`.
    pub fn pause(&mut self) {
        self.0.disable_counter();
    }

    /// Goes on where [`Ticker::pause`] stopped.
    pub fn resume(&mut self) {
        self.0.enable_counter();
    }
}

#[exception]
fn SysTick() {
    // No other interrupt writes it, so a load and a store do; `fetch_add` would be a loop.
    TICKS.store(TICKS.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
}

static TICKS: AtomicU32 = AtomicU32::new(0);
