//! Asks a server whether it is there and knows us, and leaves it at that.

use crate::connection::Input;
use crate::dial::dial;
use crate::entropy::host_ephemerals;
use crate::error::Error;
use crate::handshake::exchange;
use crate::limits::Limits;
use lowkey_transport::{Link, Pinning, Step};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::ToSocketAddrs;
use tokio::time::Instant;
use tokio::time::timeout_at;

/// What a server has answered to a handshake that was not confirmed.
///
/// Holding one tells you that it has the pinned key, and that it knows this pinning: it has opened our message 1, and
/// we its message 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Probed {
    /// Where it was reached: of several addresses of a name, the one that answered first.
    pub address: SocketAddr,
    /// How long the look-up and TCP's handshake took.
    pub reached: Duration,
    /// How long message 1 and message 2 took behind that: a round trip, and the server's work.
    pub answered: Duration,
}

/// Plays a KK (or KKpsk0) handshake over TCP as far as message 2, and hangs up. Nothing is confirmed, so a session of
/// the same device goes on; the server notes an attempt that was not confirmed.
///
/// # Cancel safety
/// Dropped, the probe is over.
///
/// # Errors
/// As [`connect_tcp`](crate::connect_tcp).
pub async fn probe_tcp(
    address: impl ToSocketAddrs,
    pinning: Pinning<'_>,
    limits: &Limits,
) -> Result<Probed, Error> {
    let (deadline, begun) = (limits.deadline(), Instant::now());
    let mut io = dial(address, deadline).await?;
    let (address, reached) = (io.peer_addr()?, begun.elapsed());
    let mut link = Link::kk_initiator(pinning, &mut host_ephemerals()?, limits.buffers()?)?;
    let mut input = Input::new(limits.read_ahead());
    let asked = async {
        exchange(&mut io, &mut link, &mut input, Step::Write).await?;
        // What it would write next is the PING that confirms.
        while link.step()? == Step::Read {
            exchange(&mut io, &mut link, &mut input, Step::Read).await?;
        }
        Ok::<_, Error>(())
    };
    timeout_at(deadline, asked).await.map_err(|_| Error::TimedOut)??;
    Ok(Probed { address, reached, answered: begun.elapsed() - reached })
}
