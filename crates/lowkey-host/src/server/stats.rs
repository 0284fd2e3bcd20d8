//! What a server has counted.

use super::allowance::Allowance;
use super::failures::{Cause, Failures, FirstFrame};
use super::info::SessionInfo;
use super::observer::Observed;
use crate::connection::{Fault, Traffic};
use lowkey_transport::Hello;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// What a server has counted since it began.
///
/// Every attempt that was begun and is over is in exactly one of `confirmed`, the `refused…`,
/// `unconfirmed`, `timed_out`, `failed`, `abandoned`, `paired` and `not_paired`. Every confirmed one is a session now,
/// or in exactly one of the `sessions_…`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Attempts begun.
    pub accepted: u64,
    /// Attempts whose first record opened: sessions begun.
    pub confirmed: u64,
    /// Refused: another version of the protocol (`0x01`).
    pub refused_version: u64,
    /// Refused: a mode that is not offered (`0x02`).
    pub refused_mode: u64,
    /// Refused: too much to do (`0x03`), or no seat for one more device (a CLOSE once it was confirmed).
    pub refused_busy: u64,
    /// Refused as busy (`0x03`): the service behind was down.
    pub refused_service_down: u64,
    /// Refused as busy (`0x03`): the [registry may be out of date](crate::Registry::is_stale).
    pub refused_registry_stale: u64,
    /// Refused: unknown id, another mode than the pinning's, or keys that do not match (`0x04`).
    pub refused: u64,
    /// Message 1 opened and no record did: a recording that was played again, or a network that broke.
    pub unconfirmed: u64,
    /// The deadline came before message 1 was there.
    pub timed_out: u64,
    /// Hung up before message 1 was there, malformed, or no randomness.
    pub failed: u64,
    /// Dropped before message 1 was there: to make room for others, or by the application.
    pub abandoned: u64,
    /// Pairings of devices that called, done: both sides have stored the other's key.
    pub paired: u64,
    /// Attempts in which a device had shown a code, and was not paired.
    pub not_paired: u64,
    /// Attempts that had to make room for others; they are also in `abandoned` or `unconfirmed`.
    pub attempts_displaced: u64,
    /// Sessions that a newer session of the same device displaced.
    pub sessions_displaced: u64,
    /// Sessions whose pinning was removed or replaced, or expired.
    pub sessions_revoked: u64,
    /// Sessions that were silent and did not answer a PING.
    pub sessions_silent: u64,
    /// Sessions that were cut off because they went on after their lifetime.
    pub sessions_lifetime: u64,
    /// Sessions whose device has one at another server of the fleet.
    pub sessions_moved: u64,
    /// Sessions that ended because the registry may be out of date.
    pub sessions_stale: u64,
    /// Sessions that the application let go of while the server stopped.
    pub sessions_stopped: u64,
    /// Sessions that ended because the service behind could not be reached, broke off, or did not store.
    pub sessions_backend: u64,
    /// Sessions whose device numbers its messages in a way that cannot be taken.
    pub sessions_numbers: u64,
    /// Sessions that the application let go of otherwise: closed by both, or broken.
    pub sessions_closed: u64,
    /// Bytes that came over all sessions since their handshakes.
    pub bytes_received: u64,
    /// Bytes that left over all sessions since their handshakes.
    pub bytes_sent: u64,
    /// Records that opened, in all sessions.
    pub records_received: u64,
    /// Records that were sealed, in all sessions.
    pub records_sent: u64,
    /// Numbered messages that were taken, in all sessions.
    pub messages_taken: u64,
    /// Numbered messages that were acknowledged, in all sessions: they are stored.
    pub messages_acknowledged: u64,
    /// Times the socket could not accept.
    pub accept_errors: u64,
    /// Attempts that wait now.
    pub attempts: u64,
    /// Sessions now.
    pub sessions: u64,
    /// Pairing windows that are open now.
    pub windows: u64,
}

/// How long handshakes took, from the stream's beginning to the first record that opened.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct HandshakeTimes {
    /// All together.
    pub sum: Duration,
    /// Up to how many seconds each step goes, the last one for ever ([`f64::MAX`]), and how many fell into it and into
    /// none before it.
    pub steps: Vec<(f64, u64)>,
}

/// The counters behind [`Stats`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) accepted: Count,
    pub(crate) confirmed: Count,
    /// Sessions that were given a seat, which are numbered by it: the number of the next one.
    pub(crate) seated: Count,
    pub(crate) refused_version: Count,
    pub(crate) refused_mode: Count,
    pub(crate) refused_busy: Count,
    pub(crate) refused_service_down: Count,
    pub(crate) refused_registry_stale: Count,
    pub(crate) refused: Count,
    pub(crate) unconfirmed: Count,
    pub(crate) timed_out: Count,
    pub(crate) failed: Count,
    pub(crate) abandoned: Count,
    pub(crate) paired: Count,
    pub(crate) not_paired: Count,
    pub(crate) attempts_displaced: Count,
    pub(crate) sessions_displaced: Count,
    pub(crate) sessions_revoked: Count,
    pub(crate) sessions_silent: Count,
    pub(crate) sessions_lifetime: Count,
    pub(crate) sessions_moved: Count,
    pub(crate) sessions_stale: Count,
    pub(crate) sessions_stopped: Count,
    pub(crate) sessions_backend: Count,
    pub(crate) sessions_numbers: Count,
    pub(crate) sessions_closed: Count,
    pub(crate) accept_errors: Count,
    pub(crate) log: Allowance,
    pub(crate) handshakes: Times,
    pub(crate) failures: Failures,
    pub(crate) observed: Observed,
    listeners: AtomicUsize,
}

