//! Compiles what a folder has to be copied: with the folder, lwIP and what the chapter says is the reader's own.

use std::{
    fs,
    path::{Path, PathBuf},
};

use xtask::{
    command::{Command, Result},
    root, target,
};

use super::{STRICT, text};
use crate::{
    archive::{copy, fresh},
    dist::{Core, INCLUDE, files},
    lwip,
    toolchain::TARGET,
};

/// What is needed besides the folder.
pub(super) struct Sources {
    lwip: PathBuf,
}

impl Sources {
    /// Fetches lwIP, if it is not there.
    ///
    /// # Errors
    /// As [`lwip::source`].
    pub(super) fn new() -> Result<Self> {
        Ok(Self { lwip: lwip::source()? })
    }

    /// Each file for a microcontroller, as C99 without a warning, and both firmwares of the board that we have an
    /// example for.
    ///
    /// # Errors
    /// What the compiler says, or that there is none to compile.
    pub(super) fn compile_for(&self, core: &Core, library: &Path) -> Result<()> {
        self.compile("arm-none-eabi-gcc", core.options[0], library)?;
        match core.target {
            TARGET => {
                let lwip = format!("LWIP={}", self.lwip.display());
                make(library, "lm3s6965-lwip", &[lwip.clone(), "PAIR=1".to_owned()])?;
                make(library, "lm3s6965-lwip", &[lwip])
            }
            _ => Ok(()),
        }
    }

    /// The same for this machine, and the example for sockets.
    ///
    /// # Errors
    /// As [`Sources::compile_for`].
    pub(super) fn compile_here(&self, library: &Path) -> Result<()> {
        self.compile("cc", "", library)?;
        make(library, "posix-c", &[])
    }

    fn compile(&self, compiler: &str, options: &str, library: &Path) -> Result<()> {
        let work = target().join("dist-trial/sources");
        fresh(&work)?;
        let makers = work.join("makers");
        copy(&root().join(MAKERS), &makers)?;
        fs::remove_file(makers.join(MODEL))?;
        let files = files(library)?.into_iter();
        let files = files.filter(|file| file.starts_with(TO_COPY) && file.ends_with(".c"));
        let files: Vec<PathBuf> = files.map(|file| library.join(file)).collect();
        if files.is_empty() {
            return Err(format!("it has nothing in {TO_COPY}").into());
        }
        let folders = [library.join(INCLUDE), library.join(LWIP), text(OWN).into(), makers];
        Command::new(compiler)
            .args(options.split_whitespace().chain(STRICT).chain(STRICTER).chain(["-Os", "-c"]))
            .args(folders.map(|folder| format!("-I{}", folder.display())))
            .args([format!("-isystem{}", self.lwip.join("src/include").display())])
            .args(files)
            .within(&work)
            .quiet()?;
        Ok(fs::remove_dir_all(work)?)
    }
}

/// Builds an example where it lies, as the README says.
fn make(library: &Path, example: &str, more: &[String]) -> Result<()> {
    let out = format!("OUT={}", target().join("dist-trial").join(example).display());
    let make = Command::new("make").args(["--silent", "LOWKEY=../..", &out]).args(more);
    make.within(library.join("examples").join(example)).quiet().map(drop)
}

/// Where the files are that are copied.
const TO_COPY: &str = "src/";
/// Where lwIP finds its settings.
const LWIP: &str = "src/lwip";
/// What is named of the headers of the chips' makers, and a header of the folder's that a model has in its place.
const MAKERS: &str = "crates/lowkey-c/tests/chips";
const MODEL: &str = "mapped.h";
/// The headers that the chapter leaves to its reader.
const OWN: &str = "xtask/pack/src/dist/trial/own";
/// Part of it is copied into programs in C++.
const STRICTER: [&str; 4] = ["-Wshadow", "-Wconversion", "-Wcast-qual", "-Wc++-compat"];
