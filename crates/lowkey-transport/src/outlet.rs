//! At most one frame on its way out (protocol §1), or two: a PONG, and the record that was being gathered when it came
//! to be owed.
//!
//! A frame is staged whole and leaves in as many writes as the stream likes; a write that was
//! dropped or took only some bytes loses and repeats nothing.

mod gathered;

use crate::error::Error;
use crate::limits::{Buffer, HEADER};

pub(crate) struct Outlet<B> {
    buffer: B,
    sent: usize,
    end: usize, // beyond the buffer while something gathers in it: see `gathered`
    unflushed: bool,
}

impl<B: Buffer> Outlet<B> {
    pub(crate) fn new(buffer: B) -> Self {
        Self { buffer, sent: 0, end: 0, unflushed: false }
    }

    /// Where frames were made, for another use.
    pub(crate) fn into_buffer(self) -> B {
        self.buffer
    }

    /// All of where frames are made.
    pub(crate) fn memory(&self) -> &[u8] {
        &self.buffer
    }

    /// The longest body a frame can have.
    pub(crate) fn capacity(&self) -> usize {
        self.buffer.len().saturating_sub(HEADER).min(usize::from(u16::MAX))
    }

    /// Whether the last frame has left to its last byte.
    pub(crate) fn is_empty(&self) -> bool {
        self.sent == self.end
    }

    /// What the stream has not taken yet.
    pub(crate) fn unsent(&self) -> &[u8] {
        self.buffer.get(self.sent..self.end).unwrap_or_default()
    }

    /// Says that the stream took `n` bytes of [`Self::unsent`].
    pub(crate) fn on_write(&mut self, n: usize) {
        self.unflushed = true;
        self.sent = self.sent.saturating_add(n).min(self.end);
    }

    /// Whether the stream may still hold back some of what it took.
    pub(crate) fn is_unflushed(&self) -> bool {
        self.unflushed
    }

    /// Says that the stream holds nothing back.
    pub(crate) fn on_flush(&mut self) {
        self.unflushed = false;
    }

    /// The room for the next frame's body; `None` while the last frame has not left.
    pub(crate) fn body(&mut self) -> Option<&mut [u8]> {
        let end = self.capacity().saturating_add(HEADER);
        if self.is_empty() { self.buffer.get_mut(HEADER..end) } else { None }
    }

    /// The whole buffer; `None` while the last frame has not left.
    pub(crate) fn front(&mut self) -> Option<&mut [u8]> {
        if self.is_empty() { Some(&mut self.buffer) } else { None }
    }

    /// The room in it for at most so many bytes of a record's data, behind the kind.
    pub(crate) fn room(&mut self, max_data: usize) -> Option<&mut [u8]> {
        self.front()?.get_mut(HEADER + 1..max_data.wrapping_add(HEADER + 1))
    }

    /// Makes the first `len` bytes of [`Self::body`] the next frame.
    ///
    /// # Errors
    /// [`Error::Bug`]: there are not as many.
    pub(crate) fn commit(&mut self, len: usize) -> Result<(), Error> {
        self.commit_at(0, len.saturating_add(HEADER))
    }

    /// Makes what lies before `end` the next frame, with its length at `start`.
    ///
    /// # Errors
    /// As [`Self::commit`].
    #[inline(never)] // once, for all frames
    pub(crate) fn commit_at(&mut self, start: usize, end: usize) -> Result<(), Error> {
        let (header, body) =
            self.buffer.get_mut(start..end).and_then(<[u8]>::split_first_chunk_mut).ok_or(Error::Bug)?;
        *header = u16::try_from(body.len()).map_err(|_| Error::Bug)?.to_be_bytes();
        (self.sent, self.end) = (start, end);
        Ok(())
    }
}
