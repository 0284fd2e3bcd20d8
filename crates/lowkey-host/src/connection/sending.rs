//! Sending: calls of the link are repeated until they are done.

use super::posted::Next;
use super::shared::Side;
use super::{Connection, pump};
use crate::error::Error;
use lowkey_transport::{Error as ChannelError, Link};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite};

impl<Io: AsyncRead + AsyncWrite + Unpin> Connection<Io> {
    /// Repeats what sends until it is done.
    pub(super) fn poll_sends<T>(
        &mut self,
        context: &mut Context<'_>,
        call: impl FnMut(&mut Link<'static, Vec<u8>>) -> Result<Poll<T>, ChannelError>,
    ) -> Poll<Result<T, Error>> {
        self.shared.register(Side::Writing, context.waker());
        self.poll_out(call)
    }

    /// And then hands the stream what it takes at once.
    pub(super) fn poll_accepted(
        &mut self,
        context: &mut Context<'_>,
        call: impl FnMut(&mut Link<'static, Vec<u8>>) -> Result<Poll<()>, ChannelError>,
    ) -> Poll<Result<(), Error>> {
        ready!(self.poll_sends(context, call))?;
        Poll::Ready(self.push())
    }

    /// Hands the stream what it takes at once.
    pub(super) fn push(&mut self) -> Result<(), Error> {
        match self.poll_out(taken) {
            Poll::Ready(result) => result,
            Poll::Pending => Ok(()),
        }
    }

    /// Our CLOSE leaves; behind the peer's, the stream ends as well.
    pub(super) fn poll_close(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let closed = self.link.close();
        self.told(closed)?;
        self.shared.closed();
        ready!(self.poll_sends(context, Link::flush))?;
        if self.link.is_closed() {
            let both = self.both.clone();
            let ended = ready!(Pin::new(&mut self.io).poll_shutdown(&mut Context::from_waker(&both)));
            match ended {
                Err(error) if error.kind() != io::ErrorKind::NotConnected => {
                    self.cannot_write(Arc::new(error));
                    return self.poll_out(taken);
                }
                _ => (), // the peer may have hung up after its CLOSE
            }
        }
        Poll::Ready(Ok(()))
    }

    /// The stream gets a waker of both sides: it remembers one, and both write.
    pub(super) fn poll_out<T>(
        &mut self,
        mut call: impl FnMut(&mut Link<'static, Vec<u8>>) -> Result<Poll<T>, ChannelError>,
    ) -> Poll<Result<T, Error>> {
        let both = self.both.clone();
        let mut context = Context::from_waker(&both);
        loop {
            self.check()?;
            ready!(self.poll_last_words());
            let called = self.obey().and_then(|()| call(&mut self.link));
            if let Poll::Ready(done) = self.told(called)? {
                return Poll::Ready(Ok(done));
            }
            match ready!(pump::poll_write(&mut context, &mut self.io, &mut self.link)) {
                Ok(n) => self.shared.traffic().sent.add(n),
                Err(Error::Io(cause)) => self.cannot_write(cause),
                Err(_) => (), // the link gives it to the next call
            }
            if let Some(sealed) = self.link.sealed() {
                self.shared.traffic().sealed.set(sealed);
            }
        }
    }

    /// With nothing unsent, stages what was ordered from outside: a PING, or our CLOSE once no message is half sent.
    fn obey(&mut self) -> Result<(), ChannelError> {
        if self.link.has_unsent() {
            return Ok(());
        }
        self.shared.all_has_left();
        if self.shared.wants_ping() && !matches!(self.link.ping(PING), Ok(Poll::Pending)) {
            self.shared.take_ping();
            return Ok(());
        }
        self.proceed();
        let closes = self.shared.is_stopping() && !self.holds_close;
        if !self.link.has_unsent() && closes && self.link.may_begin().is_ok() {
            self.link.close()?;
            self.shared.closed();
        }
        Ok(())
    }

    /// Stages what is next of the messages from outside: one of them if no message is half sent, or the PING behind it
    /// once no other PING waits for its PONG. An error is the link's, and is given to the call that comes next.
    fn proceed(&mut self) {
        let Self { link, shared, .. } = self;
        if !shared.posted().is_any() {
            return;
        }
        shared.posted().proceed(|next| match next {
            Next::Message(_) if shared.is_stopping() || link.may_begin().is_err() => false,
            Next::Message(message) => matches!(link.send(message), Ok(Poll::Ready(()))),
            Next::Ping(asks) => matches!(link.ping(&asks), Ok(Poll::Ready(()))),
        });
    }
}

/// Whether the stream has taken everything.
fn taken(link: &mut Link<'static, Vec<u8>>) -> Result<Poll<()>, ChannelError> {
    Ok(if link.unsent()?.is_empty() { Poll::Ready(()) } else { Poll::Pending })
}

/// What a silent peer is asked with; the PONG says it again.
const PING: &[u8] = b"there?";
