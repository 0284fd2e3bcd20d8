//! How one attempt came out: counted once, recorded once and written once, whatever happens to its future.

use super::allowance::Event;
use super::error::AcceptError;
use super::failures::{Cause, FirstFrame};
use super::stats::Counters;
use crate::error::Error;
use crate::text::ShownId;
use lowkey_transport::Error as ChannelError;
use lowkey_transport::{Hello, Refusal};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::{fmt, io};
use tokio::time::Instant;

/// An attempt that is not over. Dropped, it is counted as abandoned or unconfirmed.
pub(crate) struct Attempt {
    counters: Arc<Counters>,
    from: Option<SocketAddr>,
    began: Instant,
    hello: Option<Hello>,
    first_frame: FirstFrame,
    /// The cause, in case it is refused.
    suspicion: Cause,
    answered: bool,
    over: bool,
}

impl Attempt {
    pub(crate) fn new(counters: Arc<Counters>, from: Option<SocketAddr>) -> Self {
        counters.accepted.one_more();
        Self {
            counters,
            from: from.map(canonical),
            began: Instant::now(),
            hello: None,
            first_frame: FirstFrame::EMPTY,
            suspicion: Cause::NotOpened,
            answered: false,
            over: false,
        }
    }

    /// Where it comes from, if that is known; an IPv4 address is one, whatever the socket.
    pub(crate) fn from(&self) -> Option<SocketAddr> {
        self.from
    }

    /// A balancer has said for whom it comes.
    pub(crate) fn comes_from(&mut self, source: SocketAddr) {
        self.from = Some(canonical(source));
    }

    /// The hello has come, and message 1 behind it.
    pub(crate) fn heard(&mut self, hello: Hello, first_frame: &[u8]) {
        self.hello = Some(hello);
        self.first_frame = FirstFrame::new(first_frame);
    }

    /// Notes why a refusal will follow, which is one store whatever the cause. If nothing is noted, message 1 did not
    /// open.
    pub(crate) fn suspect(&mut self, cause: Cause) {
        self.suspicion = cause;
    }

    /// Message 1 opened and message 2 was made.
    pub(crate) fn answered(&mut self) {
        self.answered = true;
    }

    /// The first record opened.
    pub(crate) fn confirmed(mut self, device: &str) {
        self.over = true;
        self.counters.confirmed.one_more();
        self.counters.handshakes.took(self.began.elapsed());
        let (from, mode) = (self.from.map(tracing::field::display), self.mode());
        if self.counters.log.may(Event::Confirmed) {
            tracing::info!(name: "lowkey.confirmed", target: "lowkey", from, device, mode, "session confirmed");
        }
    }

    /// It was a pairing, and is done.
    pub(crate) fn paired(mut self) -> AcceptError {
        self.over = true;
        self.counters.paired.one_more();
        AcceptError::Paired
    }

    /// It came to nothing.
    pub(crate) fn failed(mut self, error: AcceptError) -> AcceptError {
        self.over = true;
        self.note(self.cause(&error));
        let from = self.from.map(tracing::field::display);
        let (mode, id) = (self.mode(), Claimed(self.hello));
        let log = &self.counters.log;
        match &error {
            AcceptError::Refused(refusal) => {
                match *refusal {
                    Refusal::VERSION => &self.counters.refused_version,
                    Refusal::MODE => &self.counters.refused_mode,
                    Refusal::BUSY if self.suspicion == Cause::ServiceDown => {
                        &self.counters.refused_service_down
                    }
                    Refusal::BUSY if self.suspicion == Cause::RegistryStale => {
                        &self.counters.refused_registry_stale
                    }
                    Refusal::BUSY => &self.counters.refused_busy,
                    _ => &self.counters.refused,
                }
                .one_more();
                if log.may(Event::Refused) {
                    // One line for an unknown id, another mode and a message 1 that does not open.
                    tracing::info!(name: "lowkey.refused", target: "lowkey", from, id = %id, mode, refusal = ?refusal, "attempt refused");
                }
            }
            AcceptError::Paired | AcceptError::NotPaired(_) => self.counters.not_paired.one_more(),
            error if self.answered => {
                self.counters.unconfirmed.one_more();
                if log.may(Event::Unconfirmed) {
                    tracing::info!(name: "lowkey.unconfirmed", target: "lowkey", from, id = %id, mode, error = %error, "attempt not confirmed");
                }
            }
            AcceptError::Displaced => self.counters.abandoned.one_more(),
            AcceptError::TimedOut => {
                self.counters.timed_out.one_more();
                if log.may(Event::TimedOut) {
                    tracing::debug!(name: "lowkey.timed_out", target: "lowkey", from, "attempt timed out");
                }
            }
            AcceptError::Failed(error) => {
                self.counters.failed.one_more();
                if log.may(Event::Failed) {
                    tracing::debug!(name: "lowkey.failed", target: "lowkey", from, error = %error, "attempt failed");
                }
            }
        }
        error
    }

