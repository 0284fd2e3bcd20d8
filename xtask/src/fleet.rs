//! `cargo xtask fleet`: builds the command and the fleet, and starts it.

use xtask::{
    command::{Command, Result},
    programs::{ONE_BUILD, built},
};

use crate::tally;

/// With these words, in the terminal of whoever asks.
///
/// # Errors
/// It does not compile; what it said.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    let packages = ["--package", "lowkey", "--package", "fleet", "--package", "lowkey-gateway"];
    Command::cargo().args(["build", "--quiet"]).args(ONE_BUILD).args(packages).run()?;
    let fleet = Command::new(built("fleet")).without_env(|name| name.starts_with("LOWKEY_"));
    fleet.env(tally::SEED, tally::seed()).args([built("lowkey").as_os_str()]).args(words).run()
}

/// Each fault once or twice, until the server has seen it as what it is.
///
/// # Errors
/// As [`run`].
pub(crate) fn small() -> Result<()> {
    run(&["--devices", "60", "--faults", "--silence", "2", "--try"])
}
