//! How many messages 1 are worked on in a second, all together and from one address; the id plays no part
//! in it.

use super::source::Source;
use crate::Limits;
use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::HashMapStateStore;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use std::fmt;
use std::num::NonZeroU32;
use tokio::time::Instant;

/// Lets at most so many through in any second, and a burst of as many after a quiet one.
pub(crate) struct Gate {
    all: RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Nanos>>,
    by_source: RateLimiter<Source, HashMapStateStore<Source>, TokioClock, NoOpMiddleware<Nanos>>,
}

impl Gate {
    pub(crate) fn new(limits: &Limits) -> Self {
        let quota = |per_second| Quota::per_second(NonZeroU32::new(per_second).unwrap_or(NonZeroU32::MIN));
        let clock = TokioClock { began: Instant::now() };
        Self {
            all: RateLimiter::direct_with_clock(quota(limits.messages_1_per_second), clock.clone()),
            by_source: RateLimiter::hashmap_with_clock(
                quota(limits.messages_1_per_second_per_address),
                clock,
            ),
        }
    }

    /// Whether one more may pass now. Its address is asked first, so that one address cannot use up what is
    /// there for all.
    pub(crate) fn pass(&self, from: Option<Source>) -> bool {
        from.is_none_or(|source| self.by_source.check_key(&source).is_ok()) && self.all.check().is_ok()
    }

    /// Forgets addresses that have been quiet for a second.
    pub(crate) fn sweep(&self) {
        if !self.by_source.is_empty() {
            self.by_source.retain_recent();
        }
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").finish_non_exhaustive()
    }
}

/// Tokio's clock, which tests move.
#[derive(Clone)]
struct TokioClock {
    began: Instant,
}

impl Clock for TokioClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.began.elapsed().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;
    use std::time::Duration;

    fn gate(all: u32, per_address: u32) -> Gate {
        let limits = Limits {
            messages_1_per_second: all,
            messages_1_per_second_per_address: per_address,
            ..Limits::default()
        };
        Gate::new(&limits)
    }

    fn source(last: u8) -> Option<Source> {
        Some(IpAddr::from([192, 0, 2, last]).into())
    }

    #[tokio::test(start_paused = true)]
    async fn passes_a_second_s_worth_and_then_one_at_a_time() {
        let gate = gate(10, 10);
        assert_eq!((0..20).filter(|_| gate.pass(None)).count(), 10);
        tokio::time::advance(Duration::from_millis(100)).await;
        assert_eq!((0..20).filter(|_| gate.pass(None)).count(), 1);
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!((0..20).filter(|_| gate.pass(None)).count(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn one_address_does_not_use_up_what_is_there_for_all() {
        let gate = gate(10, 3);
        assert_eq!((0..1000).filter(|_| gate.pass(source(1))).count(), 3);
        assert_eq!((0..1000).filter(|_| gate.pass(source(2))).count(), 3);
        assert_eq!((0..1000).filter(|_| gate.pass(None)).count(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn quiet_addresses_are_forgotten() {
        let gate = gate(1000, 10);
        for last in 0..100 {
            gate.pass(source(last));
        }
        gate.sweep();
        assert_eq!(gate.by_source.len(), 100);
        tokio::time::advance(Duration::from_secs(2)).await;
        gate.sweep();
        assert_eq!(gate.by_source.len(), 0);
    }
}
