//! Numbered messages of a connection (protocol §7).

use super::Connection;
use super::end::End;
use crate::error::Error;
use crate::numbered::Last;
use lowkey_transport::{Acks, Link, Outbox};
use std::future::poll_fn;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite};

/// Numbered messages.
impl<Io: AsyncRead + AsyncWrite + Unpin> Connection<Io> {
    /// Where the connection stands with messages that are numbered and acknowledged.
    pub fn acks(&self) -> Acks {
        self.link.acks()
    }

    /// The number of the message that was received last; `None` if it had none.
    pub fn number(&self) -> Option<u64> {
        self.number
    }

    /// Says our first ACK: what is stored of the peer's run, [`Acks::peer_run`]. Before it the peer numbers nothing. It
    /// leaves with the next call that sends, flushes or receives.
    ///
    /// # Errors
    /// [`ChannelError::OutOfTurn`](crate::ChannelError::OutOfTurn): the peer does not number,
    /// [`Limits::acks`](crate::Limits::acks) is not set, or it was said. Otherwise what ended the connection.
    pub fn open_acks(&mut self, last: Option<Last>) -> Result<(), Error> {
        self.check()?;
        let opened = self.link.open_acks(last.map(|Last { number, digest }| (number, digest)));
        self.told(opened)
    }

    /// Acknowledges everything up to this number: it is stored. It leaves with the next call that sends, flushes or
    /// receives.
    ///
    /// # Errors
    /// [`ChannelError::OutOfTurn`](crate::ChannelError::OutOfTurn): no message of this number has come.
    /// [`ChannelError::Closed`](crate::ChannelError::Closed). Otherwise what ended the connection.
    pub fn acknowledge(&mut self, number: u64) -> Result<(), Error> {
        self.check()?;
        let acknowledged = self.link.acknowledge(number);
        self.told(acknowledged)
    }

    /// Sends what waits in an outbox and waits until the stream has taken it. What was acknowledged is released.
    ///
    /// # Cancel safety
    /// Dropped, nothing is lost or repeated; call again.
    ///
    /// # Errors
    /// As [`Link::send_outbox`]: what is not acknowledged stays in the outbox. Or what ended the connection.
    pub async fn send_outbox(&mut self, outbox: &mut Outbox<Vec<u8>>) -> Result<(), Error> {
        poll_fn(|context| self.poll_send_outbox(context, outbox)).await
    }

    /// [`send_outbox`](Self::send_outbox), for those who write futures by hand.
    ///
    /// # Errors
    /// As there.
    pub fn poll_send_outbox(
        &mut self,
        context: &mut Context<'_>,
        outbox: &mut Outbox<Vec<u8>>,
    ) -> Poll<Result<(), Error>> {
        self.poll_sends(context, |link| link.send_outbox(outbox))
    }

    /// Waits until the peer acknowledges more, and releases that from the outbox (`true`), or until a message or the
    /// peer's CLOSE waits for [`recv`](Self::recv) (`false`).
    ///
    /// # Cancel safety
    /// Dropped, nothing is lost.
    ///
    /// # Errors
    /// As [`recv`](Self::recv), and of the outbox as [`send_outbox`](Self::send_outbox).
    pub async fn recv_acks(&mut self, outbox: &mut Outbox<Vec<u8>>) -> Result<bool, Error> {
        poll_fn(|context| self.poll_recv_acks(context, outbox)).await
    }

    /// [`recv_acks`](Self::recv_acks), for those who write futures by hand.
    ///
    /// # Errors
    /// As there.
    pub fn poll_recv_acks(
        &mut self,
        context: &mut Context<'_>,
        outbox: &mut Outbox<Vec<u8>>,
    ) -> Poll<Result<bool, Error>> {
        let polled = self
            .poll_opened_or(context, |link| link.recv_acks(outbox).map(|heard| heard == Poll::Ready(true)));
        match polled {
            Poll::Pending => self.shared.waits(),
            Poll::Ready(_) => self.shared.has_heard(),
        }
        polled.map_ok(|waits| waits.is_none())
    }

    /// Sends what is owed and unsent as far as the stream takes it, and has the connection wake us when it is ended
    /// from outside.
    pub(crate) fn mind(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        match self.poll_sends(context, Link::flush) {
            Poll::Ready(sent) => sent,
            Poll::Pending => Ok(()),
        }
    }

    /// Our CLOSE at the end of the session's time, or when the server stops, waits until whoever has the connection
    /// closes it: [`is_stopping`](Self::is_stopping) says that it should.
    pub(crate) fn hold_close(&mut self) {
        self.holds_close = true;
    }

    /// Whether it is to be closed soon.
    pub(crate) fn is_stopping(&self) -> bool {
        self.shared.is_stopping()
    }

    /// The device has a newer session elsewhere.
    pub(crate) fn end_as_moved(&self) {
        self.shared.end(End::Moved);
    }
}

impl<Io> Connection<Io> {
    /// One numbered message more was taken.
    pub(crate) fn count_taken(&self) {
        self.shared.traffic().taken.add(1);
    }

    /// So many more were acknowledged.
    pub(crate) fn count_acknowledged(&self, messages: usize) {
        self.shared.traffic().acknowledged.add(messages);
    }
}
