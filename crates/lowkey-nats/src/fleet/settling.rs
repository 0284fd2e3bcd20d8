//! Takes the lease of each device that is connected here, gives it back when it is not, and ends a session whose device
//! has a newer one at another gateway.

use super::Fleet;
use crate::error::NatsError;
use crate::lease::Lease;
use async_nats::connection::State;
use async_nats::header::{HeaderMap, NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, NATS_MESSAGE_TTL};
use async_nats::jetstream::context::PublishErrorKind;
use futures_util::stream::{FuturesUnordered, StreamExt};
use lowkey_host::text::mask;
use lowkey_host::{Acceptor, SessionInfo};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::time::{MissedTickBehavior, interval};

/// A lease that is ours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    session: Came,
    /// When it was confirmed, as the lease says.
    since: i64,
    /// The sequence of its message: whoever writes after it has to name it.
    epoch: u64,
    written: Instant,
}

/// A session that is here, or was just now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Came {
    session: u64,
    from: Option<SocketAddr>,
    confirmed: Instant,
}

impl Came {
    /// It is confirmed now.
    pub(super) fn now(session: u64, from: Option<SocketAddr>) -> Self {
        Self { session, from, confirmed: Instant::now() }
    }

    fn of(session: &SessionInfo) -> Self {
        let now = Instant::now();
        let confirmed = now.checked_sub(session.age).unwrap_or(now);
        Self { session: session.number, from: session.from, confirmed }
    }
}

impl Fleet {
    /// Goes on until it is dropped.
    pub(super) async fn settle(&self, acceptor: &Acceptor) {
        self.inner.due.begin_anew();
        let mut running = FuturesUnordered::new();
        let mut scan = interval(SCAN);
        let mut retry = interval(RETRY);
        scan.set_missed_tick_behavior(MissedTickBehavior::Delay);
        retry.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut failed = Vec::new();
        loop {
            while running.len() < AT_ONCE && self.is_connected() {
                let Some(name) = self.inner.due.next() else { break };
                running.push(async {
                    let outcome = self.settle_one(acceptor, &name).await;
                    (name, outcome)
                });
            }
            tokio::select! {
                Some((name, outcome)) = running.next(), if !running.is_empty() => {
                    self.inner.due.done(&name);
                    self.say(outcome.as_ref().err());
                    if outcome.is_err() {
                        failed.push(name);
                    }
                }
                () = self.inner.due.more() => (),
                _ = retry.tick() => {
                    failed.drain(..).for_each(|name| self.inner.due.mark(&name));
                    if std::mem::take(&mut self.state().missed) {
                        self.mark_all(acceptor);
                    }
                }
                _ = scan.tick() => self.mark_all(acceptor),
            }
        }
    }

    /// All leases are due: something that was said may not have been heard.
    pub(crate) fn mark_all(&self, acceptor: &Acceptor) {
        for session in acceptor.sessions() {
            self.inner.due.mark(session.pinned.device().name());
        }
        let known: Vec<String> = {
            let state = self.state();
            state.held.keys().chain(state.came.keys()).cloned().collect()
        };
        known.iter().for_each(|name| self.inner.due.mark(name));
    }

    /// Says once that leases are not taken, until they are.
    fn say(&self, error: Option<&NatsError>) {
        let error = match error {
            // Another was faster: it is tried again.
            Some(NatsError::Raced(_)) => return,
            error => error.map(ToString::to_string),
        };
        let was = std::mem::replace(&mut self.state().lease_error, error.clone());
        if let (None, Some(error)) = (was, error) {
            let gateway = mask(&self.inner.name);
            tracing::warn!(name: "lowkey.lease_failed", target: "lowkey", %gateway, error, "leases of devices are not taken");
        }
    }

    fn is_connected(&self) -> bool {
        let state = self.state();
        let client = state.client.as_ref();
        state.clock.is_some() && client.is_some_and(|client| client.connection_state() == State::Connected)
    }

