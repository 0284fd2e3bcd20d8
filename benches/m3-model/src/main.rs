//! Runs a firmware on the model, as QEMU would with semihosting, and prints what it took.
//!
//! What the firmware says goes to standard output first. The exit status is the firmware's; 0 if it went idle, 124 at
//! the limit of instructions, 125 for a fault or arguments that make no sense.

mod arguments;
mod figures;

use std::{env, fs, io::Write, process::ExitCode};

use arguments::Arguments;
use figures::Figures;
use m3_model::{End, Machine};

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("m3-model: {error}");
            ExitCode::from(WRONG)
        }
    }
}

fn run() -> Result<ExitCode, String> {
    let arguments = Arguments::parse(env::args().skip(1))?;
    let read = |file: &str| fs::read(file).map_err(|error| format!("{file}: {error}"));
    let mut machine = Machine::load(&read(&arguments.elf)?, &arguments.options)
        .map_err(|error| format!("{}: {error}", arguments.elf))?;
    for (file, address) in &arguments.loads {
        if !machine.load_at(*address, &read(file)?) {
            return Err(format!("{file} does not fit at {address:#x}"));
        }
    }
    let report = machine.run();
    let figures = Figures { report: &report, regions: arguments.regions };
    // Who closed our output does not want to know.
    let _ = write!(std::io::stdout(), "{figures}");
    Ok(match report.end {
        End::Exit(status) => ExitCode::from(u8::try_from(status).unwrap_or(WRONG)),
        End::Idle => ExitCode::SUCCESS,
        End::Limit => ExitCode::from(LIMIT),
        _ => ExitCode::from(WRONG),
    })
}

/// As `timeout` says it.
const LIMIT: u8 = 124;
const WRONG: u8 = 125;
