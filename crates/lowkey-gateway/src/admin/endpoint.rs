//! Where an admin listener may listen.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A Unix socket or a loopback address: an admin listener is for one machine.
///
/// ```
/// # use lowkey_gateway::admin::Endpoint;
/// assert!("unix:/run/lowkey/admin.sock".parse::<Endpoint>().is_ok());
/// assert!("127.0.0.1:9100".parse::<Endpoint>().is_ok());
/// assert!("0.0.0.0:9100".parse::<Endpoint>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint(Family);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Unix(PathBuf),
    Loopback(SocketAddr),
}

impl Endpoint {
    /// A Unix socket at `path`.
    pub fn unix(path: impl Into<PathBuf>) -> Self {
        Self(Family::Unix(path.into()))
    }

    /// A loopback address.
    ///
    /// # Errors
    /// [`EndpointError::NotLoopback`].
    pub fn loopback(address: SocketAddr) -> Result<Self, EndpointError> {
        if address.ip().to_canonical().is_loopback() {
            Ok(Self(Family::Loopback(address)))
        } else {
            Err(EndpointError::NotLoopback(address))
        }
    }

    /// The path of a Unix socket.
    pub fn path(&self) -> Option<&Path> {
        match &self.0 {
            Family::Unix(path) => Some(path),
            Family::Loopback(_) => None,
        }
    }

    /// The loopback address.
    pub fn socket_addr(&self) -> Option<SocketAddr> {
        match &self.0 {
            Family::Unix(_) => None,
            Family::Loopback(address) => Some(*address),
        }
    }

    pub(super) fn family(&self) -> &Family {
        &self.0
    }

    pub(super) fn is_loopback(&self) -> bool {
        self.socket_addr().is_some()
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        match text.strip_prefix("unix:") {
            Some("") => Err(EndpointError::Unreadable),
            Some(path) => Ok(Self::unix(path)),
            None => Self::loopback(text.parse().map_err(|_| EndpointError::Unreadable)?),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Family::Unix(path) => write!(f, "unix:{}", path.display()),
            Family::Loopback(address) => write!(f, "{address}"),
        }
    }
}

/// Why an admin listener cannot be there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndpointError {
    /// Neither `unix:PATH` nor an address and a port.
    Unreadable,
    /// Other machines could reach it.
    NotLoopback(SocketAddr),
}

impl fmt::Display for EndpointError {
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

impl std::error::Error for EndpointError {}
