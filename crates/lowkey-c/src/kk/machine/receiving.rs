//! What a device receives.

use super::{Machine, Phase};
use crate::event::lowkey_event::{self, *};
use crate::kk::incoming::HEADER;
use crate::kk::{CLOSE, DATA, MAX_PING, MORE, PING, PONG, RECORD_OVERHEAD, fill, of_record};
use crate::raw::Failure;
use crate::status::lowkey_status::*;

impl Machine {
    /// Takes bytes of the stream, up to the end of a frame; how many.
    pub(in crate::kk) fn feed(&mut self, bytes: &[u8]) -> Result<usize, Failure> {
        self.alive()?;
        let mut rest = bytes;
        loop {
            let n = fill(self.incoming.space(), rest);
            if n == 0 {
                return Ok(bytes.len().saturating_sub(rest.len()));
            }
            self.filled(n)?;
            rest = rest.get(n..).unwrap_or_default();
        }
    }

    /// So many bytes of the stream, at least one, were put into the space.
    pub(in crate::kk) fn filled(&mut self, n: usize) -> Result<(), Failure> {
        let incoming = &mut self.incoming;
        if incoming.is_closed {
            return self.end(LOWKEY_AFTER_CLOSE.into());
        }
        let header_was_missing = incoming.have < HEADER;
        incoming.have = incoming.have.saturating_add(n);
        if header_was_missing && incoming.have == HEADER {
            match incoming.len() {
                0 => return self.end(LOWKEY_EMPTY_FRAME.into()),
                len if len > usize::from(incoming.limit) => return self.end(LOWKEY_FRAME_TOO_LONG.into()),
                _ => (),
            }
        }
        Ok(())
    }

    /// The stream has ended.
    pub(in crate::kk) fn hung_up(&mut self) -> Result<(), Failure> {
        self.alive()?;
        match self.phase {
            _ if self.incoming.is_closed => Ok(()),
            Phase::Asking => self.end(LOWKEY_HUNG_UP.into()),
            _ => self.end(LOWKEY_TRUNCATED.into()),
        }
    }

    /// Opens what has come.
    pub(in crate::kk) fn receive(&mut self) -> Result<lowkey_event, Failure> {
        loop {
            if self.incoming.waiting.is_some() {
                return Ok(LOWKEY_EVENT_DATA);
            }
            if self.incoming.is_closed {
                return Ok(LOWKEY_EVENT_END);
            }
            if !self.incoming.is_full() {
                return Ok(LOWKEY_EVENT_READ);
            }
            self.open().or_else(|failure| self.end(failure))?;
        }
    }

    /// Opens the record that has come and does what its kind says.
    fn open(&mut self) -> Result<(), Failure> {
        let max_message = self.max_message();
        let Self { keys, incoming, outgoing, .. } = self;
        let frame = incoming.frame().ok_or(LOWKEY_BUG)?;
        if frame.len() < RECORD_OVERHEAD {
            return Err(LOWKEY_FRAME_TOO_SHORT.into());
        }
        let text = keys.open(frame).map_err(of_record)?;
        let (kind, end) = (*text.first().ok_or(LOWKEY_FRAME_TOO_SHORT)?, text.len());
        let body = incoming.body.get(1..end).unwrap_or_default();
        match kind {
            DATA | MORE => {
                let len = body.len();
                let so_far = if incoming.in_message { incoming.message_len } else { 0 };
                incoming.message_len = so_far.saturating_add(len);
                if incoming.message_len > max_message {
                    return Err(LOWKEY_MESSAGE_TOO_LONG.into());
                }
                incoming.in_message = kind == MORE;
                incoming.waiting = Some((kind == DATA, u16::try_from(end).unwrap_or(0)));
                return Ok(());
            }
            CLOSE if incoming.in_message => return Err(LOWKEY_TRUNCATED.into()),
            CLOSE => incoming.is_closed = true,
            PING if body.len() > MAX_PING => return Err(LOWKEY_KIND.into()),
            PING => outgoing.owe(body),
            PONG => outgoing.answered(body),
            0x80.. => (),
            _ => return Err(LOWKEY_KIND.into()),
        }
        incoming.have = 0;
        Ok(())
    }
}
