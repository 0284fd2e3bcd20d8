//! What a link sends (protocol §4): the sending half, on the link's own state.

use super::Link;
use crate::error::Error;
use crate::keyed::Keyed;
use crate::limits::Buffer;
use crate::mailbox::Mailbox;
use crate::outgoing::Outgoing;
use crate::record::Part;
use core::task::Poll;

impl<B: Buffer> Link<'_, B> {
    /// The most data that one record carries, in bytes.
    pub fn max_data(&self) -> usize {
        self.outgoing.max_data()
    }

    /// Whether a message may begin now.
    ///
    /// # Errors
    /// [`Error::NotOpen`]: not confirmed yet, or made for pairing. [`Error::Closed`], [`Error::Unfinished`]; or what
    /// ended the link.
    pub fn may_begin(&mut self) -> Result<(), Error> {
        self.sends(|outgoing, keyed| outgoing.may_begin(keyed))
    }

    /// Sends a message of at most [`Self::max_data`] bytes as one record.
    ///
    /// # Errors
    /// As [`Self::may_begin`], and [`Error::TooLong`]: nothing was sent.
    pub fn send(&mut self, message: &[u8]) -> Result<Poll<()>, Error> {
        self.sends(|outgoing, keyed| outgoing.send(message, keyed))
    }

    /// Sends the front of `bytes`, as much as one record takes, as a part of a message; returns how many bytes. It ends
    /// the message only if that is all of them: until then, send the rest. 0 bytes that do not end it send nothing.
    ///
    /// # Errors
    /// [`Error::NotOpen`], [`Error::Closed`]. [`Error::Unfinished`]: [`Self::send_rest`] has begun, and ends it. Or
    /// what ended the link.
    pub fn send_part(&mut self, bytes: &[u8], part: Part) -> Result<Poll<usize>, Error> {
        self.sends(|outgoing, keyed| outgoing.send_part(bytes, part, keyed))
    }

    /// Sends a message of any length, or the rest of one, and ends it.
    ///
    /// # Errors
    /// [`Error::NotOpen`], [`Error::Closed`]. [`Error::OutOfTurn`]: another `rest` than before, nothing was sent (seen
    /// by its length, and by the bytes of the last fragment that has gone). Or what ended the link.
    pub fn send_rest(&mut self, rest: &[u8]) -> Result<Poll<()>, Error> {
        self.sends(|outgoing, keyed| outgoing.send_rest(rest, keyed))
    }

    /// How many bytes of the rest that [`Self::send_rest`] sends have become records; 0 once all have.
    pub fn sent_of_rest(&self) -> usize {
        self.outgoing.sent_of_rest()
    }

    /// Adds the front of `bytes` to the record that is being gathered; returns how many. It becomes a record, a message
    /// of its own, when it is full and when anything else is sent or flushed. Until then it lies in the outgoing
    /// buffer, in the clear.
    ///
    /// # Errors
    /// As [`Self::may_begin`]: nothing was added.
    pub fn write(&mut self, bytes: &[u8]) -> Result<Poll<usize>, Error> {
        self.sends(|outgoing, keyed| outgoing.write(bytes, keyed))
    }

    /// Sends a PING of 0 to 32 bytes; an empty one is not answered.
    ///
    /// # Errors
    /// [`Error::NotOpen`], [`Error::Closed`], [`Error::TooLong`], [`Error::PingPending`]: nothing was sent. Or what
    /// ended the link.
    pub fn ping(&mut self, body: &[u8]) -> Result<Poll<()>, Error> {
        self.sends(|outgoing, keyed| outgoing.ping(body, keyed))
    }

    /// Whether the PONG for our last PING has not come yet. After the peer's CLOSE none comes.
    pub fn awaits_pong(&self) -> bool {
        self.asks(Keyed::is_asking).unwrap_or(false)
    }

    /// Sends what waits in a mailbox, and has it leave; returns how many messages of mailboxes have left on this link
    /// since the last `Ready`.
    ///
    /// # Errors
    /// As [`Self::may_begin`]. [`Error::Unfinished`]: a message of another mailbox has left in part.
    /// [`Error::OutOfTurn`]: another link is amid this mailbox's message, or as many mailboxes as may be have one on
    /// its way. Messages that have not left to their last byte stay in the mailbox.
    pub fn deliver<const LEN: usize, const N: usize>(
        &mut self,
        mailbox: &Mailbox<LEN, N>,
    ) -> Result<Poll<usize>, Error> {
        self.sends(|outgoing, keyed| outgoing.deliver(mailbox, keyed))
    }

    /// `Ready` once the stream has taken everything, what was gathered as well, and has handed it on.
    ///
    /// # Errors
    /// What ended the link.
    pub fn flush(&mut self) -> Result<Poll<()>, Error> {
        let all_taken = self.unsent()?.is_empty();
        Ok(if all_taken && !self.is_unflushed() { Poll::Ready(()) } else { Poll::Pending })
    }

    /// Ends our direction, once; nothing can be sent afterwards. What is unsent leaves first, then our CLOSE:
    /// both are still to be written. In a pairing it refuses the peer: when it has left, [`Self::step`] gives
    /// [`Error::Declined`].
    ///
    /// # Errors
    /// [`Error::NotOpen`]: the handshake is not over, or a responder awaits the initiator's confirmation: in a pairing
    /// it has said that the key is welcome, and does not take that back. Or what ended the link.
    pub fn close(&mut self) -> Result<(), Error> {
        let keyed = self.state.get_mut().closable()?;
        let closed = self.outgoing.close(keyed);
        self.or_end(closed)
    }

    pub(super) fn sends<T>(
        &mut self,
        call: impl FnOnce(&mut Outgoing<B>, &mut Keyed) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let Self { outgoing, state, .. } = self;
        let sent = state.get_mut().open().and_then(|keyed| call(outgoing, keyed));
        self.or_end(sent)
    }
}
