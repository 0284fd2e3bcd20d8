//! A TCP connection to one of several addresses, without waiting for one that does not answer: RFC 8305.
//!
//! The system's look-up gives all addresses of a name at once, of both families and in the order of RFC 6724, so its
//! §3 (two queries that answer at different times) has nothing to do here.

use std::collections::VecDeque;
use std::error::Error;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use std::{fmt, io};
use tokio::time::{Instant, sleep_until};

type Attempt<S> = Pin<Box<dyn Future<Output = io::Result<S>> + Send>>;

/// Attempts to connect, of which the first that succeeds ends all others.
pub struct Race<S> {
    waiting: VecDeque<SocketAddr>,
    running: Vec<(SocketAddr, Attempt<S>)>,
    failed: Vec<(SocketAddr, io::Error)>,
}

impl<S> Race<S> {
    /// Nothing has been tried yet. `addresses` are in the order of preference.
    pub fn new(addresses: Vec<SocketAddr>) -> Self {
        Self { waiting: alternating(addresses), running: Vec::new(), failed: Vec::new() }
    }

    /// Tries one address after the other; the next begins when one has failed, or a quarter of a second after the last.
    ///
    /// # Cancel safety
    /// Dropped, the race can be [given up](Self::give_up).
    ///
    /// # Errors
    /// All have failed.
    pub async fn run<F>(&mut self, connect: impl Fn(SocketAddr) -> F) -> Result<S, Unreachable>
    where
        F: Future<Output = io::Result<S>> + Send + 'static,
    {
        let mut begun = None;
        let mut turn = pin!(sleep_until(Instant::now()));
        poll_fn(|context| {
            loop {
                let failed_before = self.failed.len();
                if let Poll::Ready(stream) = self.poll_running(context) {
                    return Poll::Ready(Ok(stream));
                }
                if let Some(begun) = begun
                    && self.failed.len() > failed_before
                {
                    let sooner = turn.deadline().min(begun + SHORTEST_DELAY);
                    turn.as_mut().reset(sooner);
                }
                if self.waiting.is_empty() {
                    return if self.running.is_empty() {
                        Poll::Ready(Err(self.give_up()))
                    } else {
                        Poll::Pending
                    };
                }
                // The first waits for no timer, whose ticks are a millisecond long.
                if begun.is_some() {
                    ready!(turn.as_mut().poll(context));
                }
                if let Some(address) = self.waiting.pop_front() {
                    self.running.push((address, Box::pin(connect(address))));
                }
                let now = Instant::now();
                begun = Some(now);
                turn.as_mut().reset(now + DELAY);
            }
        })
        .await
    }

    /// The stream of one that has succeeded; those that have failed run no longer.
    fn poll_running(&mut self, context: &mut Context<'_>) -> Poll<S> {
        let mut at = 0;
        while let Some((address, attempt)) = self.running.get_mut(at) {
            match attempt.as_mut().poll(context) {
                Poll::Ready(Ok(stream)) => return Poll::Ready(stream),
                Poll::Ready(Err(error)) => {
                    self.failed.push((*address, error));
                    drop(self.running.remove(at));
                }
                Poll::Pending => at += 1,
            }
        }
        Poll::Pending
    }

    /// Ends all attempts, and says what each of them came to.
    pub fn give_up(&mut self) -> Unreachable {
        let mut tried = std::mem::take(&mut self.failed);
        let no_answer =
            |(address, _)| (address, io::Error::new(io::ErrorKind::TimedOut, "no answer in time"));
        tried.extend(self.running.drain(..).map(no_answer));
        let no_turn = |address| (address, io::Error::new(io::ErrorKind::TimedOut, "not tried in time"));
        tried.extend(self.waiting.drain(..).map(no_turn));
        Unreachable(tried)
    }
}

/// §4: the first address keeps its place, and the families alternate from there on (First Address Family Count 1).
fn alternating(addresses: Vec<SocketAddr>) -> VecDeque<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (preferred, others): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let (mut preferred, mut others) = (preferred.into_iter(), others.into_iter());
    let mut order = VecDeque::new();
    loop {
        let pair = [preferred.next(), others.next()];
        if pair.iter().all(Option::is_none) {
            return order;
        }
        order.extend(pair.into_iter().flatten());
    }
}

/// Nobody answered at any address of a server or a service.
#[derive(Debug)]
pub struct Unreachable(Vec<(SocketAddr, io::Error)>);

impl Unreachable {
    /// The addresses that a name stands for, and what came of each; none, if it stands for none.
    pub fn tried(&self) -> impl Iterator<Item = (SocketAddr, &io::Error)> {
        self.0.iter().map(|(address, error)| (*address, error))
    }

    /// The kind of the last one's error.
    pub(crate) fn kind(&self) -> io::ErrorKind {
        self.0.last().map_or(io::ErrorKind::InvalidInput, |(_, error)| error.kind())
    }
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0[..] {
            [] => f.write_str("the name stands for no address"),
            [(address, error)] => write!(f, "nobody answers at {address}: {error}"),
            several => {
                f.write_str("nobody answers")?;
                several.iter().try_for_each(|(address, error)| write!(f, "; at {address}: {error}"))
            }
        }
    }
}

impl Error for Unreachable {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.last().map(|(_, error)| error as _)
    }
}

impl From<Unreachable> for io::Error {
    /// Of a single address, the error itself: whoever asked knows which address that was.
    fn from(mut error: Unreachable) -> Self {
        match error.0.pop() {
            Some((_, only)) if error.0.is_empty() => only,
            last => {
                error.0.extend(last);
                Self::new(error.kind(), error)
            }
        }
    }
}

/// §5, "Connection Attempt Delay".
const DELAY: Duration = Duration::from_millis(250);
/// §5: no attempt begins sooner after the one before, even if that has failed.
const SHORTEST_DELAY: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests;
