//! Registries over NATS, as they are configured and as arguments name them.

use crate::config::{Config, Nats};
use crate::failure::{Exit, Failure};
use crate::terminal::{path, text};
use clap::{Arg, ArgMatches, value_parser};
use lowkey_host::Identity;
use lowkey_nats::{
    Access, Address, AddressError, Credentials, NatsError, NatsRegistry, OnStale, Registrar, Settings,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
pub(crate) async fn survey(shared: &Nats) -> Result<usize, Vec<String>> {
    let read = async { Registrar::connect(&access(shared)?).await?.read().await };
    let stored = read.await.map_err(|error: NatsError| vec![error.to_string()])?;
    let wrong: Vec<_> =
        stored.faulty.iter().map(|(name, why)| format!("the row of {name:?}: {why}")).collect();
    if wrong.is_empty() { Ok(stored.sheet.rows.len()) } else { Err(wrong) }
}

fn access(shared: &Nats) -> Result<Access, NatsError> {
    Ok(Access {
        // Looked at with the configuration already.
        address: shared.address.parse().map_err(|error: AddressError| NatsError::File(error.to_string()))?,
        credentials: shared.credentials.clone().map_or(Credentials::None, Credentials::File),
        roots: shared.roots.clone(),
        name: shared.name.clone(),
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
    let Some(address) = of.get_one::<Address>("address").cloned() else {
        return Err(Failure::new(Exit::Arguments, "no registry is named"));
    };
    let credentials =
        path(of, "credentials").map_or(Credentials::None, |file| Credentials::File(file.to_owned()));
    let roots = path(of, "roots").map(Path::to_owned);
    let name = text(of, "as").unwrap_or("registrar").to_owned();
    let access = Access { address, credentials, roots, name };
    Registrar::connect(&access).await.map_err(|error| came_to_nothing(&error))
}

/// Why it came to nothing.
pub(crate) fn came_to_nothing(error: &NatsError) -> Failure {
    match error {
        NatsError::Connection(_) => Failure::new(Exit::Network, error),
        _ => Failure::file(error),
    }
}
