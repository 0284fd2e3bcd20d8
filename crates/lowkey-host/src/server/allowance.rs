//! What devices and strangers can have written to the log: of each event the first lines of a second, and how many
//! more there were. The id plays no part in it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The events that a device or a stranger can bring about as often as it likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Confirmed,
    Refused,
    Unconfirmed,
    TimedOut,
    Failed,
    AttemptDisplaced,
    Ended,
    AcceptFailed,
    HandshakePanicked,
    HandlerPanicked,
    NotPaired,
    StillPending,
}

/// How many lines of each event have been written lately, and how many were left out.
///
/// How many were left out is logged before the next line of the same event, at the latest by the sweep after the
/// second, or when this is dropped.
#[derive(Debug)]
pub(crate) struct Allowance([Mutex<Span>; Event::ALL.len()]);

/// A second, as a rule.
#[derive(Debug)]
struct Span {
    began: Instant,
    written: u32,
    left_out: u64,
}

impl Default for Allowance {
    fn default() -> Self {
        let began = Instant::now();
        Self([(); Event::ALL.len()].map(|()| Mutex::new(Span { began, written: 0, left_out: 0 })))
    }
}

impl Allowance {
    /// Whether one more line may be written. If so, logs before it how many were left out.
    pub(crate) fn may(&self, event: Event) -> bool {
        let (now, (length, most)) = (Instant::now(), event.allowance());
        let left_out = {
            let mut span = self.span(event);
            let left_out = span.renew(now, length);
            if span.written == most {
                span.left_out += 1;
                return false;
            }
            span.written += 1;
            left_out
        };
        event.say(left_out);
        true
    }

    /// Logs how many were left out in seconds that are over.
    pub(crate) fn sweep(&self) {
        let now = Instant::now();
        for event in Event::ALL {
            let left_out = self.span(event).renew(now, event.allowance().0);
            event.say(left_out);
        }
    }

    fn span(&self, event: Event) -> MutexGuard<'_, Span> {
        self.0[event as usize].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Allowance {
    fn drop(&mut self) {
        for event in Event::ALL {
            let left_out = self.span(event).left_out;
            event.say(left_out);
        }
    }
}

impl Span {
    /// Begins the next one if this is over; how many lines it has left out.
    fn renew(&mut self, now: Instant, length: Duration) -> u64 {
        if now.duration_since(self.began) < length {
            return 0;
        }
        let left_out = self.left_out;
        *self = Self { began: now, written: 0, left_out: 0 };
        left_out
    }
}

impl Event {
    const ALL: [Self; 12] = [
        Self::Confirmed,
        Self::Refused,
        Self::Unconfirmed,
        Self::TimedOut,
        Self::Failed,
        Self::AttemptDisplaced,
        Self::Ended,
        Self::AcceptFailed,
        Self::HandshakePanicked,
        Self::HandlerPanicked,
        Self::NotPaired,
        Self::StillPending,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "lowkey.confirmed",
            Self::Refused => "lowkey.refused",
            Self::Unconfirmed => "lowkey.unconfirmed",
            Self::TimedOut => "lowkey.timed_out",
            Self::Failed => "lowkey.failed",
            Self::AttemptDisplaced => "lowkey.attempt_displaced",
            Self::Ended => "lowkey.ended",
            Self::AcceptFailed => "lowkey.accept_failed",
            Self::HandshakePanicked => "lowkey.handshake_panicked",
            Self::HandlerPanicked => "lowkey.handler_panicked",
            Self::NotPaired => "lowkey.not_paired",
            Self::StillPending => "lowkey.still_pending",
        }
    }

    /// How many lines, in how much time. A shortage of open files would be logged fifty times a second while it lasts.
    fn allowance(self) -> (Duration, u32) {
        match self {
            Self::AcceptFailed => (Duration::from_secs(10), 1),
            _ => (Duration::from_secs(1), 100),
        }
    }

    /// Logged at the level of the lines themselves: who does not see those misses none.
    fn say(self, left_out: u64) {
        if left_out == 0 {
            return;
        }
        let (of, lines) = (self.name(), left_out);
        match self {
            Self::TimedOut | Self::Failed => {
                tracing::debug!(name: "lowkey.left_out", target: "lowkey", of, lines, "lines left out");
            }
            Self::AttemptDisplaced | Self::AcceptFailed | Self::NotPaired | Self::StillPending => {
                tracing::warn!(name: "lowkey.left_out", target: "lowkey", of, lines, "lines left out");
            }
            Self::HandshakePanicked | Self::HandlerPanicked => {
                tracing::error!(name: "lowkey.left_out", target: "lowkey", of, lines, "lines left out");
            }
            _ => tracing::info!(name: "lowkey.left_out", target: "lowkey", of, lines, "lines left out"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn of_each_event_a_hundred_lines_a_second_are_written() {
        let log = Allowance::default();
        let flood = |event| (0..1000).filter(|_| log.may(event)).count();
        for event in Event::ALL.into_iter().filter(|event| *event != Event::AcceptFailed) {
            assert_eq!(flood(event), 100, "{event:?}");
        }
        assert_eq!(flood(Event::AcceptFailed), 1);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!((flood(Event::Refused), flood(Event::AcceptFailed)), (100, 0));
        tokio::time::advance(Duration::from_secs(9)).await;
        assert_eq!(flood(Event::AcceptFailed), 1);
    }
}
