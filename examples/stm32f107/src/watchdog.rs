//! The independent watchdog: resets the part some 8 s after the firmware has stopped doing its work.
//!
//! A task feeds it, but only while the main loop goes on: it must say [`progress`] every two minutes. So it notices a
//! loop that waits for something that never comes as well as a core that no longer runs. It runs on an oscillator of
//! its own, which may be a quarter slower or half as fast again, and cannot be stopped.
//!
//! Each reset takes a boot number. 510 fit a page of the log, and a page lasts 10,000 erases: even a part that does
//! nothing but fail every 8 s goes on for 2.5 years. One that resets itself at once would be worn out within days.

use core::sync::atomic::{AtomicU32, Ordering};

use embassy_stm32::{Peri, peripherals::IWDG, wdg::IndependentWatchdog};
use embassy_time::{Instant, Timer};

/// Starts it. From here on [`feed`] must run within 5 s.
pub(crate) fn start(watchdog: Peri<'static, IWDG>) -> IndependentWatchdog<'static, IWDG> {
    let mut watchdog = IndependentWatchdog::new(watchdog, LIMIT_US);
    watchdog.unleash();
    watchdog
}

/// Says that the main loop has come round again.
pub(crate) fn progress() {
    PROGRESS.store(seconds(), Ordering::Relaxed);
}

/// Feeds it as long as there is progress.
#[embassy_executor::task]
pub(crate) async fn feed(mut watchdog: IndependentWatchdog<'static, IWDG>) {
    loop {
        if seconds().wrapping_sub(PROGRESS.load(Ordering::Relaxed)) < PATIENCE_S {
            watchdog.pet();
        }
        Timer::after_secs(2).await;
    }
}

fn seconds() -> u32 {
    Instant::now().as_secs() as u32 // wraps after 136 years
}

/// When the main loop was last seen, in seconds since start.
static PROGRESS: AtomicU32 = AtomicU32::new(0);
/// By the oscillator's nominal 40 kHz.
const LIMIT_US: u32 = 8_000_000;
/// More than an attempt and a pause together, and than the longest time between two readings.
const PATIENCE_S: u32 = 120;
