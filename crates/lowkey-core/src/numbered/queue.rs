//! Numbered messages that wait until they are acknowledged (protocol §7).

use super::{DIGEST_LEN, MESSAGE, digest};
use crate::cursor::fill;
use core::cell::Cell;
use core::fmt;
use core::ops::DerefMut;

/// Messages in memory, one behind the other: length (2) ‖ number (8) ‖ message. What is acknowledged leaves at the
/// front.
pub struct Queue<M: Memory> {
    memory: M,
    state: M::State,
}

/// Where the messages of a [`Queue`] lie: any buffer, in which what is left moves to the front when something leaves.
pub trait Memory {
    /// What is known of it beside it.
    type State: Default;

    /// How many bytes behind each message are the memory's own.
    fn own(&self) -> usize;

    /// How many bytes there are.
    fn capacity(&self) -> usize;

    /// How many are in use.
    fn used(&self, state: &Self::State) -> usize;

    /// Those, from the oldest on, but for so many at the front.
    fn waiting(&self, state: &Self::State, behind: usize) -> &[u8];

    /// Adds a message that has room.
    fn add(&mut self, state: &mut Self::State, number: u64, message: &[u8]);

    /// Takes so many bytes out at the front.
    fn remove(&mut self, state: &mut Self::State, len: usize);
}

impl<B: DerefMut<Target = [u8]>> Memory for B {
    /// How many bytes are in use.
    type State = usize;

    fn own(&self) -> usize {
        0
    }

    fn capacity(&self) -> usize {
        self.len()
    }

    fn used(&self, used: &usize) -> usize {
        *used
    }

    fn waiting(&self, used: &usize, behind: usize) -> &[u8] {
        self.get(behind..*used).unwrap_or_default()
    }

    fn add(&mut self, used: &mut usize, number: u64, message: &[u8]) {
        if let Some(free) = self.get_mut(*used..)
            && let Some(written) = write(free, number, message)
        {
            *used = used.wrapping_add(written); // in the memory
        }
    }

    fn remove(&mut self, used: &mut usize, len: usize) {
        let bytes = Cell::from_mut(self.get_mut(..*used).unwrap_or_default()).as_slice_of_cells();
        let left = bytes.get(len..).unwrap_or_default();
        bytes.iter().zip(left).for_each(|(to, from)| to.set(from.get()));
        *used = left.len();
    }
}

impl<M: Memory> Queue<M> {
    /// An empty one.
    pub fn new(memory: M) -> Self {
        Self { memory, state: M::State::default() }
    }

    /// The memory. What waits in it is given up.
    pub fn into_memory(self) -> M {
        self.memory
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many bytes of the memory are in use.
    pub fn len(&self) -> usize {
        self.memory.used(&self.state)
    }

    /// The memory, whatever lies there.
    pub fn memory(&self) -> &M {
        &self.memory
    }

    /// The same, to be set up: what waits there afterwards is what it says.
    pub fn memory_mut(&mut self) -> &mut M {
        &mut self.memory
    }

    /// How many bytes a message may have now; `None`: not even an empty one has room.
    pub fn room(&self) -> Option<usize> {
        let free = self.memory.capacity().saturating_sub(self.len());
        Some(free.checked_sub(FRONT.wrapping_add(self.memory.own()))?.min(usize::from(u16::MAX)))
    }

    /// Takes a message with a number above that of every one before.
    ///
    /// # Errors
    /// [`NoRoom`]: it was not taken.
    pub fn push(&mut self, number: u64, message: &[u8]) -> Result<(), NoRoom> {
        let front = FRONT.wrapping_add(self.memory.own());
        let (needed, capacity) = (message.len().wrapping_add(front), self.memory.capacity()); // less than all there is
        if needed > capacity || message.len() > usize::from(u16::MAX) {
            return Err(NoRoom::Ever);
        }
        if needed > capacity.wrapping_sub(self.len()) {
            return Err(NoRoom::Now);
        }
        self.memory.add(&mut self.state, number, message);
        Ok(())
    }

    /// The oldest message with a number above this one.
    pub fn above(&self, number: u64) -> Option<Waiting<'_>> {
        self.behind(self.up_to(number))
    }

    /// Takes out every message up to this number. With a digest: unless the message of this number, if it waits here,
    /// has another one (`false`).
    pub fn release(&mut self, number: u64, digest: Option<&[u8; DIGEST_LEN]>) -> bool {
        if let Some(digest) = digest
            && let Some(waiting) = self.above(number.wrapping_sub(1))
            && waiting.number() == number
            && waiting.digest() != *digest
        {
            return false;
        }
        let len = self.up_to(number);
        self.memory.remove(&mut self.state, len);
        true
    }

    /// How many bytes the messages up to this number take.
    fn up_to(&self, number: u64) -> usize {
        let mut bytes = 0_usize;
        while let Some(waiting) = self.behind(bytes)
            && waiting.number() <= number
        {
            bytes = bytes.wrapping_add(waiting.taken()).wrapping_add(self.memory.own()); // in the memory
        }
        bytes
    }

    /// The first message behind so many bytes of what waits.
    #[inline(never)] // once, for all that look for one
    fn behind(&self, bytes: usize) -> Option<Waiting<'_>> {
        first(self.memory.waiting(&self.state, bytes))
    }
}

/// Why a message has no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRoom {
    /// Until something is released.
    Now,
    /// It is longer than the memory, or than 65,535 bytes.
    Ever,
}

impl NoRoom {
    /// The message of this error, for firmware that prints without `core::fmt`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Now => "the queue is full until something is released",
            Self::Ever => "the message is longer than the queue takes",
        }
    }
}

impl fmt::Display for NoRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl core::error::Error for NoRoom {}

/// A message that waits: number (8) ‖ message, as it goes out in one record.
#[derive(Clone, Copy)]
pub struct Waiting<'q>(&'q [u8]);

impl<'q> Waiting<'q> {
    /// Its number.
    pub fn number(&self) -> u64 {
        self.0.first_chunk().map_or(0, |number| u64::from_be_bytes(*number))
    }

    /// All of it, the number first.
    pub fn as_bytes(&self) -> &'q [u8] {
        self.0
    }

    /// What it says.
    pub fn message(&self) -> &'q [u8] {
        self.0.get(NUMBER_LEN..).unwrap_or_default()
    }

    /// How many bytes of the memory it takes, without what is the memory's own.
    pub(super) fn taken(&self) -> usize {
        self.0.len().wrapping_add(FRONT - NUMBER_LEN)
    }

    /// As [`message_digest`](super::message_digest).
    fn digest(&self) -> [u8; DIGEST_LEN] {
        digest(&[MESSAGE, self.0])
    }
}

/// The first of what waits.
pub(super) fn first(waiting: &[u8]) -> Option<Waiting<'_>> {
    let (len, rest) = waiting.split_first_chunk()?;
    rest.get(..usize::from(u16::from_be_bytes(*len)).wrapping_add(NUMBER_LEN)).map(Waiting)
}

/// Writes a message with what is in front of it, which has room; how many bytes.
#[inline(always)]
pub(super) fn write(free: &mut [u8], number: u64, message: &[u8]) -> Option<usize> {
    let (len, free) = free.split_first_chunk_mut()?;
    let (to, free) = free.split_first_chunk_mut()?;
    *len = (message.len() as u16).to_be_bytes();
    *to = number.to_be_bytes();
    Some(fill(free, message).wrapping_add(FRONT))
}

/// Bytes of a number.
const NUMBER_LEN: usize = size_of::<u64>();
/// Bytes in front of each message.
pub const FRONT: usize = size_of::<u16>() + NUMBER_LEN;
