//! Where the devices that pair are entered.

use crate::text::mask;
use lowkey_core::{Code, Id, PublicKey};
use std::fmt;
use std::time::Duration;

/// Where a server enters the devices that pair, at exactly the moments that the protocol names (§6). A registry that
/// can be written is one.
///
/// `code` is the name of a code. A code belongs to the row that bears it, pending or final, and to no other. Each call
/// may be repeated, and changes nothing the second time. They block: a server calls them where that is allowed.
pub trait Enrol: Send + Sync {
    /// Whether a device of this name can be entered with this code, asked before anybody connects.
    ///
    /// # Errors
    /// It cannot; why.
    fn may(&self, name: &str, code: &Id) -> Result<(), NotEnrolled>;

    /// A device may come with this code from now on, for so long. Called before the window is open, and only for whom
    /// the code is news: who enters devices by its name alone needs nothing of it.
    fn invited(&self, code: &Code, time: Duration) {
        let _ = (code, time);
    }

    /// Enters the device's key, pending, and claims the code for it: in force when this returns. The same key again is
    /// no error.
    ///
    /// # Errors
    /// Nothing was entered, and nobody is told that anything was.
    fn store(&self, name: &str, key: &PublicKey, code: &Id) -> Result<(), NotEnrolled>;

    /// What is pending of this key and code is final. Says whether this call has made it so: what is said of it is said
    /// once.
    ///
    /// # Errors
    /// [`NotEnrolled::Gone`]; otherwise it stays pending, and the next session makes it final.
    fn finalise(&self, key: &PublicKey, code: &Id) -> Result<Finalised, NotEnrolled>;

    /// Takes out what is pending of this key and code: the device has said no. What is final stays.
    ///
    /// # Errors
    /// It stays.
    fn remove(&self, key: &PublicKey, code: &Id) -> Result<(), NotEnrolled>;
}

/// Which of several calls has made a pairing final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finalised {
    /// This one.
    Now,
    /// An earlier one.
    Already,
}

/// Whose a code is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// The device's name.
    pub name: String,
    /// Its key, which people compare with what the device shows.
    pub key: PublicKey,
}

impl fmt::Display for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the code is the one of {:?} already", mask(&self.name))
    }
}

/// Why a device was not entered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotEnrolled {
    /// The code is this device's already.
    Claimed(Bearer),
    /// Somebody has taken out meanwhile what was entered.
    Gone,
    /// It does not fit in, or nothing can be written; why.
    Failed(String),
}

impl fmt::Display for NotEnrolled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Claimed(bearer) => write!(f, "{bearer}"),
            Self::Gone => f.write_str("its row was taken out of the registry meanwhile"),
            Self::Failed(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for NotEnrolled {}
