//! What is handed out: the library for C, the Debian package, the crates as they are published, a release. `cargo
//! xtask c`, `deb` and `release` are this program, and so are the steps of `cargo xtask test` that try what it makes.

mod commit;
mod deb;
mod dist;
mod here;
mod notices;
mod packages;
mod pages;
mod release;

use std::{env, path::PathBuf, process::ExitCode};

use pack::{
    archive,
    c_firmware::{
        self, Kind,
        first_record::{self, Log},
    },
    lwip,
};
use xtask::{command, measure, programs, steps, toolchain, tools};

fn main() -> ExitCode {
    if let Some(code) = archive::stand_in() {
        return code;
    }
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["c"] => dist::build(),
        ["c", "--try"] => dist::check(dist::Tried::All),
        ["c", "--try-often"] => dist::check(dist::Tried::Often),
        ["deb"] => deb::build().map(|package| println!("{}", package.display())),
        ["deb", "--try"] => deb::trial(),
        ["deb", "--units"] => deb::units(),
        ["firmware", kind] => firmware(kind).map(|elf| println!("{}", elf.display())),
        ["packages"] => packages::quick(),
        ["pages"] => pages::check(),
        ["release"] => release::make(release::Kind::Release),
        ["release", "--dry-run"] => release::make(release::Kind::DryRun),
        ["release", "--twice"] => release::twice(),
        ["release", "--bytes", place] => release::write_bytes(place.as_ref()),
        _ => Err(USAGE.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pack: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Builds the firmware in C of this kind, for whoever plays it; returns its ELF file.
fn firmware(kind: &str) -> command::Result<PathBuf> {
    match kind {
        "demo" => c_firmware::build(Kind::Demo),
        "pairing-demo" => c_firmware::build(Kind::PairingDemo),
        "line" => c_firmware::build(Kind::Line),
        "counted" => c_firmware::build(Kind::Counted),
        "first-record" => first_record::build(Log::Played),
        _ => Err(USAGE.into()),
    }
}

const USAGE: &str = "\
usage: pack c [--try | --try-often]
       pack deb [--try | --units]
       pack firmware demo | pairing-demo | line | first-record
       pack packages | pages
       pack release [--dry-run | --twice | --bytes FOLDER]";
