//! Runs a firmware on the model, as QEMU would with semihosting, and prints what it took: `m3-model --help`.

mod arguments;
mod figures;

use std::{
    env, fs,
    io::{self, Write},
    process::ExitCode,
};

use arguments::{Arguments, Asked, HELP};
use figures::Figures;
use m3_model::{End, Machine};

fn main() -> ExitCode {
    match asked(env::args().skip(1), &mut io::stdout()) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("m3-model: {error}\n`m3-model --help` says how it is called");
            ExitCode::from(WRONG)
        }
    }
}

/// Does what was asked for; returns the exit status. Who closed our output does not want to know.
fn asked(words: impl Iterator<Item = String>, out: &mut impl Write) -> Result<u8, String> {
    match Asked::parse(words)? {
        Asked::Help => {
            let _ = out.write_all(HELP.as_bytes());
            Ok(0)
        }
        Asked::Run(arguments) => run(&arguments, out),
    }
}

fn run(arguments: &Arguments, out: &mut impl Write) -> Result<u8, String> {
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
    let _ = write!(out, "{figures}");
    Ok(match report.end {
        End::Exit(status) => u8::try_from(status).unwrap_or(WRONG),
        End::Idle => 0,
        End::Limit => LIMIT,
        _ => WRONG,
    })
}

/// As `timeout` says it.
const LIMIT: u8 = 124;
const WRONG: u8 = 125;

#[cfg(test)]
#[allow(unreachable_pub)] // the tests in their own files take it as well
#[path = "../tests/common/elf.rs"]
mod elf;

#[cfg(test)]
mod tests {
    use std::process;

    use super::*;

    /// The exit status of a firmware of these halfwords, with these options before it.
    fn status(name: &str, options: &[&str], code: &[u16]) -> Result<u8, String> {
        // The end of the stack, and the way in behind these two.
        let vectors: [u32; 2] = [0x2001_0000, 9];
        let mut image: Vec<u8> = vectors.iter().flat_map(|word| word.to_le_bytes()).collect();
        image.extend(code.iter().flat_map(|half| half.to_le_bytes()));
        let file = env::temp_dir().join(format!("m3-model-{}-{name}.elf", process::id()));
        fs::write(&file, elf::elf(0, &image, &[])).unwrap();
        let words = options.iter().map(|word| (*word).to_owned()).chain([file.display().to_string()]);
        let status = asked(words, &mut io::sink());
        fs::remove_file(&file).unwrap();
        status
    }

    #[test]
    fn the_exit_status_says_how_the_firmware_ended() {
        // movs r0, #0x20; ldr r1, [pc, #4]; bkpt 0xAB; nop; the address of what follows; 0x20026, 7
        let exit = [0x2020, 0x4901, 0xBEAB, 0xBF00, 20, 0, 0x0026, 0x0002, 7, 0];
        assert_eq!(status("exit", &[], &exit), Ok(7));
        assert_eq!(status("idle", &[], &[0xE7FE]), Ok(0)); // b .
        let counts = [0x3001, 0xE7FD]; // adds r0, #1; b to it
        assert_eq!(status("limit", &["--limit", "100"], &counts), Ok(LIMIT));
        assert_eq!(status("fault", &[], &[0xDE00]), Ok(WRONG)); // udf
    }

    #[test]
    fn help_is_no_failure_and_a_missing_file_is_named() {
        let mut said = Vec::new();
        assert_eq!(asked(["--help".to_owned()].into_iter(), &mut said), Ok(0));
        assert_eq!(said, HELP.as_bytes());
        let error = asked(["/nowhere/a.elf".to_owned()].into_iter(), &mut said).unwrap_err();
        assert!(error.starts_with("/nowhere/a.elf: "), "{error}");
    }
}
