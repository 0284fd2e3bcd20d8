//! Bytes without an end: they gather in one record (protocol §4) until it is full, or until something else is to be
//! sent.

use super::Outgoing;
use crate::error::Error;
use crate::keyed::Keyed;
use crate::limits::{Buffer, RECORD_OVERHEAD};
use crate::record::Kind;
use core::task::Poll;
use lowkey_core::fill;

/// What makes a record of what was gathered, once something was: a pointer, so that firmware that sends messages only
/// has nothing of this in its flash.
pub(super) struct Gathering<B>(Option<Seal<B>>);

/// As [`Outgoing::seal_gathered`].
type Seal<B> = fn(&mut Outgoing<B>, Option<&mut Keyed>) -> Result<(), Error>;

impl<B> Gathering<B> {
    /// What makes a record of what was gathered, once; nothing if nothing was.
    pub(super) fn take(&mut self) -> Option<Seal<B>> {
        self.0.take()
    }
}

impl<B> Default for Gathering<B> {
    fn default() -> Self {
        Self(None)
    }
}

impl<B: Buffer> Outgoing<B> {
    /// Adds the front of `bytes` to the record that is being gathered; returns how many. A full one is sealed.
    pub(crate) fn write(&mut self, bytes: &[u8], keyed: &mut Keyed) -> Result<Poll<usize>, Error> {
        if bytes.is_empty() {
            return Ok(Poll::Ready(0));
        }
        self.may_begin(keyed)?;
        if keyed.has_word() {
            self.make_room(keyed).map(drop)?;
        }
        let Some(gathered) = self.outlet.gathered() else { return Ok(Poll::Pending) };
        let max_data = self.max_data();
        let room = self.outlet.data(max_data).get_mut(gathered..).unwrap_or_default();
        let n = fill(room, bytes);
        let gathered = gathered.saturating_add(n);
        self.outlet.gather(gathered);
        self.gathering = Gathering(Some(Self::seal_gathered));
        if gathered == max_data || gathered > self.outlet.may_gather() {
            self.make_room(keyed).map(drop)?;
        }
        Ok(Poll::Ready(n))
    }

    /// Makes what was gathered a record. An owed PONG goes before it: it is owed before there is a record. When the
    /// connection is over there are no keys, and it is wiped.
    fn seal_gathered(&mut self, keyed: Option<&mut Keyed>) -> Result<(), Error> {
        let Some(keyed) = keyed else {
            self.outlet.wipe_gathered();
            return Ok(());
        };
        let gathered = self.outlet.gathered().unwrap_or(0);
        if gathered == 0 {
            return Ok(());
        }
        self.outlet.release();
        let pong = keyed.owed().len();
        if pong == 0 {
            return self.seal(Kind::Data, gathered, keyed);
        }
        self.outlet.make_way(gathered, pong.saturating_add(RECORD_OVERHEAD));
        self.prepare(keyed).map(drop)?;
        let record = self.outlet.append(gathered.saturating_add(RECORD_OVERHEAD)).ok_or(Error::Bug)?;
        keyed.seal(Kind::Data, record)
    }
}
