//! Handshakes of a responder that hides its ids.

use super::attempt::Attempt;
use super::balancers::Balancers;
use super::error::AcceptError;
use super::failures::Failure;
use super::familiar::Standing;
use super::in_force::InForce;
use super::info::SessionInfo;
use super::lazy::LazyAccept;
use super::observer::Observer;
use super::state::State;
use super::stats::{Counters, HandshakeTimes, Listening, Stats};
use crate::clock::{Clock, WrongClock};
use crate::connection::Connection;
use crate::error::Error;
use crate::limits::Limits;
use crate::registry::{Pinned, Registry};
use lowkey_core::{Identity, PublicKey};
use lowkey_transport::RunId;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::SystemTime;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout_at;

/// Turns streams into connections of devices that the registry knows.
///
/// Cheap to clone; all clones share their sessions and counters. A stranger cannot tell an unknown id
/// from another mode than the pinning's or from a key that does not match: the work, the answer and the
/// log line are the same. XX is not offered, and XXpsk0 only while a [window](Self::open_window) is open.
#[derive(Clone)]
pub struct Acceptor {
    pub(super) state: Arc<State>,
}

impl Acceptor {
    /// Accepts as `identity` the devices of `registry`, which have been pinned with it.
    ///
    /// # Errors
    /// [`Error::Limits`]; [`Error::Entropy`]: the decoy that answers strangers could not be drawn.
    pub fn new(
        identity: impl Into<Arc<Identity>>,
        registry: impl Registry + 'static,
        limits: Limits,
    ) -> Result<Self, Error> {
        Self::with_clock(identity, registry, limits, SystemTime::now)
    }

