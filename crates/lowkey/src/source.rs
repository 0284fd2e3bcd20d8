//! Where a server's registry comes from: a file, or NATS.

use crate::config::{Config, Mistake};
use crate::load;
use lowkey_host::{Acceptor, Error, Identity, Limits, Registry};
use lowkey_registry::LiveRegistry;
use std::sync::Arc;
#[cfg(feature = "nats")]
use {
    crate::nats,
    lowkey_nats::{Fleet, NatsRegistry},
    std::time::Duration,
    tokio::time::timeout,
};

/// A registry that changes.
#[derive(Clone)]
pub(crate) enum Source {
    File(LiveRegistry),
    #[cfg(feature = "nats")]
    Nats(NatsRegistry),
}

impl Source {
    /// The one that is configured.
    pub(crate) fn of(config: &Config, identity: &Arc<Identity>) -> Result<Self, Mistake> {
        #[cfg(feature = "nats")]
        if let Some(shared) = &config.nats {
            let registry = nats::registry(config, shared, identity);
            return registry.map(Self::Nats).map_err(|why| Mistake::new(&config.devices.origin, why));
        }
        load::registry(config, identity).map(Self::File)
    }

    /// An acceptor that answers from it.
    pub(crate) fn acceptor(&self, identity: Arc<Identity>, limits: Limits) -> Result<Acceptor, Error> {
        match self {
            Self::File(registry) => {
                let acceptor = Acceptor::new(identity, registry.clone(), limits)?;
                acceptor.enrol_in(registry.clone());
                Ok(acceptor)
            }
            #[cfg(feature = "nats")]
            Self::Nats(registry) => {
                let acceptor = Acceptor::new(identity, registry.clone(), limits)?;
                acceptor.enrol_in(registry.enrolments());
                Ok(acceptor)
            }
        }
    }

    /// The gateways that share it, if there may be several.
    #[cfg(feature = "nats")]
    pub(crate) fn fleet(&self) -> Option<&Fleet> {
        match self {
            Self::File(_) => None,
            Self::Nats(registry) => Some(registry.fleet()),
        }
    }

    /// Whether others answer from it as well.
    pub(crate) fn is_shared(&self) -> bool {
        !matches!(self, Self::File(_))
    }

    /// Whether no device is in it, as far as it is known by now.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::File(registry) => registry.is_empty(),
            #[cfg(feature = "nats")]
            Self::Nats(_) => false,
        }
    }

    /// Has it followed from now on, for `acceptor`; one that lies elsewhere has a moment to be read for the first time.
    #[cfg_attr(not(feature = "nats"), expect(unused_variables, reason = "a file needs no acceptor"))]
    pub(crate) async fn follow(&self, acceptor: &Acceptor) {
        match self {
            Self::File(registry) => drop(tokio::spawn(registry.watch())),
            #[cfg(feature = "nats")]
            Self::Nats(registry) => {
                tokio::spawn(registry.keep(acceptor));
                // If not, devices hear that we are busy, and /readyz says why.
                let _ = timeout(FIRST, registry.read_once()).await;
            }
        }
    }

    /// Reads it again because somebody wants that; this blocks. Why it was not read, if it was not.
    pub(crate) fn reload(&self) -> Result<(), String> {
        match self {
            Self::File(registry) => registry.reload().map(drop).map_err(|error| error.to_string()),
            #[cfg(feature = "nats")]
            Self::Nats(_) => Ok(()), // it is followed at every moment
        }
    }

    /// What keeps it from being up to date.
    pub(crate) fn trouble(&self) -> Option<String> {
        let trouble = match self {
            Self::File(registry) => registry.trouble(),
            #[cfg(feature = "nats")]
            Self::Nats(registry) => registry.trouble(),
        };
        trouble.map(|trouble| trouble.to_string())
    }

    /// The server has stopped.
    #[cfg_attr(not(feature = "nats"), expect(clippy::unused_async, reason = "nobody has to be told"))]
    pub(crate) async fn over(&self) {
        match self {
            Self::File(_) => (),
            #[cfg(feature = "nats")]
            Self::Nats(registry) => registry.say_goodbye().await,
        }
    }
}

#[cfg(feature = "nats")]
const FIRST: Duration = Duration::from_secs(5);
