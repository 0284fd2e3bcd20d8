//! That a pinning was made by a pairing (protocol §6).

use lowkey_core::Id;

/// The code that a pairing has made a pinning with, by its name, and how far that is.
///
/// A code is the one of the pinning that bears its name, pending or final: no other key gets a pinning by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paired {
    /// Our side has stored the device's key, and does not know whether the device has stored ours. A session that is
    /// confirmed makes it final.
    Pending(Id),
    /// Both sides have stored each other's keys; the code is spent.
    Final(Id),
}

impl Paired {
    /// The code's name.
    pub fn code(self) -> Id {
        match self {
            Self::Pending(code) | Self::Final(code) => code,
        }
    }
}
