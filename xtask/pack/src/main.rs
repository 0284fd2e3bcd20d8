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

use std::{env, process::ExitCode};

use xtask::{archive, command, lwip, measure, programs, steps, toolchain, tools};

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

const USAGE: &str = "\
usage: pack c [--try | --try-often]
       pack deb [--try | --units]
       pack packages | pages
       pack release [--dry-run | --twice | --bytes FOLDER]";
