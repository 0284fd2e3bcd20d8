//! What a device receives: frames in, pieces of messages out (protocol §1, §4).

use super::{
    CLOSE, DATA, HEADER, MAX_PING, MORE, Machine, Ours, PING, PONG, Phase, Piece, RECORD_OVERHEAD, of_record,
};
use crate::event::lowkey_event::{self, *};
use crate::kk::fill;
use crate::raw::Failure;
use crate::status::lowkey_status::*;

impl Machine {
    /// Where the next bytes of the stream go; empty while a whole frame waits.
    pub(in crate::kk) fn space(&mut self) -> &mut [u8] {
        let end = self.frame_len();
        match self.now.have.checked_sub(HEADER) {
            None => self.now.header.get_mut(self.now.have..).unwrap_or_default(),
            Some(start) => self.setup.incoming.get_mut(start..end).unwrap_or_default(),
        }
    }

    /// Takes bytes of the stream, up to the end of a frame; how many.
    pub(in crate::kk) fn feed(&mut self, bytes: &[u8]) -> Result<usize, Failure> {
        let mut rest = bytes;
        loop {
            let n = fill(self.space(), rest);
            if n == 0 {
                return Ok(bytes.len().wrapping_sub(rest.len()));
            }
            self.filled(n)?;
            rest = rest.get(n..).unwrap_or_default();
        }
    }

    /// So many bytes of the stream, at least one, were put into the space.
    #[inline(never)] // once, for its three callers
    pub(in crate::kk) fn filled(&mut self, n: usize) -> Result<(), Failure> {
        let now = &mut self.now;
        if now.is_peer_closed {
            return Err(LOWKEY_AFTER_CLOSE.into());
        }
        now.have = now.have.wrapping_add(n); // at most to the frame's end
        if now.have == HEADER {
            match u16::from_be_bytes(now.header) {
                0 => return Err(LOWKEY_EMPTY_FRAME.into()),
                len if len > now.limit => return Err(LOWKEY_FRAME_TOO_LONG.into()),
                _ => (),
            }
        }
        Ok(())
    }

    /// The stream has ended.
    #[inline(never)] // once, for its two callers
    pub(in crate::kk) fn hung_up(&mut self) -> Result<(), Failure> {
        match self.now.phase {
            _ if self.now.is_peer_closed => Ok(()),
            Phase::Asking => Err(LOWKEY_HUNG_UP.into()),
            _ => Err(LOWKEY_TRUNCATED.into()),
        }
    }

    /// Opens what has come; only of a piece that waits there is more than one frame.
    pub(in crate::kk) fn receive(&mut self) -> Result<(), Failure> {
        let waits = self.now.piece != Piece::None || self.now.is_peer_closed;
        if waits || !self.is_full() { Ok(()) } else { self.open() }
    }

    /// What has come.
    pub(super) fn received(&self) -> lowkey_event {
        match self.now.piece {
            Piece::None if self.now.is_peer_closed => LOWKEY_EVENT_END,
            Piece::None => LOWKEY_EVENT_READ,
            _ => LOWKEY_EVENT_DATA,
        }
    }

    /// Lets go of the piece that waits: whether its message ends with it; `None` if there is none.
    pub(in crate::kk) fn take(&mut self) -> Option<bool> {
        let is_last = match self.now.piece {
            Piece::None => return None,
            piece => piece == Piece::Last,
        };
        self.now.piece = Piece::None;
        (self.now.have, self.now.assembled) = (0, 0);
        Some(is_last)
    }

    /// The piece that waits, or that was let go last: it stays until something comes.
    pub(in crate::kk) fn piece(&self) -> &[u8] {
        self.setup.incoming.get(1..self.now.piece_end).unwrap_or_default()
    }

    /// Adds the piece that waits to the message at the front of `message`; the message's length once it is whole.
    pub(in crate::kk) fn assemble(&mut self, message: &mut [u8]) -> Result<Option<usize>, Failure> {
        let so_far = self.now.assembled;
        let end = so_far.wrapping_add(self.piece().len()); // both are in memory
        fill(message.get_mut(so_far..end).ok_or(LOWKEY_BUFFER_TOO_SMALL)?, self.piece());
        if self.take() == Some(true) {
            return Ok(Some(end));
        }
        self.now.assembled = end;
        Ok(None)
    }

    pub(super) fn is_full(&self) -> bool {
        self.now.have == self.frame_len().wrapping_add(HEADER)
    }

    pub(super) fn frame_len(&self) -> usize {
        usize::from(u16::from_be_bytes(self.now.header))
    }

    /// Opens the record that has come and does what its kind says.
    fn open(&mut self) -> Result<(), Failure> {
        let len = self.frame_len();
        let Self { now, setup, keys, owed, asked, .. } = self;
        let frame = setup.incoming.get_mut(..len).filter(|frame| frame.len() >= RECORD_OVERHEAD);
        let frame = frame.ok_or(LOWKEY_FRAME_TOO_SHORT)?; // longer than the buffer none can be: `now.limit`
        let text = keys.open(frame).map_err(of_record)?;
        let end = text.len();
        let (kind, body) = text.split_first().ok_or(LOWKEY_RECORD)?; // it has one
        match *kind {
            kind @ (DATA | MORE) => {
                let so_far = if now.in_message { now.message_len } else { 0 };
                now.message_len = so_far.saturating_add(body.len());
                if now.message_len > setup.max_message {
                    return Err(LOWKEY_MESSAGE_TOO_LONG.into());
                }
                now.in_message = kind != DATA;
                now.piece = if kind == DATA { Piece::Last } else { Piece::More };
                now.piece_end = end;
                return Ok(());
            }
            CLOSE if now.in_message => return Err(LOWKEY_TRUNCATED.into()),
            CLOSE => {
                now.is_peer_closed = true;
                keys.stop_opening();
            }
            PING if body.len() > MAX_PING => return Err(LOWKEY_KIND.into()),
            // An empty one asks for nothing, and after our CLOSE none is answered.
            PING if !body.is_empty() && now.ours == Ours::Goes => {
                now.owed_len = fill(owed, body);
            }
            PING => (),
            // One that was not asked for is ignored, and so is another than that.
            PONG if now.asked_len == body.len()
                && asked.iter().zip(body).all(|(asked, came)| asked == came) =>
            {
                now.asked_len = 0;
            }
            PONG => (),
            0x80.. => {
                if let Some(numbered) = self.numbered {
                    return numbered(self);
                }
            }
            _ => return Err(LOWKEY_KIND.into()),
        }
        self.now.have = 0;
        Ok(())
    }
}
