//! Whom to wake: a connection can be read by one task and written by another.
//!
//! A stream remembers one waker for writing. The reading task writes as well (it answers PINGs and moves
//! what is unsent), so what the stream gets is a waker that wakes both.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

/// Shared by a connection and whatever may end it from outside.
#[derive(Debug, Default)]
pub(crate) struct Wakers {
    slots: Mutex<[Option<Waker>; 2]>,
    displaced: AtomicBool,
}

/// Which direction a task waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Side {
    Reading,
    Writing,
}

impl Wakers {
    /// Remembers who waits.
    pub(crate) fn register(&self, side: Side, waker: &Waker) {
        let mut slots = self.lock();
        match &mut slots[side as usize] {
            Some(known) => known.clone_from(waker),
            slot => *slot = Some(waker.clone()),
        }
    }

    /// Wakes who waits for one direction.
    pub(crate) fn wake_side(&self, side: Side) {
        let waker = self.lock()[side as usize].take();
        if let Some(waker) = waker {
            waker.wake(); // not under the lock: it may run anything
        }
    }

    /// Wakes everybody.
    pub(crate) fn wake_both(&self) {
        self.wake_side(Side::Reading);
        self.wake_side(Side::Writing);
    }

    /// Ends the connection from outside.
    pub(crate) fn displace(&self) {
        self.displaced.store(true, Ordering::Release);
        self.wake_both();
    }

    /// Whether it has been ended from outside.
    pub(crate) fn is_displaced(&self) -> bool {
        self.displaced.load(Ordering::Acquire)
    }

    fn lock(&self) -> MutexGuard<'_, [Option<Waker>; 2]> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Wakers {
    fn wake(self: Arc<Self>) {
        self.wake_both();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.wake_both();
    }
}
