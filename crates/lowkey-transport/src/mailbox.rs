//! Messages that an interrupt handler leaves for the main loop's channel.

use crate::bytes::fill;
use core::cell::RefCell;
use critical_section::Mutex;
use heapless::{Deque, Vec};

/// Up to `N` messages of up to `LEN` bytes each, in a `static`.
///
/// Anybody may post, an interrupt handler too. One channel at a time delivers: a message stays here
/// until the stream has taken its last byte, and goes out on the next channel if this one ended before.
pub struct Mailbox<const LEN: usize, const N: usize> {
    letters: Mutex<RefCell<Deque<Vec<u8, LEN>, N>>>,
}

/// Why a message was not taken; the mailbox is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PostError {
    /// `N` messages wait already.
    Full,
    /// The message is longer than `LEN` bytes.
    TooLong,
}

impl<const LEN: usize, const N: usize> Mailbox<LEN, N> {
    /// An empty mailbox.
    pub const fn new() -> Self {
        Self { letters: Mutex::new(RefCell::new(Deque::new())) }
    }

    /// Leaves a message. Short: copies it with interrupts masked.
    ///
    /// # Errors
    /// [`PostError`]: it was not taken.
    pub fn post(&self, message: &[u8]) -> Result<(), PostError> {
        let letter = Vec::from_slice(message).map_err(|_| PostError::TooLong)?;
        self.with(|letters| letters.push_back(letter).map_err(|_| PostError::Full))
    }

    /// How many messages wait.
    pub fn len(&self) -> usize {
        self.with(|letters| letters.len())
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The length of the message that waits longest.
    pub(crate) fn front_len(&self) -> Option<usize> {
        self.with(|letters| letters.front().map(|letter| letter.len()))
    }

    /// Copies from the message that waits longest, from `start` on; returns how many bytes.
    pub(crate) fn copy_front(&self, start: usize, out: &mut [u8]) -> usize {
        self.with(|letters| {
            let letter = letters.front().and_then(|letter| letter.get(start..)).unwrap_or_default();
            fill(out, letter)
        })
    }

    /// Forgets the message that waits longest.
    pub(crate) fn pop(&self) {
        self.with(|letters| drop(letters.pop_front()));
    }

    fn with<T>(&self, f: impl FnOnce(&mut Deque<Vec<u8, LEN>, N>) -> T) -> T {
        critical_section::with(|cs| f(&mut self.letters.borrow_ref_mut(cs)))
    }
}

impl<const LEN: usize, const N: usize> Default for Mailbox<LEN, N> {
    fn default() -> Self {
        Self::new()
    }
}

/// How far a channel has come with the message that waits longest in one mailbox.
#[derive(Default)]
pub(crate) struct Delivery {
    /// Which mailbox that is: its address.
    mailbox: usize,
    /// Bytes of it that have been staged.
    pub(crate) staged: usize,
    /// All of it has been staged; it is delivered once the stream has taken what is unsent.
    pub(crate) complete: bool,
}

impl Delivery {
    /// Goes on, or begins with this mailbox; `None` while a message of another one is on its way.
    pub(crate) fn of<const LEN: usize, const N: usize>(
        &mut self,
        mailbox: &Mailbox<LEN, N>,
    ) -> Option<&mut Self> {
        let address = core::ptr::from_ref(mailbox).addr();
        if self.staged == 0 && !self.complete {
            self.mailbox = address;
        }
        (self.mailbox == address).then_some(self)
    }
}
