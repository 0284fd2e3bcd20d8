//! The registry that a command is about: `--registry` names a file, or what several servers share.

use crate::failure::{Exit, Failure};
#[cfg(feature = "nats")]
use crate::nats::{self, Shared};
use crate::terminal::path;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, value_parser};
use lowkey_host::text::mask;
use lowkey_registry::Target;
use std::path::{Path, PathBuf};

/// A registry that was named.
pub(crate) enum Chosen {
    File(PathBuf),
    #[cfg(feature = "nats")]
    Shared(Box<Shared>),
}

/// `--registry`, and how one is reached that is no file.
pub(crate) fn arguments(help: &'static str) -> Vec<Arg> {
    let registry = Arg::new("registry").long("registry").value_name("FILE|ADDRESS");
    let registry = registry.value_parser(value_parser!(PathBuf)).help(help);
    [registry].into_iter().chain(of_shared().map(|argument| argument.requires("registry"))).collect()
}

#[cfg(feature = "nats")]
fn of_shared() -> [Arg; 3] {
    nats::arguments()
}

#[cfg(not(feature = "nats"))]
fn of_shared() -> [Arg; 0] {
    []
}

impl Chosen {
    /// The one that the arguments name, if they do; what is shared is connected to.
    pub(crate) fn of(of: &ArgMatches) -> Result<Option<Self>, Failure> {
        let Some(named) = path(of, "registry") else { return Ok(None) };
        if named == Path::new("-") {
            let why = "--registry: \"-\" is no registry; without --registry the lines go to standard output";
            return Err(Failure::new(Exit::Arguments, why));
        }
        let given = |name: &&str| {
            let source = of.try_contains_id(name).ok().and_then(|_| of.value_source(name));
            source == Some(ValueSource::CommandLine)
        };
        let address =
            named.to_str().filter(|text| ["nats://", "tls://"].iter().any(|begin| text.starts_with(begin)));
        let Some(address) = address else {
            if let Some(name) = ["credentials", "roots", "as", "psk-folder"].into_iter().find(given) {
                let why = format!("--{name}: is for a registry that servers share, tls://HOST:PORT/PREFIX");
                return Err(Failure::new(Exit::Arguments, why));
            }
            return Ok(Some(Self::File(named.to_owned())));
        };
        if let Some(name) = ["admin", "config"].into_iter().find(given) {
            let why = format!("--{name}: servers that share a registry are asked by way of it");
            return Err(Failure::new(Exit::Arguments, why));
        }
        Self::shared(of, address).map(Some)
    }

    #[cfg(feature = "nats")]
    fn shared(of: &ArgMatches, address: &str) -> Result<Self, Failure> {
        Shared::of(of, address).map(|shared| Self::Shared(Box::new(shared)))
    }

    #[cfg(not(feature = "nats"))]
    fn shared(_of: &ArgMatches, _address: &str) -> Result<Self, Failure> {
        let why = "--registry: this lowkey was built without NATS (the feature `nats`)";
        Err(Failure::new(Exit::Arguments, why))
    }

    pub(crate) fn target(&self) -> Target<'_> {
        match self {
            Self::File(file) => Target::File(file),
            #[cfg(feature = "nats")]
            Self::Shared(shared) => Target::from(shared.rows()),
        }
    }

    /// The file, if it is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        match self {
            Self::File(file) => Some(file),
            #[cfg(feature = "nats")]
            Self::Shared(_) => None,
        }
    }

    /// For people.
    pub(crate) fn shown(&self) -> String {
        mask(&self.target().named().display().to_string())
    }
}
