//! How a pairing ends when it does not end well.

use crate::error::Error;
use core::fmt;

/// Why a pairing is not one, and what our side has of it; `E` is the error of its
/// [`PinStore`](lowkey_core::PinStore).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PairError<E> {
    /// It did not come to its end. What was stored is pending still, unless the peer has said no
    /// ([`Error::NotWelcome`]); then it has been removed.
    Failed(Error),
    /// Ours: the peer's key was not stored, and the peer was told no.
    NotStored(E),
    /// Ours: the peer has said no, and what was stored could not be removed. It is pending still.
    NotRemoved(E),
    /// Ours: both sides have stored each other's key, and ours could not be made final. It is pending still; a session
    /// of KK makes it final.
    NotFinal(E),
}

impl<E> From<Error> for PairError<E> {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl<E: fmt::Display> fmt::Display for PairError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::NotStored(error) => write!(f, "the peer's key was not stored: {error}"),
            Self::NotRemoved(error) => write!(f, "the peer said no, and its key was not removed: {error}"),
            Self::NotFinal(error) => write!(f, "paired, but the peer's key is not final: {error}"),
        }
    }
}

impl<E: core::error::Error> core::error::Error for PairError<E> {}
