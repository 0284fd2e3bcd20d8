//! What each device has seen, kept apart from what the gateways say, and whether it may be so.

use crate::{bounds::Bounds, roster::name};
use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::Notify,
    time::{Instant, timeout},
};
use xtask::command::Result;

pub(crate) struct Oracle {
    seen: Mutex<Seen>,
    changed: Notify,
    gateways: Vec<&'static str>,
}

/// All that there was.
struct Seen {
    sessions: Vec<Session>,
    /// For each device, since when nobody may let it in.
    out: Vec<Option<Instant>>,
    /// When a gateway could not know what happened elsewhere.
    blind: Vec<Blind>,
    max_stale: Duration,
}

/// From an answer of the gateway to the end that the device has seen.
#[derive(Clone, Copy)]
struct Session {
    device: usize,
    gateway: usize,
    begun: Instant,
    ended: Option<Instant>,
    /// When the device has forgotten it.
    left: Option<Instant>,
}

struct Blind {
    gateway: usize,
    from: Instant,
    to: Option<Instant>,
    sight: Sight,
}

/// Why a gateway knows nothing of what happens elsewhere.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    /// It does not run: it has to know as soon as it does.
    Frozen,
    /// It does not see NATS: it may go on by what it has for its `max_stale`.
    Cut,
}

impl Oracle {
    pub(crate) fn new(devices: usize, gateways: Vec<&'static str>, max_stale: Duration) -> Self {
        let (sessions, out, blind) = (Vec::new(), vec![None; devices], Vec::new());
        let seen = Seen { sessions, out, blind, max_stale };
        Self { seen: Mutex::new(seen), changed: Notify::new(), gateways }
    }

    /// A gateway has answered to the device; the session's number.
    pub(crate) fn begins(&self, device: usize, gateway: &str) -> usize {
        let gateway = self.gateways.iter().position(|name| *name == gateway).unwrap_or(usize::MAX);
        self.change(|seen| {
            let begun = Instant::now();
            seen.sessions.push(Session { device, gateway, begun, ended: None, left: None });
            seen.sessions.len() - 1
        })
    }

    /// The device has seen its end.
    pub(crate) fn ends(&self, session: usize) {
        self.change(|seen| {
            seen.sessions[session].ended.get_or_insert_with(Instant::now);
        });
    }

    /// The device has forgotten it; it goes on.
    pub(crate) fn leaves(&self, session: usize) {
        self.change(|seen| seen.sessions[session].left = Some(Instant::now()));
    }

    /// From that moment on nobody may let the device in.
    pub(crate) fn is_out(&self, device: usize, since: Instant) {
        self.change(|seen| {
            seen.out[device].get_or_insert(since);
        });
    }

    /// From now on the gateway knows nothing of what happens elsewhere.
    pub(crate) fn goes_blind(&self, gateway: usize, sight: Sight) {
        self.change(|seen| seen.blind.push(Blind { gateway, from: Instant::now(), to: None, sight }));
    }

    /// It sees again.
    pub(crate) fn sees(&self, gateway: usize) {
        self.change(|seen| {
            let blind = seen.blind.iter_mut().filter(|blind| blind.gateway == gateway);
            blind.for_each(|blind| {
                blind.to.get_or_insert_with(Instant::now);
            });
        });
    }

    /// Whether the gateway knows nothing of what happens elsewhere.
    pub(crate) fn is_blind(&self, gateway: usize) -> bool {
        self.look(|seen| seen.blind.iter().any(|blind| blind.gateway == gateway && blind.to.is_none()))
    }

    /// Which gateway the device is connected to.
    pub(crate) fn held(&self, device: usize) -> Option<usize> {
        self.look(|seen| seen.current(device).map(|session| session.gateway))
    }

    /// The devices that are connected to it and may be.
    pub(crate) fn at(&self, gateway: usize) -> Vec<usize> {
        self.look(|seen| {
            let sessions = seen.sessions.iter().filter(|session| session.is_current());
            let there =
                sessions.filter(|session| session.gateway == gateway && seen.out[session.device].is_none());
            there.map(|session| session.device).collect()
        })
    }

