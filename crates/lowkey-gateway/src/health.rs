//! Whether the service behind takes connections, as far as this server knows.
//!
//! Only a *connect* that fails shows that the service is down. What becomes of a session shows nothing: otherwise one
//! device whose sessions the service ends early would stop the whole fleet. Only the server's own connect shows that
//! the service is back, so that no device that holds an attempt open keeps the others waiting. Either is logged once,
//! when it changes.

use lowkey_host::Acceptor;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::time::Instant;

/// Whether a service takes connections; all clones say the same.
///
/// A [`Forwarder`](crate::forward::Forwarder) has one and keeps it. [`spare`](Self::spare) has a
/// server answer *busy* while the service is down.
#[derive(Clone, Debug, Default)]
pub struct Health(Arc<Mutex<State>>);

/// How long a service has been down, and why.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Down {
    /// Where it was looked for.
    pub service: String,
    /// How long ago the first connect failed.
    pub lasts: Duration,
    /// How the last one did.
    pub reason: Unreached,
    /// What the operating system said then.
    pub error: String,
}

/// How a connect fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unreached {
    /// Nobody listens there.
    Refused,
    /// There is no way there.
    Unreachable,
    /// Nobody answered in time.
    TimedOut,
    /// The service's name stands for no address.
    Name,
    /// Something else, such as a lack of files or of permission *here*: it says nothing about the service.
    Other,
}

#[derive(Debug, Default)]
struct State {
    down: Option<Outage>,
    /// How often it has come back.
    returns: u64,
    /// When last.
    returned: Option<Instant>,
    /// Whether the server's own connects go on.
    watched: bool,
    failures: [u64; Unreached::ALL.len()],
}

#[derive(Debug)]
struct Outage {
    service: String,
    since: Instant,
    reason: Unreached,
    error: String,
}

/// A connect, and how often the service had come back when it began. If it has come back since, a failure is no news.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trial(u64);

/// The one who asks a service until it takes connections; another may begin when this is over or dropped.
#[derive(Debug)]
pub(crate) struct Watch {
    of: Weak<Mutex<State>>,
    over: bool,
}

impl Health {
    /// Whether the service takes connections, or nobody has found out otherwise.
    pub fn is_up(&self) -> bool {
        self.lock().down.is_none()
    }

    /// Has attempts at this server hear that we are busy while the service is down: devices back off, where each would
    /// be confirmed and then closed ([`Acceptor::busy_while`]).
    pub fn spare(&self, acceptor: &Acceptor) {
        let health = self.clone();
        acceptor.busy_while(move || !health.is_up());
    }

    /// Why it does not.
    pub fn down(&self) -> Option<Down> {
        let now = Instant::now();
        self.lock().down.as_ref().map(|outage| Down {
            service: outage.service.clone(),
            lasts: now.duration_since(outage.since),
            reason: outage.reason,
            error: outage.error.clone(),
        })
    }

    /// For how long it takes connections again, if it has not always.
    pub(crate) fn back(&self) -> Option<Duration> {
        let state = self.lock();
        state.returned.filter(|_| state.down.is_none()).map(|returned| returned.elapsed())
    }

    /// Connects that failed, by how.
    #[cfg(any(test, feature = "admin"))]
    pub(crate) fn failures(&self) -> [(Unreached, u64); Unreached::ALL.len()] {
        let failures = self.lock().failures;
        std::array::from_fn(|n| (Unreached::ALL[n], failures[n]))
    }

    /// A connect begins.
    pub(crate) fn trial(&self) -> Trial {
        Trial(self.lock().returns)
    }

