//! How a sink fares.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use tracing::{info, warn};

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

/// Nothing is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trouble {
    /// For how long.
    pub lasts: Duration,
    /// What was said last, in a line without anything that steers terminals.
    pub why: String,
}

/// Counts for a [`Standing`].
#[derive(Debug)]
pub(crate) struct Tally {
    sink: String,
    taken: AtomicU64,
    again: AtomicU64,
    aside: AtomicU64,
    trouble: Mutex<Option<Since>>,
}

#[derive(Debug)]
struct Since {
    began: Instant,
    why: String,
    is_said: bool,
}

impl Tally {
    /// Of a sink whose URL, without anything secret, is this.
    pub(crate) fn new(sink: String) -> Self {
        let [taken, again, aside] = [const { AtomicU64::new(0) }; 3];
        Self { sink, taken, again, aside, trouble: Mutex::new(None) }
    }

    pub(crate) fn standing(&self) -> Standing {
        let trouble = self.trouble();
        Standing {
            sink: self.sink.clone(),
            taken: self.taken.load(Ordering::Relaxed),
            again: self.again.load(Ordering::Relaxed),
            aside: self.aside.load(Ordering::Relaxed),
            trouble: trouble
                .as_ref()
                .map(|since| Trouble { lasts: since.began.elapsed(), why: since.why.clone() }),
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
        let before = self.trouble().take();
        if before.is_some_and(|since| since.is_said) {
            info!(name: "lowkey.sink_back", target: "lowkey", sink = %self.sink, "the sink is there again");
        }
    }

    /// Whether nothing has been taken for a while, which was said then.
    pub(crate) fn again(&self, why: &str) -> bool {
        self.again.fetch_add(1, Ordering::Relaxed);
        let mut trouble = self.trouble();
        let since = trouble.get_or_insert_with(|| Since {
            began: Instant::now(),
            why: String::new(),
            is_said: false,
        });
        why.clone_into(&mut since.why);
        if !since.is_said && since.began.elapsed() >= LONG {
            since.is_said = true;
            warn!(
                name: "lowkey.sink_lost", target: "lowkey", sink = %self.sink, error = %why,
                "no message is taken; devices keep theirs"
            );
        }
        since.is_said
    }

    fn trouble(&self) -> MutexGuard<'_, Option<Since>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What does not last that long is no news.
const LONG: Duration = Duration::from_secs(10);
