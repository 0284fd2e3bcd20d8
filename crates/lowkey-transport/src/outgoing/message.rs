//! A message of any length, sent in fragments (protocol §4).

use super::Outgoing;
use crate::error::Error;
use crate::keyed::Keyed;
use crate::limits::Buffer;
use crate::progress::Progress;
use crate::record::Part;
use core::task::Poll;

/// Where we are in a message of more than one record.
pub(super) enum Message {
    /// In none: one may begin.
    None,
    /// Some of it has been sent, and how it goes on is the caller's.
    Begun,
    /// It is a mailbox's, and goes on with that.
    Letter,
    /// It is an outbox's, of this number (§7), and goes on with that behind so many bytes.
    #[cfg(feature = "numbered")]
    Numbered(u64, usize),
    /// The rest of it is being sent.
    Ending(Progress),
}

impl Message {
    pub(super) fn has_begun(&self) -> bool {
        !matches!(self, Self::None)
    }
}

impl<B: Buffer> Outgoing<B> {
    /// Sends the front of `bytes`, as much as one record takes, as a part of a message; returns how many bytes. It ends
    /// the message only if that is all of them.
    pub(crate) fn send_part(
        &mut self,
        bytes: &[u8],
        part: Part,
        keyed: &mut Keyed,
    ) -> Result<Poll<usize>, Error> {
        keyed.goes()?;
        match self.message {
            Message::Ending(_) | Message::Letter => Err(Error::Unfinished),
            #[cfg(feature = "numbered")]
            Message::Numbered(..) => Err(Error::Unfinished),
            _ if bytes.is_empty() && part == Part::More => Ok(Poll::Ready(0)),
            _ => self.fragment(bytes, part, keyed),
        }
    }

    /// Sends the rest of a message, of any length, and ends it.
    pub(crate) fn send_rest(&mut self, rest: &[u8], keyed: &mut Keyed) -> Result<Poll<()>, Error> {
        keyed.goes()?;
        let left = match &self.message {
            Message::Letter => return Err(Error::Unfinished),
            #[cfg(feature = "numbered")]
            Message::Numbered(..) => return Err(Error::Unfinished),
            Message::Ending(progress) => progress.rest_of(rest)?,
            _ => rest,
        };
        let Poll::Ready(n) = self.fragment(left, Part::Last, keyed)? else { return Ok(Poll::Pending) };
        if n == left.len() {
            return Ok(Poll::Ready(()));
        }
        let done = rest.len().saturating_sub(left.len()).saturating_add(n);
        self.message = Message::Ending(Progress::new(rest, done, n));
        Ok(Poll::Pending)
    }

    /// How many bytes of the rest that is being sent have become records.
    pub(crate) fn sent_of_rest(&self) -> usize {
        match &self.message {
            Message::Ending(progress) => progress.done(),
            _ => 0,
        }
    }
}
