//! Messages that wait until they are acknowledged.

use super::RunId;
use crate::error::Error;
use crate::mailbox::Mailbox;
use crate::numbers::{Ack, Numbers};
use core::fmt;
use core::ops::DerefMut;
use lowkey_core::numbered::{DIGEST_LEN, Memory, NoRoom, Queue, Retained, Waiting};

/// Messages in the caller's memory, each numbered when it is pushed, which stay until the peer says that they are
/// stored.
///
/// What has not been acknowledged goes out again on the next channel, in order. What is only in RAM when the power
/// fails is lost, and was never acknowledged. A full one says so at once, and nothing waits: read the channel, which is
/// where acknowledgements come in, and push again.
///
/// Each message takes 10 bytes beside its own; in [`Retained`] memory, which [`Self::resume`] is for, 18, and all of
/// them 64.
pub struct Outbox<M: Memory> {
    queue: Queue<M>,
    run: RunId,
    /// The number of the last message that was pushed.
    last: u64,
    /// No number is above it yet.
    highest: u64,
}

/// Why a message was not taken; the outbox is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PushError {
    /// There is no room until something is acknowledged.
    Full,
    /// It does not fit into the memory, or is longer than 65,535 bytes.
    TooLong,
    /// 2^32 − 1 messages have been numbered since this start.
    Exhausted,
}

impl PushError {
    /// The message of this error, for firmware that prints without `core::fmt`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Full => "the outbox is full until something is acknowledged",
            Self::TooLong => "the message is longer than the outbox takes",
            Self::Exhausted => "no number is left before the next start",
        }
    }
}

impl fmt::Display for PushError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl core::error::Error for PushError {}

impl From<NoRoom> for PushError {
    fn from(no_room: NoRoom) -> Self {
        match no_room {
            NoRoom::Now => Self::Full,
            NoRoom::Ever => Self::TooLong,
        }
    }
}

impl<B: DerefMut<Target = [u8]>> Outbox<Retained<B>> {
    /// An outbox in RAM that is not cleared at a reset: what is in it of this run is sent under the numbers that it has
    /// got in earlier starts, and what is pushed from now on behind it. `boot` is the number of this start.
    ///
    /// The bytes may be any, also such as nobody has written. They lie where neither the start-up code nor the boot
    /// loader clears them, in a section of their own (`.uninit` of cortex-m-rt), and not behind a data cache that
    /// writes back.
    pub fn resume(bytes: B, run: RunId, boot: u32) -> Self {
        let memory = Retained::new(bytes, run);
        let last = memory.last().max(u64::from(boot) << 32);
        Self { queue: Queue::new(memory), run, last, highest: last }
    }
}

impl<M: Memory> Outbox<M> {
    /// An empty outbox of this run, after a start of this number. The boot log gives it, each once: numbers are `boot`
    /// (32 bits) ‖ count (32 bits), so that none comes twice.
    pub fn new(memory: M, run: RunId, boot: u32) -> Self {
        let last = u64::from(boot) << 32;
        Self { queue: Queue::new(memory), run, last, highest: last }
    }

    /// An empty outbox of messages that have their numbers already, from a stream that has numbered up to `highest` so
    /// far: [`Self::put`].
    pub fn of_stream(memory: M, run: RunId, highest: u64) -> Self {
        Self { queue: Queue::new(memory), run, last: 0, highest }
    }

    /// Of which run its numbers are: what [`Buffers::with_run`](crate::Buffers::with_run) tells the peer.
    pub fn run(&self) -> RunId {
        self.run
    }

    /// Takes a message, and gives it its number.
    ///
    /// # Errors
    /// [`PushError`]: it was not taken.
    pub fn push(&mut self, message: &[u8]) -> Result<u64, PushError> {
        let number = self.last.wrapping_add(1);
        if number as u32 == 0 {
            return Err(PushError::Exhausted);
        }
        self.take(number, message)?;
        Ok(number)
    }

    /// Takes a message that has its number, above that of every one before.
    ///
    /// # Errors
    /// [`PushError`]: it was not taken. [`PushError::Exhausted`]: the number is not above.
    pub fn put(&mut self, number: u64, message: &[u8]) -> Result<(), PushError> {
        if number <= self.last {
            return Err(PushError::Exhausted);
        }
        self.take(number, message)
    }

    #[inline(always)] // firmware calls one of the two
    fn take(&mut self, number: u64, message: &[u8]) -> Result<(), PushError> {
        self.queue.push(number, message)?;
        (self.last, self.highest) = (number, self.highest.max(number));
        Ok(())
    }

    /// Takes what waits in a mailbox, in order, as long as there is room; how many messages. What has no room stays
    /// there, and one that a channel is amid.
    ///
    /// # Errors
    /// As [`Self::push`], but for [`PushError::Full`], of the message that waits longest there.
    pub fn take_from<const LEN: usize, const N: usize>(
        &mut self,
        mailbox: &Mailbox<LEN, N>,
    ) -> Result<usize, PushError> {
        let mut taken = 0_usize;
        loop {
            let mut pushed = Ok(0);
            let moved = mailbox.take_front(|message| {
                pushed = self.push(message);
                pushed.is_ok()
            });
            match (moved, pushed) {
                (true, _) => taken = taken.saturating_add(1),
                (false, Ok(_) | Err(PushError::Full)) => return Ok(taken),
                (false, Err(error)) => return Err(error),
            }
        }
    }

    /// Whether everything that was pushed has been acknowledged.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// How many bytes a message may have now; `None`: not even an empty one has room.
    pub fn room(&self) -> Option<usize> {
        self.queue.room()
    }

    /// The number of the last message that was pushed; with a count of 0 if none was since this start.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// The memory. What waits in it is given up.
    pub fn into_memory(self) -> M {
        self.queue.into_memory()
    }

    /// Hears what the peer of a channel has acknowledged; whether it had not heard that.
    ///
    /// # Errors
    /// [`Error::NotAcknowledged`], [`Error::WentBack`]. [`Error::OutOfTurn`]: the channel was told another run.
    pub(crate) fn settle(&mut self, numbers: &mut Numbers) -> Result<bool, Error> {
        if numbers.run().ok_or(Error::NotAcknowledged)? != self.run {
            return Err(Error::OutOfTurn);
        }
        let Some(Ack { number, digest }) = numbers.fresh() else { return Ok(false) };
        if number > self.highest || !self.queue.release(number, digest) {
            return Err(Error::WentBack);
        }
        numbers.settle();
        Ok(true)
    }
}

/// What a driver of its own needs, which is not a [`Link`](crate::Link).
impl<M: Memory> Outbox<M> {
    /// Takes out every message up to this number: the peer has acknowledged it.
    pub fn release(&mut self, number: u64) {
        self.queue.release(number, None);
    }

    /// The oldest message with a number above this one.
    pub fn above(&self, number: u64) -> Option<Waiting<'_>> {
        self.queue.above(number)
    }

    /// Hears the peer's first ACK: takes out every message up to its number, if it can be of what was sent from here:
    /// its number is below the next one, and the message is what it says, if that is still here.
    ///
    /// # Errors
    /// [`Error::WentBack`]: nothing was taken out.
    pub fn hear_first(&mut self, number: u64, digest: &[u8; DIGEST_LEN]) -> Result<(), Error> {
        let can_be = number <= self.highest && self.queue.release(number, Some(digest));
        if can_be { Ok(()) } else { Err(Error::WentBack) }
    }
}

impl<M: Memory> fmt::Debug for Outbox<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").field("run", &self.run).field("last", &self.last).finish_non_exhaustive()
    }
}
