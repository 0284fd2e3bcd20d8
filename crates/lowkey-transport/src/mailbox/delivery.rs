//! How far a connection has come with the message of a mailbox.

use super::Mailbox;
use super::office::{self, Fate, Ticket};
use crate::error::Error;
use core::mem::take;

/// The message of a mailbox that a connection is amid, and how many have left. Dropped with its connection, it gives
/// the message back.
///
/// What is done about a message is behind a pointer, so that firmware without a mailbox has nothing of it in its flash.
#[derive(Default)]
pub(crate) struct Delivery {
    letter: Option<Letter>,
    left: usize,
}

struct Letter {
    ticket: Ticket,
    hear: fn(&mut Delivery, Event),
    /// Bytes of it that have been staged.
    staged: usize,
    /// All of it has been staged; it has left once the stream has taken what is unsent.
    is_whole: bool,
}

/// What a message on its way has to hear of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// The stream has taken everything.
    Sent,
    /// Our direction ends.
    Closes,
    /// The connection is over.
    Over,
}

impl Delivery {
    /// Whether the connection is amid a message of this mailbox.
    ///
    /// # Errors
    /// [`Error::Unfinished`]: it is amid one of another.
    pub(crate) fn is_amid<const LEN: usize, const N: usize>(
        &self,
        mailbox: &Mailbox<LEN, N>,
    ) -> Result<bool, Error> {
        match &self.letter {
            Some(letter) if mailbox.has(letter.ticket) => Ok(true),
            Some(_) => Err(Error::Unfinished),
            None => Ok(false),
        }
    }

    /// Begins with the message that waits longest.
    ///
    /// # Errors
    /// [`Error::OutOfTurn`]: another connection is amid it, or as many are under way as may be.
    pub(crate) fn begin<const LEN: usize, const N: usize>(
        &mut self,
        mailbox: &Mailbox<LEN, N>,
    ) -> Result<(), Error> {
        let ticket = mailbox.begin().ok_or(Error::OutOfTurn)?;
        self.letter = Some(Letter { ticket, hear: Self::hear, staged: 0, is_whole: false });
        Ok(())
    }

    /// Copies what comes next of the message; returns how many bytes, and whether they are its last.
    pub(crate) fn copy<const LEN: usize, const N: usize>(
        &mut self,
        mailbox: &Mailbox<LEN, N>,
        room: &mut [u8],
    ) -> (usize, bool) {
        let Some(letter) = &mut self.letter else { return (0, true) };
        let (n, left) = mailbox.copy_front(letter.staged, room);
        letter.staged = letter.staged.saturating_add(n);
        letter.is_whole = left == 0;
        (n, letter.is_whole)
    }

    /// Something has happened to the connection.
    pub(crate) fn on(&mut self, event: Event) {
        if let Some(letter) = &self.letter {
            (letter.hear)(self, event);
        }
    }

    /// How many have left since this was asked.
    pub(crate) fn left(&mut self) -> usize {
        take(&mut self.left)
    }

    fn hear(&mut self, event: Event) {
        let Some(letter) = &self.letter else { return };
        let fate = match event {
            Event::Sent if letter.is_whole => Fate::Left,
            Event::Closes if !letter.is_whole => Fate::Kept,
            Event::Over => Fate::Kept,
            _ => return,
        };
        self.left = self.left.saturating_add(usize::from(fate == Fate::Left));
        office::report(letter.ticket, fate);
        self.letter = None;
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        self.on(Event::Over);
    }
}
