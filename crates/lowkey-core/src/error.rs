//! What can go wrong in the engine, and whose fault it is.

use core::fmt;

/// Why a step was refused, in the order a caller meets them.
///
/// A handshake step consumes its state, so after any error inside one that attempt is over; what an
/// error leaves of a [`Sealer`](crate::Sealer) or [`Opener`](crate::Opener) stands at their methods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// Ours: the buffer has no room for the message, or the message would be longer than 65,535 bytes.
    BufferTooSmall,
    /// Ours: a private key, a PSK, a hedge secret or a seed is all zeros or all ones, which is what memory holds that
    /// nobody has written one to.
    BlankKey,
    /// Ours or the peer's: the key offered as the peer's is our own.
    OwnKey,
    /// The peer's: its static key is of low order, the Diffie-Hellman result is all zeros.
    WeakKey,
    /// The world's: the entropy source failed.
    Entropy,
    /// The world's: the stored counter could not be moved on.
    Counter,
    /// The peer's: a message or record shorter than its fixed parts.
    Truncated,
    /// The peer's, or somebody's between: the tag is wrong. Why is not known, by design.
    Decrypt,
    /// Ours: 2^64 − 1 records (or ephemerals) have been made; no further nonce exists (Noise §5.1).
    Exhausted,
    /// Ours: the pattern has no such step, or not the key for it. The types of this crate rule it out.
    OutOfTurn,
}

impl Error {
    /// The message of this error, for firmware that prints without `core::fmt`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::BufferTooSmall => "buffer too small for the message",
            Self::BlankKey => "a secret is all zeros or all ones: nobody has written one there",
            Self::OwnKey => "the peer's static key is our own",
            Self::WeakKey => "the peer's static key is of low order",
            Self::Entropy => "the entropy source failed",
            Self::Counter => "the stored counter could not be moved on",
            Self::Truncated => "message too short",
            Self::Decrypt => "message does not open: forged, damaged, out of order, or for another key",
            Self::Exhausted => "no nonce is left under this key",
            Self::OutOfTurn => "the handshake pattern has no such step here",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl core::error::Error for Error {}
