//! What became of the attempts that came to nothing, and of sessions that the service behind ended, for the doctor: the
//! one place where a server remembers *why*.
//!
//! Nothing of it reaches the wire or the log. Every attempt is recorded after its answer has left and its stream
//! is shut, by the same steps whatever the cause: one byte was noted where it was found, the first frame was
//! copied when it came, known id or not, and one entry is made or counted up under one lock. So neither an
//! answer nor its time depends on what is written here.
//!
//! Attempts alike (same source, same claim, same cause) share an entry. There is room for [`ROOM`]; when it is
//! taken, the source with the most entries loses its oldest: a flood pushes out itself.

use super::source::Source;
use lowkey_core::Id;
use lowkey_transport::{Hello, MIN_INCOMING, Mode};
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Why an attempt came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Cause {
    /// It spoke another version.
    Version,
    /// It asked for a mode that is not offered, or does not exist.
    Mode,
    /// Too many messages 1 a second.
    Load,
    /// The service behind was down.
    ServiceDown,
    /// A session: the service behind could not be reached for it.
    Unreached,
    /// A session: the service behind broke it off.
    BrokenOff,
    /// Confirmed, and all seats were taken.
    NoSeat,
    /// Confirmed, and all seats of its address were taken.
    NoSeatOfAddress,
    /// No pinning has the id.
    UnknownId,
    /// The id's pinning has the other mode.
    OtherMode,
    /// The id's pinning has ended.
    Expired,
    /// Message 1 did not open with the id's pinning.
    NotOpened,
    /// Message 1 opened, and no record did.
    Unconfirmed,
    /// Nothing whole came in time.
    TimedOut,
    /// It had to make room for others.
    Displaced,
    /// What came is not this protocol.
    Malformed,
    /// It came through a balancer, and without its header.
    NoHeader,
    /// It hung up, or the line broke.
    HungUp,
    /// The application refused it, or dropped it.
    Application,
    /// No randomness.
    Entropy,
}

/// A first frame as it came: hello ‖ message 1.
#[derive(Clone, Copy)]
pub(crate) struct FirstFrame {
    bytes: [u8; MIN_INCOMING],
    len: usize,
}

impl FirstFrame {
    pub(crate) const EMPTY: Self = Self { bytes: [0; MIN_INCOMING], len: 0 };

    pub(crate) fn new(frame: &[u8]) -> Self {
        let mut first = Self::EMPTY;
        first.len = frame.len().min(MIN_INCOMING);
        first.bytes[..first.len].copy_from_slice(&frame[..first.len]);
        first
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// Attempts that were alike.
#[derive(Clone)]
pub(crate) struct Record {
    /// Where the last of them came from.
    pub(crate) from: Option<SocketAddr>,
    pub(crate) hello: Option<Hello>,
    pub(crate) cause: Cause,
    /// The last of them.
    pub(crate) first_frame: FirstFrame,
    pub(crate) times: u64,
    /// How long ago the first was.
    pub(crate) since: Duration,
    /// How long ago the last was.
    pub(crate) last: Duration,
}

/// What makes attempts alike.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Alike {
    source: Option<Source>,
    claim: Option<(Mode, Option<Id>)>,
    cause: Cause,
}

struct Entry {
    number: u64,
    from: Option<SocketAddr>,
    hello: Option<Hello>,
    first_frame: FirstFrame,
    times: u64,
    first: Instant,
    last: Instant,
}

#[derive(Default)]
struct Book {
    next: u64,
    entries: HashMap<Alike, Entry>,
    by_source: HashMap<Option<Source>, BTreeMap<u64, Alike>>,
}

/// The last attempts that came to nothing.
#[derive(Default)]
pub(crate) struct Records(Mutex<Book>);

/// How many entries there are at most; each takes about half a kilobyte.
const ROOM: usize = 1024;

impl Records {
    pub(crate) fn add(
        &self,
        from: Option<SocketAddr>,
        hello: Option<Hello>,
        cause: Cause,
        first_frame: FirstFrame,
    ) {
        let now = Instant::now();
        let source = from.map(Into::into);
        let alike = Alike { source, claim: hello.map(|hello| (hello.mode, hello.id)), cause };
        let mut book = self.lock();
        let (times, first) = match book.remove(&alike) {
            Some(entry) => (entry.times + 1, entry.first),
            None => (1, now),
        };
        if book.entries.len() >= ROOM {
            book.forget_one();
        }
        let number = book.next;
        book.next += 1;
        book.by_source.entry(source).or_default().insert(number, alike);
        book.entries.insert(alike, Entry { number, from, hello, first_frame, times, first, last: now });
    }

