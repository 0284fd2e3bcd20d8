//! What waits in a mailbox goes out, each message in as many records as it takes (protocol §4).

use super::{Message, Outgoing};
use crate::error::Error;
use crate::keyed::Keyed;
use crate::limits::Buffer;
use crate::mailbox::Mailbox;
use crate::record::Kind;
use core::task::Poll;

impl<B: Buffer> Outgoing<B> {
    /// Sends what waits in a mailbox, and has it leave; how many messages of mailboxes have left on this connection
    /// since this said so last.
    pub(crate) fn deliver<const LEN: usize, const N: usize>(
        &mut self,
        mailbox: &Mailbox<LEN, N>,
        keyed: &mut Keyed,
    ) -> Result<Poll<usize>, Error> {
        if self.make_room(keyed)?.is_pending() {
            return Ok(Poll::Pending);
        }
        if !self.delivery.is_amid(mailbox)? {
            if mailbox.is_empty() {
                return Ok(self.flush(keyed)?.map(|()| self.delivery.left()));
            }
            self.may_begin(keyed)?;
            self.delivery.begin(mailbox)?;
        }
        let max_data = self.max_data();
        let room = self.outlet.room(max_data).ok_or(Error::Bug)?;
        let (n, is_whole) = self.delivery.copy(mailbox, room);
        let (message, kind) =
            if is_whole { (Message::None, Kind::Data) } else { (Message::Letter, Kind::More) };
        self.message = message;
        self.seal(kind, n, keyed)?;
        Ok(Poll::Pending)
    }
}
