//! What a server has counted.

use super::lines::Lines;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a server has counted since it began.
///
/// Every attempt that was begun and is over is in exactly one of `confirmed`, the `refused_…`,
/// `unconfirmed`, `timed_out`, `failed` and `abandoned`.
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
    /// Refused: unknown id, another mode than the pinning's, or keys that do not match (`0x04`).
    pub refused: u64,
    /// Message 1 opened and no record did: a recording that was played again, or a line that broke.
    pub unconfirmed: u64,
    /// The deadline came before message 1 was there.
    pub timed_out: u64,
    /// Hung up before message 1 was there, malformed, or no randomness.
    pub failed: u64,
    /// Dropped before message 1 was there: by a newer attempt, or by the application.
    pub abandoned: u64,
    /// Attempts that a newer one displaced; they are also in `abandoned` or `unconfirmed`.
    pub attempts_displaced: u64,
    /// Sessions that a newer session of the same device displaced.
    pub sessions_displaced: u64,
    /// Sessions whose pinning was removed or replaced, or expired.
    pub sessions_revoked: u64,
    /// Sessions that were silent and did not answer a PING.
    pub sessions_silent: u64,
    /// Sessions that were open for as long as one may be.
    pub sessions_lifetime: u64,
    /// Times the socket could not accept.
    pub accept_errors: u64,
    /// Attempts that wait now.
    pub attempts: u64,
    /// Sessions now.
    pub sessions: u64,
}

/// The counters behind [`Stats`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) accepted: Count,
    pub(crate) confirmed: Count,
    pub(crate) refused_version: Count,
    pub(crate) refused_mode: Count,
    pub(crate) refused_busy: Count,
    pub(crate) refused: Count,
    pub(crate) unconfirmed: Count,
    pub(crate) timed_out: Count,
    pub(crate) failed: Count,
    pub(crate) abandoned: Count,
    pub(crate) attempts_displaced: Count,
    pub(crate) sessions_displaced: Count,
    pub(crate) sessions_revoked: Count,
    pub(crate) sessions_silent: Count,
    pub(crate) sessions_lifetime: Count,
    pub(crate) accept_errors: Count,
    pub(crate) refusal_lines: Lines,
    pub(crate) unconfirmed_lines: Lines,
}

impl Counters {
    pub(crate) fn snapshot(&self, attempts: usize, sessions: usize) -> Stats {
        Stats {
            accepted: self.accepted.value(),
            confirmed: self.confirmed.value(),
            refused_version: self.refused_version.value(),
            refused_mode: self.refused_mode.value(),
            refused_busy: self.refused_busy.value(),
            refused: self.refused.value(),
            unconfirmed: self.unconfirmed.value(),
            timed_out: self.timed_out.value(),
            failed: self.failed.value(),
            abandoned: self.abandoned.value(),
            attempts_displaced: self.attempts_displaced.value(),
            sessions_displaced: self.sessions_displaced.value(),
            sessions_revoked: self.sessions_revoked.value(),
            sessions_silent: self.sessions_silent.value(),
            sessions_lifetime: self.sessions_lifetime.value(),
            accept_errors: self.accept_errors.value(),
            attempts: attempts as u64,
            sessions: sessions as u64,
        }
    }
}

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn one_more(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
