//! What a device sends: messages in, frames out (protocol §1, §4).

use super::{
    CLOSE, DATA, HEADER, MAX_PING, MORE, Machine, Message, Ours, PING, PONG, RECORD_OVERHEAD, of_record,
};
use crate::kk::fill;
use crate::raw::Failure;
use crate::status::lowkey_status::*;
use core::mem::take;

impl Machine {
    /// What the stream has to take next, once it is prepared.
    #[inline(never)] // once, for its two callers
    pub(in crate::kk) fn unsent(&self) -> &[u8] {
        self.setup.outgoing.get(self.now.sent..self.now.end).unwrap_or_default()
    }

    /// The stream took `n` bytes; with 0 it takes none now.
    pub(in crate::kk) fn sent(&mut self, n: usize) -> Result<(), Failure> {
        self.prepare()?;
        let unsent = self.now.end.saturating_sub(self.now.sent);
        if n > unsent {
            return Err(LOWKEY_LENGTH.into());
        }
        self.now.is_stuck = n == 0 && unsent > 0;
        self.now.sent = self.now.sent.wrapping_add(n); // at most to its end
        Ok(())
    }

    pub(super) fn is_unsent(&self) -> bool {
        self.now.sent != self.now.end
    }

    /// Seals an owed PONG, or then our CLOSE, if nothing is unsent.
    #[inline(never)]
    pub(in crate::kk) fn prepare(&mut self) -> Result<(), Failure> {
        if self.is_unsent() {
            return Ok(());
        }
        let owed_len = take(&mut self.now.owed_len);
        if owed_len > 0 {
            load(&mut self.setup.outgoing, &self.owed); // what is behind its end gives way to the tag
            return self.seal(PONG, owed_len);
        }
        if self.now.ours == Ours::Closes {
            self.now.ours = Ours::Closed;
            self.seal(CLOSE, 0)?;
            self.keys.stop_sealing();
        }
        Ok(())
    }

    /// Our direction goes on.
    #[inline(never)] // once, for its four callers
    pub(super) fn goes(&self) -> Result<(), Failure> {
        self.keyed()?;
        if self.now.ours == Ours::Goes { Ok(()) } else { Err(LOWKEY_CLOSED.into()) }
    }

    /// Sends a message of one record.
    pub(in crate::kk) fn send(&mut self, message: &[u8]) -> Result<(), Failure> {
        self.may_begin()?;
        if message.len() > self.now.max_data {
            return Err(LOWKEY_TOO_LONG.into());
        }
        self.fragment(message, true).map(drop)
    }

    /// Whether a message may begin.
    pub(super) fn may_begin(&self) -> Result<(), Failure> {
        self.goes()?;
        if self.now.message == Message::None { Ok(()) } else { Err(LOWKEY_UNFINISHED.into()) }
    }

    /// Sends the front of `bytes`, as much as one record takes; how many. It ends the message only if that is all.
    pub(in crate::kk) fn send_part(&mut self, bytes: &[u8], is_last: bool) -> Result<usize, Failure> {
        self.goes()?;
        match self.now.message {
            Message::Ending | Message::Numbered => Err(LOWKEY_UNFINISHED.into()),
            _ if bytes.is_empty() && !is_last => Ok(0),
            _ => self.fragment(bytes, is_last),
        }
    }

    pub(super) fn fragment(&mut self, data: &[u8], is_last: bool) -> Result<usize, Failure> {
        let n = data.len().min(self.now.max_data);
        let (kind, message) =
            if is_last && n == data.len() { (DATA, Message::None) } else { (MORE, Message::Begun) };
        self.put(kind, data.get(..n).unwrap_or_default())?;
        self.now.message = message;
        Ok(n)
    }

    /// Sends a PING; an empty one is not answered.
    pub(in crate::kk) fn ping(&mut self, body: &[u8]) -> Result<(), Failure> {
        self.goes()?;
        if body.len() > MAX_PING.min(self.now.max_data) {
            return Err(LOWKEY_TOO_LONG.into());
        }
        if !body.is_empty() && self.awaits_pong() {
            return Err(LOWKEY_PING_PENDING.into());
        }
        self.put(PING, body)?;
        if !body.is_empty() {
            self.now.asked_len = fill(&mut self.asked, body);
        }
        Ok(())
    }

    /// Ends our direction, once; our CLOSE leaves behind what is unsent.
    pub(in crate::kk) fn close(&mut self) -> Result<(), Failure> {
        self.keyed()?;
        if self.now.ours == Ours::Goes {
            self.now.ours = Ours::Closes;
        }
        self.prepare()
    }

    /// Makes a record, if nothing is unsent.
    pub(super) fn put(&mut self, kind: u8, data: &[u8]) -> Result<(), Failure> {
        self.prepare()?;
        if self.is_unsent() {
            return Err(LOWKEY_WOULD_BLOCK.into());
        }
        load(&mut self.setup.outgoing, data);
        self.seal(kind, data.len())
    }

    /// Seals the record whose data was put to its room.
    #[inline(never)]
    pub(super) fn seal(&mut self, kind: u8, len: usize) -> Result<(), Failure> {
        let len = len.saturating_add(RECORD_OVERHEAD);
        let (header, body) = self.setup.outgoing.split_first_chunk_mut::<HEADER>().ok_or(LOWKEY_BUG)?;
        let record = body.get_mut(..len).ok_or(LOWKEY_BUG)?;
        *record.first_mut().ok_or(LOWKEY_BUG)? = kind;
        let [.., high, low] = len.to_be_bytes(); // at most what the peer takes, a number of 16 bits
        *header = [high, low];
        self.keys.seal(record).map_err(of_record)?;
        (self.now.sent, self.now.end) = (0, len.saturating_add(HEADER));
        Ok(())
    }
}

/// Puts the data of a record to its room, behind the frame's length and the record's kind.
#[inline(never)]
fn load(buffer: &mut [u8], data: &[u8]) {
    fill(buffer.get_mut(HEADER + 1..).unwrap_or_default(), data);
}
