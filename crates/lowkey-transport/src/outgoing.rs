//! The sending direction: messages in, frames out.

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

    /// What the stream has to take before anything else; an owed PONG is among it.
    pub(crate) fn unsent(&mut self, control: &Control) -> Result<&[u8], Error> {
        self.check(control)?;
        if self.outbox.is_empty()
            && let Some(pong) = control.take_owed()
        {
            self.stage(Kind::Pong, control, copy(pong.as_bytes()))?;
        }
        Ok(self.outbox.unsent())
    }

    /// Says what came of writing what was unsent.
    pub(crate) fn written<E: embedded_io::Error>(
        &mut self,
        write: Result<usize, E>,
        control: &Control,
    ) -> Result<(), Error> {
        match write {
            Ok(0) => Err(self.fail(Error::Io(ErrorKind::WriteZero), control)),
            Ok(n) => {
                self.outbox.wrote(n);
                Ok(())
            }
            Err(error) => Err(self.fail(Error::of_stream(&error), control)),
        }
    }

    /// Says what came of flushing the stream.
    pub(crate) fn flushed<E: embedded_io::Error>(
        &mut self,
        flush: Result<(), E>,
        control: &Control,
    ) -> Result<(), Error> {
        flush.map_err(|error| self.fail(Error::of_stream(&error), control))?;
        self.outbox.flushed();
        Ok(())
    }

    /// Whether a record can be staged now; otherwise `unsent` has to go first.
    pub(crate) fn has_room(&mut self, control: &Control) -> Result<bool, Error> {
        Ok(self.unsent(control)?.is_empty())
    }

    /// Whether a message may begin now.
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::NotOpen`], [`Error::Unfinished`].
    pub(crate) fn may_begin(&mut self, control: &Control) -> Result<(), Error> {
        self.check(control)?;
        match control.stage() {
            _ if control.is_closed() => Err(Error::Closed),
            Stage::Open if self.in_message => Err(Error::Unfinished),
            Stage::Open => Ok(()),
            _ => Err(Error::NotOpen),
        }
    }

    /// Stages the front of `len` bytes, as much as one record takes, as a fragment; returns how many.
    /// It is the last one only if that is all of them. `fill` copies them to the slice it gets and
    /// returns how many went in.
    pub(crate) fn fragment(
        &mut self,
        len: usize,
        part: Part,
        control: &Control,
        fill: impl FnOnce(&mut [u8]) -> usize,
    ) -> Result<usize, Error> {
        self.check(control)?;
        if control.stage() != Stage::Open {
            return Err(Error::NotOpen);
        }
        let is_last = part == Part::Last && len <= self.max_data();
        self.stage(if is_last { Kind::Data } else { Kind::More }, control, fill)?;
        self.in_message = !is_last;
        Ok(len.min(self.max_data()))
    }

    /// Stages a PING; an empty one is not answered.
    pub(crate) fn ping(&mut self, body: &[u8], control: &Control) -> Result<(), Error> {
        self.check(control)?;
        let ping = Echo::new(body).filter(|_| body.len() <= self.max_data()).ok_or(Error::TooLong)?;
        if !body.is_empty() && control.is_asking() {
            return Err(Error::PingPending);
        }
        self.stage(Kind::Ping, control, copy(body))?;
        if !body.is_empty() {
            control.ask(ping);
        }
        Ok(())
    }

    /// Stages our CLOSE; this direction's key is wiped. A second one does nothing.
    pub(crate) fn close(&mut self, control: &Control) -> Result<(), Error> {
        self.check(control)?;
        match control.stage() {
            _ if control.is_closed() => Ok(()),
            Stage::Handshake | Stage::Unconfirmed => Err(Error::NotOpen),
            _ => {
                self.stage(Kind::Close, control, |_| 0)?;
                self.sealer = None;
                control.close();
                Ok(())
            }
        }
    }

    /// Seals a record into the outbox. No kind but PONG goes out while a PONG is owed.
    fn stage(
        &mut self,
        kind: Kind,
        control: &Control,
        fill: impl FnOnce(&mut [u8]) -> usize,
    ) -> Result<(), Error> {
        self.check(control)?;
        let max_data = self.max_data();
        let sealer = self.sealer.as_mut().ok_or(Error::Closed)?;
        if kind != Kind::Pong && control.owes() {
            return Err(Error::OutOfTurn);
        }
        let staged = self.outbox.stage(|body| {
            let (first, rest) = body.split_first_mut().ok_or(Error::BufferTooSmall)?;
            *first = kind.byte();
            let len = fill(rest.get_mut(..max_data).ok_or(Error::BufferTooSmall)?).min(max_data);
            let frame_len = len.saturating_add(RECORD_OVERHEAD);
            let record = body.get_mut(..frame_len).ok_or(Error::BufferTooSmall)?;
            sealer.seal(record).map_err(Error::in_records)?;
            Ok(frame_len)
        });
        staged.map_err(|error| self.fail(error, control))
    }

    fn check(&mut self, control: &Control) -> Result<(), Error> {
        control.check().map_err(|error| self.fail(error, control))
    }

    /// Ends the channel and wipes this direction's key.
    pub(crate) fn fail(&mut self, error: Error, control: &Control) -> Error {
        if !error.is_recoverable() {
            self.sealer = None;
        }
        control.fail(error)
    }
}

/// Fills a record with as much of `data` as it takes.
pub(crate) fn copy(data: &[u8]) -> impl FnOnce(&mut [u8]) -> usize {
    move |room| fill(room, data)
}

#[cfg(test)]
impl<B> Outgoing<B> {
    pub(crate) fn has_key(&self) -> bool {
        self.sealer.is_some()
    }
}
