//! What has been read from a stream and not yet looked at.

use crate::error::Error;
use embedded_io::ErrorKind;
use lowkey_transport::{Buffer, Link};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, ReadBuf};

/// Reads more than one frame at once, so that a record does not cost two system calls.
pub(crate) struct Input {
    bytes: Box<[u8]>,
    start: usize,
    end: usize,
    received: u64,
}

impl Input {
    pub(crate) fn new(len: usize) -> Self {
        Self { bytes: vec![0; len].into_boxed_slice(), start: 0, end: 0, received: 0 }
    }

    /// Bytes that the stream gave since [`Self::recount`].
    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    /// Counts from here; what has been read and not looked at counts.
    pub(crate) fn recount(&mut self) {
        self.received = (self.end - self.start) as u64;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Moves what is here into the link, or reads once and moves that.
    ///
    /// # Errors
    /// [`Error::Io`]: the stream failed, and the link has not been told. Otherwise what ended the link.
    pub(crate) fn poll_fill<Io: AsyncRead + Unpin, B: Buffer>(
        &mut self,
        context: &mut Context<'_>,
        io: &mut Io,
        link: &mut Link<'_, B>,
    ) -> Poll<Result<(), Error>> {
        if self.is_empty() {
            let in_place = link.space().len() >= self.bytes.len();
            let mut room = ReadBuf::new(if in_place { link.space() } else { &mut self.bytes });
            let result = ready!(Pin::new(io).poll_read(context, &mut room));
            let n = room.filled().len();
            self.received += n as u64;
            result?;
            if in_place || n == 0 {
                return Poll::Ready(link.on_read(Ok::<_, ErrorKind>(n)).map_err(Error::from));
            }
            (self.start, self.end) = (0, n);
        }
        let space = link.space();
        let n = space.len().min(self.end - self.start);
        space[..n].copy_from_slice(&self.bytes[self.start..self.start + n]);
        self.start += n;
        Poll::Ready(link.on_read(Ok::<_, ErrorKind>(n)).map_err(Error::from))
    }
}
