//! Links a microcontroller's library as somebody would who has nothing but a C compiler for it.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};

use xtask::{
    command::{self, Command, Result},
    root, target,
};

use super::{STRICT, TRIAL, text};
use crate::{
    archive::{self, Machine, fresh},
    dist::{ARCHIVE, Core, cores::Board},
    measure,
    toolchain::TARGET,
};

/// Has a device and a server do on a Cortex-M3 what they are to do, in a program with `archive` and nothing else;
/// returns the bytes of flash that the program takes.
///
/// # Errors
/// What the linker says; it did not end well.
pub(crate) fn alone(archive: &Path) -> Result<u32> {
    let core = Core::of(&Machine::bare(TARGET)).ok_or("no Cortex-M3 is known")?;
    let tools = Tools::with(archive, &root().join(archive::INCLUDE))?;
    core.boards.iter().try_for_each(|board| run_with_nothing_else(&tools, board))?;
    measure::flash(&text(tools.work.join(IMAGE)))
}

/// Links all of it, needed or not, in every way that we name.
///
/// # Errors
/// What the linker says, or what the image holds.
pub(super) fn check(core: &Core, library: &Path) -> Result<()> {
    let tools = Tools::new(library)?;
    beside_the_compiler_s_functions(&tools, core)?;
    let name = core.machine().name();
    measure::run(&["constant-time", "--library", &name, &tools.archive])?;
    for options in core.options {
        let named = |error| format!("{options}: {error}");
        with_the_c_library(&tools, core, options).map_err(named)?;
        with_nothing_else(&tools, options).map_err(named)?;
    }
    for board in core.boards {
        run_with_nothing_else(&tools, board).map_err(|error| format!("{}: {error}", board.name))?;
    }
    println!(
        "  {}: {} ways to link, each with a C library and without; a device and a server on {}",
        name,
        core.options.len(),
        core.boards.iter().map(|board| board.name).collect::<Vec<_>>().join(" and ")
    );
    beside_a_memcpy(&tools, core, &["-DOWN", "-nostdlib"])?;
    beside_a_memcpy(&tools, core, &NANO)
}

/// No name of ours is one of libgcc's.
fn beside_the_compiler_s_functions(tools: &Tools, core: &Core) -> Result<()> {
    let libgcc = tools.gcc(core.options[0], &["-print-libgcc-file-name"]).quiet()?;
    let together =
        ["-nostdlib", "-r", "-Wl,--whole-archive", &tools.archive, libgcc.trim(), "-o", "together.o"];
    tools.gcc(core.options[0], &together).quiet().map(|_| ())
}

/// An image has every function, says for which core, and has nothing of what no firmware needs for a channel.
fn with_the_c_library(tools: &Tools, core: &Core, options: &str) -> Result<()> {
    tools.link(options, &text(TRIAL), &NANO)?;
    let names = tools.names()?;
    for (_, name) in &names {
        if UNWANTED.iter().any(|part| name.contains(part)) {
            return Err(format!("an image with all of it has {name} in it").into());
        }
    }
    let says: Vec<&str> = names.iter().filter_map(|(_, name)| name.strip_prefix(CHOSEN)).collect();
    if says != [core.says] {
        return Err(format!("an image for {} says that it is for {says:?}", core.says).into());
    }
    match archive::declared(&root())?.into_iter().find(|name| !names.contains(&('T', name.clone()))) {
        Some(name) => Err(format!("an image with all of it lacks {name}").into()),
        None => Ok(()),
    }
}

/// Without a C library and without the compiler's functions no symbol is missing, and none is defined that a C library
/// would bring.
fn with_nothing_else(tools: &Tools, options: &str) -> Result<()> {
    tools.link(options, &text(TRIAL), &["-nostdlib"])?;
    let is_public = |(kind, name): &&(char, String)| {
        kind.is_ascii_uppercase() && MEMORY.iter().any(|start| name.starts_with(start))
    };
    match tools.names()?.iter().find(is_public) {
        Some((_, name)) => Err(format!("the library brings a {name} for everybody").into()),
        None => Ok(()),
    }
}

/// A device and a server in such an image do on a board what they are to do.
fn run_with_nothing_else(tools: &Tools, board: &Board) -> Result<()> {
    let script = format!("-T{}", text(SCRIPT));
    let memory = [("flash", board.flash), ("ram", board.ram)];
    let [flash, ram] = memory.map(|(name, start)| format!("-Wl,--defsym={name}={start}"));
    let words = [&STRICT[..], &["-Os", &tools.include, &text(ALONE), &tools.archive, &script, "-o", IMAGE]];
    let more = ["-nostdlib", "-Wl,--gc-sections", &flash, &ram];
    tools.gcc(board.options, &[&words.concat()[..], &more].concat()).quiet()?;
    let quiet = ["-display", "none", "-monitor", "none", "-serial", "none", "-semihosting"];
    let qemu = Command::new("qemu-system-arm").args(["-M", board.name]).args(quiet);
    qemu.args(["-kernel", IMAGE]).within(&tools.work).limit(RUN_LIMIT).quiet().map(drop)
}

