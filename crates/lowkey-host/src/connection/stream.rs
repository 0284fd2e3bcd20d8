//! A connection as a stream of bytes.

use super::{Connection, Side};
use crate::Error;
use lowkey_transport::Receive;
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
        if let Some(error) = &this.write_error {
            return Poll::Ready(Err(error.clone().into()));
        }
        let n = loop {
            let gathered = this.link.gather(buf);
            match this.tell(Side::Reading, gathered)? {
                0 => ready!(this.poll_out(context))?,
                n => break n,
            }
        };
        if !this.link.unsent().map_err(Error::from)?.is_empty() {
            this.push(context)?; // the record is full
        }
        Poll::Ready(Ok(n))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_all_out(context).map_err(io::Error::from)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_close(context).map_err(io::Error::from)
    }
}
