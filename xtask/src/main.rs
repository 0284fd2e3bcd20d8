//! `cargo xtask <verb>`: every task of the repository, spelled out in one place.
//!
//! Each verb is a list of steps; each step says its name and the time it took, and the first that fails ends the run.
//! What a step needs and the machine lacks is installed where that is possible, or named.

mod firmware;
mod image;
mod network_trial;
mod steps;
mod toolchain;

use std::{env, process::ExitCode};

use command::{Command, Result};
use steps::Steps;
use xtask::{command, qemu, root, setup};

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let verb = arguments.next().unwrap_or_default();
    let done = match (verb.as_str(), arguments.next()) {
        ("demo", None) => demo(),
        ("test", None) => test(),
        ("size", None) => size(),
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

/// Shows the board at work.
fn demo() -> Result<()> {
    let mut steps = Steps::new();
    let elf = steps.run("build the firmware", || firmware::build(BOARD, "network-trial"))?;
    steps.run("run it in QEMU", || network_trial::run(&elf))
}

/// Everything that must hold before a change goes in.
fn test() -> Result<()> {
    let mut steps = Steps::new();
    steps.run("formatting", || {
        cargo(&["fmt", "--all", "--check"])?;
        Command::cargo().args(["fmt", "--check"]).within(BOARD).run()
    })?;
    steps.run("lints", || cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    steps.run("lints of the firmware", || firmware::lint(BOARD))?;
    let trial = steps.run("build the firmware", || {
        firmware::build(BOARD, "lm3s6965-ethernet")?;
        firmware::build(BOARD, "network-trial")
    })?;
    steps.run("the board's network, in QEMU", || network_trial::run(&trial))?;
    // Last, so that the runner's summary ends the output.
    steps.run("tests of the workspace", || cargo(&["test", "--workspace"]))
}

/// What the firmware takes.
fn size() -> Result<()> {
    for name in ["lm3s6965-ethernet", "network-trial"] {
        let image = image::Image::read(&firmware::build(BOARD, name)?)?;
        println!("{name:<20} flash {:>6} B   static RAM {:>6} B", image.flash, image.ram);
    }
    Ok(())
}

fn cargo(arguments: &[&str]) -> Result<()> {
    Command::cargo().args(arguments).within(".").run()
}

const BOARD: &str = "examples/lm3s6965-ethernet";

const USAGE: &str = "\
usage: cargo xtask <verb>
  demo   the firmware on an emulated board
  test   everything that must hold before a change goes in
  size   flash and static RAM of the firmware";
