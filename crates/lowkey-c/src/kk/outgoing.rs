//! The sending direction: messages in, frames out (protocol §1, §4).

use super::message::Message;
use super::{CLOSE, MAX_PING, PONG, fill};
use crate::raw::{Failure, Kept};
use crate::status::lowkey_status::*;
use lowkey_core::kk::Device;

/// How far our direction is from its end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ours {
    Goes,
    /// Our CLOSE goes out behind what is unsent.
    Closes,
    /// Our CLOSE is sealed.
    Closed,
}

/// The body of a PING or PONG that somebody waits for; an empty one nobody does.
pub(super) struct Echo {
    bytes: [u8; MAX_PING],
    len: u8,
}

/// At most one frame on its way out.
pub(super) struct Outgoing {
    pub(super) buffer: Kept,
    pub(super) sent: usize,
    pub(super) end: usize,
    pub(super) max_data: usize,
    pub(super) message: Message,
    pub(super) ours: Ours,
    owed: Echo,
    pub(super) asked: Echo,
}

impl Outgoing {
    pub(super) fn new(buffer: Kept) -> Self {
        Self {
            buffer,
            sent: 0,
            end: 0,
            max_data: 0,
            message: Message::None,
            ours: Ours::Goes,
            owed: Echo { bytes: [0; MAX_PING], len: 0 },
            asked: Echo { bytes: [0; MAX_PING], len: 0 },
        }
    }

    /// A new channel.
    pub(super) fn begin(&mut self) {
        (self.sent, self.end, self.max_data) = (0, 0, 0);
        (self.message, self.ours) = (Message::None, Ours::Goes);
        (self.owed.len, self.asked.len) = (0, 0);
    }

    /// Writes the prologue to the front of the buffer, the hello inside it where it goes out; gives it, and where
    /// message 1 belongs.
    pub(super) fn hello(&mut self, has_psk: bool, id: &[u8]) -> Option<(&[u8], &mut [u8])> {
        let (prologue, message) = self.buffer.split_at_mut_checked(super::prologue_len(id))?;
        let (word, hello) = prologue.split_first_chunk_mut()?;
        *word = *super::WORD;
        let (fixed, rest) = hello.split_first_chunk_mut()?;
        *fixed = [1, if has_psk { 2 } else { 1 }, u8::try_from(id.len()).ok()?];
        fill(rest, id);
        Some((prologue, message))
    }

    /// Message 1 of so many bytes is behind the prologue: what was its word's end is the frame's length.
    pub(super) fn asked(&mut self, prologue: usize, message: usize) {
        self.end = prologue.saturating_add(message);
        self.sent = super::WORD.len() - 2;
        self.put_len(self.sent);
    }

    fn put_len(&mut self, at: usize) {
        let len = self.end.saturating_sub(at.saturating_add(2));
        if let Some(header) = self.buffer.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
            *header = u16::try_from(len).unwrap_or(0).to_be_bytes();
        }
    }

    /// From now on frames are records, of at most the peer's `max_frame` bytes.
    pub(super) fn seal_up_to(&mut self, max_frame: u16) {
        let room = self.buffer.len().saturating_sub(2);
        self.max_data = usize::from(max_frame).min(room).saturating_sub(super::RECORD_OVERHEAD);
    }

    pub(super) fn max_data(&self) -> usize {
        self.max_data
    }

    /// Where frames are made.
    pub(super) fn memory(&self) -> &[u8] {
        &self.buffer
    }

    /// Whether everything has left.
    pub(super) fn is_empty(&self) -> bool {
        self.sent == self.end
    }

    /// Whether our CLOSE has left to its last byte.
    pub(super) fn has_ended(&self) -> bool {
        self.ours == Ours::Closed && self.is_empty()
    }

    /// A PING came: its PONG is owed. A newer one replaces an unanswered one, and after our CLOSE none is answered.
    pub(super) fn owe(&mut self, ping: &[u8]) {
        if self.ours == Ours::Goes {
            self.owed.set(ping);
        }
    }

    /// A PONG came; one that was not asked for is ignored, and so is another than that.
    pub(super) fn answered(&mut self, pong: &[u8]) {
        if self.asked.bytes().iter().eq(pong) {
            self.asked.len = 0;
        }
    }

    pub(super) fn awaits_pong(&self) -> bool {
        self.asked.len > 0
    }

    /// Seals a record with this data; nothing is unsent.
    pub(super) fn stage(&mut self, keys: &mut Device, kind: u8, data: &[u8]) -> Result<(), Failure> {
        let frame = data.len().saturating_add(super::RECORD_OVERHEAD);
        let record = self.buffer.get_mut(2..).and_then(|body| body.get_mut(..frame)).ok_or(LOWKEY_BUG)?;
        let (first, body) = record.split_first_mut().ok_or(LOWKEY_BUG)?;
        *first = kind;
        fill(body, data);
        keys.seal(record).map_err(super::of_record)?;
        (self.sent, self.end) = (0, frame.saturating_add(2));
        self.put_len(0);
        Ok(())
    }

    /// Stages an owed PONG, or then our CLOSE, if nothing is unsent; whether nothing is afterwards.
    pub(super) fn prepare(&mut self, keys: &mut Device) -> Result<bool, Failure> {
        if !self.is_empty() {
            return Ok(false);
        }
        if self.owed.len > 0 {
            let Echo { bytes, len } = self.owed;
            self.owed.len = 0;
            self.stage(keys, PONG, bytes.get(..usize::from(len)).unwrap_or_default())?;
            return Ok(false);
        }
        if self.ours == Ours::Closes {
            self.ours = Ours::Closed;
            self.stage(keys, CLOSE, &[])?;
            keys.stop_sealing();
            return Ok(false);
        }
        Ok(true)
    }
}

impl Echo {
    /// Takes a body of at most 32 bytes.
    pub(super) fn set(&mut self, body: &[u8]) {
        if !body.is_empty() {
            self.len = u8::try_from(fill(&mut self.bytes, body)).unwrap_or(0);
        }
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}
