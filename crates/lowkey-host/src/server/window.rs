//! What a pairing window is, and what came of it.

use crate::registry::{Bearer, NotEnrolled};
use crate::text::Hex;
use lowkey_core::{Id, PublicKey};
use std::fmt;
use std::time::Duration;

/// A pairing window as it is, or as it was when it was over.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WindowInfo {
    /// Its number; no two windows of a server have the same.
    pub number: u64,
    /// The name of its code.
    pub code: Id,
    /// What the device will be called.
    pub device: String,
    /// Who begins.
    pub caller: Caller,
    /// How long it is still open; nothing once it is over.
    pub left: Duration,
    /// How long it has been over; `None` while it is open.
    pub over: Option<Duration>,
    /// How far it is.
    pub progress: Progress,
    /// Why the last run came to nothing, if one did; the window stays open for another.
    pub trouble: Option<NotPaired>,
    /// The key of a device that had the code as well and was told no, because another one was first; the last of
    /// them. Somebody has the code from its label: which of the two is the right one, only people can tell.
    pub loser: Option<PublicKey>,
}

impl WindowInfo {
    /// For how long one may be open at most: 24 hours.
    pub const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
}

/// Who begins a pairing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// The device calls us, while its window is open.
    Device,
    /// We call it, once.
    Server,
}

/// How far a pairing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// Nobody has shown that it has the code.
    Waiting,
    /// A device has shown this key, and that it has the code.
    Met(PublicKey),
    /// This key is entered, pending; the device has not said that it has stored ours.
    Pending(PublicKey),
    /// Both sides are paired, and it is in force.
    Paired(PublicKey),
    /// The window was closed. With a key, a device was being paired with it in that moment and was cut off: if it was
    /// entered, its row stays, pending, and the device may connect.
    Closed(Option<PublicKey>),
    /// The window is over: its time came, or our one call came to nothing.
    Over,
}

/// Why a pairing came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotPaired {
    /// The code is this device's already: that one was faster.
    Claimed(Bearer),
    /// The device could not be entered, so it was told no; why.
    NotStored(String),
    /// Somebody has taken its row out before it was final: it is not in force.
    Gone,
    /// The device's key is our own or of low order.
    Key,
    /// Another device with the same code was first, and is being paired or is paired; the key is that of this one.
    Busy(PublicKey),
    /// The window was over before the device had shown the code.
    Over,
    /// The device said no.
    Declined,
    /// The handshake or its stream failed; why.
    Failed(String),
}

impl fmt::Display for NotPaired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Claimed(bearer) => write!(f, "{bearer}"),
            Self::Gone => write!(f, "{}", NotEnrolled::Gone),
            Self::NotStored(why) | Self::Failed(why) => f.write_str(why),
            Self::Key => f.write_str("the device's key is our own or of low order"),
            Self::Busy(_) => f.write_str("another device with the same code was first"),
            Self::Over => f.write_str("the window is over"),
            Self::Declined => f.write_str("the device said no"),
        }
    }
}

impl std::error::Error for NotPaired {}

impl From<NotEnrolled> for NotPaired {
    fn from(error: NotEnrolled) -> Self {
        match error {
            NotEnrolled::Claimed(bearer) => Self::Claimed(bearer),
            NotEnrolled::Gone => Self::Gone,
            error @ NotEnrolled::Failed(_) => Self::NotStored(error.to_string()),
        }
    }
}

/// Why a window was not opened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotOpened {
    /// This server has nowhere to enter devices.
    Nowhere,
    /// A window with this code is open.
    Open,
    /// As many windows are open as may be.
    TooMany,
    /// A window is open for at most a day.
    Time,
    /// No device of this name can be entered with this code; why.
    Enrol(NotEnrolled),
}

impl fmt::Display for NotOpened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nowhere => f.write_str("this server has no registry that it can enter devices in"),
            Self::Open => f.write_str("a window with this code is open already"),
            Self::TooMany => write!(f, "{MOST_WINDOWS} windows are open, which is as many as may be"),
            Self::Time => f.write_str("a window is open for at most 24 h, and longer than no time"),
            Self::Enrol(why) => write!(f, "{why}"),
        }
    }
}

impl std::error::Error for NotOpened {}

/// A code's name, in hex.
pub(super) struct Shown(pub(super) Id);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hex(self.0.as_bytes()).fmt(f)
    }
}

/// How many windows may be open at once.
pub(super) const MOST_WINDOWS: usize = 256;
