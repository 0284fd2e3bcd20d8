//! Moves bytes between the link and its stream, for both directions.

use super::{Connection, Filled, Side};
use crate::{ChannelError, Error};
use lowkey_transport::Receive;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite};

impl<Io: AsyncRead + AsyncWrite + Unpin> Connection<Io> {
    /// Waits until a fragment waits or the peer has closed.
    pub(super) fn poll_fragment(&mut self, context: &mut Context<'_>) -> Poll<Result<Receive, Error>> {
        let polled = self.poll_opened(context);
        match polled {
            Poll::Pending => self.shared.waits(),
            Poll::Ready(_) => self.shared.has_heard(),
        }
        polled
    }

    /// Reads and opens.
    fn poll_opened(&mut self, context: &mut Context<'_>) -> Poll<Result<Receive, Error>> {
        loop {
            self.check()?;
            let received = self.link.receive();
            if let Some(opened) = self.link.opened() {
                self.shared.traffic().opened.set(opened);
            }
            match self.tell(Side::Writing, received)? {
                Receive::Read => (),
                Receive::End if !self.input.is_empty() => {
                    let error = self.link.fail(ChannelError::AfterClose);
                    return Poll::Ready(self.tell(Side::Writing, Err(error)));
                }
                received => return Poll::Ready(Ok(received)),
            }
            if self.input.is_empty() {
                self.shared.register(Side::Reading, context.waker());
                self.push_from_reader();
            }
            let filled = self.input.poll_fill(context, &mut self.io, &mut self.link);
            self.shared.traffic().received.set(self.input.received());
            match filled {
                Poll::Ready(Filled::Link(result)) => self.tell(Side::Writing, result)?,
                Poll::Ready(Filled::Io(error)) => return Poll::Ready(Err(self.read_failed(error))),
                // Ended between the check above and the registration: nobody would wake us.
                Poll::Pending if self.shared.ended().is_some() => (),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Moves what is unsent, an owed PONG among it, as far as the stream takes it at once. An error is the
    /// next writer's; what has arrived can still be read.
    fn push_from_reader(&mut self) {
        let both = self.both.clone();
        let mut context = Context::from_waker(&both);
        let before = std::mem::replace(&mut self.unflushed, false);
        let written = self.poll_unsent(&mut context);
        let moved = self.unflushed;
        self.unflushed |= before;
        if let Poll::Ready(Ok(())) = written {
            let _an_error_is_kept = self.poll_flush_stream(&mut context);
        }
        if moved {
            self.shared.wake_side(Side::Writing);
        }
    }

    /// Hands the stream what it takes at once.
    pub(super) fn push(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        match self.poll_out(context) {
            Poll::Ready(result) => result,
            Poll::Pending => Ok(()),
        }
    }

    /// Waits until nothing is unsent; a record can be staged then.
    pub(super) fn poll_out(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.shared.register(Side::Writing, context.waker());
        self.check()?;
        let both = self.both.clone();
        self.poll_unsent(&mut Context::from_waker(&both))
    }

    /// Waits until nothing is unsent and the stream has flushed.
    pub(super) fn poll_all_out(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        ready!(self.poll_out(context))?;
        let both = self.both.clone();
        self.poll_flush_stream(&mut Context::from_waker(&both))
    }

    pub(super) fn poll_close(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        ready!(self.poll_out(context))?;
        let result = self.link.close();
        self.tell(Side::Reading, result)?;
        self.shared.closed();
        ready!(self.poll_all_out(context))?;
        if self.link.is_closed() {
            let both = self.both.clone();
            let ended = ready!(Pin::new(&mut self.io).poll_shutdown(&mut Context::from_waker(&both)));
            match ended {
                Err(error) if error.kind() != io::ErrorKind::NotConnected => {
                    return Poll::Ready(Err(self.write_failed(error)));
                }
                _ => (), // the peer may have hung up after its CLOSE
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_unsent(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if let Some(error) = &self.write_error {
            return Poll::Ready(Err(error.clone()));
        }
        let sealed = self.link.seal_gathered();
        self.tell(Side::Reading, sealed)?;
        loop {
            let unsent = self.link.unsent()?;
            if unsent.is_empty() {
                self.shared.all_has_left();
                if self.stage_ordered()? {
                    continue;
                }
                return Poll::Ready(Ok(()));
            }
            match ready!(Pin::new(&mut self.io).poll_write(context, unsent)) {
                Ok(0) => return Poll::Ready(Err(self.write_failed(io::ErrorKind::WriteZero.into()))),
                Ok(n) => {
                    self.link.wrote(n);
                    self.shared.traffic().sent.add(n);
                    if let Some(sealed) = self.link.sealed() {
                        self.shared.traffic().sealed.set(sealed);
                    }
                }
                Err(error) => return Poll::Ready(Err(self.write_failed(error))),
            }
            self.unflushed = true;
        }
    }

    /// Stages what was ordered from outside, with nothing unsent: a PING, or our CLOSE once no message is
    /// half sent. Says whether it did.
    fn stage_ordered(&mut self) -> Result<bool, Error> {
        if self.shared.take_ping() && self.link.ping(PING).is_ok() {
            return Ok(true);
        }
        if self.shared.is_stopping() && self.link.may_begin().is_ok() {
            self.link.close()?;
            self.shared.closed();
            return Ok(true);
        }
        Ok(false)
    }

    fn poll_flush_stream(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.unflushed {
            if let Err(error) = ready!(Pin::new(&mut self.io).poll_flush(context)) {
                return Poll::Ready(Err(self.write_failed(error)));
            }
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Sending is over; the link goes on for what can still be received.
    fn write_failed(&mut self, error: io::Error) -> Error {
        let error = Error::from(error);
        self.write_error = Some(error.clone());
        error
    }

    /// Everything is over.
    fn read_failed(&mut self, error: io::Error) -> Error {
        self.link.fail(ChannelError::Io(lasting(error.kind())));
        self.shared.wake_side(Side::Writing);
        let error = Error::from(error);
        self.read_error = Some(error.clone());
        error
    }
}

/// What a silent peer is asked with; the PONG says it again.
const PING: &[u8] = b"there?";

/// The kind as the link knows it. On a socket a timeout is its end, not a call to be repeated.
pub(crate) fn lasting(kind: io::ErrorKind) -> embedded_io::ErrorKind {
    match kind.into() {
        embedded_io::ErrorKind::TimedOut | embedded_io::ErrorKind::Interrupted => {
            embedded_io::ErrorKind::Other
        }
        kind => kind,
    }
}
