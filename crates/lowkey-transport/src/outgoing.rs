//! The sending half without I/O: messages in, frames out (protocol §4).
//!
//! Every call that sends can be repeated: it gives `Pending` while what is unsent has to go first, and has done nothing
//! then but what a repetition goes on with. What both halves share is given to each call. An error that a call gives
//! ends the connection, unless it is recoverable: the state that called sees to that, for both directions.

mod deliver;
mod gather;
mod message;
#[cfg(feature = "numbered")]
mod numbered;

use crate::error::Error;
use crate::keyed::{Keyed, Ours};
use crate::limits::{Buffer, HEADER, MAX_PING, RECORD_OVERHEAD};
use crate::mailbox::{Delivery, Event};
use crate::outlet::Outlet;
use crate::record::{Kind, Part};
use core::task::Poll;
use embedded_io::ErrorKind;
use gather::Gathering;
use lowkey_core::fill;
use message::Message;

pub(crate) struct Outgoing<B> {
    pub(crate) outlet: Outlet<B>,
    max_frame: usize,
    message: Message,
    gathering: Gathering<B>,
    delivery: Delivery,
}

impl<B: Buffer> Outgoing<B> {
    pub(crate) fn new(buffer: B) -> Self {
        Self {
            outlet: Outlet::new(buffer),
            max_frame: 0,
            message: Message::None,
            gathering: Gathering::default(),
            delivery: Delivery::default(),
        }
    }

    /// From now on frames are records, of at most the peer's `max_frame` bytes.
    pub(crate) fn seal_up_to(&mut self, max_frame: u16) {
        self.max_frame = usize::from(max_frame).min(self.outlet.capacity());
    }

    /// The most data that one record carries, in bytes.
    pub(crate) fn max_data(&self) -> usize {
        self.max_frame.saturating_sub(RECORD_OVERHEAD)
    }

