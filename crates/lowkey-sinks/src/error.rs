//! What can go wrong before anything is taken.

use std::fmt;

/// Why a sink, or what it keeps, cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SinkError {
    /// A file that is kept here cannot be used, now or for good; which, and why.
    File(String),
}

impl fmt::Display for SinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for SinkError {}
