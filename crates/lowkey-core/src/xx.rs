//! XX and XXpsk0: no static key known in advance; both are sent and proven. One and a half round trips.
//!
//! ```text
//! XX:                       XXpsk0:
//!   -> e                      -> psk, e
//!   <- e, ee, s, es           <- e, ee, s, es
//!   -> s, se                  -> s, se
//! ```
//! Noise §7.5 and §9. XX alone proves keys, not people: whoever answers has proven *its* key. The
//! [`Claim`] at the end is for somebody to judge. With a [`Psk`] it is XXpsk0, without one XX.

use crate::engine::{Engine, Remote, Role};
use crate::entropy::{Entropy, Ephemerals};
use crate::error::Error;
use crate::keys::{Identity, Psk};
use crate::pattern::{NEITHER, XX, XXPSK0};
use crate::session::Claim;
pub use crate::storage::{Owned, State, Storage, Stored};
use core::marker::PhantomData;

fn engine<'k>(role: Role, identity: &'k Identity, psk: Option<&'k Psk>) -> Engine<'k> {
    let pattern = if psk.is_some() { &XXPSK0 } else { &XX };
    Engine::new(pattern, role, identity, Remote::Unknown, psk).sending_statics()
}

fn claim(engine: &mut Engine<'_>) -> Result<Claim, Error> {
    let rs = *engine.rs()?;
    Ok(Claim::new(engine.finish(), rs))
}

/// The initiator, before message 1.
pub struct Initiator<'k, S = Owned<'k>>(S, PhantomData<&'k Identity>);

impl<'k> Initiator<'k> {
    /// Begins a handshake as `identity` with whoever answers (XXpsk0: whoever knows the PSK).
    pub fn new(identity: &'k Identity, psk: Option<&'k Psk>, prologue: &[u8]) -> Self {
        Self(Owned::new(engine(Role::Initiator, identity, psk), prologue), PhantomData)
    }
}

impl<'p, 'k> Initiator<'k, Stored<'p, 'k>> {
    /// [`new`](Self::new) with its state in `storage`.
    #[inline(never)] // as `kk::Initiator::new_in`
    pub fn new_in(
        storage: &'p mut Storage<'k>,
        identity: &'k Identity,
        psk: Option<&'k Psk>,
        prologue: &[u8],
    ) -> Self {
        Self(Stored::new(storage, engine(Role::Initiator, identity, psk), prologue), PhantomData)
    }
}

impl<'k, S: State<'k>> Initiator<'k, S> {
    /// Writes message 1 to the front of `out` and returns its length: 32 bytes and the payload,
    /// with a PSK 16 more. Without a PSK the payload is in the clear.
    ///
    /// # Errors
    /// The attempt is over after any of them:
    /// - [`Error::BufferTooSmall`]: `out` is too short for that.
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

    /// Goes on with the attempt that was parked in `storage`; `None` if it holds none that awaits message 2 of XX, or one
    /// that was given up since.
    pub fn resume(storage: &'p mut Storage<'k>) -> Option<Self> {
        Stored::resume(storage, Role::Initiator, NEITHER, 1).map(|state| Self(state, PhantomData))
    }
}

impl<'k, S: State<'k>> AwaitMessage2<'k, S> {
    /// Reads message 2 in place; returns the next step and the payload inside `message`.
    ///
    /// # Errors
    /// The attempt is over after any of them:
    /// - [`Error::Truncated`]: shorter than 96 bytes.
    /// - [`Error::BufferTooSmall`]: longer than 65,535 bytes.
    /// - [`Error::Decrypt`]: damaged, or the sender does not know the PSK.
    /// - [`Error::OwnKey`]: the key it claims is ours; our own message came back.
    pub fn read_message_2(mut self, message: &mut [u8]) -> Result<(SendMessage3<'k, S>, &mut [u8]), Error> {
        let payload = self.0.engine().read_message(message)?;
        Ok((SendMessage3(self.0, PhantomData), payload))
    }
}

