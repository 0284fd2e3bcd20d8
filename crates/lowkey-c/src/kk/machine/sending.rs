//! What a device sends.

use super::Machine;
use crate::kk::message::Message;
use crate::kk::outgoing::{Ours, Outgoing};
use crate::kk::{DATA, MAX_PING, MORE, PING};
use crate::raw::Failure;
use crate::status::lowkey_status::*;

impl Machine {
    /// Whether something is unsent; an owed PONG and our CLOSE are staged for that.
    pub(in crate::kk) fn has_unsent(&mut self) -> Result<bool, Failure> {
        self.alive()?;
        if self.keyed().is_ok() {
            self.make_room().map(|has_room| !has_room)
        } else {
            Ok(!self.outgoing.is_empty())
        }
    }

    /// What the stream has to take next.
    pub(in crate::kk) fn unsent(&mut self) -> Result<&[u8], Failure> {
        self.has_unsent()?;
        let Outgoing { buffer, sent, end, .. } = &self.outgoing;
        Ok(buffer.get(*sent..*end).unwrap_or_default())
    }

    /// The stream took so many bytes; with 0 it takes none now.
    pub(in crate::kk) fn sent(&mut self, n: usize) -> Result<(), Failure> {
        let unsent = self.unsent()?.len();
        if n > unsent {
            return Err(LOWKEY_LENGTH.into());
        }
        self.is_stuck = n == 0 && unsent > 0;
        self.outgoing.sent = self.outgoing.sent.saturating_add(n);
        Ok(())
    }

    fn make_room(&mut self) -> Result<bool, Failure> {
        let prepared = self.outgoing.prepare(&mut self.keys);
        prepared.or_else(|failure| self.end(failure))
    }

    /// Our direction goes on.
    pub(in crate::kk) fn goes(&self) -> Result<(), Failure> {
        self.keyed()?;
        if self.outgoing.ours == Ours::Goes { Ok(()) } else { Err(LOWKEY_CLOSED.into()) }
    }

    pub(in crate::kk) fn send(&mut self, message: &[u8]) -> Result<(), Failure> {
        self.goes()?;
        if self.outgoing.message.has_begun() {
            return Err(LOWKEY_UNFINISHED.into());
        }
        if message.len() > self.outgoing.max_data {
            return Err(LOWKEY_TOO_LONG.into());
        }
        self.fragment(message, true).map(drop)
    }

    /// Sends the front of `bytes`, as much as one record takes; how many. It ends the message only if that is all.
    pub(in crate::kk) fn send_part(&mut self, bytes: &[u8], is_last: bool) -> Result<usize, Failure> {
        self.goes()?;
        match self.outgoing.message {
            Message::Ending(_) => Err(LOWKEY_UNFINISHED.into()),
            _ if bytes.is_empty() && !is_last => Ok(0),
            _ => self.fragment(bytes, is_last),
        }
    }

    pub(in crate::kk) fn fragment(&mut self, data: &[u8], is_last: bool) -> Result<usize, Failure> {
        self.room()?;
        let n = data.len().min(self.outgoing.max_data);
        let is_last = is_last && n == data.len();
        self.outgoing.message = if is_last { Message::None } else { Message::Begun };
        self.stage(if is_last { DATA } else { MORE }, data.get(..n).unwrap_or_default())?;
        Ok(n)
    }

    /// Sends a PING; an empty one is not answered.
    pub(in crate::kk) fn ping(&mut self, body: &[u8]) -> Result<(), Failure> {
        self.goes()?;
        if body.len() > MAX_PING.min(self.outgoing.max_data) {
            return Err(LOWKEY_TOO_LONG.into());
        }
        if !body.is_empty() && self.outgoing.awaits_pong() {
            return Err(LOWKEY_PING_PENDING.into());
        }
        self.room()?;
        self.outgoing.asked.set(body);
        self.stage(PING, body)
    }

    /// Ends our direction, once; our CLOSE leaves behind what is unsent.
    pub(in crate::kk) fn close(&mut self) -> Result<(), Failure> {
        self.keyed()?;
        if self.outgoing.ours == Ours::Goes {
            self.outgoing.ours = Ours::Closes;
        }
        self.make_room().map(drop)
    }

    fn room(&mut self) -> Result<(), Failure> {
        if self.make_room()? { Ok(()) } else { Err(LOWKEY_WOULD_BLOCK.into()) }
    }

    fn stage(&mut self, kind: u8, data: &[u8]) -> Result<(), Failure> {
        let staged = self.outgoing.stage(&mut self.keys, kind, data);
        staged.or_else(|failure| self.end(failure))
    }
}
