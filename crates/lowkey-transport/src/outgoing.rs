//! The sending direction: messages in, frames out.

mod gather;

pub(crate) use gather::Gathering;

use crate::Error;
use crate::bytes::fill;
use crate::control::{Control, Echo, Stage};
use crate::limits::{Buffer, RECORD_OVERHEAD};
use crate::outbox::Outbox;
use crate::record::{Kind, Part};
use embedded_io::ErrorKind;
use lowkey_core::Sealer;

pub(crate) struct Outgoing<B> {
    pub(crate) outbox: Outbox<B>,
    sealer: Option<Sealer>,
    max_frame: usize,
    in_message: bool,
}

impl<B: Buffer> Outgoing<B> {
    pub(crate) fn new(buffer: B) -> Self {
        Self { outbox: Outbox::new(buffer), sealer: None, max_frame: 0, in_message: false }
    }

    /// From now on frames are records, of at most the peer's `max_frame` bytes.
    pub(crate) fn seal_with(&mut self, sealer: Sealer, max_frame: u16) {
        self.sealer = Some(sealer);
        self.max_frame = usize::from(max_frame).min(self.outbox.capacity());
    }

    /// The most data that one record carries, in bytes.
    pub(crate) fn max_data(&self) -> usize {
        self.max_frame.saturating_sub(RECORD_OVERHEAD)
    }

    /// How many records have been sealed, while there is a key.
    pub(crate) fn sealed(&self) -> Option<u64> {
        self.sealer.as_ref().map(Sealer::count)
    }

    /// Stages an owed PONG, or then our CLOSE, if nothing else is on its way. Then `outbox` has what the stream has to
    /// take before anything else.
    pub(crate) fn prepare(&mut self, control: &Control) -> Result<(), Error> {
        control.check()?;
        if !self.outbox.is_empty() {
            return Ok(());
        }
        if let Some(pong) = control.owed() {
            control.pay();
            return self.stage(Kind::Pong, pong.as_bytes(), control);
        }
        if control.is_closed() && self.sealer.is_some() {
            self.stage(Kind::Close, &[], control)?;
            self.wipe();
        }
        Ok(())
    }

    /// Says what came of writing what was unsent.
    pub(crate) fn written<E: embedded_io::Error>(&mut self, write: Result<usize, E>) -> Result<(), Error> {
        match write {
            Ok(0) => Err(Error::Io(ErrorKind::WriteZero)),
            Ok(n) => {
                self.outbox.wrote(n);
                Ok(())
            }
            Err(error) => Err(Error::of_stream(&error)),
        }
    }

    /// Says what came of flushing the stream.
    pub(crate) fn flushed<E: embedded_io::Error>(&mut self, flush: Result<(), E>) -> Result<(), Error> {
        flush.map_err(|error| Error::of_stream(&error))?;
        self.outbox.flushed();
        Ok(())
    }

    /// Whether a record can be staged now; otherwise the outbox has to be emptied first.
    pub(crate) fn has_room(&mut self, control: &Control) -> Result<bool, Error> {
        self.prepare(control)?;
        Ok(self.outbox.is_empty())
    }

    /// Whether a message may begin now.
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::NotOpen`], [`Error::Unfinished`].
    pub(crate) fn may_begin(&self, control: &Control) -> Result<(), Error> {
        control.check()?;
        match control.stage() {
            _ if control.is_closed() => Err(Error::Closed),
            Stage::Open if self.in_message => Err(Error::Unfinished),
            Stage::Open => Ok(()),
            _ => Err(Error::NotOpen),
        }
    }

    /// Stages the front of `data`, as much as one record takes, as a fragment; returns how many bytes.
    /// It is the last one only if that is all of them.
    pub(crate) fn fragment(&mut self, data: &[u8], part: Part, control: &Control) -> Result<usize, Error> {
        let n = fill(self.fragment_room(control)?, data);
        self.fragment_filled(n, part == Part::Last && n == data.len())?;
        Ok(n)
    }

    /// Room for a fragment's data.
    pub(crate) fn fragment_room(&mut self, control: &Control) -> Result<&mut [u8], Error> {
        control.check()?;
        match control.stage() {
            _ if control.is_closed() => Err(Error::Closed),
            Stage::Open => self.room(control),
            _ => Err(Error::NotOpen),
        }
    }

    /// Stages a fragment of the first `len` bytes of its room.
    pub(crate) fn fragment_filled(&mut self, len: usize, is_last: bool) -> Result<(), Error> {
        self.in_message = !is_last;
        self.seal(if is_last { Kind::Data } else { Kind::More }, len)
    }

    /// Stages the empty PING that says "I have your keys" or "yours is welcome".
    pub(crate) fn confirm(&mut self, control: &Control) -> Result<(), Error> {
        self.stage(Kind::Ping, &[], control)
    }

    /// Stages a PING; an empty one is not answered.
    pub(crate) fn ping(&mut self, body: &[u8], control: &Control) -> Result<(), Error> {
        control.check()?;
        match control.stage() {
            _ if control.is_closed() => return Err(Error::Closed),
            Stage::Open => (),
            _ => return Err(Error::NotOpen),
        }
        let ping = Echo::new(body).filter(|_| body.len() <= self.max_data()).ok_or(Error::TooLong)?;
        if !body.is_empty() && control.is_asking() {
            return Err(Error::PingPending);
        }
        self.stage(Kind::Ping, body, control)?;
        if !body.is_empty() {
            control.ask(ping);
        }
        Ok(())
    }

    /// Ends this direction: our CLOSE leaves behind what is unsent, and its key is wiped. A second time it does nothing.
    pub(crate) fn close(&mut self, control: &Control) -> Result<(), Error> {
        control.check()?;
        match control.stage() {
            _ if control.is_closed() => Ok(()),
            Stage::Handshake | Stage::Unconfirmed => Err(Error::NotOpen),
            _ => {
                control.close();
                self.prepare(control)
            }
        }
    }

    /// Seals a record into the outbox. No kind but PONG goes out while a PONG is owed.
    fn stage(&mut self, kind: Kind, data: &[u8], control: &Control) -> Result<(), Error> {
        let len = fill(self.room(control)?, data);
        self.seal(kind, len)
    }

    /// Room for the data of a record. No other goes out while a PONG is owed.
    fn room(&mut self, control: &Control) -> Result<&mut [u8], Error> {
        let max_data = self.max_data();
        if control.owes() {
            return Err(Error::OutOfTurn);
        }
        self.outbox.body()?.get_mut(1..=max_data).ok_or(Error::BufferTooSmall)
    }

    /// Seals the record whose data was put to the front of its room.
    fn seal(&mut self, kind: Kind, len: usize) -> Result<(), Error> {
        let frame_len = len.saturating_add(RECORD_OVERHEAD);
        let sealer = self.sealer.as_mut().ok_or(Error::Closed)?;
        let record = self.outbox.body()?.get_mut(..frame_len).ok_or(Error::BufferTooSmall)?;
        if let Some(first) = record.first_mut() {
            *first = kind.byte();
        }
        sealer.seal(record).map_err(Error::in_records)?;
        self.outbox.commit(frame_len)
    }

    /// Whether our CLOSE has left to its last byte.
    pub(crate) fn has_ended(&self, control: &Control) -> bool {
        control.is_closed() && self.sealer.is_none() && self.outbox.is_empty()
    }

    /// Wipes this direction's key.
    pub(crate) fn wipe(&mut self) {
        self.sealer = None;
    }
}

#[cfg(test)]
impl<B> Outgoing<B> {
    pub(crate) fn has_key(&self) -> bool {
        self.sealer.is_some()
    }
}
