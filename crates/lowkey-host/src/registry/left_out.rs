//! What stands in a registry and is not in force.

use crate::text::mask;
use lowkey_core::{Id, PublicKey};
use std::fmt;

/// A pinning that stands in the registry and is not in force, because its PSK cannot be had.
///
/// To strangers, and to its own device, it is as if it were not there. It comes back by itself when its file is
/// mended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeftOut {
    /// The device's name.
    pub device: String,
    /// The pinning's id.
    pub id: Id,
    /// The device's static key in that pinning.
    pub key: PublicKey,
    /// Where the cause stands in the registry: the line, from 1.
    pub line: usize,
    /// The character in that line, from 1.
    pub column: usize,
    /// What is wrong, in a line, with the PSK file's name.
    pub why: String,
}

impl LeftOut {
    /// The pinning of this device, id and key is left out because of `why`, which stands `at` this line and character
    /// of the registry; both count from 1.
    pub fn new(
        device: impl Into<String>,
        (id, key): (Id, PublicKey),
        at: (usize, usize),
        why: impl Into<String>,
    ) -> Self {
        let (line, column) = at;
        Self { device: device.into(), id, key, line, column, why: why.into() }
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is left out: {}", mask(&self.device), self.why)
    }
}
