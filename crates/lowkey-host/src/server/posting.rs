//! A message to a device, from outside of whoever holds its connection.

use super::acceptor::Acceptor;
use crate::connection::{Fate, NotTaken, Shared};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// A message that a device has received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Received {
    /// After how long that was known.
    pub after: Duration,
}

/// Why it is not known that a device has received a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotSent {
    /// No session of that device is here, or it ended before the message could leave: nothing was sent.
    Offline,
    /// A message to this device may have this many bytes, which is what one record to it carries: nothing was sent.
    TooLong(usize),
    /// As many messages as may wait for this device do: nothing was sent.
    Busy,
    /// The session sent what it had before for all that time, or nobody drove it: nothing was sent, and will not be.
    NotInTime,
    /// It was sent, and the session ended before the device had answered: it may have arrived.
    Ended,
    /// It was sent, and the device did not answer in time, or nobody read its answer: it may have arrived.
    Unanswered,
    /// Of several servers, none could say which of them the device is connected to: nothing was sent.
    Unfound,
}

impl Received {
    /// Received after so long, as another server of the fleet says.
    pub fn after(after: Duration) -> Self {
        Self { after }
    }
}

impl NotSent {
    /// A word for it, which stays the same from version to version.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::TooLong(_) => "too_long",
            Self::Busy => "busy",
            Self::NotInTime => "not_in_time",
            Self::Ended => "ended",
            Self::Unanswered => "unanswered",
            Self::Unfound => "unfound",
        }
    }

    /// Whether it was sent: then it may have arrived.
    pub fn was_sent(&self) -> bool {
        matches!(self, Self::Ended | Self::Unanswered)
    }
}

impl Acceptor {
    /// Sends a message to a device that is connected here, whoever holds its [`Connection`](crate::Connection), and
    /// waits for at most `within` until the device has received it.
    ///
    /// It goes out between two messages of the session, and a PING behind it. Received means that the PONG to that PING
    /// has come, which a device says once it has read everything before it (protocol §4): its channel has the message.
    /// What its application makes of it, only that can say. To a service that speaks a stream of bytes with its device,
    /// this is a message in the middle of that stream: it is for devices that speak in messages.
    ///
    /// The session has to be driven by whoever holds it: it goes out when that one sends or receives, and the answer is
    /// found when it receives. Messages to one device arrive in the order of these calls. At most eight wait.
    ///
    /// # Cancel safety
    /// Dropped, the message is not sent if it had not left; otherwise it may arrive.
    ///
    /// # Errors
    /// As they say: either nothing was sent, or it may have arrived.
    pub async fn send(&self, device: &str, message: &[u8], within: Duration) -> Result<Received, NotSent> {
        let began = Instant::now();
        let shared = self.state.sessions.of(device).ok_or(NotSent::Offline)?;
        if message.len() > shared.max_data() {
            return Err(NotSent::TooLong(shared.max_data()));
        }
        let (number, told) = shared.post(message).map_err(|why| match why {
            NotTaken::Closed => NotSent::Offline,
            NotTaken::Full => NotSent::Busy,
        })?;
        let mut posting = Posting { shared, number, is_over: false };
        let told = timeout(within, told).await;
        posting.is_over = told.is_ok();
        match told {
            Ok(Ok(Fate::Received)) => Ok(Received { after: began.elapsed() }),
            Ok(Ok(Fate::Unsent)) => Err(NotSent::Offline),
            Ok(Ok(Fate::Unknown) | Err(_)) => Err(NotSent::Ended),
            Err(_) => match posting.withdraw() {
                Fate::Unsent => Err(NotSent::NotInTime),
                _ => Err(NotSent::Unanswered),
            },
        }
    }
}

/// Somebody waits for what becomes of a message; dropped, nobody does.
struct Posting {
    shared: Arc<Shared>,
    number: u64,
    is_over: bool,
}

impl Posting {
    fn withdraw(&mut self) -> Fate {
        self.is_over = true;
        self.shared.posted().withdraw(self.number)
    }
}

impl Drop for Posting {
    fn drop(&mut self) {
        if !self.is_over {
            self.withdraw();
        }
    }
}

impl fmt::Display for NotSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offline => f.write_str("the device is offline: nothing was sent"),
            Self::TooLong(most) => {
                write!(f, "more than the {most} bytes that one record to the device carries")
            }
            Self::Busy => f.write_str("too many messages wait for the device: nothing was sent"),
            Self::NotInTime => f.write_str("it could not leave in time: nothing was sent"),
            Self::Ended => {
                f.write_str("the session ended before the device had answered: it may have arrived")
            }
            Self::Unanswered => f.write_str("the device did not answer in time: it may have arrived"),
            Self::Unfound => f.write_str("where it is connected cannot be found out now: nothing was sent"),
        }
    }
}

impl std::error::Error for NotSent {}
