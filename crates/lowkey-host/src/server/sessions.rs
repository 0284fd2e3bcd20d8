//! Who is connected now: one session a device, and how long each may go on.

use super::allowance::Event;
use super::familiar::{Familiar, Standing};
use super::info::SessionInfo;
use super::order::Order;
use super::quiet::Quiet;
use super::source::Source;
use super::stats::{Counters, Moved};
use super::swept::Swept;
use crate::connection::{End, Farewell, Fault, Shared};
use crate::limits::Limits;
use crate::registry::{Pinned, Registry};
use crate::sync::{Mutex, MutexGuard};
use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};
use std::time::SystemTime;
use tokio::time::Instant;

/// The sessions of a server, by the device's name.
#[derive(Debug)]
pub(crate) struct Sessions {
    table: Mutex<Table>,
    /// Held while sessions are looked up again: who has waited for it finds the work done.
    looking: Mutex<()>,
    limits: Limits,
    counters: Arc<Counters>,
}

#[derive(Debug, Default)]
struct Table {
    by_name: HashMap<String, Session>,
    by_source: HashMap<Source, usize>,
    familiar: Familiar,
    /// Sessions that were ended from outside and that somebody still holds.
    leaving: HashMap<u64, Arc<Shared>>,
    /// What went over sessions that are gone.
    past: Moved,
    swept: Swept,
    next: u64,
    stopping: bool,
}

/// A session as the table knows it.
#[derive(Debug)]
struct Session {
    number: u64,
    shared: Arc<Shared>,
    pinned: Arc<Pinned>,
    /// The registry's generation in which the pinning was surely still there.
    generation: u64,
    from: Option<SocketAddr>,
    began: Instant,
    quiet: Quiet,
}

/// Why a session got no seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoSeat {
    /// All, or all of its address, are taken by others.
    Full,
    /// Its pinning was looked up in a registry that is not in force any more: look it up again.
    Outdated,
}

/// What a second look-up came to.
#[derive(PartialEq, Eq)]
enum Renewed {
    Gone,
    NoMatter,
}

/// A session's seat; free again when this is dropped, unless a newer session has it.
pub(crate) struct Seat {
    sessions: Arc<Sessions>,
    pinned: Arc<Pinned>,
    shared: Arc<Shared>,
    number: u64,
    fault: Option<Fault>,
    /// Why it did not end as it should, for the log.
    error: Option<String>,
}

impl Sessions {
    pub(crate) fn new(limits: &Limits, counters: Arc<Counters>) -> Self {
        Self { table: Mutex::default(), looking: Mutex::default(), limits: limits.clone(), counters }
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().by_name.len()
    }

    /// What went over all sessions there are and were; never less than before.
    pub(crate) fn moved(&self) -> Moved {
        let table = self.lock();
        let mut moved = table.past;
        let live = table.by_name.values().map(|session| &session.shared);
        live.chain(table.leaving.values()).for_each(|shared| moved.add(shared.traffic()));
        moved
    }

    /// What a source has shown; where no address is known, nobody is told apart.
    pub(crate) fn standing(&self, source: Option<Source>) -> Standing {
        let Some(source) = source else { return Standing::Familiar };
        let table = self.lock();
        if table.by_source.contains_key(&source) || table.familiar.knows(&source) {
            Standing::Familiar
        } else {
            Standing::Stranger
        }
    }

    /// Whether there is no seat for one more device, wherever it comes from.
    pub(crate) fn are_full(&self) -> bool {
        self.len() >= self.limits.sessions
    }

    pub(crate) fn are_stopping(&self) -> bool {
        self.lock().stopping
    }

    /// What is known of each, in no order.
    pub(crate) fn list(&self) -> Vec<SessionInfo> {
        let now = Instant::now();
        self.lock().by_name.values().map(|session| session.info(now)).collect()
    }

