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
        let is_shared = address(of).is_some();
        if let (true, Some(name)) =
            (is_shared, ["admin", "config"].into_iter().find(|name| is_given(of, name)))
        {
            let why = format!("--{name}: servers that share a registry are asked by way of it");
            return Err(Failure::new(Exit::Arguments, why));
        }
        Self::beside_a_server(of)
    }

    /// The same for a command that asks one of the servers as well.
    pub(crate) fn beside_a_server(of: &ArgMatches) -> Result<Option<Self>, Failure> {
        let Some(named) = path(of, "registry") else { return Ok(None) };
        if named == Path::new("-") {
            let why = "--registry: \"-\" is no registry; without --registry the lines go to standard output";
            return Err(Failure::new(Exit::Arguments, why));
        }
        let Some(address) = address(of) else {
            let of_shared = ["credentials", "roots", "as", "psk-folder"];
            if let Some(name) = of_shared.into_iter().find(|name| is_given(of, name)) {
                let why = format!("--{name}: is for a registry that servers share, tls://HOST:PORT/PREFIX");
                return Err(Failure::new(Exit::Arguments, why));
            }
            return Ok(Some(Self::File(named.to_owned())));
        };
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

/// What names a registry that is no file.
pub(crate) fn is_shared_name(named: &str) -> bool {
    ["nats://", "tls://"].iter().any(|begin| named.starts_with(begin))
}

fn address(of: &ArgMatches) -> Option<&str> {
    path(of, "registry")?.to_str().filter(|named| is_shared_name(named))
}

/// Whether an argument was given, if the command has it.
pub(crate) fn is_given(of: &ArgMatches, name: &str) -> bool {
    let source = of.try_contains_id(name).ok().and_then(|_| of.value_source(name));
    source == Some(ValueSource::CommandLine)
}
