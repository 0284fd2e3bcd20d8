//! Where a connection stands with what the peer numbers and we acknowledge (protocol §7).
//!
//! Nothing of a connection calls this file: who acknowledges brings it along, behind two pointers.

use super::Opening;
use crate::error::Error;
use lowkey_core::fill;
use lowkey_core::numbered::{DIGEST_LEN, RunId};

/// Takes the end of a numbered message in.
pub(crate) type Come = fn(&mut Received, body: &[u8]) -> Result<(), Error>;

/// Writes what the ACK says that is owed; how many bytes.
pub(crate) type Tell = fn(&mut Received, &mut [u8]) -> u8;

#[repr(C)] // as of `Numbers`
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Received {
    /// Of which run the peer's numbers are.
    run: RunId,
    /// What takes in what the peer numbers; nothing, if that is to be ignored.
    come: Option<Come>,
    /// What says the ACK that is owed, if one is.
    tell: Option<Tell>,
    /// The last number that came, or what our first ACK says.
    last: u64,
    /// What the message that came last was numbered; 0 if it was not.
    came: u64,
    /// Up to which number all is stored, and up to which the peer has been told.
    stored: u64,
    told: u64,
    /// What the message was that our first ACK is about.
    digest: [u8; DIGEST_LEN],
    first: First,
}

/// How far our first ACK is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum First {
    #[default]
    Unknown,
    Owed,
    Told,
}

impl Received {
    /// Of which run the peer's are, and what takes them in, if the peer numbers and we acknowledge.
    pub(super) fn begin(&mut self, run: RunId, come: Option<Come>) {
        (self.run, self.come) = (run, come);
    }

    /// Of which run the peer's numbers are; we acknowledge.
    pub(crate) fn run(&self) -> Option<RunId> {
        self.come.map(|_| self.run)
    }

    /// What the message that came last was numbered, if it was.
    pub(crate) fn number(&self) -> Option<u64> {
        (self.came > 0).then_some(self.came)
    }

    /// A message without a number has come.
    pub(super) fn none_came(&mut self) {
        self.came = 0;
    }

    /// What takes in the end of a message that is numbered; nothing, if it is to be ignored.
    pub(crate) fn come(&self) -> Option<Come> {
        self.come
    }

    /// The end of a numbered message has come, of a peer whose are taken in.
    pub(crate) fn take_in(&mut self, body: &[u8]) -> Result<(), Error> {
        let (number, _) = body.split_first_chunk().ok_or(Error::Number)?;
        let number = u64::from_be_bytes(*number);
        if self.first != First::Told || number <= self.last {
            return Err(Error::Number);
        }
        (self.last, self.came) = (number, number);
        Ok(())
    }

    /// Our first ACK: what is stored already. No message has come before it has gone.
    pub(crate) fn open(&mut self, opening: Opening) -> Result<(), Error> {
        if self.come.is_none() || self.first != First::Unknown {
            return Err(Error::OutOfTurn);
        }
        let Opening { number, digest } = opening;
        (self.last, self.stored, self.digest, self.first) = (number, number, digest, First::Owed);
        self.owe();
        Ok(())
    }

    /// All up to this number is stored.
    pub(crate) fn store(&mut self, number: u64) -> Result<(), Error> {
        if self.first == First::Unknown || number > self.last {
            return Err(Error::OutOfTurn);
        }
        self.stored = self.stored.max(number);
        self.owe();
        Ok(())
    }

    /// Whether an ACK is to be sent.
    pub(super) fn is_owing(&self) -> bool {
        self.tell.is_some()
    }

    /// What says the ACK that is owed, once.
    pub(crate) fn take_tell(&mut self) -> Option<Tell> {
        self.tell.take()
    }

    /// Nothing is acknowledged any more.
    pub(super) fn rest(&mut self) {
        self.tell = None;
    }

    fn owe(&mut self) {
        let owes = self.first == First::Owed || self.stored > self.told;
        self.tell = owes.then_some(Self::told);
    }

    /// The first ACK says what that message was, each later one only that all is stored.
    fn told(&mut self, room: &mut [u8]) -> u8 {
        let body = [self.stored.to_be_bytes(), self.digest];
        let chunks = if self.first == First::Told { 1 } else { body.len() };
        (self.first, self.told) = (First::Told, self.stored);
        fill(room, body.get(..chunks).unwrap_or_default().as_flattened()) as u8 // at most 16
    }

    /// What the sending direction has changed of what it was lent.
    pub(super) fn sent_in(&mut self, lent: &Self) {
        self.first = self.first.max(lent.first);
        self.told = lent.told;
        self.owe();
    }

    /// What the receiving direction has.
    pub(super) fn received_in(&mut self, lent: &Self) {
        let Self { first, told, .. } = *self;
        *self = Self { first: first.max(lent.first), told, ..*lent };
        self.owe();
    }
}
