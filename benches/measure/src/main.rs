//! `measure <verb>`: started by `cargo xtask`, whose help says what each of its verbs of the same name does.

use std::{env, path::Path, process::ExitCode};

use measure::{constant_time, cycles, fit, host, image::Image, on_device, size};
use pack::archive;

fn main() -> ExitCode {
    // Building the library for C starts us once more, in the compiler's place.
    if let Some(code) = archive::stand_in() {
        return code;
    }
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["size"] => size::check(),
        ["size", "--write"] => size::write(),
        ["size", "--profiles"] => size::profiles(),
        ["size", "--savings"] => size::savings(),
        ["size", "--c"] => size::in_c(),
        ["cycles"] => cycles::check(),
        ["cycles", "--write"] => cycles::write(),
        ["constant-time", "--elf", elf] => constant_time::of_a_firmware(Path::new(elf)),
        ["constant-time"] => constant_time::check(),
        ["constant-time", "--library", target, archive] => {
            constant_time::of_the_library(target, Path::new(archive))
        }
        ["on-device"] => on_device::check(),
        ["fit", "rust"] => fit::in_rust(),
        ["fit", "c"] => fit::in_c(),
        ["flash", elf] => Image::read(Path::new(elf)).map(|image| println!("{}", image.flash)),
        ["documents"] => size::documented().and_then(|()| cycles::documented()),
        ["charts"] => host::check(),
        ["charts", "--write"] => host::write(),
        _ => Err("started by `cargo xtask`, which says how".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("measure: {error}");
            ExitCode::FAILURE
        }
    }
}
