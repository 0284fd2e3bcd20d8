//! How far a channel has come with the message of a mailbox.

use super::Mailbox;
use super::office::{self, Fate, Ticket};
use crate::Error;
use crate::control::Control;
use crate::limits::Buffer;
use crate::outgoing::Outgoing;
use core::mem::take;

/// The message of a mailbox that a channel is in the middle of, and how many have left. Dropped with its channel, it gives the
/// message back.
///
/// What is done about a message is behind pointers, so that firmware without a mailbox has nothing of it in its flash.
pub(crate) struct Delivery<B> {
    letter: Option<Letter<B>>,
    left: usize,
}

struct Letter<B> {
    ticket: Ticket,
    look: fn(&mut Delivery<B>, &Outgoing<B>, &Control),
    report: fn(Ticket, Fate),
    /// Bytes of it that have been staged.
    staged: usize,
    /// All of it has been staged; it has left once the stream has taken what is unsent.
    complete: bool,
}

impl<B: Buffer> Delivery<B> {
    /// Stages the next record of the message that waits longest in this mailbox, with nothing unsent. Says whether there was
    /// one.
    pub(crate) fn advance<const LEN: usize, const N: usize>(
        &mut self,
        mailbox: &Mailbox<LEN, N>,
        outgoing: &mut Outgoing<B>,
        control: &Control,
    ) -> Result<bool, Error> {
        let letter = match &mut self.letter {
            Some(letter) if mailbox.has(letter.ticket) => letter,
            Some(_) => return Err(Error::Unfinished),
            None if mailbox.is_empty() => return Ok(false),
            None => {
                outgoing.may_begin(control)?;
                let ticket = mailbox.begin().ok_or(Error::OutOfTurn)?;
                let (look, report) = (Self::look, office::report);
                self.letter.insert(Letter { ticket, look, report, staged: 0, complete: false })
            }
        };
        let (n, left) = mailbox.copy_front(letter.staged, outgoing.fragment_room(control)?);
        letter.staged = letter.staged.saturating_add(n);
        letter.complete = left == 0;
        outgoing.fragment_filled(n, letter.complete)?;
        Ok(true)
    }

    /// Has a look at what has become of the message: after every write to the stream, before anything else is staged, and
    /// after whatever may have ended the channel.
    pub(crate) fn follow(&mut self, outgoing: &Outgoing<B>, control: &Control) {
        if let Some(letter) = &self.letter {
            (letter.look)(self, outgoing, control);
        }
    }

    /// How many have left since this was asked.
    pub(crate) fn left(&mut self) -> usize {
        take(&mut self.left)
    }

    fn look(&mut self, outgoing: &Outgoing<B>, control: &Control) {
        let Some(letter) = &self.letter else { return };
        let fate = if letter.complete && outgoing.outbox.is_empty() {
            self.left = self.left.saturating_add(1);
            Fate::Left
        } else if control.check().is_err() || control.is_closed() && !letter.complete {
            Fate::Kept
        } else {
            return;
        };
        office::report(letter.ticket, fate);
        self.letter = None;
    }
}

impl<B> Default for Delivery<B> {
    fn default() -> Self {
        Self { letter: None, left: 0 }
    }
}

impl<B> Drop for Delivery<B> {
    fn drop(&mut self) {
        if let Some(letter) = &self.letter {
            (letter.report)(letter.ticket, Fate::Kept);
        }
    }
}
