//! What a link receives (protocol §4): the receiving half, on the link's own state.

use super::Link;
use super::state::{Phase, State};
use crate::error::Error;
use crate::incoming::Incoming;
use crate::keyed::Keyed;
use crate::limits::Buffer;
use crate::record::{Fragment, Part};
use core::task::Poll;

impl<B: Buffer> Link<'_, B> {
    /// Opens what has come: `Some` if a fragment waits to be taken, `None` after the peer's CLOSE. A PONG may have come
    /// to be owed.
    ///
    /// # Errors
    /// The link is over: [`Error::Record`], [`Error::Kind`], [`Error::FrameTooShort`], [`Error::Truncated`],
    /// [`Error::MessageTooLong`]; or what ended it before. [`Error::NotOpen`]: the handshake is not over.
    pub fn receive(&mut self) -> Result<Poll<Option<Part>>, Error> {
        if let State::Keyed(Phase::Settling(_, hear), _) = self.state.get_mut() {
            let hear = *hear; // nothing is received in a pairing but its end
            let heard = hear(self);
            self.or_end(heard)?;
        }
        if let State::Keyed(Phase::Settling(..), keyed) = self.state.get_mut() {
            return Ok(if keyed.is_peer_closed { Poll::Ready(None) } else { Poll::Pending });
        }
        self.receives(Incoming::receive)
    }

    /// The fragment that waits, or what is left of it; afterwards it does not wait any more.
    pub fn take(&mut self) -> Option<Fragment<'_>> {
        self.incoming.take()
    }

    /// Copies what has come to the front of `out`, as a stream without messages; returns how many bytes. 0 is the
    /// peer's CLOSE, or an empty `out`.
    ///
    /// # Errors
    /// As [`Self::receive`].
    pub fn read(&mut self, out: &mut [u8]) -> Result<Poll<usize>, Error> {
        self.receives(|incoming, keyed| incoming.read(out, keyed))
    }

    /// Adds what has come to the message at the front of `message`; gives the message's length in bytes once it is
    /// whole, `None` after the peer's CLOSE. What was added before must still be there; a fragment that was taken in
    /// another way is left out, and what comes behind it is added at the front again.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`]: repeat with a larger buffer that begins with the same bytes. Others as
    /// [`Self::receive`].
    pub fn recv_message(&mut self, message: &mut [u8]) -> Result<Poll<Option<usize>>, Error> {
        self.receives(|incoming, keyed| incoming.recv_message(message, keyed))
    }

    fn receives<T>(
        &mut self,
        call: impl FnOnce(&mut Incoming<B>, &mut Keyed) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let Self { incoming, state, .. } = self;
        let received = state.get_mut().open().and_then(|keyed| call(incoming, keyed));
        self.or_end(received)
    }
}