    /// Whether a message may begin now.
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::Unfinished`].
    pub(crate) fn may_begin(&self, keyed: &Keyed) -> Result<(), Error> {
        keyed.goes()?;
        if self.message.has_begun() { Err(Error::Unfinished) } else { Ok(()) }
    }

    /// Sends a message of one record.
    pub(crate) fn send(&mut self, message: &[u8], keyed: &mut Keyed) -> Result<Poll<()>, Error> {
        self.may_begin(keyed)?;
        if message.len() > self.max_data() {
            return Err(Error::TooLong);
        }
        Ok(self.fragment(message, Part::Last, keyed)?.map(|_all| ()))
    }

    /// Sends a PING; an empty one is not answered.
    pub(crate) fn ping(&mut self, body: &[u8], keyed: &mut Keyed) -> Result<Poll<()>, Error> {
        keyed.goes()?;
        if body.len() > MAX_PING.min(self.max_data()) {
            return Err(Error::TooLong);
        }
        if !body.is_empty() && keyed.is_asking() {
            return Err(Error::PingPending);
        }
        if self.make_room(keyed)?.is_pending() {
            return Ok(Poll::Pending);
        }
        keyed.ask(body);
        self.stage(Kind::Ping, body, keyed).map(Poll::Ready)
    }

    /// If nothing is unsent, stages an owed PONG, or then an owed ACK (§7), or then our CLOSE. Afterwards the outlet
    /// has what the stream has to take before anything else; `Ready` if that is nothing.
    pub(crate) fn prepare(&mut self, keyed: &mut Keyed) -> Result<Poll<()>, Error> {
        if !self.outlet.is_empty() {
            return Ok(Poll::Pending);
        }
        let ours = keyed.ours;
        let kind = match ours {
            _ if keyed.is_owing() => Kind::Pong,
            #[cfg(feature = "numbered")]
            _ if keyed.tells() => Kind::Ack,
            Ours::Closes => Kind::Close,
            _ => return Ok(Poll::Ready(())),
        };
        let len = fill(self.room().ok_or(Error::Bug)?, keyed.owed());
        self.seal(kind, len, keyed)?;
        keyed.said(kind);
        Ok(Poll::Pending)
    }

    /// The same with what was gathered, which becomes a record.
    pub(crate) fn make_room(&mut self, keyed: &mut Keyed) -> Result<Poll<()>, Error> {
        if let Some(seal) = self.gathering.take() {
            seal(self, Some(keyed))?;
        }
        self.prepare(keyed)
    }

    /// `Ready` once everything has left, and the stream has handed it on.
    pub(crate) fn flush(&mut self, keyed: &mut Keyed) -> Result<Poll<()>, Error> {
        let has_room = self.make_room(keyed)?;
        Ok(if self.outlet.is_unflushed() { Poll::Pending } else { has_room })
    }

    /// Says what came of writing what was unsent.
    pub(crate) fn on_write<E: embedded_io::Error>(&mut self, write: Result<usize, E>) -> Result<(), Error> {
        match write {
            Ok(0) => return Err(Error::Io(ErrorKind::WriteZero)),
            Ok(n) => self.outlet.on_write(n),
            Err(error) => return Err(Error::of_stream(&error)),
        }
        if self.outlet.is_empty() {
            self.delivery.on(Event::Sent);
        }
        Ok(())
    }

    /// Says what came of flushing the stream.
    pub(crate) fn on_flush<E: embedded_io::Error>(&mut self, flush: Result<(), E>) -> Result<(), Error> {
        flush.map_err(|error| Error::of_stream(&error))?;
        self.outlet.on_flush();
        Ok(())
    }

    /// Ends this direction: our CLOSE leaves behind what is unsent, and its key is wiped. A second time it does
    /// nothing.
    pub(crate) fn close(&mut self, keyed: &mut Keyed) -> Result<(), Error> {
        if keyed.ours == Ours::Goes {
            keyed.ours = Ours::Closes;
            self.delivery.on(Event::Closes);
        }
        self.make_room(keyed).map(drop)
    }

    /// Stages the empty PING that says "I have your keys" or "yours is welcome" (protocol §3, §6).
    pub(crate) fn confirm(&mut self, keyed: &mut Keyed) -> Result<(), Error> {
        self.stage(Kind::Ping, &[], keyed)
    }

    /// Whether our CLOSE has left to its last byte.
    pub(crate) fn has_ended(&self, keyed: &Keyed) -> bool {
        keyed.ours == Ours::Closed && self.outlet.is_empty()
    }

    /// Where records were sealed.
    pub(crate) fn into_buffer(self) -> B {
        self.outlet.into_buffer()
    }

    /// The connection is over: a mailbox's message goes back, what was gathered is wiped.
    pub(crate) fn end(&mut self) {
        self.delivery.on(Event::Over);
        if let Some(seal) = self.gathering.take() {
            let _nothing_to_seal_with = seal(self, None);
        }
    }

    /// Sends the front of `data`, as much as one record takes, as a fragment; returns how many bytes. It is the last
    /// one only if that is all of them.
    fn fragment(&mut self, data: &[u8], part: Part, keyed: &mut Keyed) -> Result<Poll<usize>, Error> {
        if self.make_room(keyed)?.is_pending() {
            return Ok(Poll::Pending);
        }
        let n = fill(self.room().ok_or(Error::Bug)?, data);
        let is_last = part == Part::Last && n == data.len();
        self.message = if is_last { Message::None } else { Message::Begun };
        self.seal(if is_last { Kind::Data } else { Kind::More }, n, keyed)?;
        Ok(Poll::Ready(n))
    }

    /// Seals a record into the outlet.
    fn stage(&mut self, kind: Kind, data: &[u8], keyed: &mut Keyed) -> Result<(), Error> {
        let len = fill(self.room().ok_or(Error::Bug)?, data);
        self.seal(kind, len, keyed)
    }

    /// Room for the data of a record.
    fn room(&mut self) -> Option<&mut [u8]> {
        let max_data = self.max_data();
        self.outlet.room(max_data)
    }

    /// Seals the record whose data was put to the front of its room.
    fn seal(&mut self, kind: Kind, len: usize, keyed: &mut Keyed) -> Result<(), Error> {
        let end = len.wrapping_add(HEADER + RECORD_OVERHEAD); // it fits the buffer: `room`
        let record = self.outlet.front().and_then(|front| front.get_mut(HEADER..end)).ok_or(Error::Bug)?;
        keyed.seal(kind, record)?;
        self.outlet.commit_at(0, end)
    }
}
