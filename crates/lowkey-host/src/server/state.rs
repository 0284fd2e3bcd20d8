//! What the clones of an acceptor share, attempts and sessions alike.

use super::allowance::Event;
use super::attempts::Attempts;
use super::decoys::Decoys;
use super::finality::say_final;
use super::gate::Gate;
use super::sessions::Sessions;
use super::stats::Counters;
use super::windows::Windows;
use crate::clock::Clock;
use crate::entropy::random;
use crate::error::Error;
use crate::limits::Limits;
use crate::registry::{Enrol, Paired, Pinned, Registry};
use lowkey_core::{Identity, Peer, Psk};
use lowkey_transport::{Buffers, RunId};
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use tokio::task::spawn_blocking;

pub(super) struct State {
    pub(super) identity: Arc<Identity>,
    pub(super) registry: Box<dyn Registry>,
    pub(super) limits: Limits,
    pub(super) clock: Clock,
    /// For ids that nobody has.
    pub(super) decoys: Decoys,
    /// For ids that are known and do not fit.
    pub(super) decoy: Peer,
    pub(super) decoy_psk: Psk,
    pub(super) attempts: Arc<Attempts>,
    pub(super) sessions: Arc<Sessions>,
    pub(super) gate: Gate,
    /// Asks after the service behind, if there is one that matters.
    pub(super) service_is_down: OnceLock<Box<dyn Fn() -> bool + Send + Sync>>,
    /// Of which run our messages are, if we number them.
    pub(super) run: OnceLock<Box<dyn Fn() -> Option<RunId> + Send + Sync>>,
    /// Where devices that pair are entered, if anywhere.
    pub(super) enrolments: OnceLock<Arc<dyn Enrol>>,
    pub(super) windows: Arc<Windows>,
    pub(super) counters: Arc<Counters>,
}

impl State {
    pub(super) fn new(
        identity: Arc<Identity>,
        registry: Box<dyn Registry>,
        limits: Limits,
        clock: Clock,
    ) -> Result<Self, Error> {
        limits.buffers()?;
        let stranger = Identity::new(random()?).map_err(|_| Error::Entropy)?.public_key(); // its private key is gone
        let counters = Arc::new(Counters::default());
        Ok(Self {
            decoys: Decoys::new(&identity, &*registry)?,
            decoy: Peer::pin(&identity, stranger).map_err(|_| Error::PeerKey)?,
            decoy_psk: Psk::new(random()?).map_err(|_| Error::Entropy)?,
            registry,
            attempts: Arc::new(Attempts::new(limits.attempts, limits.attempts_per_address)),
            sessions: Arc::new(Sessions::new(&limits, Arc::clone(&counters))),
            gate: Gate::new(&limits),
            service_is_down: OnceLock::new(),
            run: OnceLock::new(),
            enrolments: OnceLock::new(),
            windows: Arc::default(),
            identity,
            limits,
            clock,
            counters,
        })
    }

    /// Whether a message 1 from there is worked on now; otherwise it is answered that we are busy. The id plays no
    /// part in it.
    pub(super) fn takes_message_1(&self, from: Option<SocketAddr>) -> bool {
        let source = from.map(Into::into);
        let standing = self.sessions.standing(source);
        self.attempts.have_room(source, standing) && self.gate.pass(source, standing)
    }

    /// Counts attempts that made room for newer ones, and writes them to the log.
    pub(super) fn displaced(&self, attempts: u64) {
        let counters = &self.counters;
        for _ in 0..attempts {
            counters.attempts_displaced.one_more();
            if !counters.log.may(Event::AttemptDisplaced) {
                continue;
            }
            let attempts = self.attempts.len();
            tracing::warn!(name: "lowkey.attempt_displaced", target: "lowkey", attempts, "attempt displaced");
        }
    }

    /// The memory of one link, and what it shows in its handshake.
    pub(super) fn buffers(&self) -> Result<Buffers<Vec<u8>>, Error> {
        let buffers = self.limits.buffers()?;
        let run = self.run.get().and_then(|run| run());
        Ok(match run {
            Some(run) => buffers.with_run(run),
            None => buffers,
        })
    }

    /// Whether the service behind is known to be down; the id plays no part in it.
    pub(super) fn is_service_down(&self) -> bool {
        self.service_is_down.get().is_some_and(|is_down| is_down())
    }

    /// A session of this pinning is confirmed, so its pairing is final if it was pending (protocol §6): entered first,
    /// and then said, and a window of it that is still open has nothing left to do. Whoever waits for the session does
    /// not wait for that.
    pub(super) fn confirmed(&self, pinned: &Pinned) {
        let (Some(Paired::Pending(code)), Some(enrolments)) = (pinned.paired(), self.enrolments.get()) else {
            return;
        };
        let (enrolments, windows, key) = (Arc::clone(enrolments), Arc::clone(&self.windows), pinned.key());
        let (device, counters) = (pinned.device().name().to_owned(), Arc::clone(&self.counters));
        spawn_blocking(move || {
            let made = enrolments.finalise(&key, &code);
            if made.is_ok() {
                windows.paired(code, key);
            }
            say_final(&counters, code, &device, &key, &made);
        });
    }

    /// A pinning that was good in `generation`, as it is now, and the generation in which it surely is;
    /// `None` if it is gone.
    pub(super) fn still(&self, pinned: Arc<Pinned>, generation: u64) -> Option<(Arc<Pinned>, u64)> {
        let now = self.registry.generation();
        if now == generation {
            return Some((pinned, now));
        }
        let found = self.registry.lookup(&pinned.id())?;
        found.admits_as(&pinned).then_some((found, now))
    }
}
