//! Pairing windows: which codes a server pairs with now, for whom, until when, and what came of it (protocol §6).
//!
//! They are in memory only, and end by a clock that nobody sets. A window that is over is remembered for a while, for
//! whoever asks what came of it.

use super::window::{Caller, MOST_WINDOWS, NotOpened, NotPaired, Progress, Shown, WindowInfo};
use crate::sync::{Mutex, MutexGuard};
use lowkey_core::{Code, Id, Psk, PublicKey};
use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// The windows of a server.
#[derive(Default)]
pub(crate) struct Windows(Mutex<Table>);

#[derive(Default)]
struct Table {
    open: HashMap<Id, Window>, // by the code's name
    past: VecDeque<Past>,
    next: u64,
    /// Of codes that there are runs with, in whatever window: one that was closed may still have a change under way
    /// when the next one of its code is open.
    entering: HashMap<Id, Weak<Entering>>,
}

/// One that is over.
struct Past {
    info: WindowInfo,
    since: Instant,
}

/// Held by whoever changes what is entered: of the runs with one code one after the other.
type Entering = tokio::sync::Mutex<()>;

struct Window {
    number: u64,
    psk: Arc<Psk>,
    device: String,
    until: Instant,
    caller: Caller,
    /// Ephemerals of messages 1 that have opened: a recording of one opens again.
    seen: HashSet<[u8; 32]>,
    holder: Option<Holder>,
    progress: Progress,
    trouble: Option<NotPaired>,
    loser: Option<PublicKey>,
}

/// The run that holds a window, and whose device it is.
struct Holder {
    key: PublicKey,
    held: Held,
}

/// A run that holds a window.
#[derive(Clone)]
pub(super) struct Held {
    /// Its number; no two runs have the same.
    pub(super) run: u64,
    /// The window was closed, or the same device began anew.
    pub(super) ended: Arc<Notify>,
    pub(super) entering: Arc<Entering>,
}

/// What a message 1 with a code's name can be tried with.
pub(super) struct Found {
    pub(super) number: u64,
    pub(super) code: Id,
    pub(super) device: String,
    pub(super) psk: Arc<Psk>,
}

impl Windows {
    /// Opens one; gives its number.
    pub(crate) fn open(
        &self,
        code: &Code,
        device: &str,
        time: Duration,
        by: Caller,
    ) -> Result<u64, NotOpened> {
        if !(Duration::from_nanos(1)..=WindowInfo::LONGEST).contains(&time) {
            return Err(NotOpened::Time);
        }
        let name = code.name();
        let now = Instant::now();
        let mut table = self.lock();
        table.sweep(now);
        if table.open.contains_key(&name) {
            return Err(NotOpened::Open);
        }
        if table.open.len() >= MOST_WINDOWS {
            return Err(NotOpened::TooMany);
        }
        table.next += 1;
        let window = Window {
            number: table.next,
            psk: Arc::new(code.psk()),
            device: device.to_owned(),
            until: now + time,
            caller: by,
            seen: HashSet::new(),
            holder: None,
            progress: Progress::Waiting,
            trouble: None,
            loser: None,
        };
        let (code, seconds) = (Shown(name), time.as_secs());
        match by {
            Caller::Device => {
                tracing::info!(name: "lowkey.window_opened", target: "lowkey", %code, device, seconds, "pairing window open");
            }
            Caller::Server => {
                tracing::info!(name: "lowkey.call_begun", target: "lowkey", %code, device, seconds, "calling a device that waits, to pair");
            }
        }
        let number = window.number;
        table.open.insert(name, window);
        Ok(number)
    }

    /// Closes one, and cuts off whoever is being paired in it; what came of it, if there is one.
    pub(crate) fn close(&self, number: u64) -> Option<WindowInfo> {
        let mut table = self.lock();
        let code = table.named(number)?;
        let cut = table.open.get(&code)?.holder.as_ref().map(|holder| holder.key);
        table.end(code, Progress::Closed(cut));
        table.past.back().map(|past| past.info(Instant::now()))
    }

    /// What there is of one.
    pub(super) fn find(&self, number: u64) -> Option<WindowInfo> {
        self.list().into_iter().find(|window| window.number == number)
    }

