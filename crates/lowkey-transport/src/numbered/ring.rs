//! Numbered messages in a ring of bytes, one behind the other: number (8) ‖ length (2) ‖ message. What reaches its end
//! goes on at its beginning.

use crate::limits::Buffer;
use lowkey_core::fill;

pub(super) struct Ring<M> {
    memory: M,
    /// Where the oldest message begins.
    start: usize,
    used: usize,
}

/// A message in the ring.
#[derive(Clone, Copy)]
pub(super) struct Slot {
    pub(super) number: u64,
    pub(super) len: usize,
    /// Where its bytes begin, counted from the oldest message on.
    at: usize,
}

impl Slot {
    /// Where the next one begins.
    fn end(&self) -> usize {
        self.at.saturating_add(self.len)
    }
}

impl<M: Buffer> Ring<M> {
    pub(super) fn new(memory: M) -> Self {
        Self { memory, start: 0, used: 0 }
    }

    pub(super) fn into_memory(self) -> M {
        self.memory
    }

    pub(super) fn is_empty(&self) -> bool {
        self.used == 0
    }

    /// The longest message that has room when nothing else is there.
    pub(super) fn longest(&self) -> usize {
        self.memory.len().saturating_sub(FRONT).min(usize::from(u16::MAX))
    }

    /// The longest message that has room now; `None`: not even an empty one.
    pub(super) fn room(&self) -> Option<usize> {
        let free = self.memory.len().saturating_sub(self.used);
        free.checked_sub(FRONT).map(|room| room.min(usize::from(u16::MAX)))
    }

    /// Adds a message that has room.
    pub(super) fn push(&mut self, number: u64, message: &[u8]) {
        let mut front = [0; FRONT];
        let (number_bytes, len) = front.split_at_mut(size_of::<u64>());
        fill(number_bytes, &number.to_be_bytes());
        fill(len, &u16::try_from(message.len()).unwrap_or(u16::MAX).to_be_bytes());
        self.put(self.used, &front);
        self.put(self.used.saturating_add(FRONT), message);
        self.used = self.used.saturating_add(FRONT).saturating_add(message.len());
    }

    /// The message that waits longest.
    pub(super) fn first(&self) -> Option<Slot> {
        self.slot(0)
    }

    /// The oldest message with a number above this one.
    pub(super) fn above(&self, number: u64) -> Option<Slot> {
        let mut at = 0;
        while let Some(slot) = self.slot(at) {
            if slot.number > number {
                return Some(slot);
            }
            at = slot.end();
        }
        None
    }

    /// Takes the oldest out.
    pub(super) fn pop(&mut self) {
        if let Some(slot) = self.first() {
            self.start = self.wrap(slot.end());
            self.used = self.used.saturating_sub(slot.end());
        }
    }

    /// Its bytes, in two pieces.
    pub(super) fn bytes(&self, slot: Slot) -> [&[u8]; 2] {
        self.from(slot.at, slot.len)
    }

    fn slot(&self, at: usize) -> Option<Slot> {
        if at >= self.used {
            return None;
        }
        let mut front = [0; FRONT];
        let [one, other] = self.from(at, FRONT);
        let (head, tail) = front.split_at_mut_checked(one.len())?;
        fill(head, one);
        fill(tail, other);
        let (number, len) = front.split_first_chunk()?;
        let len = u16::from_be_bytes(*len.first_chunk()?);
        Some(Slot { number: u64::from_be_bytes(*number), len: len.into(), at: at.saturating_add(FRONT) })
    }

    /// So many bytes from there on.
    fn from(&self, at: usize, len: usize) -> [&[u8]; 2] {
        let start = self.wrap(at);
        let until_end = self.memory.len().saturating_sub(start).min(len);
        let (front, back) = (start..start.saturating_add(until_end), 0..len.saturating_sub(until_end));
        [front, back].map(|range| self.memory.get(range).unwrap_or_default())
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        let start = self.wrap(at);
        let n = fill(self.memory.get_mut(start..).unwrap_or_default(), bytes);
        fill(&mut self.memory, bytes.get(n..).unwrap_or_default());
    }

    /// Where in the memory it is, counted from the oldest message on.
    fn wrap(&self, at: usize) -> usize {
        let place = self.start.saturating_add(at);
        place.checked_sub(self.memory.len()).unwrap_or(place)
    }
}

/// Bytes in front of each message.
const FRONT: usize = size_of::<u64>() + size_of::<u16>();
