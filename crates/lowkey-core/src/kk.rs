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

mod device;

pub use device::{Device, MESSAGE_1_LEN, Numbers, Pinned};

use crate::engine::{Engine, Role, Side};
use crate::entropy::{Entropy, Ephemerals};
use crate::error::Error;
use crate::keys::{Identity, Peer, Psk};
use crate::pattern::{BOTH, KK, KKPSK0};
use crate::session::Session;
use crate::storage::sealed::State as _;
pub use crate::storage::{Owned, State, Storage, Stored};
use crate::storage::{begins, waits};
use lowkey_crypto::PublicKey;

/// What both messages add to their payload, in bytes.
pub const OVERHEAD: usize = 48;

/// The initiator, before message 1.
pub struct Initiator<S>(S);

begins!(
    /// Begins a handshake as `identity` with the one `peer` it expects.
    Initiator(identity, peer), Role::Initiator, None, Some(peer)
);

impl<S: State> Initiator<S> {
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
    ) -> Result<(AwaitMessage2<S>, usize), Error> {
        let len = self.0.write(ephemerals, payload, out)?;
        Ok((AwaitMessage2(self.0), len))
    }
}

/// The initiator, with message 1 on its way.
pub struct AwaitMessage2<S>(S);

waits!(AwaitMessage2, Role::Initiator, BOTH, 1, "message 2 of KK,");

impl<S: State> AwaitMessage2<S> {
    /// Reads message 2 in place; returns the session and the payload inside `message`.
    ///
    /// # Errors
    /// The attempt is over after any of them:
    /// - [`Error::Truncated`]: shorter than [`OVERHEAD`].
    /// - [`Error::BufferTooSmall`]: longer than 65,535 bytes.
    /// - [`Error::Decrypt`]: not from the pinned peer for this attempt, or damaged.
    pub fn read_message_2(mut self, message: &mut [u8]) -> Result<(Session, &mut [u8]), Error> {
        let payload = self.0.read(message)?;
        Ok((self.0.finish(), payload))
    }
}

impl<'p, 'k> AwaitMessage2<Stored<'p, 'k>> {
    /// [`read_message_2`](Self::read_message_2) with the session still to be made: it is moved once less when it is made
    /// where it is needed.
    ///
    /// # Errors
    /// As [`read_message_2`](Self::read_message_2).
    pub fn agree<'m>(mut self, message: &'m mut [u8]) -> Result<(Agreed<'p, 'k>, &'m mut [u8]), Error> {
        let payload = self.0.read(message)?;
        Ok((Agreed(self.0), payload))
    }
}

/// The initiator, with message 2 read and its state still in its storage.
pub struct Agreed<'p, 'k>(Stored<'p, 'k>);

impl Agreed<'_, '_> {
    /// The static key of the peer that took part: the pinned one.
    pub fn peer_key(&self) -> Option<PublicKey> {
        self.0.peer_key()
    }

    /// `Split()` (Noise §5.2): the session. The storage is free.
    pub fn split(mut self) -> Session {
        self.0.finish()
    }
}

/// The responder, before message 1.
pub struct Responder<S>(S);

begins!(
    /// Awaits a handshake as `identity` from the one `peer` it expects.
    Responder(identity, peer), Role::Responder, None, Some(peer)
);

impl<S: State> Responder<S> {
    /// Reads message 1 in place; returns the next step and the payload inside `message`.
    ///
    /// That it opens does not mean that the peer is there now: it can be a recording.
    ///
    /// # Errors
    /// As [`AwaitMessage2::read_message_2`]; [`Error::Decrypt`] stands for another PSK or prologue as well.
    pub fn read_message_1(mut self, message: &mut [u8]) -> Result<(SendMessage2<S>, &mut [u8]), Error> {
        let payload = self.0.read(message)?;
        Ok((SendMessage2(self.0), payload))
    }
}

/// The responder, with message 1 read.
pub struct SendMessage2<S>(S);

impl<S: State> SendMessage2<S> {
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
        let len = self.0.write(ephemerals, payload, out)?;
        Ok((self.0.finish(), len))
    }
}

fn side(role: Role, psk: Option<&Psk>) -> Side {
    Side(role, if psk.is_some() { &KKPSK0 } else { &KK })
}
