//! Bytes without an end: they gather in one record until it is full, or until something else is to be sent.

use super::Outgoing;
use crate::Error;
use crate::bytes::fill;
use crate::control::Control;
use crate::limits::{Buffer, RECORD_OVERHEAD};
use crate::record::Kind;

impl<B: Buffer> Outgoing<B> {
    /// Adds the front of `bytes` to the record that is being gathered; returns how many. A full one is sealed. Of some bytes
    /// none are added only if what is unsent has to go first.
    pub(crate) fn gather(&mut self, bytes: &[u8], control: &Control) -> Result<usize, Error> {
        self.may_begin(control)?;
        if control.owes() {
            self.seal_gathered(control)?;
            self.prepare(control)?;
        }
        let Some(gathered) = self.outbox.gathered() else { return Ok(0) };
        let max_data = self.max_data();
        let room = self.outbox.data(max_data).get_mut(gathered..).unwrap_or_default();
        let n = fill(room, bytes);
        let gathered = gathered.saturating_add(n);
        self.outbox.gather(gathered);
        if gathered == max_data || gathered > self.outbox.may_gather() {
            self.seal_gathered(control)?;
        }
        Ok(n)
    }

    /// Makes what was gathered a record. An owed PONG goes before it: it is owed before there is a record. After the end of
    /// the channel what was gathered is wiped.
    pub(crate) fn seal_gathered(&mut self, control: &Control) -> Result<(), Error> {
        if control.check().is_err() {
            self.outbox.wipe_gathered();
        }
        control.check()?;
        let gathered = self.outbox.gathered().unwrap_or(0);
        if gathered == 0 {
            return Ok(());
        }
        self.outbox.release();
        let Some(pong) = control.owed() else { return self.seal(Kind::Data, gathered) };
        self.outbox.make_way(gathered, pong.as_bytes().len().saturating_add(RECORD_OVERHEAD));
        self.prepare(control)?;
        let frame_len = gathered.saturating_add(RECORD_OVERHEAD);
        let sealer = self.sealer.as_mut().ok_or(Error::Closed)?;
        let record = self.outbox.append(frame_len).ok_or(Error::BufferTooSmall)?;
        if let Some(first) = record.first_mut() {
            *first = Kind::Data.byte();
        }
        sealer.seal(record).map_err(Error::in_records)
    }
}

/// Whether a channel gathers bytes, and how they are sealed: a pointer, so that firmware that sends messages only has nothing
/// of this in its flash.
pub(crate) struct Gathering<B>(Option<Seal<B>>);

/// As [`Outgoing::seal_gathered`].
pub(crate) type Seal<B> = fn(&mut Outgoing<B>, &Control) -> Result<(), Error>;

impl<B: Buffer> Gathering<B> {
    /// As [`Outgoing::gather`].
    pub(crate) fn gather(
        &mut self,
        bytes: &[u8],
        outgoing: &mut Outgoing<B>,
        control: &Control,
    ) -> Result<usize, Error> {
        self.0 = Some(Outgoing::seal_gathered);
        outgoing.gather(bytes, control)
    }

    /// What makes a record of what was gathered, once; nothing if nothing was.
    pub(crate) fn seal(&mut self) -> Option<Seal<B>> {
        self.0.take()
    }
}

impl<B> Default for Gathering<B> {
    fn default() -> Self {
        Self(None)
    }
}
