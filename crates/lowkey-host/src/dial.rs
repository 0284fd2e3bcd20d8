//! A TCP connection that we begin, and its options.

use crate::error::Error;
use crate::reach::Race;
use crate::tcp;
use std::io;
use tokio::net::{TcpStream, ToSocketAddrs, lookup_host};
use tokio::time::{Instant, timeout_at};

/// Looks `address` up and tries what it gives as RFC 8305 has it, until `deadline`.
///
/// # Errors
/// [`Error::Unresolved`], [`Error::Unreachable`]; [`Error::Io`]: the socket takes none of our options.
pub(crate) async fn dial(address: impl ToSocketAddrs, deadline: Instant) -> Result<TcpStream, Error> {
    let found = timeout_at(deadline, lookup_host(address)).await;
    let found = found.unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "no answer in time")));
    let addresses = found.map_err(|error| Error::Unresolved(error.into()))?.collect();
    let mut race = Race::new(addresses);
    let reached = timeout_at(deadline, race.run(TcpStream::connect)).await;
    let stream =
        reached.unwrap_or_else(|_| Err(race.give_up())).map_err(|error| Error::Unreachable(error.into()))?;
    tcp::prepare(&stream)?;
    Ok(stream)
}
