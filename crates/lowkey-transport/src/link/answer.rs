//! A link as the responder (protocol §2, §3, §5): what it does with a hello.

use super::settle::hear_confirmation;
use super::state::{Asked, Awaits, Phase, State};
use super::{Link, wipe_handshake_stack};
use crate::error::Error;
use crate::hello::{Front, Hello, Mode, Prologue};
use crate::inlet::Inlet;
use crate::limits::{Buffer, Buffers};
use crate::numbers::payload;
use crate::parameters::{Parameters, expect_empty};
use crate::pinning::Pinning;
use crate::refusal::Refusal;
use core::cell::RefCell;
use lowkey_core::fill;
use lowkey_core::kk::{Storage, Stored};
use lowkey_core::{Entropy, Ephemerals, Identity, Psk, kk, xx};

impl<'k, B: Buffer> Link<'k, B> {
    /// [`Self::new`] and [`Self::respond`].
    pub fn responder(buffers: Buffers<B>) -> Self {
        let state = RefCell::new(State::Awaiting(Self::read_hello, Storage::new()));
        Self { state, ..Self::new(buffers) }
    }

    /// Waits for an initiator.
    ///
    /// # Errors
    /// [`Error::OutOfTurn`]: the link had begun before.
    pub fn respond(&mut self) -> Result<(), Error> {
        let state = self.state.get_mut();
        let State::Idle = state else { return Err(Error::OutOfTurn) };
        *state = State::Awaiting(Self::read_hello, Storage::new());
        Ok(())
    }

    /// The hello that has to be answered, after [`Step::Hello`](super::Step::Hello).
    pub fn hello(&self) -> Option<Hello> {
        self.look(|state| state.asked().map(|asked| asked.hello)).ok()
    }

    /// Hello ‖ message 1 as they came, after [`Step::Hello`](super::Step::Hello) and before an answer.
    pub fn first_frame(&self) -> Option<&[u8]> {
        self.look(|state| state.asked().map(drop)).ok().and_then(|()| self.incoming.inlet.look())
    }

    /// Message 1 as it came, before an answer.
    pub(crate) fn message_1(&self) -> Option<&[u8]> {
        let hello_len = self.look(|state| state.asked().map(|asked| asked.len)).ok()?;
        self.incoming.inlet.look()?.get(hello_len..)
    }

    /// Whether message 1 of XX has opened, and message 3 is awaited.
    pub(crate) fn has_answered(&self) -> bool {
        self.look(|state| Ok(matches!(state, State::Awaiting(..)))).unwrap_or(false)
    }

    /// Answers a KK or KKpsk0 hello as this pinning says, with message 2.
    ///
    /// A hello of another mode than the pinning's, and a message 1 that does not open, are refused;
    /// the next steps send the refusal and then give [`Error::Handshake`]. The work done is that of the
    /// pinning's mode: a responder that hides its ids calls [`Self::turn_away`] for another one.
    ///
    /// # Errors
    /// The link is over: [`Error::Parameters`], [`Error::Entropy`], [`Error::Exhausted`].
    /// [`Error::OutOfTurn`]: there is no hello to answer.
    pub fn answer_kk<E: Entropy>(
        &mut self,
        pinning: Pinning<'_>,
        ephemerals: &mut Ephemerals<E>,
    ) -> Result<(), Error> {
        let answered = self.play_kk(pinning, ephemerals);
        wipe_handshake_stack();
        answered
    }

