//! A message of any length, sent in fragments.

use super::Sender;
use crate::Error;
use crate::limits::Buffer;
use crate::progress::Progress;
use crate::record::Part;
use embedded_io_async::Write;

/// A message on its way out in fragments.
///
/// Dropped before [`Self::finish`] has returned, with some of it sent, the message stays unfinished:
/// every later call that sends gives [`Error::Unfinished`], and a close is a truncation to the peer.
pub struct MessageWriter<'c, W, B> {
    sender: Sender<'c, W, B>,
    progress: Progress,
    finished: bool,
}

impl<'c, W, B> MessageWriter<'c, W, B> {
    pub(super) fn new(sender: Sender<'c, W, B>) -> Self {
        Self { sender, progress: Progress::default(), finished: false }
    }
}

impl<W: Write, B: Buffer> MessageWriter<'_, W, B> {
    /// Sends the front of `bytes` as one fragment; returns how many bytes that took.
    ///
    /// # Cancel safety
    /// Dropped, nothing was accepted.
    ///
    /// # Errors
    /// [`Error::Io`]: nothing was accepted; or what ended the channel. [`Error::OutOfTurn`]:
    /// [`Self::finish`] has begun.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        if self.progress.has_begun() {
            return Err(Error::OutOfTurn);
        }
        if bytes.is_empty() {
            return Ok(0);
        }
        self.fragment(bytes, Part::More).await
    }

    /// Sends the rest of the message, of any length, and ends it. A second time it does nothing.
    ///
    /// # Cancel safety
    /// Dropped, or after a recoverable error: repeat with the same `rest`, it goes on where it was.
    ///
    /// # Errors
    /// [`Error::Io`]. [`Error::OutOfTurn`]: another `rest` than before, nothing was sent (seen by its length, and by the
    /// bytes of the last fragment that has gone). Or what ended the channel.
    pub async fn finish(&mut self, rest: &[u8]) -> Result<(), Error> {
        let mut left = self.progress.rest_of(rest)?;
        while !self.finished {
            let n = self.fragment(left, Part::Last).await?;
            self.finished = n == left.len();
            left = self.progress.staged(left, n);
        }
        Ok(())
    }

    async fn fragment(&mut self, bytes: &[u8], part: Part) -> Result<usize, Error> {
        self.sender.drain().await?;
        let staged = self.sender.outgoing.fragment(bytes, part, self.sender.control);
        self.sender.or_end(staged)
    }
}
