//! `liblowkey.a`, as it is handed out: the functions of the headers and what they need of ours, in one object.
//!
//! What cargo makes brings the compiler's own functions along, and these have the names of libgcc's and of the C
//! library's. They are left out. What moves and fills memory on a microcontroller comes from `lowkey-mem`; it and all
//! else that is not in a header becomes local, so that the object calls its own and a program does not see them. Each
//! function keeps a section of its own, so that a linker drops what a firmware does not call.

mod names;
mod small;
mod stand_in;

use std::{
    fs,
    path::{Path, PathBuf},
};

use xtask::{
    command::{Command, Result},
    root, setup, target,
    toolchain::{WITH_DSP, host, host_cargo},
};

pub use names::{INCLUDE, Names, declared, functions, headers};
pub use small::Saving;
pub use stand_in::{instead_of_rustc, stand_in};

/// The machine that a library is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// Rust's name of it.
    pub target: String,
    tools: &'static str,
    /// Whether it has the DSP extension where Rust's name does not say.
    has_dsp: bool,
}

impl Machine {
    /// The microcontroller that Rust calls `target`.
    pub fn bare(target: &str) -> Self {
        Self { target: target.to_owned(), tools: "arm-none-eabi-", has_dsp: false }
    }

    /// The same with the DSP extension, of which Rust's name says nothing.
    pub fn with_dsp(target: &str) -> Self {
        Self { has_dsp: true, ..Self::bare(target) }
    }

    /// What is made for it is called: Rust's name, and whether it has what that does not say.
    pub fn name(&self) -> String {
        if self.has_dsp { self.target.replace("-none-", "-dsp-none-") } else { self.target.clone() }
    }

    /// This machine.
    ///
    /// # Errors
    /// Its object files are not those that we know how to work on.
    pub fn host() -> Result<Self> {
        if cfg!(target_os = "linux") {
            return Ok(Self { target: host()?, tools: "", has_dsp: false });
        }
        Err("a library for this machine is made on Linux only".into())
    }

    /// Whether it is a microcontroller.
    pub fn is_bare(&self) -> bool {
        !self.tools.is_empty()
    }

    /// What the compiler is told for it, which chooses the crates that are linked.
    pub fn flags(&self) -> String {
        self.words().join(" ")
    }

    /// The same, word by word.
    fn words(&self) -> Vec<&'static str> {
        let always = if self.is_bare() { &small::ALWAYS[..] } else { &[] };
        let dsp = if self.has_dsp { &["--cfg", WITH_DSP][..] } else { &[] };
        [always, dsp].concat()
    }

    /// One of the tools for its object files.
    pub fn tool(&self, name: &str) -> Command {
        Command::new(format!("{}{name}", self.tools))
    }
}

/// Builds the archive for `machine` and returns where it is.
///
/// # Errors
/// There is no toolchain, it does not compile, or it is not as it must be.
pub fn build(machine: &Machine) -> Result<PathBuf> {
    build_from(&root(), machine, &target().join("archive"))
}

/// Compiles for all of `machines` that are microcontrollers, which together takes less time than one after the other;
/// [`build`] finds it done.
///
/// # Errors
/// As [`build`].
pub fn compile_together(machines: &[Machine]) -> Result<()> {
    let machines: Vec<&Machine> = machines.iter().filter(|machine| machine.is_bare()).collect();
    let work = target().join("archive");
    run(small::cargo(&machines, &Saving::ALL, &work)?, &root(), &work)
}

/// The same from the repository in `root`, with everything that is built in `work`.
///
/// # Errors
/// As [`build`].
pub fn build_from(root: &Path, machine: &Machine, work: &Path) -> Result<PathBuf> {
    make(root, machine, &Saving::ALL, work)
}

/// The same as [`build`] with these `savings` only, to see what they are worth. Another call replaces it.
///
/// # Errors
/// As [`build`].
pub fn build_with(machine: &Machine, savings: &[Saving]) -> Result<PathBuf> {
    make(&root(), machine, savings, &target().join("archive-savings"))
}

