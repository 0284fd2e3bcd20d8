//! The connections of an admin listener: so many at once, and none that says nothing keeps another waiting.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep_until};

/// Connections that are being answered, or say nothing.
#[derive(Debug, Default)]
pub(super) struct Seats {
    taken: Vec<Seat>, // the oldest first
    tasks: JoinSet<()>,
}

#[derive(Debug)]
struct Seat {
    since: Instant,
    asked: Asked,
    task: AbortHandle,
}

/// Whether a request has come over a connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked(Arc<AtomicBool>);

impl Asked {
    /// Its request is whole.
    pub(super) fn now(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_so(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Seats {
    /// Waits until there is room for one more: at most for the short time that each has to ask, or, if all have
    /// asked, for the time that the oldest has to take its answer. Who has asked is never ended while there is one who
    /// has not.
    ///
    /// # Cancel safety
    /// Dropped, call again.
    pub(super) async fn room(&mut self) {
        loop {
            while self.tasks.try_join_next().is_some() {}
            self.taken.retain(|seat| !seat.task.is_finished());
            if self.taken.len() < AT_ONCE {
                return;
            }
            let idle = self.taken.iter().position(|seat| !seat.asked.is_so());
            let (victim, time) = idle.map_or((0, TIME_TO_TAKE), |idle| (idle, TIME_TO_ASK));
            let until = self.taken[victim].since + time;
            if Instant::now() >= until {
                self.taken.remove(victim).task.abort();
                return;
            }
            self.one_ends_until(until).await;
        }
    }

    /// Has a connection answered; `answer` says when its request has come.
    pub(super) fn take<F>(&mut self, answer: impl FnOnce(Asked) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let asked = Asked::default();
        let task = self.tasks.spawn(answer(asked.clone()));
        self.taken.push(Seat { since: Instant::now(), asked, task });
    }

    async fn one_ends_until(&mut self, until: Instant) {
        let mut late = pin!(sleep_until(until));
        poll_fn(|context| match self.tasks.poll_join_next(context) {
            Poll::Ready(_one_has_ended) => Poll::Ready(()),
            Poll::Pending => late.as_mut().poll(context),
        })
        .await;
    }
}

/// Connections at once: with the longest answer, of ten thousand sessions, each holds a few megabytes.
const AT_ONCE: usize = 16;
/// How long a connection has in any case to say what it wants. With as many at once, who floods us takes turns with
/// others, and cannot end them as fast as they come.
const TIME_TO_ASK: Duration = Duration::from_millis(50);
/// How long a connection has in any case to take its answer, and the doctor to think: it takes up to two seconds.
const TIME_TO_TAKE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;

    async fn silent(_never: Asked) {
        pending::<()>().await;
    }

    async fn asking(asked: Asked) {
        asked.now();
        pending::<()>().await;
    }

    #[tokio::test(start_paused = true)]
    async fn one_more_ends_the_oldest_that_has_not_asked_and_none_that_has() {
        let mut seats = Seats::default();
        seats.take(asking);
        for _ in 1..AT_ONCE {
            seats.room().await;
            seats.take(silent);
        }
        tokio::task::yield_now().await;
        let oldest = seats.taken[1].task.clone();
        let began = Instant::now();
        seats.room().await;
        tokio::task::yield_now().await;
        assert!(began.elapsed() <= 2 * TIME_TO_ASK, "{:?}", began.elapsed());
        assert!(oldest.is_finished() && !seats.taken[0].task.is_finished());
        assert_eq!(seats.taken.len(), AT_ONCE - 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_has_time_to_ask_whoever_comes_behind_it() {
        let mut seats = Seats::default();
        for _ in 0..AT_ONCE {
            seats.room().await;
            seats.take(silent);
        }
        let began = Instant::now();
        seats.room().await;
        assert!(began.elapsed() >= TIME_TO_ASK);
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_take_no_answer_keep_others_waiting_for_seconds_at_most() {
        let mut seats = Seats::default();
        for _ in 0..AT_ONCE {
            seats.room().await;
            seats.take(asking);
        }
        tokio::task::yield_now().await;
        let began = Instant::now();
        seats.room().await;
        assert!((TIME_TO_TAKE..2 * TIME_TO_TAKE).contains(&began.elapsed()), "{:?}", began.elapsed());
    }
}