impl Counters {
    pub(crate) fn snapshot(
        &self,
        attempts: usize,
        sessions: usize,
        windows: usize,
        carried: Carried,
    ) -> Stats {
        Stats {
            accepted: self.accepted.value(),
            confirmed: self.confirmed.value(),
            refused_version: self.refused_version.value(),
            refused_mode: self.refused_mode.value(),
            refused_busy: self.refused_busy.value(),
            refused_service_down: self.refused_service_down.value(),
            refused_registry_stale: self.refused_registry_stale.value(),
            refused: self.refused.value(),
            unconfirmed: self.unconfirmed.value(),
            timed_out: self.timed_out.value(),
            failed: self.failed.value(),
            abandoned: self.abandoned.value(),
            paired: self.paired.value(),
            not_paired: self.not_paired.value(),
            attempts_displaced: self.attempts_displaced.value(),
            sessions_displaced: self.sessions_displaced.value(),
            sessions_revoked: self.sessions_revoked.value(),
            sessions_silent: self.sessions_silent.value(),
            sessions_lifetime: self.sessions_lifetime.value(),
            sessions_moved: self.sessions_moved.value(),
            sessions_stale: self.sessions_stale.value(),
            sessions_stopped: self.sessions_stopped.value(),
            sessions_backend: self.sessions_backend.value(),
            sessions_numbers: self.sessions_numbers.value(),
            sessions_closed: self.sessions_closed.value(),
            bytes_received: carried.bytes_received,
            bytes_sent: carried.bytes_sent,
            records_received: carried.records_received,
            records_sent: carried.records_sent,
            messages_taken: carried.messages_taken,
            messages_acknowledged: carried.messages_acknowledged,
            accept_errors: self.accept_errors.value(),
            attempts: attempts as u64,
            sessions: sessions as u64,
            windows: windows as u64,
        }
    }

    /// Notes as a failure that this session ended because of the service behind, or of its numbers.
    pub(super) fn note(&self, fault: Fault, session: &SessionInfo) {
        let SessionInfo { number, pinned, from, .. } = session;
        let hello = Hello { mode: pinned.mode(), id: Some(pinned.id()) };
        let cause = match fault {
            Fault::Unreached => Cause::Unreached,
            Fault::BrokenOff | Fault::Moved => Cause::BrokenOff, // which is no failure
            Fault::NotStored => Cause::NotStored,
            Fault::Numbers(why) => Cause::Numbers(why),
        };
        self.failures.add(*from, Some(hello), cause, FirstFrame::EMPTY, number + 1);
    }

    /// Whether a socket listens.
    pub(crate) fn is_listening(&self) -> bool {
        self.listeners.load(Ordering::Acquire) > 0
    }
}

/// A socket that listens, for as long as this is held.
#[derive(Debug)]
pub(crate) struct Listening(Arc<Counters>);

impl Listening {
    pub(crate) fn new(counters: Arc<Counters>) -> Self {
        counters.listeners.fetch_add(1, Ordering::AcqRel);
        Self(counters)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.listeners.fetch_sub(1, Ordering::AcqRel);
    }
}

/// What went over sessions.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Carried {
    bytes_received: u64,
    bytes_sent: u64,
    records_received: u64,
    records_sent: u64,
    messages_taken: u64,
    messages_acknowledged: u64,
}

impl Carried {
    pub(crate) fn add(&mut self, traffic: &Traffic) {
        self.bytes_received += traffic.received.get();
        self.bytes_sent += traffic.sent.get();
        self.records_received += traffic.opened.get();
        self.records_sent += traffic.sealed.get();
        self.messages_taken += traffic.taken.get();
        self.messages_acknowledged += traffic.acknowledged.get();
    }
}

/// How long things took, counted in steps.
#[derive(Debug, Default)]
pub(crate) struct Times {
    steps: [Count; STEPS.len() + 1],
    microseconds: AtomicU64,
}

/// Up to how many seconds each step goes; a last one takes the rest.
const STEPS: [f64; 13] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

impl Times {
    pub(crate) fn took(&self, time: Duration) {
        let step = STEPS.partition_point(|upper| *upper < time.as_secs_f64());
        self.steps[step].one_more();
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.microseconds.fetch_add(micros, Ordering::Relaxed);
    }

    pub(crate) fn snapshot(&self) -> HandshakeTimes {
        let upper = STEPS.into_iter().chain([f64::MAX]);
        HandshakeTimes {
            sum: Duration::from_micros(self.microseconds.load(Ordering::Relaxed)),
            steps: upper.zip(self.steps.iter().map(Count::value)).collect(),
        }
    }
}

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn one_more(&self) {
        self.next();
    }

    /// One more; how many there were before.
    pub(crate) fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