fn make(root: &Path, machine: &Machine, savings: &[Saving], work: &Path) -> Result<PathBuf> {
    setup::ensure([if machine.is_bare() { &setup::ARM_LD } else { &setup::BINUTILS }])?;
    let raw = compile(root, machine, savings, work)?;
    let folder = work.join("finished").join(machine.name());
    fresh(&folder)?;
    let object = folder.join("lowkey.o");
    fs::write(&object, our_object(machine, &raw)?)?;
    machine.tool("objcopy").args(FINISH).args([&object]).quiet()?;
    let archive = folder.join("liblowkey.a");
    // `D`: no time and no user.
    machine.tool("ar").args(["rcsD".as_ref(), archive.as_path(), object.as_path()]).quiet()?;
    Names::of(machine, &archive)?.check(&declared(root)?)?;
    let sections = machine.tool("objdump").args(["-h".as_ref(), archive.as_path()]).quiet()?;
    check_sections(machine, &sections)?;
    Ok(archive)
}

/// Whether a microcontroller's archive has variables or tables for unwinding, and whether a linker is told that no
/// stack of ours is executable; from what `objdump` says.
fn check_sections(machine: &Machine, said: &str) -> Result<()> {
    let sections = || said.lines().filter_map(|line| line.split_whitespace().nth(1));
    let is_unwanted = |name: &str| UNWANTED.iter().any(|start| name.starts_with(start));
    if let Some(name) = sections().find(|name| machine.is_bare() && is_unwanted(name)) {
        return Err(format!("the archive has a section {name}").into());
    }
    match sections().any(|name| name == ".note.GNU-stack") {
        true => Ok(()),
        false => Err("the archive says nothing of its stack".into()),
    }
}

/// What cargo makes.
fn compile(root: &Path, machine: &Machine, savings: &[Saving], work: &Path) -> Result<PathBuf> {
    let cargo = if machine.is_bare() {
        small::cargo(&[machine], savings, work)?
    } else {
        host_cargo("build").args(["--target", &machine.target])
    };
    run(cargo, root, work)?;
    Ok(work.join(machine.name()).join("release/liblowkey.a"))
}

fn run(cargo: Command, root: &Path, work: &Path) -> Result<()> {
    let cargo = instead_of_rustc(cargo)?.args(["--quiet", "--release", "--locked", "--target-dir"]);
    cargo.args([work]).within(root.join(WORKSPACE)).run()
}

/// The one member that is ours: link-time optimisation has left one object of everything.
fn our_object(machine: &Machine, archive: &Path) -> Result<Vec<u8>> {
    let list = machine.tool("ar").args(["t".as_ref(), archive]).quiet()?;
    let ours: Vec<&str> = list.lines().filter(|name| name.starts_with("lowkey-")).collect();
    let [ours] = ours[..] else {
        return Err(format!("one object of the archive must be ours, and these are: {ours:?}").into());
    };
    let folder = archive.with_extension("parts");
    fresh(&folder)?;
    machine.tool("ar").args(["x".as_ref(), archive, ours.as_ref()]).within(&folder).quiet()?;
    Ok(fs::read(folder.join(ours))?)
}

/// An empty folder.
pub fn fresh(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Ok(fs::create_dir_all(folder)?)
}

/// Copies a folder, but for what was built there.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        match path.is_dir() {
            true if entry.file_name() == "target" => (),
            true => copy(&path, &to)?,
            false => drop(fs::copy(path, to)?),
        }
    }
    Ok(())
}

/// The archive's, from the repository's root.
pub const WORKSPACE: &str = "crates/lowkey-c/archive";
/// What is done to the object: nothing for a debugger, nothing for unwinding on a microcontroller (where a function
/// without an entry cannot be unwound, which is what its entry says), and no global name but ours.
const FINISH: [&str; 6] = [
    "--wildcard",
    "--strip-debug",
    "--remove-section=.ARM.exidx*",
    "--remove-section=.rel.ARM.exidx*",
    "--remove-section=.llvm_addrsig",
    "--keep-global-symbol=lowkey_*",
];
/// How the names of sections begin that no microcontroller gets from us.
const UNWANTED: [&str; 7] =
    [".data", ".bss", ".tdata", ".ARM.exidx", ".ARM.extab", ".eh_frame", ".init_array"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_and_tables_for_unwinding_are_refused() {
        let check = |section: &str| {
            let said = format!(
                "  0 .text.a 0c 0 0 34 2**2\n  1 .note.GNU-stack 0 0\n  2 {section} 08 0 0 40 2**2\n"
            );
            check_sections(&Machine::bare("thumb"), &said)
        };
        assert!(check(".rodata.str1.1").is_ok());
        assert!(check(".bss.COUNT").is_err());
        assert!(check(".ARM.exidx.text.a").is_err());
        assert!(check_sections(&Machine::bare("thumb"), "  0 .text.a 0c 0 0 34 2**2\n").is_err());
    }
}
