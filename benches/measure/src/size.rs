//! What a channel takes of a Cortex-M3: flash, static RAM and the deepest stack, each less the empty firmware's.
//!
//! The programs of `benches/size` play against a recorded peer in QEMU and say how deep their stack was. One is
//! compiled for a Cortex-M4 and an M33 as well, and plays in the cycle model then. The figures are compared with those
//! in `benches/numbers.toml`.

mod c;
mod initiator;
mod linked;
mod map;
mod modelled;
mod panics;
mod parts;
mod profiles;
mod residue;
mod savings;
mod table;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process,
    time::Duration,
};

pub(crate) use residue::residue;

use xtask::{
    command::{Command, Result},
    documents, firmware,
    qemu::{Board, Options},
    toolchain::{toolchain, with_sources},
};

use crate::{
    image::Image,
    numbers::{self, Family, Figures, Numbers, Tolerance, grouped},
};

/// Measures, and compares with what was committed.
///
/// # Errors
/// A program fails; a figure grew by more than 2 %; KK on core alone takes more than 8 KB of flash or 1,360 B of RAM,
/// or can panic; device code of ours can panic in any row; a KK initiator in C takes more than it may, or has something
/// of other roles.
pub fn check() -> Result<()> {
    let (compiler, measured) = measure()?;
    check_panics()?;
    documented()?;
    let committed = Numbers::read()?;
    // Parts move against each other; what counts is their sum.
    let tolerance = |name: &str| if name.starts_with(parts::FAMILY) { ANY } else { TOLERANCE };
    committed.compare(&compiler, &measured, tolerance, WRITE)
}

/// Whether the documents show what is committed.
///
/// # Errors
/// The document that does not.
pub fn documented() -> Result<()> {
    documents::check(&table::tables(&Numbers::read()?), WRITE)
}

/// Measures, and writes the figures down as those of this compiler.
///
/// # Errors
/// A program fails; KK on core alone takes more than 8 KB of flash or 1,360 B of RAM, or can panic.
pub fn write() -> Result<()> {
    let (compiler, measured) = measure()?;
    let mut numbers = Numbers::read()?;
    numbers.set(&compiler, Family::Size, measured);
    numbers.write()?;
    documents::write(&table::tables(&numbers))?;
    println!("written to {}: {compiler}", numbers::FILE);
    Ok(())
}

/// Builds, runs and prints everything; returns the compiler and its figures.
fn measure() -> Result<(String, Figures)> {
    let compiler = toolchain()?.compiler()?;
    let in_c = with_sources()?.compiler()?;
    if in_c != compiler {
        return Err(format!("the rows in C would be built by {in_c}, and the others by {compiler}").into());
    }
    let script = Script::record()?;
    let empty = Taken::by("empty", &script)?;
    println!("{:<44}{:>10} {:>12} {:>12}", compiler, "flash", "static RAM", "peak stack");
    let mut figures = Figures::new();
    let mut parts = Figures::new();
    for (name, title) in ROWS.into_iter().chain(OTHERS) {
        let taken = Taken::by(name, &script)?.less(&empty)?;
        taken.print(title);
        if name == CORE_ALONE {
            taken.keeps_to_the_limits()?;
        }
        let row = row(name);
        figures.push((format!("{row}.flash"), taken.flash));
        figures.push((format!("{row}.static-ram"), taken.ram));
        figures.push((format!("{row}.peak-stack"), taken.stack));
        if ROWS.contains(&(name, title)) {
            parts.extend((0..parts::COUNT).map(|part| (parts::figure(&row, part), taken.parts[part])));
        }
    }
    figures.extend(modelled::measure(&script)?);
    print_parts(&parts);
    figures.extend(c::measure(&script)?);
    figures.extend(parts);
    let demo = Image::read(&firmware::build(DEMO, "lm3s6965-ethernet")?)?;
    println!(
        "{:<40}{:>8} B {:>10} B",
        "the whole demo firmware",
        grouped(demo.flash, ','),
        grouped(demo.ram, ',')
    );
    Ok((compiler, figures))
}

/// What a program is built with.
fn features(name: &str) -> &'static [&'static str] {
    if name.ends_with("outbox") { &["numbered"] } else { &[] }
}

/// How the figures of the program `name` begin.
fn row(name: &str) -> String {
    name.replace('_', "-")
}

/// Where the flash of each row goes.
fn print_parts(parts: &Figures) {
    println!("{:<40}{:>12}{:>12}{:>12}", "of the flash:", "core alone", "channel", "all");
    for part in 0..parts::COUNT {
        let bytes = ROWS.map(|(name, _)| {
            let bytes = numbers::find(parts, &parts::figure(&row(name), part));
            bytes.map_or_else(String::new, |bytes| grouped(bytes, ','))
        });
        println!("{:<40}{:>10} B{:>10} B{:>10} B", parts::title(part), bytes[0], bytes[1], bytes[2]);
    }
}

/// Refuses panics of ours in any row.
fn check_panics() -> Result<()> {
    let mut ours = BTreeSet::new();
    for (name, _) in ROWS.into_iter().chain(OTHERS) {
        // With the places of panics, which cost flash: another image than the measured one.
        let features = [features(name), &["panic-place"]].concat();
        let image = Image::read(&firmware::build_with(SIZE, name, &features)?)?;
        ours.extend(panics::of_ours(&image));
    }
    if ours.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = ours.iter().map(|place| format!("\n  {place}")).collect();
    Err(format!("device code must not panic, and can at:{}", lines.concat()).into())
}

