//! What a server remembers of its devices, absent ones too: when each was last there, from where, and how it ended.
//!
//! ```
//! # async fn f(acceptor: lowkey_host::Acceptor) {
//! use lowkey_gateway::memory::Memory;
//! let memory = Memory::new();
//! tokio::spawn(memory.keep(&acceptor));
//! // Later, whether it is connected or not:
//! if let Some(pump) = memory.of("pump-7") {
//!     println!("last heard at {:?}, sessions: {}", pump.last_seen, pump.sessions);
//! }
//! # }
//! ```
//!
//! It hears of sessions when they begin and end ([`Observer`]), and judges afterwards whose the attempts were that came
//! to nothing. A device takes some 300 bytes, for as long as it is in the registry; of those that were taken out the
//! last 1,024 are remembered. With the feature `state` a [file](Memory::open) keeps it over a restart.

#[cfg_attr(not(feature = "state"), allow(dead_code, reason = "what only a file takes"))]
mod address;
#[cfg_attr(not(feature = "state"), allow(dead_code, reason = "what only a file takes"))]
mod book;
#[cfg(feature = "state")]
mod bytes;
mod judge;
#[cfg_attr(not(feature = "state"), allow(dead_code, reason = "what only a file takes"))]
mod memo;
#[cfg_attr(not(feature = "state"), allow(dead_code, reason = "what only a file takes"))]
mod moment;
#[cfg(all(test, feature = "state"))]
mod power_cuts;
mod remembered;
#[cfg(feature = "state")]
mod state;
#[cfg(feature = "state")]
mod store;
#[cfg(test)]
mod tests;

pub use remembered::{Displaced, Past, Refused, Remembered, Tally};

use book::Book;
use judge::Judge;
use lowkey_host::{Acceptor, Event, Observer, Registry};
use memo::Memo;
use moment::Moment;
use std::collections::HashSet;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

/// What a server remembers of its devices.
///
/// Cheap to clone; all clones remember the same.
#[derive(Clone, Default)]
pub struct Memory(Arc<Shared>);

#[derive(Default)]
struct Shared {
    book: Mutex<Book>,
    /// Held while attempts are judged and the file is written.
    work: Mutex<Judge>,
    /// The registry's generation that devices were compared with.
    compared: Mutex<Option<u64>>,
    #[cfg(feature = "state")]
    state: Option<state::State>,
}

impl Memory {
    /// One that remembers until the process ends.
    pub fn new() -> Self {
        Self::default()
    }

    /// Has it hear what happens at this server, and keeps it up to date every two seconds, and its file, if it has one:
    /// to be spawned, once.
    ///
    /// # Panics
    /// Outside a tokio runtime with time, once it is polled.
    pub fn keep(&self, acceptor: &Acceptor) -> impl Future<Output = Infallible> + Send + use<> {
        acceptor.observe(self.clone());
        let (memory, acceptor) = (self.clone(), acceptor.clone());
        async move {
            loop {
                let (memory, acceptor) = (memory.clone(), acceptor.clone());
                // A panic is a bug, and not one that ends the server.
                let _ = spawn_blocking(move || memory.bring_up_to_date(&acceptor)).await;
                sleep(OFTEN).await;
            }
        }
    }

    /// Does now what [`keep`](Self::keep) does every two seconds: judges attempts that came to nothing, compares with
    /// the registry, writes what has changed to the file. Blocks, for as long as the disk takes.
    pub fn bring_up_to_date(&self, acceptor: &Acceptor) {
        let mut work = self.0.work.lock().unwrap_or_else(PoisonError::into_inner);
        self.compare(acceptor.registry());
        for judgement in work.judge(acceptor, JUDGING) {
            let at = Moment::now().before(judgement.ago);
            let mut book = self.book();
            book.of(&judgement.device).refused(judgement.times, judgement.why, judgement.from, at);
        }
        #[cfg(feature = "state")]
        if let Some(state) = &self.0.state {
            state.write(&self.0.book);
        }
    }

    /// What is remembered of the device of this name; `None` if nothing is.
    pub fn of(&self, name: &str) -> Option<Remembered> {
        self.book().get(name).map(Remembered::from)
    }

    /// Whether the device of this name has begun a session that has this number or a larger one, as far as was heard.
    pub(crate) fn has_begun(&self, name: &str, number: u64) -> bool {
        self.book().get(name).is_some_and(|memo| memo.has_begun(number))
    }

    /// Shows to `see` what is remembered of every device, in no order.
    pub fn each(&self, mut see: impl FnMut(&str, Remembered)) {
        // Devices that come wait for the lock, and not for whoever looks.
        let all: Vec<(Box<str>, Memo)> =
            self.book().iter().map(|(name, memo)| (name.into(), memo.clone())).collect();
        all.iter().for_each(|(name, memo)| see(name, Remembered::from(memo)));
    }

    /// How many devices are remembered.
    pub fn len(&self) -> usize {
        self.book().len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Notes who is not in the registry any more, which takes time only if that has changed.
    pub(crate) fn compare(&self, registry: &dyn Registry) {
        let mut compared = self.0.compared.lock().unwrap_or_else(PoisonError::into_inner);
        let generation = registry.generation();
        if compared.replace(generation) == Some(generation) {
            return;
        }
        let mut devices = Vec::new();
        registry.each(&mut |pinned| devices.push(Arc::clone(pinned.device())));
        // One that lists nobody is one that cannot.
        if devices.is_empty() && registry.digest().is_none() {
            return;
        }
        let names: HashSet<&str> = devices.iter().map(|device| device.name()).collect();
        for removed in registry.removed().iter().rev() {
            let (name, at) = (removed.pinned.device().name(), Moment::from(removed.at));
            let mut book = self.book();
            if !names.contains(name) && book.get(name).is_none_or(|memo| memo.removed.is_none()) {
                book.of(name).removed(at);
            }
        }
        // And those that were taken out while no server ran.
        self.book().compare(|name| names.contains(name), Moment::now());
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Memory {
    fn observe(&self, event: &Event<'_>) {
        let name = match event {
            Event::Confirmed { pinned, .. } => pinned.device().name(),
            Event::Ended(ended) => ended.info.pinned.device().name(),
            Event::Paired { device, .. } => device,
            _ => return,
        };
        let now = Moment::now();
        self.book().of(name).hear(event, now);
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("devices", &self.len()).finish_non_exhaustive()
    }
}

/// How often it is brought up to date: what a crash can lose.
const OFTEN: Duration = Duration::from_secs(2);
/// How long keys are tried each time.
const JUDGING: Duration = Duration::from_millis(100);
