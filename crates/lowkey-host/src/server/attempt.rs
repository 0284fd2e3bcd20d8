//! How one attempt came out: counted once and written once, whatever happens to its future.

use super::error::AcceptError;
use super::lines::Line;
use super::stats::Counters;
use crate::ChannelError;
use lowkey_transport::{Hello, Refusal};
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

/// An attempt that is not over. Dropped, it is counted as abandoned or unconfirmed.
pub(crate) struct Attempt {
    counters: Arc<Counters>,
    from: Option<SocketAddr>,
    hello: Option<Hello>,
    answered: bool,
    over: bool,
}

impl Attempt {
    pub(crate) fn new(counters: Arc<Counters>, from: Option<SocketAddr>) -> Self {
        counters.accepted.one_more();
        Self { counters, from, hello: None, answered: false, over: false }
    }

    /// Where it comes from, if that is known.
    pub(crate) fn from(&self) -> Option<SocketAddr> {
        self.from
    }

    /// A balancer has said for whom it comes.
    pub(crate) fn comes_from(&mut self, source: SocketAddr) {
        self.from = Some(source);
    }

    /// The hello has come.
    pub(crate) fn heard(&mut self, hello: Hello) {
        self.hello = Some(hello);
    }

    /// Message 1 opened and message 2 was made.
    pub(crate) fn answered(&mut self) {
        self.answered = true;
    }

    /// The first record opened.
    pub(crate) fn confirmed(mut self, device: &str) {
        self.over = true;
        self.counters.confirmed.one_more();
        let (from, mode) = (self.from.map(tracing::field::display), self.mode());
        tracing::info!(name: "lowkey.confirmed", target: "lowkey", from, device, mode, "session confirmed");
    }

    /// It came to nothing.
    pub(crate) fn failed(mut self, error: AcceptError) -> AcceptError {
        self.over = true;
        let from = self.from.map(tracing::field::display);
        let (mode, id) = (self.mode(), Claimed(self.hello));
        match &error {
            AcceptError::Refused(refusal) => {
                match refusal {
                    Refusal::Version => &self.counters.refused_version,
                    Refusal::Mode => &self.counters.refused_mode,
                    Refusal::Busy => &self.counters.refused_busy,
                    _ => &self.counters.refused,
                }
                .one_more();
                if let Some(Line { left_out }) = self.counters.refusal_lines.next() {
                    if left_out > 0 {
                        tracing::info!(name: "lowkey.refused_more", target: "lowkey", attempts = left_out, "attempts refused without a line");
                    }
                    // One line for an unknown id, another mode and a message 1 that does not open.
                    tracing::info!(name: "lowkey.refused", target: "lowkey", from, id = %id, mode, refusal = ?refusal, "attempt refused");
                }
            }
            error if self.answered => {
                self.counters.unconfirmed.one_more();
                if let Some(Line { left_out }) = self.counters.unconfirmed_lines.next() {
                    if left_out > 0 {
                        tracing::info!(name: "lowkey.unconfirmed_more", target: "lowkey", attempts = left_out, "attempts not confirmed, without a line");
                    }
                    tracing::info!(name: "lowkey.unconfirmed", target: "lowkey", from, id = %id, mode, error = %error, "attempt not confirmed");
                }
            }
            AcceptError::Displaced => self.counters.abandoned.one_more(),
            AcceptError::TimedOut => {
                self.counters.timed_out.one_more();
                tracing::debug!(name: "lowkey.timed_out", target: "lowkey", from, "attempt timed out");
            }
            AcceptError::Failed(error) => {
                self.counters.failed.one_more();
                tracing::debug!(name: "lowkey.failed", target: "lowkey", from, error = %error, "attempt failed");
            }
        }
        error
    }

    /// What an error of the link means for a responder.
    pub(crate) fn verdict(error: crate::Error) -> AcceptError {
        match error {
            crate::Error::Channel(ChannelError::Declined(refusal)) => AcceptError::Refused(refusal),
            // A KK responder has this error in one case only: it refused what did not open.
            crate::Error::Channel(ChannelError::Handshake) => AcceptError::Refused(Refusal::Refused),
            error => AcceptError::Failed(error),
        }
    }

    fn mode(&self) -> &'static str {
        self.hello.map_or("", |hello| hello.mode.as_str())
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if !self.over {
            let counters = &self.counters;
            if self.answered { &counters.unconfirmed } else { &counters.abandoned }.one_more();
        }
    }
}

/// The id that a stranger claimed, in hex.
struct Claimed(Option<Hello>);

impl fmt::Display for Claimed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.0.and_then(|hello| hello.id);
        id.iter().flat_map(|id| id.as_bytes()).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
