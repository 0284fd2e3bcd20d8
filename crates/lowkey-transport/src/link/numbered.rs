//! What a link does of numbered messages (protocol §7).

use super::Link;
use super::state::{Phase, State};
use crate::error::Error;
use crate::limits::Buffer;
use crate::numbered::{Acks, Outbox};
use core::task::Poll;
use lowkey_core::numbered::{DIGEST_LEN, Memory};

impl<B: Buffer> Link<'_, B> {
    /// Releases from an outbox what was acknowledged, sends what waits in it, and has it leave. Until the peer's first
    /// ACK has come nothing is sent.
    ///
    /// # Errors
    /// As [`Self::may_begin`]. [`Error::NotAcknowledged`]; [`Error::WentBack`]. [`Error::OutOfTurn`]: the outbox is of
    /// another run than [`Buffers::with_run`](crate::Buffers::with_run) has told. [`Error::Unfinished`]: a message of
    /// another outbox has left in part.
    pub fn send_outbox<M: Memory>(&mut self, outbox: &mut Outbox<M>) -> Result<Poll<()>, Error> {
        self.sends(|outgoing, keyed| outgoing.send_outbox(outbox, keyed))
    }

    /// Opens what has come: `true` if an ACK was among it, which the outbox has heard; `false` if something waits for
    /// [`Self::take`], or the peer has closed.
    ///
    /// # Errors
    /// As [`Self::receive`], and of the outbox as [`Self::send_outbox`].
    pub fn recv_acks<M: Memory>(&mut self, outbox: &mut Outbox<M>) -> Result<Poll<bool>, Error> {
        let waits = self.receive()?.is_ready();
        let is_heard = self.sends(|_, keyed| outbox.settle(&mut keyed.numbers))?;
        Ok(if is_heard || waits { Poll::Ready(is_heard) } else { Poll::Pending })
    }

    /// Says our first ACK: the number and the digest ([`message_digest`](lowkey_core::numbered::message_digest)) of the
    /// last message of the peer's run that is stored; `None`: there is none. Only then it sends. Call it after the
    /// confirmation, once, with what is stored for *this* run: [`Acks::peer_run`].
    ///
    /// # Errors
    /// [`Error::OutOfTurn`]: the peer does not number, we have not said that we acknowledge, or it was said already.
    /// [`Error::NotOpen`], [`Error::Closed`]; or what ended the link. Nothing is said.
    pub fn open_acks(&mut self, last: Option<(u64, [u8; DIGEST_LEN])>) -> Result<(), Error> {
        self.sends(|_, keyed| keyed.open_acks(last))
    }

    /// Acknowledges every message up to this number: they are stored, and the peer forgets them. It goes out before
    /// anything but an owed PONG; a newer one takes the place of one that has not gone.
    ///
    /// # Errors
    /// [`Error::OutOfTurn`]: no message of this number has come, or [`Self::open_acks`] was not called.
    /// [`Error::NotOpen`], [`Error::Closed`]; or what ended the link. Nothing is said.
    pub fn acknowledge(&mut self, number: u64) -> Result<(), Error> {
        self.sends(|_, keyed| keyed.acknowledge(number))
    }

    /// The number of the message whose end was received last; `None` if it had none.
    pub fn number(&self) -> Option<u64> {
        self.asks(|keyed| keyed.numbers.received.number()).flatten()
    }

    /// Where the link stands with numbered messages; nothing is said of them before it is confirmed, as until then the
    /// run may be a recording's.
    pub fn acks(&self) -> Acks {
        match self.state.try_borrow().as_deref() {
            Ok(State::Keyed(Phase::Open, keyed)) => Acks::of(&keyed.numbers),
            _ => Acks::default(),
        }
    }
}
