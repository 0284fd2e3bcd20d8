//! A KK initiator through `Link` and the blocking `Channel`, and XXpsk0 through `Link`. What counts the starts is
//! played.
#![no_std]
#![no_main]

mod xx;

use cortex_m_rt::entry;
use lowkey_core::{Ephemerals, Secret};
use lowkey_transport::Error;
use size::fixed::{HEDGE, Stuck};
use size::replay::Script;
use size::report::report;

#[entry]
fn main() -> ! {
    report(measured)
}

fn measured(script: Script<'_>) -> bool {
    xx::channel(script).is_ok()
}

fn ephemerals() -> Result<Ephemerals<Stuck>, Error> {
    Ok(Ephemerals::new(Stuck, Secret::new(HEDGE), &mut Stuck)?)
}
