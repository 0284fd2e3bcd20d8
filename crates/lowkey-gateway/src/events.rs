//! What happens at a server, for whoever reads along: the [events](crate#events) of the log, of level `info` and above.
//!
//! ```
//! # async fn f(acceptor: lowkey_host::Acceptor) {
//! use lowkey_gateway::events::Events;
//! use tracing_subscriber::prelude::*;
//! let events = Events::new();
//! // What devices do, whole, and what else there is to say.
//! acceptor.observe(events.clone());
//! tracing_subscriber::registry().with(events.layer()).init();
//!
//! let mut reader = events.from_now_on();
//! loop {
//!     println!("{}", reader.next().await.json());
//! }
//! # }
//! ```
//!
//! An event is a JSON object of one line, with the fields that the log has of it; `lowkey.confirmed` and `lowkey.ended`
//! have the `session`'s number as well, by which the two of a session belong together. The log leaves out what is more
//! than 100 lines of a name in a second; of sessions that begin and end nothing is left out here, and of attempts as
//! much as there, for strangers can bring as many of these about as they like.
//!
//! The last 16,384 events are kept, and 4 MiB of them at most. Nobody who reads keeps a device or the log waiting: who
//! is slower than that is told how many were missed: an event `lowkey.missed`, which the log does not have.

mod kept;
mod moment;
mod object;
mod reader;
#[cfg(test)]
mod tests;

pub use kept::{Event, EventId, NoEventId};
pub use reader::{Next, Reader};

use kept::Kept;
use lowkey_host::{self as host, Ended, Observer};
use object::Object;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use tracing::field::{Field, Visit};
use tracing::{Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// What happens at a server.
///
/// Cheap to clone; all clones hear and keep the same.
#[derive(Clone)]
pub struct Events(Arc<Shared>);

struct Shared {
    /// Which run of a server this is: numbers of another one's events say nothing here.
    run: u64,
    kept: Mutex<Kept>,
    /// Says that there is another one.
    another: watch::Sender<()>,
}

impl Events {
    /// None yet.
    pub fn new() -> Self {
        let (another, _) = watch::channel(());
        Self(Arc::new(Shared { run: moment::run(), kept: Mutex::default(), another }))
    }

    /// Hears what the crates of Lowkey log. What sessions do comes [from the server itself](Observer), and whole.
    pub fn layer<S: Subscriber + for<'s> LookupSpan<'s>>(&self) -> impl Layer<S> + use<S> {
        Logged(self.clone()).with_filter(Targets::new().with_target(TARGET, Level::INFO))
    }

    /// Reads what happens from now on.
    pub fn from_now_on(&self) -> Reader {
        Reader::new(self.clone(), self.count())
    }

    /// Reads the last `events` that are kept, and what happens from now on.
    pub fn last(&self, events: usize) -> Reader {
        let kept = self.kept();
        let first = kept.end().saturating_sub(events as u64).max(kept.begin());
        drop(kept);
        Reader::new(self.clone(), first)
    }

    /// Reads what has happened since the event `id`, and what happens from now on. Of what is not kept any more the
    /// reader says that it is missed; of another run of the server, that nobody knows how much.
    pub fn since(&self, id: EventId) -> Reader {
        let kept = self.kept();
        let (begin, end) = (kept.begin(), kept.end());
        drop(kept);
        if id.run == self.0.run && id.seen <= end {
            Reader::new(self.clone(), id.seen)
        } else {
            Reader::after_another_run(self.clone(), begin)
        }
    }

    /// How many there have been.
    pub(crate) fn count(&self) -> u64 {
        self.kept().end()
    }

    fn keep(&self, name: &'static str, level: Level, object: Object) {
        self.kept().push(name, level, object.done());
        self.0.another.send_replace(());
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn confirmed(&self, session: u64, pinned: &host::Pinned, from: Option<std::net::SocketAddr>) {
        let mut object = Object::new(Level::INFO, TARGET, CONFIRMED);
        object.text("message", "session confirmed");
        object.some("from", from);
        object.text("device", pinned.device().name());
        object.text("mode", pinned.mode().as_str());
        object.bare("session", session);
        self.keep(CONFIRMED, Level::INFO, object);
    }

    fn ended(&self, ended: &Ended) {
        let info = &ended.info;
        let mut object = Object::new(Level::INFO, TARGET, ENDED);
        object.text("message", "session ended");
        object.text("device", info.pinned.device().name());
        object.text("reason", ended.reason.as_str());
        object.some("by", ended.by);
        object.some("from", info.from);
        object.bare("seconds", info.age.as_secs());
        object.bare("received_bytes", info.bytes_received);
        object.bare("sent_bytes", info.bytes_sent);
        object.bare("records_received", info.records_received);
        object.bare("records_sent", info.records_sent);
        object.some("error", ended.error.as_ref());
        object.bare("session", info.number);
        self.keep(ENDED, Level::INFO, object);
    }
}

impl Default for Events {
    fn default() -> Self {
        Self::new()
    }
}

impl Observer for Events {
    fn observe(&self, event: &host::Event<'_>) {
        match event {
            host::Event::Confirmed { session, pinned, from } => self.confirmed(*session, pinned, *from),
            host::Event::Ended(ended) => self.ended(ended),
            // The log has the others, and leaves none out.
            _ => (),
        }
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("count", &self.count()).finish_non_exhaustive()
    }
}

/// Takes them out of the log.
struct Logged(Events);

impl<S: Subscriber> Layer<S> for Logged {
    fn on_event(&self, event: &tracing::Event<'_>, _context: Context<'_, S>) {
        let metadata = event.metadata();
        let name = metadata.name();
        // An event without a name of its own is called after its line of source.
        if name.starts_with("lowkey.") && !is_whole(name) && !counts_what_is_whole(event) {
            self.0.keep(name, *metadata.level(), Object::of(event));
        }
    }
}

/// Whether events of this name come from the server itself, every one of them.
fn is_whole(name: &str) -> bool {
    name == CONFIRMED || name == ENDED
}

/// Whether it says how many lines of such events the log has left out.
fn counts_what_is_whole(event: &tracing::Event<'_>) -> bool {
    struct Of(bool);
    impl Visit for Of {
        fn record_str(&mut self, field: &Field, value: &str) {
            self.0 |= field.name() == "of" && is_whole(value);
        }

        fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
    }
    let mut of = Of(false);
    if event.metadata().name() == LEFT_OUT {
        event.record(&mut of);
    }
    of.0
}

/// The line of the log as a JSON object: `time`, `level`, `target`, `event` (the stable name), `message`, then the
/// event's fields. No newline behind it.
pub fn json(event: &tracing::Event<'_>) -> String {
    Object::of(event).done()
}

/// What all of ours have.
const TARGET: &str = "lowkey";
const CONFIRMED: &str = "lowkey.confirmed";
const ENDED: &str = "lowkey.ended";
const LEFT_OUT: &str = "lowkey.left_out";
