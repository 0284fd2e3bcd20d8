//! The receiving direction: frames in, pieces of messages out (protocol §1, §4).

use crate::raw::{Failure, Kept};
use crate::status::lowkey_status::LOWKEY_BUFFER_TOO_SMALL;

/// At most one frame on its way in.
pub(super) struct Incoming {
    header: [u8; 2],
    pub(super) body: Kept,
    /// Bytes of header and body that have come.
    pub(super) have: usize,
    pub(super) limit: u16,
    /// A piece waits: its kind, and where it ends.
    pub(super) waiting: Option<(bool, u16)>,
    pub(super) in_message: bool,
    pub(super) message_len: usize,
    pub(super) assembled: usize,
    pub(super) is_closed: bool,
}

/// A piece of a message.
pub(super) struct Piece<'p> {
    pub(super) bytes: &'p mut [u8],
    pub(super) is_last: bool,
}

impl Incoming {
    pub(super) fn new(body: Kept) -> Self {
        Self {
            header: [0; 2],
            body,
            have: 0,
            limit: 0,
            waiting: None,
            in_message: false,
            message_len: 0,
            assembled: 0,
            is_closed: false,
        }
    }

    /// A new channel.
    pub(super) fn begin(&mut self) {
        (self.have, self.limit) = (0, super::MAX_HANDSHAKE_FRAME);
        (self.waiting, self.in_message, self.assembled, self.is_closed) = (None, false, 0, false);
    }

    /// From now on frames are records, of at most so many bytes.
    pub(super) fn limit(&mut self, limit: u16) {
        (self.limit, self.have) = (limit, 0);
    }

    /// Where the next bytes of the stream go; empty while a whole frame waits.
    pub(super) fn space(&mut self) -> &mut [u8] {
        match self.have.checked_sub(HEADER) {
            None => self.header.get_mut(self.have..).unwrap_or_default(),
            Some(start) => {
                let end = self.len();
                self.body.get_mut(start..end).unwrap_or_default()
            }
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.have.checked_sub(HEADER).is_some_and(|have| have == self.len())
    }

    /// The body of the whole frame that waits.
    pub(super) fn frame(&mut self) -> Option<&mut [u8]> {
        let len = self.len();
        if self.is_full() { self.body.get_mut(..len) } else { None }
    }

    /// Where frames come in.
    pub(super) fn memory(&self) -> &[u8] {
        &self.body
    }

    /// The piece that waits; afterwards it does not wait any more.
    pub(super) fn take(&mut self) -> Option<Piece<'_>> {
        let (is_last, end) = self.waiting.take()?;
        self.have = 0;
        Some(Piece { bytes: self.body.get_mut(1..usize::from(end)).unwrap_or_default(), is_last })
    }

    /// Adds the piece that waits to the message at the front of `message`; the message's length once it is whole.
    pub(super) fn assemble(&mut self, message: &mut [u8]) -> Result<Option<usize>, Failure> {
        let Some((is_last, end)) = self.waiting else { return Ok(None) };
        let len = usize::from(end).saturating_sub(1);
        let end = self.assembled.saturating_add(len);
        let room = message.get_mut(self.assembled..end).ok_or(LOWKEY_BUFFER_TOO_SMALL)?;
        if let Some(piece) = self.take() {
            super::fill(room, piece.bytes);
        }
        self.assembled = if is_last { 0 } else { end };
        Ok(is_last.then_some(end))
    }

    pub(super) fn len(&self) -> usize {
        usize::from(u16::from_be_bytes(self.header))
    }
}

/// Bytes of a frame's length.
pub(super) const HEADER: usize = 2;
