//! Why a responder's handshake came to nothing.

use super::window::NotPaired;
use crate::error::Error;
use lowkey_transport::Refusal;
use std::fmt;

/// Why an attempt came to nothing.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum AcceptError {
    /// We refused it, and said so.
    Refused(Refusal),
    /// It was not over at its deadline.
    TimedOut,
    /// Too many waited, and it had to make room; or it was a recording of one that waits.
    Displaced,
    /// It hung up, said what it may not, or the stream or the randomness failed.
    Failed(Error),
    /// It was a pairing, and is done: the device has stored our key, and we have stored its. Nothing is wrong.
    Paired,
    /// It was a pairing of a device that has the code, and came to nothing.
    NotPaired(NotPaired),
}

impl fmt::Display for AcceptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => write!(f, "refused ({refusal:?})"),
            Self::TimedOut => f.write_str("the handshake was not over in time"),
            Self::Displaced => f.write_str("displaced by another attempt"),
            Self::Failed(error) => write!(f, "{error}"),
            Self::Paired => f.write_str("a pairing, which is done"),
            Self::NotPaired(why) => write!(f, "{why}"),
        }
    }
}

impl std::error::Error for AcceptError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Failed(error) => Some(error),
            Self::NotPaired(why) => Some(why),
            _ => None,
        }
    }
}
