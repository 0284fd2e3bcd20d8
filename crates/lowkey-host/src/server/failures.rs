//! What became of the attempts that came to nothing, and of sessions that the service behind ended: the one place where
//! a server remembers *why*.
//!
//! Nothing of it reaches the wire or the log. Every attempt is noted after its answer has left and its stream
//! is shut, by the same steps whatever the cause: one byte was noted where it was found, the first frame was
//! copied when it came, known id or not, and one entry is made or counted up under one lock. So neither an
//! answer nor its time depends on what is written here.
//!
//! Attempts alike (same source, same claim, same cause) share an entry. There is room for [`ROOM`]; when it is
//! taken, the source with the most entries loses its oldest: a flood pushes out itself.

use super::source::Source;
use crate::connection::Untaken;
use crate::registry::Pinned;
use lowkey_core::{Id, Identity, Peer, Psk, kk};
use lowkey_transport::{Hello, MIN_INCOMING, Mode};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Why an attempt came to nothing, or a session ended that the service behind ended, or its own numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// It spoke another version.
    Version,
    /// It asked for a mode that is not offered, or does not exist.
    Mode,
    /// Too many messages 1 a second.
    Load,
    /// The service behind was down.
    ServiceDown,
    /// The [registry may be out of date](crate::Registry::is_stale).
    RegistryStale,
    /// A session: the service behind could not be reached for it.
    Unreached,
    /// A session: the service behind broke it off.
    BrokenOff,
    /// A session: the service behind did not store what the device had numbered.
    NotStored,
    /// A session: its numbers cannot be taken; why.
    Numbers(Untaken),
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
    /// It wanted to pair: no window is open for the code that it names, or its message 1 was used before.
    NoWindow,
    /// It had the code, and was not paired.
    NotPaired,
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
    /// It hung up, or the network broke.
    HungUp,
    /// The application refused it, or dropped it.
    Application,
    /// No randomness.
    Entropy,
}

impl Cause {
    /// Every one there is.
    pub const ALL: [Self; 28] = [
        Self::Version,
        Self::Mode,
        Self::Load,
        Self::ServiceDown,
        Self::RegistryStale,
        Self::Unreached,
        Self::BrokenOff,
        Self::NotStored,
        Self::Numbers(Untaken::Missing),
        Self::Numbers(Untaken::NotRising),
        Self::Numbers(Untaken::Replaced),
        Self::Numbers(Untaken::TooManyRuns),
        Self::NoSeat,
        Self::NoSeatOfAddress,
        Self::UnknownId,
        Self::OtherMode,
        Self::Expired,
        Self::NotOpened,
        Self::NoWindow,
        Self::NotPaired,
        Self::Unconfirmed,
        Self::TimedOut,
        Self::Displaced,
        Self::Malformed,
        Self::NoHeader,
        Self::HungUp,
        Self::Application,
        Self::Entropy,
    ];
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

/// A failed attempt, or several that were alike: of one source, with one claim, for one cause.
#[derive(Clone)]
#[non_exhaustive]
pub struct Failure {
    /// Where the last of them came from.
    pub from: Option<SocketAddr>,
    /// What they claimed, if they came that far; anybody can claim anything.
    pub hello: Option<Hello>,
    /// Why they failed.
    pub cause: Cause,
    /// Larger than that of every failure before the last of them.
    pub number: u64,
    /// A session with this number or a larger one began after the last of them; after a session that failed, whose
    /// device may be back before this is noted, those that are newer.
    pub next_session: u64,
    /// How many there were.
    pub times: u64,
    /// How long ago the first was.
    pub since: Duration,
    /// How long ago the last was.
    pub last: Duration,
    /// The last one's.
    first_frame: FirstFrame,
}

impl Failure {
    /// One attempt that has just failed, for whoever keeps some of its own. `first_frame` is hello ‖ message 1, as far
    /// as it came; what is longer than a first frame can be is cut off.
    pub fn new(from: Option<SocketAddr>, hello: Option<Hello>, cause: Cause, first_frame: &[u8]) -> Self {
        let (first_frame, now) = (FirstFrame::new(first_frame), Duration::ZERO);
        let next_session = u64::MAX; // no server is known whose sessions these would be
        Self { from, hello, cause, number: 0, next_session, times: 1, since: now, last: now, first_frame }
    }

    /// Whether less came than its hello and a message 1.
    pub fn is_cut_short(&self) -> bool {
        let id = self.hello.and_then(|hello| hello.id).map_or(0, |id| id.as_bytes().len());
        self.first_frame.as_bytes().len() < HELLO + id + kk::OVERHEAD
    }

    /// Whether message 1 opens with this key, and in the mode KKpsk0 with the PSK of `psk`. One multiplication: an
    /// ephemeral is another in every message.
    pub(crate) fn opens(&self, identity: &Identity, key: &Pinned, psk: Option<&Pinned>) -> bool {
        let Some(key) = key.pinning(identity) else { return false };
        match (self.hello.map(|hello| hello.mode), psk) {
            (Some(Mode::Kk), _) => self.opens_with(identity, key.peer, None),
            (Some(Mode::KkPsk0), Some(psk)) => psk
                .pinning(identity)
                .and_then(|pinning| pinning.psk)
                .is_some_and(|psk| self.opens_with(identity, key.peer, Some(psk))),
            _ => false,
        }
    }

