//! What can go wrong before anything is taken.

use std::fmt;

/// Why a sink, or what it keeps, cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SinkError {
    /// A file cannot be used, now or for good; which, and why. Shows nothing of what is in it.
    File(String),
    /// Another process has a file open, as a server has what it keeps; which.
    InUse(String),
    /// A URL does not say where to, or leads where it must not; why, in words that say how to write it.
    Url(String),
}

impl fmt::Display for SinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(why) | Self::InUse(why) | Self::Url(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for SinkError {}
