//! The sending direction: messages in, frames out.

use crate::Error;
use crate::control::{Control, Echo, Stage};
use crate::limits::{Buffer, RECORD_OVERHEAD};
use crate::outbox::Outbox;
use crate::record::{Kind, Part};
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

    /// What the stream has to take before anything else; an owed PONG is among it.
    pub(crate) fn unsent(&mut self, control: &Control) -> Result<&[u8], Error> {
        self.check(control)?;
        if self.outbox.is_empty() {
            if let Some(pong) = control.take_owed() {
                self.stage(Kind::Pong, control, copy(pong.as_bytes()))?;
            }
        }
        Ok(self.outbox.unsent())
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

    /// Stages a fragment that `fill` puts to the front of the slice it gets; `fill` returns its length.
    pub(crate) fn fragment(
        &mut self,
        part: Part,
        control: &Control,
        fill: impl FnOnce(&mut [u8]) -> usize,
    ) -> Result<(), Error> {
        if control.stage() != Stage::Open {
            return Err(Error::NotOpen);
        }
        let kind = if part == Part::Last { Kind::Data } else { Kind::More };
        self.stage(kind, control, fill)?;
        self.in_message = part == Part::More;
        Ok(())
    }

    /// Stages a PING; an empty one is not answered.
    pub(crate) fn ping(&mut self, body: &[u8], control: &Control) -> Result<(), Error> {
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

    fn stage(
        &mut self,
        kind: Kind,
        control: &Control,
        fill: impl FnOnce(&mut [u8]) -> usize,
    ) -> Result<(), Error> {
        self.check(control)?;
        let max_data = self.max_data();
        let sealer = self.sealer.as_mut().ok_or(Error::Closed)?;
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
    move |room| {
        room.iter_mut().zip(data).for_each(|(to, from)| *to = *from);
        room.len().min(data.len())
    }
}
