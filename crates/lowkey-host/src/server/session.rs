//! A session as the table of sessions knows it.

use super::ended::{Ended, Reason};
use super::info::SessionInfo;
use super::order::Order;
use super::quiet::Quiet;
use crate::connection::{End, Shared};
use crate::limits::Limits;
use crate::registry::Pinned;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::time::Instant;

/// A session as the table knows it.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) number: u64,
    pub(super) shared: Arc<Shared>,
    pub(super) pinned: Arc<Pinned>,
    /// The registry's generation in which the pinning was surely still there.
    pub(super) generation: u64,
    pub(super) from: Option<SocketAddr>,
    began: Instant,
    quiet: Quiet,
}

impl Session {
    pub(super) fn new(
        number: u64,
        pinned: &Arc<Pinned>,
        generation: u64,
        from: Option<SocketAddr>,
        shared: &Arc<Shared>,
    ) -> Self {
        let (now, pinned, shared) = (Instant::now(), Arc::clone(pinned), Arc::clone(shared));
        let quiet = Quiet::new(now);
        Self { number, shared, pinned, generation, from, began: now, quiet }
    }

    /// What is to be done about it now, if anything.
    pub(super) fn order(&mut self, now: Instant, wall: SystemTime, limits: &Limits) -> Option<Order> {
        let order = self.quiet.listen(&self.shared, now, limits);
        if self.pinned.is_expired(wall) {
            return Some(Order::End(End::Revoked));
        }
        let age = now.duration_since(self.began);
        match limits.lifetime {
            Some(lifetime) if age >= lifetime.saturating_add(limits.linger) => {
                Some(Order::End(End::Lifetime))
            }
            Some(lifetime) if age >= lifetime => Some(Order::Stop),
            _ => order,
        }
    }

    pub(super) fn info(&self, now: Instant) -> SessionInfo {
        let traffic = self.shared.traffic();
        // A key is replaced right before the first record that is under the new one.
        let rekeys = |records: u64| records.saturating_sub(1) / lowkey_core::REKEY_INTERVAL;
        SessionInfo {
            number: self.number,
            pinned: Arc::clone(&self.pinned),
            from: self.from,
            age: now.duration_since(self.began),
            last_heard: now.duration_since(self.quiet.heard()),
            bytes_received: traffic.received.get(),
            bytes_sent: traffic.sent.get(),
            records_received: traffic.opened.get(),
            records_sent: traffic.sealed.get(),
            rekeys: rekeys(traffic.opened.get()) + rekeys(traffic.sealed.get()),
        }
    }

    /// What is said of it when it is over.
    pub(super) fn ended(&self, reason: impl Into<Reason>) -> Ended {
        let info = self.info(Instant::now());
        Ended { info, reason: reason.into(), by: None, error: None }
    }
}
