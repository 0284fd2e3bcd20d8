//! The readings: a timer interrupt takes them and leaves them in the mailbox; the main loop's channel sends them.
//!
//! A reading is `r`, its number and the milliseconds since start, both `u32` big-endian.

use core::cell::Cell;
use core::sync::atomic::{AtomicU32, Ordering};

use cortex_m::interrupt::{self, Mutex};
use lm3s6965_ethernet::{clock::Clock, timer::Timer};
use lowkey_transport::Mailbox;

use crate::times;

/// What waits to be sent. The interrupt posts, the session delivers.
pub(crate) static MAILBOX: Mailbox<READING, 8> = Mailbox::new();
/// Readings that found the mailbox full, while there was no channel, or were under way when one broke.
static LOST: AtomicU32 = AtomicU32::new(0);

/// Bytes of a reading.
const READING: usize = 9;
/// Milliseconds between two interrupts; periods are multiples of it.
const BEAT: u32 = 10;
static PERIOD: AtomicU32 = AtomicU32::new(times::PERIOD / BEAT);
static BEATS: AtomicU32 = AtomicU32::new(0);
static NUMBER: AtomicU32 = AtomicU32::new(0);
static CLOCK: Mutex<Cell<Option<Clock>>> = Mutex::new(Cell::new(None));

/// Takes a reading every [`times::PERIOD`] from now on.
pub(crate) fn start(timer: Timer, clock: Clock) {
    interrupt::free(|token| CLOCK.borrow(token).set(Some(clock)));
    timer.start(BEAT, on_beat);
}

/// Takes a reading every `period` milliseconds from now on, 10 to 100,000.
pub(crate) fn set_period(period: u32) {
    PERIOD.store(period.clamp(BEAT, 100_000) / BEAT, Ordering::Relaxed);
}

/// Whether all that a trial asks for were taken, and have left the mailbox.
pub(crate) fn are_over() -> bool {
    times::READINGS != 0 && NUMBER.load(Ordering::Relaxed) == times::READINGS && MAILBOX.is_empty()
}

/// How many readings are lost, as far as can be known here.
pub(crate) fn lost() -> u32 {
    LOST.load(Ordering::Relaxed)
}

/// Counts readings that TCP had taken and the server's TCP never acknowledged. Some of them may have arrived.
pub(crate) fn lose(count: u32) {
    // The interrupt counts as well.
    interrupt::free(|_| LOST.store(lost().wrapping_add(count), Ordering::Relaxed));
}

/// In the interrupt. Nobody else writes these numbers but [`set_period`] and [`lose`], which mask it or write
/// once, so loads and stores do.
fn on_beat() {
    let beats = BEATS.load(Ordering::Relaxed).wrapping_add(1);
    if beats < PERIOD.load(Ordering::Relaxed) {
        BEATS.store(beats, Ordering::Relaxed);
        return;
    }
    BEATS.store(0, Ordering::Relaxed);
    let number = NUMBER.load(Ordering::Relaxed);
    if number == times::READINGS && number > 0 {
        return;
    }
    let time = interrupt::free(|token| CLOCK.borrow(token).get()).map_or(0, Clock::now);
    let [a, b, c, d] = number.to_be_bytes();
    let [e, f, g, h] = time.to_be_bytes();
    if MAILBOX.post(&[b'r', a, b, c, d, e, f, g, h]).is_err() {
        if times::READINGS != 0 {
            return; // who counts readings takes the next when there is room for it
        }
        LOST.store(lost().wrapping_add(1), Ordering::Relaxed);
    }
    NUMBER.store(number.wrapping_add(1), Ordering::Relaxed);
}
