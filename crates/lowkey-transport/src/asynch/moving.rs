//! Moves bytes in both directions of a channel whose stream is one: it reads on while it cannot write.
//!
//! Two futures of one stream cannot be held at the same time. While the stream takes nothing, a write and a read are made
//! in turn, each dropped for the other.

use super::Channel;
use crate::Error;
use crate::incoming::Receive;
use crate::limits::Buffer;
use core::future::poll_fn;
use core::pin::pin;
use core::task::Poll;
use embedded_io_async::{Read, Write};

impl<Io: Read + Write, B: Buffer> Channel<Io, B> {
    /// Until something waits to be received. Before a wait for the peer everything leaves: it may wait for a PONG that has
    /// just come to be owed, or for what our stream holds back.
    pub(super) async fn wait(&mut self) -> Result<Receive, Error> {
        loop {
            self.seal_gathered()?;
            let received = self.link.receive();
            match self.or_end(received)? {
                Receive::Read if self.link.unsent()?.is_empty() && !self.link.is_unflushed() => {
                    self.read_once().await?;
                }
                Receive::Read => self.write_or_read().await?,
                received => {
                    self.offer().await?;
                    return Ok(received);
                }
            }
        }
    }

    /// Moves everything unsent into the stream.
    pub(super) async fn drain(&mut self) -> Result<(), Error> {
        self.seal_gathered()?;
        while !self.link.unsent()?.is_empty() {
            self.move_on().await?;
        }
        Ok(())
    }

    /// And has the stream hand it on.
    pub(super) async fn drain_and_flush(&mut self) -> Result<(), Error> {
        self.drain().await?;
        while !self.link.unsent()?.is_empty() || self.link.is_unflushed() {
            self.move_on().await?;
        }
        Ok(())
    }

    /// One step on the way out; nothing is read while something waits to be received.
    async fn move_on(&mut self) -> Result<(), Error> {
        let received = self.link.receive();
        if self.or_end(received)? == Receive::Read {
            self.write_or_read().await
        } else {
            self.write_once().await
        }
    }

    /// One write, or one read while the stream takes nothing: the peer may be in the same place, and take nothing until we
    /// have taken something.
    async fn write_or_read(&mut self) -> Result<(), Error> {
        // The first write gives way at once, so that the read is waited for as well. Each future after it is kept until the
        // task was woken once more: a stream may begin with giving way.
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

    /// One write; a flush, if nothing is unsent.
    async fn write_once(&mut self) -> Result<(), Error> {
        let unsent = self.link.unsent()?;
        let moved = if unsent.is_empty() {
            let flush = self.io.flush().await;
            self.link.flushed(flush)
        } else {
            let write = self.io.write(unsent).await;
            self.link.written(write)
        };
        self.or_end(moved)
    }

    async fn read_once(&mut self) -> Result<(), Error> {
        let read = self.io.read(self.link.space()).await;
        let given = self.link.given(read);
        self.or_end(given)
    }

    fn seal_gathered(&mut self) -> Result<(), Error> {
        let Some(seal) = self.gathering.seal() else { return Ok(()) };
        let sealed = seal(&mut self.link.outgoing, &self.link.control);
        self.or_end(sealed)
    }
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
