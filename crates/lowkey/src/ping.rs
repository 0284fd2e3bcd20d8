//! `lowkey ping`: whether a server is there, has the pinned key and knows this pinning.

use crate::credentials::{self, Credentials};
use crate::failure::Failure;
use crate::shared_arguments::address;
use crate::terminal::{print, text};
use clap::{ArgMatches, Command};
use lowkey_host::{Limits, probe_tcp};
use std::time::Duration;
use tokio::runtime::Runtime;

pub(crate) fn command() -> Command {
    Command::new("ping")
        .about("Ask a server whether it is there, has the pinned key and knows this pinning")
        .long_about(
            "Ask a server whether it is there, has the pinned key and knows this pinning, with the handshake of a device \
             that is not confirmed: a session of the same device goes on, and the server notes an attempt that was not \
             confirmed. Exit code 3: it cannot be reached; 4: it was reached, and the handshake came to nothing.",
        )
        .arg(address())
        .args(credentials::arguments())
}

pub(crate) fn run(of: &ArgMatches) -> Result<(), Failure> {
    let Some(address) = text(of, "address") else { return Ok(()) };
    let credentials = Credentials::of(of)?;
    let pinning = credentials.pinning();
    let mode = pinning.mode();
    let runtime = Runtime::new().map_err(Failure::file)?;
    let probed = runtime.block_on(probe_tcp(address, pinning, &Limits::default()));
    runtime.shutdown_background(); // a look-up of a name cannot be called back
    let probed = probed.map_err(|error| Failure::connecting(address, &error))?;
    print(&format!(
        "{}: reached in {}; it has the pinned key and knows this pinning ({}), answered in {}\n",
        probed.address,
        milliseconds(probed.reached),
        mode.as_str(),
        milliseconds(probed.answered)
    ))
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}
