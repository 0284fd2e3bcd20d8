//! `cargo xtask cluster`: brings HAProxy and nats-server, builds the command and the cluster, and starts it.

use xtask::{
    command::{Command, Result},
    nats_server,
    programs::{ONE_BUILD, built},
    setup,
};

use crate::tally;

/// To its end.
///
/// # Errors
/// What is missing on this machine; it does not compile; what the oracle said.
pub(crate) fn run() -> Result<()> {
    play(&[])
}

/// Every fault once, on a machine that may be busy.
///
/// # Errors
/// As [`run`].
pub(crate) fn small() -> Result<()> {
    play(&["--small"])
}

fn play(words: &[&str]) -> Result<()> {
    setup::ensure([&setup::HAPROXY])?;
    nats_server::program()?;
    let packages = ["--package", "lowkey", "--package", "cluster", "--package", "lowkey-gateway"];
    Command::cargo().args(["build", "--quiet"]).args(ONE_BUILD).args(packages).run()?;
    let cluster = Command::new(built("cluster")).without_env(|name| name.starts_with("LOWKEY_"));
    cluster.env(tally::SEED, tally::seed()).args([built("lowkey").as_os_str()]).args(words).run()
}
