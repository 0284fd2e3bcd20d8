//! The same with its boot log, in whose place a device that pairs has a key store.
#![no_std]
#![no_main]

mod xx;

use cortex_m_rt::entry;
use lm3s6965_ethernet::reserved::Reserved;
use lowkey_core::boot_log::BootLog;
use lowkey_core::{Counter, CounterFailed, Ephemerals, Secret};
use lowkey_transport::Error;
use size::fixed::{Banks, HEDGE, Stuck};
use size::replay::Script;
use size::report::report;

#[entry]
fn main() -> ! {
    report(measured)
}

fn measured(script: Script<'_>) -> bool {
    xx::channel(script).is_ok()
}

/// Of the first start of a new log; and once more so for the second peer, which was recorded with a first start.
fn ephemerals() -> Result<Ephemerals<Stuck>, Error> {
    let boot = match BANKS.take() {
        Some(banks) => BootLog::new(banks.erased()).next().map_err(|CounterFailed| Error::Entropy)?,
        None => 1,
    };
    Ok(Ephemerals::new(Stuck, Secret::new(HEDGE), &mut At(boot))?)
}

/// A number that has been taken.
struct At(u64);

impl Counter for At {
    fn next(&mut self) -> Result<u64, CounterFailed> {
        Ok(self.0)
    }
}

/// Stand for flash. All zeros, so nothing of them is in the image.
static BANKS: Reserved<Banks> = Reserved::new(Banks::zeroed());
