//! What is remembered of one device, in few bytes: there is one of these for each device of a fleet.

use super::address::Address;
use super::moment::Moment;
use lowkey_host::{Cause, Ended, Event, Fault, Reason, Untaken};
use std::net::SocketAddr;

/// What is remembered of one device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Memo {
    /// When its first session began.
    pub(super) first: Option<Moment>,
    /// When it was last heard: when a session of it began, or before one ended.
    pub(super) last: Option<Moment>,
    /// Where its last session came from.
    pub(super) from: Address,
    /// Sessions begun.
    pub(super) sessions: u32,
    /// How its last session ended.
    pub(super) ended: Option<Past>,
    /// When it was paired.
    pub(super) paired: Option<Moment>,
    /// When it was taken out of the registry.
    pub(super) removed: Option<Moment>,
    /// What most devices never have.
    pub(super) mishaps: Option<Box<Mishaps>>,
    /// What happened last, the newest first.
    pub(super) history: [Option<Past>; Self::HISTORY],
    /// How its sessions stand of which this server has heard.
    pub(super) heard: Heard,
}

/// What goes wrong with a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mishaps {
    /// Sessions that a newer one took over from, here or at another server of the fleet, and where the last of them and
    /// the newer one came from.
    pub(super) displaced: Tally,
    pub(super) displaced_from: Address,
    pub(super) displaced_by: Address,
    /// Sessions that the service behind ended.
    pub(super) backend: Tally,
    /// Attempts that came to nothing, and were its own; why, and from where, the last one.
    pub(super) refused: Tally,
    pub(super) refused_for: Option<Why>,
    pub(super) refused_from: Address,
}

/// What was heard of a device's sessions, whose events two threads may bring in another order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Heard {
    /// One more than the number of the newest that has begun, and of the newest that has ended; 0 without one.
    begun: u32,
    ended: u32,
    /// A server that is gone has not seen its last one end.
    was_open: bool,
}

/// Something that happened to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Past {
    pub(super) at: Moment,
    pub(super) what: What,
    /// How long a session had been open that ended, in seconds.
    pub(super) seconds: u32,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A session began.
    Connected,
    /// A session ended.
    Ended(Why),
    /// An attempt of its own came to nothing.
    Refused(Why),
    /// It was paired.
    Paired,
    /// It was taken out of the registry.
    Removed,
}

/// How often, and when last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) times: u32,
    pub(super) last: Option<Moment>,
}

impl Tally {
    fn add(&mut self, times: u32, at: Moment) {
        self.times = self.times.saturating_add(times);
        self.last = self.last.max(Some(at));
    }
}

impl Memo {
    /// How many things that happened are kept.
    pub(super) const HISTORY: usize = 6;

    /// Whether it is connected, as far as was heard.
    pub(super) fn is_open(&self) -> bool {
        self.heard.was_open || self.heard.begun > self.heard.ended
    }

    /// Whether a session of it has begun that has this number or a larger one.
    pub(super) fn has_begun(&self, number: u64) -> bool {
        u64::from(self.heard.begun) > number
    }

    pub(super) fn hear(&mut self, event: &Event<'_>, now: Moment) {
        match event {
            Event::Confirmed { session, from, .. } => self.confirmed(*session, *from, now),
            Event::Ended(ended) => self.over(ended, now),
            Event::Paired { .. } => {
                self.paired = Some(now);
                self.note(Past { at: now, what: What::Paired, seconds: 0 });
            }
            _ => (),
        }
    }

    fn confirmed(&mut self, session: u64, from: Option<SocketAddr>, now: Moment) {
        self.sessions = self.sessions.saturating_add(1);
        self.first.get_or_insert(now);
        self.last = self.last.max(Some(now));
        let number = counted(session);
        if self.heard.begun < number {
            (self.heard.begun, self.from) = (number, Address::from(from));
        }
        self.removed = None;
        self.note(Past { at: now, what: What::Connected, seconds: 0 });
    }

