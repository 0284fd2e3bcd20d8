//! `lowkey serve`.

use crate::failure::{Exit, Failure};
use crate::terminal::{path, print, text};
use clap::ArgMatches;
use lowkey_host::{Acceptor, Connection, FileRegistry, Limits, Listener, echo, keys};
use std::future::{Future, poll_fn};
use std::io::{self, IsTerminal};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;

pub(crate) fn run(of: &ArgMatches) -> Result<(), Failure> {
    let (Some(key), Some(devices), Some(address)) =
        (path(of, "key"), path(of, "devices"), text(of, "listen"))
    else {
        return Ok(());
    };
    log(text(of, "log"))?;
    let identity = keys::read_identity(key).map_err(Failure::file)?;
    let registry = FileRegistry::load(devices, &identity).map_err(Failure::file)?;
    if registry.devices().is_empty() {
        eprintln!("lowkey: {}: no devices; `lowkey provision` makes one", devices.display());
    }
    let acceptor = Acceptor::new(identity, registry, Limits::default()).map_err(Failure::file)?;
    let runtime = Runtime::new().map_err(Failure::file)?;
    runtime.block_on(serve(address, acceptor))
}

/// How long devices have to take our CLOSE after a signal.
const LINGER: Duration = Duration::from_secs(1);

async fn serve(address: &str, acceptor: Acceptor) -> Result<(), Failure> {
    let mut listener =
        Listener::bind(address, acceptor).await.map_err(|error| bind_failed(address, &error))?;
    let bound = listener.local_addr().map_err(Failure::file)?;
    let mut signal = pin!(Signals::new().map_err(Failure::file)?.next());
    print(&format!("listening on {bound}\n"))?;
    let (stop, stopped) = watch::channel(());
    let mut sessions = JoinSet::new();
    loop {
        let next = poll_fn(|context| match signal.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => listener.poll_accept(context).map(Some),
        });
        let Some(connection) = next.await else { break };
        sessions.spawn(session(connection, stopped.clone()));
        while sessions.try_join_next().is_some() {}
    }
    drop((listener, stop));
    // One by one: `join_all` would panic along with a session that did.
    let all = async { while sessions.join_next().await.is_some() {} };
    let _those_that_do_not_take_it = timeout(LINGER, all).await;
    Ok(())
}

/// Echoes until the device closes or the server stops; then says so to the device.
async fn session(mut connection: Connection<TcpStream>, mut stopped: watch::Receiver<()>) {
    let over = {
        let mut stop = pin!(stopped.changed());
        let mut echo = pin!(echo(&mut connection));
        poll_fn(|context| match stop.as_mut().poll(context) {
            Poll::Ready(_) => Poll::Ready(None),
            Poll::Pending => echo.as_mut().poll(context).map(Some),
        })
        .await
    };
    let over = match over {
        Some(over) => over,
        None => connection.close().await,
    };
    if let Err(error) = over {
        let device = connection.device().map_or("", |device| device.name());
        tracing::info!(name: "lowkey.broken", target: "lowkey", device, %error, "session broken");
    }
}

fn bind_failed(address: &str, error: &io::Error) -> Failure {
    let advice = match error.kind() {
        io::ErrorKind::AddrInUse => "; another program listens there, choose another --listen",
        io::ErrorKind::PermissionDenied => "; ports below 1024 need privileges, choose another --listen",
        io::ErrorKind::AddrNotAvailable => "; that address is not this machine's",
        io::ErrorKind::InvalidInput => "; write it as ADDRESS:PORT",
        _ => "",
    };
    Failure::new(Exit::Network, format_args!("cannot listen on {address}: {error}{advice}"))
}

/// SIGINT and SIGTERM.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            terminate: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?,
        })
    }

    async fn next(#[cfg_attr(not(unix), allow(unused_mut))] mut self) {
        let mut interrupt = pin!(tokio::signal::ctrl_c());
        poll_fn(|context| {
            #[cfg(unix)]
            if self.terminate.poll_recv(context).is_ready() {
                return Poll::Ready(());
            }
            interrupt.as_mut().poll(context).map(|_| ())
        })
        .await;
    }
}

/// Events on standard error.
fn log(wanted: Option<&str>) -> Result<(), Failure> {
    let wanted =
        wanted.map(str::to_owned).or_else(|| std::env::var("RUST_LOG").ok()).unwrap_or("info".into());
    let targets: Targets = wanted.parse().map_err(|error| {
        Failure::new(Exit::Arguments, format_args!("--log or RUST_LOG: {wanted:?}: {error}"))
    })?;
    let lines = fmt::layer().with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    tracing_subscriber::registry().with(lines).with(targets).init();
    Ok(())
}
