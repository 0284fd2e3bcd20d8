//! What never waits, on streams that say whether they can be read.

use super::{Channel, Holds};
use crate::error::Error;
use crate::error::set_aside;
use crate::limits::Buffer;
use crate::link::Link;
use crate::record::Fragment;
use core::task::Poll;
use embedded_io::{Read, ReadReady, Write};

impl<'k, Io: Read + Write + ReadReady, B: Buffer, L: Holds<'k, B>> Channel<Io, B, L> {
    /// As [`Self::recv`], but `Pending` where that would have to wait for the stream to be readable.
    ///
    /// # Errors
    /// As [`Self::recv`].
    pub fn try_recv(&mut self) -> Result<Poll<Option<Fragment<'_>>>, Error> {
        let received = self.try_receives(Link::receive)?;
        Ok(received.map(|_| self.link.take()))
    }

    /// As [`Self::receives`], as long as the stream is readable.
    fn try_receives<T>(
        &mut self,
        mut call: impl FnMut(&mut Link<'k, B>) -> Result<Poll<T>, Error>,
    ) -> Result<Poll<T>, Error> {
        loop {
            let received = call(self.link_mut())?;
            let left = if received.is_ready() { self.write_out() } else { self.hand_on() };
            set_aside(left)?;
            match received {
                Poll::Ready(_) => return Ok(received),
                Poll::Pending if self.is_readable()? => self.read_once()?,
                Poll::Pending => return left.map(|()| Poll::Pending),
            }
        }
    }

    fn is_readable(&mut self) -> Result<bool, Error> {
        self.io.read_ready().map_err(|error| self.link_mut().fail(Error::of_stream(&error)))
    }
}

impl<'k, Io: Read + Write + ReadReady, B: Buffer, L: Holds<'k, B>> ReadReady for Channel<Io, B, L> {
    /// Whether the next `read` has something at once: bytes, or the peer's CLOSE. An empty message is neither, and is
    /// passed over, as is an empty end of one: `read` shows no ends. Between two tries of `recv_message` nothing is.
    /// What is unsent goes out first, as far as the stream takes it.
    fn read_ready(&mut self) -> Result<bool, Error> {
        let received = self.try_receives(|link| {
            let _waits = link.receive()?;
            link.incoming.pass_over();
            link.receive()
        });
        match received {
            Err(error) if error.is_recoverable() => Ok(false), // the stream moves nothing now
            received => Ok(received?.is_ready()),
        }
    }
}
