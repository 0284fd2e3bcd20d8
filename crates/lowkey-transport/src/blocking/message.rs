//! A message of any length, sent in fragments.

use super::{Channel, Holds};
use crate::error::Error;
use crate::limits::Buffer;
use crate::link::Link;
use crate::progress::Progress;
use crate::record::{Fragment, Part};
use embedded_io::{Read, Write};

/// A message on its way out in fragments.
///
/// Dropped before [`Self::finish`] has returned, with some of it sent, the message stays unfinished:
/// every later call that sends gives [`Error::Unfinished`], and a close is a truncation to the peer.
pub struct MessageWriter<'c, Io, B, L = Link<'static, B>> {
    channel: &'c mut Channel<Io, B, L>,
    finished: Option<Progress>,
}

impl<'c, Io, B, L> MessageWriter<'c, Io, B, L> {
    pub(super) fn new(channel: &'c mut Channel<Io, B, L>) -> Self {
        Self { channel, finished: None }
    }
}

impl<'k, Io: Read + Write, B: Buffer, L: Holds<'k, B>> MessageWriter<'_, Io, B, L> {
    /// Sends the front of `bytes` as one fragment; returns how many bytes that took.
    ///
    /// # Errors
    /// [`Error::Io`]: nothing was accepted; or what ended the channel. [`Error::Unfinished`]:
    /// [`Self::finish`] has begun. [`Error::OutOfTurn`]: it is done.
    pub fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        if self.finished.is_some() {
            return Err(Error::OutOfTurn);
        }
        self.channel.sends(|link| link.send_part(bytes, Part::More))
    }

    /// Sends the rest of the message, of any length, and ends it. A second time it does nothing.
    ///
    /// # Errors
    /// [`Error::Io`] of a recoverable kind: repeat with the same `rest`, it goes on where it was; the peer may wait
    /// until you [`Self::recv`]. [`Error::OutOfTurn`]: another `rest` than before, nothing was sent (seen by its
    /// length, and by the bytes of the last fragment that has gone). Or what ended the channel.
    pub fn finish(&mut self, rest: &[u8]) -> Result<(), Error> {
        if let Some(finished) = self.finished {
            return finished.rest_of(rest).map(|_none| ());
        }
        self.channel.sends(|link| link.send_rest(rest))?;
        self.finished = Some(Progress::of(rest));
        Ok(())
    }

    /// As [`Channel::recv`], between two tries: two sides that both send long messages have to take each other's.
    ///
    /// # Errors
    /// As [`Channel::recv`].
    pub fn recv(&mut self) -> Result<Option<Fragment<'_>>, Error> {
        self.channel.recv()
    }
}