    fn opens_with(&self, identity: &Identity, peer: &Peer, psk: Option<&Psk>) -> bool {
        let frame = self.first_frame.as_bytes();
        let hello = HELLO + frame.get(2).map_or(0, |len| usize::from(*len));
        let Some((hello, message)) = frame.split_at_checked(hello) else { return false };
        let prologue = [b"lowkey/1", hello].concat();
        let responder = kk::Responder::new(identity, peer, psk, &prologue);
        responder.read_message_1(&mut message.to_vec()).is_ok()
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure")
            .field("from", &self.from)
            .field("hello", &self.hello)
            .field("cause", &self.cause)
            .field("times", &self.times)
            .finish_non_exhaustive()
    }
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
    next_session: u64,
    from: Option<SocketAddr>,
    hello: Option<Hello>,
    first_frame: FirstFrame,
    times: u64,
    first: Instant,
    last: Instant,
}

struct Book {
    next: u64,
    entries: HashMap<Alike, Entry>,
    by_source: HashMap<Option<Source>, BTreeMap<u64, Alike>>,
}

impl Default for Book {
    fn default() -> Self {
        Self { next: 1, entries: HashMap::new(), by_source: HashMap::new() }
    }
}

/// The last attempts that came to nothing.
#[derive(Default)]
pub(crate) struct Failures(Mutex<Book>);

/// A hello is its version, its mode and the length of an id, in bytes, and the id.
const HELLO: usize = 3;
/// How many entries there are at most; each takes about half a kilobyte.
const ROOM: usize = 1024;

impl Failures {
    /// Notes one; `next_session` is the number of the first session that began after it.
    pub(crate) fn add(
        &self,
        from: Option<SocketAddr>,
        hello: Option<Hello>,
        cause: Cause,
        first_frame: FirstFrame,
        next_session: u64,
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
        let entry = Entry { number, next_session, from, hello, first_frame, times, first, last: now };
        book.entries.insert(alike, entry);
    }

    /// All of them, the newest first.
    pub(crate) fn list(&self) -> Vec<Failure> {
        let now = Instant::now();
        let book = self.lock();
        let mut entries: Vec<(&Alike, &Entry)> = book.entries.iter().collect();
        entries.sort_by_key(|(_, entry)| std::cmp::Reverse(entry.number));
        let failure = |(alike, entry): (&Alike, &Entry)| Failure {
            from: entry.from,
            hello: entry.hello,
            cause: alike.cause,
            first_frame: entry.first_frame,
            number: entry.number,
            next_session: entry.next_session,
            times: entry.times,
            since: now.duration_since(entry.first),
            last: now.duration_since(entry.last),
        };
        entries.into_iter().map(failure).collect()
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

impl fmt::Debug for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failures").field("entries", &self.lock().entries.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::random;
    use crate::registry::Device;

    fn from(network: u8, host: u8) -> Option<SocketAddr> {
        Some(([192, 0, network, host], 50_000).into())
    }

    fn hello(id: usize) -> Option<Hello> {
        Some(Hello { mode: Mode::Kk, id: Id::new(&id.to_be_bytes()) })
    }

    #[tokio::test(start_paused = true)]
    async fn attempts_alike_are_one_entry_with_a_number() {
        let failures = Failures::default();
        for n in 0..5 {
            failures.add(from(2, 1), hello(7), Cause::UnknownId, FirstFrame::new(&[n; 9]), n.into());
            tokio::time::advance(Duration::from_secs(10)).await;
        }
        failures.add(from(2, 1), hello(7), Cause::NotOpened, FirstFrame::EMPTY, 0);
        let list = failures.list();
        assert_eq!(list.len(), 2);
        assert_eq!((list[0].cause, list[0].times), (Cause::NotOpened, 1));
        assert_eq!((list[1].cause, list[1].times), (Cause::UnknownId, 5));
        assert_eq!((list[1].since.as_secs(), list[1].last.as_secs()), (50, 10));
        assert_eq!(list[1].first_frame.as_bytes(), [4; 9], "the last one's");
        assert_eq!(list[1].next_session, 4, "the last one's");
    }

    #[test]
    fn a_flood_pushes_out_itself() {
        let failures = Failures::default();
        failures.add(from(2, 1), hello(1), Cause::UnknownId, FirstFrame::EMPTY, 0);
        failures.add(from(2, 2), hello(2), Cause::NotOpened, FirstFrame::EMPTY, 0);
        for id in 0..10 * ROOM {
            failures.add(from(7, 7), hello(id), Cause::UnknownId, FirstFrame::EMPTY, 0);
        }
        failures.add(from(2, 1), hello(3), Cause::Expired, FirstFrame::EMPTY, 0);
        let list = failures.list();
        assert_eq!(list.len(), ROOM);
        assert_eq!(list.iter().filter(|failure| failure.from != from(7, 7)).count(), 3);
        let book = failures.lock();
        assert_eq!(book.by_source.values().map(BTreeMap::len).sum::<usize>(), ROOM);
    }

    #[test]
    fn of_many_sources_the_oldest_entry_goes() {
        let failures = Failures::default();
        for n in 0..=ROOM {
            let [network, host] = u16::try_from(n).unwrap().to_be_bytes();
            failures.add(from(network, host), hello(1), Cause::UnknownId, FirstFrame::EMPTY, 0);
        }
        let list = failures.list();
        assert_eq!(list.len(), ROOM);
        assert!(list.iter().all(|failure| failure.from != from(0, 0)));
    }

    #[test]
    fn frames_that_lie_about_their_id_open_with_nothing() {
        let identity = Identity::new(random().unwrap()).unwrap();
        let key = Identity::new(random().unwrap()).unwrap().public_key();
        let pinned = Pinned::new(Device::new("pump-7").unwrap(), &identity, key).unwrap();
        for frame in [&[][..], &[1], &[1, 1, 255], &[1, 1, 3, 0], &[255; 160]] {
            let failure = Failure::new(None, hello(7), Cause::NotOpened, frame);
            assert!(!failure.opens(&identity, &pinned, None));
        }
    }
}
