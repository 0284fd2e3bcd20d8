//! What can go wrong on a connection, and whose fault it is.

use crate::reach::Unreachable;
use lowkey_transport::Error as ChannelError;
use std::sync::Arc;
use std::{fmt, io};

/// Why a call on a connection failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Error {
    /// Ours: a [`Limits`](crate::Limits) field makes no sense; which one.
    Limits(&'static str),
    /// Ours or the peer's: the peer's static key is our own, or of low order.
    PeerKey,
    /// The world's: the operating system has no randomness now.
    Entropy,
    /// The world's: the stream failed, and the connection is over. What had arrived before a write failed is still
    /// received.
    Io(Arc<io::Error>),
    /// The world's: the server's name has no address, or no name server said one in time. Nothing was tried.
    Unresolved(Arc<io::Error>),
    /// The world's: nobody answered at any of the server's addresses.
    Unreachable(Arc<Unreachable>),
    /// The peer's or the world's: the handshake was not over at its deadline.
    TimedOut,
    /// Nobody's: a newer session of the same device took over, and this one is over.
    Displaced,
    /// Nobody's: the device has a session at another server of the fleet, and this one is over.
    Moved,
    /// Ours: the device's pinning was removed or replaced, or has expired; this session is over.
    Revoked,
    /// The peer's or the world's: it said nothing, and did not answer a PING; this session is over.
    Silent,
    /// Nobody's: the session was open for as long as one may be, and is over.
    Lifetime,
    /// Ours: the registry may be out of date, so nobody knows whether the device may go on; this session is over.
    Stale,
    /// What the channel says; see there for whose fault it is and what it leaves.
    Channel(ChannelError),
}

impl From<ChannelError> for Error {
    fn from(error: ChannelError) -> Self {
        match error {
            ChannelError::Entropy => Self::Entropy,
            ChannelError::PeerKey => Self::PeerKey,
            error => Self::Channel(error),
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(Arc::new(error))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Limits(which) => write!(f, "limits: {which}"),
            Self::PeerKey => f.write_str("the peer's static key is our own or of low order"),
            Self::Entropy => f.write_str("the operating system has no randomness"),
            Self::Io(error) => write!(f, "{error}"),
            Self::Unresolved(error) => write!(f, "the name has no address: {error}"),
            Self::Unreachable(error) => write!(f, "{error}"),
            Self::TimedOut => f.write_str("the handshake was not over in time"),
            Self::Displaced => f.write_str("displaced by a newer session of the same device"),
            Self::Moved => f.write_str("the device has a session at another server of the fleet"),
            Self::Revoked => f.write_str("the device's pinning was removed, was replaced, or has expired"),
            Self::Silent => f.write_str("the device is silent and does not answer"),
            Self::Lifetime => f.write_str("the session was open for as long as one may be"),
            Self::Stale => f.write_str("the registry may be out of date, and nobody may go on"),
            Self::Channel(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) | Self::Unresolved(error) => Some(error),
            Self::Unreachable(error) => Some(error),
            Self::Channel(error) => Some(error),
            _ => None,
        }
    }
}

impl From<Error> for io::Error {
    /// A truncation is [`io::ErrorKind::UnexpectedEof`], so that nobody takes it for an end.
    fn from(error: Error) -> Self {
        use io::ErrorKind;
        let kind = match &error {
            Error::Limits(_) => ErrorKind::InvalidInput,
            Error::PeerKey => ErrorKind::InvalidData,
            Error::Entropy => ErrorKind::Other,
            Error::Io(error) | Error::Unresolved(error) => error.kind(),
            Error::Unreachable(error) => error.kind(),
            Error::TimedOut | Error::Silent => ErrorKind::TimedOut,
            Error::Displaced | Error::Revoked | Error::Lifetime | Error::Moved | Error::Stale => {
                ErrorKind::ConnectionAborted
            }
            Error::Channel(error) => kind_of(error),
        };
        Self::new(kind, error)
    }
}

fn kind_of(error: &ChannelError) -> io::ErrorKind {
    match error {
        ChannelError::Truncated | ChannelError::HungUp => io::ErrorKind::UnexpectedEof,
        error => embedded_io::Error::kind(error).into(),
    }
}
