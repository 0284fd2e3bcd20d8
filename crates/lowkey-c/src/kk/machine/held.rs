//! Where the messages of an outbox lie: in RAM, or in RAM that a reset leaves as it is.
//!
//! What changes the latter is behind a pointer, so that firmware has it in its flash only if it has such RAM.

use crate::raw::Kept;
use core::ops::DerefMut;
use lowkey_core::numbered::{DIGEST_LEN, Memory, Retained, RunId, Span};

/// Adds a message of this number; or takes out so many bytes at the front.
type Change = fn(&mut Held, number: u64, message: Option<&[u8]>);

/// The memory of an outbox. Zeros are one that has none.
pub(in crate::kk) struct Held {
    bytes: Kept,
    /// Where those lie that wait.
    start: usize,
    used: usize,
    /// How many bytes behind each message are the memory's own.
    own: usize,
    /// What changes it, if a reset leaves it.
    retained: Option<Change>,
    pub(in crate::kk) run: [u8; RunId::LEN],
    span: Span,
}

impl Held {
    /// It begins empty.
    pub(in crate::kk) fn set_up(&mut self, bytes: Kept, run: [u8; RunId::LEN]) {
        (self.bytes, self.run) = (bytes, run);
    }

    /// It begins with what is there of this run. The number of the last message; 0 if there is none.
    pub(in crate::kk) fn resume(&mut self, bytes: Kept, run: [u8; RunId::LEN]) -> u64 {
        (self.bytes, self.run, self.own) = (bytes, run, DIGEST_LEN);
        self.retained = Some(Self::change);
        let found = Retained::new(&mut *self.bytes, RunId::new(run));
        let (span, last) = (found.span(), found.last());
        self.lies(span);
        last
    }

    /// All of it, whatever lies there.
    pub(in crate::kk) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn lies(&mut self, span: Span) {
        let range = span.range();
        (self.span, self.start, self.used) = (span, range.start, range.len());
    }

    fn change(&mut self, number: u64, message: Option<&[u8]>) {
        let mut retained = Retained::again(&mut *self.bytes, RunId::new(self.run), self.span);
        match message {
            Some(message) => retained.add(&mut (), number, message),
            None => retained.remove(&mut (), usize::try_from(number).unwrap_or_default()),
        }
        let span = retained.span();
        self.lies(span);
    }
}

impl Memory for Held {
    type State = ();

    fn own(&self) -> usize {
        self.own
    }

    fn capacity(&self) -> usize {
        self.bytes.len().saturating_sub(self.own.wrapping_mul(FRONT))
    }

    fn used(&self, (): &()) -> usize {
        self.used
    }

    fn waiting(&self, (): &(), behind: usize) -> &[u8] {
        let Self { bytes, start, used, .. } = self;
        bytes.get(start.wrapping_add(behind)..start.wrapping_add(*used)).unwrap_or_default()
    }

    fn add(&mut self, (): &mut (), number: u64, message: &[u8]) {
        match self.retained {
            None => self.bytes.deref_mut().add(&mut self.used, number, message),
            Some(change) => change(self, number, Some(message)),
        }
    }

    fn remove(&mut self, (): &mut (), len: usize) {
        match self.retained {
            None => self.bytes.deref_mut().remove(&mut self.used, len),
            Some(change) => change(self, len as u64, None),
        }
    }
}

/// In front of all messages are the memory's own so many times what is behind each.
const FRONT: usize = Span::HEADS / DIGEST_LEN;
