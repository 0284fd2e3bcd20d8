//! A connection as messages.

use super::Connection;
use crate::error::Error;
use crate::parting;
#[cfg(doc)]
use lowkey_transport::Error as ChannelError;
use lowkey_transport::{Link, Part};
use std::future::poll_fn;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout_at};

/// Messages.
impl<Io: AsyncRead + AsyncWrite + Unpin> Connection<Io> {
    /// Sends one message of any length.
    ///
    /// Waits until the stream has taken what was sent before, then accepts the message and hands the stream as much as
    /// it takes at once. The rest leaves with the next call; `flush` waits for it.
    ///
    /// # Cancel safety
    /// A message of at most [`max_data`](Self::max_data) bytes is accepted whole or, if the future is dropped, not at
    /// all. A longer one leaves in fragments: dropped midway it stays unfinished, every later call that sends gives
    /// [`ChannelError::Unfinished`], and only receiving and `close` are left.
    ///
    /// # Errors
    /// [`ChannelError::Closed`], [`ChannelError::Unfinished`]: nothing was sent. Otherwise what ended the connection.
    pub async fn send(&mut self, message: &[u8]) -> Result<(), Error> {
        self.check()?;
        let may = self.link.may_begin();
        self.told(may)?;
        poll_fn(|context| self.poll_accepted(context, |link| link.send_rest(message))).await
    }

    /// Receives the next whole message; `None` after the peer's CLOSE.
    ///
    /// A receive that has to wait first flushes what is unsent.
    ///
    /// # Cancel safety
    /// Dropped, nothing is lost.
    ///
    /// # Errors
    /// What ended the connection; [`ChannelError::Truncated`] says that the end is missing.
    pub async fn recv(&mut self) -> Result<Option<Vec<u8>>, Error> {
        poll_fn(|context| self.poll_recv(context)).await
    }

    /// [`recv`](Self::recv) into `message`, whose memory is used again: what was in it is replaced. Says whether there
    /// was a message; `false` after the peer's CLOSE, with `message` empty.
    ///
    /// # Cancel safety
    /// Dropped, nothing is lost.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    pub async fn recv_into(&mut self, message: &mut Vec<u8>) -> Result<bool, Error> {
        message.clear();
        let whole = poll_fn(|context| self.poll_message(context)).await?;
        if whole {
            std::mem::swap(message, &mut self.message);
        }
        Ok(whole)
    }

    /// [`recv`](Self::recv), for those who write futures by hand.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    pub fn poll_recv(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Vec<u8>>, Error>> {
        let whole = ready!(self.poll_message(context))?;
        Poll::Ready(Ok(whole.then(|| std::mem::take(&mut self.message))))
    }

    /// Collects the next message; it is whole then, or there is none.
    fn poll_message(&mut self, context: &mut Context<'_>) -> Poll<Result<bool, Error>> {
        while let Some(part) = ready!(self.poll_fragment(context))? {
            self.take();
            if part == Part::Last {
                return Poll::Ready(Ok(true));
            }
        }
        Poll::Ready(Ok(false))
    }

    /// Waits until the stream has taken everything.
    ///
    /// # Cancel safety
    /// Dropped, nothing is lost or repeated.
    ///
    /// # Errors
    /// What ended the connection.
    pub async fn flush(&mut self) -> Result<(), Error> {
        poll_fn(|context| self.poll_sends(context, Link::flush)).await
    }

    /// Asks whether the peer reads: a PING, which it answers once it has read everything that was sent before. That it
    /// has come this far says nothing of what becomes of it there. [`awaits_pong`](Self::awaits_pong) says whether the
    /// answer is there; it comes to whoever receives.
    ///
    /// # Cancel safety
    /// Dropped, call again.
    ///
    /// # Errors
    /// [`ChannelError::PingPending`]: the last one has not been answered, or that of a message of
    /// [`Acceptor::send`](crate::Acceptor::send); nothing was sent. Otherwise what ended the connection.
    pub async fn ping(&mut self) -> Result<(), Error> {
        poll_fn(|context| self.poll_ping(context)).await
    }

    /// [`ping`](Self::ping), for those who write futures by hand.
    ///
    /// # Errors
    /// As [`ping`](Self::ping).
    pub fn poll_ping(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_accepted(context, |link| link.ping(TAKEN))
    }

    /// As [`Link::awaits_pong`]; also while one is awaited behind a message of
    /// [`Acceptor::send`](crate::Acceptor::send).
    pub fn awaits_pong(&self) -> bool {
        self.link.awaits_pong()
    }

    /// Ends our direction with a CLOSE. The peer's goes on: receive until `None` to have all of it.
    ///
    /// On TCP a connection that is then dropped takes its CLOSE back if something of the peer lies unread, or comes
    /// later. Who does not want to receive until `None` calls [`finish`](Self::finish).
    ///
    /// # Cancel safety
    /// Dropped, call again.
    ///
    /// # Errors
    /// What ended the connection.
    pub async fn close(&mut self) -> Result<(), Error> {
        poll_fn(|context| self.poll_close(context)).await
    }

    /// Ends the connection so that our CLOSE, and what we sent before it, arrives: sends it, then reads on and throws
    /// away what the peer still says, until it ends too, for at most `within` and 16 MiB.
    ///
    /// # Cancel safety
    /// Dropped, the connection is: what was sent last may not arrive.
    ///
    /// # Errors
    /// What ended the connection, or [`Error::TimedOut`]: the CLOSE has not left.
    pub async fn finish(self, within: Duration) -> Result<(), Error> {
        self.finish_until(Instant::now() + within.min(LONGEST)).await
    }

    pub(crate) async fn finish_until(mut self, until: Instant) -> Result<(), Error> {
        timeout_at(until, self.close()).await.map_err(|_| Error::TimedOut)??;
        parting::see_off(&mut self.io, until, parting::DEVICES_BYTES).await;
        Ok(())
    }
}

/// No clock overflows within it.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// What a PING asks; the PONG says it again.
const TAKEN: &[u8] = b"taken?";
