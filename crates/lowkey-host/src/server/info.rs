//! What is known of a live session.

use crate::registry::Pinned;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// A live session, as it was when this was made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SessionInfo {
    /// Its number: of two sessions of one server, the later one's is larger.
    pub number: u64,
    /// The pinning by which the device came.
    pub pinned: Arc<Pinned>,
    /// Where it came from, if that is known.
    pub from: Option<SocketAddr>,
    /// How long it has been open.
    pub age: Duration,
    /// How long ago something came from it, to a quarter of a second.
    pub last_heard: Duration,
    /// Bytes that came over the stream since the handshake.
    pub bytes_received: u64,
    /// Bytes that left over the stream since the handshake.
    pub bytes_sent: u64,
    /// Records that opened, each a fragment of a message, a PING, a PONG or a CLOSE.
    pub records_received: u64,
    /// Records that were sealed.
    pub records_sent: u64,
    /// How often a key was replaced, both directions together.
    pub rekeys: u64,
}
