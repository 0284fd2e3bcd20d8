//! Which gateways are there, by what they say of themselves.

use crate::beat::{Beat, LOST};
use std::collections::BTreeMap;
use std::time::Duration;

/// A gateway of the fleet, as the one that is asked knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Peer {
    /// What it has said of itself last.
    pub beat: Beat,
    /// How long ago.
    pub silent: Duration,
}

impl Peer {
    /// Whether it is there: it has said so lately, and has not stopped.
    pub fn is_there(&self) -> bool {
        !self.beat.over && self.silent <= LOST
    }
}

/// The gateways of a fleet, ourselves among them.
#[derive(Debug, Default)]
pub(super) struct Peers {
    by_name: BTreeMap<String, (Beat, i64)>,
}

impl Peers {
    /// It has said this, at this time by NATS's clock, in milliseconds since 1970.
    pub(super) fn said(&mut self, beat: Beat, at: i64) {
        if self.by_name.len() < MOST || self.by_name.contains_key(&beat.gateway) {
            self.by_name.insert(beat.gateway.clone(), (beat, at));
        }
    }

    pub(super) fn forget(&mut self, name: &str) {
        self.by_name.remove(name);
    }

    /// All of them, as they are at this time.
    pub(super) fn at(&self, now: i64) -> Vec<Peer> {
        self.by_name.values().map(|(beat, at)| peer(beat, *at, now)).collect()
    }

    pub(super) fn of(&self, name: &str, now: i64) -> Option<Peer> {
        self.by_name.get(name).map(|(beat, at)| peer(beat, *at, now))
    }
}

fn peer(beat: &Beat, at: i64, now: i64) -> Peer {
    let silent = Duration::from_millis(u64::try_from(now.saturating_sub(at)).unwrap_or(0));
    Peer { beat: beat.clone(), silent }
}

/// Nobody has more gateways, and whoever may write a beat of one name may not have us remember any number.
const MOST: usize = 1000;
