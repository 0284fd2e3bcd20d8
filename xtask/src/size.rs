//! What a channel takes of a Cortex-M3: flash, static RAM and the deepest stack, each less the empty firmware's.
//!
//! The programs of `benches/size` play against a recorded peer in QEMU and say how deep their stack was. The figures are
//! compared with those in `benches/numbers.toml`.

mod panics;
mod table;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process,
    time::Duration,
};

use crate::{
    command::{Command, Result},
    documents, firmware,
    image::Image,
    numbers::{self, Family, Figures, Numbers, grouped},
    qemu::{Board, Options},
    toolchain::toolchain,
};

/// Measures, and compares with what was committed.
///
/// # Errors
/// A program fails; a figure grew by more than 2 %; KK on core alone takes 18 KB of flash or more; device code of ours
/// can panic.
pub(crate) fn check() -> Result<()> {
    let (compiler, measured) = measure()?;
    check_panics()?;
    let committed = Numbers::read()?;
    documents::check(&table::tables(&committed), WRITE)?;
    committed.compare(&compiler, &measured, |_| TOLERANCE, WRITE)
}

/// Measures, and writes the figures down as those of this compiler.
///
/// # Errors
/// A program fails; KK on core alone takes 18 KB of flash or more.
pub(crate) fn write() -> Result<()> {
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
    let script = Script::record()?;
    let empty = Taken::by("empty", &script)?;
    println!("{:<40}{:>10} {:>12} {:>12}", compiler, "flash", "static RAM", "peak stack");
    let mut figures = Figures::new();
    for (name, title) in ROWS {
        let taken = Taken::by(name, &script)?.less(&empty)?;
        taken.print(title);
        if name == CORE_ALONE && taken.flash >= CORE_FLASH {
            return Err(format!("{title} must take less than {} B of flash", grouped(CORE_FLASH, ',')).into());
        }
        let row = name.replace('_', "-");
        figures.push((format!("{row}.flash"), taken.flash));
        figures.push((format!("{row}.static-ram"), taken.ram));
        figures.push((format!("{row}.peak-stack"), taken.stack));
    }
    let demo = Image::read(&firmware::build(DEMO, "lm3s6965-ethernet")?)?;
    println!(
        "{:<40}{:>8} B {:>10} B",
        "the whole demo firmware",
        grouped(demo.flash, ','),
        grouped(demo.ram, ',')
    );
    Ok((compiler, figures))
}

/// Lists where KK on core alone can panic, and refuses panics of ours in any row.
fn check_panics() -> Result<()> {
    let mut ours = BTreeSet::new();
    for (name, title) in ROWS {
        // With the places of panics, which cost flash: another image than the measured one.
        let image = Image::read(&firmware::build_with(SIZE, name, &["panic-place"])?)?;
        if name == CORE_ALONE {
            println!("{title} can panic at:");
            panics::places(&image).iter().for_each(|place| println!("  {}", panics::short(place)));
        }
        ours.extend(panics::of_ours(&image));
    }
    if ours.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = ours.iter().map(|place| format!("\n  {place}")).collect();
    Err(format!("device code must not panic, and can at:{}", lines.concat()).into())
}

/// What a program takes, in bytes.
struct Taken {
    flash: u32,
    ram: u32,
    stack: u32,
}

impl Taken {
    /// Builds and runs the program `name`.
    fn by(name: &str, script: &Script) -> Result<Self> {
        let elf = firmware::build(SIZE, name)?;
        let image = Image::read(&elf)?;
        let options = Options { elf: &elf, key_page: Some(&script.0), capture: None, deadline: DEADLINE };
        let line = Board::start(options)?.line().map_err(|error| format!("{name}: {error}"))?;
        let stack = line.strip_prefix("ok stack ").and_then(|number| number.parse().ok());
        let stack = stack.ok_or_else(|| format!("{name} said: {line}"))?;
        Ok(Self { flash: image.flash, ram: image.ram, stack })
    }

    fn less(&self, empty: &Self) -> Result<Self> {
        let less = |ours: u32, its: u32| ours.checked_sub(its).ok_or("it takes less than the empty firmware");
        Ok(Self {
            flash: less(self.flash, empty.flash)?,
            ram: less(self.ram, empty.ram)?,
            stack: less(self.stack, empty.stack)?,
        })
    }

    fn print(&self, title: &str) {
        let [flash, ram, stack] = [self.flash, self.ram, self.stack].map(|number| grouped(number, ','));
        println!("{title:<40}{flash:>8} B {ram:>10} B {stack:>10} B");
    }
}

/// The file with the recorded peer; gone when this is dropped.
struct Script(PathBuf);

impl Script {
    fn record() -> Result<Self> {
        let file = std::env::temp_dir().join(format!("lowkey-size-{}.page", process::id()));
        let script = Self(file);
        let words = ["run", "--quiet", "--package", "size-script", "--"].map(Path::new);
        Command::cargo().args(words.into_iter().chain([&*script.0])).quiet()?;
        Ok(script)
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        // It may never have been written.
        let _ = fs::remove_file(&self.0);
    }
}

const SIZE: &str = "benches/size";
const DEMO: &str = "examples/lm3s6965-ethernet";
const CORE_ALONE: &str = "core_kk";
const ROWS: [(&str, &str); 3] = [
    (CORE_ALONE, "KK initiator on core alone"),
    ("channel_kk", "KK initiator through Link and Channel"),
    ("all_modes", "all modes and roles"),
];
const WRITE: &str = "cargo xtask size --write";
/// By how much a figure may grow unnoticed, in percent.
const TOLERANCE: u32 = 2;
/// KK on core alone takes less flash than this, on any compiler.
const CORE_FLASH: u32 = 18 * 1_024;
const DEADLINE: Duration = Duration::from_secs(60);
