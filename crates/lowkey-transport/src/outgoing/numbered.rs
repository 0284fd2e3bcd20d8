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
use lowkey_core::numbered::Memory;

impl<B: Buffer> Outgoing<B> {
    /// Releases what is acknowledged, sends what waits, and has it leave. Before the peer has said its first ACK, and
    /// once it has nothing that has not gone out on this connection, there is nothing to send.
    pub(crate) fn send_outbox<M: Memory>(
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
                Some(waiting) => (waiting.number(), 0),
            },
        };
        keyed.goes()?;
        if sent == 0 {
            self.may_begin(keyed)?;
        }
        let waiting = number.checked_sub(1).and_then(|below| outbox.above(below)).ok_or(Error::Unfinished)?; // of another outbox
        let left = waiting.message().get(sent..).unwrap_or_default();
        let (all, max_data) = (waiting.as_bytes(), self.max_data());
        if sent == 0 && all.len() <= max_data || left.is_empty() {
            let end = if sent == 0 { all.len() } else { size_of::<u64>() };
            self.message = Message::None;
            keyed.numbers.given = number;
            self.stage(Kind::Numbered, all.get(..end).ok_or(Error::Bug)?, keyed)?;
        } else {
            let n = left.len().min(max_data);
            self.message = Message::Numbered(number, sent.saturating_add(n));
            self.stage(Kind::More, left.get(..n).ok_or(Error::Bug)?, keyed)?;
        }
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
}
