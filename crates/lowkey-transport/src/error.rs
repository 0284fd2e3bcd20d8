//! What can go wrong on a channel, and whose fault it is: what ends a connection in protocol §1 to §6, and what the
//! caller or the world did.

use crate::refusal::Refusal;
use core::fmt;
use embedded_io::ErrorKind;

/// Why a call failed, in the order a caller meets them.
///
/// Except where a variant says otherwise, the channel is over: its keys are wiped and every later
/// call gives the same error. Nothing that was delivered before is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[repr(u8)] // no error is 0, which a processor compares with most cheaply; the statuses in C are these numbers and 3
pub enum Error {
    /// Ours: a buffer is too small. Repeat the call with a larger one; the channel is usable.
    BufferTooSmall = 1,
    /// Ours: the call does not fit where the connection stands. It is usable.
    OutOfTurn = 2,
    /// Ours: the channel carries no messages: not confirmed yet, or made for pairing. It is usable.
    NotOpen = 3,
    /// Ours: longer than one record can carry. Nothing was sent; a message writer sends it in fragments.
    TooLong = 4,
    /// Ours: sending after `close`. Receiving goes on.
    Closed = 5,
    /// Ours: a message was begun and is not finished: finish it first. If its writer was dropped, only PINGs, `close`
    /// and receiving are left.
    Unfinished = 6,
    /// Ours: the PONG for the last PING has not come yet. The channel is usable.
    PingPending = 7,
    /// The world's: the stream failed. After `TimedOut` and `Interrupted` the channel is usable and
    /// the call can be repeated with the same arguments; after any other kind it is over.
    Io(ErrorKind) = 8,
    /// The world's: the entropy source or the stored counter failed; no handshake was begun.
    Entropy = 9,
    /// Ours: no nonce is left under this key.
    Exhausted = 10,
    /// Ours: a private key, a PSK, a hedge secret or a seed is all zeros or all ones: nobody has written one there.
    BlankKey = 28, // no call of a channel gives it, so it has no status in C
    /// Ours or the peer's: the peer's static key is our own, or of low order.
    PeerKey = 11,
    /// The peer refused us before its message 2. Unauthenticated: a hint for people, never a decision.
    Refused(Refusal) = 12,
    /// We refused the peer, and told it so.
    Declined(Refusal) = 13,
    /// The stream ended before the handshake was complete.
    HungUp = 14,
    /// The peer closed instead of accepting our key in a pairing.
    NotWelcome = 15,
    /// The stream ended without the peer's CLOSE, or a CLOSE came inside a message: something is missing.
    Truncated = 16,
    /// The peer's: a frame of length 0.
    EmptyFrame = 17,
    /// The peer's: a frame longer than we allow. Its body was not read.
    FrameTooLong = 18,
    /// The peer's: a frame too short for what it must hold.
    FrameTooShort = 19,
    /// The peer's: a malformed hello.
    Hello = 20,
    /// The peer's, or somebody's between: a handshake message does not open. Wrong keys, wrong PSK,
    /// changed on its way: which one is not known, by design.
    Handshake = 21,
    /// The peer's: handshake parameters that are not allowed, or a payload where there must be none.
    Parameters = 22,
    /// The peer's, or somebody's between: a record does not open. Forged, repeated, missing or out of order.
    Record = 23,
    /// The peer's: a record of a kind that version 1 does not have, or not here.
    Kind = 24,
    /// The peer's: a message longer than our limit.
    MessageTooLong = 25,
    /// The peer's: something after its CLOSE.
    AfterClose = 26,
    /// Ours, and a fault of this library: something came to be that cannot be. Please report it.
    Bug = 27,
    /// The peer's: a number that does not rise, an acknowledgement of what was not sent, or either out of place (§7).
    #[cfg(feature = "numbered")]
    Number = 40, // what stands between are statuses in C of what is no channel
    /// Ours: the peer of this channel does not acknowledge, or we have not told it our run. Nothing was sent; the
    /// channel is usable.
    #[cfg(feature = "numbered")]
    NotAcknowledged = 41,
    /// Ours: the peer has a number that we have not given yet, or another message under one that we have. This flash or
    /// this RAM is older than what was sent, or another board has our keys. Nothing was sent or released; the channel
    /// is usable, for what is not numbered.
    #[cfg(feature = "numbered")]
    WentBack = 42,
}

impl Error {
    /// Whether the channel goes on after this error.
    pub fn is_recoverable(&self) -> bool {
        matches!(
            self,
            Self::BufferTooSmall
                | Self::OutOfTurn
                | Self::NotOpen
                | Self::TooLong
                | Self::Closed
                | Self::Unfinished
                | Self::PingPending
                | Self::Io(ErrorKind::TimedOut | ErrorKind::Interrupted)
        ) || self.is_of_numbers()
    }

    /// Whether it is one of numbered messages after which the channel goes on.
    fn is_of_numbers(&self) -> bool {
        #[cfg(feature = "numbered")]
        return matches!(self, Self::NotAcknowledged | Self::WentBack);
        #[cfg(not(feature = "numbered"))]
        return false;
    }

