//! Registries over NATS, as they are configured and as arguments name them.

use crate::config::{Config, Nats, Store};
use crate::failure::{Exit, Failure};
use crate::terminal::{path, say, text};
use clap::{Arg, ArgMatches, value_parser};
use lowkey_host::{Identity, PublicKey};
use lowkey_nats::{
    Access, Address, AddressError, Credentials, InForce, Inspected, JetStreamSink, JetStreamSource,
    NatsError, NatsRegistry, NatsRows, OnStale, Registrar, Settings, Standing, Waits,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;

/// The registry that a server is configured to follow; why not.
pub(crate) fn registry(
    config: &Config,
    shared: &Nats,
    identity: &Arc<Identity>,
) -> Result<NatsRegistry, String> {
    let beside = config.key.path.parent().unwrap_or(Path::new("")).to_owned();
    let settings = Settings {
        folder: config.state.clone(),
        psk_folder: beside,
        max_stale: shared.max_stale,
        on_stale: if shared.serves_on { OnStale::Serve } else { OnStale::Refuse },
    };
    let opened = access(shared).and_then(|access| NatsRegistry::open(access, settings, Arc::clone(identity)));
    opened.map_err(|error| error.to_string())
}

/// How many devices are in the registry that a server is configured to follow; every mistake in it.
pub(crate) async fn survey(shared: &Nats, server: &PublicKey) -> Result<usize, Vec<String>> {
    let read = async { Registrar::connect(&access(shared)?).await?.read().await };
    let stored = read.await.map_err(|error: NatsError| vec![error.to_string()])?;
    Registrar::is_for(&stored, server).map_err(|error| vec![error.to_string()])?;
    let wrong: Vec<_> =
        stored.faulty.iter().map(|(name, why)| format!("the row of {name:?}: {why}")).collect();
    if wrong.is_empty() { Ok(stored.sheet.rows.len()) } else { Err(wrong) }
}

fn access(shared: &Nats) -> Result<Access, NatsError> {
    let Nats { address, name, credentials, roots, .. } = shared;
    reached(address, name, credentials.as_ref(), roots.as_ref())
}

/// The stream that a server's `forward` names, and the one beside it that has messages for devices.
pub(crate) async fn streams(store: &Store) -> Result<(JetStreamSink, JetStreamSource), NatsError> {
    let Store { address, name, credentials, roots, stream, .. } = store;
    let access = reached(address, name, credentials.as_ref(), roots.as_ref())?;
    let sink = JetStreamSink::open(&access, stream.as_deref()).await?;
    Ok((sink, JetStreamSource::open(&access, None).await?))
}

/// Whether the stream that a server's `forward` names is one for devices' messages, as far as it says so.
pub(crate) fn check(store: &Store) -> Result<(), Failure> {
    let runtime = Runtime::new().map_err(Failure::file)?;
    let found = runtime.block_on(inspect(store)).map_err(|error| {
        let exit = match error {
            NatsError::Connection(_) | NatsError::Request(..) => Exit::Network,
            _ => Exit::File,
        };
        Failure::new(exit, format_args!("{}: {error}", store.address))
    })?;
    for note in found.notes {
        say(format_args!("lowkey: warning: {}: {note}", store.address));
    }
    let wrong: Vec<_> = found.wrong.iter().map(|why| format!("{}: {why}", store.address)).collect();
    if wrong.is_empty() { Ok(()) } else { Err(Failure::new(Exit::File, wrong.join("; "))) }
}

async fn inspect(store: &Store) -> Result<Inspected, NatsError> {
    let Store { address, name, credentials, roots, .. } = store;
    // A sink waits for a connection, and hears then no more than that nobody answers.
    Registrar::connect(&reached(address, name, credentials.as_ref(), roots.as_ref())?).await?;
    let (sink, _) = streams(store).await?;
    sink.inspect().await
}

/// The rows that servers share which follow this registry, for whatever else stores their devices' messages.
#[cfg(feature = "sinks")]
pub(crate) async fn rows(shared: &Nats) -> Result<lowkey_nats::NatsNumbers, NatsError> {
    lowkey_nats::NatsNumbers::open(&access(shared)?).await
}

fn reached(
    address: &str,
    name: &str,
    credentials: Option<&PathBuf>,
    roots: Option<&PathBuf>,
) -> Result<Access, NatsError> {
    Ok(Access {
        // Looked at with the configuration already.
        address: address.parse().map_err(|error: AddressError| NatsError::File(error.to_string()))?,
        credentials: credentials.cloned().map_or(Credentials::None, Credentials::File),
        roots: roots.cloned(),
        name: name.to_owned(),
    })
}

/// `--credentials`, `--roots` and `--as`.
pub(crate) fn arguments() -> [Arg; 3] {
    let file = |name: &'static str| {
        Arg::new(name).long(name).value_name("FILE").value_parser(value_parser!(PathBuf))
    };
    [
        file("credentials")
            .help("The file of the nkey's seed (SU…), or of the credentials, by which NATS knows us"),
        file("roots").help("Certificates that NATS's own is signed by; without it, the operating system's"),
        Arg::new("as")
            .long("as")
            .value_name("NAME")
            .default_value("registrar")
            .help("What NATS's users call us"),
    ]
}

