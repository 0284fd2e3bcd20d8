//! A window: a responder offers pairing with one code while somebody has asked for it (protocol §6).

use super::Pairing;
use crate::error::Error;
use crate::hello::Mode;
use crate::limits::Buffer;
use crate::link::Link;
use crate::refusal::Refusal;
use lowkey_core::{Entropy, Ephemerals};

/// A responder's offer to pair with one code, for as long as its owner keeps it.
///
/// It remembers whom it has answered, so that a recording does not keep others out, and is worn out after
/// [`Self::ATTEMPTS`] attempts that knew the code. Its end is the owner's to see to, who has a clock.
pub struct Window<'k> {
    pairing: Pairing<'k>,
    seen: [Front; ATTEMPTS],
    answered: usize,
}

/// The front of an ephemeral, by which it is known again: they are random, and whoever does not know the code cannot
/// make one that opens.
type Front = [u8; 8];

impl<'k> Window<'k> {
    /// How many attempts that knew the code are answered. Others do not count.
    pub const ATTEMPTS: usize = ATTEMPTS;

    /// A window that opens now.
    pub fn new(pairing: Pairing<'k>) -> Self {
        Self { pairing, seen: [[0; 8]; ATTEMPTS], answered: 0 }
    }

    /// What is paired with.
    pub fn pairing(&self) -> Pairing<'k> {
        self.pairing
    }

    /// Answers whatever hello has come. Other modes, other codes, a message 1 that does not open and one that has been
    /// answered before are refused; the next steps send the refusal and then give [`Error::Declined`] or
    /// [`Error::Handshake`].
    ///
    /// # Errors
    /// As [`Link::answer_kk`].
    pub fn answer<B: Buffer, E: Entropy>(
        &mut self,
        link: &mut Link<'k, B>,
        ephemerals: &mut Ephemerals<E>,
    ) -> Result<(), Error> {
        let hello = link.hello().ok_or(Error::OutOfTurn)?;
        if hello.mode != Mode::XxPsk0 {
            return link.refuse(Refusal::MODE);
        }
        let front = link.message_1().and_then(|message| message.first_chunk().copied());
        let (Some(front), true) = (front, hello.id == Some(self.pairing.code)) else {
            return link.refuse(Refusal::REFUSED);
        };
        let (answered, free) = self.seen.split_at_mut_checked(self.answered).ok_or(Error::Bug)?;
        let (Some(free), false) = (free.first_mut(), answered.contains(&front)) else {
            return link.refuse(Refusal::REFUSED);
        };
        link.answer_xx(self.pairing.identity, Some(self.pairing.psk), ephemerals)?;
        if link.has_answered() {
            *free = front;
            self.answered = self.answered.wrapping_add(1); // at most the length of `seen`
        }
        Ok(())
    }
}

const ATTEMPTS: usize = 16;
