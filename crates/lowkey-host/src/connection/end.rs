//! How a connection is ended from outside.

use crate::error::Error;

/// Why a connection was ended from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// A newer session of the same device.
    Displaced = 2,
    /// Its pinning is gone.
    Revoked = 3,
    /// Not even a PONG.
    Silent = 4,
    /// It was open for as long as one may be.
    Lifetime = 5,
    /// Its device has a session at another server of the fleet.
    Moved = 6,
    /// The registry may be out of date, and so nobody may go on.
    Stale = 7,
}

impl End {
    /// Every one there is.
    pub(crate) const ALL: [Self; 6] =
        [Self::Displaced, Self::Revoked, Self::Silent, Self::Lifetime, Self::Moved, Self::Stale];
}

impl From<End> for Error {
    fn from(end: End) -> Self {
        match end {
            End::Displaced => Self::Displaced,
            End::Revoked => Self::Revoked,
            End::Silent => Self::Silent,
            End::Lifetime => Self::Lifetime,
            End::Moved => Self::Moved,
            End::Stale => Self::Stale,
        }
    }
}
