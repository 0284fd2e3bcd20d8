//! `lowkey connect`.

use crate::failure::{Exit, Failure};
use crate::terminal::{path, server_key, text};
use clap::ArgMatches;
use lowkey_host::{Connection, Id, Limits, Peer, Pinning, connect_tcp, keys};
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::task::Poll;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split};
use tokio::net::TcpStream;
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

    let runtime = Runtime::new().map_err(Failure::file)?;
    let done = runtime.block_on(async {
        let connected = connect_tcp(address, pinning, &Limits::default()).await;
        pipe(connected.map_err(|error| Failure::connecting(address, &error))?).await
    });
    runtime.shutdown_background(); // a read of standard input cannot be called back
    done
}

/// Standard input to the peer and the peer to standard output, until both have ended.
async fn pipe(connection: Connection<TcpStream>) -> Result<(), Failure> {
    let (reader, writer) = split(connection);
    let mut sending = pin!(send(writer));
    let mut receiving = pin!(receive(reader));
    let (mut sent, mut received) = (false, false);
    poll_fn(|context| {
        if !received && let Poll::Ready(result) = receiving.as_mut().poll(context) {
            received = true;
            result?;
        }
        if !sent && let Poll::Ready(result) = sending.as_mut().poll(context) {
            sent = true;
            result?;
        }
        if sent && received { Poll::Ready(Ok(())) } else { Poll::Pending }
    })
    .await
}

async fn send(mut peer: WriteHalf<Connection<TcpStream>>) -> Result<(), Failure> {
    let mut input = tokio::io::stdin();
    let mut buffer = vec![0; BUFFER];
    loop {
        match input.read(&mut buffer).await {
            Err(error) => return Err(Failure::file(format_args!("standard input: {error}"))),
            Ok(0) => return peer.shutdown().await.map_err(|error| broken(&error)),
            Ok(n) => {
                let written = peer.write_all(&buffer[..n]).await;
                written.and(peer.flush().await).map_err(|error| broken(&error))?;
            }
        }
    }
}

async fn receive(mut peer: ReadHalf<Connection<TcpStream>>) -> Result<(), Failure> {
    let mut output = tokio::io::stdout();
    let mut buffer = vec![0; BUFFER];
    loop {
        let n = peer.read(&mut buffer).await.map_err(|error| broken(&error))?;
        if n == 0 {
            return Ok(());
        }
        let written = output.write_all(&buffer[..n]).await;
        written
            .and(output.flush().await)
            .map_err(|error| Failure::file(format_args!("standard output: {error}")))?;
    }
}

fn broken(error: &io::Error) -> Failure {
    Failure::new(Exit::Broken, format_args!("the channel broke: {error}"))
}

const BUFFER: usize = 16 * 1024;
