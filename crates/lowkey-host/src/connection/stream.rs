//! A connection as a stream of bytes.

use super::Connection;
use crate::error::Error;
use lowkey_transport::Link;
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
        while buf.remaining() > 0 {
            if !this.message.is_empty() {
                // A `recv` that was dropped had these, or a write failed behind them.
                let n = buf.remaining().min(this.message.len());
                buf.put_slice(&this.message[..n]);
                this.message.drain(..n);
                break;
            }
            match ready!(this.poll_fragment(context))? {
                None => break,
                Some(_) if this.last_words.next().is_some() => this.take(),
                Some(_) => {
                    if let Poll::Ready(n @ 1..) =
                        this.link.read(buf.initialize_unfilled()).map_err(Error::from)?
                    {
                        buf.advance(n);
                        break;
                    } // otherwise an empty message
                }
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<Io: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Connection<Io> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let n = ready!(this.poll_sends(context, |link| link.write(buf)))?;
        if this.link.has_unsent() {
            this.push()?; // the record is full
        }
        Poll::Ready(Ok(n))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_sends(context, Link::flush).map_err(io::Error::from)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_close(context).map_err(io::Error::from)
    }
}