    /// The message of this error, for firmware that prints without `core::fmt`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::BufferTooSmall => "buffer too small",
            Self::OutOfTurn => "call out of turn",
            Self::NotOpen => "the channel carries no messages",
            Self::TooLong => "message longer than one record",
            Self::Closed => "sending after close",
            Self::Unfinished => "a message was begun and not finished",
            Self::PingPending => "the last PING has not been answered yet",
            Self::Io(ErrorKind::TimedOut) => "the stream timed out",
            Self::Io(_) => "the stream failed",
            Self::Entropy => "the entropy source or the stored counter failed",
            Self::Exhausted => "no nonce is left under this key",
            Self::BlankKey => "a secret is all zeros or all ones: nobody has written one there",
            Self::PeerKey => "the peer's static key is our own or of low order",
            Self::Refused(refusal) => refusal.as_str(),
            Self::Declined(_) => "we refused the peer",
            Self::HungUp => "the peer hung up during the handshake",
            Self::NotWelcome => "the peer did not accept our key",
            Self::Truncated => "the stream ended without the peer's close",
            Self::EmptyFrame => "frame of length 0",
            Self::FrameTooLong => "frame longer than allowed",
            Self::FrameTooShort => "frame too short",
            Self::Hello => "malformed hello",
            Self::Handshake => "handshake message does not open: other keys, or changed on its way",
            Self::Parameters => "handshake parameters not allowed",
            Self::Record => "record does not open: forged, repeated, missing or out of order",
            Self::Kind => "record of an unknown or unexpected kind",
            Self::MessageTooLong => "message longer than our limit",
            Self::AfterClose => "something after the peer's close",
            Self::Bug => "a fault of the channel's own: please report it",
            #[cfg(feature = "numbered")]
            Self::Number => "numbers that do not rise, or an acknowledgement of what was not sent",
            #[cfg(feature = "numbered")]
            Self::NotAcknowledged => "messages are not acknowledged here",
            #[cfg(feature = "numbered")]
            Self::WentBack => "numbers went back: the peer has what we have not sent",
        }
    }

    /// What an error of the engine means inside a handshake.
    #[inline(never)] // once, with its table
    pub(crate) fn in_handshake(error: lowkey_core::Error) -> Self {
        use lowkey_core::Error as Core;
        match error {
            Core::BufferTooSmall => Self::BufferTooSmall,
            Core::OwnKey | Core::WeakKey => Self::PeerKey,
            Core::Entropy | Core::Counter => Self::Entropy,
            Core::Exhausted => Self::Exhausted,
            Core::OutOfTurn => Self::Bug, // the link takes the steps in turn
            _ => Self::Handshake,
        }
    }

    /// What an error of the engine means for a record.
    pub(crate) fn in_records(error: lowkey_core::Error) -> Self {
        match error {
            lowkey_core::Error::Exhausted => Self::Exhausted,
            lowkey_core::Error::BufferTooSmall => Self::BufferTooSmall,
            _ => Self::Record,
        }
    }

    /// What an error of the stream means.
    pub(crate) fn of_stream<E: embedded_io::Error>(error: &E) -> Self {
        Self::Io(error.kind())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())?;
        match self {
            Self::Io(kind) => write!(f, " ({kind:?})"),
            Self::Declined(refusal) => write!(f, " ({refusal:?})"),
            _ => Ok(()),
        }
    }
}

impl core::error::Error for Error {}

impl embedded_io::Error for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Io(kind) => *kind,
            #[cfg(feature = "numbered")]
            Self::NotAcknowledged | Self::WentBack => ErrorKind::Other,
            Self::BufferTooSmall | Self::OutOfTurn | Self::TooLong | Self::PingPending => {
                ErrorKind::InvalidInput
            }
            Self::NotOpen => ErrorKind::NotConnected,
            Self::Closed | Self::Unfinished => ErrorKind::BrokenPipe,
            Self::Refused(_) | Self::Declined(_) | Self::NotWelcome => ErrorKind::ConnectionRefused,
            Self::HungUp | Self::Truncated => ErrorKind::ConnectionAborted,
            Self::Entropy | Self::Exhausted | Self::Bug => ErrorKind::Other,
            _ => ErrorKind::InvalidData,
        }
    }
}

/// Sets aside that the stream moves nothing now.
#[inline(never)] // every call that receives has it
pub(crate) fn set_aside(moved: Result<(), Error>) -> Result<(), Error> {
    moved.or_else(|error| if error.is_recoverable() { Ok(()) } else { Err(error) })
}

impl From<lowkey_core::Error> for Error {
    /// What an error of the engine means before a handshake, where keys and ephemerals are made, and inside one: so `?`
    /// carries it on. Not what it means for a record that a program opens by itself, without a channel: a tag that is
    /// wrong becomes [`Error::Handshake`] here, and a channel gives [`Error::Record`] for it.
    fn from(error: lowkey_core::Error) -> Self {
        match error {
            lowkey_core::Error::BlankKey => Self::BlankKey,
            lowkey_core::Error::OutOfTurn => Self::OutOfTurn,
            error => Self::in_handshake(error),
        }
    }
}