    /// All of them, the newest first.
    pub(crate) fn list(&self) -> Vec<Record> {
        let now = Instant::now();
        let book = self.lock();
        let mut entries: Vec<(&Alike, &Entry)> = book.entries.iter().collect();
        entries.sort_by_key(|(_, entry)| std::cmp::Reverse(entry.number));
        let record = |(alike, entry): (&Alike, &Entry)| Record {
            from: entry.from,
            hello: entry.hello,
            cause: alike.cause,
            first_frame: entry.first_frame,
            times: entry.times,
            since: now.duration_since(entry.first),
            last: now.duration_since(entry.last),
        };
        entries.into_iter().map(record).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn remove(&mut self, alike: &Alike) -> Option<Entry> {
        let entry = self.entries.remove(alike)?;
        if let Some(of_source) = self.by_source.get_mut(&alike.source) {
            of_source.remove(&entry.number);
            if of_source.is_empty() {
                self.by_source.remove(&alike.source);
            }
        }
        Some(entry)
    }

    /// The oldest entry of the source that has the most; of sources that have as many, the oldest entry.
    fn forget_one(&mut self) {
        let oldest =
            |of_source: &BTreeMap<u64, Alike>| of_source.first_key_value().map(|(n, alike)| (*n, *alike));
        let most =
            self.by_source.values().filter_map(|of_source| Some((of_source.len(), oldest(of_source)?)));
        if let Some((_, (_, alike))) = most.max_by_key(|(len, (n, _))| (*len, std::cmp::Reverse(*n))) {
            self.remove(&alike);
        }
    }
}

impl std::fmt::Debug for Records {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Records").field("entries", &self.lock().entries.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(network: u8, host: u8) -> Option<SocketAddr> {
        Some(([192, 0, network, host], 50_000).into())
    }

    fn hello(id: usize) -> Option<Hello> {
        Some(Hello { mode: Mode::Kk, id: Id::new(&id.to_be_bytes()) })
    }

    #[tokio::test(start_paused = true)]
    async fn attempts_alike_are_one_entry_with_a_number() {
        let records = Records::default();
        for n in 0..5 {
            records.add(from(2, 1), hello(7), Cause::UnknownId, FirstFrame::new(&[n; 9]));
            tokio::time::advance(Duration::from_secs(10)).await;
        }
        records.add(from(2, 1), hello(7), Cause::NotOpened, FirstFrame::EMPTY);
        let list = records.list();
        assert_eq!(list.len(), 2);
        assert_eq!((list[0].cause, list[0].times), (Cause::NotOpened, 1));
        assert_eq!((list[1].cause, list[1].times), (Cause::UnknownId, 5));
        assert_eq!((list[1].since.as_secs(), list[1].last.as_secs()), (50, 10));
        assert_eq!(list[1].first_frame.as_bytes(), [4; 9], "the last one's");
    }

    #[test]
    fn a_flood_pushes_out_itself() {
        let records = Records::default();
        records.add(from(2, 1), hello(1), Cause::UnknownId, FirstFrame::EMPTY);
        records.add(from(2, 2), hello(2), Cause::NotOpened, FirstFrame::EMPTY);
        for id in 0..10 * ROOM {
            records.add(from(7, 7), hello(id), Cause::UnknownId, FirstFrame::EMPTY);
        }
        records.add(from(2, 1), hello(3), Cause::Expired, FirstFrame::EMPTY);
        let list = records.list();
        assert_eq!(list.len(), ROOM);
        assert_eq!(list.iter().filter(|record| record.from != from(7, 7)).count(), 3);
        let book = records.lock();
        assert_eq!(book.by_source.values().map(BTreeMap::len).sum::<usize>(), ROOM);
    }

    #[test]
    fn of_many_sources_the_oldest_entry_goes() {
        let records = Records::default();
        for n in 0..=ROOM {
            let [network, host] = u16::try_from(n).unwrap().to_be_bytes();
            records.add(from(network, host), hello(1), Cause::UnknownId, FirstFrame::EMPTY);
        }
        let list = records.list();
        assert_eq!(list.len(), ROOM);
        assert!(list.iter().all(|record| record.from != from(0, 0)));
    }
}
