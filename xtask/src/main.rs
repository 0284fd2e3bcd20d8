//! `cargo xtask <verb>`: every task of the repository, spelled out in one place.
//!
//! Each verb is a list of steps; each step says its name and the time it took, and the first that fails ends the run.
//! What a step needs and the machine lacks is installed where that is possible, or named.

mod bench;
mod busy;
mod checks;
mod coverage;
mod network_trial;
mod pack;
mod plan;
mod show;
mod tally;

use std::{env, path, process::ExitCode};

use show::{Board, Wire};
use xtask::{archive, c_firmware, command, firmware, measure, qemu, steps, target, toolchain, tools};

fn main() -> ExitCode {
    if let Some(code) = archive::stand_in() {
        return code;
    }
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["demo"] => show::demo(Board::Rust(BOARD), &Wire::Honest),
        ["demo", "--mitm"] => show::demo(Board::Rust(BOARD), &Wire::Attacked),
        ["demo", "--c"] => show::demo(Board::C, &Wire::Honest),
        ["demo", "--c", "--mitm"] | ["demo", "--mitm", "--c"] => show::demo(Board::C, &Wire::Attacked),
        ["demo", "--pair"] => show::pair(Board::Rust(BOARD)),
        ["demo", "--c", "--pair"] | ["demo", "--pair", "--c"] => show::pair(Board::C),
        ["demo", "--line"] => show::line(BOARD),
        ["board", ref words @ ..] => show::by_hand(BOARD, words),
        ["check"] => checks::quick(),
        ["test"] => checks::all(),
        ["test", "--busy"] => busy::test(BOARD),
        ["test", "--list"] => {
            checks::list();
            Ok(())
        }
        ["test", "--from", name] => checks::from(name),
        ["test", ref names @ ..] => checks::chosen(names),
        ["step", name] => checks::step(name),
        ["c" | "deb" | "release"]
        | ["c", "--try"]
        | ["release", "--dry-run" | "--twice"]
        | ["release", "--bytes", _] => pack::run(&arguments),
        ["bench"] => bench::run(&bench::Body::Default),
        ["bench", "--portable"] => bench::run(&bench::Body::Portable),
        ["bench", "--charts"] => measure::run(&["charts", "--write"]),
        ["coverage"] => coverage::print(),
        ["coverage", ref names @ ..] => coverage::print_of(names),
        // Of whoever types it: programs run in the repository.
        ["constant-time", "--elf", elf] => path::absolute(elf)
            .map_err(Into::into)
            .and_then(|elf| measure::run(&["constant-time", "--elf", &elf.to_string_lossy()])),
        ["constant-time" | "cycles" | "on-device" | "size", ..] => measure::run(&arguments),
        ["plan"] => plan::check(),
        ["plan", word @ ("--write" | "--drivers")] => plan::run(&[word]),
        ["duplicates"] => plan::run(&["--duplicates"]),
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
         --mitm puts an attacker between them, --c takes the board's firmware in C, with lwIP;
         --pair brings a blank board and a server together by the code on a label, also with --c;
         --line puts both boards on a line that dies, and in front of a server that hangs, floods and takes nothing
  board  a board in QEMU that pairs, for your own label and server: --label FILE, a file of `lowkey code new --address`;
         --select and --down hold a button while it starts; its flash is kept, --blank begins anew; --c: in C
  check  formatting, documents, lints and unit tests of the workspace: a minute when it is built; installs nothing
  test   everything that must hold before a change goes in; installs what the machine lacks
         (STEP…: only these; --list: their names, and how long each took last; --from STEP: it and what comes after;
         --busy: what has deadlines, races and ports, ten times while all cores are kept busy by something else)
  plan   whether the folders, floors, drivers and `unsafe` of the sources are those of ARCHITECTURE.md
         (--write: write what of it follows from the sources; --drivers: how long the drivers' files are)
  duplicates
         runs of six lines or more that the crates have in two places
  deb    a Debian package of the command, in target/debian
  c      the library for C: for each machine a folder in dist, with all that firmware in C needs
         (--try: make all of them on the side and use them, before a release; `test` leaves one out)
  release
         everything of a release but publishing it, in dist/release: RELEASING.md
         (--dry-run: before there is a tag and a heading in CHANGELOG.md; --twice: whether a clone in another folder
         gives the same bytes)
  coverage
         which lines of the crates their tests run, file by file (CRATE…: only of these)
  constant-time
         whether the time that a Cortex-M3 takes depends on a secret, or what stays on its stack: the
         image, the trace in a model, and valgrind
         (--elf FIRMWARE: only whether what is ours in a firmware of yours has instructions that take a time of their own)
  on-device
         the primitives' own tests on a Cortex-M3, in QEMU and in a model; what C leaves on the stack
  size   flash, RAM and stack of a channel on a Cortex-M3, next to benches/numbers.toml
         (--write: commit what was measured there; --profiles: the smallest at other build profiles;
         --c: print the rows in C only; --savings: those with and without what makes the archive smaller)
  cycles the time of a channel on a Cortex-M3, by a model of one, next to its peers and to benches/numbers.toml
         (--write: commit what was measured there)
  bench  handshakes, records, echoes and the memory of 10,000 connections on this machine, next to snow,
         rustls and bare aws-lc-rs
         (--portable: with the primitives in Rust; --charts: draw the book's charts from its tables)
LOWKEY_TOOLCHAIN=debian builds firmware with Debian's toolchain.";
