//! A link as the responder: what it does with a hello.

use super::{Link, Phase, Pinning};
use crate::Error;
use crate::control::Stage;
use crate::handshake::{Handshake, XxResponder, read_xx_message_1};
use crate::hello::{Front, Hello, Mode, Prologue};
use crate::incoming::Incoming;
use crate::limits::{Buffer, Buffers};
use crate::outgoing::{Outgoing, copy};
use crate::parameters::Parameters;
use crate::refusal::Refusal;
use lowkey_core::{Entropy, Ephemerals, Identity, Peer, Psk, kk, xx};

impl<B: Buffer, H: Handshake + Default> Link<B, H> {
    /// Waits for an initiator.
    pub fn responder(buffers: Buffers<B>) -> Self {
        let Buffers { incoming, outgoing, max_frame, max_message } = buffers;
        Self::new(H::default(), Incoming::new(incoming, max_message), Outgoing::new(outgoing), max_frame)
    }
}

impl<B: Buffer, H: Handshake> Link<B, H> {
    /// The hello that has to be answered, after [`Step::Hello`](super::Step::Hello).
    pub fn hello(&self) -> Option<&Hello> {
        match &self.phase {
            Phase::Asked(hello, _) => Some(hello),
            _ => None,
        }
    }

    /// Hello ‖ message 1 as they came, after [`Step::Hello`](super::Step::Hello) and before an answer.
    pub fn first_frame(&mut self) -> Option<&[u8]> {
        match self.phase {
            Phase::Asked(..) => self.incoming.inbox.frame().map(|frame| &*frame),
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
        let asked = self.asked()?;
        let ours = Parameters { max_frame: self.max_frame };
        let opened = self.open_message_1(pinning.identity, pinning.peer, pinning.psk);
        let (next, theirs) = match opened {
            Ok((next, payload)) if asked.mode == pinning.mode() => (next, Parameters::read(payload)),
            Ok(_) | Err(Error::Handshake) => return self.decline(Refusal::Refused, Error::Handshake),
            Err(error) => return Err(self.fail(error)),
        };
        let theirs = theirs.map_err(|error| self.fail(error))?;
        self.incoming.inbox.release();
        let mut session = None;
        let staged = self.outgoing.outbox.stage(|out| {
            let written = next.write_message_2(ephemerals, &ours.to_bytes(), out);
            let (keys, len) = written.map_err(Error::in_handshake)?;
            session = Some(keys);
            Ok(len)
        });
        staged.map_err(|error| self.fail(error))?;
        if let Some(session) = session {
            self.establish(session, theirs, Stage::Unconfirmed);
        }
        Ok(())
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
        let _whatever = self.open_message_1(decoy.identity, decoy.peer, psk);
        self.decline(Refusal::Refused, Error::Handshake)
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
    pub fn answer<'k, E: Entropy>(
        &mut self,
        ephemerals: &mut Ephemerals<E>,
        pinning_of: impl Fn(&Hello) -> Option<Pinning<'k>>,
    ) -> Result<(), Error> {
        let hello = self.asked()?;
        match hello.mode {
            Mode::Xx | Mode::XxPsk0 => self.refuse(Refusal::Mode),
            Mode::Kk | Mode::KkPsk0 => match pinning_of(&hello) {
                Some(pinning) => self.answer_kk(pinning, ephemerals),
                None => self.refuse(Refusal::Refused),
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
    pub fn answer_xx<'k, E: Entropy>(
        &mut self,
        identity: &'k Identity,
        psk: Option<&'k Psk>,
        ephemerals: &mut Ephemerals<E>,
    ) -> Result<(), Error>
    where
        H: From<XxResponder<'k>>,
    {
        let asked = self.asked()?.mode;
        let offered = if psk.is_some() { Mode::XxPsk0 } else { Mode::Xx };
        if asked != offered {
            return self.decline(Refusal::Refused, Error::Handshake);
        }
        let ours = Parameters { max_frame: self.max_frame };
        let (prologue, message) = self.hello_and_message()?;
        let begin = xx::Responder::new(identity, psk, prologue.as_bytes());
        let next = match read_xx_message_1(begin, message) {
            Ok(next) => next,
            Err(Error::Handshake) => return self.decline(Refusal::Refused, Error::Handshake),
            Err(error) => return Err(self.fail(error)),
        };
        self.incoming.inbox.release();
        let mut waiting = None;
        let staged = self.outgoing.outbox.stage(|out| {
            let written = next.write_message_2(ephemerals, &ours.to_bytes(), out);
            let (next, len) = written.map_err(Error::in_handshake)?;
            waiting = Some(next);
            Ok(len)
        });
        staged.map_err(|error| self.fail(error))?;
        if let Some(next) = waiting {
            self.phase = Phase::Waiting(XxResponder(next).into());
        }
        Ok(())
    }

    fn asked(&mut self) -> Result<Hello, Error> {
        self.check()?;
        self.hello().copied().ok_or(Error::OutOfTurn)
    }

    /// Reads message 1 behind the hello with these keys.
    fn open_message_1<'k, 'f>(
        &'f mut self,
        identity: &'k Identity,
        peer: &'k Peer,
        psk: Option<&'k Psk>,
    ) -> Result<(kk::SendMessage2<'k>, &'f [u8]), Error> {
        let (prologue, message) = self.hello_and_message()?;
        let begin = kk::Responder::new(identity, peer, psk, prologue.as_bytes());
        let (next, payload) = begin.read_message_1(message).map_err(Error::in_handshake)?;
        Ok((next, payload))
    }

    fn hello_and_message(&mut self) -> Result<(Prologue, &mut [u8]), Error> {
        let Phase::Asked(_, hello_len) = self.phase else { return Err(Error::OutOfTurn) };
        let frame = self.incoming.inbox.frame().ok_or(Error::OutOfTurn)?;
        let (hello, message) = frame.split_at_mut_checked(hello_len).ok_or(Error::Hello)?;
        Ok((Prologue::new(hello), message))
    }

    pub(super) fn read_hello(&mut self) -> Result<(), Error> {
        let frame = self.incoming.inbox.frame().ok_or(Error::OutOfTurn)?;
        match Hello::read(frame)? {
            Front::Hello(hello, len) => {
                self.phase = Phase::Asked(hello, len);
                Ok(())
            }
            Front::OtherVersion => self.decline(Refusal::Version, Error::Declined(Refusal::Version)),
            Front::OtherMode => self.decline(Refusal::Mode, Error::Declined(Refusal::Mode)),
        }
    }

    /// Sends a refusal in place of message 2; the link ends with `error` when it has left.
    fn decline(&mut self, refusal: Refusal, error: Error) -> Result<(), Error> {
        self.incoming.inbox.release();
        self.phase = Phase::Declining(error);
        self.outgoing.outbox.stage(|body| Ok(copy(&[refusal.code()])(body)))
    }
}
