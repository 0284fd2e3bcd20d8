//! Moves bytes in both directions of a channel whose stream is one: it reads on while it cannot write.
//!
//! Two futures of one stream cannot be held at the same time. While the stream takes nothing, a write and a read are
//! made in turn, each dropped for the other.

use super::Channel;
use crate::error::Error;
use crate::error::set_aside;
use crate::limits::Buffer;
use crate::link::Link;
use core::future::poll_fn;
use core::pin::pin;
use core::task::Poll;
use embedded_io_async::{Read, Write};

impl<Io: Read + Write, B: Buffer> Channel<Io, B> {
    /// Repeats what receives until it is done. Before a wait for the peer everything leaves: it may wait for a PONG
    /// that has just come to be owed, or for what our stream holds back.
    pub(super) async fn receives<T>(
        &mut self,
        mut call: impl FnMut(&mut Link<'static, B>) -> Result<Poll<T>, Error>,
    ) -> Result<T, Error> {
        loop {
            if let Poll::Ready(done) = call(&mut self.link)? {
                set_aside(self.offer().await)?; // never waits: what was received is not lost
                return Ok(done);
            }
            if self.link.flush()?.is_ready() {
                self.read_once().await?;
            } else {
                self.write_or_read().await?;
            }
        }
    }

    /// Repeats what sends until it is done. Nothing is read while something waits to be received.
    pub(super) async fn sends<T>(
        &mut self,
        mut call: impl FnMut(&mut Link<'static, B>) -> Result<Poll<T>, Error>,
    ) -> Result<T, Error> {
        loop {
            match call(&mut self.link)? {
                Poll::Ready(done) => return Ok(done),
                Poll::Pending if self.link.receive()?.is_pending() => self.write_or_read().await?,
                Poll::Pending => self.write_once().await?,
            }
        }
    }

    /// What the stream takes at once of what is unsent.
    async fn offer(&mut self) -> Result<(), Error> {
        while !self.link.unsent()?.is_empty() {
            match within(1, self.write_once()).await {
                Some(written) => written?,
                None => break,
            }
        }
        Ok(())
    }

    /// One write, or one read while the stream takes nothing: the peer may be in the same place, and take nothing until
    /// we have taken something.
    async fn write_or_read(&mut self) -> Result<(), Error> {
        // The first write gives way at once, so that the read is waited for as well. Each future after it is kept until
        // the task was woken once more: a stream may begin with giving way.
        let mut polls = 1;
        loop {
            if let Some(written) = within(polls, self.write_once()).await {
                return written;
            }
            polls = 2;
            if let Some(read) = within(polls, self.read_once()).await {
                return read;
            }
        }
    }

    /// One write; a flush, if nothing is unsent.
    async fn write_once(&mut self) -> Result<(), Error> {
        write(&mut self.io, &mut self.link).await
    }

    async fn read_once(&mut self) -> Result<(), Error> {
        read(&mut self.io, &mut self.link).await
    }
}

/// Everything that is unsent, and a flush.
pub(super) async fn pass_on<Io: Write, B: Buffer>(io: &mut Io, link: &mut Link<'_, B>) -> Result<(), Error> {
    while link.has_unsent() || link.is_unflushed() {
        write(io, link).await?;
    }
    Ok(())
}

/// One write; a flush, if nothing is unsent.
async fn write<Io: Write, B: Buffer>(io: &mut Io, link: &mut Link<'_, B>) -> Result<(), Error> {
    let unsent = link.unsent()?;
    if unsent.is_empty() {
        let flush = io.flush().await;
        return link.on_flush(flush);
    }
    let write = io.write(unsent).await;
    link.on_write(write)
}

pub(super) async fn read<Io: Read, B: Buffer>(io: &mut Io, link: &mut Link<'_, B>) -> Result<(), Error> {
    let read = io.read(link.space()).await;
    link.on_read(read)
}

/// Polls a future at most so many times, then drops it.
async fn within<F: Future>(polls: u8, future: F) -> Option<F::Output> {
    let (mut future, mut left) = (pin!(future), polls);
    poll_fn(|context| {
        let polled = future.as_mut().poll(context).map(Some);
        left = left.saturating_sub(1);
        if polled.is_pending() && left == 0 { Poll::Ready(None) } else { polled }
    })
    .await
}
