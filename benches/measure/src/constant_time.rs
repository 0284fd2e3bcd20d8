//! `cargo xtask constant-time`: does the time that a device takes depend on a secret?
//!
//! Three gates, each of which sees what the others cannot:
//! - **the image**: no instruction whose time depends on its operands is anywhere in a firmware that is nothing but a
//!   channel, in every mode and role, nor in the library for firmware in C;
//! - **the trace**: with other secrets the same instructions run at the same addresses on the same data addresses, in
//!   the same number of cycles, and leave the same on the stack that nobody uses any more, in the model of a Cortex-M3
//!   and of a Cortex-M4 (`benches/m3-model`);
//! - **memcheck**: on this machine, in Rust, valgrind sees no branch and no address that was computed from a secret.
//!
//! The first two look at what is made for Armv6-M as well, where the primitives are those in Rust.
//!
//! Leaks are planted for each (`tests/m3/src/bin/planted.rs`, `tests/host/memcheck/src/planted.rs`): a gate that finds
//! nothing would otherwise look like one that works.

mod armv6m;
mod inlined;
mod listing;
mod theirs;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use pack::archive::{self, Machine};
use xtask::{
    command::{Command, Result},
    firmware, setup,
    steps::Steps,
    toolchain::{Core, TARGET},
};

use crate::players;
use listing::{Forbidden, Searched, search};

pub use theirs::of_a_firmware;

/// Runs the three gates.
///
/// # Errors
/// What depends on a secret and where, or which planted leak was not found.
pub fn check() -> Result<()> {
    let mut steps = Steps::new();
    let firmware = steps.run("build the firmware", Firmware::build)?;
    let gates: [(&str, &dyn Fn() -> Result<()>); 3] = [
        ("no instruction in the image that takes a time of its own", &|| images(&firmware)),
        ("one trace for all secrets and nothing left of them, in the model", &|| traces(&firmware)),
        ("no branch and no address by a secret, in valgrind", &memcheck),
    ];
    // All of them, whatever the first says: they see different things.
    let failures: Vec<String> = gates
        .iter()
        .filter_map(|(name, gate)| steps.run(name, gate).err())
        .map(|error| error.to_string())
        .collect();
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n").into()) }
}

/// The programs of `tests/m3` that are watched.
struct Firmware {
    channel: PathBuf,
    primitives: PathBuf,
    planted: PathBuf,
    /// The same for a Cortex-M4.
    m4: [PathBuf; 3],
    /// A channel for a Cortex-M33, with the DSP extension and without.
    m33: [PathBuf; 2],
    /// The first two, for Armv6-M.
    armv6m: Option<[PathBuf; 2]>,
}

impl Firmware {
    fn build() -> Result<Self> {
        let build = |name| firmware::build(M3, name);
        let (channel, primitives, planted) = (build("channel")?, build("primitives")?, build("planted")?);
        let for_m4 = |name| firmware::build_on(Core::M4, M3, name);
        let m4 = [for_m4("channel")?, for_m4("primitives")?, for_m4("planted")?];
        let m33 = [
            firmware::build_on(Core::M33_DSP, M3, "channel")?,
            firmware::build_on(Core::M33, M3, "channel")?,
        ];
        let armv6m = armv6m::build("channel")?.zip(armv6m::build("primitives")?).map(Into::into);
        Ok(Self { channel, primitives, planted, m4, m33, armv6m })
    }
}

/// Disassembles the images of a channel, and the one with the leaks.
fn images(firmware: &Firmware) -> Result<()> {
    setup::ensure([&setup::ARM_OBJDUMP])?;
    let mut found = image("Armv7-M", &firmware.channel, CHANNEL)?;
    says("cortex_m3", &firmware.channel)?;
    theirs::sees_what_is_inlined(&firmware.channel)?;
    let [m4_channel, _, m4_planted] = &firmware.m4;
    found += image("Armv7E-M", m4_channel, CHANNEL)?;
    says("cortex_m4", m4_channel)?;
    let [with_dsp, without] = &firmware.m33;
    found += image("Armv8-M Mainline with DSP", with_dsp, CHANNEL)?;
    says("cortex_m33_dsp", with_dsp)?;
    found += image("Armv8-M Mainline", without, CHANNEL)?;
    says("cortex_m33", without)?;
    found += image("the C library, Armv7E-M", &archive::build(&Machine::bare(Core::M4.target))?, C_CHANNEL)?;
    found += image("the C library, Armv7-M", &archive::build(&Machine::bare(TARGET))?, C_CHANNEL)?;
    if let Some([channel, _]) = &firmware.armv6m {
        found += image("Armv6-M", channel, CHANNEL)?;
        says("cortex_m0", channel)?;
        found +=
            image("the C library, Armv6-M", &archive::build(&Machine::bare(armv6m::TARGET))?, C_CHANNEL)?;
    }
    let both = planted("Armv7-M", &firmware.planted, &["division", "long_multiply"])?;
    let division = planted("Armv7E-M", m4_planted, &["division"])?;
    match (found, both && division) {
        (0, true) => Ok(()),
        (0, false) => Err("what was planted was not found, or more than that".into()),
        (found, _) => Err(format!("{found} instructions take a time of their own").into()),
    }
}

