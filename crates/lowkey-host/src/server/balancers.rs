//! Those who pass connections on, and how they say for whom.

use std::error::Error;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use tokio::io::AsyncRead;

/// Whose connections come for others, and how such a connection says for whom.
///
/// What it says decides which address the limits hold for and the log names, and nothing of it is authenticated:
/// believe your own balancers and nobody else.
pub trait Balancers: Send + Sync {
    /// Whether connections from this address come for others. Those of all the rest come for themselves.
    fn contains(&self, address: IpAddr) -> bool;

    /// Reads for whom a connection comes that [they](Self::contains) pass on: what stands before the device's first
    /// byte, and not a byte more. The handshake's deadline holds for it as well.
    fn source<'s>(&'s self, stream: &'s mut (dyn AsyncRead + Send + Unpin)) -> ReadSource<'s>;
}

/// The device's address, once it has been read; `None` if the balancer speaks for itself. An error ends the attempt,
/// which is then on record as one without a header.
pub type ReadSource<'s> =
    Pin<Box<dyn Future<Output = Result<Option<SocketAddr>, Box<dyn Error + Send + Sync>>> + Send + 's>>;