    #[inline(never)]
    fn play_kk<E: Entropy>(
        &mut self,
        pinning: Pinning<'_>,
        ephemerals: &mut Ephemerals<E>,
    ) -> Result<(), Error> {
        let Self { incoming, outgoing, state, max_frame, shown } = self;
        let ours = payload(*max_frame, shown);
        let asked = state.get_mut().asked()?;
        let mode = asked.hello.mode;
        let (prologue, message) = message_1(asked.len, &mut incoming.inlet)?;
        let mut storage = Storage::new();
        let played = open(&mut storage, pinning, &prologue, message).and_then(|(next, payload)| {
            if mode != pinning.mode() {
                return Err(Error::Handshake);
            }
            let theirs = Parameters::read(payload)?;
            let message_2 =
                next.write_message_2(ephemerals, &ours, outgoing.outlet.body().ok_or(Error::Bug)?);
            Ok((message_2.map_err(Error::in_handshake)?, theirs))
        });
        let ((session, len), theirs) = match played {
            Err(Error::Handshake) => return self.decline(Refusal::REFUSED, Error::Handshake),
            played => self.or_end(played)?,
        };
        let phase = Phase::Settling(Awaits::Confirmation, hear_confirmation);
        self.establish(session, pinning.peer.public_key(), theirs, phase);
        self.outgoing.outlet.commit(len)
    }

    /// Turns a KK or KKpsk0 hello away after the same work as for one that is known.
    ///
    /// `decoy` holds a peer key (and a PSK) drawn at random whose private half nobody keeps. Whatever
    /// message 1 holds, the next steps send the refusal and then give [`Error::Handshake`], so that
    /// neither the answer nor its time tells an unknown id from a wrong key.
    ///
    /// # Errors
    /// [`Error::OutOfTurn`]: there is no hello to answer.
    pub fn turn_away(&mut self, decoy: Pinning<'_>) -> Result<(), Error> {
        let asked = self.state.get_mut().asked()?;
        let mode = asked.hello.mode;
        let psk = decoy.psk.filter(|_| mode == Mode::KkPsk0);
        let (prologue, message) = message_1(asked.len, &mut self.incoming.inlet)?;
        let _whatever = open(&mut Storage::new(), Pinning { psk, ..decoy }, &prologue, message).map(drop);
        wipe_handshake_stack();
        self.decline(Refusal::REFUSED, Error::Handshake)
    }

    /// Refuses the initiator; the next steps send the refusal and then give [`Error::Declined`].
    ///
    /// # Errors
    /// [`Error::OutOfTurn`]: there is no hello to refuse.
    pub fn refuse(&mut self, refusal: Refusal) -> Result<(), Error> {
        self.state.get_mut().asked()?;
        self.decline(refusal, Error::Declined(refusal))
    }