/// Whether in the image with the leaks these functions are found, and no others.
fn planted(name: &str, elf: &Path, leaks: &[&str]) -> Result<bool> {
    let findings = disassembled(elf)?.findings;
    let functions: BTreeSet<&str> = findings.iter().map(|finding| finding.function.as_str()).collect();
    let caught = functions.iter().eq(leaks);
    println!("  planted, {name}: {} {}", leaks.join(", "), if caught { "caught:" } else { "NOT CAUGHT:" });
    findings.iter().for_each(|finding| println!("      {finding}"));
    Ok(caught)
}

/// The first gate alone, for a library that is made for `target`.
///
/// # Errors
/// How many instructions take a time of their own.
pub fn of_the_library(target: &str, archive: &Path) -> Result<()> {
    match image(target, archive, C_CHANNEL)? {
        0 => Ok(()),
        found => Err(format!("{found} instructions take a time of their own").into()),
    }
}

/// Searches the image of a channel, which has the functions `played`; returns how much was found.
fn image(name: &str, channel: &Path, played: &[&str]) -> Result<usize> {
    let Searched { functions, instructions, data, findings, .. } = disassembled(channel)?;
    let instructions = instructions.len();
    // An image from which the linker took everything away would be clean as well.
    let is_there = |played: &&str| functions.iter().any(|function| function == played);
    if !played.iter().all(is_there) || instructions < FEWEST {
        return Err(format!("{name}: that is no image of a channel: {instructions} instructions").into());
    }
    println!(
        "  {name}: {instructions} instructions of {} functions and {data} B of data between them: {} found",
        functions.len(),
        findings.len()
    );
    findings.iter().for_each(|finding| println!("      {finding}"));
    Ok(findings.len())
}

/// Makes sure that an image's symbols say for which core its primitives are.
fn says(core: &str, elf: &Path) -> Result<()> {
    let symbols = Command::new("arm-none-eabi-nm").args([elf]).quiet()?;
    let names = symbols.lines().filter_map(|line| line.rsplit(' ').next());
    let found: Vec<&str> = names.filter_map(|name| name.strip_prefix(CHOSEN)).collect();
    if found == [core] {
        return Ok(());
    }
    Err(format!("{} says that it is for {found:?}, and not for {core}", elf.display()).into())
}

fn disassembled(elf: &Path) -> Result<Searched> {
    // Of the same package.
    let attributes = Command::new("arm-none-eabi-readelf").args(["--arch-specific"]).args([elf]).quiet()?;
    let objdump = Command::new("arm-none-eabi-objdump").args(["--disassemble", "--demangle"]).args([elf]);
    Ok(search(&objdump.quiet()?, Forbidden::by(&attributes)))
}

/// Runs the primitives and whole connections in the model, with many secrets each.
fn traces(firmware: &Firmware) -> Result<()> {
    let armv6m = firmware.armv6m.iter().flatten();
    let m3 = [&firmware.channel, &firmware.primitives, &firmware.planted];
    let programs = m3.into_iter().chain(&firmware.m4).chain(armv6m);
    Command::new(players::program("traces")?).args(programs).run()
}

/// Runs the primitives and handshakes in Rust, with their secrets marked.
fn memcheck() -> Result<()> {
    setup::ensure([&setup::VALGRIND])?;
    let memcheck =
        Command::cargo().args(["run", "--quiet", "--release", "--locked", "--package", "memcheck"]);
    memcheck.env("RUSTFLAGS", "--cfg lowkey_backend=\"compact\"").within(players::WORKSPACE).run()
}

/// Functions of every image of a channel, and of every archive with one.
const CHANNEL: &[&str] = &["play"];
const C_CHANNEL: &[&str] = &["lowkey_kk_initiator", "lowkey_kk_begin"];
const M3: &str = "tests/m3";
/// How the symbol begins that says what lowkey-crypto's build script has chosen.
const CHOSEN: &str = "lowkey_core_is_";
/// A channel has three times as many instructions.
const FEWEST: usize = 3_000;
