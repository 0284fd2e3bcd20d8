//! Says why a device is refused, from what the server remembers and its own keys.
//!
//! For the one who runs the server, and nobody else: what stands here tells which ids, names and keys are known.

mod case;
mod commands;
mod diagnose;
mod explain;
mod numbers;
mod past;
mod phrases;
mod search;
mod service;
mod store;
#[cfg(test)]
mod tests;

use crate::health::Health;
use crate::memory::Memory;
use crate::store::Store;
use case::Case;
use lowkey_host::{Acceptor, Failure, Id, Mode};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// What came out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Diagnosis {
    /// What is known, the newest first.
    pub findings: Vec<Finding>,
    /// Whether every key was tried that could explain something; otherwise there was no time for it.
    pub complete: bool,
}

/// One thing that happens, why, and what mends it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Finding {
    /// Which kind of thing: a word that stays the same from version to version.
    pub kind: &'static str,
    /// Whom it is about, for people, as the subject of `what`: a device's name, `somebody`, `this server`,
    /// `the registry`, `the service behind`, `what stores`, or what was asked for.
    pub who: String,
    /// The device that it is about, as far as that is known.
    pub device: Option<String>,
    /// The id that was claimed.
    pub id: Option<Id>,
    /// The mode that was asked for.
    pub mode: Option<Mode>,
    /// Where the last attempt came from.
    pub from: Option<SocketAddr>,
    /// How many attempts came out like this.
    pub times: u64,
    /// How long ago the first of them was.
    pub since: Duration,
    /// How long ago the last of them was.
    pub last: Duration,
    /// What happened, in a line.
    pub what: String,
    /// Why, in a line.
    pub why: String,
    /// What mends it, if anything does.
    pub mend: Option<Mend>,
}

/// What mends something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mend {
    /// A command, to be copied.
    Run(String),
    /// Something else, in a line.
    Do(String),
    /// A command, or something else instead.
    Either(String, String),
}

impl Mend {
    /// This, or `advice` instead.
    fn or(self, advice: &str) -> Self {
        match self {
            Self::Run(command) => Self::Either(command, advice.to_owned()),
            other => other,
        }
    }
}

/// Who says why a device is refused.
///
/// Cheap to clone; it knows nothing that its server does not know.
#[derive(Clone, Debug)]
pub struct Doctor {
    acceptor: Acceptor,
    service: Option<Health>,
    store: Option<Store>,
    memory: Memory,
    registry: PathBuf,
}

impl Doctor {
    /// Of this server. `registry` is the file that mending commands name.
    pub fn new(acceptor: Acceptor, registry: impl Into<PathBuf>) -> Self {
        Self { acceptor, service: None, store: None, memory: Memory::new(), registry: registry.into() }
    }

    /// Of a server with this service behind it.
    #[must_use]
    pub fn with_service(mut self, service: Health) -> Self {
        self.service = Some(service);
        self
    }

    /// Of a server with this to store its devices' messages.
    #[must_use]
    pub fn with_store(mut self, store: Store) -> Self {
        self.store = Some(store);
        self
    }

    /// Of a server with this memory of its devices.
    #[must_use]
    pub fn with_memory(mut self, memory: Memory) -> Self {
        self.memory = memory;
        self
    }

    /// Says why attempts came to nothing: all of them, or those of one device, given by its name, an id or an
    /// address.
    ///
    /// The last 1,024 failures are known, those that are alike as one. Their messages 1 are tried with the registry's
    /// keys here. That takes a scalar multiplication for each key and failure, and ends after some two seconds: call it
    /// where blocking is allowed.
    pub fn diagnose(&self, about: Option<&str>) -> Diagnosis {
        self.look_at(self.acceptor.failures()).diagnose(about)
    }

    fn look_at(&self, failures: Vec<Failure>) -> Case<'_> {
        Case {
            acceptor: &self.acceptor,
            registry: &self.registry,
            down: self.service.as_ref().and_then(Health::down),
            back: self.service.as_ref().and_then(Health::back),
            store: self.store.as_ref(),
            left_out: self.acceptor.registry().left_out(),
            removed: self.acceptor.registry().removed(),
            memory: &self.memory,
            failures,
        }
    }
}

impl Finding {
    fn of(kind: &'static str, who: impl Into<String>, what: String, why: String) -> Self {
        Self {
            kind,
            who: who.into(),
            device: None,
            id: None,
            mode: None,
            from: None,
            times: 0,
            since: Duration::ZERO,
            last: Duration::ZERO,
            what,
            why,
            mend: None,
        }
    }
}

/// Whether a finding of this kind says that a device is not connected, and how that came.
#[cfg(feature = "admin")]
pub(crate) fn is_absence(kind: &str) -> bool {
    past::ABSENCES.contains(&kind)
}

/// Whether a finding of this kind says that nothing is known.
#[cfg(feature = "admin")]
pub(crate) fn is_ignorance(kind: &str) -> bool {
    ["nobody", "not_seen"].contains(&kind)
}

/// Whom a finding is about, where it is no device.
pub(crate) const SERVER: &str = "this server";
const REGISTRY: &str = "the registry";
const SERVICE: &str = "the service behind";
const SOMEBODY: &str = "somebody";
/// Where to look for a device that nothing is known of.
const POWER_AND_NETWORK: &str =
    "check the device's power, its network, and the server's address in its key page";
/// The same while devices hear that we are busy and wait.
const SERVICE_FIRST: &str =
    "see to the service behind first: devices that hear that we are busy come less often";
/// What mends a clock.
const SET_THE_CLOCK: &str =
    "set the clock; with systemd, `systemctl enable systemd-time-wait-sync` has services start after that";
