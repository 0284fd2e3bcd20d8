//! How a sink fares.

use lowkey_host::numbered::{Outage, Trouble};
use std::sync::atomic::{AtomicU64, Ordering};

/// How a sink fares, since it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Standing {
    /// Where it is: its URL, without anything secret.
    pub sink: String,
    /// How many messages were taken.
    pub taken: u64,
    /// How many tries came to nothing, and are made again.
    pub again: u64,
    /// How many messages were refused for good, and set aside.
    pub aside: u64,
    /// Nothing is taken: since when, and what was said last.
    pub trouble: Option<Trouble>,
}

/// Counts for a [`Standing`].
#[derive(Debug)]
pub(crate) struct Tally {
    taken: AtomicU64,
    again: AtomicU64,
    aside: AtomicU64,
    outage: Outage,
}

impl Tally {
    /// Of a sink whose URL, without anything secret, is this.
    pub(crate) fn new(sink: String) -> Self {
        let [taken, again, aside] = [const { AtomicU64::new(0) }; 3];
        Self { taken, again, aside, outage: Outage::of(sink) }
    }

    pub(crate) fn standing(&self) -> Standing {
        Standing {
            sink: self.outage.sink().to_owned(),
            taken: self.taken.load(Ordering::Relaxed),
            again: self.again.load(Ordering::Relaxed),
            aside: self.aside.load(Ordering::Relaxed),
            trouble: self.outage.trouble(),
        }
    }

    pub(crate) fn taken(&self) {
        self.taken.fetch_add(1, Ordering::Relaxed);
        self.well();
    }

    pub(crate) fn set_aside(&self) {
        self.aside.fetch_add(1, Ordering::Relaxed);
        self.well();
    }

    /// It is there again.
    pub(crate) fn well(&self) {
        self.outage.ends();
    }

    /// Whether nothing has been taken for a while, which was said then.
    pub(crate) fn again(&self, why: &str) -> bool {
        self.again.fetch_add(1, Ordering::Relaxed);
        self.outage.lasts(why)
    }
}
