//! `cargo xtask <verb>`: every task of the repository, spelled out in one place.
//!
//! Each verb is a list of steps; each step says its name and the time it took, and the first that fails ends the run.
//! What a step needs and the machine lacks is installed where that is possible, or named.

mod bench;
mod chart;
mod checks;
mod constant_time;
mod cycles;
mod deb;
mod documents;
mod firmware;
mod fit;
mod image;
mod network_trial;
mod numbers;
mod on_device;
mod show;
mod size;
mod steps;
mod tally;
mod toolchain;
mod tools;

use std::{env, process::ExitCode};

use show::Wire;
use xtask::{command, qemu, root, setup, target};

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let verb = arguments.next().unwrap_or_default();
    let done = match (verb.as_str(), arguments.next().as_deref()) {
        ("demo", None) => show::demo(BOARD, &Wire::Honest),
        ("demo", Some("--mitm")) => show::demo(BOARD, &Wire::Attacked),
        ("test", None) => checks::all(BOARD),
        ("deb", None) => deb::build(),
        ("bench", None) => bench::run(&bench::Body::Default),
        ("bench", Some("--portable")) => bench::run(&bench::Body::Portable),
        ("bench", Some("--charts")) => bench::pictures::write(),
        ("constant-time", None) => constant_time::check(),
        ("on-device", None) => on_device::check(),
        ("size", None) => size::check(),
        ("size", Some("--write")) => size::write(),
        ("size", Some("--profiles")) => size::profiles(),
        ("cycles", None) => cycles::check(),
        ("cycles", Some("--write")) => cycles::write(),
        _ => Err(USAGE.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

const BOARD: &str = "examples/lm3s6965-ethernet";

const USAGE: &str = "\
usage: cargo xtask <verb>
  demo   a board in QEMU and the real server: 64 KiB each way, the wire captured and searched;
         --mitm puts an attacker between them
  test   everything that must hold before a change goes in
  deb    a Debian package of the command, in target/debian
  constant-time
         whether the time that a Cortex-M3 takes depends on a secret: the image, the trace in a
         model, and valgrind
  on-device
         the primitives' own tests on a Cortex-M3, in QEMU and in a model
  size   flash, RAM and stack of a channel on a Cortex-M3, next to benches/numbers.toml
         (--write: commit what was measured there; --profiles: the smallest at other build profiles)
  cycles the time of a channel on a Cortex-M3, by a model of one, next to its peers and to benches/numbers.toml
         (--write: commit what was measured there)
  bench  handshakes, records, echoes and the memory of 10,000 connections on this machine, next to snow,
         rustls and bare aws-lc-rs
         (--portable: with the primitives in Rust; --charts: draw the book's charts from its tables)
LOWKEY_TOOLCHAIN=debian builds firmware with Debian's toolchain.";
