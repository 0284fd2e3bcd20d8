//! Computes the Diffie-Hellman of new pinnings beside everything else.

use crate::snapshot::Snapshot;
use lowkey_core::Identity;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::thread;

/// Has what is cold in `snapshot` computed in a thread of its own, which ends with the snapshot.
pub(super) fn up(snapshot: &Arc<Snapshot>, identity: &Arc<Identity>) {
    if snapshot.warm.load(Ordering::Acquire) {
        return;
    }
    let (weak, kept) = (Arc::downgrade(snapshot), Arc::clone(identity));
    let work = move || warm(&weak, &kept);
    let spawned = thread::Builder::new().name("lowkey-warm".into()).spawn(work);
    if spawned.is_err() {
        warm(&Arc::downgrade(snapshot), identity); // no threads left: then those who wait for us wait longer
    }
}

fn warm(snapshot: &Weak<Snapshot>, identity: &Identity) {
    let Some(cold) = snapshot.upgrade().map(|snapshot| snapshot.cold()) else { return };
    for some in cold.chunks(AT_ONCE) {
        // A newer one is in force, which has a thread of its own.
        if snapshot.strong_count() == 0 {
            return;
        }
        for pinned in some.iter().filter(|pinned| !pinned.is_warm()) {
            pinned.warm(identity);
        }
        thread::yield_now();
    }
    if let Some(snapshot) = snapshot.upgrade() {
        snapshot.warm.store(true, Ordering::Release);
    }
}

/// Between two of which others may run: under a millisecond.
const AT_ONCE: usize = 16;
