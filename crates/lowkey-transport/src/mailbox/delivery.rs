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
#[derive(Default)]
pub(crate) struct Delivery {
    letter: Option<Letter>,
    left: usize,
}

struct Letter {
    ticket: Ticket,
    /// To whom its fate is reported: a pointer, so that firmware without a mailbox has nothing of it in its flash.
    report: fn(Ticket, Fate),
    /// Bytes of it that have been staged.
    staged: usize,
    /// All of it has been staged; it has left once the stream has taken what is unsent.
    complete: bool,
}

impl Delivery {
    /// Stages the next record of the message that waits longest in this mailbox, with nothing unsent. Says whether there was
    /// one.
    pub(crate) fn advance<B: Buffer, const LEN: usize, const N: usize>(
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
                self.letter.insert(Letter { ticket, report: office::report, staged: 0, complete: false })
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
    pub(crate) fn follow<B: Buffer>(&mut self, outgoing: &Outgoing<B>, control: &Control) {
        let Some(letter) = &self.letter else { return };
        if letter.complete && outgoing.outbox.is_empty() {
            self.left = self.left.saturating_add(1);
            self.end(Fate::Left);
        } else if control.check().is_err() || control.is_closed() && !letter.complete {
            self.end(Fate::Kept);
        }
    }

    /// How many have left since this was asked.
    pub(crate) fn left(&mut self) -> usize {
        take(&mut self.left)
    }

    fn end(&mut self, fate: Fate) {
        if let Some(letter) = self.letter.take() {
            (letter.report)(letter.ticket, fate);
        }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        self.end(Fate::Kept);
    }
}
