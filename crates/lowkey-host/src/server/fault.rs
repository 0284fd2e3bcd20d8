//! What the service behind does to sessions.

/// What the service behind did to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It could not be reached.
    Unreached,
    /// It broke off.
    BrokenOff,
}
