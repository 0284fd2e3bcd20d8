//! The speed and the memory of channels on this machine, next to snow, rustls and bare aws-lc-rs (`benches/host`).
//!
//! No test: what it says depends on the machine and on what else that does.

use crate::{
    command::{Command, Result},
    target,
};

/// Which primitives carry the channel.
pub(crate) enum Body {
    /// aws-lc, as in lowkey-host.
    Default,
    /// Rust only, as in lowkey-host without its default features.
    Portable,
}

/// Measures everything and prints tables; takes some minutes.
///
/// # Errors
/// The benchmark does not build or run.
pub(crate) fn run(body: &Body) -> Result<()> {
    let bench = Command::cargo().args(["bench", "--quiet", "--package", "host-bench"]);
    match body {
        Body::Default => bench.run(),
        Body::Portable => {
            // In a folder of its own: other flags would have cargo build all the rest anew, twice.
            let flags = "--cfg lowkey_backend=\"portable\"";
            bench.env("RUSTFLAGS", flags).env("CARGO_TARGET_DIR", target().join("portable")).run()
        }
    }
}
