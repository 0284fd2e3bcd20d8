//! Where numbered messages for devices come from.

use super::{Last, Later, RunId};
use std::fmt;
use std::task::{Context, Poll};

/// What keeps messages for devices until they have acknowledged them. Whichever gateway a device is at, it gives the
/// same messages under the same numbers.
pub trait Source: Send + Sync + fmt::Debug {
    /// What its numbers are of, for the parameters that a session shows. `None`: that is not known now, and a session
    /// that begins now shows none and is given nothing.
    fn run(&self) -> Option<RunId>;

    /// A session of the device of this name is confirmed and was shown `run`, and its first ACK says that it has
    /// `last`.
    ///
    /// # Errors
    /// [`NotGiven`]: this session is given nothing, and goes on otherwise.
    fn begin<'a>(
        &'a self,
        device: &'a str,
        run: RunId,
        last: Option<Last>,
    ) -> Later<'a, Result<Box<dyn Outlet>, NotGiven>>;
}

/// What gives the messages of one session. Dropped, it still has recorded what was acknowledged, after a while.
pub trait Outlet: Send {
    /// The next message and its number, above that of every one before and of what the device has. `Pending`: there is
    /// none now. How many are under way that are not acknowledged is the caller's to bound.
    ///
    /// # Errors
    /// [`NotGiven`]: no more comes in this session.
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Result<(u64, Vec<u8>), NotGiven>>;

    /// The device has acknowledged all up to this number. No session is given those again, also where the device has
    /// forgotten them; soon, for it is recorded in its own time.
    fn acknowledge(&mut self, number: u64);
}

/// Why a session is given nothing, or no more.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotGiven {
    /// The device has acknowledged what was never given, or something else under that number: what is behind is older
    /// than what the device has heard, as after a backup was restored.
    WentBack,
    /// What is behind has begun anew: the next session shows its new run.
    AnotherRun,
    /// What is behind gives nothing; says why in a line.
    Failed(String),
}

impl fmt::Display for NotGiven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WentBack => {
                f.write_str("the device has acknowledged other messages than are there under their numbers")
            }
            Self::AnotherRun => f.write_str("what has messages for the device has begun anew"),
            Self::Failed(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for NotGiven {}
