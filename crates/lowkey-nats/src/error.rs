//! What can go wrong with a registry that lies elsewhere.

use lowkey_host::text::{clean, mask};
use lowkey_registry::rows::SheetError;
use std::fmt;

/// Why a registry over NATS was not read, followed or written.
#[derive(Debug)]
#[non_exhaustive]
pub enum NatsError {
    /// A file that was named cannot be used; why.
    File(String),
    /// No connection; why.
    Connection(String),
    /// NATS has no such registry yet.
    NoRegistry,
    /// NATS has no stream of this name.
    NoStream(String),
    /// A stream must not be used as it is: which, and why.
    Unfit(String),
    /// NATS refuses, or does not answer; what was asked, and why.
    Request(&'static str, String),
    /// What stands there is no registry of ours; why.
    Foreign(String),
    /// It is older than what was read from there before; how that shows.
    Older(String),
    /// Another has changed this device's row meanwhile. What was written before that stands.
    Raced(String),
    /// A change was sent, and whether it was taken was not heard; why.
    Unheard(String),
    /// The new registry does not come apart into rows.
    Sheet(SheetError),
    /// The last registry that was kept cannot be read.
    Snapshot(String),
}

impl NatsError {
    pub(crate) fn request(what: &'static str) -> impl Fn(&dyn fmt::Display) -> Self {
        move |error| Self::Request(what, clean(&mask(&error.to_string())))
    }
}

impl fmt::Display for NatsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(why) | Self::Snapshot(why) | Self::Unfit(why) => f.write_str(why),
            Self::Connection(why) => write!(f, "no connection to NATS: {why}"),
            Self::NoRegistry => {
                f.write_str("NATS has no such registry yet; `lowkey registry push` makes one of a file")
            }
            Self::NoStream(name) => write!(
                f,
                "NATS has no stream {name}; `lowkey registry streams` makes those that devices' messages need"
            ),
            Self::Request(what, why) => write!(f, "NATS: {what}: {why}"),
            Self::Foreign(why) => write!(f, "what NATS has there is no registry of ours: {why}"),
            Self::Older(how) => write!(
                f,
                "NATS has an older registry than was read from it before, as after a backup was restored: {how}; \
                 `lowkey registry push --anew` puts another in its place"
            ),
            Self::Raced(name) => write!(
                f,
                "somebody else has changed the row of {:?} meanwhile; look, and try again",
                mask(name)
            ),
            Self::Unheard(why) => write!(f, "NATS has not said whether it has taken a change: {why}"),
            Self::Sheet(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for NatsError {}
