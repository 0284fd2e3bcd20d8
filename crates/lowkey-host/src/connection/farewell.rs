//! What a connection says about its end to whoever seated it.

use std::fmt;

/// Hears how a connection ends, which it does when this is dropped.
///
/// A server gives one to each connection: it is what the floor above knows of the session.
pub(crate) trait Farewell: Send + Sync {
    /// The session ends because of the service behind.
    fn blame(&mut self, fault: Fault);

    /// The session did not end as it should.
    fn broke(&mut self, error: &dyn fmt::Display);
}

/// What the service behind did to a session, or the device to that service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// It could not be reached.
    Unreached,
    /// It broke off.
    BrokenOff,
    /// It did not store what the device had numbered.
    NotStored,
    /// It stores for a newer session of the device, at another server.
    Moved,
    /// The device's numbers cannot be taken; why.
    Numbers(Untaken),
}

/// Why a device's numbers cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Untaken {
    /// It has none, or sent something without one.
    Missing,
    /// They do not rise, or it acknowledges what it was not sent.
    NotRising,
    /// They are of a run that another has taken the place of.
    Replaced,
    /// They are of one more run than a device may have without a person's leave.
    TooManyRuns,
}
