//! Tasks that are polled only when a test says so, and that know how often they were woken.

use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// A waker that counts.
#[derive(Default)]
struct Counting(AtomicUsize);

impl std::task::Wake for Counting {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

pub(crate) struct Task {
    woken: Arc<Counting>,
    waker: Waker,
}

impl Default for Task {
    fn default() -> Self {
        let woken = Arc::<Counting>::default();
        Self { waker: Arc::clone(&woken).into(), woken }
    }
}

impl Task {
    pub(crate) fn poll<T>(&self, future: Pin<&mut impl Future<Output = T>>) -> Poll<T> {
        future.poll(&mut Context::from_waker(&self.waker))
    }

    pub(crate) fn wake(&self) {
        self.waker.wake_by_ref();
    }

    /// How often it was woken since this was asked.
    pub(crate) fn woken(&self) -> usize {
        self.woken.0.swap(0, SeqCst)
    }
}
