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
        let gone = message.get(..done).unwrap_or(message);
        let last = u16::try_from(n).unwrap_or(u16::MAX);
        Self { done, last, digest: digest(message.len(), tail(gone, last)) }
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
        match message.split_at_checked(self.done) {
            Some((gone, rest)) if digest(message.len(), tail(gone, self.last)) == self.digest => Ok(rest),
            _ => Err(Error::OutOfTurn),
        }
    }
}

/// The last `n` bytes.
fn tail(bytes: &[u8], n: u16) -> &[u8] {
    bytes.get(bytes.len().saturating_sub(n.into())..).unwrap_or_default()
}

/// FNV-1a. It finds mistakes, not attacks: whoever may call us with bytes may send what he likes.
fn digest(len: usize, bytes: &[u8]) -> u32 {
    let mix = |digest: u32, word: u32| (digest ^ word).wrapping_mul(0x0100_0193);
    let start = mix(0x811c_9dc5, u32::try_from(len).unwrap_or(u32::MAX)); // or the first byte could undo it
    bytes.iter().fold(start, |digest, byte| mix(digest, u32::from(*byte)))
}
