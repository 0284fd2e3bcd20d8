//! The receiving half of a channel.

#[cfg(doc)]
use super::Channel;
use super::share::{OneTask, Shares};
use crate::error::Error;
use crate::incoming::Incoming;
use crate::keyed::Keyed;
use crate::limits::Buffer;
use crate::record::Fragment;
use core::task::Poll;
use embedded_io_async::{ErrorType, Read};

/// The receiving half of a channel; `S` is how it shares with the sending half.
pub struct Receiver<'c, R, B, S = OneTask<'c, B>> {
    pub(super) incoming: &'c mut Incoming<B>,
    pub(super) io: &'c mut R,
    pub(super) shared: S,
}

impl<R: Read, B: Buffer, S: Shares> Receiver<'_, R, B, S> {
    /// As [`Channel::recv`], without sending anything.
    ///
    /// # Errors
    /// As [`Channel::recv`].
    pub async fn recv(&mut self) -> Result<Option<Fragment<'_>>, Error> {
        self.receives(Incoming::receive).await?;
        Ok(self.incoming.take())
    }

    /// As [`Channel::recv_message`], without sending anything.
    ///
    /// # Errors
    /// As [`Channel::recv_message`].
    pub async fn recv_message(&mut self, message: &mut [u8]) -> Result<Option<usize>, Error> {
        self.receives(|incoming, keyed| incoming.recv_message(message, keyed)).await
    }

    /// Repeats what receives until it is done.
    async fn receives<T>(
        &mut self,
        mut call: impl FnMut(&mut Incoming<B>, &mut Keyed) -> Result<Poll<T>, Error>,
    ) -> Result<T, Error> {
        loop {
            if let Poll::Ready(done) = self.in_open(&mut call)? {
                return Ok(done);
            }
            let read = self.io.read(self.incoming.inlet.space()).await;
            let end = self.shared.stream_end();
            self.in_open(|incoming, _| incoming.on_read(read, end))?;
        }
    }

    pub(super) fn in_open<T>(
        &mut self,
        call: impl FnOnce(&mut Incoming<B>, &mut Keyed) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let result = self.shared.receives(|keyed| call(self.incoming, keyed));
        if result.as_ref().is_err_and(|error| !error.is_recoverable()) {
            self.incoming.end();
        }
        result
    }
}

impl<R: ErrorType, B, S> ErrorType for Receiver<'_, R, B, S> {
    type Error = Error;
}

impl<R: Read, B: Buffer, S: Shares> Read for Receiver<'_, R, B, S> {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, Error> {
        self.receives(|incoming, keyed| incoming.read(buf, keyed)).await
    }
}
