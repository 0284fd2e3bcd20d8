//! The initiator, for hosts that play a device.

use crate::connection::{Connection, Input};
use crate::dial::dial;
use crate::entropy::host_ephemerals;
use crate::error::Error;
use crate::handshake::exchange;
use crate::limits::Limits;
use lowkey_transport::{Link, Pinning, Step};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, ToSocketAddrs};
use tokio::time::{Instant, timeout_at};

/// Plays a KK (or KKpsk0) handshake as the initiator and confirms it.
///
/// `pinning.peer` has been pinned with `pinning.identity`; of `limits` the frame, the message and the
/// handshake's deadline count.
///
/// # Cancel safety
/// Dropped, the attempt is over; begin anew with a new stream.
///
/// # Errors
/// The attempt is over. [`ChannelError::Refused`](crate::ChannelError::Refused) is a hint that anybody
/// between can have written; [`ChannelError::Handshake`](crate::ChannelError::Handshake) says that the
/// responder holds other keys; [`Error::TimedOut`].
pub async fn connect<Io>(io: Io, pinning: Pinning<'_>, limits: &Limits) -> Result<Connection<Io>, Error>
where
    Io: AsyncRead + AsyncWrite + Unpin,
{
    connect_by(io, pinning, limits, limits.deadline()).await
}

/// The same over TCP, without Nagle's delay and with keepalive; the deadline counts from the call, and the look-up of a
/// name is within it.
///
/// A name's addresses are tried as RFC 8305 has it: one that does not answer keeps the next waiting for 250 ms and no
/// longer.
///
/// # Cancel safety
/// Dropped, the attempt is over.
///
/// # Errors
/// As [`connect`]; before that [`Error::Unresolved`], [`Error::Unreachable`].
pub async fn connect_tcp(
    address: impl ToSocketAddrs,
    pinning: Pinning<'_>,
    limits: &Limits,
) -> Result<Connection<TcpStream>, Error> {
    let deadline = limits.deadline();
    connect_by(dial(address, deadline).await?, pinning, limits, deadline).await
}

async fn connect_by<Io: AsyncRead + AsyncWrite + Unpin>(
    mut io: Io,
    pinning: Pinning<'_>,
    limits: &Limits,
    deadline: Instant,
) -> Result<Connection<Io>, Error> {
    let mut link = Link::kk_initiator(pinning, &mut host_ephemerals()?, limits.buffers()?)?;
    let mut input = Input::new(limits.read_ahead());
    let handshake = async {
        loop {
            match link.step()? {
                Step::Done => return Ok::<_, Error>(()),
                step => exchange(&mut io, &mut link, &mut input, step).await?,
            }
        }
    };
    timeout_at(deadline, handshake).await.map_err(|_| Error::TimedOut)??;
    Ok(Connection::new(io, link.settle(), input, pinning.peer.public_key()))
}