    /// Seats a confirmed session and ends an older one of the same device. `generation` is the registry's from before
    /// `pinned` was looked up.
    ///
    /// # Errors
    /// [`NoSeat`]; nothing has changed.
    pub(crate) fn seat(
        self: &Arc<Self>,
        pinned: &Arc<Pinned>,
        generation: u64,
        from: Option<SocketAddr>,
        shared: &Arc<Shared>,
    ) -> Result<Seat, NoSeat> {
        let name = pinned.device().name();
        let (number, older, stopping) = {
            let mut table = self.lock();
            if table.swept.is_past(generation) {
                return Err(NoSeat::Outdated);
            }
            let older = table.by_name.get(name).map(|older| older.from);
            if older.is_none() && table.by_name.len() >= self.limits.sessions {
                return Err(NoSeat::Full);
            }
            let source = from.map(Source::from);
            let of_source = source.and_then(|source| table.by_source.get(&source)).copied().unwrap_or(0);
            let takes_its_own = older.is_some_and(|older| older.map(Source::from) == source);
            if !takes_its_own && of_source >= self.limits.sessions_per_address {
                return Err(NoSeat::Full);
            }
            let older = table.evict(name);
            let number = table.next;
            table.next += 1;
            table.insert(name, Session::new(number, pinned, generation, from, shared));
            (number, older, table.stopping)
        };
        if stopping {
            shared.stop();
        }
        if let Some(older) = older {
            older.end(End::Displaced);
            self.ended(End::Displaced, name);
        }
        let (pinned, shared) = (Arc::clone(pinned), Arc::clone(shared));
        Ok(Seat { sessions: Arc::clone(self), pinned, shared, number, fault: None, error: None })
    }

    /// Ends the sessions that may not go on, and has silent peers asked. `wall` is what clocks on the wall show.
    pub(crate) fn sweep(&self, registry: &dyn Registry, wall: SystemTime) {
        self.look_up_again(registry);
        let now = Instant::now();
        let mut orders = Vec::new();
        {
            let mut table = self.lock();
            for session in table.by_name.values_mut() {
                if let Some(order) = session.order(now, wall, &self.limits) {
                    orders.push((Arc::clone(&session.pinned), Arc::clone(&session.shared), order));
                }
            }
            for (pinned, _, order) in &orders {
                if let Order::End(_) = order {
                    table.evict(pinned.device().name());
                }
            }
        }
        // Not under the lock: what is woken may run anything.
        for (pinned, shared, order) in orders {
            match order {
                Order::Ping => shared.want_ping(),
                Order::Look => shared.have_a_look(),
                Order::Stop => shared.stop(),
                Order::End(end) => {
                    shared.end(end);
                    self.ended(end, pinned.device().name());
                }
            }
        }
    }

    /// What look-ups of sessions have come to.
    pub(crate) fn swept(&self) -> Swept {
        self.lock().swept
    }

    /// Ends the sessions whose pinning is gone. Those are looked up that were not in this generation.
    fn look_up_again(&self, registry: &dyn Registry) {
        let _looking = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        // Asked before the look-ups: a change during them is seen the next time.
        let generation = registry.generation();
        let older: Vec<(Arc<Pinned>, Arc<Shared>)> = {
            let mut table = self.lock();
            table.swept.begin(generation);
            let older = table.by_name.values().filter(|session| session.generation < generation);
            older.map(|session| (Arc::clone(&session.pinned), Arc::clone(&session.shared))).collect()
        };
        // Not under the lock: a registry may take its time.
        let looked_up = older.into_iter().map(|(pinned, shared)| {
            let now = registry.lookup(&pinned.id()).filter(|now| now.admits_as(&pinned));
            (pinned, shared, now)
        });
        let mut gone = 0;
        for (pinned, shared, now) in looked_up {
            let name = pinned.device().name();
            if self.lock().renew(name, &shared, now, generation) == Renewed::Gone {
                shared.end(End::Revoked);
                self.ended(End::Revoked, name);
                gone += 1;
            }
        }
        self.lock().swept.finish(generation, gone);
    }

    fn ended(&self, end: End, device: &str) {
        let log = &self.counters.log;
        match end {
            End::Displaced => {
                self.counters.sessions_displaced.one_more();
                if log.may(Event::Displaced) {
                    tracing::info!(name: "lowkey.displaced", target: "lowkey", device, "session displaced by a newer one");
                }
            }
            End::Revoked => {
                self.counters.sessions_revoked.one_more();
                if log.may(Event::Revoked) {
                    tracing::info!(name: "lowkey.revoked", target: "lowkey", device, "session ended: its pinning is gone");
                }
            }
            End::Silent => {
                self.counters.sessions_silent.one_more();
                if log.may(Event::Silent) {
                    tracing::info!(name: "lowkey.silent", target: "lowkey", device, "session ended: no answer to a PING");
                }
            }
            End::Lifetime => {
                self.counters.sessions_lifetime.one_more();
                if log.may(Event::Lifetime) {
                    tracing::info!(name: "lowkey.lifetime", target: "lowkey", device, "session ended: open for too long");
                }
            }
        }
    }

