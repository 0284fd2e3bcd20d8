//! `cargo xtask coverage`: which lines of the crates their tests run, file by file.
//!
//! A table that is read, and that nothing is held to: whether a line that ran did what it promises only a test knows.

use xtask::{
    command::{self, Command, Result},
    crates,
};

use crate::tools;

/// The table of all crates.
///
/// # Errors
/// As [`print_of`].
pub(crate) fn print() -> Result<()> {
    let names = crates()?;
    print_of(&names.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Runs the tests of these crates under instruments, and prints the table.
///
/// # Errors
/// A test failed; rustup does not bring what reads the instruments.
pub(crate) fn print_of(names: &[&str]) -> Result<()> {
    if command::find("rustup").is_some() {
        Command::new("rustup").args(["component", "add", "llvm-tools"]).quiet()?;
    }
    let cover =
        Command::new(tools::cargo("cargo-llvm-cov", &[])?).args(["llvm-cov", "--quiet", "--summary-only"]);
    cover.args(names.iter().flat_map(|name| ["--package", name])).run()
}