    /// Those that are open, and the last that were, in the order of their numbers.
    pub(super) fn list(&self) -> Vec<WindowInfo> {
        let now = Instant::now();
        let mut table = self.lock();
        table.sweep(now);
        let open = table.open.iter().map(|(code, window)| window.info(*code, now));
        let mut all: Vec<_> = table.past.iter().map(|past| past.info(now)).chain(open).collect();
        all.sort_by_key(|window| window.number);
        all
    }

    /// How many are open.
    pub(super) fn len(&self) -> usize {
        let mut table = self.lock();
        table.sweep(Instant::now());
        table.open.len()
    }

    /// Whether a device may call now, whatever its code.
    pub(super) fn are_open(&self) -> bool {
        let now = Instant::now();
        self.lock().open.values().any(|window| window.is_open_to_callers(now))
    }

    /// Ends those whose time has come.
    pub(super) fn sweep(&self) {
        self.lock().sweep(Instant::now());
    }

    /// The window that a message 1 with this name and ephemeral belongs to; none for one that was seen.
    pub(super) fn called(&self, code: &Id, ephemeral: &[u8; 32]) -> Option<Found> {
        let table = self.lock();
        let window = table.open.get(code).filter(|window| window.is_open_to_callers(Instant::now()))?;
        let fresh = !window.seen.contains(ephemeral) && window.seen.len() < MOST_SEEN;
        fresh.then(|| window.found(*code))
    }

    /// The window of our own call.
    pub(super) fn calling(&self, number: u64) -> Option<Found> {
        let table = self.lock();
        let found = table.open.iter().find(|(_, window)| window.number == number);
        found.map(|(code, window)| window.found(*code))
    }

    /// A message 1 with this ephemeral has opened. Says whether it is the first.
    pub(super) fn opened(&self, number: u64, ephemeral: [u8; 32]) -> bool {
        let mut table = self.lock();
        table.numbered(number).is_some_and(|window| window.seen.insert(ephemeral))
    }

    /// A device has proven this key and the code: from now on nobody takes its place but itself, once more, for its
    /// older stream may be dead.
    pub(super) fn hold(&self, number: u64, key: PublicKey) -> Result<Held, NotPaired> {
        let mut table = self.lock();
        table.next += 1;
        let run = table.next;
        let entering = table.named(number).map(|code| table.entering(code)).unwrap_or_default();
        let window = table.numbered(number).filter(|window| window.until > Instant::now());
        let Some(window) = window else { return Err(table.too_late(number, key)) };
        if window.holder.as_ref().is_some_and(|other| other.key != key) {
            window.loser = Some(key);
            return Err(NotPaired::Busy(key));
        }
        let held = Held { run, ended: Arc::default(), entering };
        if let Some(older) = window.holder.replace(Holder { key, held: held.clone() }) {
            older.held.ended.notify_one();
        }
        window.progress = Progress::Met(key);
        Ok(held)
    }

    /// Whether the run of this number still holds the window.
    pub(super) fn is_held_by(&self, number: u64, run: u64) -> bool {
        self.lock().numbered(number).is_some_and(|window| window.is_held_by(run))
    }

    /// The run that holds the window has come that far.
    pub(super) fn at(&self, number: u64, run: u64, progress: Progress) {
        let mut table = self.lock();
        let Some(code) = table.named(number) else { return };
        let Some(window) = table.open.get_mut(&code).filter(|window| window.is_held_by(run)) else { return };
        window.progress = progress;
        if let Progress::Paired(_) = progress {
            table.end(code, progress);
        }
    }

    /// A session has made the pairing of this code and key final; a window of it is over. Nobody is cut off: who holds
    /// it is that device.
    pub(super) fn paired(&self, code: Id, key: PublicKey) {
        self.lock().end(code, Progress::Paired(key));
    }

    /// The run lets go of the window, however it ended.
    pub(super) fn let_go(&self, number: u64, run: u64) {
        let mut table = self.lock();
        if let Some(window) = table.numbered(number).filter(|window| window.is_held_by(run)) {
            window.holder = None;
            window.progress = Progress::Waiting;
        }
        table.sweep(Instant::now());
    }

    /// What went wrong in a run, which may go on.
    pub(super) fn note(&self, number: u64, why: NotPaired) {
        if let Some(window) = self.lock().numbered(number) {
            window.trouble = Some(why);
        }
    }

