//! A message of any length, sent in fragments.

use super::Channel;
#[cfg(doc)]
use crate::blocking;
use crate::error::Error;
use crate::limits::Buffer;
use crate::progress::Progress;
use crate::record::{Fragment, Part};
use embedded_io_async::{Read, Write};

/// A message on its way out in fragments, through a channel or its sending half. Dropped unfinished, it leaves what a
/// [`blocking::MessageWriter`] leaves.
pub struct MessageWriter<'c, C> {
    through: &'c mut C,
    finished: Option<Progress>,
}

impl<'c, C> MessageWriter<'c, C> {
    pub(super) fn new(through: &'c mut C) -> Self {
        Self { through, finished: None }
    }
}

impl<C: Sends> MessageWriter<'_, C> {
    /// As [`blocking::MessageWriter::write`].
    ///
    /// # Errors
    /// As [`blocking::MessageWriter::write`].
    pub async fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        if self.finished.is_some() {
            return Err(Error::OutOfTurn);
        }
        self.through.send_part(bytes, Part::More).await
    }

    /// As [`blocking::MessageWriter::finish`].
    ///
    /// # Errors
    /// As [`blocking::MessageWriter::finish`].
    pub async fn finish(&mut self, rest: &[u8]) -> Result<(), Error> {
        if let Some(finished) = self.finished {
            return finished.rest_of(rest).map(|_none| ());
        }
        self.through.send_rest(rest).await?;
        self.finished = Some(Progress::of(rest));
        Ok(())
    }
}

/// What a message leaves through: a [`Channel`], or its [`Sender`](super::Sender). Nothing else is one.
pub trait Sends: sealed::Sealed {
    /// As [`Link::send_part`](crate::Link::send_part), which is repeated until it is done.
    #[doc(hidden)]
    fn send_part(&mut self, bytes: &[u8], part: Part) -> impl Future<Output = Result<usize, Error>>;

    /// As [`Link::send_rest`](crate::Link::send_rest), which is repeated until it is done.
    #[doc(hidden)]
    fn send_rest(&mut self, rest: &[u8]) -> impl Future<Output = Result<(), Error>>;
}

impl<Io: Read + Write, B: Buffer> Sends for Channel<Io, B> {
    async fn send_part(&mut self, bytes: &[u8], part: Part) -> Result<usize, Error> {
        self.sends(|link| link.send_part(bytes, part)).await
    }

    async fn send_rest(&mut self, rest: &[u8]) -> Result<(), Error> {
        self.sends(|link| link.send_rest(rest)).await
    }
}

impl<Io: Read + Write, B: Buffer> MessageWriter<'_, Channel<Io, B>> {
    /// As [`blocking::MessageWriter::recv`].
    ///
    /// # Errors
    /// As [`blocking::Channel::recv`].
    pub async fn recv(&mut self) -> Result<Option<Fragment<'_>>, Error> {
        self.through.recv().await
    }
}

/// Who may be one.
pub(super) mod sealed {
    pub trait Sealed {}
    impl<Io, B> Sealed for super::Channel<Io, B> {}
}
