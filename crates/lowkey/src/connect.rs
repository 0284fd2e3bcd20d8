//! `lowkey connect`.

mod numbered;
mod pipe;

use crate::credentials::Credentials;
use crate::failure::Failure;
use crate::terminal::text;
use clap::ArgMatches;
use lowkey_host::{Limits, connect_tcp};
use numbered::deliver;
use pipe::pipe;
use tokio::runtime::Runtime;

pub(crate) fn run(of: &ArgMatches) -> Result<(), Failure> {
    let Some(address) = text(of, "address") else { return Ok(()) };
    let credentials = Credentials::of(of)?;
    let pinning = credentials.pinning();

    let mut limits = Limits::default();
    limits.max_message = of.get_one::<u32>("max-message").map_or(limits.max_message, |bytes| *bytes as usize);

    let run = of.get_flag("numbered").then(|| credentials.run()).flatten();
    let runtime = Runtime::new().map_err(Failure::file)?;
    let done = runtime.block_on(async {
        if let Some(run) = run {
            return deliver(address, pinning, limits, run, tokio::io::stdin(), tokio::io::stdout()).await;
        }
        let connected = connect_tcp(address, pinning, &limits).await;
        let connection = connected.map_err(|error| Failure::connecting(address, &error))?;
        pipe(connection, limits.max_message, tokio::io::stdin(), tokio::io::stdout()).await
    });
    runtime.shutdown_background(); // a read of standard input cannot be called back
    done
}