    fn over(&mut self, ended: &Ended, now: Moment) {
        let (why, seconds) = (Why::from(ended.reason), whole_seconds(ended.info.age));
        let past = Past { at: now, what: What::Ended(why), seconds };
        let number = counted(ended.info.number);
        if self.heard.ended < number {
            (self.heard.ended, self.ended) = (number, Some(past));
        }
        self.last = self.last.max(Some(now.before(ended.info.last_heard)));
        match ended.reason {
            Reason::Displaced | Reason::Moved => {
                let mishaps = self.mishaps.get_or_insert_default();
                mishaps.displaced.add(1, now);
                mishaps.displaced_from = Address::from(ended.info.from);
                mishaps.displaced_by = Address::from(ended.by);
            }
            Reason::Backend(Fault::Numbers(_)) => (),
            Reason::Backend(_) => self.mishaps.get_or_insert_default().backend.add(1, now),
            _ => (),
        }
        self.note(past);
    }

    /// So many attempts that were its own came to nothing.
    pub(super) fn refused(&mut self, times: u32, why: Why, from: Option<SocketAddr>, at: Moment) {
        let mishaps = self.mishaps.get_or_insert_default();
        mishaps.refused.add(times, at);
        (mishaps.refused_for, mishaps.refused_from) = (Some(why), Address::from(from));
        let past = Past { at, what: What::Refused(why), seconds: 0 };
        // One that tries every few seconds is one thing that goes on.
        match &mut self.history[0] {
            Some(newest) if newest.what == past.what => *newest = past,
            _ => self.note(past),
        }
    }

    /// It was taken out of the registry.
    pub(super) fn removed(&mut self, at: Moment) {
        self.removed = Some(at);
        self.note(Past { at, what: What::Removed, seconds: 0 });
    }

    /// Its session was there when a server was last alive, which did not see it end.
    pub(super) fn lost(&mut self, alive: Moment) {
        let seconds = self.history.iter().flatten().find(|past| past.what == What::Connected);
        let seconds = seconds.map_or(0, |began| alive.since(began.at));
        let past = Past { at: alive, what: What::Ended(Why::Crashed), seconds };
        (self.heard, self.ended, self.last) = (Heard::default(), Some(past), self.last.max(Some(alive)));
        self.note(past);
    }

    /// A new server counts its sessions from 0.
    pub(super) fn recalled(mut self, is_open: bool) -> Self {
        self.heard = Heard { was_open: is_open, ..Heard::default() };
        self
    }

    /// In the order in which things happened: an attempt is judged later, and two threads bring events.
    fn note(&mut self, past: Past) {
        let later = |old: &Option<Past>| old.is_some_and(|old| old.at > past.at);
        let at = self.history.iter().take_while(|old| later(old)).count();
        if at < self.history.len() {
            self.history[at..].rotate_right(1);
            self.history[at] = Some(past);
        }
    }
}

/// The number of a session, counted from 1. A server that has had four billion of them has been started again.
fn counted(session: u64) -> u32 {
    u32::try_from(session.saturating_add(1)).unwrap_or(u32::MAX)
}

fn whole_seconds(time: std::time::Duration) -> u32 {
    u32::try_from(time.as_secs()).unwrap_or(u32::MAX)
}

/// Why a session ended or an attempt came to nothing, as a number that stays the same from version to version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Why {
    Closed = 1,
    Broken = 2,
    BackendUnreached = 3,
    BackendBrokeOff = 4,
    Stopped = 5,
    Displaced = 6,
    Revoked = 7,
    Silent = 8,
    Lifetime = 9,
    /// The server was gone before it could see an end.
    Crashed = 10,
    Other = 11,
    Moved = 12,
    Stale = 13,
    NotStored = 14,
    Numbers = 15,
    NotNumbered = 16,
    RunReplaced = 17,
    TooManyRuns = 18,
    Expired = 32,
    OtherMode = 33,
    NotInRegistry = 34,
    NoSeat = 35,
    NoSeatOfAddress = 36,
    ServiceDown = 37,
    Load = 38,
    Unconfirmed = 39,
    Refused = 40,
    RegistryStale = 41,
}