/// A program that calls `memcpy` calls that of the program, or of its C library; the library calls its own.
fn beside_a_memcpy(tools: &Tools, core: &Core, more: &[&str]) -> Result<()> {
    tools.link(core.options[0], &text(COPYING), more)?;
    let said = tools.tool("nm").args([IMAGE]).within(&tools.work).quiet()?;
    let addresses = |kind: &str| -> Vec<&str> {
        let lines = said.lines().map(|line| line.splitn(3, ' ').collect::<Vec<_>>());
        lines.filter_map(|line| (line[1..] == [kind, "memcpy"]).then_some(line[0])).collect()
    };
    let (theirs, ours) = (addresses("T"), addresses("t"));
    let ([theirs], [_]) = (&theirs[..], &ours[..]) else {
        return Err(format!("an image has memcpy at {theirs:?}, and its own at {ours:?}").into());
    };
    let call = format!("{} <memcpy>", theirs.trim_start_matches('0'));
    let callers = tools.tool("objdump").args(["-d", IMAGE]).within(&tools.work).quiet()?;
    let mut function = "";
    let mut found = BTreeSet::new();
    for line in callers.lines() {
        function = line.strip_suffix(">:").and_then(|line| line.rsplit('<').next()).unwrap_or(function);
        if line.ends_with(&call) {
            found.insert(function);
        }
    }
    match found == BTreeSet::from(["main"]) {
        true => Ok(()),
        false => Err(format!("the program's memcpy is called by {found:?}").into()),
    }
}

/// The tools, the library, and where they work.
struct Tools {
    gcc: PathBuf,
    work: PathBuf,
    archive: String,
    include: String,
}

impl Tools {
    fn new(library: &Path) -> Result<Self> {
        Self::with(&library.join(ARCHIVE), &library.join("include"))
    }

    fn with(archive: &Path, headers: &Path) -> Result<Self> {
        let work = target().join("dist-trial");
        fresh(&work)?;
        let gcc = command::find("arm-none-eabi-gcc").ok_or("no arm-none-eabi-gcc")?;
        Ok(Self { gcc, work, archive: text(archive), include: format!("-I{}", headers.display()) })
    }

    /// Nothing is there to be found: no compiler of Rust either.
    fn gcc(&self, core: &str, words: &[&str]) -> Command {
        let words = core.split(' ').chain(words.iter().copied());
        Command::new(&self.gcc).args(words).env("PATH", &self.work).within(&self.work)
    }

    fn tool(&self, name: &str) -> Command {
        Machine::bare(TRIAL).tool(name)
    }

    /// Compiles `program` and links it with all of the library.
    fn link(&self, core: &str, program: &str, more: &[&str]) -> Result<()> {
        let whole =
            ["-Wl,--whole-archive", &self.archive, "-Wl,--no-whole-archive", "-Wl,-e,main", "-o", IMAGE];
        let words = [&STRICT[..], &["-Os", &self.include, program], more, &whole].concat();
        self.gcc(core, &words).quiet().map(|_| ())
    }

    /// What is defined in the image, with the letter of its kind.
    fn names(&self) -> Result<Vec<(char, String)>> {
        let said = self.tool("nm").args([IMAGE]).within(&self.work).quiet()?;
        let name = |line: &str| {
            let mut words = line.split(' ').skip(1);
            Some((words.next()?.chars().next()?, words.next()?.to_owned()))
        };
        Ok(said.lines().filter_map(name).collect())
    }
}

/// A program that needs nothing but the library, and where it lies.
const ALONE: &str = "xtask/pack/src/dist/trial/alone.c";
const SCRIPT: &str = "xtask/pack/src/dist/trial/alone.ld";
/// It takes a second; this ends one that hangs.
const RUN_LIMIT: Duration = Duration::from_secs(120);
/// A program that calls `memcpy`.
const COPYING: &str = "xtask/pack/src/dist/trial/copying.c";
/// How the symbol begins that says for which core an image's primitives are.
const CHOSEN: &str = "lowkey_core_is_";
const IMAGE: &str = "trial.elf";
const NANO: [&str; 2] = ["--specs=nano.specs", "-nostartfiles"];
/// How names begin that belong to C libraries and compilers.
const MEMORY: [&str; 4] = ["mem", "bcmp", "__aeabi", "__gnu"];
/// Parts of names of what no firmware needs for a channel.
const UNWANTED: [&str; 6] = ["malloc", "panic", "personality", "_Unwind_Raise", "rust_eh", "abort"];
