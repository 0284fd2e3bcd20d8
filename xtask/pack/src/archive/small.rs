//! What makes a microcontroller's archive smaller and is not stable Rust: settings for building it, not for the crates.
//!
//! A target of Rust's own keeps a frame pointer in every function: a register less, and instructions that set it up.
//! `-C force-frame-pointers=no` does not take it away, another description of the target does. That is another target
//! for the compiler, so `core` is built for it.
//!
//! The bytes still follow from the sources and the compiler's version alone.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::Machine;
use xtask::{
    command::{Command, Result},
    toolchain::{Toolchain, with_sources},
};

/// One of the settings.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Saving {
    /// No frame pointers.
    FramePointers,
    /// Small functions are put into their callers before LLVM sees them, as at optimisation levels 2 and 3: what they
    /// hand on is not moved then.
    EarlyInlining,
    /// LLVM puts more functions into their callers than at level z, when it has all crates together.
    MoreInlining,
    /// LLVM makes functions of what others have in common only where that is worth much: it looks at the whole archive,
    /// and an image that calls little of that pays for what it shares with functions that it has not.
    LessOutlining,
}

impl Saving {
    /// All that an archive is built with. The book has what each is worth, from `cargo xtask size --savings`.
    pub const ALL: [Self; 4] =
        [Self::FramePointers, Self::EarlyInlining, Self::MoreInlining, Self::LessOutlining];

    /// Its name in the book.
    pub fn title(self) -> &'static str {
        match self {
            Self::FramePointers => "no frame pointers",
            Self::EarlyInlining => "`-Z inline-mir=yes`",
            Self::MoreInlining => "`-C llvm-args=-inline-threshold=35`",
            Self::LessOutlining => "`-C llvm-args=-outliner-benefit-threshold=40`",
        }
    }

    /// The compiler's flag, for every crate.
    fn flag(self) -> Option<&'static str> {
        match self {
            Self::EarlyInlining => Some("-Zinline-mir=yes"),
            Self::FramePointers | Self::MoreInlining | Self::LessOutlining => None,
        }
    }

    /// The flag for the crate that has all others linked into it; for each of them alone it saves nothing. With a
    /// threshold for inlining from 10 to 35 programs become smaller, from 38 on larger again.
    fn flag_of_the_last(self) -> Option<&'static str> {
        match self {
            Self::FramePointers | Self::EarlyInlining => None,
            Self::MoreInlining => Some("-Cllvm-args=-inline-threshold=35"),
            Self::LessOutlining => Some("-Cllvm-args=-outliner-benefit-threshold=40"),
        }
    }
}

/// Cargo, about to build for each of `machines`, which are microcontrollers, with these `savings`. What it needs
/// for that goes into `work`.
///
/// # Errors
/// There is no toolchain, or it describes a target otherwise than we know.
pub(super) fn cargo(machines: &[&Machine], savings: &[Saving], work: &Path) -> Result<Command> {
    let toolchain = with_sources()?;
    let described = machines.iter().map(|machine| describe(toolchain, machine, savings, work));
    let cargo = toolchain.cargo_with_core("build", &described.collect::<Result<Vec<_>>>()?);
    let settings = machines.iter().map(|machine| {
        let flags = machine.words().into_iter().chain(savings.iter().filter_map(|saving| saving.flag()));
        let flags: Vec<String> = flags.map(|flag| format!("'{flag}'")).collect();
        format!("target.{}.rustflags=[{}]", machine.name(), flags.join(","))
    });
    let cargo = cargo.args(settings.flat_map(|setting| ["--config".to_owned(), setting]));
    let last: Vec<String> = savings
        .iter()
        .filter_map(|saving| saving.flag_of_the_last())
        .map(|flag| format!("'{flag}'"))
        .collect();
    if last.is_empty() {
        return Ok(cargo);
    }
    Ok(cargo.args(["-Zprofile-rustflags", "--config", &format!("{LAST_CRATE}=[{}]", last.join(","))]))
}

/// Writes down what the compiler knows of a machine, changed as the `savings` ask for. Returns the file; cargo takes
/// its name for the target's.
fn describe(toolchain: Toolchain, machine: &Machine, savings: &[Saving], work: &Path) -> Result<PathBuf> {
    let target = &machine.target;
    let known = toolchain.description(target)?;
    let text = if savings.contains(&Saving::FramePointers) {
        without_frame_pointers(&known)
            .ok_or_else(|| format!("the compiler says nothing of frame pointers on {target}"))?
    } else {
        known
    };
    let folder = work.join("targets");
    fs::create_dir_all(&folder)?;
    let file = folder.join(format!("{}.json", machine.name()));
    fs::write(&file, text)?;
    Ok(file)
}

/// The description of a target that keeps frame pointers as one of a target that does not.
fn without_frame_pointers(description: &str) -> Option<String> {
    description.contains(KEPT).then(|| description.replace(KEPT, OMITTED))
}

const KEPT: &str = "\"frame-pointer\": \"always\"";
const OMITTED: &str = "\"frame-pointer\": \"may-omit\"";
const LAST_CRATE: &str = "profile.release.package.lowkey-c-archive.rustflags";
/// The build script of lowkey-crypto would choose the body by the target's name; a slip there must not pass.
pub(super) const ALWAYS: [&str; 2] = ["--cfg", "lowkey_backend=\"compact\""];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_loses_its_frame_pointers_and_nothing_else() {
        let without = without_frame_pointers("{ \"arch\": \"arm\", \"frame-pointer\": \"always\" }");
        assert_eq!(without.as_deref(), Some("{ \"arch\": \"arm\", \"frame-pointer\": \"may-omit\" }"));
        assert_eq!(without_frame_pointers("{ \"arch\": \"arm\" }"), None);
    }
}
