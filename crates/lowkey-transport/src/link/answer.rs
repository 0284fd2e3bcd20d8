//! A link as the responder: what it does with a hello.

use super::{Link, Phase, Pinning, wipe_handshake_stack};
use crate::Error;
use crate::bytes::fill;
use crate::control::Stage;
use crate::hello::{Front, Hello, Mode, Prologue};
use crate::inbox::Inbox;
use crate::limits::{Buffer, Buffers};
use crate::parameters::{Parameters, expect_empty};
use crate::refusal::Refusal;
use lowkey_core::kk::{Storage, Stored};
use lowkey_core::{Entropy, Ephemerals, Identity, Psk, kk, xx};

impl<'k, B: Buffer> Link<'k, B> {
    /// [`Self::new`] and [`Self::respond`].
    pub fn responder(buffers: Buffers<B>) -> Self {
        Self { phase: Phase::Awaits(Self::read_hello, Storage::new()), ..Self::new(buffers) }
    }

    /// Waits for an initiator.
    ///
    /// # Errors
    /// [`Error::OutOfTurn`]: the link had begun before.
    pub fn respond(&mut self) -> Result<(), Error> {
        let Phase::Idle = self.phase else { return Err(Error::OutOfTurn) };
        self.phase = Phase::Awaits(Self::read_hello, Storage::new());
        Ok(())
    }

    /// The hello that has to be answered, after [`Step::Hello`](super::Step::Hello).
    pub fn hello(&self) -> Option<Hello> {
        match self.phase {
            Phase::Asked(_) => match Hello::read(self.incoming.inbox.look()?) {
                Ok(Front::Hello(hello, _)) => Some(hello),
                _ => None,
            },
            _ => None,
        }
    }

    /// Hello ‖ message 1 as they came, after [`Step::Hello`](super::Step::Hello) and before an answer.
    pub fn first_frame(&self) -> Option<&[u8]> {
        match self.phase {
            Phase::Asked(_) => self.incoming.inbox.look(),
            _ => None,
        }
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
        let mode = self.asked()?.mode;
        let ours = Parameters { max_frame: self.max_frame }.to_bytes();
        let (prologue, message) = message_1(&self.phase, &mut self.incoming.inbox)?;
        let mut place = Storage::new();
        let played = open(&mut place, pinning, &prologue, message).and_then(|(next, payload)| {
            if mode != pinning.mode() {
                return Err(Error::Handshake);
            }
            let theirs = Parameters::read(payload)?;
            let message_2 = next.write_message_2(ephemerals, &ours, self.outgoing.outbox.body()?);
            Ok((message_2.map_err(Error::in_handshake)?, theirs))
        });
        let ((session, len), theirs) = match played {
            Err(Error::Handshake) => return self.decline(Refusal::REFUSED, Error::Handshake),
            played => self.or_end(played)?,
        };
        self.incoming.inbox.release();
        self.establish(session, theirs, Some(pinning.peer.public_key()), (Stage::Unconfirmed, Self::confirm));
        self.outgoing.outbox.commit(len)
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
        let mode = self.asked()?.mode;
        let psk = decoy.psk.filter(|_| mode == Mode::KkPsk0);
        let (prologue, message) = message_1(&self.phase, &mut self.incoming.inbox)?;
        let _whatever = open(&mut Storage::new(), Pinning { psk, ..decoy }, &prologue, message).map(drop);
        wipe_handshake_stack();
        self.decline(Refusal::REFUSED, Error::Handshake)
    }

