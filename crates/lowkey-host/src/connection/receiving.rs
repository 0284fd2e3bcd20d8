//! Receiving: reads and opens, and sees to it that what is owed leaves meanwhile.

use super::Connection;
use super::shared::Side;
use crate::error::Error;
use lowkey_transport::{Error as ChannelError, Link, Part};
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

    /// Adds the fragment that waits to the message that is not whole yet.
    pub(super) fn take(&mut self) {
        if let Some((mut words, number)) = self.last_words.take() {
            self.message.append(&mut words);
            self.number = number;
        } else if let Some(fragment) = self.link.take() {
            self.message.extend_from_slice(fragment.bytes);
            self.number = self.link.number();
        }
    }

    /// Reads and opens.
    fn poll_opened(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Part>, Error>> {
        self.poll_opened_or(context, |_| Ok(false)).map_ok(Option::flatten)
    }

    /// The same, or until something else was heard (`None`): what looks for it is asked after each look at the link.
    pub(super) fn poll_opened_or(
        &mut self,
        context: &mut Context<'_>,
        mut has_heard: impl FnMut(&mut Link<'static, Vec<u8>>) -> Result<bool, ChannelError>,
    ) -> Poll<Result<Option<Option<Part>>, Error>> {
        loop {
            if self.last_words.are_coming() {
                self.shared.register(Side::Reading, context.waker());
            }
            self.check()?;
            ready!(self.poll_last_words());
            if let Some(part) = self.last_words.next() {
                return Poll::Ready(Ok(Some(part)));
            }
            let opened = self.open()?;
            let heard = has_heard(&mut self.link);
            if self.told(heard)? {
                return Poll::Ready(Ok(None));
            }
            if let Poll::Ready(part) = opened {
                return Poll::Ready(Ok(Some(part)));
            }
            if self.input.is_empty() {
                self.shared.register(Side::Reading, context.waker());
                self.push_from_reader();
            }
            // Ended between the check above and the registration, nobody would wake us.
            if self.poll_fill(context).is_pending() && self.shared.ended().is_none() {
                return Poll::Pending;
            }
        }
    }

    /// Opens what is here.
    pub(super) fn open(&mut self) -> Result<Poll<Option<Part>>, Error> {
        let mut received = self.link.receive();
        if let Some(opened) = self.link.opened() {
            self.shared.traffic().opened.set(opened);
        }
        if received == Ok(Poll::Ready(None)) && !self.input.is_empty() {
            received = Err(self.link.fail(ChannelError::AfterClose));
        }
        if self.shared.posted().is_any() {
            match received {
                Ok(Poll::Ready(None)) => self.shared.posted().end(), // it says no PONG any more
                Ok(_) if !self.link.awaits_pong() => self.shared.posted().answered(),
                _ => (),
            }
        }
        self.told(received)
    }

    /// Moves what has been read into the link, or reads once. An error ends the link, which gives it to the next call.
    pub(super) fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let filled = self.input.poll_fill(context, &mut self.io, &mut self.link);
        self.shared.traffic().received.set(self.input.received());
        if let Err(Error::Io(cause)) = ready!(filled) {
            self.fail(cause);
        }
        Poll::Ready(())
    }

    /// Moves what is unsent, an owed PONG among it, as far as the stream takes it at once. An error is given to the
    /// next call.
    fn push_from_reader(&mut self) {
        let before = self.shared.traffic().sent.get();
        let _ = self.poll_out(Link::flush);
        if self.shared.traffic().sent.get() != before {
            self.shared.wake_side(Side::Writing);
        }
    }
}
