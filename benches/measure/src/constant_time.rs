//! `cargo xtask constant-time`: does the time that a device takes depend on a secret?
//!
//! Three gates, each of which sees what the others cannot:
//! - **the image**: no instruction whose time depends on its operands is anywhere in a firmware that is nothing but a
//!   channel, in every mode and role, nor in the library for firmware in C;
//! - **the trace**: with other secrets the same instructions run at the same addresses on the same data addresses, in
//!   the same number of cycles, and leave the same on the stack that nobody uses any more, in the model of a Cortex-M3,
//!   of a Cortex-M4 and of a Cortex-M33 with the DSP extension and without (`benches/m3-model`);
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
    toolchain::Core,
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
    let watched = steps.run("build the firmware", Watched::build)?;
    let gates: [(&str, &dyn Fn() -> Result<()>); 3] = [
        ("no instruction in the image that takes a time of its own", &|| images(&watched)),
        ("one trace for all secrets and nothing left of them, in the model", &|| traces(&watched)),
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

/// The programs of `tests/m3` that are watched, as they are built for a target: `channel`, `primitives` and, but for
/// Armv6-M, `planted`.
struct Watched {
    target: &'static Target,
    /// Where they lie.
    folder: PathBuf,
}

/// What they are built for.
struct Target {
    /// What `traces` calls it.
    core: &'static str,
    title: &'static str,
    /// What the image has to say that it is for.
    says: &'static str,
    built_for: BuiltFor,
    /// Those of the planted leaks that their image shows.
    shows: &'static [&'static str],
    /// For whom the archive for C is searched as well.
    archive: Option<&'static str>,
}

enum BuiltFor {
    Core(Core),
    Armv6M,
}

const TARGETS: [Target; 5] = [
    Target {
        core: "m3",
        title: "Armv7-M",
        says: "cortex_m3",
        built_for: BuiltFor::Core(Core::M3),
        shows: &["division", "long_multiply"],
        archive: Some(Core::M3.target),
    },
    Target {
        core: "m4",
        title: "Armv7E-M",
        says: "cortex_m4",
        built_for: BuiltFor::Core(Core::M4),
        shows: &["division"],
        archive: Some(Core::M4.target),
    },
    Target {
        core: "m33-dsp",
        title: "Armv8-M Mainline with DSP",
        says: "cortex_m33_dsp",
        built_for: BuiltFor::Core(Core::M33_DSP),
        shows: &["division"],
        archive: None,
    },
    Target {
        core: "m33",
        title: "Armv8-M Mainline",
        says: "cortex_m33",
        built_for: BuiltFor::Core(Core::M33),
        shows: &["division", "long_multiply"],
        archive: None,
    },
    Target {
        core: "armv6m",
        title: "Armv6-M",
        says: "cortex_m0",
        built_for: BuiltFor::Armv6M,
        shows: &[],
        archive: Some(armv6m::TARGET),
    },
];

impl Watched {
    /// Builds those of every target; Armv6-M's may be missing, which is said.
    fn build() -> Result<Vec<Self>> {
        let built = TARGETS.iter().map(|target| Ok(target.build()?.map(|folder| Self { target, folder })));
        built.filter_map(Result::transpose).collect()
    }

    fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

impl Target {
    fn build(&self) -> Result<Option<PathBuf>> {
        let mut folder = None;
        for name in ["channel", "primitives", "planted"] {
            let elf = match self.built_for {
                BuiltFor::Core(core) => Some(firmware::build_on(core, M3, name)?),
                BuiltFor::Armv6M if name == "planted" => continue,
                BuiltFor::Armv6M => armv6m::build(name)?,
            };
            let Some(elf) = elf else { return Ok(None) };
            folder = elf.parent().map(Path::to_owned);
        }
        Ok(folder)
    }
}

/// Disassembles the images of a channel, and those with the leaks.
fn images(watched: &[Watched]) -> Result<()> {
    setup::ensure([&setup::ARM_OBJDUMP])?;
    let (mut found, mut caught) = (0, true);
    for built in watched {
        let Target { title, says: core, shows, archive, .. } = built.target;
        let channel = built.program("channel");
        found += image(title, &channel, CHANNEL)?;
        says(core, &channel)?;
        if *core == "cortex_m3" {
            theirs::sees_what_is_inlined(&channel)?;
            says(core, &firmware::build_as(Core::M3, (M3, "primitives", "apart"), &[], &APART)?)?;
        }
        if let Some(target) = archive {
            let archive = archive::build(&Machine::bare(target))?;
            found += image(&format!("the C library, {title}"), &archive, C_CHANNEL)?;
        }
        if !shows.is_empty() {
            // By the same rule: an image with nothing of ours in it does not say that there is the DSP extension.
            let rule = forbidden(&channel)?;
            caught &= planted(title, &built.program("planted"), rule, shows)?;
        }
    }
    match (found, caught) {
        (0, true) => Ok(()),
        (0, false) => Err("what was planted was not found, or more than that".into()),
        (found, _) => Err(format!("{found} instructions take a time of their own").into()),
    }
}

/// Whether in the image with the leaks these functions are found, and no others.
fn planted(name: &str, elf: &Path, rule: Forbidden, leaks: &[&str]) -> Result<bool> {
    let findings = searched(elf, rule)?.findings;
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
    let symbols = symbols(elf)?;
    let found = chosen(&symbols);
    if found == [core] {
        return Ok(());
    }
    Err(format!("{} says that it is for {found:?}, and not for {core}", elf.display()).into())
}

fn symbols(elf: &Path) -> Result<String> {
    Command::new("arm-none-eabi-nm").args([elf]).quiet()
}

/// What lowkey-crypto's build script has chosen, as an image's symbols say.
fn chosen(symbols: &str) -> Vec<&str> {
    let names = symbols.lines().filter_map(|line| line.rsplit(' ').next());
    names.filter_map(|name| name.strip_prefix(CHOSEN)).collect()
}

fn disassembled(elf: &Path) -> Result<Searched> {
    searched(elf, forbidden(elf)?)
}

/// What an image must not have, by what it says of its core and of what was chosen for it.
fn forbidden(elf: &Path) -> Result<Forbidden> {
    // Of the same package as the next.
    let attributes = Command::new("arm-none-eabi-readelf").args(["--arch-specific"]).args([elf]).quiet()?;
    Ok(Forbidden::by(&attributes, &chosen(&symbols(elf)?)))
}

fn searched(elf: &Path, rule: Forbidden) -> Result<Searched> {
    let objdump = Command::new("arm-none-eabi-objdump").args(["--disassemble", "--demangle"]).args([elf]);
    Ok(search(&objdump.quiet()?, rule))
}

/// Runs the primitives and whole connections in the model, with many secrets each.
fn traces(watched: &[Watched]) -> Result<()> {
    let words = watched.iter().flat_map(|built| [built.target.core.as_ref(), built.folder.as_os_str()]);
    Command::new(players::program("traces")?).args(words).run()
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
/// As cargo's `dev` has it: an object for each module, of which the linker takes none that nothing calls.
const APART: [&str; 2] = ["lto=\"off\"", "codegen-units=256"];
/// How the symbol begins that says what lowkey-crypto's build script has chosen.
const CHOSEN: &str = "lowkey_core_is_";
/// A channel has three times as many instructions.
const FEWEST: usize = 3_000;
