//! Builds the firmware in C, as its Makefile does by hand.

pub mod first_record;

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
};

use xtask::{
    command::{Command, Result},
    root, setup, target, times,
    toolchain::TARGET,
};

use crate::{
    archive::{self, Machine},
    lwip,
};

/// Which firmware.
#[derive(Clone, Copy)]
pub enum Kind {
    /// For a board.
    Product,
    /// For a board that makes its keys itself and pairs.
    Pairing,
    /// For the demo: the boot log is played over the serial line, 64 KiB go out and back.
    Demo,
    /// The same with short times, for a line that dies.
    Line,
    /// The same as for the demo, with readings that have an end.
    Counted,
    /// The one that pairs, for the demo: the key store, the noise and the buttons are played over the serial line.
    PairingDemo,
}

/// Builds it and returns its ELF file. It goes into a folder under the root's target folder, whatever the user builds
/// by hand.
///
/// # Errors
/// As [`make`].
pub fn build(kind: Kind) -> Result<PathBuf> {
    let (name, mut more) = match kind {
        Kind::Product => ("product", vec![]),
        Kind::Pairing => ("pairing", vec![PAIR.to_owned()]),
        Kind::Demo => ("demo", vec![DEMO.to_owned()]),
        Kind::Line => ("line", vec![DEMO.to_owned()]),
        Kind::Counted => ("counted", vec![DEMO.to_owned()]),
        Kind::PairingDemo => ("pairing-demo", vec![DEMO.to_owned(), PAIR.to_owned()]),
    };
    let set = |(name, value): (&str, String)| format!("{name}={value}");
    match kind {
        Kind::Line => more.extend(times::variables().map(set)),
        Kind::Counted => more.extend(times::counted().map(set)),
        _ => (),
    }
    make(&root().join(FOLDER), &target().join("firmware").join("lm3s6965-lwip").join(name), more)
}

/// Builds what the Makefile in `folder` builds, with more variables for it, into the folder `out`; returns its ELF
/// file.
///
/// # Errors
/// What make says, or that there is no compiler or no lwIP.
pub fn make(folder: &Path, out: &Path, more: Vec<String>) -> Result<PathBuf> {
    setup::ensure([&setup::ARM_GCC, &setup::ARM_NEWLIB, &setup::MAKE])?;
    let lwip = lwip::source()?;
    let archive = archive::build(&Machine::bare(TARGET))?;
    fs::create_dir_all(out)?;
    let variables = [
        variable("LWIP", &lwip),
        variable("LOWKEY_INCLUDE", &root().join("crates/lowkey-c/include")),
        variable("LOWKEY_LIBRARY", &archive),
        variable("OUT", out),
    ];
    let jobs = thread::available_parallelism().map_or(1, usize::from);
    Command::new("make")
        .without_env(|name| OF_MAKE.contains(&name))
        .args(["--silent".to_owned(), format!("--jobs={jobs}"), format!("--directory={}", folder.display())])
        .args(variables)
        .args(more)
        .quiet()?;
    Ok(out.join("firmware.elf"))
}

fn variable(name: &str, value: &Path) -> String {
    format!("{name}={}", value.display())
}

/// The firmware in C.
pub const FOLDER: &str = "examples/lm3s6965-lwip";
const DEMO: &str = "DEMO=1";
const PAIR: &str = "PAIR=1";
/// What would change the build behind the user's back.
const OF_MAKE: [&str; 13] = [
    "MAKEFLAGS",
    "MFLAGS",
    "MAKEFILES",
    "MAKELEVEL",
    "CROSS",
    "DEMO",
    "PAIR",
    "TEXTS",
    "CONNECT_LIMIT",
    "PING_EVERY",
    "PATIENCE",
    "PERIOD",
    "READINGS",
];