    /// Has the lease of this device say what is so here.
    async fn settle_one(&self, acceptor: &Acceptor, device: &str) -> Result<(), NatsError> {
        for _ in 0..MOST_RACES {
            // It may have come and gone since: then an older session elsewhere is over as well.
            let came = self.state().came.get(device).copied();
            let here = acceptor.session(device);
            let Some(session) = here.as_ref().map(Came::of).or(came) else {
                return self.give_back(device).await;
            };
            match self.take(acceptor, device, session, here.is_some()).await {
                Err(NatsError::Raced(_)) => continue,
                Err(error) => return Err(error),
                Ok(()) => (),
            }
            let mut state = self.state();
            if state.came.get(device).is_some_and(|came| came.session <= session.session) {
                state.came.remove(device);
            }
            if here.is_some() {
                return Ok(());
            }
        }
        Err(NatsError::Raced(device.to_owned()))
    }

    async fn take(
        &self,
        acceptor: &Acceptor,
        device: &str,
        session: Came,
        is_here: bool,
    ) -> Result<(), NatsError> {
        let (epoch, lease) = self.read(device).await?;
        let now = Instant::now();
        let ours = self.lease_of(device, session)?;
        match lease {
            Some(lease) if lease.is_of(&ours.gateway, &ours.run) && lease.session == ours.session => {
                let held = self.state().held.get(device).copied().filter(|held| held.epoch == epoch);
                if held.is_some_and(|held| held.written.elapsed() < REFRESH) {
                    return Ok(());
                }
            }
            Some(lease) if !lease.is_of(&ours.gateway, &ours.run) && self.is_newer(&lease, &ours, now) => {
                self.state().held.remove(device);
                acceptor.end_moved(device, session.session, lease.from);
                return Ok(());
            }
            // Nobody has it: not we any more either.
            None if !is_here => return Ok(()),
            Some(lease) if !is_here && lease.over => return Ok(()),
            _ => (),
        }
        let epoch = self.write(device, &ours, epoch).await?;
        let held = Held { session, since: ours.since, epoch, written: now };
        self.state().held.insert(device.to_owned(), held);
        self.tell(device).await;
        // It may have ended meanwhile, and nobody else gives it back.
        if is_here && acceptor.session(device).is_none_or(|now| now.number != ours.session) {
            return Err(NatsError::Raced(device.to_owned()));
        }
        Ok(())
    }

    /// Whether the session of another gateway's lease was confirmed after ours. Of one moment that of the later name
    /// is, for both: otherwise each would take the device from the other for ever. One that says it was in the future
    /// says nothing: a clock was set, or it is forged.
    fn is_newer(&self, lease: &Lease, ours: &Lease, now: Instant) -> bool {
        let shows = self.state().clock.map(|clock| clock.at(now));
        let when = |lease: &Lease| (lease.since, lease.gateway.clone(), lease.run.clone());
        when(lease) > when(ours) && shows.is_some_and(|shows| lease.since <= shows.saturating_add(SKEW))
    }

    fn lease_of(&self, device: &str, session: Came) -> Result<Lease, NatsError> {
        let (clock, held) = {
            let state = self.state();
            (
                state.clock,
                state.held.get(device).filter(|held| held.session.session == session.session).copied(),
            )
        };
        let clock = clock.ok_or_else(|| NatsError::Connection("NATS has not answered yet".to_owned()))?;
        let since = clock.at(session.confirmed);
        Ok(Lease {
            gateway: self.inner.name.clone(),
            run: self.inner.run.clone(),
            session: session.session,
            from: session.from,
            // It does not become newer when NATS's clock is set forward, or this machine has slept.
            since: held.map_or(since, |held| since.min(held.since)),
            over: false,
        })
    }

    /// The device is not connected here: if the lease is ours, nobody has it.
    async fn give_back(&self, device: &str) -> Result<(), NatsError> {
        let Some(held) = self.state().held.get(device).copied() else { return Ok(()) };
        let over = Lease { over: true, ..self.lease_of(device, held.session)? };
        match self.write(device, &over, held.epoch).await {
            Ok(_) | Err(NatsError::Raced(_)) => (), // raced: somebody else has it
            Err(error) => return Err(error),
        }
        let mut state = self.state();
        if state.held.get(device).is_some_and(|now| now.epoch == held.epoch) {
            state.held.remove(device);
        }
        Ok(())
    }