    /// The sessions that there are, forgotten or not: each one's device and gateway, by their names.
    pub(crate) fn sessions(&self) -> BTreeSet<(String, String)> {
        self.look(|seen| {
            let sessions = seen.sessions.iter().filter(|session| session.ended.is_none());
            sessions.map(|of| (name(of.device), self.gateways[of.gateway].to_owned())).collect()
        })
    }

    /// How many sessions have ended since then.
    pub(crate) fn ended_since(&self, since: Instant) -> usize {
        self.look(|seen| seen.sessions.iter().filter(|session| session.ended >= Some(since)).count())
    }

    /// How many of those have ended since then whose devices may have one.
    pub(crate) fn ended_for_nothing_since(&self, since: Instant) -> usize {
        self.look(|seen| seen.ended_since(since).count())
    }

    /// How many sessions of the device have ended since then.
    pub(crate) fn ended_of(&self, device: usize, since: Instant) -> usize {
        self.look(|seen| {
            let of = seen.sessions.iter().filter(|session| session.device == device);
            of.filter(|session| session.ended >= Some(since)).count()
        })
    }

    /// The most sessions of one device that have ended since then.
    pub(crate) fn most_ended_since(&self, since: Instant) -> usize {
        self.look(|seen| {
            let mut ended = vec![0; seen.out.len()];
            seen.ended_since(since).for_each(|(session, _)| ended[session.device] += 1);
            ended.into_iter().max().unwrap_or(0)
        })
    }

    /// Waits until all that may be are connected, at least so many sessions have ended since then, and none of them
    /// at a gateway that has not been heard of since.
    ///
    /// # Errors
    /// That has not come for a long time.
    pub(crate) async fn all_connected(&self, since: Instant, ended: usize) -> Result<()> {
        let is_so = || self.ended_since(since) >= ended && self.away().is_empty();
        self.until("all devices", is_so).await.map_err(|_| {
            let names: Vec<String> = self.away().into_iter().map(name).collect();
            format!(
                "{} sessions have ended, and not connected are: {}",
                self.ended_since(since),
                names.join(" ")
            )
            .into()
        })
    }

    /// Waits until the device has no session any more that had begun by then, but at these gateways; when the last
    /// ended.
    ///
    /// # Errors
    /// It never is.
    pub(crate) async fn all_ended(
        &self,
        device: usize,
        by: Instant,
        but_at: &[usize],
    ) -> Result<Option<Instant>> {
        let of = |seen: &Seen| -> Vec<Option<Instant>> {
            let of = seen.sessions.iter().filter(|session| session.device == device && session.begun <= by);
            of.filter(|session| !but_at.contains(&session.gateway)).map(|session| session.ended).collect()
        };
        let what = format!("the end of the sessions of {}", name(device));
        self.until(&what, || self.look(|seen| of(seen).iter().all(Option::is_some))).await?;
        Ok(self.look(|seen| of(seen).into_iter().max().flatten()))
    }

    /// For each device that had a session until then and may have one: from then to its next session.
    pub(crate) fn away_since(&self, since: Instant) -> Vec<Duration> {
        self.look(|seen| {
            let ended = seen.ended_since(since).filter(|(session, _)| session.begun < since);
            ended.filter_map(|(session, _)| Some(seen.next(session.device, since)? - since)).collect()
        })
    }

    /// For each device whose session has ended since then: from that to its next.
    pub(crate) fn between_sessions(&self, since: Instant) -> Vec<Duration> {
        self.look(|seen| {
            let ended = seen.ended_since(since);
            ended.filter_map(|(session, ended)| Some(seen.next(session.device, ended)? - ended)).collect()
        })
    }

    /// Waits until the device has no session any more but the last.
    ///
    /// # Errors
    /// It never is.
    pub(crate) async fn ended_before_last(&self, device: usize) -> Result<()> {
        let is_so = |seen: &Seen| {
            let of: Vec<&Session> = seen.sessions.iter().filter(|session| session.device == device).collect();
            of.iter().rev().skip(1).all(|session| session.ended.is_some())
        };
        self.until(&format!("the end of the older session of {}", name(device)), || self.look(is_so)).await
    }

