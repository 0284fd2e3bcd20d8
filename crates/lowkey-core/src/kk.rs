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
use crate::entropy::{Entropy, Ephemerals};
use crate::error::Error;
use crate::keys::{Identity, Peer, Psk};
use crate::pattern::{BOTH, KK, KKPSK0};
use crate::session::Session;
pub use crate::storage::{Owned, State, Storage, Stored};
use core::marker::PhantomData;

/// What both messages add to their payload, in bytes.
pub const OVERHEAD: usize = 48;

fn engine<'k>(role: Role, identity: &'k Identity, peer: &'k Peer, psk: Option<&'k Psk>) -> Engine<'k> {
    let pattern = if psk.is_some() { &KKPSK0 } else { &KK };
    Engine::new(pattern, role, identity, Remote::Pinned(peer), psk)
}

/// The initiator, before message 1.
pub struct Initiator<'k, S = Owned<'k>>(S, PhantomData<&'k Identity>);

impl<'k> Initiator<'k> {
    /// Begins a handshake as `identity` with the one `peer` it expects.
    pub fn new(identity: &'k Identity, peer: &'k Peer, psk: Option<&'k Psk>, prologue: &[u8]) -> Self {
        Self(Owned::new(engine(Role::Initiator, identity, peer, psk), prologue), PhantomData)
    }
}

impl<'p, 'k> Initiator<'k, Stored<'p, 'k>> {
    /// [`new`](Self::new) with its state in `storage`.
    #[inline(never)] // the engine on its way there lies in no frame beneath the next step's
    pub fn new_in(
        storage: &'p mut Storage<'k>,
        identity: &'k Identity,
        peer: &'k Peer,
        psk: Option<&'k Psk>,
        prologue: &[u8],
    ) -> Self {
        Self(Stored::new(storage, engine(Role::Initiator, identity, peer, psk), prologue), PhantomData)
    }
}

impl<'k, S: State<'k>> Initiator<'k, S> {
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
    ) -> Result<(AwaitMessage2<'k, S>, usize), Error> {
        let engine = self.0.engine();
        engine.draw(ephemerals)?;
        let len = engine.write_message(payload, out)?;
        Ok((AwaitMessage2(self.0, PhantomData), len))
    }
}

/// The initiator, with message 1 on its way.
pub struct AwaitMessage2<'k, S = Owned<'k>>(S, PhantomData<&'k Identity>);

impl<'p, 'k> AwaitMessage2<'k, Stored<'p, 'k>> {
    /// Leaves the attempt in its storage until [`resume`](Self::resume).
    pub fn park(self) {
        self.0.park();
    }

    /// Goes on with the attempt that was parked in `storage`; `None` if it holds none that awaits message 2 of KK, or one
    /// that was given up since.
    pub fn resume(storage: &'p mut Storage<'k>) -> Option<Self> {
        Stored::resume(storage, Role::Initiator, BOTH, 1).map(|state| Self(state, PhantomData))
    }
}

impl<'k, S: State<'k>> AwaitMessage2<'k, S> {
    /// Reads message 2 in place; returns the session and the payload inside `message`.
    ///
    /// # Errors
    /// The attempt is over after any of them:
    /// - [`Error::Truncated`]: shorter than [`OVERHEAD`].
    /// - [`Error::BufferTooSmall`]: longer than 65,535 bytes.
    /// - [`Error::Decrypt`]: not from the pinned peer for this attempt, or damaged.
    pub fn read_message_2(mut self, message: &mut [u8]) -> Result<(Session, &mut [u8]), Error> {
        let engine = self.0.engine();
        let payload = engine.read_message(message)?;
        Ok((engine.finish(), payload))
    }
}

/// The responder, before message 1.
pub struct Responder<'k, S = Owned<'k>>(S, PhantomData<&'k Identity>);

impl<'k> Responder<'k> {
    /// Awaits a handshake as `identity` from the one `peer` it expects.
    pub fn new(identity: &'k Identity, peer: &'k Peer, psk: Option<&'k Psk>, prologue: &[u8]) -> Self {
        Self(Owned::new(engine(Role::Responder, identity, peer, psk), prologue), PhantomData)
    }
}

impl<'p, 'k> Responder<'k, Stored<'p, 'k>> {
    /// [`new`](Self::new) with its state in `storage`.
    #[inline(never)] // as `Initiator::new_in`
    pub fn new_in(
        storage: &'p mut Storage<'k>,
        identity: &'k Identity,
        peer: &'k Peer,
        psk: Option<&'k Psk>,
        prologue: &[u8],
    ) -> Self {
        Self(Stored::new(storage, engine(Role::Responder, identity, peer, psk), prologue), PhantomData)
    }
}

impl<'k, S: State<'k>> Responder<'k, S> {
    /// Reads message 1 in place; returns the next step and the payload inside `message`.
    ///
    /// That it opens does not mean that the peer is there now: it can be a recording.
    ///
    /// # Errors
    /// The attempt is over after any of them:
    /// - [`Error::Truncated`]: shorter than [`OVERHEAD`].
    /// - [`Error::BufferTooSmall`]: longer than 65,535 bytes.
    /// - [`Error::Decrypt`]: not from the pinned peer to us, another PSK or prologue, or damaged.
    pub fn read_message_1(mut self, message: &mut [u8]) -> Result<(SendMessage2<'k, S>, &mut [u8]), Error> {
        let payload = self.0.engine().read_message(message)?;
        Ok((SendMessage2(self.0, PhantomData), payload))
    }
}

/// The responder, with message 1 read.
pub struct SendMessage2<'k, S = Owned<'k>>(S, PhantomData<&'k Identity>);

impl<'k, S: State<'k>> SendMessage2<'k, S> {
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
        let engine = self.0.engine();
        engine.draw(ephemerals)?;
        let len = engine.write_message(payload, out)?;
        Ok((engine.finish(), len))
    }
}
