//! One write between a link and its stream, in the handshake and after it; [`Input`](super::Input) has the read.

use crate::error::Error;
use embedded_io::ErrorKind;
use lowkey_transport::Link;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::AsyncWrite;

/// One write, or a flush if nothing is unsent; how many bytes the stream took.
///
/// # Errors
/// [`Error::Io`]: the stream failed, and the link has not been told. Otherwise what ended the link.
pub(crate) fn poll_write<Io: AsyncWrite + Unpin>(
    context: &mut Context<'_>,
    io: &mut Io,
    link: &mut Link<'_, Vec<u8>>,
) -> Poll<Result<usize, Error>> {
    let unsent = link.unsent()?;
    let taken = if unsent.is_empty() {
        ready!(Pin::new(io).poll_flush(context))?;
        link.on_flush(Ok::<_, ErrorKind>(()))?;
        0
    } else {
        match ready!(Pin::new(io).poll_write(context, unsent))? {
            0 => Err(io::Error::from(io::ErrorKind::WriteZero))?,
            n => link.on_write(Ok::<_, ErrorKind>(n)).map(|()| n)?,
        }
    };
    Poll::Ready(Ok(taken))
}
