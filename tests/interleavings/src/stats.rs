//! Counters that count nothing.

use crate::connection::Traffic;
use crate::fault::Fault;
use crate::lines::Lines;
use crate::registry::Pinned;
use std::net::SocketAddr;

/// What sessions count.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) lines: Lines,
    pub(crate) sessions_displaced: Count,
    pub(crate) sessions_revoked: Count,
    pub(crate) sessions_silent: Count,
    pub(crate) sessions_lifetime: Count,
    pub(crate) sessions_stopped: Count,
    pub(crate) sessions_backend: Count,
    pub(crate) sessions_closed: Count,
}

impl Counters {
    pub(crate) fn record(&self, _: Fault, _: &Pinned, _: Option<SocketAddr>) {}
}

#[derive(Debug, Default)]
pub(crate) struct Count;

impl Count {
    pub(crate) fn one_more(&self) {}
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Moved;

impl Moved {
    pub(crate) fn add(&mut self, _: &Traffic) {}
}
