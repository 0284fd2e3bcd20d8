//! What waits in an outbox goes out, each message with its number, and what the peer has sent is acknowledged (protocol
//! §7).

use super::{Message, Outgoing};
use crate::error::Error;
use crate::keyed::Keyed;
use crate::limits::Buffer;
use crate::numbered::Outbox;
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
        outbox.settle(&mut keyed.numbers)?;
        if self.make_room(keyed)?.is_pending() {
            return Ok(Poll::Pending);
        }
        let waiting = if keyed.numbers.is_settled() { outbox.above(keyed.numbers.given) } else { None };
        let number = waiting.map_or(0, |waiting| waiting.number());
        let sent = match self.message {
            Message::Numbered(begun, sent) if begun == number => sent,
            Message::Numbered(..) => return Err(Error::Unfinished), // of another outbox
            _ => 0,
        };
        let Some(waiting) = waiting else {
            return Ok(if self.outlet.is_unflushed() { Poll::Pending } else { Poll::Ready(()) });
        };
        keyed.goes()?;
        if sent == 0 && self.message.has_begun() {
            return Err(Error::Unfinished);
        }
        let room = self.room().ok_or(Error::Bug)?;
        let (all, left) = (waiting.as_bytes(), waiting.message().get(sent..).unwrap_or_default());
        let (kind, bytes) = match left {
            _ if sent == 0 && all.len() <= room.len() => (Kind::Numbered, all),
            [] => (Kind::Numbered, all.get(..size_of::<u64>()).unwrap_or_default()),
            left => (Kind::More, left),
        };
        let n = fill(room, bytes);
        self.message = Message::Numbered(number, sent.saturating_add(n));
        if kind == Kind::Numbered {
            (self.message, keyed.numbers.given) = (Message::None, number);
        }
        self.seal(kind, n, keyed)?;
        Ok(Poll::Pending)
    }
}
