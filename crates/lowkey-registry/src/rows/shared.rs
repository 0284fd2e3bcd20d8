//! A registry that several servers share and that is changed as a file is: read as one text, written row by row.

use super::Sheet;
use std::fmt;
use std::path::Path;

/// Somewhere that keeps a registry in rows, as those who change it see it.
pub trait SharedRegistry: Sync {
    /// What people call it.
    fn named(&self) -> &Path;

    /// The folder on this machine with the PSK files that rows name, relative to it; `None` if nobody has said which.
    fn psk_folder(&self) -> Option<&Path>;

    /// Reads all of it. This blocks.
    ///
    /// # Errors
    /// [`SharedError::Failed`].
    fn read(&self) -> Result<Box<dyn Reading + '_>, SharedError>;
}

/// What was read of a registry that is shared.
pub trait Reading {
    /// The rows that can be read.
    fn sheet(&self) -> &Sheet;

    /// The rows that cannot be read: the device's name, and why.
    fn faulty(&self) -> &[(String, String)];

    /// Of the last change that was seen. A later one's is larger.
    fn revision(&self) -> u64;

    /// Puts `new` in its place and takes the row of the name `out` away, whatever it says, if nothing has changed since
    /// it was read. Rows that cannot be read stay otherwise. Gives the revision of the last change; if there is nothing
    /// to change, of what is there. This blocks.
    ///
    /// # Errors
    /// [`SharedError`].
    fn write(&self, new: &Sheet, out: Option<&str>) -> Result<u64, SharedError>;
}

/// Why a registry that is shared was not read or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SharedError {
    /// It has changed since it was read: read again. Of several rows some may be written; those are there then.
    Raced,
    /// It came to nothing; why.
    Failed(String),
}

impl fmt::Display for SharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Raced => f.write_str("it has changed meanwhile"),
            Self::Failed(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for SharedError {}
