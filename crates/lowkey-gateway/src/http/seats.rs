//! The connections of a listener for operators: so many at once, and none that says nothing keeps another waiting.
//! Strangers share the room by address, so that who floods us from one keeps no other waiting at all.

use std::future::{Future, poll_fn};
use std::net::{IpAddr, Ipv6Addr};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::Poll;
use std::time::Duration;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep_until};

/// Connections that are being answered, or say nothing.
#[derive(Debug)]
pub(super) struct Seats {
    at_once: usize,
    taken: Vec<Seat>, // the oldest first
    tasks: JoinSet<()>,
}

#[derive(Debug)]
struct Seat {
    /// A stranger's network.
    from: Option<IpAddr>,
    since: Instant,
    asked: Asked,
    task: AbortHandle,
}

/// How far a connection has come.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked(Arc<AtomicU8>);

impl Asked {
    /// Its request is whole.
    pub(super) fn now(&self) {
        self.0.fetch_max(ASKED, Ordering::Relaxed);
    }

    /// It reads along, for as long as it likes, and is counted elsewhere.
    pub(super) fn reads_along(&self) {
        self.0.store(READS_ALONG, Ordering::Relaxed);
    }

    fn is_so(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= ASKED
    }

    fn takes_a_seat(&self) -> bool {
        self.0.load(Ordering::Relaxed) < READS_ALONG
    }
}

impl Seats {
    /// As many as this at once.
    pub(super) fn new(at_once: usize) -> Self {
        Self { at_once, taken: Vec::new(), tasks: JoinSet::new() }
    }

    /// Waits until there is room for one more: at most for the short time that each has to ask, or, if all have
    /// asked, for the time that the oldest has to take its answer. Who has asked is never ended while there is one who
    /// has not. A stranger with too many makes room of his own at once.
    ///
    /// # Cancel safety
    /// Dropped, call again.
    pub(super) async fn room(&mut self, from: Option<IpAddr>) {
        loop {
            while self.tasks.try_join_next().is_some() {}
            self.taken.retain(|seat| seat.asked.takes_a_seat() && !seat.task.is_finished());
            self.part_with_one_of(from);
            if self.taken.len() < self.at_once {
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
    pub(super) fn take<F>(&mut self, from: Option<IpAddr>, answer: impl FnOnce(Asked) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let asked = Asked::default();
        let task = self.tasks.spawn(answer(asked.clone()));
        self.taken.push(Seat { from: from.map(network), since: Instant::now(), asked, task });
    }

    /// Ends one of a stranger who has as many as he may: his oldest that has not asked, or else his oldest.
    fn part_with_one_of(&mut self, from: Option<IpAddr>) {
        let Some(network) = from.map(network) else { return };
        let his: Vec<usize> =
            (0..self.taken.len()).filter(|n| self.taken[*n].from == Some(network)).collect();
        if his.len() < OF_ONE_ADDRESS {
            return;
        }
        let idle = his.iter().find(|n| !self.taken[**n].asked.is_so());
        if let Some(victim) = idle.or(his.first()) {
            self.taken.remove(*victim).task.abort();
        }
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

/// The address, or its network of 64 bits, which one machine has to itself.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
}

const ASKED: u8 = 1;
const READS_ALONG: u8 = 2;
/// Connections of one stranger at once: a kubelet and several Prometheus may come by one address.
const OF_ONE_ADDRESS: usize = 8;
/// How long a connection has in any case to say what it wants. With as many at once, who floods us takes turns with
/// others, and cannot end them as fast as they come.
const TIME_TO_ASK: Duration = Duration::from_millis(50);
/// How long a connection has in any case to take its answer, and the doctor to think: it takes up to two seconds.
const TIME_TO_TAKE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;

    const AT_ONCE: usize = 16;

    async fn silent(_never: Asked) {
        pending::<()>().await;
    }

    async fn asking(asked: Asked) {
        asked.now();
        pending::<()>().await;
    }

    #[tokio::test(start_paused = true)]
    async fn one_more_ends_the_oldest_that_has_not_asked_and_none_that_has() {
        let mut seats = Seats::new(AT_ONCE);
        seats.take(None, asking);
        for _ in 1..AT_ONCE {
            seats.room(None).await;
            seats.take(None, silent);
        }
        tokio::task::yield_now().await;
        let oldest = seats.taken[1].task.clone();
        let began = Instant::now();
        seats.room(None).await;
        tokio::task::yield_now().await;
        assert!(began.elapsed() <= 2 * TIME_TO_ASK, "{:?}", began.elapsed());
        assert!(oldest.is_finished() && !seats.taken[0].task.is_finished());
        assert_eq!(seats.taken.len(), AT_ONCE - 1);
    }

    #[tokio::test(start_paused = true)]
    async fn who_reads_along_takes_no_seat() {
        let mut seats = Seats::new(AT_ONCE);
        for _ in 0..2 * AT_ONCE {
            seats.room(None).await;
            seats.take(None, async |asked: Asked| {
                asked.reads_along();
                pending::<()>().await;
            });
            tokio::task::yield_now().await;
        }
        let began = Instant::now();
        seats.room(None).await;
        assert!(began.elapsed().is_zero() && seats.taken.is_empty() && seats.tasks.len() == 2 * AT_ONCE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_has_time_to_ask_whoever_comes_behind_it() {
        let mut seats = Seats::new(AT_ONCE);
        for _ in 0..AT_ONCE {
            seats.room(None).await;
            seats.take(None, silent);
        }
        let began = Instant::now();
        seats.room(None).await;
        assert!(began.elapsed() >= TIME_TO_ASK);
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_take_no_answer_keep_others_waiting_for_seconds_at_most() {
        let mut seats = Seats::new(AT_ONCE);
        for _ in 0..AT_ONCE {
            seats.room(None).await;
            seats.take(None, asking);
        }
        tokio::task::yield_now().await;
        let began = Instant::now();
        seats.room(None).await;
        assert!((TIME_TO_TAKE..2 * TIME_TO_TAKE).contains(&began.elapsed()), "{:?}", began.elapsed());
    }
    #[tokio::test(start_paused = true)]
    async fn a_stranger_with_too_many_connections_keeps_nobody_else_waiting() {
        let mut seats = Seats::new(AT_ONCE);
        let him = |n: u16| Some(IpAddr::from([0x2001, 0xdb8, 0, 7, 0, 0, 0, n]));
        let began = Instant::now();
        for n in 0..100 {
            seats.room(him(n)).await;
            if n == 0 {
                seats.take(him(n), asking);
                tokio::task::yield_now().await;
            } else {
                seats.take(him(n), silent);
            }
        }
        let another = Some(IpAddr::from([192, 0, 2, 1]));
        seats.room(another).await;
        assert_eq!(began.elapsed(), Duration::ZERO);
        assert_eq!(seats.taken.len(), OF_ONE_ADDRESS);
        assert!(!seats.taken[0].task.is_finished(), "one that has asked goes last");
    }
}
