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

use crate::engine::{Engine, Role, STATICS, Side};
use crate::entropy::{Entropy, Ephemerals};
use crate::error::Error;
use crate::keys::{Identity, Psk};
use crate::pattern::{NEITHER, XX, XXPSK0};
use crate::session::Claim;
pub use crate::storage::{Owned, State, Storage, Stored};
use crate::storage::{begins, waits};

/// The initiator, before message 1.
pub struct Initiator<S>(S);

begins!(
    /// Begins a handshake as `identity` with whoever answers (XXpsk0: whoever knows the PSK).
    Initiator(identity), Role::Initiator, Some(&STATICS), None
);

impl<S: State> Initiator<S> {
    /// Writes message 1 to the front of `out` and returns its length: 32 bytes and the payload, with a PSK 16 more.
    /// Without a PSK the payload is in the clear.
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
    ) -> Result<(AwaitMessage2<S>, usize), Error> {
        let len = self.0.write(ephemerals, payload, out)?;
        Ok((AwaitMessage2(self.0), len))
    }
}

/// The initiator, with message 1 on its way.
pub struct AwaitMessage2<S>(S);

waits!(AwaitMessage2, Role::Initiator, NEITHER, 1, "message 2 of XX,");

impl<S: State> AwaitMessage2<S> {
    /// Reads message 2 in place; returns the next step and the payload inside `message`.
    ///
    /// # Errors
    /// The attempt is over after any of them:
    /// - [`Error::Truncated`]: shorter than 96 bytes.
    /// - [`Error::BufferTooSmall`]: longer than 65,535 bytes.
    /// - [`Error::Decrypt`]: damaged, or the sender does not know the PSK.
    /// - [`Error::OwnKey`]: the key it claims is ours; our own message came back.
    pub fn read_message_2(mut self, message: &mut [u8]) -> Result<(SendMessage3<S>, &mut [u8]), Error> {
        let payload = self.0.read(message)?;
        Ok((SendMessage3(self.0), payload))
    }
}

/// The initiator, with message 2 read.
pub struct SendMessage3<S>(S);

impl<S: State> SendMessage3<S> {
    /// Writes message 3 to the front of `out`; returns the claim and the length: 64 bytes and the payload.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`]: `out` is too short for that; the attempt is over.
    pub fn write_message_3(mut self, payload: &[u8], out: &mut [u8]) -> Result<(Claim, usize), Error> {
        let len = self.0.play(|engine| engine.write_message(payload, out))?;
        Ok((self.0.play(claim)?, len))
    }
}

/// The responder, before message 1.
pub struct Responder<S>(S);

begins!(
    /// Awaits a handshake as `identity` from anybody (XXpsk0: anybody who knows the PSK).
    Responder(identity), Role::Responder, Some(&STATICS), None
);

impl<S: State> Responder<S> {
    /// Reads message 1 in place; returns the next step and the payload inside `message`.
    ///
    /// # Errors
    /// As [`AwaitMessage2::read_message_2`], with 32 bytes, and 48 with a PSK: without one anything opens.
    pub fn read_message_1(mut self, message: &mut [u8]) -> Result<(SendMessage2<S>, &mut [u8]), Error> {
        let payload = self.0.read(message)?;
        Ok((SendMessage2(self.0), payload))
    }
}

/// The responder, with message 1 read.
pub struct SendMessage2<S>(S);

impl<S: State> SendMessage2<S> {
    /// Writes message 2 to the front of `out` and returns its length: 96 bytes and the payload.
    ///
    /// # Errors
    /// As [`Initiator::write_message_1`]; the attempt is over.
    pub fn write_message_2<E: Entropy>(
        mut self,
        ephemerals: &mut Ephemerals<E>,
        payload: &[u8],
        out: &mut [u8],
    ) -> Result<(AwaitMessage3<S>, usize), Error> {
        let len = self.0.write(ephemerals, payload, out)?;
        Ok((AwaitMessage3(self.0), len))
    }
}

/// The responder, with message 2 on its way.
pub struct AwaitMessage3<S>(S);

waits!(AwaitMessage3, Role::Responder, NEITHER, 2, "message 3 of XX,");

impl<S: State> AwaitMessage3<S> {
    /// Reads message 3 in place; returns the claim and the payload inside `message`.
    ///
    /// # Errors
    /// As [`AwaitMessage2::read_message_2`], with 64 bytes; the attempt is over.
    pub fn read_message_3(mut self, message: &mut [u8]) -> Result<(Claim, &mut [u8]), Error> {
        let payload = self.0.read(message)?;
        Ok((self.0.play(claim)?, payload))
    }
}

fn claim(engine: &mut Engine<'_>) -> Result<Claim, Error> {
    let rs = *engine.rs()?;
    Ok(Claim::new(engine.finish(), rs))
}

fn side(role: Role, psk: Option<&Psk>) -> Side {
    Side(role, if psk.is_some() { &XXPSK0 } else { &XX })
}
