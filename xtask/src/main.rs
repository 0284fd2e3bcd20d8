//! `cargo xtask <verb>`: every task of the repository, spelled out in one place.
//!
//! Each verb is a list of steps; each step says its name and the time it took, and the first that fails ends the run.
//! What a step needs and the machine lacks is installed where that is possible, or named.

mod bench;
mod browser;
mod busy;
mod checks;
mod cluster;
mod coverage;
mod fleet;
mod fuzz;
mod help;
mod mutants;
mod network_trial;
mod pack;
mod plan;
mod show;
mod tally;

use std::{env, error::Error, path, process::ExitCode};

use show::{Board, Wire};
use xtask::{command, firmware, measure, qemu, steps, target, toolchain, tools};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["help" | "--help" | "-h"] => {
            print!("{}", help::all());
            Ok(())
        }
        ["help", verb] | [verb, "--help" | "-h"] => {
            help::of(verb).map(|text| print!("{text}")).ok_or_else(|| unknown(verb))
        }
        ["demo"] => show::demo(Board::Rust(BOARD), &Wire::Honest),
        ["demo", "--mitm"] => show::demo(Board::Rust(BOARD), &Wire::Attacked),
        ["demo", "--c"] => show::demo(Board::C, &Wire::Honest),
        ["demo", "--c", "--mitm"] | ["demo", "--mitm", "--c"] => show::demo(Board::C, &Wire::Attacked),
        ["demo", "--pair"] => show::pair(Board::Rust(BOARD)),
        ["demo", "--c", "--pair"] | ["demo", "--pair", "--c"] => show::pair(Board::C),
        ["demo", "--line"] => show::line(BOARD),
        ["board", ref words @ ..] => show::by_hand(BOARD, words),
        ["cluster"] => cluster::run(BOARD),
        ["cluster", "--small"] => cluster::small(),
        ["cluster", "--stored"] => cluster::stored(BOARD),
        ["cluster", "--stored", "--small"] => cluster::stored_small(),
        ["cluster", "--stored", "--figures"] => cluster::figures(&["--stored"]),
        ["cluster", "--simulate"] => cluster::simulate(),
        ["cluster", "--figures"] => cluster::figures(&[]),
        ["fleet", ref words @ ..] => fleet::run(words),
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
        ["screenshots"] => browser::screenshots(),
        ["bench"] => bench::run(&bench::Body::Default),
        ["bench", "--portable"] => bench::run(&bench::Body::Portable),
        ["bench", "--charts"] => measure::run(&["charts", "--write"]),
        ["coverage"] => coverage::print(),
        ["coverage", ref names @ ..] => coverage::print_of(names),
        ["fuzz"] => fuzz::print(),
        ["fuzz", target, "--minutes", minutes] => fuzz::run(target, minutes),
        ["mutants", scope, ref options @ ..] => mutants::run(scope, options),
        // Of whoever types it: programs run in the repository.
        ["constant-time", "--elf", elf] => path::absolute(elf)
            .map_err(Into::into)
            .and_then(|elf| measure::run(&["constant-time", "--elf", &elf.to_string_lossy()])),
        ["constant-time" | "cycles" | "on-device" | "size", ..] => measure::run(&arguments),
        ["plan"] => checks::planned(),
        ["plan", word @ ("--write" | "--drivers")] => plan::run(&[word]),
        ["duplicates"] => plan::run(&["--duplicates"]),
        [] => Err(help::all().into()),
        [verb, ..] => Err(help::of(verb).map_or_else(|| unknown(verb), Into::into)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

fn unknown(verb: &str) -> Box<dyn Error + Send + Sync> {
    format!("no verb is called `{verb}`\n{}", help::all()).into()
}

const BOARD: &str = "examples/lm3s6965-ethernet";
