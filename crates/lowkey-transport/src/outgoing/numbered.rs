//! What waits in an outbox goes out, each message with its number, and what the peer has sent is acknowledged (protocol
//! §7).

use super::{Message, Outgoing};
use crate::error::Error;
use crate::keyed::Keyed;
use crate::limits::Buffer;
use crate::numbered::Outbox;
use crate::numbers::Ack;
use crate::record::Kind;
use core::task::Poll;
use lowkey_core::fill;

impl<B: Buffer> Outgoing<B> {
    /// Releases what is acknowledged, sends what waits, and has it leave. Before the peer has said its first ACK, and
    /// once it has nothing that has not gone out on this connection, there is nothing to send.
    pub(crate) fn send_outbox<M: Buffer>(
        &mut self,
        outbox: &mut Outbox<M>,
        keyed: &mut Keyed,
    ) -> Result<Poll<()>, Error> {
        let settled = outbox.settle(&mut keyed.numbers);
        if self.make_room(keyed)?.is_pending() {
            return Ok(Poll::Pending);
        }
        settled?;
        let (number, sent) = match self.message {
            Message::Numbered(number, sent) => (number, sent),
            _ if !keyed.numbers.is_settled => return self.flush(keyed),
            _ => match outbox.above(keyed.numbers.given) {
                None => return self.flush(keyed),
                Some((number, _)) => (number, 0),
            },
        };
        keyed.goes()?;
        if sent == 0 {
            self.may_begin(keyed)?;
        }
        let Some((_, len)) = number.checked_sub(1).and_then(|below| outbox.above(below)) else {
            return Err(Error::Unfinished); // another outbox than the one that it was begun with
        };
        self.numbered_piece(number, len.saturating_sub(sent), sent, keyed, |start, room| {
            outbox.copy(number, start, room)
        })?;
        Ok(Poll::Pending)
    }

    /// Stages the ACK that is owed.
    pub(super) fn acknowledge(&mut self, keyed: &mut Keyed) -> Result<(), Error> {
        let Ack { number, digest } = keyed.numbers.tell();
        let mut body = [0; 16];
        let (front, back) = body.split_at_mut(size_of::<u64>());
        fill(front, &number.to_be_bytes());
        let len = front.len().saturating_add(fill(back, digest.as_ref().map_or(&[][..], |digest| digest)));
        self.stage(Kind::Ack, body.get(..len).ok_or(Error::Bug)?, keyed)
    }

    /// Stages a piece of a numbered message of which `left` bytes are left behind the first `sent`: all of it with its
    /// number, if that has room.
    fn numbered_piece(
        &mut self,
        number: u64,
        left: usize,
        sent: usize,
        keyed: &mut Keyed,
        copy: impl FnOnce(usize, &mut [u8]) -> usize,
    ) -> Result<(), Error> {
        let room = self.room().ok_or(Error::Bug)?;
        let is_last = left.saturating_add(NUMBER_LEN) <= room.len();
        let front = if is_last { fill(room, &number.to_be_bytes()) } else { 0 };
        let (_, data) = room.split_at_mut_checked(front).ok_or(Error::Bug)?;
        let fits = data.len().min(left);
        let n = copy(sent, data.get_mut(..fits).ok_or(Error::Bug)?);
        if n < fits {
            return Err(Error::Bug);
        }
        if is_last {
            self.message = Message::None;
            keyed.numbers.given = number;
        } else {
            self.message = Message::Numbered(number, sent.saturating_add(n));
        }
        self.seal(if is_last { Kind::Numbered } else { Kind::More }, front.saturating_add(n), keyed)
    }
}

/// Bytes of a number.
const NUMBER_LEN: usize = size_of::<u64>();