    /// It failed: counted, and the service is down if that is a sign of it.
    pub(crate) fn failed(&self, trial: Trial, service: &str, reason: Unreached, error: &std::io::Error) {
        {
            let mut state = self.lock();
            state.failures[reason as usize] += 1;
            if reason == Unreached::Other || trial.0 != state.returns {
                return;
            }
            let error = error.to_string();
            if let Some(outage) = &mut state.down {
                (outage.reason, outage.error) = (reason, error);
                return;
            }
            let service = service.to_owned();
            state.down = Some(Outage { service, since: Instant::now(), reason, error });
        }
        let reason = reason.as_str();
        tracing::warn!(name: "lowkey.backend_down", target: "lowkey", service, reason, %error, "service behind is down; devices hear that we are busy");
    }

    /// A connect of the server's own succeeded.
    pub(crate) fn answered(&self) {
        let outage = {
            let mut state = self.lock();
            let outage = state.down.take();
            if outage.is_some() {
                (state.returns, state.returned) = (state.returns + 1, Some(Instant::now()));
            }
            outage
        };
        if let Some(Outage { service, since, .. }) = outage {
            let seconds = since.elapsed().as_secs();
            tracing::info!(name: "lowkey.backend_up", target: "lowkey", service, seconds, "service behind takes connections again");
        }
    }

    /// To ask until the service takes connections; `None` if somebody does.
    pub(crate) fn watch(&self) -> Option<Watch> {
        let others = std::mem::replace(&mut self.lock().watched, true);
        (!others).then(|| Watch { of: Arc::downgrade(&self.0), over: false })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watch {
    /// What is watched, if it still matters to anybody.
    pub(crate) fn health(&self) -> Option<Health> {
        self.of.upgrade().map(Health)
    }

    /// Whether the service is up, so that the asking ends. This is decided under the lock of those who find it down:
    /// who does so afterwards begins to ask anew.
    pub(crate) fn ends(&mut self, health: &Health) -> bool {
        let mut state = health.lock();
        self.over = state.down.is_none();
        state.watched = !self.over;
        self.over
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if !self.over
            && let Some(health) = self.health()
        {
            health.lock().watched = false;
        }
    }
}

impl Unreached {
    pub(crate) const ALL: [Self; 5] =
        [Self::Refused, Self::Unreachable, Self::TimedOut, Self::Name, Self::Other];

    /// A word that stays the same from version to version.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed_out",
            Self::Name => "name",
            Self::Other => "other",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Error, ErrorKind};

    fn fail(health: &Health, trial: Trial, reason: Unreached) {
        let error = Error::from(ErrorKind::ConnectionRefused);
        health.failed(trial, "127.0.0.1:1883", reason, &error);
    }

    #[test]
    fn a_connect_that_began_before_the_service_came_back_is_no_news() {
        let health = Health::default();
        let early = health.trial();
        fail(&health, health.trial(), Unreached::Refused);
        assert_eq!(health.down().unwrap().reason, Unreached::Refused);
        health.answered();
        fail(&health, early, Unreached::TimedOut);
        assert!(health.is_up());
        fail(&health, health.trial(), Unreached::TimedOut);
        assert!(!health.is_up());
        assert_eq!(health.failures().map(|(_, times)| times), [1, 0, 2, 0, 0]);
    }

    #[test]
    fn what_fails_here_says_nothing_about_the_service() {
        let health = Health::default();
        fail(&health, health.trial(), Unreached::Other);
        assert!(health.is_up());
    }

    #[test]
    fn one_asks_and_another_begins_when_that_is_over_or_gone() {
        let health = Health::default();
        let mut first = health.watch().unwrap();
        assert!(health.watch().is_none());
        fail(&health, health.trial(), Unreached::Refused);
        assert!(!first.ends(&health) && health.watch().is_none());
        health.answered();
        assert!(first.ends(&health));
        let second = health.watch().unwrap();
        drop(first);
        assert!(health.watch().is_none(), "the second is still there");
        drop(second);
        assert!(health.watch().is_some());
    }

    #[test]
    fn nobody_asks_for_nobody() {
        let health = Health::default();
        let watch = health.watch().unwrap();
        drop(health);
        assert!(watch.health().is_none());
    }
}
