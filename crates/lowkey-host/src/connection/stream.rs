//! A connection as a stream of bytes.

use super::{Connection, Side};
use crate::Error;
use lowkey_transport::{Part, Receive};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

impl<Io: AsyncRead + AsyncWrite + Unpin> AsyncRead for Connection<Io> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        if !this.message.is_empty() {
            // A `recv` that was dropped had these.
            let n = buf.remaining().min(this.message.len());
            buf.put_slice(&this.message[..n]);
            this.message.drain(..n);
            return Poll::Ready(Ok(()));
        }
        while let Receive::Fragment(_) = ready!(this.poll_fragment(context))? {
            let n = this.link.take_bytes(buf.initialize_unfilled());
            buf.advance(n);
            if n > 0 {
                break; // otherwise an empty message
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<Io: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Connection<Io> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.check()?;
        this.link.may_begin().map_err(Error::from)?;
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        ready!(this.poll_out(context))?;
        let front = &buf[..buf.len().min(this.link.max_data())];
        let staged = this.link.stage(front, Part::Last);
        let n = this.tell(Side::Reading, staged)?;
        match this.push(context) {
            Err(error) => Poll::Ready(Err(error.into())),
            Ok(()) => Poll::Ready(Ok(n)),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_all_out(context).map_err(io::Error::from)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_close(context).map_err(io::Error::from)
    }
}
