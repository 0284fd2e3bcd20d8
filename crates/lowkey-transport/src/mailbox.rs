//! Messages that an interrupt handler leaves for the main loop's channel.

mod delivery;
mod office;

pub(crate) use delivery::{Delivery, Event};

use core::cell::RefCell;
use core::fmt;
use core::future::poll_fn;
use core::task::{Poll, Waker};
use critical_section::{CriticalSection, Mutex};
use heapless::{Deque, Vec};
use lowkey_core::fill;
use office::{Fate, Ticket};

/// Up to `N` messages of up to `LEN` bytes each, in a `static`.
///
/// Anybody may post, an interrupt handler too. One channel at a time delivers: a message stays here until the stream
/// has taken its last byte, in whatever call of the channel that is, and goes out on the next channel if this one ended
/// before: it was closed or dropped, or an error ended it.
///
/// At most eight mailboxes of a firmware can have a message on its way at the same time; 256 of a program on an
/// operating system.
pub struct Mailbox<const LEN: usize, const N: usize> {
    letters: Mutex<RefCell<Letters<LEN, N>>>,
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

impl PostError {
    /// The message of this error, for firmware that prints without `core::fmt`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Full => "the mailbox is full",
            Self::TooLong => "the message is longer than the mailbox takes",
        }
    }
}

impl fmt::Display for PostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl core::error::Error for PostError {}

struct Letters<const LEN: usize, const N: usize> {
    queue: Deque<Vec<u8, LEN>, N>,
    /// Of the one that waits longest, while a channel is in the middle of it.
    ticket: Option<Ticket>,
    /// Who waits for one.
    waiting: Option<Waker>,
}

impl<const LEN: usize, const N: usize> Mailbox<LEN, N> {
    /// An empty mailbox.
    pub const fn new() -> Self {
        let letters = Letters { queue: Deque::new(), ticket: None, waiting: None };
        Self { letters: Mutex::new(RefCell::new(letters)) }
    }

    /// Leaves a message. Short: copies it with interrupts masked, and wakes who waits for one.
    ///
    /// # Errors
    /// [`PostError`]: it was not taken.
    pub fn post(&self, message: &[u8]) -> Result<(), PostError> {
        let letter = Vec::from_slice(message).map_err(|_| PostError::TooLong)?;
        let waiting = self.with(|letters, _| {
            letters.queue.push_back(letter).map_err(|_| PostError::Full)?;
            Ok(letters.waiting.take())
        })?;
        wake(waiting); // outside: it may run anything
        Ok(())
    }

    /// Leaves a message as soon as there is room: after `N` others the task sleeps until one of them has left.
    ///
    /// # Cancel safety
    /// Dropped, the message was not left.
    ///
    /// # Errors
    /// [`PostError::TooLong`]: it was not taken.
    pub async fn post_when_room(&self, message: &[u8]) -> Result<(), PostError> {
        poll_fn(|context| {
            loop {
                match self.post(message) {
                    Err(PostError::Full) if self.is_full_and_waits(context.waker()) => return Poll::Pending,
                    Err(PostError::Full) => (), // one has left in between
                    posted => return Poll::Ready(posted),
                }
            }
        })
        .await
    }

    /// Sleeps until a message waits here, one that is on its way among them. For one task at a time.
    ///
    /// # Cancel safety
    /// Dropped, nothing is lost.
    pub async fn wait_for_message(&self) {
        poll_fn(|context| {
            let waker = context.waker();
            let (polled, displaced) = self.with(|letters, _| {
                if !letters.queue.is_empty() {
                    return (Poll::Ready(()), None);
                }
                let displaced = letters.waiting.replace(waker.clone());
                (Poll::Pending, displaced.filter(|other| !other.will_wake(waker)))
            });
            wake(displaced);
            polled
        })
        .await;
    }

    /// Shows the message that waits longest, unless a channel is amid it; if `take` takes it, it is gone from here.
    /// Whether one was taken. Interrupts are masked meanwhile.
    #[cfg(feature = "numbered")]
    pub(crate) fn take_front(&self, take: impl FnOnce(&[u8]) -> bool) -> bool {
        self.with(|letters, _| {
            let is_free = letters.ticket.is_none();
            let is_taken = letters.queue.front().is_some_and(|letter| is_free && take(letter));
            if is_taken {
                drop(letters.queue.pop_front());
            }
            is_taken
        })
    }

    /// How many messages wait, the one that is on its way among them.
    pub fn len(&self) -> usize {
        self.with(|letters, _| letters.queue.len())
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Has a channel begin with the message that waits longest. `None` if there is none, if another channel is in the
    /// middle of it, or if as many are under way as may be.
    fn begin(&self) -> Option<Ticket> {
        self.with(|letters, section| {
            if letters.queue.is_empty() || letters.ticket.is_some() {
                return None;
            }
            letters.ticket = office::issue(section);
            letters.ticket
        })
    }

    /// Whether this is the ticket of the message that waits longest.
    fn has(&self, ticket: Ticket) -> bool {
        self.with(|letters, _| letters.ticket == Some(ticket))
    }

    /// Copies from the message that waits longest, from `start` on; returns how many bytes, and how many are left.
    fn copy_front(&self, start: usize, out: &mut [u8]) -> (usize, usize) {
        self.with(|letters, _| {
            let letter = letters.queue.front().and_then(|letter| letter.get(start..)).unwrap_or_default();
            let n = fill(out, letter);
            (n, letter.len().saturating_sub(n))
        })
    }

    /// Whether there is no room now; then this task is woken when there may be.
    fn is_full_and_waits(&self, waker: &Waker) -> bool {
        let (is_full, displaced) = self.with(|letters, section| {
            let is_full = letters.queue.is_full();
            (is_full, if is_full { office::wait(waker, section) } else { None })
        });
        wake(displaced);
        is_full
    }

    fn with<T>(&self, f: impl FnOnce(&mut Letters<LEN, N>, CriticalSection<'_>) -> T) -> T {
        critical_section::with(|section| {
            let letters = &mut *self.letters.borrow_ref_mut(section);
            letters.settle(section);
            f(letters, section)
        })
    }
}

impl<const LEN: usize, const N: usize> Letters<LEN, N> {
    /// Forgets the message that waits longest if it has left.
    fn settle(&mut self, section: CriticalSection<'_>) {
        let Some(ticket) = self.ticket else { return };
        match office::fate(ticket, section) {
            Fate::UnderWay => return,
            Fate::Left => {
                drop(self.queue.pop_front());
                office::forget(ticket, section);
            }
            Fate::Kept => {}
        }
        self.ticket = None;
    }
}

impl<const LEN: usize, const N: usize> Default for Mailbox<LEN, N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const LEN: usize, const N: usize> Drop for Mailbox<LEN, N> {
    fn drop(&mut self) {
        self.with(|letters, section| {
            if let Some(ticket) = letters.ticket {
                office::forget(ticket, section);
            }
        });
    }
}

fn wake(waiting: Option<Waker>) {
    if let Some(waker) = waiting {
        waker.wake();
    }
}
