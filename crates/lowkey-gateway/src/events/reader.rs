//! Somebody who reads along.

use super::kept::{Event, EventId};
use super::{Events, Object, TARGET};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;
use tracing::Level;

/// Somebody who reads along, each at a pace of their own.
#[derive(Debug)]
pub struct Reader {
    events: Events,
    /// How many events are behind it.
    seen: u64,
    /// Whether it is still to be said that it has come from another run of the server.
    came_from_another: bool,
    another: watch::Receiver<()>,
}

/// What a reader is told.
#[derive(Clone, Debug)]
pub enum Next {
    /// This has happened.
    Event(Arc<Event>),
    /// So many events have happened that are not kept any more; `None`: the reader named an event of another run of
    /// the server, and nobody knows how many.
    Missed(Option<u64>),
}

impl Next {
    /// The event's name; `lowkey.missed` of what was missed.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Event(event) => event.name(),
            Self::Missed(_) => MISSED,
        }
    }

    /// All of it, as a JSON object of one line; of what was missed, in `events`, how many, or null.
    pub fn json(&self) -> Cow<'_, str> {
        let missed = match self {
            Self::Event(event) => return event.json().into(),
            Self::Missed(missed) => missed,
        };
        let mut object = Object::new(Level::WARN, TARGET, MISSED);
        match missed {
            Some(events) => {
                object.text("message", "the reader was too slow");
                object.bare("events", events);
            }
            None => {
                object.text("message", "the server was started again");
                object.bare("events", "null");
            }
        }
        object.done().into()
    }
}

impl Reader {
    pub(super) fn new(events: Events, seen: u64) -> Self {
        let another = events.0.another.subscribe();
        Self { events, seen, came_from_another: false, another }
    }

    pub(super) fn after_another_run(events: Events, seen: u64) -> Self {
        Self { came_from_another: true, ..Self::new(events, seen) }
    }

    /// What comes next; waits for it.
    ///
    /// # Cancel safety
    /// Dropped, nothing is lost: call again.
    ///
    /// # Panics
    /// Outside a tokio runtime with time.
    pub async fn next(&mut self) -> Next {
        loop {
            if let Some(next) = self.at_once() {
                return next;
            }
            // `events` holds the sender.
            let _ = self.another.changed().await;
            sleep(TOGETHER).await;
        }
    }

    /// What comes next, if it is there.
    pub fn at_once(&mut self) -> Option<Next> {
        self.another.borrow_and_update();
        if std::mem::take(&mut self.came_from_another) {
            return Some(Next::Missed(None));
        }
        let kept = self.events.kept();
        let missed = kept.begin().saturating_sub(self.seen);
        if missed > 0 {
            self.seen = kept.begin();
            return Some(Next::Missed(Some(missed)));
        }
        let event = Arc::clone(kept.after(self.seen)?);
        self.seen += 1;
        drop(kept);
        Some(Next::Event(event))
    }

    /// What comes next of what there was when as many had happened as this; `None`: that was all.
    #[cfg(feature = "admin")]
    pub(crate) fn up_to(&mut self, end: u64) -> Option<Next> {
        let is_over = !self.came_from_another && self.seen >= end;
        if is_over { None } else { self.at_once() }
    }

    /// The id of what came last: a reader [since](Events::since) then goes on where this one is.
    pub fn id(&self) -> EventId {
        EventId { run: self.events.0.run, seen: self.seen }
    }
}

const MISSED: &str = "lowkey.missed";
/// Events that come within this time wake a reader once: it is whoever brings an event that wakes, and that costs more
/// than to keep it.
const TOGETHER: Duration = Duration::from_millis(10);
