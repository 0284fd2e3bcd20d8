//! `cargo xtask cluster`: brings HAProxy and nats-server, builds the command, the cluster and the boards' firmware, and
//! starts it.

use std::path::PathBuf;

use xtask::{
    command::{Command, Result},
    nats_server,
    programs::{ONE_BUILD, built},
    setup, target,
};

use crate::{
    show::{self, Board},
    tally,
};

/// To its end, with boards that run the firmware in this folder.
///
/// # Errors
/// What is missing on this machine; it does not compile; what the oracle said.
pub(crate) fn run(rust: &str) -> Result<()> {
    setup::ensure([&setup::QEMU])?;
    play(&[show::demos(Board::Rust(rust))?])
}

/// Every fault once, on a machine that may be busy, and without boards.
///
/// # Errors
/// As [`run`].
pub(crate) fn small() -> Result<()> {
    play(&["--small".into()])
}

/// The second trial, in which what devices number is stored: at least 200,000 messages, through every fault, in a
/// stream that keeps them and in one out of which a service takes them.
///
/// # Errors
/// As [`run`].
pub(crate) fn stored(rust: &str) -> Result<()> {
    setup::ensure([&setup::QEMU])?;
    let [rust, c] = show::counted(rust)?;
    play(&["--stored".into(), rust, c])
}

/// The same with fewer devices and messages, on a machine that may be busy.
///
/// # Errors
/// As [`run`].
pub(crate) fn stored_small() -> Result<()> {
    play(&["--stored".into(), "--small".into()])
}

/// What this machine is too small for: a model of ten gateways, whose devices all come back at once.
///
/// # Errors
/// It does not compile.
pub(crate) fn simulate() -> Result<()> {
    Command::cargo().args(["build", "--quiet"]).args(ONE_BUILD).args(["--package", "cluster"]).run()?;
    Command::new(built("cluster")).args(["--simulate"]).run()
}

/// What a registry over NATS costs next to a file, or with `--stored` how many messages a second are stored: by the
/// command as it is released. Takes some minutes.
///
/// # Errors
/// As [`run`].
pub(crate) fn figures(of: &[&str]) -> Result<()> {
    nats_server::program()?;
    let packages = ["--package", "lowkey", "--package", "cluster"];
    Command::cargo().args(["build", "--quiet", "--release"]).args(packages).run()?;
    let [cluster, lowkey] = ["cluster", "lowkey"].map(|name| target().join("release").join(name));
    let cluster = Command::new(cluster).without_env(|name| name.starts_with("LOWKEY_"));
    cluster.args([lowkey]).args(of).args(["--figures"]).run()
}

fn play(words: &[PathBuf]) -> Result<()> {
    setup::ensure([&setup::HAPROXY])?;
    nats_server::program()?;
    let packages = ["--package", "lowkey", "--package", "cluster", "--package", "lowkey-gateway"];
    Command::cargo().args(["build", "--quiet"]).args(ONE_BUILD).args(packages).run()?;
    let cluster = Command::new(built("cluster")).without_env(|name| name.starts_with("LOWKEY_"));
    cluster.env(tally::SEED, tally::seed()).args([built("lowkey")]).args(words).run()
}