    /// A run came to nothing. A call is over with it, for there is one; a window stays open.
    pub(super) fn failed(&self, number: u64, why: &NotPaired) {
        let mut table = self.lock();
        let Some(code) = table.named(number) else { return };
        let Some(window) = table.open.get_mut(&code) else { return };
        // Two at once: what the other one hears is no news of the one that goes on.
        if window.holder.is_none() || !matches!(why, NotPaired::Busy(_)) {
            window.trouble = Some(why.clone());
        }
        if window.caller == Caller::Server {
            table.end(code, Progress::Over);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn named(&self, number: u64) -> Option<Id> {
        self.open.iter().find(|(_, window)| window.number == number).map(|(code, _)| *code)
    }

    fn numbered(&mut self, number: u64) -> Option<&mut Window> {
        self.open.values_mut().find(|window| window.number == number)
    }

    fn entering(&mut self, code: Id) -> Arc<Entering> {
        self.entering.retain(|_, of| of.strong_count() > 0);
        if let Some(there) = self.entering.get(&code).and_then(Weak::upgrade) {
            return there;
        }
        let new = Arc::default();
        self.entering.insert(code, Arc::downgrade(&new));
        new
    }

    /// Ends those whose time has come, but for one in which a device has shown the code: that has time of its own.
    fn sweep(&mut self, now: Instant) {
        let over = |(code, window): (&Id, &Window)| {
            (window.until <= now && window.holder.is_none()).then_some(*code)
        };
        let over: Vec<Id> = self.open.iter().filter_map(over).collect();
        over.into_iter().for_each(|code| self.end(code, Progress::Over));
    }

    /// What a device hears that has shown the code behind the window's end.
    fn too_late(&mut self, number: u64, key: PublicKey) -> NotPaired {
        let past = self.past.iter_mut().map(|past| &mut past.info).find(|past| past.number == number);
        match past {
            Some(past) if matches!(past.progress, Progress::Paired(first) if first != key) => {
                past.loser = Some(key);
                NotPaired::Busy(key)
            }
            _ => NotPaired::Over,
        }
    }

    fn end(&mut self, code: Id, progress: Progress) {
        let Some(mut window) = self.open.remove(&code) else { return };
        window.progress = progress;
        if let Some(holder) = window.holder.take()
            && !matches!(progress, Progress::Paired(_))
        {
            holder.held.ended.notify_one();
        }
        let reason = match progress {
            Progress::Paired(_) => "paired",
            Progress::Closed(_) => "closed",
            _ if window.until <= Instant::now() => "time",
            _ => "failed",
        };
        let device = &*window.device;
        let shown = Shown(code);
        match window.caller {
            Caller::Device => {
                tracing::info!(name: "lowkey.window_closed", target: "lowkey", code = %shown, device, reason, "pairing window closed");
            }
            Caller::Server => {
                tracing::info!(name: "lowkey.call_over", target: "lowkey", code = %shown, device, reason, "call of a device that waits over");
            }
        }
        if self.past.len() >= PAST {
            self.past.pop_front();
        }
        let since = Instant::now();
        let info = WindowInfo { left: Duration::ZERO, ..window.info(code, since) };
        self.past.push_back(Past { info, since });
    }
}

impl Past {
    fn info(&self, now: Instant) -> WindowInfo {
        WindowInfo { over: Some(now.saturating_duration_since(self.since)), ..self.info.clone() }
    }
}

impl Window {
    fn is_open_to_callers(&self, now: Instant) -> bool {
        self.caller == Caller::Device && self.until > now
    }

    fn is_held_by(&self, run: u64) -> bool {
        self.holder.as_ref().is_some_and(|holder| holder.held.run == run)
    }

    fn found(&self, code: Id) -> Found {
        Found { number: self.number, code, device: self.device.clone(), psk: Arc::clone(&self.psk) }
    }

    fn info(&self, code: Id, now: Instant) -> WindowInfo {
        WindowInfo {
            number: self.number,
            code,
            device: self.device.clone(),
            caller: self.caller,
            left: self.until.saturating_duration_since(now),
            over: None,
            progress: self.progress,
            trouble: self.trouble.clone(),
            loser: self.loser,
        }
    }
}

impl fmt::Debug for Windows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Windows").field("open", &self.len()).finish_non_exhaustive()
    }
}

/// How many messages 1 of a window may open: whoever makes more has the code, and too much time.
const MOST_SEEN: usize = 1024;
/// How many that are over are remembered.
const PAST: usize = 64;
