//! What a session has given and what of it is stored, between the connection and the task that stores.

use lowkey_host::numbered::{Last, Unstored};
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use tokio::sync::Notify;

/// Shared by both.
#[derive(Debug, Default)]
pub(crate) struct Window {
    state: Mutex<State>,
    /// More was given, or nobody gives any more.
    given: Notify,
    /// More is in the stream, or all is.
    landed: Notify,
    /// Nobody gives any more.
    closed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Not yet in the stream: the first is on its way there.
    waits: VecDeque<(u64, Vec<u8>)>,
    bytes: usize,
    /// The last that is in the stream and not in the row.
    landed: Option<Last>,
    /// In the row.
    stored: u64,
    told: u64,
    is_closed: bool,
    over: Option<Unstored>,
    ready: Option<Waker>,
    hears: Option<Waker>,
}

impl Window {
    /// Whether one more may be given.
    pub(crate) fn poll_ready(&self, context: &Context<'_>) -> Poll<Result<(), Unstored>> {
        let mut state = self.state();
        if let Some(over) = &state.over {
            return Poll::Ready(Err(over.clone()));
        }
        if state.waits.len() < MOST && state.bytes < MOST_BYTES {
            return Poll::Ready(Ok(()));
        }
        state.ready = Some(context.waker().clone());
        Poll::Pending
    }

    pub(crate) fn give(&self, number: u64, message: Vec<u8>) {
        let mut state = self.state();
        if state.over.is_none() {
            state.bytes += message.len();
            state.waits.push_back((number, message));
            self.given.notify_one();
        }
    }

    /// What is stored, when that is news.
    pub(crate) fn poll_stored(&self, context: &Context<'_>) -> Poll<Result<u64, Unstored>> {
        let mut state = self.state();
        if state.stored > state.told {
            state.told = state.stored;
            return Poll::Ready(Ok(state.stored));
        }
        if let Some(over) = &state.over {
            return Poll::Ready(Err(over.clone()));
        }
        state.hears = Some(context.waker().clone());
        Poll::Pending
    }

    /// Nobody gives any more.
    pub(crate) fn close(&self) {
        self.state().is_closed = true;
        self.given.notify_one();
        self.landed.notify_one();
        self.closed.notify_one();
    }

    /// Waits until nobody gives any more.
    pub(crate) async fn closed(&self) {
        while !self.state().is_closed {
            self.closed.notified().await;
        }
    }

    /// The next that goes to the stream; `None`: there is no next.
    pub(crate) async fn next(&self) -> Option<(u64, Vec<u8>)> {
        loop {
            {
                let mut state = self.state();
                if let Some((number, message)) = state.waits.front_mut() {
                    // It counts until it is stored.
                    return Some((*number, std::mem::take(message)));
                }
                if state.is_closed {
                    return None;
                }
            }
            self.given.notified().await;
        }
    }

    /// The one that was given next is in the stream, and had so many bytes.
    pub(crate) fn land(&self, last: Last, length: usize) {
        let mut state = self.state();
        state.waits.pop_front();
        state.bytes -= length;
        state.landed = Some(last);
        if let Some(ready) = state.ready.take() {
            ready.wake();
        }
        self.landed.notify_one();
    }

    /// What is in the stream and not in the row; `None`: nothing is, and no more comes.
    pub(crate) async fn landed(&self) -> Option<Last> {
        loop {
            {
                let mut state = self.state();
                if let Some(last) = state.landed.take() {
                    return Some(last);
                }
                if state.is_closed && state.waits.is_empty() {
                    return None;
                }
            }
            self.landed.notified().await;
        }
    }

    /// The same, if something has come there since.
    pub(crate) fn landed_since(&self) -> Option<Last> {
        self.state().landed.take()
    }

    /// Waits until nothing is on its way to the stream.
    pub(crate) async fn idle(&self) {
        while !self.state().waits.is_empty() {
            self.landed.notified().await;
        }
    }

    /// It is in the row.
    pub(crate) fn store(&self, number: u64) {
        let mut state = self.state();
        state.stored = state.stored.max(number);
        if let Some(hears) = state.hears.take() {
            hears.wake();
        }
    }

    /// No more is stored.
    pub(crate) fn end(&self, over: Unstored) {
        let mut state = self.state();
        state.over = Some(over);
        state.waits.clear();
        state.bytes = 0;
        for waker in [state.ready.take(), state.hears.take()].into_iter().flatten() {
            waker.wake();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Messages of a session that are under way, and bytes of them; one message may be longer.
const MOST: usize = 64;
const MOST_BYTES: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn is_ready(window: &Window) -> bool {
        window.poll_ready(&Context::from_waker(Waker::noop())).is_ready()
    }

    #[tokio::test]
    async fn a_window_is_full_at_so_many_messages_or_bytes_until_one_is_in_the_stream() {
        for (length, most) in [(1, MOST), (MOST_BYTES / 2, 2), (10 * MOST_BYTES, 1), (0, MOST)] {
            let window = Window::default();
            for number in 1..=most as u64 {
                assert!(is_ready(&window), "{length}: {number}");
                window.give(number, vec![0; length]);
            }
            assert!(!is_ready(&window), "{length}");
            let (number, message) = window.next().await.unwrap();
            assert!(!is_ready(&window), "{length}: on its way it counts");
            assert_eq!((number, message.len()), (1, length));
            window.land(Last { number, digest: [0; 8] }, length);
            assert!(is_ready(&window), "{length}");
        }
    }

    #[tokio::test]
    async fn what_is_stored_is_told_once_and_also_when_it_was_the_last() {
        let window = Window::default();
        let told = || window.poll_stored(&Context::from_waker(Waker::noop()));
        assert_eq!(told(), Poll::Pending);
        window.give(7, Vec::new());
        window.store(7);
        window.store(6);
        window.end(Unstored::Moved);
        assert_eq!(told(), Poll::Ready(Ok(7)));
        assert_eq!(told(), Poll::Ready(Err(Unstored::Moved)));
        window.give(8, Vec::new());
        assert!(window.state().waits.is_empty() && window.state().bytes == 0);
    }
}
