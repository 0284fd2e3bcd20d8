//! How many messages 1 are worked on in a second; the id plays no part in it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Lets at most `per_second` through in any second, and a burst of as many after a quiet one.
#[derive(Debug)]
pub(crate) struct Gate {
    interval: Duration, // between two that pass at full load
    free_at: Mutex<Instant>,
}

const WINDOW: Duration = Duration::from_secs(1);

impl Gate {
    pub(crate) fn new(per_second: u32) -> Self {
        let interval = WINDOW / per_second.max(1);
        Self { interval, free_at: Mutex::new(Instant::now()) }
    }

    /// Whether one more may pass now.
    pub(crate) fn pass(&self) -> bool {
        let now = Instant::now();
        let mut free_at = self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
        let next = (*free_at).max(now) + self.interval;
        let passes = next <= now + WINDOW;
        if passes {
            *free_at = next;
        }
        passes
    }
}

#[cfg(test)]
mod tests {
    use super::Gate;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn passes_a_second_s_worth_and_then_one_at_a_time() {
        let gate = Gate::new(10);
        assert_eq!((0..20).filter(|_| gate.pass()).count(), 10);
        tokio::time::advance(Duration::from_millis(100)).await;
        assert_eq!((0..20).filter(|_| gate.pass()).count(), 1);
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!((0..20).filter(|_| gate.pass()).count(), 10);
    }
}