impl Why {
    pub(super) const ALL: [Self; 28] = [
        Self::Closed,
        Self::Broken,
        Self::BackendUnreached,
        Self::BackendBrokeOff,
        Self::Stopped,
        Self::Displaced,
        Self::Revoked,
        Self::Silent,
        Self::Lifetime,
        Self::Crashed,
        Self::Other,
        Self::Moved,
        Self::Stale,
        Self::NotStored,
        Self::Numbers,
        Self::NotNumbered,
        Self::RunReplaced,
        Self::TooManyRuns,
        Self::Expired,
        Self::OtherMode,
        Self::NotInRegistry,
        Self::NoSeat,
        Self::NoSeatOfAddress,
        Self::ServiceDown,
        Self::Load,
        Self::Unconfirmed,
        Self::Refused,
        Self::RegistryStale,
    ];

    /// A word for it, which stays the same; of a session's end that of the log.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Broken => "broken",
            Self::BackendUnreached => "backend unreached",
            Self::BackendBrokeOff => "backend broke off",
            Self::Stopped => "stopped",
            Self::Displaced => "displaced",
            Self::Revoked => "revoked",
            Self::Silent => "silent",
            Self::Lifetime => "lifetime",
            Self::Crashed => "server gone",
            Self::Other => "other",
            Self::Moved => "moved",
            Self::Stale => "stale",
            Self::NotStored => "not stored",
            Self::Numbers => "numbers",
            Self::NotNumbered => "not numbered",
            Self::RunReplaced => "run replaced",
            Self::TooManyRuns => "too many runs",
            Self::Expired => "expired",
            Self::OtherMode => "other mode",
            Self::NotInRegistry => "not in the registry",
            Self::NoSeat => "no seat",
            Self::NoSeatOfAddress => "no seat of its address",
            Self::ServiceDown => "service behind down",
            Self::Load => "too many attempts",
            Self::Unconfirmed => "not confirmed",
            Self::Refused => "refused",
            Self::RegistryStale => "registry out of date",
        }
    }
}

impl From<Reason> for Why {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Closed => Self::Closed,
            Reason::Broken => Self::Broken,
            Reason::Backend(Fault::Unreached) => Self::BackendUnreached,
            Reason::Backend(Fault::NotStored) => Self::NotStored,
            Reason::Backend(Fault::Numbers(Untaken::Missing)) => Self::NotNumbered,
            Reason::Backend(Fault::Numbers(Untaken::Replaced)) => Self::RunReplaced,
            Reason::Backend(Fault::Numbers(Untaken::TooManyRuns)) => Self::TooManyRuns,
            Reason::Backend(Fault::Numbers(_)) => Self::Numbers,
            Reason::Backend(_) => Self::BackendBrokeOff,
            Reason::Stopped => Self::Stopped,
            Reason::Displaced => Self::Displaced,
            Reason::Revoked => Self::Revoked,
            Reason::Silent => Self::Silent,
            Reason::Lifetime => Self::Lifetime,
            Reason::Moved => Self::Moved,
            Reason::Stale => Self::Stale,
            _ => Self::Other,
        }
    }
}

impl From<Cause> for Why {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::Expired => Self::Expired,
            Cause::OtherMode => Self::OtherMode,
            Cause::UnknownId => Self::NotInRegistry,
            Cause::NoSeat => Self::NoSeat,
            Cause::NoSeatOfAddress => Self::NoSeatOfAddress,
            Cause::ServiceDown => Self::ServiceDown,
            Cause::RegistryStale => Self::RegistryStale,
            Cause::Load => Self::Load,
            Cause::Unconfirmed => Self::Unconfirmed,
            _ => Self::Refused,
        }
    }
}
