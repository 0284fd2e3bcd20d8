//! Numbered messages (protocol §7): where they go, and what confirms that they are there.
//!
//! A [`Sink`] takes what devices send and says what of it is stored; that is what they hear as acknowledged
//! ([`store`](crate::store)). [`Rows`] keep, for each device, which run it is in and the last number of it that was
//! acknowledged, so that a message which comes again is known whatever has become of the sink's own memory.

mod outage;
mod row;
mod set_aside;
mod source;

pub use lowkey_core::numbered::{DIGEST_LEN, RunId, message_digest};
pub use lowkey_transport::{Acks, Outbox, PushError};
pub use outage::{Outage, Trouble};
pub use row::{MOST_OLD_RUNS, NoRow, Row};
pub use set_aside::SetAside;
pub use source::{NotGiven, Outlet, Source};

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

/// What a call comes to later.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The last message of a run that is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Last {
    /// Its number, above 0.
    pub number: u64,
    /// What it was: [`message_digest`].
    pub digest: [u8; DIGEST_LEN],
}

/// Where numbered messages go.
pub trait Sink: Send + Sync + fmt::Debug {
    /// A session of the device of this name is confirmed, and numbers its messages of `run`: from here on that is its
    /// run, and no older one is taken again.
    ///
    /// # Errors
    /// [`Unstored`]: nothing of this session can be acknowledged.
    fn begin<'a>(&'a self, device: &'a str, run: RunId) -> Later<'a, Result<Begun, Unstored>>;
}

/// What a session begins with.
pub struct Begun {
    /// What is stored of its run; `None`: nothing.
    pub last: Option<Last>,
    /// What takes its messages.
    pub intake: Box<dyn Intake>,
}

impl fmt::Debug for Begun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Begun").field("last", &self.last).finish_non_exhaustive()
    }
}

/// What takes the messages of one session. Dropped, what is under way may still be stored; nobody is told.
pub trait Intake: Send {
    /// Whether one more may be given. `Pending`: as many are under way as may be, in messages or in bytes.
    ///
    /// # Errors
    /// [`Unstored`]: no more is stored in this session.
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Unstored>>;

    /// Takes a message after [`Self::poll_ready`]. Its number is above that of every one before.
    fn take(&mut self, number: u64, message: Vec<u8>);

    /// The number up to which all is stored and may be acknowledged, whenever it has risen. `Pending`: it has not; what
    /// is under way goes on while this is asked.
    ///
    /// # Errors
    /// [`Unstored`]: no more is stored in this session. What was given before stays true.
    fn poll_stored(&mut self, context: &mut Context<'_>) -> Poll<Result<u64, Unstored>>;
}

/// Which run each device is in, and what of it is stored, kept so that no crash forgets it.
pub trait Rows: Send + Sync + fmt::Debug {
    /// Reads a device's row and has `run` in force, durably if it is new: [`Row::enter`].
    ///
    /// # Errors
    /// [`Unstored`].
    fn begin<'a>(&'a self, device: &'a str, run: RunId) -> Later<'a, Result<Box<dyn HeldRow>, Unstored>>;
}

/// The row of a device, for one session.
pub trait HeldRow: Send {
    /// What is stored of the run.
    fn last(&self) -> Option<Last>;

    /// Writes that this is stored, before it is acknowledged.
    ///
    /// # Errors
    /// [`Unstored::Moved`]: another session has written the row since. Others: it may be written or not.
    fn write(&mut self, last: Last) -> Later<'_, Result<(), Unstored>>;
}

/// Why nothing more of a session is stored, and so nothing acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unstored {
    /// A newer session of the device, here or at another gateway, stores now.
    Moved,
    /// The run is one that another has taken the place of: flash that was restored, or the board before this one.
    Replaced,
    /// The device has had [`MOST_OLD_RUNS`] other runs: a person decides whether it may begin one more.
    TooManyRuns,
    /// What is behind does not take a message, for good or for now; says why in a line.
    Failed(String),
}

impl fmt::Display for Unstored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Moved => f.write_str("a newer session of the device stores its messages"),
            Self::Replaced => f.write_str("its numbers are of a run that another has taken the place of"),
            Self::TooManyRuns => write!(f, "it begins one more run after {MOST_OLD_RUNS} others"),
            Self::Failed(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Unstored {}
