//! Who is connected now: one session a device, and how long each may go on.

use super::ended::Ended;
use super::familiar::{Familiar, Standing};
use super::info::SessionInfo;
use super::order::Order;
use super::over::say_over;
use super::session::Session;
use super::source::Source;
use super::stats::{Carried, Counters};
use super::swept::Swept;
use crate::connection::{End, Shared};
use crate::limits::Limits;
use crate::registry::{Pinned, Registry};
use crate::sync::{Mutex, MutexGuard};
use std::collections::HashMap;
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
    past: Carried,
    swept: Swept,
    stopping: bool,
}

/// Why a session got no seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoSeat {
    /// All, or all of its address, are taken by others.
    Full,
    /// Its pinning was looked up in a registry that is not in force any more: look it up again.
    Outdated,
}

impl Sessions {
    pub(crate) fn new(limits: &Limits, counters: Arc<Counters>) -> Self {
        Self { table: Mutex::default(), looking: Mutex::default(), limits: limits.clone(), counters }
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().by_name.len()
    }

    /// What went over all sessions there are and were; never less than before.
    pub(crate) fn carried(&self) -> Carried {
        let table = self.lock();
        let mut carried = table.past;
        let live = table.by_name.values().map(|session| &session.shared);
        live.chain(table.leaving.values()).for_each(|shared| carried.add(shared.traffic()));
        carried
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

    /// What is shared of a device's session, if it has one.
    pub(super) fn of(&self, device: &str) -> Option<Arc<Shared>> {
        self.lock().by_name.get(device).map(|session| Arc::clone(&session.shared))
    }

    pub(crate) fn are_stopping(&self) -> bool {
        self.lock().stopping
    }

    /// What is known of each, in no order.
    pub(crate) fn list(&self) -> Vec<SessionInfo> {
        let now = Instant::now();
        self.lock().by_name.values().map(|session| session.info(now)).collect()
    }

    /// What is known of a device's session, if it has one.
    pub(crate) fn info(&self, device: &str) -> Option<SessionInfo> {
        let now = Instant::now();
        self.lock().by_name.get(device).map(|session| session.info(now))
    }

    /// Seats a confirmed session and ends an older one of the same device. `generation` is the registry's from before
    /// `pinned` was looked up. Gives the session's number.
    ///
    /// # Errors
    /// [`NoSeat`]; nothing has changed.
    pub(super) fn take_seat(
        &self,
        pinned: &Arc<Pinned>,
        generation: u64,
        from: Option<SocketAddr>,
        shared: &Arc<Shared>,
    ) -> Result<u64, NoSeat> {
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
            let number = self.counters.seated.next();
            table.insert(name, Session::new(number, pinned, generation, from, shared));
            (number, older, table.stopping)
        };
        if stopping {
            shared.stop();
        }
        if let Some(older) = older {
            older.shared.end(End::Displaced);
            say_over(&self.counters, &Ended { by: from, ..older.ended(End::Displaced) });
        }
        Ok(number)
    }

    /// Ends the session of this number if the device still has it, because the device has one elsewhere, which came
    /// from `by`. Says whether it was there.
    pub(crate) fn end_moved(&self, device: &str, number: u64, by: Option<SocketAddr>) -> bool {
        let session = {
            let mut table = self.lock();
            let seated = table.by_name.get(device).is_some_and(|seated| seated.number == number);
            if seated { table.evict(device) } else { None }
        };
        let Some(session) = session else { return false };
        session.shared.end(End::Moved);
        say_over(&self.counters, &Ended { by, ..session.ended(End::Moved) });
        true
    }

    /// Ends the sessions that may not go on, and has silent peers asked. `wall` is what clocks on the wall show.
    pub(crate) fn sweep(&self, registry: &dyn Registry, wall: SystemTime) {
        self.look_up_again(registry);
        let of_all = registry.is_stale().then_some(Order::End(End::Stale));
        let now = Instant::now();
        let (mut orders, mut over) = (Vec::new(), Vec::new());
        {
            let mut table = self.lock();
            for session in table.by_name.values_mut() {
                let order = match session.order(now, wall, &self.limits) {
                    // What is known of itself is said of it.
                    Some(Order::End(end)) => Some(Order::End(end)),
                    order => of_all.or(order),
                };
                if let Some(order) = order {
                    orders.push((Arc::clone(&session.pinned), Arc::clone(&session.shared), order));
                }
            }
            for (pinned, _, order) in &orders {
                if let Order::End(end) = order
                    && let Some(session) = table.evict(pinned.device().name())
                {
                    over.push((session, *end));
                }
            }
        }
        // Not under the lock: what is woken may run anything.
        for (_, shared, order) in orders {
            match order {
                Order::Ping => shared.want_ping(),
                Order::Look => shared.have_a_look(),
                Order::Stop => shared.stop(),
                Order::End(_) => (), // with its session, below
            }
        }
        for (session, end) in over {
            self.end(&session, end);
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
            let revoked = self.lock().renew(name, &shared, now, generation);
            if let Some(session) = revoked {
                self.end(&session, End::Revoked);
                gone += 1;
            }
        }
        self.lock().swept.finish(generation, gone);
    }

    /// Ends from outside a session that has no seat any more.
    fn end(&self, session: &Session, end: End) {
        session.shared.end(end);
        say_over(&self.counters, &session.ended(end));
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

    /// A session of this number, which nobody holds any more, is over: frees its seat, unless it has none any more.
    /// Gives it then, and whether the server stops.
    pub(super) fn let_go(&self, pinned: &Pinned, shared: &Shared, number: u64) -> Option<(Session, bool)> {
        let name = pinned.device().name();
        let mut table = self.lock();
        let seated = table.by_name.get(name).is_some_and(|seated| seated.number == number);
        let session = if seated { table.remove(name) } else { None };
        table.leaving.remove(&number);
        table.past.add(shared.traffic());
        session.map(|session| (session, table.stopping))
    }

    pub(super) fn counters(&self) -> &Counters {
        &self.counters
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
    fn evict(&mut self, name: &str) -> Option<Session> {
        let session = self.remove(name)?;
        self.leaving.insert(session.number, Arc::clone(&session.shared));
        Some(session)
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

    /// What a look-up in `generation` came to, for the session of this name if it is still this one. Gives it if its
    /// pinning is gone.
    fn renew(
        &mut self,
        name: &str,
        shared: &Arc<Shared>,
        found: Option<Arc<Pinned>>,
        generation: u64,
    ) -> Option<Session> {
        let session = self.by_name.get_mut(name).filter(|session| Arc::ptr_eq(&session.shared, shared))?;
        match found {
            Some(pinned) => {
                (session.pinned, session.generation) = (pinned, generation);
                None
            }
            None => self.evict(name),
        }
    }
}
