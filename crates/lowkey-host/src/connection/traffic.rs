//! What has gone over a connection.

use crate::sync::atomic::{AtomicU64, Ordering};

/// Bytes and records since the handshake. Only the connection writes, so a load and a store add.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    pub(crate) received: Amount,
    pub(crate) sent: Amount,
    pub(crate) opened: Amount,
    pub(crate) sealed: Amount,
    /// Numbered messages that were taken, and those that were acknowledged.
    pub(crate) taken: Amount,
    pub(crate) acknowledged: Amount,
}

/// A number with one writer.
#[derive(Debug, Default)]
pub(crate) struct Amount(AtomicU64);

impl Amount {
    pub(crate) fn add(&self, n: usize) {
        self.set(self.get() + n as u64);
    }

    pub(crate) fn set(&self, n: u64) {
        self.0.store(n, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
