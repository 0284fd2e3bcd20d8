//! At most one frame on its way in (protocol §1).
//!
//! Asks the stream for exactly what the frame still lacks, so nothing is read that belongs to the
//! next one, and a read that was dropped or came in pieces loses nothing.

use crate::error::Error;
use crate::limits::{Buffer, HEADER};

pub(crate) struct Inlet<B> {
    header: [u8; HEADER],
    body: B,
    have: usize, // bytes of header and body that have come
    limit: usize,
}

impl<B: Buffer> Inlet<B> {
    /// Takes frames into `body`; at most `limit` bytes each.
    pub(crate) fn new(body: B, limit: usize) -> Self {
        Self { header: [0; HEADER], body, have: 0, limit }
    }

    /// Where bodies of frames went, for another use.
    pub(crate) fn into_buffer(self) -> B {
        self.body
    }

    /// All of where bodies of frames go.
    pub(crate) fn memory(&self) -> &[u8] {
        &self.body
    }

    /// Changes what is allowed from the next frame on.
    pub(crate) fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Where the next bytes of the stream go; empty while a whole frame waits.
    pub(crate) fn space(&mut self) -> &mut [u8] {
        match self.have.checked_sub(HEADER) {
            None => self.header.get_mut(self.have..).unwrap_or_default(),
            Some(start) => {
                let end = self.body_len();
                self.body.get_mut(start..end).unwrap_or_default()
            }
        }
    }

    /// Says that `n` bytes were put into [`Self::space`].
    ///
    /// # Errors
    /// [`Error::EmptyFrame`], [`Error::FrameTooLong`]: as soon as the length is known.
    pub(crate) fn on_read(&mut self, n: usize) -> Result<(), Error> {
        let n = n.min(self.space().len());
        let header_was_missing = self.have < HEADER;
        self.have = self.have.saturating_add(n);
        if header_was_missing && self.have == HEADER {
            match self.body_len() {
                0 => return Err(Error::EmptyFrame),
                len if len > self.limit.min(self.body.len()) => return Err(Error::FrameTooLong),
                _ => (),
            }
        }
        Ok(())
    }

    /// Whether a whole frame waits.
    pub(crate) fn is_full(&self) -> bool {
        self.have.checked_sub(HEADER).is_some_and(|have| have == self.body_len())
    }

    /// The body of the whole frame that waits; `None` before it is whole.
    pub(crate) fn frame(&mut self) -> Option<&mut [u8]> {
        let len = self.body_len();
        if self.is_full() { self.body.get_mut(..len) } else { None }
    }

    /// The same, to look at.
    pub(crate) fn look(&self) -> Option<&[u8]> {
        if self.is_full() { self.body.get(..self.body_len()) } else { None }
    }

    /// Part of the body of the frame that waits.
    pub(crate) fn slice(&mut self, range: core::ops::Range<usize>) -> &mut [u8] {
        self.body.get_mut(range).unwrap_or_default()
    }

    /// Lets go of the frame; the next one can come.
    pub(crate) fn release(&mut self) {
        self.have = 0;
    }

    fn body_len(&self) -> usize {
        usize::from(u16::from_be_bytes(self.header))
    }
}