    /// The same by another clock than the system's: for tests, and for whoever has a better one. It decides what has
    /// [expired](crate::Pinned::is_expired), and nothing else.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_clock(
        identity: impl Into<Arc<Identity>>,
        registry: impl Registry + 'static,
        limits: Limits,
        clock: impl Fn() -> SystemTime + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        let state = State::new(identity.into(), Box::new(registry), limits, Clock::new(clock))?;
        Ok(Self { state: Arc::new(state) })
    }

    /// Our static key, which devices pin.
    pub fn public_key(&self) -> PublicKey {
        self.state.identity.public_key()
    }

    /// What has been counted.
    pub fn stats(&self) -> Stats {
        let inner = &self.state;
        inner.counters.snapshot(
            inner.attempts.len(),
            inner.sessions.len(),
            inner.windows.len(),
            inner.sessions.carried(),
        )
    }

    /// The sessions there are now, in no order.
    pub fn sessions(&self) -> Vec<SessionInfo> {
        self.state.sessions.list()
    }

    /// The session that the device of this name has now.
    pub fn session(&self, device: &str) -> Option<SessionInfo> {
        self.state.sessions.info(device)
    }

    /// Ends the sessions that may not go on: revoked, expired, silent, too old, and all of them while the
    /// [registry may be out of date](crate::Registry::is_stale). Has silent devices asked with a PING. Says how many
    /// lines were left out of the log.
    ///
    /// A [`Listener`](crate::Listener) does it four times a second. Who has none does it as often.
    pub fn sweep(&self) {
        self.state.clock.look();
        self.state.sessions.sweep(&*self.state.registry, self.state.clock.now());
        if let Some(enough) = self.state.decoys.lack(&*self.state.registry) {
            let state = Arc::clone(&self.state);
            let grow = move || state.decoys.grow(&state.identity, enough);
            // Some 100 ms for the most there are. Without a thread it is tried after the next change.
            let _ = thread::Builder::new().name("lowkey-decoys".into()).spawn(grow);
        }
        self.state.windows.sweep();
        self.state.counters.log.sweep();
    }

    /// Which registry is obeyed, if it knows the text that it was read from: nobody who is not in it connects any more.
    /// It also says whether sessions of such devices may still be there.
    pub fn in_force(&self) -> Option<InForce> {
        let registry = self.registry();
        // In this order: a registry that comes in between has a larger generation, which is not swept too early.
        let digest = registry.digest()?;
        let generation = registry.generation();
        Some(InForce { digest, sessions_ended: self.state.sessions.swept().since(generation) })
    }

    /// Ends the session of this number because its `device` has one at another server of the fleet, which came from
    /// `by` if that is known. A newer one of the device stays. Says whether it was there and was ended by this call;
    /// its end has been counted and told then.
    pub fn end_moved(&self, device: &str, session: u64, by: Option<SocketAddr>) -> bool {
        self.state.sessions.end_moved(device, session, by)
    }

    /// Has every session send its CLOSE, and those that come later as well; they go on receiving. Sending
    /// anything more gives [`ChannelError::Closed`](crate::ChannelError::Closed).
    pub fn stop(&self) {
        self.state.sessions.stop();
    }

    /// From now on attempts hear that we are busy while the service behind `is_down`, whoever asks and before any
    /// multiplication. So devices back off; otherwise each would be confirmed and then closed. Live sessions go on.
    /// Only the first call has an effect. `is_down` is asked for every attempt: answer from memory.
    pub fn busy_while(&self, is_down: impl Fn() -> bool + Send + Sync + 'static) {
        let _ = self.state.service_is_down.set(Box::new(is_down)); // the first one stays
    }

    /// From now on sessions that begin are shown this run, if there is one when they do: of it are the messages that we
    /// number (protocol §7). Only the first call has an effect. It is asked for every attempt: answer from memory.
    pub fn number_by(&self, run: impl Fn() -> Option<RunId> + Send + Sync + 'static) {
        let _ = self.state.run.set(Box::new(run)); // the first one stays
    }

    /// From now on `observer` hears what happens to devices, after those that do already. It does so for as long as
    /// the server lives.
    pub fn observe(&self, observer: impl Observer + 'static) {
        self.state.counters.observed.by(observer);
    }

    /// Whether a [`Listener`](crate::Listener) of it is open, and it was not told to [`stop`](Self::stop).
    pub fn is_accepting(&self) -> bool {
        self.state.counters.is_listening() && !self.state.sessions.are_stopping()
    }

    /// What it takes from peers.
    pub fn limits(&self) -> &Limits {
        &self.state.limits
    }

    /// Who may connect.
    pub fn registry(&self) -> &dyn Registry {
        &*self.state.registry
    }

    /// Why it can be that nobody knows what has expired: the clock shows a time that cannot be. `None` if it does not.
    pub fn wrong_clock(&self) -> Option<WrongClock> {
        self.state.clock.wrong()
    }

    /// Whether this pinning has ended by the server's clock, which is so while the clock is wrong as well.
    pub fn is_expired(&self, pinned: &Pinned) -> bool {
        pinned.is_expired(self.state.clock.now())
    }

    /// How long handshakes took that were confirmed.
    pub fn handshake_times(&self) -> HandshakeTimes {
        self.state.counters.handshakes.snapshot()
    }

    /// The attempts that came to nothing and the sessions that the service behind ended, the newest first. For the one
    /// who runs the server, and nobody else: they tell which ids are known. The last 1,024 are kept, those that
    /// are alike as one.
    pub fn failures(&self) -> Vec<Failure> {
        self.state.counters.failures.list()
    }

    /// Whether the message 1 of an attempt that came to nothing opens with this static key of a device, and in the mode
    /// KKpsk0 with the PSK of `psk`. Takes a scalar multiplication.
    pub fn opens(&self, failure: &Failure, key: &Pinned, psk: Option<&Pinned>) -> bool {
        failure.opens(&self.state.identity, key, psk)
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.state.counters
    }

    /// A socket listens for it, for as long as what this gives is held.
    pub(crate) fn listening(&self) -> Listening {
        Listening::new(Arc::clone(&self.state.counters))
    }

    /// Makes room by ending one attempt; says whether there was one.
    pub(crate) fn displace_attempt(&self) -> bool {
        let displaced = self.state.attempts.displace_one();
        self.state.displaced(displaced);
        displaced > 0
    }

    /// Answers one stream; returns once the initiator's first record has opened.
    ///
    /// An older session of the same device ends then, with [`Error::Displaced`].
    ///
    /// # Cancel safety
    /// Dropped, the attempt is over.
    ///
    /// # Errors
    /// The attempt is over, and was counted and written to the log.
    pub async fn accept<Io>(&self, io: Io) -> Result<Connection<Io>, AcceptError>
    where
        Io: AsyncRead + AsyncWrite + Unpin,
    {
        self.start_from(io, None).await?.accept().await
    }

    /// The same for a stream that comes from a known address: the limits of one address hold for it, and
    /// the log names it.
    ///
    /// # Cancel safety
    /// Dropped, the attempt is over.
    ///
    /// # Errors
    /// As [`accept`](Self::accept).
    pub async fn accept_from<Io>(&self, io: Io, from: SocketAddr) -> Result<Connection<Io>, AcceptError>
    where
        Io: AsyncRead + AsyncWrite + Unpin,
    {
        self.start_from(io, Some(from)).await?.accept().await
    }

    /// Reads a hello and refuses what is refused whoever asks: another version, another mode than KK and
    /// KKpsk0, and everybody under too much load. Who it is, is then for the caller to say. A pairing, while a
    /// [window](Self::open_window) is open, is played to its end here.
    ///
    /// # Cancel safety
    /// Dropped, the attempt is over.
    ///
    /// # Errors
    /// As [`accept`](Self::accept).
    pub async fn start<Io>(&self, io: Io) -> Result<LazyAccept<Io>, AcceptError>
    where
        Io: AsyncRead + AsyncWrite + Unpin,
    {
        self.start_from(io, None).await
    }

    /// [`start`](Self::start) for an initiator at this address, for the limits of an address and the log; `None`: nobody
    /// knows which.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_from<Io>(
        &self,
        io: Io,
        from: Option<SocketAddr>,
    ) -> Result<LazyAccept<Io>, AcceptError>
    where
        Io: AsyncRead + AsyncWrite + Unpin,
    {
        let attempt = Attempt::new(Arc::clone(&self.state.counters), from);
        LazyAccept::begin(&self.state, io, attempt, self.state.limits.deadline()).await
    }

    /// The same for a stream that comes through `balancer`, which says for whom. The deadline holds for that as well.
    pub(crate) async fn accept_through<Io>(
        &self,
        mut io: Io,
        balancer: SocketAddr,
        balancers: &dyn Balancers,
    ) -> Result<Connection<Io>, AcceptError>
    where
        Io: AsyncRead + AsyncWrite + Send + Unpin,
    {
        let mut attempt = Attempt::new(Arc::clone(&self.state.counters), Some(balancer));
        let deadline = self.state.limits.deadline();
        let read = {
            // The balancer's address is not the device's.
            let (slot, displaced) = self.state.attempts.enter(None, Standing::Familiar);
            self.state.displaced(displaced);
            slot.hold(timeout_at(deadline, balancers.source(&mut io))).await
        };
        let source = match read {
            Some(Ok(Ok(source))) => source.unwrap_or(balancer),
            Some(Ok(Err(error))) => {
                let error = std::io::Error::new(std::io::ErrorKind::InvalidData, error);
                return Err(attempt.failed(AcceptError::Failed(error.into())));
            }
            Some(Err(_elapsed)) => return Err(attempt.failed(AcceptError::TimedOut)),
            None => return Err(attempt.failed(AcceptError::Displaced)),
        };
        attempt.comes_from(source);
        LazyAccept::begin(&self.state, io, attempt, deadline).await?.accept().await
    }
}

impl fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acceptor").field("key", &self.public_key()).finish_non_exhaustive()
    }
}
