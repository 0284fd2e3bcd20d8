//! One direction: from a reader through a buffer to a writer, and then the end.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What is between a reader and a writer.
#[derive(Debug)]
pub(super) struct Flow {
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    carried: u64,
    unflushed: bool,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    Open,
    /// The reader has failed; what came before goes out as far as the writer takes it at once.
    Failed(io::Error),
    /// The reader has ended; the writer has not been told.
    Ended,
    Done,
}

/// Which side failed.
#[derive(Debug)]
pub(super) enum Broken {
    Reader(io::Error),
    Writer(io::Error),
}

impl Flow {
    pub(super) fn new(room: usize) -> Self {
        let buffer = vec![0; room].into_boxed_slice();
        Self { buffer, start: 0, end: 0, carried: 0, unflushed: false, phase: Phase::Open }
    }

    /// How many bytes the writer has taken.
    pub(super) fn carried(&self) -> u64 {
        self.carried
    }

    /// Whether the reader has ended, as it should.
    pub(super) fn has_ended(&self) -> bool {
        matches!(self.phase, Phase::Ended | Phase::Done)
    }

    /// Whether the reader has ended and the writer has all of it.
    pub(super) fn is_delivered(&self) -> bool {
        self.has_ended() && self.is_empty()
    }

    /// Whether nothing is left to do.
    pub(super) fn is_done(&self) -> bool {
        matches!(self.phase, Phase::Done)
    }

    /// Gives up what was not carried.
    pub(super) fn abandon(&mut self) {
        (self.start, self.end) = (0, 0);
        self.phase = Phase::Done;
    }

    fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Reads until the buffer is full or the reader has ended. Ready with an error: it has failed.
    pub(super) fn poll_fill<R: AsyncRead + Unpin>(
        &mut self,
        context: &mut Context<'_>,
        reader: &mut R,
    ) -> Poll<io::Result<()>> {
        while matches!(self.phase, Phase::Open) && self.end < self.buffer.len() {
            ready!(self.poll_read(context, reader))?;
        }
        Poll::Ready(Ok(()))
    }

    /// Reads until there is something, and no further.
    pub(super) fn poll_begin<R: AsyncRead + Unpin>(
        &mut self,
        context: &mut Context<'_>,
        reader: &mut R,
    ) -> Poll<io::Result<()>> {
        if matches!(self.phase, Phase::Open) && self.end == 0 {
            return self.poll_read(context, reader);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_read<R: AsyncRead + Unpin>(
        &mut self,
        context: &mut Context<'_>,
        reader: &mut R,
    ) -> Poll<io::Result<()>> {
        let mut room = ReadBuf::new(&mut self.buffer[self.end..]);
        ready!(Pin::new(reader).poll_read(context, &mut room))?;
        match room.filled().len() {
            0 => self.phase = Phase::Ended,
            n => self.end += n,
        }
        Poll::Ready(Ok(()))
    }

    /// Carries on; ready when the end has been carried, or something broke.
    pub(super) fn poll_copy<R, W>(
        &mut self,
        context: &mut Context<'_>,
        reader: &mut R,
        writer: &mut W,
    ) -> Poll<Result<(), Broken>>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        loop {
            let filled = match self.poll_fill(context, reader) {
                Poll::Ready(Err(error)) => {
                    self.phase = Phase::Failed(error);
                    Poll::Ready(())
                }
                filled => filled.map(|_| ()),
            };
            let drained = self.poll_drain(context, writer);
            if let Phase::Failed(_) = self.phase
                && let Phase::Failed(error) = std::mem::replace(&mut self.phase, Phase::Done)
            {
                let _ = Pin::new(&mut *writer).poll_flush(context); // as far as it goes at once
                return Poll::Ready(Err(Broken::Reader(error)));
            }
            ready!(drained).map_err(Broken::Writer)?;
            match self.phase {
                Phase::Ended => {
                    ready!(Pin::new(&mut *writer).poll_shutdown(context)).map_err(Broken::Writer)?;
                    self.phase = Phase::Done;
                }
                Phase::Open | Phase::Failed(_) => {
                    if filled.is_pending() {
                        return self.poll_flush(context, writer);
                    }
                }
                Phase::Done => return Poll::Ready(Ok(())),
            }
        }
    }

    /// Writes until the buffer is empty.
    fn poll_drain<W: AsyncWrite + Unpin>(
        &mut self,
        context: &mut Context<'_>,
        writer: &mut W,
    ) -> Poll<io::Result<()>> {
        while !self.is_empty() {
            let unsent = &self.buffer[self.start..self.end];
            match ready!(Pin::new(&mut *writer).poll_write(context, unsent))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                n => {
                    self.start += n;
                    self.carried += n as u64;
                    self.unflushed = true;
                }
            }
        }
        (self.start, self.end) = (0, 0);
        Poll::Ready(Ok(()))
    }

    /// While the reader has nothing, nothing stays behind in the writer. Never ready but with an error.
    fn poll_flush<W: AsyncWrite + Unpin>(
        &mut self,
        context: &mut Context<'_>,
        writer: &mut W,
    ) -> Poll<Result<(), Broken>> {
        if self.unflushed {
            ready!(Pin::new(writer).poll_flush(context)).map_err(Broken::Writer)?;
            self.unflushed = false;
        }
        Poll::Pending
    }
}
