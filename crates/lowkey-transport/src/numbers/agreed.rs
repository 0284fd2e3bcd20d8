//! Where a connection stands with its numbers, of both directions (protocol §7).

use super::Announced;
use crate::error::Error;
use lowkey_core::numbered::{DIGEST_LEN, RunId};

/// What the first ACK of a channel says: the last number of the run that is stored, 0 if none is, and what that was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Opening {
    pub(crate) number: u64,
    pub(crate) digest: [u8; DIGEST_LEN],
}

/// An ACK: up to which number all is stored. The first of a channel says in 8 bytes what that message was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ack {
    pub(crate) number: u64,
    pub(crate) digest: Option<[u8; DIGEST_LEN]>,
}

/// Copied where a direction is lent, and joined again: all but `came` only rises.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Numbers {
    /// Of which run our numbers are; the peer acknowledges.
    pub(crate) ours: Option<RunId>,
    /// Of which run the peer's are; we acknowledge.
    pub(crate) theirs: Option<RunId>,
    /// What the peer's first ACK has said: before it nothing numbered is sent.
    pub(crate) opening: Option<Opening>,
    /// Up to which number the peer has acknowledged.
    pub(crate) acknowledged: u64,
    /// An outbox has been held against what the peer's first ACK has said, and has released all up to this number.
    pub(crate) is_settled: bool,
    pub(crate) released: u64,
    /// The last number that went out here.
    pub(crate) given: u64,
    /// What our first ACK says, and whether it has gone.
    ours_opening: Option<Opening>,
    has_opened: bool,
    /// The last number that came, or what our first ACK says.
    last: u64,
    /// What the message that came last was numbered; nothing if it was not.
    pub(crate) came: Option<u64>,
    /// Up to which number all is stored, and up to which the peer has been told.
    stored: u64,
    told: u64,
}

impl Numbers {
    pub(crate) fn agreed(ours: Announced, theirs: Announced) -> Self {
        Self {
            ours: ours.run.filter(|_| theirs.acks),
            theirs: theirs.run.filter(|_| ours.acks),
            ..Self::default()
        }
    }

    /// A message without a number has come.
    pub(crate) fn none_came(&mut self) {
        self.came = None;
    }

    /// The end of a numbered message has come; how long its number is. `None`: it is to be ignored.
    pub(crate) fn came(&mut self, body: &[u8]) -> Result<Option<usize>, Error> {
        if self.theirs.is_none() {
            return Ok(None);
        }
        let (number, _) = body.split_first_chunk().ok_or(Error::Number)?;
        let number = u64::from_be_bytes(*number);
        if !self.has_opened || number <= self.last {
            return Err(Error::Number);
        }
        (self.last, self.came) = (number, Some(number));
        Ok(Some(size_of::<u64>()))
    }

    /// An ACK has come.
    pub(crate) fn hear(&mut self, body: &[u8]) -> Result<(), Error> {
        if self.ours.is_none() {
            return Ok(());
        }
        let (number, digest) = body.split_first_chunk().ok_or(Error::Number)?;
        let number = u64::from_be_bytes(*number);
        match (self.opening, digest) {
            (None, digest) => {
                self.opening =
                    Some(Opening { number, digest: digest.try_into().map_err(|_| Error::Number)? });
            }
            (Some(_), []) if number <= self.given => {}
            _ => return Err(Error::Number),
        }
        self.acknowledged = self.acknowledged.max(number);
        Ok(())
    }

    /// Our first ACK: what is stored already.
    pub(crate) fn open(&mut self, opening: Opening) -> Result<(), Error> {
        if self.theirs.is_none() || self.ours_opening.is_some() {
            return Err(Error::OutOfTurn);
        }
        self.ours_opening = Some(opening);
        (self.last, self.stored) = (opening.number, opening.number);
        Ok(())
    }

    /// All up to this number is stored.
    pub(crate) fn store(&mut self, number: u64) -> Result<(), Error> {
        if self.ours_opening.is_none() || number > self.last {
            return Err(Error::OutOfTurn);
        }
        self.stored = self.stored.max(number);
        Ok(())
    }

    /// Whether an ACK is to be sent.
    pub(crate) fn is_owing(&self) -> bool {
        self.ours_opening.is_some() && !self.has_opened || self.stored > self.told
    }

    /// Whether an ACK has come that no outbox has heard of.
    pub(crate) fn is_fresh(&self) -> bool {
        self.opening.is_some() && (!self.is_settled || self.acknowledged > self.released)
    }

    /// What the ACK says that goes now: the first what it was made to say, each later one all that is stored.
    pub(crate) fn tell(&mut self) -> Ack {
        match self.ours_opening.filter(|_| !self.has_opened) {
            Some(opening) => {
                self.has_opened = true;
                self.told = opening.number;
                Ack { number: opening.number, digest: Some(opening.digest) }
            }
            None => {
                self.told = self.stored;
                Ack { number: self.stored, digest: None }
            }
        }
    }

    /// What the sending direction has changed of what it was lent.
    pub(crate) fn sent(&mut self, lent: &Self) {
        self.opening = self.opening.or(lent.opening);
        self.ours_opening = self.ours_opening.or(lent.ours_opening);
        self.is_settled |= lent.is_settled;
        self.has_opened |= lent.has_opened;
        self.acknowledged = self.acknowledged.max(lent.acknowledged);
        self.released = self.released.max(lent.released);
        self.given = self.given.max(lent.given);
        self.last = self.last.max(lent.last);
        self.stored = self.stored.max(lent.stored);
        self.told = self.told.max(lent.told);
    }

    /// What the receiving direction has.
    pub(crate) fn received(&mut self, lent: &Self) {
        self.sent(lent);
        self.came = lent.came;
    }
}