    /// Refuses the initiator; the next steps send the refusal and then give [`Error::Declined`].
    ///
    /// # Errors
    /// [`Error::OutOfTurn`]: there is no hello to refuse.
    pub fn refuse(&mut self, refusal: Refusal) -> Result<(), Error> {
        self.asked()?;
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
        let hello = self.asked()?;
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
        let mode = self.asked()?.mode;
        let offered = if psk.is_some() { Mode::XxPsk0 } else { Mode::Xx };
        if mode != offered {
            return self.decline(Refusal::REFUSED, Error::Handshake);
        }
        let ours = Parameters { max_frame: self.max_frame }.to_bytes();
        let (prologue, message) = message_1(&self.phase, &mut self.incoming.inbox)?;
        let mut place = Storage::new();
        let begin = xx::Responder::new_in(&mut place, identity, psk, prologue.as_bytes());
        let opened = begin.read_message_1(message).map_err(Error::in_handshake);
        let played = opened.and_then(|(next, payload)| {
            expect_empty(payload)?;
            let message_2 = next.write_message_2(ephemerals, &ours, self.outgoing.outbox.body()?);
            let (next, len) = message_2.map_err(Error::in_handshake)?;
            next.park();
            Ok(len)
        });
        let len = match played {
            Err(Error::Handshake) => return self.decline(Refusal::REFUSED, Error::Handshake),
            played => self.or_end(played)?,
        };
        self.phase = Phase::Awaits(Self::read_xx_message_3, place);
        self.incoming.inbox.release();
        self.outgoing.outbox.commit(len)
    }

    fn asked(&mut self) -> Result<Hello, Error> {
        self.check()?;
        self.hello().ok_or(Error::OutOfTurn)
    }

    fn read_hello(&mut self) -> Result<(), Error> {
        let frame = self.incoming.inbox.frame().ok_or(Error::OutOfTurn)?;
        match Hello::read(frame)? {
            Front::Hello(_, len) => {
                self.phase = Phase::Asked(len);
                Ok(())
            }
            Front::OtherVersion => self.decline(Refusal::VERSION, Error::Declined(Refusal::VERSION)),
            Front::OtherMode => self.decline(Refusal::MODE, Error::Declined(Refusal::MODE)),
        }
    }

    /// XX: both sides hold keys.
    fn read_xx_message_3(&mut self) -> Result<(), Error> {
        let Phase::Awaits(_, place) = &mut self.phase else { return Err(Error::OutOfTurn) };
        let frame = self.incoming.inbox.frame().ok_or(Error::OutOfTurn)?;
        let step = xx::AwaitMessage3::resume(place).ok_or(Error::OutOfTurn)?;
        let (claim, payload) = step.read_message_3(frame).map_err(Error::in_handshake)?;
        let theirs = Parameters::read(payload)?;
        self.incoming.inbox.release();
        self.claimed(claim, theirs, Stage::Judging);
        Ok(())
    }

    /// Sends a refusal in place of message 2; the link ends with `error` when it has left.
    fn decline(&mut self, refusal: Refusal, error: Error) -> Result<(), Error> {
        self.incoming.inbox.release();
        self.phase = Phase::Declining(error);
        let len = fill(self.outgoing.outbox.body()?, &[refusal.code()]);
        self.outgoing.outbox.commit(len)
    }
}

/// The prologue that the hello makes, and message 1 behind it.
fn message_1<'i, B: Buffer>(
    phase: &Phase<'_, B>,
    inbox: &'i mut Inbox<B>,
) -> Result<(Prologue, &'i mut [u8]), Error> {
    let Phase::Asked(hello_len) = *phase else { return Err(Error::OutOfTurn) };
    let frame = inbox.frame().ok_or(Error::OutOfTurn)?;
    let (hello, message) = frame.split_at_mut_checked(hello_len).ok_or(Error::Hello)?;
    Ok((Prologue::new(hello), message))
}

/// Reads message 1 of KK with the keys of this pinning.
fn open<'l, 'k>(
    place: &'l mut Storage<'k>,
    pinning: Pinning<'k>,
    prologue: &Prologue,
    message: &'l mut [u8],
) -> Result<(kk::SendMessage2<'k, Stored<'l, 'k>>, &'l mut [u8]), Error> {
    let Pinning { identity, peer, psk, .. } = pinning;
    let begin = kk::Responder::new_in(place, identity, peer, psk, prologue.as_bytes());
    begin.read_message_1(message).map_err(Error::in_handshake)
}
