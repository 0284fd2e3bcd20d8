//! `traces CORE FOLDER…`: the firmware of `tests/m3` in the model, with many secrets. Each folder has the programs
//! `channel`, `primitives` and `planted` as they are compiled for the core before it.
//!
//! | core | it runs as | |
//! | --- | --- | --- |
//! | `m3`, `m4` | a Cortex-M3, a Cortex-M4 | |
//! | `m33-dsp` | a Cortex-M33 | the same assembly as on the Cortex-M4 |
//! | `m33` | a Cortex-M33 | the same as on the Cortex-M3; whole connections with a few secrets |
//! | `armv6m` | a Cortex-M3 | no `planted`; the primitives in Rust; X25519 and whole connections with a few secrets |
//!
//! A class is a set of calls whose public inputs are the same: which function, which lengths, which addresses. What
//! differs is secret, and some of it is as odd as it can be. In a class every call must execute the same sequence of
//! program counters, skip the same conditional instructions, access the same sequence of data addresses, and take the
//! same number of cycles; long multiplies (on a Cortex-M3) and divisions take the model a time that depends on their
//! operands. Every answer is compared with the host's.
//!
//! And whatever lies in the stack below a function when it has returned must be the same for all secrets, or public
//! ([`left`]).
//!
//! The planted leaks must show, each in the way it was planted for.
//!
//! The cycles of what is compiled for Armv6-M are not a Cortex-M0's, but where a compiler has put a branch shows.

mod arena;
mod class;
mod handshakes;
mod left;
mod planted;
mod primitives;
mod secrets;
mod target;

use std::process::ExitCode;

use class::{Class, Firmware};
use target::Target;

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
    let firmware = Firmware::read(&arguments)?;
    let of_each = |classes: fn(Target) -> Vec<Class>| -> Vec<Class> {
        firmware.targets().flat_map(|target| called(target, classes(target))).collect()
    };
    let (classes, leaks) = (of_each(all_of), of_each(planted::classes));
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

/// Every class of a core, but for the planted leaks.
fn all_of(target: Target) -> Vec<Class> {
    let mut classes = primitives::classes(target);
    classes.extend(handshakes::classes(target));
    classes.extend(handshakes::in_place(target));
    classes.extend(handshakes::devices(target));
    classes
}

/// The same with the core in front of their names, unless it is the first.
fn called(target: Target, classes: Vec<Class>) -> impl Iterator<Item = Class> {
    let title = target.title();
    classes.into_iter().map(move |class| match title {
        None => class,
        Some(core) => Class { name: format!("{core}: {}", class.name), ..class },
    })
}
