//! How many messages 1 are worked on in a second, all together and from one address; the id plays no part
//! in it.
//!
//! An attempt is counted for its address, for the two networks around that, and for all, in this order, so that who has
//! used up its own takes nothing from others. Sources that no device was confirmed from lately get less, and all of
//! them together [`SHARE_OF_STRANGERS`]: the rest is kept for the others.
//!
//! The memory is fixed. Networks share counters by a keyed hash, which nobody can aim.

use super::familiar::Standing;
use super::source::{Network, Source, WIDTHS};
use crate::limits::Limits;
use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed, StateStore};
use governor::{Quota, RateLimiter};
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU32;
use tokio::time::Instant;

/// Lets at most so many through in any second, and a burst of as many after a quiet one.
pub(crate) struct Gate {
    all: Limiter<InMemoryState>,
    all_strangers: Limiter<InMemoryState>,
    strangers: [Limiter<Cells>; WIDTHS],
    familiar: [Limiter<Cells>; WIDTHS],
}

type Limiter<S> = RateLimiter<<S as StateStore>::Key, S, TokioClock, NoOpMiddleware<Nanos>>;

impl Gate {
    pub(crate) fn new(limits: &Limits) -> Self {
        let clock = TokioClock { began: Instant::now() };
        let all = limits.messages_1_per_second;
        let of_address = limits.messages_1_per_second_per_address;
        let one = |per_second| RateLimiter::direct_with_clock(quota(per_second), clock.clone());
        let each = |of_address: u32| {
            ADDRESSES.map(|addresses| {
                RateLimiter::new(quota(of_address.saturating_mul(addresses)), Cells::new(), clock.clone())
            })
        };
        Self {
            all: one(all),
            all_strangers: one(all / SHARE_OF_STRANGERS),
            strangers: each((of_address / SHARE_OF_STRANGER).max(1)),
            familiar: each(of_address),
        }
    }

    /// Whether one more may pass now. Its address is asked first, so that one address cannot use up what is
    /// there for all.
    pub(crate) fn pass(&self, from: Option<Source>, standing: Standing) -> bool {
        let by_width = match standing {
            Standing::Stranger => &self.strangers,
            Standing::Familiar => &self.familiar,
        };
        let passes_networks = |source: Source| {
            let networks = source.networks();
            let mut narrowest_first = networks.iter().zip(by_width).rev();
            narrowest_first.all(|(network, limiter)| limiter.check_key(network).is_ok())
        };
        from.is_none_or(passes_networks)
            && (standing == Standing::Familiar || self.all_strangers.check().is_ok())
            && self.all.check().is_ok()
    }
}

fn quota(per_second: u32) -> Quota {
    Quota::per_second(NonZeroU32::new(per_second).unwrap_or(NonZeroU32::MIN))
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").finish_non_exhaustive()
    }
}

/// One counter for each network, or for a few of them.
struct Cells {
    cells: Box<[InMemoryState]>,
    hasher: RandomState,
}

impl Cells {
    fn new() -> Self {
        Self { cells: (0..CELLS).map(|_| InMemoryState::default()).collect(), hasher: RandomState::new() }
    }
}

impl StateStore for Cells {
    type Key = Network;

    fn measure_and_replace<T, F, E>(&self, network: &Network, f: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let cell = self.hasher.hash_one(network) as usize % self.cells.len();
        self.cells[cell].measure_and_replace(&NotKeyed::NonKey, f)
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

/// How many addresses' worth the networks of an address may have, the widest first.
const ADDRESSES: [u32; WIDTHS] = [4, 2, 1];
/// The share of strangers is one in so many: of what there is for all, and of an address's.
const SHARE_OF_STRANGERS: u32 = 2;
const SHARE_OF_STRANGER: u32 = 4;
/// Counters of a width; each takes 8 bytes.
const CELLS: usize = 8192;

#[cfg(test)]
mod tests {
    use super::Standing::{Familiar, Stranger};
    use super::*;
    use std::net::{IpAddr, Ipv6Addr};
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
        let pass = || (0..20).filter(|_| gate.pass(None, Familiar)).count();
        assert_eq!(pass(), 10);
        tokio::time::advance(Duration::from_millis(100)).await;
        assert_eq!(pass(), 1);
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(pass(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn load_one_address_does_not_use_up_what_is_there_for_all() {
        let gate = gate(10, 3);
        assert_eq!((0..1000).filter(|_| gate.pass(source(1), Familiar)).count(), 3);
        assert_eq!((0..1000).filter(|_| gate.pass(source(2), Familiar)).count(), 3);
        assert_eq!((0..1000).filter(|_| gate.pass(None, Familiar)).count(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn load_a_part_is_kept_for_sources_that_devices_were_confirmed_from() {
        let gate = gate(1000, 400);
        let strangers = (0..10_000).filter(|n| {
            let [high, low] = u16::try_from(*n).unwrap().to_be_bytes();
            gate.pass(Some(IpAddr::from([high, low, 0, 1]).into()), Stranger)
        });
        assert_eq!(strangers.count(), 500);
        assert_eq!((0..1000).filter(|_| gate.pass(source(1), Familiar)).count(), 400);
    }

    #[tokio::test(start_paused = true)]
    async fn load_a_network_of_48_bits_has_no_more_than_four_addresses() {
        let gate = gate(1_000_000, 400);
        let passed = (0..=u16::MAX).flat_map(|subnet| [subnet; 2]).filter(|subnet| {
            let address = Ipv6Addr::new(0x2001, 0xdb8, 7, *subnet, 0, 0, 0, 1);
            gate.pass(Some(IpAddr::V6(address).into()), Stranger)
        });
        assert_eq!(passed.count(), 400, "four times a quarter of 400");
    }
}