    /// Writes over the lease of this epoch. Gives the new one's.
    async fn write(&self, device: &str, lease: &Lease, epoch: u64) -> Result<u64, NatsError> {
        let mut headers = HeaderMap::new();
        headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, epoch.to_string());
        // Nobody writes over that of a device that never comes again.
        headers.insert(NATS_MESSAGE_TTL, if lease.over { NOTHING_ENDS } else { LEASE_ENDS });
        let failed = |error: async_nats::jetstream::context::PublishError| match error.kind() {
            PublishErrorKind::WrongLastSequence => NatsError::Raced(device.to_owned()),
            _ => NatsError::request("a lease was not taken")(&error),
        };
        let subject = self.inner.live.lease(device);
        let sent = self
            .context()?
            .publish_with_headers(subject, headers, lease.kept().into())
            .await
            .map_err(failed)?;
        Ok(sent.await.map_err(failed)?.sequence)
    }
}

/// Leases that are looked at together.
const AT_ONCE: usize = 64;
/// How often one is tried while others write it.
const MOST_RACES: usize = 8;
/// How often each is looked at although nobody has said anything.
const SCAN: Duration = Duration::from_secs(15);
/// When one that failed is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// How long after it was written a lease is written again, and when NATS forgets it.
const REFRESH: Duration = Duration::from_secs(20 * 60);
const LEASE_ENDS: &str = "1h";
/// When NATS forgets that a lease was given back, once every gateway has surely seen it.
const NOTHING_ENDS: &str = "60s";
/// How far the clocks of two servers of NATS may be apart, in milliseconds.
const SKEW: i64 = 1000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Access, Credentials};
    use crate::fleet::moment::Clock;
    use lowkey_host::{Identity, Limits, Secret};
    use lowkey_registry::rows::RowRegistry;
    use std::sync::Arc;

    fn fleet(name: &str) -> Fleet {
        let address = "nats://127.0.0.1:4222".parse().unwrap();
        let access = Access { address, credentials: Credentials::None, roots: None, name: name.to_owned() };
        Fleet::new(&access, &Identity::new(Secret::new([1; 32])).unwrap()).unwrap()
    }

    #[test]
    fn a_device_that_came_and_went_while_nats_was_away_is_looked_at_whoever_looks_then() {
        let fleet = fleet("a");
        let identity = Arc::new(Identity::new(Secret::new([1; 32])).unwrap());
        let rows = RowRegistry::new("x", std::path::PathBuf::new(), Arc::clone(&identity));
        let acceptor = Acceptor::new(identity, rows, Limits::default()).unwrap();
        fleet.state().came.insert("pump".to_owned(), Came::now(7, None));
        fleet.mark_all(&acceptor);
        assert_eq!(fleet.inner.due.next().as_deref(), Some("pump"));
    }

    #[test]
    fn of_two_sessions_of_one_moment_the_same_one_is_newer_for_both_gateways() {
        let now = Instant::now();
        for names in [["a", "b"], ["a", "a"]] {
            let both = names.map(fleet);
            let leases = both.each_ref().map(|fleet| {
                fleet.state().clock = Some(Clock::new(now, 10_000_000, Duration::ZERO));
                fleet.lease_of("pump", Came { session: 7, from: None, confirmed: now }).unwrap()
            });
            let [a, b] = &leases;
            let is_newer = [both[0].is_newer(b, a, now), both[1].is_newer(a, b, now)];
            assert_ne!(is_newer[0], is_newer[1], "{names:?}");
        }
    }

    #[test]
    fn a_session_that_is_held_becomes_no_newer_whatever_clocks_show() {
        let fleet = fleet("a");
        let now = Instant::now();
        let session = Came { session: 7, from: None, confirmed: now };
        let since = |session| fleet.lease_of("pump", session).unwrap().since;
        let shows = |time| fleet.state().clock = Some(Clock::new(now, time, Duration::ZERO));
        shows(10_000_000);
        let held = Held { session, since: since(session), epoch: 1, written: now };
        assert_eq!(held.since, 10_000_000);
        fleet.state().held.insert("pump".to_owned(), held);
        // NATS's clock was set forward by an hour, or this machine slept for one.
        shows(13_600_000);
        assert_eq!(since(session), 10_000_000);
        assert_eq!(since(Came { session: 8, ..session }), 13_600_000, "another session is newer");
        // Set back, all sessions are from before.
        shows(6_400_000);
        assert_eq!(since(session), 6_400_000);
    }
}
