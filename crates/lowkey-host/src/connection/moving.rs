//! Moves bytes between the link and its stream, for both directions.

use super::{Connection, Filled, Side};
use crate::error::Error;
use embedded_io::ErrorKind;
use lowkey_transport::{Error as ChannelError, Link, Part};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite};

impl<Io: AsyncRead + AsyncWrite + Unpin> Connection<Io> {
    /// Waits until a fragment waits or the peer has closed.
    pub(super) fn poll_fragment(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Part>, Error>> {
        let polled = self.poll_opened(context);
        match polled {
            Poll::Pending => self.shared.waits(),
            Poll::Ready(_) => self.shared.has_heard(),
        }
        polled
    }

    /// Reads and opens.
    fn poll_opened(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Part>, Error>> {
        loop {
            self.check()?;
            let received = self.link.receive();
            if let Some(opened) = self.link.opened() {
                self.shared.traffic().opened.set(opened);
            }
            match self.tell(Side::Writing, received)? {
                Poll::Pending => (),
                Poll::Ready(None) if !self.input.is_empty() => {
                    let error = self.link.fail(ChannelError::AfterClose);
                    return Poll::Ready(self.tell(Side::Writing, Err(error)));
                }
                Poll::Ready(part) => return Poll::Ready(Ok(part)),
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
        let before = self.shared.traffic().sent.get();
        let _an_error_is_kept = self.poll_out(Link::flush);
        if self.shared.traffic().sent.get() != before {
            self.shared.wake_side(Side::Writing);
        }
    }

    /// Repeats what sends until it is done; then the stream is handed what it takes at once.
    pub(super) fn poll_accepted(
        &mut self,
        context: &mut Context<'_>,
        call: impl FnMut(&mut Link<'static, Vec<u8>>) -> Result<Poll<()>, ChannelError>,
    ) -> Poll<Result<(), Error>> {
        ready!(self.poll_sends(context, call))?;
        Poll::Ready(self.push(context))
    }

    /// Hands the stream what it takes at once.
    pub(super) fn push(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        match self.poll_sends(context, taken) {
            Poll::Ready(result) => result,
            Poll::Pending => Ok(()),
        }
    }

    pub(super) fn poll_close(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.sending()?;
        let result = self.link.close();
        self.tell(Side::Reading, result)?;
        self.shared.closed();
        ready!(self.poll_sends(context, Link::flush))?;
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

    /// Repeats what sends until it is done.
    pub(super) fn poll_sends<T>(
        &mut self,
        context: &mut Context<'_>,
        call: impl FnMut(&mut Link<'static, Vec<u8>>) -> Result<Poll<T>, ChannelError>,
    ) -> Poll<Result<T, Error>> {
        self.shared.register(Side::Writing, context.waker());
        self.poll_out(call)
    }

    fn poll_out<T>(
        &mut self,
        mut call: impl FnMut(&mut Link<'static, Vec<u8>>) -> Result<Poll<T>, ChannelError>,
    ) -> Poll<Result<T, Error>> {
        let both = self.both.clone();
        let mut context = Context::from_waker(&both);
        loop {
            self.sending()?;
            let called = self.obey().and_then(|()| call(&mut self.link));
            if let Poll::Ready(done) = self.tell(Side::Reading, called)? {
                return Poll::Ready(Ok(done));
            }
            ready!(self.poll_write_once(&mut context))?;
        }
    }

    /// One write; a flush, if nothing is unsent.
    fn poll_write_once(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let unsent = self.link.unsent()?;
        if unsent.is_empty() {
            return Poll::Ready(match ready!(Pin::new(&mut self.io).poll_flush(context)) {
                Ok(()) => Ok(self.link.on_flush(Ok::<_, ErrorKind>(()))?),
                Err(error) => Err(self.write_failed(error)),
            });
        }
        Poll::Ready(match ready!(Pin::new(&mut self.io).poll_write(context, unsent)) {
            Ok(0) => Err(self.write_failed(io::ErrorKind::WriteZero.into())),
            Ok(n) => {
                self.shared.traffic().sent.add(n);
                if let Some(sealed) = self.link.sealed() {
                    self.shared.traffic().sealed.set(sealed);
                }
                Ok(self.link.on_write(Ok::<_, ErrorKind>(n))?)
            }
            Err(error) => Err(self.write_failed(error)),
        })
    }

    /// With nothing unsent, stages what was ordered from outside: a PING, or our CLOSE once no message is half sent.
    fn obey(&mut self) -> Result<(), ChannelError> {
        if self.link.has_unsent() {
            return Ok(());
        }
        self.shared.all_has_left();
        if self.shared.wants_ping() && !matches!(self.link.ping(PING), Ok(Poll::Pending)) {
            self.shared.take_ping();
        } else if self.shared.is_stopping() && self.link.may_begin().is_ok() {
            self.link.close()?;
            self.shared.closed();
        }
        Ok(())
    }

    /// Whether anything can still be sent.
    fn sending(&mut self) -> Result<(), Error> {
        self.check()?;
        self.write_error.clone().map_or(Ok(()), Err)
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

/// Whether the stream has taken everything.
fn taken(link: &mut Link<'static, Vec<u8>>) -> Result<Poll<()>, ChannelError> {
    Ok(if link.unsent()?.is_empty() { Poll::Ready(()) } else { Poll::Pending })
}

/// What a silent peer is asked with; the PONG says it again.
const PING: &[u8] = b"there?";

/// The kind as the link knows it. On a socket a timeout is its end, not a call to be repeated.
pub(crate) fn lasting(kind: io::ErrorKind) -> ErrorKind {
    match kind.into() {
        ErrorKind::TimedOut | ErrorKind::Interrupted => ErrorKind::Other,
        kind => kind,
    }
}
