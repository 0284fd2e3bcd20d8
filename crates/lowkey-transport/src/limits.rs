//! Sizes on the wire, in bytes (protocol §1, §4), and the limits that a side sets for itself.

use crate::error::Error;
#[cfg(feature = "numbered")]
use crate::numbers::Received;
use crate::numbers::Shown;
use core::ops::DerefMut;
#[cfg(feature = "numbered")]
use lowkey_core::numbered::RunId;

/// A frame's length field.
pub(crate) const HEADER: usize = 2;
/// What a record adds to the data it carries inside its frame: the kind and the tag.
pub const RECORD_OVERHEAD: usize = 1 + lowkey_core::TAG_LEN;
/// The longest body of a handshake frame; every receiver takes that many, whatever its `max_frame`.
pub const MAX_HANDSHAKE_FRAME: usize = 160;
/// The smallest `max_frame` that may be announced.
pub const MIN_MAX_FRAME: u16 = 64;
/// The longest body of a PING or PONG.
pub const MAX_PING: usize = 32;
/// The smallest buffer for incoming frames: one handshake frame's body.
pub const MIN_INCOMING: usize = MAX_HANDSHAKE_FRAME;
/// The smallest buffer for outgoing frames: one handshake frame with its length.
pub const MIN_OUTGOING: usize = HEADER + MAX_HANDSHAKE_FRAME;

/// Memory that the caller lends or gives to a link: `&mut [u8]` on a device, `Vec<u8>` on a host.
pub trait Buffer: DerefMut<Target = [u8]> {}
impl<B: DerefMut<Target = [u8]>> Buffer for B {}

/// The memory of a link, and what it takes from the peer.
#[derive(Debug)]
pub struct Buffers<B> {
    pub(crate) incoming: B,
    pub(crate) outgoing: B,
    pub(crate) max_frame: u16,
    pub(crate) max_message: usize,
    pub(crate) shown: Shown,
}

impl<B: Buffer> Buffers<B> {
    /// Uses `incoming` (at least [`MIN_INCOMING`] bytes) and `outgoing` (at least [`MIN_OUTGOING`]).
    ///
    /// `max_frame`, which is announced to the peer, is the length of `incoming`; what we send is
    /// limited by the length of `outgoing` less 2 and by the peer's `max_frame`. Messages may be of
    /// any length.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`]: one of them is shorter than that.
    pub fn new(incoming: B, outgoing: B) -> Result<Self, Error> {
        if incoming.len() < MIN_INCOMING || outgoing.len() < MIN_OUTGOING {
            return Err(Error::BufferTooSmall);
        }
        let max_frame = u16::try_from(incoming.len()).unwrap_or(u16::MAX);
        Ok(Self { incoming, outgoing, max_frame, max_message: usize::MAX, shown: Shown::new() })
    }

    /// Announces a smaller `max_frame`; it is held between [`MIN_MAX_FRAME`] and what the buffer takes.
    #[must_use]
    pub fn with_max_frame(mut self, max_frame: u16) -> Self {
        self.max_frame = self.max_frame.min(max_frame.max(MIN_MAX_FRAME));
        self
    }

    /// Ends the channel when the peer's message grows longer than this many bytes.
    #[must_use]
    pub fn with_max_message(mut self, max_message: usize) -> Self {
        self.max_message = max_message;
        self
    }

    /// Tells the peer that messages of ours may be numbered, of this run (protocol §7): those of an
    /// [`Outbox`](crate::Outbox).
    #[cfg(feature = "numbered")]
    #[must_use]
    pub fn with_run(mut self, run: RunId) -> Self {
        self.shown.set_run(run);
        self
    }

    /// Tells the peer that we acknowledge its numbered messages (protocol §7): once they are stored, and not before.
    #[cfg(feature = "numbered")]
    #[must_use]
    pub fn with_acks(mut self) -> Self {
        self.shown.set_acks(Received::take_in);
        self
    }
}