    /// Answers whatever hello has come, for a responder that knows its pinnings at once.
    ///
    /// Pairing is not offered; an id without a pinning is refused.
    ///
    /// # Errors
    /// As [`Self::answer_kk`].
    pub fn answer<'p, E: Entropy>(
        &mut self,
        ephemerals: &mut Ephemerals<E>,
        pinning_of: impl Fn(&Hello) -> Option<Pinning<'p>>,
    ) -> Result<(), Error> {
        let hello = self.state.get_mut().asked()?.hello;
        match hello.mode {
            Mode::Xx | Mode::XxPsk0 => self.refuse(Refusal::MODE),
            Mode::Kk | Mode::KkPsk0 => match pinning_of(&hello) {
                Some(pinning) => self.answer_kk(pinning, ephemerals),
                None => self.refuse(Refusal::REFUSED),
            },
        }
    }

    /// Answers an XX hello (`psk` is `None`) or an XXpsk0 hello with message 2.
    ///
    /// A hello of another mode, and a message 1 that does not open, are refused; the next steps send
    /// the refusal and then give [`Error::Handshake`].
    ///
    /// # Errors
    /// As [`Self::answer_kk`].
    pub fn answer_xx<E: Entropy>(
        &mut self,
        identity: &'k Identity,
        psk: Option<&'k Psk>,
        ephemerals: &mut Ephemerals<E>,
    ) -> Result<(), Error> {
        let answered = self.play_xx(identity, psk, ephemerals);
        wipe_handshake_stack();
        answered
    }

    #[inline(never)]
    fn play_xx<E: Entropy>(
        &mut self,
        identity: &'k Identity,
        psk: Option<&'k Psk>,
        ephemerals: &mut Ephemerals<E>,
    ) -> Result<(), Error> {
        let asked = self.state.get_mut().asked()?;
        let (mode, len) = (asked.hello.mode, asked.len);
        let offered = if psk.is_some() { Mode::XxPsk0 } else { Mode::Xx };
        if mode != offered {
            return self.decline(Refusal::REFUSED, Error::Handshake);
        }
        let Self { incoming, outgoing, max_frame, shown, .. } = self;
        let ours = payload(*max_frame, shown);
        let (prologue, message) = message_1(len, &mut incoming.inlet)?;
        let mut storage = Storage::new();
        let begin = xx::Responder::new_in(&mut storage, identity, psk, prologue.as_bytes());
        let opened = begin.read_message_1(message).map_err(Error::in_handshake);
        let played = opened.and_then(|(next, payload)| {
            expect_empty(payload)?;
            let message_2 =
                next.write_message_2(ephemerals, &ours, outgoing.outlet.body().ok_or(Error::Bug)?);
            let (next, len) = message_2.map_err(Error::in_handshake)?;
            next.park();
            Ok(len)
        });
        let len = match played {
            Err(Error::Handshake) => return self.decline(Refusal::REFUSED, Error::Handshake),
            played => self.or_end(played)?,
        };
        *self.state.get_mut() = State::Awaiting(Self::read_xx_message_3, storage);
        self.incoming.inlet.release();
        self.outgoing.outlet.commit(len)
    }

    fn read_hello(&mut self) -> Result<(), Error> {
        let frame = self.incoming.inlet.frame().ok_or(Error::Bug)?;
        match Hello::read(frame)? {
            Front::Hello(hello, len) => {
                *self.state.get_mut() = State::Asked(Asked { hello, len });
                Ok(())
            }
            Front::OtherVersion => self.decline(Refusal::VERSION, Error::Declined(Refusal::VERSION)),
            Front::OtherMode => self.decline(Refusal::MODE, Error::Declined(Refusal::MODE)),
        }
    }

    /// XX: both sides hold keys.
    fn read_xx_message_3(&mut self) -> Result<(), Error> {
        let State::Awaiting(_, storage) = self.state.get_mut() else { return Err(Error::Bug) };
        let frame = self.incoming.inlet.frame().ok_or(Error::Bug)?;
        let step = xx::AwaitMessage3::resume(storage).ok_or(Error::Bug)?;
        let (claim, payload) = step.read_message_3(frame).map_err(Error::in_handshake)?;
        let theirs = Parameters::read(payload)?;
        self.claimed(claim, theirs, Awaits::Judgement);
        Ok(())
    }

    /// Sends a refusal in place of message 2; the link ends with `error` when it has left.
    fn decline(&mut self, refusal: Refusal, error: Error) -> Result<(), Error> {
        self.incoming.inlet.release();
        *self.state.get_mut() = State::Declining(error);
        let len = fill(self.outgoing.outlet.body().ok_or(Error::Bug)?, &[refusal.code()]);
        self.outgoing.outlet.commit(len)
    }
}

/// The prologue that the hello makes, and message 1 behind it.
fn message_1<B: Buffer>(hello_len: usize, inlet: &mut Inlet<B>) -> Result<(Prologue, &mut [u8]), Error> {
    let frame = inlet.frame().ok_or(Error::Bug)?;
    let (hello, message) = frame.split_at_mut_checked(hello_len).ok_or(Error::Bug)?;
    Ok((Prologue::new(hello), message))
}

/// Reads message 1 of KK with the keys of this pinning.
fn open<'l, 'k>(
    storage: &'l mut Storage<'k>,
    pinning: Pinning<'k>,
    prologue: &Prologue,
    message: &'l mut [u8],
) -> Result<(kk::SendMessage2<Stored<'l, 'k>>, &'l mut [u8]), Error> {
    let Pinning { identity, peer, psk, .. } = pinning;
    let begin = kk::Responder::new_in(storage, identity, peer, psk, prologue.as_bytes());
    begin.read_message_1(message).map_err(Error::in_handshake)
}