/// The initiator, with message 2 read.
pub struct SendMessage3<'k, S = Owned<'k>>(S, PhantomData<&'k Identity>);

impl<'k, S: State<'k>> SendMessage3<'k, S> {
    /// Writes message 3 to the front of `out`; returns the claim and the length: 64 bytes and the payload.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`]: `out` is too short for that; the attempt is over.
    pub fn write_message_3(mut self, payload: &[u8], out: &mut [u8]) -> Result<(Claim, usize), Error> {
        let engine = self.0.engine();
        let len = engine.write_message(payload, out)?;
        Ok((claim(engine)?, len))
    }
}

/// The responder, before message 1.
pub struct Responder<'k, S = Owned<'k>>(S, PhantomData<&'k Identity>);

impl<'k> Responder<'k> {
    /// Awaits a handshake as `identity` from anybody (XXpsk0: anybody who knows the PSK).
    pub fn new(identity: &'k Identity, psk: Option<&'k Psk>, prologue: &[u8]) -> Self {
        Self(Owned::new(engine(Role::Responder, identity, psk), prologue), PhantomData)
    }
}

impl<'p, 'k> Responder<'k, Stored<'p, 'k>> {
    /// [`new`](Self::new) with its state in `storage`.
    #[inline(never)] // as `kk::Initiator::new_in`
    pub fn new_in(
        storage: &'p mut Storage<'k>,
        identity: &'k Identity,
        psk: Option<&'k Psk>,
        prologue: &[u8],
    ) -> Self {
        Self(Stored::new(storage, engine(Role::Responder, identity, psk), prologue), PhantomData)
    }
}

impl<'k, S: State<'k>> Responder<'k, S> {
    /// Reads message 1 in place; returns the next step and the payload inside `message`.
    ///
    /// # Errors
    /// The attempt is over after any of them:
    /// - [`Error::Truncated`]: shorter than 32 bytes, with a PSK 48.
    /// - [`Error::BufferTooSmall`]: longer than 65,535 bytes.
    /// - [`Error::Decrypt`]: only with a PSK: the sender does not know it, or the message is damaged.
    pub fn read_message_1(mut self, message: &mut [u8]) -> Result<(SendMessage2<'k, S>, &mut [u8]), Error> {
        let payload = self.0.engine().read_message(message)?;
        Ok((SendMessage2(self.0, PhantomData), payload))
    }
}

/// The responder, with message 1 read.
pub struct SendMessage2<'k, S = Owned<'k>>(S, PhantomData<&'k Identity>);

impl<'k, S: State<'k>> SendMessage2<'k, S> {
    /// Writes message 2 to the front of `out` and returns its length: 96 bytes and the payload.
    ///
    /// # Errors
    /// As [`Initiator::write_message_1`]; the attempt is over.
    pub fn write_message_2<E: Entropy>(
        mut self,
        ephemerals: &mut Ephemerals<E>,
        payload: &[u8],
        out: &mut [u8],
    ) -> Result<(AwaitMessage3<'k, S>, usize), Error> {
        let engine = self.0.engine();
        engine.draw(ephemerals)?;
        let len = engine.write_message(payload, out)?;
        Ok((AwaitMessage3(self.0, PhantomData), len))
    }
}

/// The responder, with message 2 on its way.
pub struct AwaitMessage3<'k, S = Owned<'k>>(S, PhantomData<&'k Identity>);

impl<'p, 'k> AwaitMessage3<'k, Stored<'p, 'k>> {
    /// Leaves the attempt in its storage until [`resume`](Self::resume).
    pub fn park(self) {
        self.0.park();
    }

    /// Goes on with the attempt that was parked in `storage`; `None` if it holds none that awaits message 3 of XX, or one
    /// that was given up since.
    pub fn resume(storage: &'p mut Storage<'k>) -> Option<Self> {
        Stored::resume(storage, Role::Responder, NEITHER, 2).map(|state| Self(state, PhantomData))
    }
}

impl<'k, S: State<'k>> AwaitMessage3<'k, S> {
    /// Reads message 3 in place; returns the claim and the payload inside `message`.
    ///
    /// # Errors
    /// As [`AwaitMessage2::read_message_2`], with 64 bytes; the attempt is over.
    pub fn read_message_3(mut self, message: &mut [u8]) -> Result<(Claim, &mut [u8]), Error> {
        let engine = self.0.engine();
        let payload = engine.read_message(message)?;
        Ok((claim(engine)?, payload))
    }
}
