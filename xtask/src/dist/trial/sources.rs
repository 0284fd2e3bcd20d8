//! Compiles what a folder has to be copied: with the folder, lwIP and what the chapter says is the reader's own.

use std::{
    fs,
    path::{Path, PathBuf},
};

use xtask::{
    command::{Command, Result},
    target,
};

use super::{STRICT, text};
use crate::{
    archive::fresh,
    dist::{Core, INCLUDE, files},
    lwip,
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

    /// Each file for a microcontroller, as C99 without a warning.
    ///
    /// # Errors
    /// What the compiler says, or that there is none to compile.
    pub(super) fn compile_for(&self, core: &Core, library: &Path) -> Result<()> {
        self.compile("arm-none-eabi-gcc", core.options[0], library)
    }

    /// The same for this machine, and the example for sockets as its README says.
    ///
    /// # Errors
    /// As [`Sources::compile_for`].
    pub(super) fn compile_here(&self, library: &Path) -> Result<()> {
        self.compile("cc", "", library)?;
        let out = target().join("dist-trial/posix");
        let variables = ["LOWKEY=../..".to_owned(), format!("OUT={}", out.display())];
        let make = Command::new("make").args(["--silent"]).args(variables);
        make.within(library.join("examples/posix")).quiet().map(|_| ())
    }

    fn compile(&self, compiler: &str, options: &str, library: &Path) -> Result<()> {
        let work = target().join("dist-trial/sources");
        fresh(&work)?;
        let files = files(library)?;
        let files: Vec<&String> =
            files.iter().filter(|file| file.starts_with(TO_COPY) && file.ends_with(".c")).collect();
        if files.is_empty() {
            return Err(format!("it has nothing in {TO_COPY}").into());
        }
        let include = |folder: &Path| format!("-I{}", folder.display());
        let lwip = format!("-isystem{}", self.lwip.join("src/include").display());
        for file in files {
            let file = library.join(file);
            let beside = file.parent().unwrap_or(library);
            let folders = [include(&library.join(INCLUDE)), include(&library.join(LWIP)), include(beside)];
            let words = options.split_whitespace().chain(STRICT).chain(STRICTER).chain(["-Os", "-c"]);
            let command = Command::new(compiler).args(words).args(folders);
            let own = [format!("-I{}", text(OWN)), format!("-I{}", text(MAKERS)), lwip.clone()];
            command.args(own).args([&file]).within(&work).quiet()?;
        }
        Ok(fs::remove_dir_all(work)?)
    }
}

/// Where the files are that are copied.
const TO_COPY: &str = "src/";
/// Where lwIP finds its settings.
const LWIP: &str = "src/lwip";
/// What is named of the headers of the chips' makers.
const MAKERS: &str = "crates/lowkey-c/tests/chips";
/// The headers that the chapter leaves to its reader.
const OWN: &str = "xtask/src/dist/trial/own";
/// Part of it is copied into programs in C++.
const STRICTER: [&str; 4] = ["-Wshadow", "-Wconversion", "-Wcast-qual", "-Wc++-compat"];
