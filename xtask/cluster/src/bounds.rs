//! What is promised, and how much later it may come on a machine that is busy with something else.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep},
};

/// The promises, as this machine can keep them.
pub(crate) struct Bounds {
    /// How many times as long everything may take: 1 where the promises themselves are held.
    times: u32,
    late: Arc<AtomicU32>,
    watch: JoinHandle<()>,
}

impl Bounds {
    /// From now on it is watched how late this machine is with what is due.
    pub(crate) fn new(times: u32) -> Self {
        let late = Arc::new(AtomicU32::new(0));
        let watch = tokio::spawn(watch(Arc::clone(&late)));
        Self { times, late, watch }
    }

    /// What may take so long by the promise.
    pub(crate) fn of(&self, promised: Duration) -> Duration {
        promised * self.times + self.late() * LATE_FOR_ALL
    }

    /// Whether what is timed says something of the promises.
    pub(crate) const fn are_strict(&self) -> bool {
        self.times == 1
    }

    /// The latest that anything was so far.
    pub(crate) fn late(&self) -> Duration {
        Duration::from_millis(self.late.load(Ordering::Relaxed).into())
    }
}

impl Drop for Bounds {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

async fn watch(late: Arc<AtomicU32>) {
    loop {
        let begun = Instant::now();
        sleep(TICK).await;
        let over = begun.elapsed().saturating_sub(TICK);
        late.fetch_max(u32::try_from(over.as_millis()).unwrap_or(u32::MAX), Ordering::Relaxed);
    }
}

/// A session's end takes several that are as late as that, one after the other.
const LATE_FOR_ALL: u32 = 5;
const TICK: Duration = Duration::from_millis(20);
