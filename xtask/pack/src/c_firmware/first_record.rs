//! The program of the book's chapter for C, as the chapter has it, on the board of the example: what it takes, and
//! something to run.

use std::{fs, path::PathBuf};

use xtask::{command::Result, root, target};

use crate::archive::{copy, fresh};

/// Where its boot log is.
#[derive(Clone, Copy)]
pub enum Log {
    /// In flash.
    Written,
    /// Played over the serial line, as QEMU needs it.
    Played,
}

/// Builds it and returns its ELF file.
///
/// # Errors
/// The chapter has no such program, or it does not compile.
pub fn build(log: Log) -> Result<PathBuf> {
    let (name, flash) = match log {
        Log::Written => ("written", "flash"),
        Log::Played => ("played", "played_flash"),
    };
    let folder = target().join("firmware/first-record").join(name);
    fresh(&folder)?;
    let board = root().join(super::FOLDER);
    for file in ["Makefile", "lm3s6965.ld"] {
        fs::copy(board.join(file), folder.join(file))?;
    }
    copy(&board.join("src"), &folder.join("src"))?;
    fs::write(folder.join("src/main.c"), program(&fs::read_to_string(root().join(CHAPTER))?)?)?;
    let out = folder.join("out");
    super::make(&folder, &out, vec![format!("OWN={BOARD} {flash}")])
}

/// The program in the chapter: its blocks of that name, one behind the other.
fn program(chapter: &str) -> Result<String> {
    let blocks = chapter.split("\n```").skip(1).step_by(2);
    let program: String =
        blocks.filter_map(|block| block.strip_prefix(BLOCK)).flat_map(|text| [text, "\n"]).collect();
    if program.is_empty() { Err(format!("{CHAPTER} has no program").into()) } else { Ok(program) }
}

const CHAPTER: &str = "docs/src/c.md";
const BLOCK: &str = "c,first-record\n";
/// The chapter's program, what the chapter tells one to copy, and what it says is one's own.
const BOARD: &str =
    "main address channel liveness memory board clock ethernet halt network startup timer uart";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_its_blocks_in_their_order() {
        let chapter = "a\n```c,first-record\nint a;\n```\nb\n```c,other\nint x;\n```\nc\n```c,first-record\nint b;\n```\n";
        assert_eq!(program(chapter).unwrap(), "int a;\nint b;\n");
        assert!(program("```console\n$ ls\n```\n").is_err());
    }
}