    /// What an error of the link means for a responder.
    pub(crate) fn verdict(error: Error) -> AcceptError {
        match error {
            Error::Channel(ChannelError::Declined(refusal)) => AcceptError::Refused(refusal),
            // A KK responder has this error in one case only: it refused what did not open.
            Error::Channel(ChannelError::Handshake) => AcceptError::Refused(Refusal::REFUSED),
            error => AcceptError::Failed(error),
        }
    }

    fn mode(&self) -> &'static str {
        self.hello.map_or("", |hello| hello.mode.as_str())
    }

    fn cause(&self, error: &AcceptError) -> Cause {
        match error {
            AcceptError::Refused(refusal) => match (*refusal, self.suspicion) {
                (_, Cause::Application) => Cause::Application,
                (Refusal::VERSION, _) => Cause::Version,
                (Refusal::MODE, _) => Cause::Mode,
                (
                    Refusal::BUSY,
                    why
                    @ (Cause::NoSeat | Cause::NoSeatOfAddress | Cause::ServiceDown | Cause::RegistryStale),
                ) => why,
                (Refusal::BUSY, _) => Cause::Load,
                (_, suspicion) => suspicion,
            },
            AcceptError::Paired | AcceptError::NotPaired(_) => Cause::NotPaired,
            _ if self.answered => Cause::Unconfirmed,
            AcceptError::TimedOut => Cause::TimedOut,
            AcceptError::Displaced => Cause::Displaced,
            AcceptError::Failed(Error::Entropy) => Cause::Entropy,
            AcceptError::Failed(Error::Channel(
                ChannelError::Hello
                | ChannelError::EmptyFrame
                | ChannelError::FrameTooLong
                | ChannelError::Parameters,
            )) => Cause::Malformed,
            AcceptError::Failed(Error::Io(error)) if error.kind() == io::ErrorKind::InvalidData => {
                Cause::NoHeader
            }
            AcceptError::Failed(_) => Cause::HungUp,
        }
    }

    fn note(&self, cause: Cause) {
        let next_session = self.counters.seated.value();
        self.counters.failures.add(self.from, self.hello, cause, self.first_frame, next_session);
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if !self.over {
            let counters = &self.counters;
            if self.answered { &counters.unconfirmed } else { &counters.abandoned }.one_more();
            self.note(if self.answered { Cause::Unconfirmed } else { Cause::Application });
        }
    }
}

/// A socket of both families shows an IPv4 address as one of IPv6, which nobody looks for in a log.
fn canonical(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        v4 @ IpAddr::V4(_) => SocketAddr::new(v4, address.port()),
        IpAddr::V6(_) => address, // with its scope
    }
}

/// The id that a stranger claimed, as registries write ids.
struct Claimed(Option<Hello>);

impl fmt::Display for Claimed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.and_then(|hello| hello.id).map_or(Ok(()), |id| ShownId(id).fmt(f))
    }
}
