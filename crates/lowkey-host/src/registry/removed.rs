//! What was taken out of a registry lately.

use super::pinned::Pinned;
use std::sync::Arc;
use std::time::SystemTime;

/// A pinning that was taken out of a registry: its device may come again for long, and hear that it is refused.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Removed {
    /// The pinning as it was.
    pub pinned: Arc<Pinned>,
    /// When look-ups ceased to find it.
    pub at: SystemTime,
}

impl Removed {
    /// Look-ups have ceased to find `pinned`.
    pub fn new(pinned: Arc<Pinned>, at: SystemTime) -> Self {
        Self { pinned, at }
    }
}
