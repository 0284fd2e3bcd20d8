//! The two clocks of the core.
//!
//! DWT's CYCCNT counts cycles; on a part and in the model. QEMU has none and reads it as zero. SysTick counts the same
//! clock in 24 bits, in QEMU as well, where `-icount` moves it by a fixed time for each instruction.

use cortex_m::{
    Peripherals,
    peripheral::{DWT, SYST, syst::SystClkSource},
};

/// Both clocks, running. They belong to the core, so they are read without their owner.
pub(crate) struct Counters(());

impl Counters {
    /// Starts the clocks. `None` the second time.
    pub(crate) fn start() -> Option<Self> {
        let mut core = Peripherals::take()?;
        core.DCB.enable_trace();
        core.DWT.enable_cycle_counter();
        core.SYST.set_clock_source(SystClkSource::Core);
        core.SYST.set_reload(TICKS);
        core.SYST.clear_current();
        core.SYST.enable_counter();
        #[cfg(feature = "wait-states")]
        slow_flash();
        Some(Self(()))
    }

    /// What both show now.
    #[inline(always)]
    pub(crate) fn now(&self) -> Instant {
        Instant { ticks: SYST::get_current(), cycles: DWT::cycle_count() }
    }
}

/// A moment on both clocks.
#[derive(Clone, Copy)]
pub(crate) struct Instant {
    cycles: u32,
    ticks: u32,
}

impl Instant {
    /// Cycles and ticks since `start`, wrapping at 2^32 and 2^24.
    pub(crate) fn since(self, start: Self) -> Span {
        // SysTick counts down.
        Span {
            cycles: self.cycles.wrapping_sub(start.cycles),
            ticks: start.ticks.wrapping_sub(self.ticks) & TICKS,
        }
    }
}

/// A time on both clocks.
#[derive(Clone, Copy, Default)]
pub(crate) struct Span {
    pub(crate) cycles: u32,
    pub(crate) ticks: u32,
}

impl Span {
    /// What is left without `overhead`.
    pub(crate) fn less(self, overhead: Self) -> Self {
        Self {
            cycles: self.cycles.wrapping_sub(overhead.cycles),
            ticks: self.ticks.wrapping_sub(overhead.ticks) & TICKS,
        }
    }
}

/// FLASH_ACR of an STM32F1 (RM0008 §3.3.3, PM0075 §3.1): two wait states, prefetch on.
#[cfg(feature = "wait-states")]
#[allow(unsafe_code)]
fn slow_flash() {
    const FLASH_ACR: usize = 0x4002_2000;
    const TWO_WAIT_STATES_AND_PREFETCH: u32 = 0x12;
    // SAFETY: with this feature the image runs on an STM32F1 only, whose register this is. More wait states than the
    // clock needs are allowed, and no memory that Rust owns is touched.
    unsafe {
        core::ptr::with_exposed_provenance_mut::<u32>(FLASH_ACR).write_volatile(TWO_WAIT_STATES_AND_PREFETCH);
    }
}

/// SysTick's 24 bits.
const TICKS: u32 = 0x00FF_FFFF;