    /// Whether all that was seen may be so: `end` is how long an end may take by the promise.
    ///
    /// # Errors
    /// All that may not.
    pub(crate) fn judge(&self, bounds: &Bounds, end: Duration, rules: Rules) -> Result<()> {
        let now = Instant::now();
        let wrong = self.look(|seen| {
            let mut wrong = Vec::new();
            for session in &seen.sessions {
                let who = || format!("{} at {}", name(session.device), self.gateways[session.gateway]);
                let last = |from| seen.latest_end(session.gateway, from, bounds.of(end));
                let ended = session.ended.unwrap_or(now);
                if let Some(out) = seen.out[session.device]
                    && ended > last(out)
                {
                    let late = (ended - out).as_secs_f32();
                    wrong.push(format!("{}: a session for {late:.1} s after it was revoked", who()));
                }
                if rules == Rules::OfOne {
                    continue;
                }
                let later = seen.sessions.iter().filter(|later| later.device == session.device);
                if let Some(later) =
                    later.filter(|later| later.begun > session.begun).min_by_key(|of| of.begun)
                    && ended > last(later.begun)
                {
                    let (late, other) = ((ended - later.begun).as_secs_f32(), self.gateways[later.gateway]);
                    wrong.push(format!(
                        "{}: a session for {late:.1} s after the next at {other} began",
                        who()
                    ));
                }
            }
            wrong
        });
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n  ").into()) }
    }

    fn away(&self) -> Vec<usize> {
        self.look(|seen| {
            let devices = 0..seen.out.len();
            devices.filter(|device| seen.out[*device].is_none() && seen.current(*device).is_none()).collect()
        })
    }

    /// Waits until it is so.
    ///
    /// # Errors
    /// It never is.
    pub(crate) async fn until(&self, what: &str, is_so: impl Fn() -> bool) -> Result<()> {
        let waits = async {
            loop {
                let changed = self.changed.notified();
                if is_so() {
                    return;
                }
                // What depends on the clock alone as well.
                let _ = timeout(LOOK, changed).await;
            }
        };
        Ok(timeout(PATIENCE, waits).await.map_err(|_| format!("it never comes: {what}"))?)
    }

    fn look<T>(&self, with: impl FnOnce(&Seen) -> T) -> T {
        with(&self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn change<T>(&self, with: impl FnOnce(&mut Seen) -> T) -> T {
        let done = with(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_waiters();
        done
    }
}

/// Which rules hold.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rules {
    /// Each gateway's own.
    OfOne,
    /// Those of all gateways together: at most one session a device.
    OfAll,
}

impl Seen {
    /// The sessions that have ended since then of devices that may have one, and when.
    fn ended_since(&self, since: Instant) -> impl Iterator<Item = (&Session, Instant)> {
        let of = self.sessions.iter().filter(|session| self.out[session.device].is_none());
        of.filter_map(move |session| Some((session, session.ended.filter(|ended| *ended >= since)?)))
    }

    /// When the device's next session began.
    fn next(&self, device: usize, from: Instant) -> Option<Instant> {
        let mut sessions = self.sessions.iter().filter(|session| session.device == device);
        sessions.find(|session| session.begun >= from).map(|session| session.begun)
    }

    fn current(&self, device: usize) -> Option<&Session> {
        self.sessions.iter().rev().find(|session| session.device == device && session.is_current())
    }

    /// Until when a session at this gateway may last that has to end for something that happens at `from`.
    fn latest_end(&self, gateway: usize, from: Instant, promised: Duration) -> Instant {
        let mut last = from + promised;
        for blind in self.blind.iter().filter(|blind| blind.gateway == gateway) {
            let ends = match (blind.sight, blind.to) {
                (Sight::Frozen, to) => to.unwrap_or_else(Instant::now),
                // Until it says that it sees, it has what it had.
                (Sight::Cut, to) => {
                    to.map_or(blind.from + self.max_stale, |to| to.min(blind.from + self.max_stale))
                }
            };
            if blind.from <= last && ends >= from {
                last = last.max(ends + promised);
            }
        }
        last
    }
}

impl Session {
    const fn is_current(&self) -> bool {
        self.ended.is_none() && self.left.is_none()
    }
}

const LOOK: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(90);
