//! How long a peer has been silent, and what is done about it.

use super::order::Order;
use crate::connection::{End, Shared};
use crate::limits::Limits;
use tokio::time::Instant;

/// How long no record of a peer has opened while somebody waited for one.
///
/// Only a record that opens is a sign of the peer. Anybody in the path can send bytes of a record that never becomes
/// whole, and acknowledge what was sent to a peer that is dead.
#[derive(Debug)]
pub(super) struct Quiet {
    opened: u64,
    heard: Instant,
    since: Instant,
    /// Bytes, both ways, and when there were more of them.
    moved: u64,
    moving: Instant,
    asked: Asked,
}

/// What has been done about a silence.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Nothing,
    /// A PING waits for its turn, since then.
    Staged(Instant),
    /// The stream has had it, since then.
    Sent(Instant),
    /// Whoever reads was sent to look whether there is an answer.
    Reader,
}

impl Quiet {
    pub(super) fn new(now: Instant) -> Self {
        Self { opened: 0, heard: now, since: now, moved: 0, moving: now, asked: Asked::Nothing }
    }

    /// When a record opened last, as far as sweeps have seen.
    pub(super) fn heard(&self) -> Instant {
        self.heard
    }

    /// What is to be done about a silence now, if anything.
    ///
    /// Only the time in which somebody reads counts: who does not read cannot find out whether the peer is silent.
    /// After our CLOSE it cannot be asked, so it may be silent for as long as it likes.
    pub(super) fn listen(&mut self, shared: &Shared, now: Instant, limits: &Limits) -> Option<Order> {
        let traffic = shared.traffic();
        let (opened, moved) = (traffic.opened.get(), traffic.received.get() + traffic.sent.get());
        if moved != self.moved {
            (self.moved, self.moving) = (moved, now);
        }
        if opened != self.opened {
            (self.opened, self.heard) = (opened, now);
        }
        if self.heard == now || !shared.is_read() || shared.is_closed() {
            (self.since, self.asked) = (now, Asked::Nothing);
            return None;
        }
        match self.asked {
            Asked::Nothing if now.duration_since(self.since) >= limits.silence => {
                self.asked = Asked::Staged(now);
                Some(Order::Ping)
            }
            Asked::Staged(_) if shared.has_ping_left() => {
                self.asked = Asked::Sent(now);
                None
            }
            // Somebody may have waited, gone, and left the answer where it is.
            Asked::Staged(from) | Asked::Sent(from) if self.is_late(from, now, limits) => {
                self.asked = Asked::Reader;
                Some(Order::Look)
            }
            // It is being read again, and nothing was there.
            Asked::Reader => Some(Order::End(End::Silent)),
            _ => None,
        }
    }

    /// Whether what began then, a PING's way out or its answer's way back, takes too long. While bytes move it has the
    /// time of one more silence: a slow network may be full of what comes before it, and a record that has come in part
    /// has to be whole before a PONG. It has no longer than that, because somebody else could be moving those bytes.
    fn is_late(&self, from: Instant, now: Instant, limits: &Limits) -> bool {
        let longest = limits.silence.saturating_add(limits.answer);
        now.duration_since(from) >= longest || now.duration_since(from.max(self.moving)) >= limits.answer
    }
}
