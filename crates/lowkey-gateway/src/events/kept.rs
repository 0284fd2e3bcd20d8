//! The events that are kept, the last ones.

use std::collections::VecDeque;
use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;
use std::sync::Arc;
use tracing::Level;

/// Something that happened.
#[derive(Debug)]
pub struct Event {
    name: &'static str,
    level: Level,
    json: Box<str>,
}

impl Event {
    /// Its name, like `lowkey.ended`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// How much it matters.
    pub fn level(&self) -> Level {
        self.level
    }

    /// All of it, as a JSON object of one line.
    pub fn json(&self) -> &str {
        &self.json
    }
}

/// Which event of which run of a server: what a reader names to go on behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventId {
    pub(super) run: u64,
    /// How many there have been, with this one.
    pub(super) seen: u64,
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}-{}", self.run, self.seen)
    }
}

/// That is no id of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NoEventId;

impl fmt::Display for NoEventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not the id of an event")
    }
}

impl std::error::Error for NoEventId {}

impl From<ParseIntError> for NoEventId {
    fn from(_: ParseIntError) -> Self {
        Self
    }
}

impl FromStr for EventId {
    type Err = NoEventId;

    fn from_str(text: &str) -> Result<Self, NoEventId> {
        let (run, seen) = text.split_once('-').ok_or(NoEventId)?;
        // Not what numbers may have in front of them.
        if !run.bytes().chain(seen.bytes()).all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NoEventId);
        }
        Ok(Self { run: u64::from_str_radix(run, 16)?, seen: seen.parse()? })
    }
}

/// The last events.
#[derive(Debug, Default)]
pub(super) struct Kept {
    events: VecDeque<Arc<Event>>,
    /// How many have gone.
    gone: u64,
    /// The bytes of the JSON of those that are here.
    bytes: usize,
}

impl Kept {
    pub(super) const MOST: usize = 16_384;
    pub(super) const MOST_BYTES: usize = 4 << 20;

    pub(super) fn push(&mut self, name: &'static str, level: Level, json: String) {
        self.bytes += json.len();
        let event = Event { name, level, json: json.into() };
        self.events.push_back(Arc::new(event));
        while self.events.len() > Self::MOST || self.bytes > Self::MOST_BYTES {
            let Some(gone) = self.events.pop_front() else { break };
            self.bytes -= gone.json.len();
            self.gone += 1;
        }
    }

    /// How many there were before the oldest that is here.
    pub(super) fn begin(&self) -> u64 {
        self.gone
    }

    /// How many there have been.
    pub(super) fn end(&self) -> u64 {
        self.gone + self.events.len() as u64
    }

    /// The one that came after so many.
    pub(super) fn after(&self, seen: u64) -> Option<&Arc<Event>> {
        let at = usize::try_from(seen.checked_sub(self.gone)?).ok()?;
        self.events.get(at)
    }
}
