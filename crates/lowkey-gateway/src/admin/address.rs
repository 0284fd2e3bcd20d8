//! Where an admin listener may listen.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A Unix socket or a loopback address: an admin listener is for one machine.
///
/// ```
/// # use lowkey_gateway::admin::Address;
/// assert!("unix:/run/lowkey/admin.sock".parse::<Address>().is_ok());
/// assert!("127.0.0.1:9100".parse::<Address>().is_ok());
/// assert!("0.0.0.0:9100".parse::<Address>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(Place);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Unix(PathBuf),
    Loopback(SocketAddr),
}

impl Address {
    /// A Unix socket at `path`.
    pub fn unix(path: impl Into<PathBuf>) -> Self {
        Self(Place::Unix(path.into()))
    }

    /// A loopback address.
    ///
    /// # Errors
    /// [`AddressError::NotLoopback`].
    pub fn loopback(address: SocketAddr) -> Result<Self, AddressError> {
        if address.ip().to_canonical().is_loopback() {
            Ok(Self(Place::Loopback(address)))
        } else {
            Err(AddressError::NotLoopback(address))
        }
    }

    /// The path of a Unix socket.
    pub fn path(&self) -> Option<&Path> {
        match &self.0 {
            Place::Unix(path) => Some(path),
            Place::Loopback(_) => None,
        }
    }

    /// The address of the other kind.
    pub fn socket_addr(&self) -> Option<SocketAddr> {
        match &self.0 {
            Place::Unix(_) => None,
            Place::Loopback(address) => Some(*address),
        }
    }

    pub(super) fn place(&self) -> &Place {
        &self.0
    }

    pub(super) fn is_loopback(&self) -> bool {
        self.socket_addr().is_some()
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        match text.strip_prefix("unix:") {
            Some("") => Err(AddressError::Unreadable),
            Some(path) => Ok(Self::unix(path)),
            None => Self::loopback(text.parse().map_err(|_| AddressError::Unreadable)?),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Unix(path) => write!(f, "unix:{}", path.display()),
            Place::Loopback(address) => write!(f, "{address}"),
        }
    }
}

/// Why an admin listener cannot be there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressError {
    /// Neither `unix:PATH` nor an address and a port.
    Unreadable,
    /// Other machines could reach it.
    NotLoopback(SocketAddr),
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable => f.write_str("write it as unix:PATH or as 127.0.0.1:PORT"),
            Self::NotLoopback(address) => write!(
                f,
                "{address} can be reached from other machines, and the admin listener asks nobody who they are; write \
                 unix:PATH or 127.0.0.1:PORT"
            ),
        }
    }
}

impl std::error::Error for AddressError {}
