//! Where a connection stands: the one place that says it, from before its handshake (protocol §3, §6) to its end.

use super::{Link, Step};
use crate::error::Error;
use crate::hello::Hello;
use crate::keyed::Keyed;
use crate::record::Kind;
use lowkey_core::PublicKey;
use lowkey_core::kk::Storage;

/// Changed where it lies. What a variant holds is wiped when it is left; keys are wiped for both directions at once.
#[repr(u8)] // a tag of its own: one in a key's counter is compared in two words
pub(crate) enum State<'k, B> {
    /// Nothing has begun.
    Idle,
    /// A handshake frame is awaited, and this is what plays it.
    Awaiting(Play<'k, B>, Storage<'k>),
    /// A hello waits in the inlet for its answer.
    Asked(Asked),
    /// The refusal goes out, and then this is how it ended.
    Declining(Error),
    /// Both sides hold keys. They stay where they are when settling is over.
    Keyed(Phase<B>, Keyed),
    /// Nothing comes any more; every call gives this error.
    Over(Error),
}

/// Plays the handshake frame that has come. A pointer, so that firmware has in its flash only the handshakes that it
/// begins.
pub(crate) type Play<'k, B> = fn(&mut Link<'k, B>) -> Result<(), Error>;

/// A hello that has come.
pub(crate) struct Asked {
    pub(crate) hello: Hello,
    /// Its length in bytes; message 1 is behind it.
    pub(crate) len: usize,
}

/// How far a connection is after the last handshake message.
pub(crate) enum Phase<B> {
    /// What is missing until both sides are sure of each other, and what hears it. A pairing gets no further.
    Settling(Awaits, Hear<B>),
    /// Records of every kind, both ways.
    Open,
}

/// Opens what has come and says what is needed next. A pointer, for the same reason.
pub(crate) type Hear<B> = fn(&mut Link<'_, B>) -> Result<Step, Error>;

/// What settling waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Awaits {
    /// Responder: the initiator's confirmation. In KK it is a first record, and before it nothing is sent or delivered
    /// (protocol §3). In XX it is the word that our key is stored, after ours, which is not taken back (§6).
    Confirmation,
    /// XX initiator: the responder's word that our key is welcome (protocol §6, as all that follow).
    Welcome,
    /// XX initiator: our application's judgement of the responder's key. It has welcomed ours.
    JudgementBack,
    /// XX responder: our application's judgement of the initiator's key.
    Judgement,
    /// XX: nothing but both sides' CLOSE. Both keys are stored.
    Close,
}

impl<B> State<'_, B> {
    /// The same without what a handshake has borrowed; one that is not over has not begun any more.
    pub(crate) fn settle<'l>(self) -> State<'l, B> {
        match self {
            Self::Keyed(phase, keyed) => State::Keyed(phase, keyed),
            Self::Over(error) => State::Over(error),
            _ => State::Idle,
        }
    }

    /// Whether the connection goes on.
    ///
    /// # Errors
    /// The error that ended it.
    pub(crate) fn alive(&self) -> Result<(), Error> {
        match self {
            Self::Over(error) => Err(*error),
            _ => Ok(()),
        }
    }

    /// The hello that waits.
    ///
    /// # Errors
    /// [`Error::OutOfTurn`]: none does. Or what ended the connection.
    pub(crate) fn asked(&self) -> Result<&Asked, Error> {
        match self {
            Self::Asked(asked) => Ok(asked),
            Self::Over(error) => Err(*error),
            _ => Err(Error::OutOfTurn),
        }
    }

    /// The keys, as soon as there are some.
    ///
    /// # Errors
    /// What ended the connection.
    pub(crate) fn keyed(&mut self) -> Result<Option<&mut Keyed>, Error> {
        match self {
            Self::Keyed(_, keyed) => Ok(Some(keyed)),
            Self::Over(error) => Err(*error),
            _ => Ok(None),
        }
    }

    /// The same, to look at.
    pub(crate) fn look(&self) -> Option<&Keyed> {
        match self {
            Self::Keyed(_, keyed) => Some(keyed),
            _ => None,
        }
    }

    /// The keys, if our direction may be ended: a responder that awaits its confirmation sends no record.
    ///
    /// # Errors
    /// [`Error::NotOpen`]; or what ended the connection.
    pub(crate) fn closable(&mut self) -> Result<&mut Keyed, Error> {
        match self {
            Self::Keyed(Phase::Settling(Awaits::Confirmation, _), _) => Err(Error::NotOpen),
            state => state.keyed()?.ok_or(Error::NotOpen),
        }
    }

    /// The static key that the peer has proven, but not while its confirmation is awaited: message 1 of KK may be a
    /// recording until then (protocol §3).
    pub(crate) fn proven_key(&self) -> Option<PublicKey> {
        match self {
            Self::Keyed(Phase::Settling(Awaits::Confirmation, _), _) => None,
            state => Some(state.look()?.proven),
        }
    }

    /// What the end of the stream means now: nothing after the peer's CLOSE; a truncation where data may be missing
    /// (§4); before that a handshake that was not completed.
    pub(crate) fn stream_end(&self) -> Result<(), Error> {
        match self {
            Self::Over(error) => Err(*error),
            Self::Keyed(_, keyed) if keyed.is_peer_closed => Ok(()),
            Self::Keyed(Phase::Open | Phase::Settling(Awaits::Close, _), _) => Err(Error::Truncated),
            _ => Err(Error::HungUp),
        }
    }

    /// What only an open connection has.
    ///
    /// # Errors
    /// [`Error::NotOpen`]; or what ended the connection.
    #[inline(always)] // what it returns would go through memory
    pub(crate) fn open(&mut self) -> Result<&mut Keyed, Error> {
        match self {
            Self::Keyed(Phase::Open, keyed) => Ok(keyed),
            Self::Over(error) => Err(*error),
            _ => Err(Error::NotOpen),
        }
    }

    /// Ends the connection with an error that came up in either direction, unless that is recoverable; every later call
    /// gives the first such error.
    pub(crate) fn end(&mut self, error: Error) -> Error {
        if error.is_recoverable() { error } else { self.over(error) }
    }

    /// The same with an error that is not recoverable.
    pub(crate) fn over(&mut self, error: Error) -> Error {
        if let Self::Over(first) = self {
            return *first;
        }
        *self = Self::Over(error);
        error
    }
}

impl Awaits {
    /// What is awaited after a record that has opened, if that may come now (protocol §6). Until both have said that
    /// they have stored the other's key, nothing but that and CLOSE; afterwards nothing but CLOSE, and what is ignored.
    pub(super) fn after(self, kind: Kind, is_empty: bool) -> Result<Self, Error> {
        match (self, kind) {
            (_, Kind::Close) => Ok(self),
            (Self::Welcome, Kind::Ping) if is_empty => Ok(Self::JudgementBack),
            (Self::Confirmation, Kind::Ping) if is_empty => Ok(Self::Close),
            #[cfg(feature = "numbered")]
            (Self::Close, Kind::Numbered | Kind::Ack) => Ok(self),
            (Self::Close, Kind::Later) => Ok(self),
            _ => Err(Error::Kind),
        }
    }
}
