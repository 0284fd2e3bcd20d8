//! What a connection shares with those who look at it or end it from outside.
//!
//! A connection can be read by one task and written by another, and the stream below remembers one waker for
//! writing. The reading task writes as well (it answers PINGs and moves what is unsent), so what the stream
//! gets is a waker that wakes both. A third task may wait for the end.

use super::end::End;
use super::posted::{Fate, NotTaken, Posted};
use super::traffic::Traffic;
use crate::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use crate::sync::{Mutex, MutexGuard};
use std::sync::{Arc, PoisonError};
use std::task::{Wake, Waker};
use tokio::sync::oneshot;

/// Shared by a connection, the table of sessions, and whoever waits for its end.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    slots: Mutex<[Option<Waker>; 3]>,
    orders: AtomicU8,
    ping: AtomicU8,
    read: AtomicBool,
    closed: AtomicBool,
    traffic: Traffic,
    posted: Posted,
    /// The most data that one record carries, in bytes.
    max_data: usize,
}

/// Whoever waits for a message from outside hears, when this is dropped, that the connection is over.
pub(crate) struct OverWhenDropped(pub(super) Arc<Shared>);

impl Drop for OverWhenDropped {
    fn drop(&mut self) {
        self.0.posted.end();
    }
}

/// What a task waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Side {
    Reading,
    Writing,
    Ending,
}

/// `ping`: 0 as long as none was wanted; then one is wanted; it waits to leave; the stream has all of it.
const WANTED: u8 = 1;
const STAGED: u8 = 2;
const LEFT: u8 = 3;

/// `orders`: go on; or send our CLOSE as soon as no message is half sent; or an [`End`].
const OPEN: u8 = 0;
const STOPPING: u8 = 1;

impl Shared {
    /// Of a connection whose records carry so many bytes of data.
    pub(crate) fn of(max_data: usize) -> Self {
        Self { max_data, ..Self::default() }
    }

    /// The most data that one record carries, in bytes.
    pub(crate) fn max_data(&self) -> usize {
        self.max_data
    }

    /// Has a message of one record sent between two of the connection's own; its number, and what becomes of it.
    ///
    /// # Errors
    /// It is not taken.
    pub(crate) fn post(&self, message: &[u8]) -> Result<(u64, oneshot::Receiver<Fate>), NotTaken> {
        let posted = self.posted.post(message)?;
        self.wake_both();
        Ok(posted)
    }

    /// The messages from outside.
    pub(crate) fn posted(&self) -> &Posted {
        &self.posted
    }

    /// Remembers who waits.
    pub(crate) fn register(&self, side: Side, waker: &Waker) {
        let _dropped_without_the_lock = {
            let mut slots = self.lock();
            let slot = &mut slots[side as usize];
            if slot.as_ref().is_some_and(|known| known.will_wake(waker)) {
                return;
            }
            slot.replace(waker.clone())
        };
    }

    /// Wakes who waits for one thing.
    pub(crate) fn wake_side(&self, side: Side) {
        let waker = self.lock()[side as usize].take();
        if let Some(waker) = waker {
            waker.wake(); // not under the lock: it may run anything
        }
    }

    /// Somebody waits for the peer to say something.
    pub(crate) fn waits(&self) {
        self.read.store(true, Ordering::Relaxed);
    }

    /// Whoever waited has something, or an error, and does something else until it waits again.
    pub(crate) fn has_heard(&self) {
        self.read.store(false, Ordering::Relaxed);
    }

    /// Whether somebody waits for the peer to say something, or has waited and went before anything came.
    pub(crate) fn is_read(&self) -> bool {
        self.read.load(Ordering::Relaxed)
    }

    /// Wakes who reads and who writes.
    pub(crate) fn wake_both(&self) {
        self.wake_side(Side::Reading);
        self.wake_side(Side::Writing);
    }

