//! The empty firmware: what every row has and none is charged for.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use size::replay::Script;
use size::report::report;

#[entry]
fn main() -> ! {
    report(nothing)
}

fn nothing(mut script: Script<'_>) -> bool {
    !script.blob().is_empty()
}
