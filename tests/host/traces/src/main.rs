//! `traces CHANNEL PRIMITIVES PLANTED CHANNEL PRIMITIVES PLANTED [CHANNEL PRIMITIVES]`: the firmware of `tests/m3` in
//! the model of a Cortex-M3 and of a Cortex-M4, with many secrets.
//!
//! A class is a set of calls whose public inputs are the same: which function, which lengths, which addresses. What
//! differs is secret, and some of it is as odd as it can be. In a class every call must execute the same sequence of
//! program counters, access the same sequence of data addresses, and take the same number of cycles; long multiplies
//! and divisions take the model a time that depends on their operands. Every answer is compared with the host's.
//!
//! And whatever lies in the stack below a function when it has returned must be the same for all secrets, or public
//! ([`left`]).
//!
//! The planted leaks must show, each in the way it was planted for.
//!
//! A Cortex-M3 executes what is compiled for Armv6-M as well. There the primitives are those in Rust; the cycles are
//! not a Cortex-M0's, but where a compiler has put a branch shows.

mod arena;
mod class;
mod handshakes;
mod left;
mod planted;
mod primitives;
mod secrets;

use std::process::ExitCode;

use class::{Class, Firmware, Program};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("traces: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if !matches!(arguments.len(), 6 | 8) {
        return Err(
            "usage: traces CHANNEL PRIMITIVES PLANTED M4-CHANNEL M4-PRIMITIVES M4-PLANTED [the two for Armv6-M]".into(),
        );
    }
    let firmware = Firmware::read(&arguments)?;
    let mut classes = all_of(Program::Channel, Program::Primitives);
    classes.extend(called("Cortex-M4", all_of(Program::M4Channel, Program::M4Primitives)));
    if firmware.has(Program::Armv6MPrimitives) {
        let mut small = primitives::classes(Program::Armv6MPrimitives);
        small.extend(handshakes::classes(Program::Armv6MChannel));
        small.extend(handshakes::in_place(Program::Armv6MChannel));
        small.extend(handshakes::devices(Program::Armv6MChannel));
        classes.extend(called("Armv6-M", small));
    }
    let mut leaks = planted::classes(Program::Planted);
    leaks.extend(called("Cortex-M4", planted::classes(Program::M4Planted)));
    let traces = class::run_all(&firmware, classes.iter().chain(&leaks))?;
    let (honest, of_leaks) = traces.split_at(classes.len());
    let mut bad = 0;
    for (class, traces) in classes.iter().zip(honest) {
        let seen = traces.seen();
        bad += usize::from(!seen.is_clean());
        println!("  {:<45} {seen}", class.name);
    }
    for (leak, traces) in leaks.iter().zip(of_leaks) {
        let seen = traces.seen();
        let caught = planted::is_caught(leak, &seen);
        bad += usize::from(!caught);
        println!("  planted: {:<36} {} {seen}", leak.name, if caught { "caught:" } else { "NOT CAUGHT:" });
    }
    if bad == 0 { Ok(()) } else { Err(format!("{bad} of the lines above are not as they should be").into()) }
}

/// Every class of a core.
fn all_of(channel: Program, primitives: Program) -> Vec<Class> {
    let mut classes = primitives::classes(primitives);
    classes.extend(handshakes::classes(channel));
    classes.extend(handshakes::in_place(channel));
    classes.extend(handshakes::devices(channel));
    classes
}

/// The same with the core in front of their names.
fn called(core: &str, classes: Vec<Class>) -> impl Iterator<Item = Class> {
    classes.into_iter().map(move |class| Class { name: format!("{core}: {}", class.name), ..class })
}
