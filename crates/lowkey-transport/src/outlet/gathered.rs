//! Data that gathers where it will be sealed, in the room of a frame (protocol §1) that is not one yet.
//!
//! Nothing of it is unsent, and no frame has room while it is there. Both follow from where it is said to end: as far
//! before the last number as there are bytes, which is beyond every buffer. So firmware that gathers nothing has
//! nothing of this in its flash.

use super::Outlet;
use crate::limits::{Buffer, HEADER, MAX_PING, RECORD_OVERHEAD};

impl<B: Buffer> Outlet<B> {
    /// How many bytes have been gathered; `None` while a frame is on its way.
    pub(crate) fn gathered(&self) -> Option<usize> {
        if self.end > self.buffer.len() { Some(!self.end) } else { self.is_empty().then_some(0) }
    }

    /// How many may stay here: a PONG that comes to be owed goes before them and needs room beside their record.
    pub(crate) fn may_gather(&self) -> usize {
        self.capacity().saturating_sub(RECORD_OVERHEAD + HEADER + RECORD_OVERHEAD + MAX_PING)
    }

    /// Room for the data of a record of at most `most` bytes, what was gathered at its front.
    pub(crate) fn data(&mut self, most: usize) -> &mut [u8] {
        self.buffer.get_mut(DATA..).and_then(|data| data.get_mut(..most)).unwrap_or_default()
    }

    /// Says that the first `len` bytes of the data stay here.
    pub(crate) fn gather(&mut self, len: usize) {
        (self.sent, self.end) = (0, !len);
    }

    /// Says that nothing stays here: a frame has room.
    pub(crate) fn release(&mut self) {
        (self.sent, self.end) = (0, 0);
    }

    /// Wipes what was gathered; nothing stays here.
    pub(crate) fn wipe_gathered(&mut self) {
        if let Some(gathered @ 1..) = self.gathered() {
            self.data(gathered).fill(0);
            self.release();
        }
    }

    /// Moves the first `len` bytes of the data so far back that a frame with a body of `body` bytes has room before
    /// theirs.
    pub(crate) fn make_way(&mut self, len: usize, body: usize) {
        let distance = HEADER.saturating_add(body);
        for at in (DATA..DATA.saturating_add(len)).rev() {
            let byte = self.buffer.get(at).copied().unwrap_or_default();
            if let Some(to) = self.buffer.get_mut(at.saturating_add(distance)) {
                *to = byte;
            }
        }
    }

    /// The body of `len` bytes of a frame behind the one on its way, which becomes the next part of what is unsent.
    pub(crate) fn append(&mut self, len: usize) -> Option<&mut [u8]> {
        let body = self.end.checked_add(HEADER)?;
        let end = body.checked_add(len)?;
        let header = self.buffer.get_mut(self.end..)?.first_chunk_mut()?;
        *header = u16::try_from(len).ok()?.to_be_bytes();
        self.end = end;
        self.buffer.get_mut(body..end)
    }
}

/// Where the data of a frame begins: behind its length and its kind.
const DATA: usize = HEADER + 1;
