//! `lowkey connect`.

mod pipe;

use crate::failure::Failure;
use crate::terminal::{path, server_key, text};
use clap::ArgMatches;
use lowkey_host::{Id, Limits, Peer, Pinning, connect_tcp};
use lowkey_registry::keys;
use pipe::pipe;
use tokio::runtime::Runtime;

pub(crate) fn run(of: &ArgMatches) -> Result<(), Failure> {
    let (Some(address), Some(key)) = (text(of, "address"), path(of, "key")) else { return Ok(()) };
    let server = server_key(of)?;
    let identity = keys::read_identity(key).map_err(Failure::file)?;
    let psk = path(of, "psk-file").map(keys::read_psk).transpose().map_err(Failure::file)?;
    let peer =
        Peer::pin(&identity, server).map_err(|error| Failure::file(format_args!("--server: {error}")))?;
    let id = of.get_one::<Id>("id").copied();
    let id = id.unwrap_or_else(|| Id::of_pinning(&identity.public_key(), &server));
    let pinning = Pinning { id, identity: &identity, peer: &peer, psk: psk.as_ref() };

    let mut limits = Limits::default();
    limits.max_message = of.get_one::<u32>("max-message").map_or(limits.max_message, |bytes| *bytes as usize);

    let runtime = Runtime::new().map_err(Failure::file)?;
    let done = runtime.block_on(async {
        let connected = connect_tcp(address, pinning, &limits).await;
        let connection = connected.map_err(|error| Failure::connecting(address, &error))?;
        pipe(connection, limits.max_message, tokio::io::stdin(), tokio::io::stdout()).await
    });
    runtime.shutdown_background(); // a read of standard input cannot be called back
    done
}
