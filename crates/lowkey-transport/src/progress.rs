//! How far a message (protocol §4) has come that one call sends, repeated until all of it has gone.

use crate::error::Error;

/// How much of a message has been staged, and what that looked like.
///
/// A call that is repeated with another message would send the front of one and the end of the other, and the peer
/// could not tell. What is seen here: another length, and other bytes where the last fragment was.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    done: usize,
    /// Bytes of the last fragment, and a digest of them and of the message's length.
    last: u16,
    digest: u32,
}

impl Progress {
    /// Of no message.
    pub const NONE: Self = Self { done: 0, last: 0, digest: 0 };

    /// How many bytes of the message have been staged.
    pub fn done(&self) -> usize {
        self.done
    }

    /// The first `done` bytes of `message` have been staged, the last `n` of them as one fragment.
    pub fn new(message: &[u8], done: usize, n: usize) -> Self {
        let last = u16::try_from(n).unwrap_or(u16::MAX);
        Self { done, last, digest: digest(message, done, last) }
    }

    /// All of `message` has been staged.
    pub(crate) fn of(message: &[u8]) -> Self {
        Self::new(message, message.len(), message.len())
    }

    /// What of `message` has not been staged.
    ///
    /// # Errors
    /// [`Error::OutOfTurn`]: this is not the message that has begun.
    pub fn rest_of<'m>(&self, message: &'m [u8]) -> Result<&'m [u8], Error> {
        message.get(self.done..).filter(|_| self.is_of(message)).ok_or(Error::OutOfTurn)
    }

    /// Whether this is the message that has begun, as far as can be seen.
    pub fn is_of(&self, message: &[u8]) -> bool {
        digest(message, self.done, self.last) == self.digest
    }
}

/// FNV-1a. It finds mistakes, not attacks: whoever may call us with bytes may send what he likes.
/// Of the message's length, and of the last `n` of its first `done` bytes.
#[inline(never)]
fn digest(message: &[u8], done: usize, n: u16) -> u32 {
    let mix = |digest: u32, word: u32| (digest ^ word).wrapping_mul(0x0100_0193);
    let len = u32::try_from(message.len()).unwrap_or(u32::MAX);
    let start = mix(0x811c_9dc5, len); // or the first byte could undo it
    let bytes = message.get(done.saturating_sub(n.into())..done).unwrap_or_default();
    bytes.iter().fold(start, |digest, byte| mix(digest, u32::from(*byte)))
}
