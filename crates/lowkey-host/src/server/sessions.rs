//! Who is connected now: one session a device.

use super::stats::Counters;
use crate::connection::Wakers;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The sessions of a server, by the device's name.
#[derive(Debug)]
pub(crate) struct Sessions {
    by_name: Mutex<HashMap<String, Arc<Wakers>>>,
    limit: usize,
    counters: Arc<Counters>,
}

/// A session's place; free again when this is dropped, unless a newer session has it.
pub(crate) struct Seat {
    sessions: Arc<Sessions>,
    name: String,
    wakers: Arc<Wakers>,
}

impl Sessions {
    pub(crate) fn new(limit: usize, counters: Arc<Counters>) -> Self {
        Self { by_name: Mutex::default(), limit, counters }
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Seats a confirmed session and ends an older one of the same device; `None` if all seats are taken
    /// by others.
    pub(crate) fn seat(self: &Arc<Self>, name: &str, wakers: &Arc<Wakers>) -> Option<Seat> {
        let older = {
            let mut by_name = self.lock();
            if by_name.len() >= self.limit && !by_name.contains_key(name) {
                return None;
            }
            by_name.insert(name.to_owned(), Arc::clone(wakers))
        };
        if let Some(older) = older {
            older.displace();
            self.counters.sessions_displaced.one_more();
            tracing::info!(name: "lowkey.displaced", target: "lowkey", device = name, "session displaced by a newer one");
        }
        Some(Seat { sessions: Arc::clone(self), name: name.to_owned(), wakers: Arc::clone(wakers) })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Wakers>>> {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut by_name = self.sessions.lock();
        if by_name.get(&self.name).is_some_and(|seated| Arc::ptr_eq(seated, &self.wakers)) {
            by_name.remove(&self.name);
        }
        drop(by_name);
        tracing::info!(name: "lowkey.ended", target: "lowkey", device = &*self.name, "session ended");
    }
}

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seat").field("device", &self.name).finish_non_exhaustive()
    }
}
