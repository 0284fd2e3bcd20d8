//! Computes the Diffie-Hellman of new pinnings beside everything else.

use super::super::pinned::Pinned;
use lowkey_core::Identity;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;

/// What is cold, and the thread that warms it: there is one while something is.
pub(super) struct Warmer {
    identity: Arc<Identity>,
    work: Mutex<Work>,
    /// False before anybody can find a cold pinning, and true once all that were fed are warm.
    done: AtomicBool,
}

#[derive(Default)]
struct Work {
    cold: Vec<Arc<Pinned>>,
    somebody_works: bool,
}

impl Warmer {
    pub(super) fn new(identity: Arc<Identity>) -> Arc<Self> {
        Arc::new(Self { identity, work: Mutex::default(), done: AtomicBool::new(true) })
    }

    pub(super) fn is_done(&self) -> bool {
        self.done.load(Ordering::Acquire)
    }

    /// Before `all` can be found: from now on nothing else need be warm.
    pub(super) fn instead(&self, all: &[Arc<Pinned>]) {
        let _freed_without_the_lock = {
            let mut work = self.work();
            let was = std::mem::replace(&mut work.cold, cold(all));
            self.lacks(&work);
            was
        };
    }

    /// Before `more` can be found.
    pub(super) fn besides(&self, more: &[Arc<Pinned>]) {
        let mut work = self.work();
        work.cold.extend(cold(more));
        self.lacks(&work);
    }

    fn lacks(&self, work: &Work) {
        if !work.cold.is_empty() {
            self.done.store(false, Ordering::Release);
        }
    }

    /// Has what is cold computed, unless somebody does so already.
    pub(super) fn go(self: &Arc<Self>) {
        {
            let mut work = self.work();
            if work.cold.is_empty() && !work.somebody_works {
                self.done.store(true, Ordering::Release); // what was to be warmed went
                return;
            }
            if work.somebody_works {
                return;
            }
            work.somebody_works = true;
        }
        let weak = Arc::downgrade(self);
        let spawned = thread::Builder::new().name("lowkey-warm".into()).spawn(move || warm(&weak));
        if spawned.is_err() {
            while self.some() {} // no threads left: then those who wait for us wait longer
        }
    }

    /// Computes a few; false once nothing is left.
    fn some(&self) -> bool {
        let few = {
            let mut work = self.work();
            if work.cold.is_empty() {
                work.somebody_works = false;
                self.done.store(true, Ordering::Release);
                return false;
            }
            let rest = work.cold.len().saturating_sub(AT_ONCE);
            work.cold.split_off(rest)
        };
        few.iter().filter(|pinned| !pinned.is_warm()).for_each(|pinned| pinned.warm(&self.identity));
        true
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn cold(all: &[Arc<Pinned>]) -> Vec<Arc<Pinned>> {
    all.iter().filter(|pinned| !pinned.is_warm()).cloned().collect()
}

/// Until all is warm, or nobody has the registry any more.
fn warm(warmer: &Weak<Warmer>) {
    while warmer.upgrade().is_some_and(|warmer| warmer.some()) {
        thread::yield_now();
    }
}

/// Between two of which others may run: under a millisecond.
const AT_ONCE: usize = 16;