/// The address of a registry.
pub(crate) fn address() -> Arg {
    Arg::new("address")
        .required(true)
        .value_name("ADDRESS")
        .value_parser(|text: &str| text.parse::<Address>())
        .help("The registry: tls://HOST:PORT/PREFIX, or nats:// for this machine")
}

/// Whoever may read or write the registry that the arguments name.
pub(crate) async fn registrar(of: &ArgMatches) -> Result<Registrar, Failure> {
    match of.get_one::<Address>("address").cloned() {
        Some(address) => connected(of, address).await,
        None => Err(Failure::new(Exit::Arguments, "no registry is named")),
    }
}

pub(crate) async fn connected(of: &ArgMatches, address: Address) -> Result<Registrar, Failure> {
    let credentials =
        path(of, "credentials").map_or(Credentials::None, |file| Credentials::File(file.to_owned()));
    let roots = path(of, "roots").map(Path::to_owned);
    let name = text(of, "as").unwrap_or("registrar").to_owned();
    let access = Access { address, credentials, roots, name };
    Registrar::connect(&access).await.map_err(|error| came_to_nothing(&error))
}

/// A registry that servers share, for a command that changes it as it changes a file.
pub(crate) struct Shared {
    rows: NatsRows,
    runtime: Runtime,
}

impl Shared {
    /// That of `--registry`.
    pub(crate) fn of(of: &ArgMatches, address: &str) -> Result<Self, Failure> {
        let address = address.parse::<Address>();
        let address =
            address.map_err(|error| Failure::new(Exit::Arguments, format_args!("--registry: {error}")))?;
        let runtime = Runtime::new().map_err(Failure::file)?;
        let registrar = runtime.block_on(connected(of, address))?;
        let psk_folder = of.try_get_one::<PathBuf>("psk-folder").ok().flatten().cloned();
        let rows = NatsRows::new(registrar, runtime.handle().clone(), psk_folder);
        Ok(Self { rows, runtime })
    }

    pub(crate) fn rows(&self) -> &NatsRows {
        &self.rows
    }

    /// Of the last change.
    pub(crate) fn revision(&self) -> Result<u64, Failure> {
        let stored = self.runtime.block_on(self.rows.registrar().read());
        stored.map(|stored| stored.revision).map_err(|error| came_to_nothing(&error))
    }

    /// Waits until the gateways obey the change of this revision; how many do.
    pub(crate) fn wait(&self, revision: u64, time: Duration, what: &str) -> Result<usize, Failure> {
        self.runtime.block_on(wait(self.rows.registrar(), revision, time, what))
    }
}

/// Waits until the gateways obey the change of this revision; how many do. `what` is in front of why they do not.
///
/// # Errors
/// [`Exit::NotInForce`]: some do not, as far as is known; they are named.
pub(crate) async fn wait(
    registrar: &Registrar,
    revision: u64,
    time: Duration,
    what: &str,
) -> Result<usize, Failure> {
    let stands = registrar.in_force(revision, Waits::For(time)).await.map_err(|error| {
        let why = "not known to be in force: the gateways could not be asked";
        Failure::new(Exit::NotInForce, format_args!("{what} {why}: {error}"))
    })?;
    match stands.is_everywhere() {
        true => Ok(stands.obey()),
        false => {
            let why = format!("{what} not in force everywhere: {}", behind(&stands));
            Err(Failure::new(Exit::NotInForce, why))
        }
    }
}

/// What is said when so many obey, and nobody else is there.
pub(crate) fn obeyed(gateways: usize) -> String {
    match gateways {
        0 => "no server follows this registry yet".to_owned(),
        n => format!("in force: {}", count(n)),
    }
}

fn count(gateways: usize) -> String {
    format!("{gateways} gateway{}", if gateways == 1 { "" } else { "s" })
}

fn behind(stands: &InForce) -> String {
    let others = stands.others().map(|(name, standing)| match standing {
        Standing::Gone(silent) => {
            format!("{name:?} was not heard of for {} s and may still serve", silent.as_secs())
        }
        _ => format!("{name:?} has not said so yet"),
    });
    let others: Vec<_> = others.collect();
    format!("{}; in force: {}", others.join(", "), count(stands.obey()))
}

/// Why it came to nothing.
pub(crate) fn came_to_nothing(error: &NatsError) -> Failure {
    match error {
        NatsError::Connection(_) => Failure::new(Exit::Network, error),
        _ => Failure::file(error),
    }
}
