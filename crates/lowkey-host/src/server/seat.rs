//! The seat of a session, for as long as somebody holds the session.

use super::ended::{Ended, Reason};
use super::over::say_over;
use super::sessions::{NoSeat, Sessions};
use crate::connection::{Farewell, Fault, Shared};
use crate::registry::Pinned;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

/// A session's seat; free again when this is dropped, unless a newer session has it.
pub(crate) struct Seat {
    sessions: Arc<Sessions>,
    pinned: Arc<Pinned>,
    shared: Arc<Shared>,
    number: u64,
    fault: Option<Fault>,
    /// Why it did not end as it should, for people.
    error: Option<String>,
}

impl Sessions {
    /// Seats a confirmed session, as [`take_seat`](Self::take_seat) says.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn seat(
        self: &Arc<Self>,
        pinned: &Arc<Pinned>,
        generation: u64,
        from: Option<SocketAddr>,
        shared: &Arc<Shared>,
    ) -> Result<Seat, NoSeat> {
        let number = self.take_seat(pinned, generation, from, shared)?;
        let (pinned, shared) = (Arc::clone(pinned), Arc::clone(shared));
        Ok(Seat { sessions: Arc::clone(self), pinned, shared, number, fault: None, error: None })
    }
}

impl Seat {
    /// The session's number.
    pub(super) fn number(&self) -> u64 {
        self.number
    }
}

impl Farewell for Seat {
    fn blame(&mut self, fault: Fault) {
        self.fault = Some(fault);
    }

    fn broke(&mut self, error: &dyn fmt::Display) {
        self.error = Some(error.to_string());
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let let_go = self.sessions.let_go(&self.pinned, &self.shared, self.number);
        // One that was ended from outside has been told of already.
        let Some((session, stopping)) = let_go else { return };
        let reason = match self.fault {
            Some(Fault::Moved) => Reason::Moved,
            Some(fault) => Reason::Backend(fault),
            None if stopping => Reason::Stopped,
            None if self.error.is_some() => Reason::Broken,
            None => Reason::Closed,
        };
        let ended = Ended { error: self.error.take(), ..session.ended(reason) };
        say_over(self.sessions.counters(), &ended);
    }
}

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seat").field("device", &self.pinned.device().name()).finish_non_exhaustive()
    }
}
