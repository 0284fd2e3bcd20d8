//! `cargo xtask screenshots`, and the page of the admin listener in a real browser.

use xtask::{
    command::{Command, Result},
    programs::{ONE_BUILD, built},
    root,
};

/// Tries the page.
///
/// # Errors
/// It does not compile; what the page does not do.
pub(crate) fn tries() -> Result<()> {
    run(&["try"])
}

/// Takes the book's pictures of the page.
///
/// # Errors
/// As [`tries`].
pub(crate) fn screenshots() -> Result<()> {
    run(&["pictures", &root().join("docs/src/pictures").to_string_lossy()])
}

fn run(words: &[&str]) -> Result<()> {
    Command::cargo().args(["build", "--quiet"]).args(ONE_BUILD).args(PACKAGES).run()?;
    Command::new(built("browser")).args(words).run()
}

/// The gateway with all of its features, as all else is built with.
const PACKAGES: [&str; 4] = ["--package", "browser", "--package", "lowkey-gateway"];
