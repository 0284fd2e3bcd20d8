//! KK and KKpsk0: both static keys pinned in advance. One round trip.
//!
//! ```text
//! KK:                       KKpsk0:
//!   -> s                      -> s
//!   <- s                      <- s
//!   ...                       ...
//!   -> e, es, ss              -> psk, e, es, ss
//!   <- e, ee, se              <- e, ee, se
//! ```
//! Noise §7.5 and §9. Each message is 48 bytes and its payload: a key and the payload's tag. With a
//! [`Psk`] it is KKpsk0, without one KK; the two never meet, their protocol names differ.

use crate::engine::{Engine, Remote, Role};
use crate::pattern::{KK, KKPSK0};
use crate::{Entropy, Ephemerals, Error, Identity, Peer, Psk, Session};

/// What both messages add to their payload, in bytes.
pub const OVERHEAD: usize = 48;

fn engine<'k>(
    role: Role,
    identity: &'k Identity,
    peer: &'k Peer,
    psk: Option<&'k Psk>,
    prologue: &[u8],
) -> Engine<'k> {
    let pattern = if psk.is_some() { &KKPSK0 } else { &KK };
    Engine::new(pattern, role, identity, Remote::Pinned(peer), psk, prologue)
}

/// The initiator, before message 1.
pub struct Initiator<'k>(Engine<'k>);

impl<'k> Initiator<'k> {
    /// Begins a handshake as `identity` with the one `peer` it expects.
    pub fn new(identity: &'k Identity, peer: &'k Peer, psk: Option<&'k Psk>, prologue: &[u8]) -> Self {
        Self(engine(Role::Initiator, identity, peer, psk, prologue))
    }

    /// Writes message 1 to the front of `out` and returns its length in bytes.
    ///
    /// It depends on nothing that the peer has sent, so it can be made before there is a connection.
    /// Its payload can be read later by whoever steals the responder's static key.
    ///
    /// # Errors
    /// The attempt is over after any of them:
    /// - [`Error::BufferTooSmall`]: `out` is shorter than the payload and [`OVERHEAD`].
    /// - [`Error::Entropy`], [`Error::Exhausted`]: no ephemeral could be made.
    pub fn write_message_1<E: Entropy>(
        mut self,
        ephemerals: &mut Ephemerals<E>,
        payload: &[u8],
        out: &mut [u8],
    ) -> Result<(AwaitMessage2<'k>, usize), Error> {
        self.0.draw(ephemerals)?;
        let len = self.0.write_message(payload, out)?;
        Ok((AwaitMessage2(self.0), len))
    }
}

/// The initiator, with message 1 on its way.
pub struct AwaitMessage2<'k>(Engine<'k>);

impl AwaitMessage2<'_> {
    /// Reads message 2 in place; returns the session and the payload inside `message`.
    ///
    /// # Errors
    /// The attempt is over after any of them:
    /// - [`Error::Truncated`]: shorter than [`OVERHEAD`].
    /// - [`Error::Decrypt`]: not from the pinned peer for this attempt, or damaged.
    pub fn read_message_2(mut self, message: &mut [u8]) -> Result<(Session, &mut [u8]), Error> {
        let payload = self.0.read_message(message)?;
        Ok((self.0.finish(), payload))
    }
}

/// The responder, before message 1.
pub struct Responder<'k>(Engine<'k>);

impl<'k> Responder<'k> {
    /// Awaits a handshake as `identity` from the one `peer` it expects.
    pub fn new(identity: &'k Identity, peer: &'k Peer, psk: Option<&'k Psk>, prologue: &[u8]) -> Self {
        Self(engine(Role::Responder, identity, peer, psk, prologue))
    }

    /// Reads message 1 in place; returns the next step and the payload inside `message`.
    ///
    /// That it opens does not mean that the peer is there now: it can be a recording.
    ///
    /// # Errors
    /// The attempt is over after any of them:
    /// - [`Error::Truncated`]: shorter than [`OVERHEAD`].
    /// - [`Error::Decrypt`]: not from the pinned peer to us, another PSK or prologue, or damaged.
    pub fn read_message_1(mut self, message: &mut [u8]) -> Result<(SendMessage2<'k>, &mut [u8]), Error> {
        let payload = self.0.read_message(message)?;
        Ok((SendMessage2(self.0), payload))
    }
}

/// The responder, with message 1 read.
pub struct SendMessage2<'k>(Engine<'k>);

impl SendMessage2<'_> {
    /// Writes message 2 to the front of `out`; returns the session and the message's length in bytes.
    ///
    /// # Errors
    /// As [`Initiator::write_message_1`]; the attempt is over.
    pub fn write_message_2<E: Entropy>(
        mut self,
        ephemerals: &mut Ephemerals<E>,
        payload: &[u8],
        out: &mut [u8],
    ) -> Result<(Session, usize), Error> {
        self.0.draw(ephemerals)?;
        let len = self.0.write_message(payload, out)?;
        Ok((self.0.finish(), len))
    }
}
