//! Where a connection stands with its numbers, of both directions (protocol §7).

use super::received::Received;
use super::{Announced, Shown};
use crate::error::Error;
use lowkey_core::numbered::{DIGEST_LEN, RunId};

/// What the first ACK of a channel says: the last number of the run that is stored, 0 if none is, and what that was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Opening {
    pub(crate) number: u64,
    pub(crate) digest: [u8; DIGEST_LEN],
}

/// What an outbox has not heard: up to this number all is stored. The first says what that message was.
pub(crate) struct Ack<'n> {
    pub(crate) number: u64,
    pub(crate) digest: Option<&'n [u8; DIGEST_LEN]>,
}

/// Copied where a direction is lent, and joined again. All zeros before there is something, and these in one piece,
/// which is cheap to make.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Numbers {
    /// The peer acknowledges, and of which run our numbers are then.
    is_acknowledged: bool,
    run: RunId,
    pub(crate) received: Received,
    heard: Heard,
    opening: Opening,
    /// Up to which number the peer has acknowledged, and what an outbox has heard of that: something else, if there is
    /// more to hear.
    pub(crate) acknowledged: u64,
    settled: u64,
    /// The last number that went out here, or what the peer's first ACK has said.
    pub(crate) given: u64,
}

/// How far the peer's first ACK is. Before that nothing numbered is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Heard {
    #[default]
    Nothing,
    /// It has come.
    Opening,
    /// And an outbox was held against it.
    Settled,
}

impl Numbers {
    pub(crate) fn agreed(ours: &Shown, theirs: &Announced) -> Self {
        let mut agreed = Self::default();
        ours.agree(theirs, &mut agreed);
        agreed
    }

    /// Of which run ours are, and whether the peer acknowledges them.
    pub(super) fn begin(&mut self, run: RunId, is_acknowledged: bool) {
        (self.run, self.is_acknowledged) = (run, is_acknowledged);
    }

    /// Of which run our numbers are, if the peer acknowledges.
    pub(crate) fn run(&self) -> Option<RunId> {
        self.is_acknowledged.then_some(self.run)
    }

    /// What the peer's first ACK has said.
    pub(crate) fn opening(&self) -> Option<Opening> {
        (self.heard > Heard::Nothing).then_some(self.opening)
    }

    /// Whether an outbox can be sent.
    pub(crate) fn is_settled(&self) -> bool {
        self.heard == Heard::Settled
    }

    /// A message without a number has come.
    pub(crate) fn none_came(&mut self) {
        self.received.none_came();
    }

    /// An ACK has come.
    pub(crate) fn hear(&mut self, body: &[u8]) -> Result<(), Error> {
        if !self.is_acknowledged {
            return Ok(());
        }
        let (number, digest) = body.split_first_chunk().ok_or(Error::Number)?;
        let number = u64::from_be_bytes(*number);
        if self.heard == Heard::Nothing {
            let digest = digest.try_into().map_err(|_| Error::Number)?;
            (self.heard, self.opening) = (Heard::Opening, Opening { number, digest });
            (self.given, self.acknowledged, self.settled) = (number, number, !number);
        } else if !digest.is_empty() || number > self.given {
            return Err(Error::Number);
        } else if number > self.acknowledged {
            self.acknowledged = number;
        }
        Ok(())
    }

    /// Whether an ACK is to be sent.
    pub(crate) fn is_owing(&self) -> bool {
        self.received.is_owing()
    }

    /// Our direction has ended: nothing is acknowledged any more.
    pub(crate) fn rest(&mut self) {
        self.received.rest();
    }

    /// Whether an ACK has come that no outbox has heard of.
    pub(crate) fn is_fresh(&self) -> bool {
        self.acknowledged != self.settled
    }

    /// It, if one has.
    pub(crate) fn fresh(&self) -> Option<Ack<'_>> {
        let digest = if self.is_settled() { None } else { Some(&self.opening.digest) };
        if self.is_fresh() { Some(Ack { number: self.acknowledged, digest }) } else { None }
    }

    /// An outbox has heard of it.
    pub(crate) fn settle(&mut self) {
        (self.heard, self.settled) = (Heard::Settled, self.acknowledged);
    }

    /// What the sending direction has changed of what it was lent.
    pub(crate) fn sent(&mut self, lent: &Self) {
        if lent.is_settled() {
            (self.heard, self.settled) = (lent.heard, lent.settled);
        }
        self.given = self.given.max(lent.given);
        self.received.sent_in(&lent.received);
    }

    /// What the receiving direction has changed.
    pub(crate) fn received(&mut self, lent: &Self) {
        if self.heard == Heard::Nothing {
            (self.heard, self.opening, self.settled) = (lent.heard, lent.opening, lent.settled);
        }
        self.acknowledged = lent.acknowledged;
        self.given = self.given.max(lent.given);
        self.received.received_in(&lent.received);
    }
}
