//! Why a connection is over: the link says it, the stream's error is its cause, or somebody ended it from outside.

use super::Connection;
use super::farewell::Fault;
use crate::error::Error;
use embedded_io::ErrorKind;
use lowkey_transport::Error as ChannelError;
use std::sync::Arc;
use std::{fmt, io};

impl<Io> Connection<Io> {
    /// It ends because of the service behind: counted, and said in the log, when the connection is dropped. One that we
    /// began has nobody who counts.
    pub fn blame(&mut self, fault: Fault) {
        if let Some(farewell) = &mut self.farewell {
            farewell.blame(fault);
        }
    }

    /// It did not end as it should; the log says why when the connection is dropped.
    pub fn broke(&mut self, error: &impl fmt::Display) {
        if let Some(farewell) = &mut self.farewell {
            farewell.broke(error);
        }
    }

    /// Whether nobody has ended it from outside.
    pub(super) fn check(&mut self) -> Result<(), Error> {
        let Some(end) = self.shared.ended() else { return Ok(()) };
        self.link.fail(ChannelError::HungUp); // wipes the keys
        Err(end.into())
    }

    /// The stream has failed: the link is over.
    pub(super) fn fail(&mut self, cause: Arc<io::Error>) {
        self.link.fail(ChannelError::Io(lasting(cause.kind())));
        self.cause.get_or_insert(cause);
    }

    /// What the link gave, in our words. Whoever waits for the other direction has to hear of an end as well.
    pub(super) fn told<T>(&self, result: Result<T, ChannelError>) -> Result<T, Error> {
        result.map_err(|error| {
            if error.is_recoverable() {
                return error.into();
            }
            self.shared.posted().end();
            self.shared.wake_both();
            match (self.shared.ended(), &self.cause) {
                (Some(end), _) => end.into(),
                (None, Some(cause)) => Error::Io(Arc::clone(cause)),
                (None, None) => error.into(),
            }
        })
    }
}

/// A kind as the link knows it. On a socket a timeout is its end, not a call to be repeated.
fn lasting(kind: io::ErrorKind) -> ErrorKind {
    match kind.into() {
        ErrorKind::TimedOut | ErrorKind::Interrupted => ErrorKind::Other,
        kind => kind,
    }
}