    /// Has every session send its CLOSE, and those to come as well.
    pub(crate) fn stop(&self) {
        let all: Vec<Arc<Shared>> = {
            let mut table = self.lock();
            table.stopping = true;
            table.by_name.values().map(|session| Arc::clone(&session.shared)).collect()
        };
        all.iter().for_each(|shared| shared.stop());
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn insert(&mut self, name: &str, session: Session) {
        if let Some(from) = session.from {
            *self.by_source.entry(from.into()).or_default() += 1;
            self.familiar.seen(from.into());
        }
        self.by_name.insert(name.to_owned(), session);
    }

    /// Takes the seat of a session that was ended from outside; what goes over it until it is let go of still
    /// counts.
    fn evict(&mut self, name: &str) -> Option<Arc<Shared>> {
        let session = self.remove(name)?;
        self.leaving.insert(session.number, Arc::clone(&session.shared));
        Some(session.shared)
    }

    fn remove(&mut self, name: &str) -> Option<Session> {
        let session = self.by_name.remove(name)?;
        if let Some(source) = session.from.map(Source::from)
            && let Some(count) = self.by_source.get_mut(&source)
        {
            *count -= 1;
            if *count == 0 {
                self.by_source.remove(&source);
            }
            self.familiar.seen(source);
        }
        Some(session)
    }

    /// What a look-up in `generation` came to, for the session of this name if it is still this one.
    fn renew(
        &mut self,
        name: &str,
        shared: &Arc<Shared>,
        found: Option<Arc<Pinned>>,
        generation: u64,
    ) -> Renewed {
        let session = self.by_name.get_mut(name).filter(|session| Arc::ptr_eq(&session.shared, shared));
        match (session, found) {
            (None, _) => Renewed::NoMatter,
            (Some(session), Some(pinned)) => {
                (session.pinned, session.generation) = (pinned, generation);
                Renewed::NoMatter
            }
            (Some(_), None) => {
                self.evict(name);
                Renewed::Gone
            }
        }
    }
}

impl Session {
    fn new(
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
    fn order(&mut self, now: Instant, wall: SystemTime, limits: &Limits) -> Option<Order> {
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

    fn info(&self, now: Instant) -> SessionInfo {
        let traffic = self.shared.traffic();
        // A key is replaced right before the first record that is under the new one.
        let rekeys = |records: u64| records.saturating_sub(1) / lowkey_core::REKEY_INTERVAL;
        SessionInfo {
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
}

impl Farewell for Seat {
    fn blame(&mut self, fault: Fault) {
        self.fault = Some(fault);
    }

    fn broke(&mut self, error: &dyn fmt::Display) {
        self.error = Some(error.to_string());
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let device = self.pinned.device().name();
        let counters = &self.sessions.counters;
        let mut ended = None;
        let mut table = self.sessions.lock();
        if table.by_name.get(device).is_some_and(|seated| seated.number == self.number) {
            let from = table.remove(device).and_then(|session| session.from);
            let (count, reason) = match self.fault {
                Some(_) => (&counters.sessions_backend, "backend"),
                None if table.stopping => (&counters.sessions_stopped, "stopped"),
                None if self.error.is_some() => (&counters.sessions_closed, "broken"),
                None => (&counters.sessions_closed, "closed"),
            };
            count.one_more();
            ended = Some((from, reason));
        }
        table.leaving.remove(&self.number);
        table.past.add(self.shared.traffic());
        drop(table);
        // One that was ended from outside has its line already.
        let Some((from, reason)) = ended else { return };
        if let Some(fault) = self.fault {
            counters.note(fault, &self.pinned, from);
        }
        if counters.log.may(Event::Ended) {
            let error = self.error.as_ref().map(tracing::field::display);
            tracing::info!(name: "lowkey.ended", target: "lowkey", device, reason, error, "session ended");
        }
    }
}

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seat").field("device", &self.pinned.device().name()).finish_non_exhaustive()
    }
}
