//! A session that is over.

use super::info::SessionInfo;
use crate::connection::{End, Fault};
use std::net::SocketAddr;

/// A session that is over.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Ended {
    /// How it was when it ended.
    pub info: SessionInfo,
    /// Why it ended.
    pub reason: Reason,
    /// Where the session came from that took over, if it was [displaced](Reason::Displaced) or has
    /// [moved](Reason::Moved) and that is known.
    pub by: Option<SocketAddr>,
    /// What the application said went wrong, for people.
    pub error: Option<String>,
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The application let go of it, as a rule because both sides had closed.
    Closed,
    /// The application let go of it because of an error, as a rule of the line.
    Broken,
    /// The service behind could not be reached, broke off, or did not store; or the device's numbers cannot be taken.
    Backend(Fault),
    /// The server stopped.
    Stopped,
    /// A newer session of the same device took over.
    Displaced,
    /// Its pinning was removed or replaced, or has expired.
    Revoked,
    /// The device was silent and did not answer a PING.
    Silent,
    /// It was open for as long as a session may be.
    Lifetime,
    /// Its device has a session at another server of the fleet.
    Moved,
    /// The [registry may be out of date](crate::Registry::is_stale), and so nobody may go on.
    Stale,
}

impl Reason {
    /// A word for it, which stays the same from version to version.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Broken => "broken",
            Self::Backend(Fault::Numbers(_)) => "numbers",
            Self::Backend(_) => "backend",
            Self::Stopped => "stopped",
            Self::Displaced => "displaced",
            Self::Revoked => "revoked",
            Self::Silent => "silent",
            Self::Lifetime => "lifetime",
            Self::Moved => "moved",
            Self::Stale => "stale",
        }
    }
}

impl From<End> for Reason {
    fn from(end: End) -> Self {
        match end {
            End::Displaced => Reason::Displaced,
            End::Revoked => Reason::Revoked,
            End::Silent => Reason::Silent,
            End::Lifetime => Reason::Lifetime,
            End::Moved => Reason::Moved,
            End::Stale => Reason::Stale,
        }
    }
}