/// Prints the rows in C only: for whoever works on them.
///
/// # Errors
/// As [`check`].
pub fn in_c() -> Result<()> {
    c::measure(&Script::record()?).map(|_| ())
}

/// What KK on core alone takes at other profiles than the one to copy, as a table for the book.
///
/// # Errors
/// A program fails.
pub fn profiles() -> Result<()> {
    profiles::print(&toolchain()?.compiler()?)
}

/// What each setting is worth that the archive for C is built with and that is not stable Rust, as a table for the
/// book.
///
/// # Errors
/// A program fails.
pub fn savings() -> Result<()> {
    savings::print(&with_sources()?.compiler()?)
}

/// What a program takes, in bytes.
struct Taken {
    flash: u32,
    ram: u32,
    stack: u32,
    parts: [u32; parts::COUNT],
    /// A function that panics, if one is linked.
    panics: Option<String>,
}

impl Taken {
    /// Builds and runs the program `name`.
    fn by(name: &str, script: &Script) -> Result<Self> {
        Self::of(name, &firmware::build_with(SIZE, name, features(name))?, script)
    }

    /// Runs the program `name` in the file `elf`.
    fn of(name: &str, elf: &Path, script: &Script) -> Result<Self> {
        let image = Image::read(elf)?;
        let options = Options::new(elf, script.page(name), DEADLINE);
        let line = Board::start(options)?.line().map_err(|error| format!("{name}: {error}"))?;
        let stack = line.strip_prefix("ok stack ").and_then(|number| number.parse().ok());
        let stack = stack.ok_or_else(|| format!("{name} said: {line}"))?;
        let panics = panics::linked(&image).first().map(|name| (*name).to_owned());
        Ok(Self { flash: image.flash, ram: image.ram, stack, parts: parts::of(&image), panics })
    }

    fn less(self, empty: &Self) -> Result<Self> {
        let less = |ours: u32, its: u32| ours.checked_sub(its).ok_or("it takes less than the empty firmware");
        Ok(Self {
            flash: less(self.flash, empty.flash)?,
            ram: less(self.ram, empty.ram)?,
            stack: less(self.stack, empty.stack)?,
            // The program in a row stands in the place of the empty one; no other part of that is larger.
            parts: std::array::from_fn(|part| self.parts[part].saturating_sub(empty.parts[part])),
            panics: self.panics,
        })
    }

    /// What the smallest firmware may take at most, with any compiler.
    fn keeps_to_the_limits(&self) -> Result<()> {
        let ram = self.ram + self.stack;
        if self.flash > CORE_FLASH || ram > CORE_RAM {
            let [flash, ram] = [CORE_FLASH, CORE_RAM].map(|limit| grouped(limit, ','));
            return Err(
                format!("on core alone KK takes at most {flash} B of flash and {ram} B of RAM").into()
            );
        }
        match &self.panics {
            Some(name) => Err(format!("on core alone KK must have no panic, and has {name}").into()),
            None => Ok(()),
        }
    }

    fn print(&self, title: &str) {
        let [flash, ram, stack] = [self.flash, self.ram, self.stack].map(|number| grouped(number, ','));
        println!("{title:<44}{flash:>8} B {ram:>10} B {stack:>10} B");
    }
}

/// The files with the recorded peer, and with that of an outbox; gone when this is dropped.
struct Script([PathBuf; 2]);

impl Script {
    fn record() -> Result<Self> {
        let file = |what| std::env::temp_dir().join(format!("lowkey-size-{}{what}.page", process::id()));
        let script = Self(["", "-outbox"].map(file));
        let words = ["run", "--quiet", "--package", "size-script", "--"].map(Path::new);
        Command::cargo().args(words.into_iter().chain(script.0.iter().map(|file| &**file))).quiet()?;
        Ok(script)
    }

    /// The page that a program plays against.
    fn page(&self, program: &str) -> &Path {
        let [usual, outbox] = &self.0;
        if program.ends_with("outbox") { outbox } else { usual }
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        for file in &self.0 {
            // It may never have been written.
            let _ = fs::remove_file(file);
        }
    }
}

const SIZE: &str = "benches/size";
const DEMO: &str = "examples/lm3s6965-ethernet";
/// Where the programs look for the recorded peer.
const KEY_PAGE: &str = "0x3F000";
/// Where the board has its RAM, and a Cortex-M33 in the model has not.
const RAM: &str = "0x20000000";
const CORE_ALONE: &str = "core_kk";
const ROWS: [(&str, &str); 3] = [
    (CORE_ALONE, "KK initiator on core alone"),
    ("channel_kk", "KK initiator through Link and Channel"),
    ("all_modes", "all modes and roles"),
];
/// What a device takes that keeps what it sends until it is acknowledged; one that pairs, and what the handshake of a
/// pairing takes without what is around it: once with a counter of starts that costs nothing, and once with the boot
/// log that the key store takes the place of.
const OTHERS: [(&str, &str); 4] = [
    ("channel_kk_outbox", "KK initiator through Link, with an outbox"),
    ("channel_xx", "KK initiator, and XXpsk0 through Link"),
    ("channel_xx_counted", "the same with its boot log"),
    ("pairs", "KK initiator that pairs, with its key store"),
];
const WRITE: &str = "cargo xtask size --write";
/// By how much a figure may grow unnoticed.
const TOLERANCE: Tolerance = Tolerance::Percent(2);
const ANY: Tolerance = Tolerance::Percent(1_000_000);
/// What KK on core alone may take, in bytes.
const CORE_FLASH: u32 = 8 * 1_024;
const CORE_RAM: u32 = 1_360;
const DEADLINE: Duration = Duration::from_secs(60);
