//! What a diagnosis is made from, and whom it is about.

use crate::health::Down;
use crate::memory::Memory;
use crate::store::Store;
use lowkey_host::{Acceptor, Failure, Id, LeftOut, Removed};
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

/// Whom a question is about.
pub(super) enum Subject {
    All,
    Device(String),
    /// An id that nobody has, and as it was written.
    Id(Id, String),
    From(IpAddr),
    Nobody(String),
}

/// What a diagnosis is made from.
pub(super) struct Case<'a> {
    pub(super) acceptor: &'a Acceptor,
    pub(super) registry: &'a Path,
    /// The service behind, if it is down.
    pub(super) down: Option<Down>,
    /// For how long it takes connections again, if it was.
    pub(super) back: Option<Duration>,
    pub(super) store: Option<&'a Store>,
    pub(super) left_out: Vec<LeftOut>,
    /// What was taken out of the registry lately.
    pub(super) removed: Vec<Removed>,
    pub(super) memory: &'a Memory,
    pub(super) failures: Vec<Failure>,
}
