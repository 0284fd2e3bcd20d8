//! Runs a firmware on the model, as QEMU would with semihosting, and prints what it took.

mod arguments;

use std::{env, fs, process::ExitCode};

use arguments::Arguments;
use m3_model::{End, Machine, Report};

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
    print(&report, &arguments);
    Ok(match report.end {
        End::Exit(status) => ExitCode::from(u8::try_from(status).unwrap_or(WRONG)),
        End::Idle => ExitCode::SUCCESS,
        End::Limit => ExitCode::from(LIMIT),
        _ => ExitCode::from(WRONG),
    })
}

fn print(report: &Report, arguments: &Arguments) {
    println!("end           {}", report.end);
    println!("cycles        {:>14}", report.cycles);
    println!("instructions  {:>14}", report.instructions);
    println!("peak stack    {:>14}", report.peak_stack);
    println!("pc hash       {:016x}", report.pc_hash);
    println!("address hash  {:016x}", report.address_hash);
    if arguments.regions {
        println!("\nregion        cycles  instructions   stack  pc hash           address hash");
        for region in &report.regions {
            println!(
                "{:>6} {:>13} {:>13} {:>7}  {:016x}  {:016x}",
                region.number,
                region.cycles,
                region.instructions,
                region.peak_stack,
                region.pc_hash,
                region.address_hash
            );
        }
    }
    if arguments.options.profile {
        println!("\n   own cycles      %     inclusive      %     calls  function");
        let percent = |cycles: u64| cycles as f64 * 100.0 / report.cycles.max(1) as f64;
        for share in &report.profile {
            println!(
                "{:>13} {:>6.2} {:>13} {:>6.2} {:>9}  {}",
                share.own_cycles,
                percent(share.own_cycles),
                share.inclusive_cycles,
                percent(share.inclusive_cycles),
                share.calls,
                share.name
            );
        }
    }
}

/// The firmware did not come to an end, as `timeout` says it.
const LIMIT: u8 = 124;
/// A fault, or arguments that make no sense.
const WRONG: u8 = 125;