    /// Ends the connection from outside; the first reason stays.
    pub(crate) fn end(&self, why: End) {
        let ended = self
            .orders
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |now| (now <= STOPPING).then_some(why as u8));
        if ended.is_ok() {
            self.posted.end();
            self.wake_both();
            self.wake_side(Side::Ending);
        }
    }

    /// Why it was ended from outside, if it was.
    pub(crate) fn ended(&self) -> Option<End> {
        let order = self.orders.load(Ordering::Acquire);
        End::ALL.into_iter().find(|end| *end as u8 == order)
    }

    /// Has the connection send its CLOSE; it goes on receiving.
    pub(crate) fn stop(&self) {
        if self.orders.compare_exchange(OPEN, STOPPING, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            self.wake_both();
        }
    }

    /// Whether our CLOSE is wanted.
    pub(crate) fn is_stopping(&self) -> bool {
        self.orders.load(Ordering::Acquire) == STOPPING
    }

    /// Our CLOSE is staged: the peer can be asked nothing more.
    pub(crate) fn closed(&self) {
        self.closed.store(true, Ordering::Relaxed);
        self.posted.close();
    }

    /// Whether our CLOSE is staged.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Has whoever reads ask the peer whether it is there.
    pub(crate) fn want_ping(&self) {
        self.ping.store(WANTED, Ordering::Release);
        self.wake_side(Side::Reading);
    }

    /// Has whoever reads come again; until then [`Self::is_read`] is false.
    pub(crate) fn have_a_look(&self) {
        self.read.store(false, Ordering::Relaxed);
        self.wake_side(Side::Reading);
    }

    /// Whether to ask.
    pub(crate) fn wants_ping(&self) -> bool {
        self.ping.load(Ordering::Relaxed) == WANTED
    }

    /// Whether to ask, once.
    pub(crate) fn take_ping(&self) -> bool {
        self.wants_ping()
            && self.ping.compare_exchange(WANTED, STAGED, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Nothing is unsent: if a PING was staged, the stream has taken it.
    pub(crate) fn all_has_left(&self) {
        if self.ping.load(Ordering::Relaxed) == STAGED {
            let _unless_another_is_wanted =
                self.ping.compare_exchange(STAGED, LEFT, Ordering::AcqRel, Ordering::Relaxed);
        }
    }

    /// Whether the stream has taken the PING that was wanted last.
    pub(crate) fn has_ping_left(&self) -> bool {
        self.ping.load(Ordering::Acquire) == LEFT
    }

    /// What went over the stream.
    pub(crate) fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    fn lock(&self) -> MutexGuard<'_, [Option<Waker>; 3]> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Shared {
    fn wake(self: Arc<Self>) {
        self.wake_both();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.wake_both();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::task::Poll;

    /// It knows the waker of a task that has it: a circle, while the task is there.
    #[tokio::test]
    async fn nothing_is_kept_of_a_task_that_waited() {
        let shared = Arc::new(Shared::default());
        let gone = Arc::downgrade(&shared);
        let waiting = tokio::spawn(poll_fn(move |context| {
            for side in [Side::Reading, Side::Writing, Side::Ending] {
                shared.register(side, context.waker());
            }
            Poll::<()>::Pending
        }));
        tokio::task::yield_now().await;
        waiting.abort();
        assert!(waiting.await.unwrap_err().is_cancelled());
        assert!(gone.upgrade().is_none());
    }

    #[test]
    fn a_ping_has_left_when_nothing_is_unsent_behind_it() {
        let shared = Shared::default();
        shared.all_has_left();
        assert!(!shared.has_ping_left());
        shared.want_ping();
        shared.all_has_left();
        assert!(!shared.has_ping_left(), "it was not staged");
        assert!(shared.take_ping() && !shared.take_ping());
        assert!(!shared.has_ping_left());
        shared.all_has_left();
        assert!(shared.has_ping_left());
        shared.want_ping();
        assert!(!shared.has_ping_left(), "that was the one before");
    }

    #[test]
    fn every_end_is_told_as_what_it_is() {
        for end in End::ALL {
            let shared = Shared::default();
            shared.end(end);
            assert_eq!(shared.ended(), Some(end));
        }
    }

    #[test]
    fn the_first_end_stays() {
        let shared = Shared::default();
        shared.stop();
        assert!(shared.is_stopping());
        shared.end(End::Revoked);
        shared.end(End::Silent);
        shared.stop();
        assert_eq!(shared.ended(), Some(End::Revoked));
        assert!(!shared.is_stopping());
    }
}
