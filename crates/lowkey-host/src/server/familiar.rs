//! Sources that a device was confirmed from lately. A share of what there is for all is kept for them.

use super::source::Source;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;
use tokio::time::Instant;

/// What a source has shown. It says nothing about an id, and of several devices behind one address what one has shown
/// counts for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing yet, or not for a while.
    Stranger,
    /// A device is connected from there, or was lately.
    Familiar,
}

/// Where devices were connected from; the last [`ROOM`] of them, each for [`LATELY`].
#[derive(Debug, Default)]
pub(crate) struct Familiar {
    next: u64,
    sources: HashMap<Source, (u64, Instant)>,
    by_age: BTreeMap<u64, Source>,
}

impl Familiar {
    /// A device was confirmed from there, or its session has ended.
    pub(crate) fn seen(&mut self, source: Source) {
        let number = self.next;
        self.next += 1;
        if let Some((before, _)) = self.sources.insert(source, (number, Instant::now())) {
            self.by_age.remove(&before);
        }
        self.by_age.insert(number, source);
        if self.sources.len() > ROOM
            && let Some((_, oldest)) = self.by_age.pop_first()
        {
            self.sources.remove(&oldest);
        }
    }

    /// Whether a device was seen from there lately.
    pub(crate) fn knows(&self, source: &Source) -> bool {
        self.sources.get(source).is_some_and(|(_, seen)| seen.elapsed() < LATELY)
    }
}

/// How many sources are remembered; each takes about 150 bytes.
const ROOM: usize = 16_384;
/// For how long: a site that was without power for a night comes back as who it was.
const LATELY: Duration = Duration::from_secs(24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{IpAddr, Ipv4Addr};

    fn source(n: usize) -> Source {
        IpAddr::from(Ipv4Addr::from_bits(u32::try_from(n).unwrap())).into()
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_is_familiar_for_a_day() {
        let mut familiar = Familiar::default();
        familiar.seen(source(1));
        tokio::time::advance(LATELY / 2).await;
        familiar.seen(source(2));
        assert!(familiar.knows(&source(1)) && !familiar.knows(&source(3)));
        tokio::time::advance(LATELY / 2).await;
        assert!(!familiar.knows(&source(1)) && familiar.knows(&source(2)));
    }

    #[test]
    fn there_is_room_for_the_last_ones_and_no_more() {
        let mut familiar = Familiar::default();
        for n in 0..ROOM {
            familiar.seen(source(n));
        }
        familiar.seen(source(0));
        for n in ROOM..2 * ROOM - 1 {
            familiar.seen(source(n));
        }
        assert_eq!((familiar.sources.len(), familiar.by_age.len()), (ROOM, ROOM));
        assert!(familiar.knows(&source(0)) && !familiar.knows(&source(1)));
    }
}
