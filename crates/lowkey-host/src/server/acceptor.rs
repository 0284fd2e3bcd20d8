//! Handshakes of a responder that hides its ids.

use super::attempt::Attempt;
use super::attempts::{Attempts, Place};
use super::error::AcceptError;
use super::gate::Gate;
use super::info::SessionInfo;
use super::lines;
use super::records::Cause;
use super::sessions::Sessions;
use super::stats::{Counters, Listening, Stats};
use crate::connection::{Connection, Input};
use crate::entropy::{OsEntropy, host_ephemerals, random};
use crate::handshake::exchange;
use crate::proxy;
use crate::registry::{Pinned, Registry, multiply};
use crate::{Error, Limits};
use lowkey_core::{Ephemerals, Identity, Peer, Psk, PublicKey};
use lowkey_transport::handshake::KkResponder;
use lowkey_transport::{Hello, Link, Mode, Pinning, Refusal, Step};
use std::fmt;
use std::hint::black_box;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

/// Turns streams into connections of devices that the registry knows.
///
/// Cheap to clone; all clones share their sessions and counters. A stranger cannot tell an unknown id
/// from another mode than the pinning's or from a key that does not match: the work, the answer and the
/// log line are the same. XX is not offered.
#[derive(Clone)]
pub struct Acceptor {
    inner: Arc<Inner>,
}

struct Inner {
    identity: Arc<Identity>,
    registry: Box<dyn Registry>,
    limits: Limits,
    decoy: Peer,
    decoy_psk: Psk,
    attempts: Arc<Attempts>,
    sessions: Arc<Sessions>,
    gate: Gate,
    counters: Arc<Counters>,
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
        limits.buffers()?;
        let identity = identity.into();
        let stranger = Identity::new(random()?).public_key(); // its private half is gone
        let counters = Arc::new(Counters::default());
        let inner = Inner {
            decoy: Peer::pin(&identity, stranger).map_err(|_| Error::PeerKey)?,
            decoy_psk: Psk::new(random()?),
            registry: Box::new(registry),
            attempts: Arc::new(Attempts::new(limits.attempts, limits.attempts_per_address)),
            sessions: Arc::new(Sessions::new(&limits, Arc::clone(&counters))),
            gate: Gate::new(&limits),
            identity,
            limits,
            counters,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Our static key, which devices pin.
    pub fn public_key(&self) -> PublicKey {
        self.inner.identity.public_key()
    }

    /// What has been counted.
    pub fn stats(&self) -> Stats {
        let inner = &self.inner;
        inner.counters.snapshot(inner.attempts.len(), inner.sessions.len(), inner.sessions.moved())
    }

    /// The sessions there are now, in no order.
    pub fn sessions(&self) -> Vec<SessionInfo> {
        self.inner.sessions.list()
    }

    /// Ends the sessions that may not go on: revoked, expired, silent, too old. Has silent devices asked with
    /// a PING.
    ///
    /// A [`Listener`](crate::Listener) does it four times a second. Who has none does it as often.
    pub fn sweep(&self) {
        self.inner.sessions.sweep(&*self.inner.registry);
        self.inner.gate.sweep();
    }

    /// Has every session send its CLOSE, and those that come later as well; they go on receiving. Sending
    /// anything more gives [`ChannelError::Closed`](crate::ChannelError::Closed).
    pub fn stop(&self) {
        self.inner.sessions.stop();
    }

    /// Whether a [`Listener`](crate::Listener) of it is open, and it was not told to [`stop`](Self::stop).
    pub fn is_accepting(&self) -> bool {
        self.inner.counters.is_listening() && !self.inner.sessions.are_stopping()
    }

    /// What it takes from peers.
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.inner.counters
    }

    /// A socket listens for it, for as long as what this gives is held.
    pub(crate) fn listening(&self) -> Listening {
        Listening::new(Arc::clone(&self.inner.counters))
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.inner.identity
    }

    pub(crate) fn registry(&self) -> &dyn Registry {
        &*self.inner.registry
    }

    /// Makes room by ending the attempt that has waited longest; says whether there was one.
    pub(crate) fn displace_oldest_attempt(&self) -> bool {
        let displaced = self.inner.attempts.displace_oldest();
        self.displaced(displaced);
        displaced > 0
    }

    fn displaced(&self, attempts: u64) {
        let counters = &self.inner.counters;
        for _ in 0..attempts {
            counters.attempts_displaced.one_more();
            let Some(lines::Line { left_out }) = counters.displaced_lines.next() else { continue };
            if left_out > 0 {
                tracing::warn!(name: "lowkey.attempt_displaced_more", target: "lowkey", attempts = left_out, "attempts displaced without a line");
            }
            let attempts = self.inner.attempts.len();
            tracing::warn!(name: "lowkey.attempt_displaced", target: "lowkey", attempts, "oldest attempt displaced");
        }
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
    /// KKpsk0, and everybody under too much load. Who it is, is then for the caller to say.
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

    /// The same for a stream that comes through `balancer`, which says in a header of the PROXY protocol for
    /// whom. The deadline holds for the header as well.
    pub(crate) async fn accept_through<Io>(
        &self,
        mut io: Io,
        balancer: SocketAddr,
    ) -> Result<Connection<Io>, AcceptError>
    where
        Io: AsyncRead + AsyncWrite + Unpin,
    {
        let mut attempt = Attempt::new(Arc::clone(&self.inner.counters), Some(balancer));
        let deadline = self.inner.limits.deadline();
        let read = {
            let (place, displaced) = self.inner.attempts.enter(None); // the balancer's address is not the device's
            self.displaced(displaced);
            place.hold(timeout_at(deadline, proxy::accept(&mut io))).await
        };
        let source = match read {
            Some(Ok(Ok(addresses))) => addresses.map_or(balancer, |addresses| addresses.source),
            Some(Ok(Err(error))) => {
                let error = std::io::Error::new(std::io::ErrorKind::InvalidData, error);
                return Err(attempt.failed(AcceptError::Failed(error.into())));
            }
            Some(Err(_elapsed)) => return Err(attempt.failed(AcceptError::TimedOut)),
            None => return Err(attempt.failed(AcceptError::Displaced)),
        };
        attempt.comes_from(source);
        self.begin(io, attempt, deadline).await?.accept().await
    }

    async fn start_from<Io>(&self, io: Io, from: Option<SocketAddr>) -> Result<LazyAccept<Io>, AcceptError>
    where
        Io: AsyncRead + AsyncWrite + Unpin,
    {
        let attempt = Attempt::new(Arc::clone(&self.inner.counters), from);
        self.begin(io, attempt, self.inner.limits.deadline()).await
    }

    async fn begin<Io>(
        &self,
        io: Io,
        attempt: Attempt,
        deadline: Instant,
    ) -> Result<LazyAccept<Io>, AcceptError>
    where
        Io: AsyncRead + AsyncWrite + Unpin,
    {
        let inner = &self.inner;
        let from = attempt.from();
        let (place, displaced) = inner.attempts.enter(from.map(|from| from.ip().into()));
        self.displaced(displaced);
        let buffers = match inner.limits.buffers() {
            Ok(buffers) => buffers,
            Err(error) => return Err(attempt.failed(AcceptError::Failed(error))),
        };
        let mut lazy = LazyAccept {
            acceptor: self.clone(),
            generation: inner.registry.generation(),
            deadline,
            line: Line {
                io,
                link: Link::responder(buffers),
                input: Input::new(inner.limits.read_ahead()),
                place,
            },
            hello: None,
            ephemerals: None,
            attempt,
        };
        match lazy.hear().await {
            Ok(()) => Ok(lazy),
            Err(error) => Err(lazy.fail(error).await),
        }
    }
}

impl Inner {
    /// A pinning that was good in `generation`, as it is now, and the generation in which it surely is;
    /// `None` if it is gone.
    fn still(&self, pinned: Arc<Pinned>, generation: u64) -> Option<(Arc<Pinned>, u64)> {
        let now = self.registry.generation();
        if now == generation {
            return Some((pinned, now));
        }
        let found = self.registry.lookup(&pinned.id())?;
        found.admits_as(&pinned).then_some((found, now))
    }
}

impl fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acceptor").field("key", &self.public_key()).finish_non_exhaustive()
    }
}

/// An attempt whose hello has been read and not yet answered. Its deadline goes on.
pub struct LazyAccept<Io> {
    acceptor: Acceptor,
    generation: u64, // of the registry, from before anybody looked anything up
    deadline: Instant,
    line: Line<Io>,
    hello: Option<Hello>,
    ephemerals: Option<Ephemerals<OsEntropy>>, // drawn for every hello, known id or not
    attempt: Attempt,
}

impl<Io: AsyncRead + AsyncWrite + Unpin> LazyAccept<Io> {
    /// What the initiator claims: a mode, KK or KKpsk0, and an id. Nothing of it has been proven.
    pub fn hello(&self) -> Option<&Hello> {
        self.hello.as_ref()
    }

    /// The stream, for its address.
    pub fn stream(&self) -> &Io {
        &self.line.io
    }

    /// Looks the id up in the registry and answers.
    ///
    /// # Cancel safety
    /// Dropped, the attempt is over.
    ///
    /// # Errors
    /// As [`Acceptor::accept`].
    pub async fn accept(self) -> Result<Connection<Io>, AcceptError> {
        let id = self.hello.and_then(|hello| hello.id);
        let pinned = id.and_then(|id| self.acceptor.inner.registry.lookup(&id));
        match pinned {
            Some(pinned) => self.accept_with(pinned).await,
            None => Err(self.turn_away().await),
        }
    }

    /// Answers as `pinned` says; if that does not fit the hello or has expired, as one who does not know it.
    ///
    /// The registry is not asked for it, until its [`generation`](Registry::generation) changes: then `pinned` has
    /// to be there, or its session ends.
    ///
    /// # Cancel safety
    /// Dropped, the attempt is over.
    ///
    /// # Errors
    /// As [`Acceptor::accept`].
    pub async fn accept_with(mut self, pinned: Arc<Pinned>) -> Result<Connection<Io>, AcceptError> {
        self.level(Some(&pinned));
        match self.answer(&pinned).await {
            Ok(()) => self.seat(pinned).await,
            Err(error) => Err(self.fail(error).await),
        }
    }

    /// Answers as if the id were not known, after the same work as for one that is.
    ///
    /// # Cancel safety
    /// Dropped, the attempt is over.
    pub async fn turn_away(mut self) -> AcceptError {
        self.attempt.suspect(Cause::UnknownId);
        self.level(None);
        let error = self.decoy().await;
        self.fail(error).await
    }

    /// Refuses at once. Do so by load, never by the id: what is quick tells a stranger why.
    ///
    /// # Cancel safety
    /// Dropped, the attempt is over.
    pub async fn refuse(mut self, refusal: Refusal) -> AcceptError {
        self.attempt.suspect(Cause::Application);
        let error = self.decline(refusal).await;
        self.fail(error).await
    }

    /// Until there is a hello that could be answered.
    async fn hear(&mut self) -> Result<(), AcceptError> {
        match self.line.until(self.deadline).await? {
            Step::Hello => (),
            _ => return Err(AcceptError::Failed(lowkey_transport::Error::OutOfTurn.into())),
        }
        self.hello = self.line.link.hello().copied();
        let Some(hello) = self.hello else { return Ok(()) };
        self.attempt.heard(hello, self.line.link.first_frame().unwrap_or_default());
        let inner = Arc::clone(&self.acceptor.inner);
        match hello.mode {
            Mode::Xx | Mode::XxPsk0 => Err(self.decline(Refusal::Mode).await),
            // Whether a seat is free is asked once it is certain who it is: a device takes its own again.
            Mode::Kk | Mode::KkPsk0 if !inner.gate.pass(self.attempt.from().map(|from| from.ip().into())) => {
                Err(self.decline(Refusal::Busy).await)
            }
            Mode::Kk | Mode::KkPsk0 => {
                self.ephemerals = Some(host_ephemerals().map_err(AcceptError::Failed)?);
                Ok(())
            }
        }
    }

    /// While the registry may hold cold pinnings, one Diffie-Hellman for each attempt: the one that is missing, or
    /// another. So an attempt takes as long for a cold pinning as for a warm one, one that has expired or has another mode,
    /// and an id that nobody has. Once all are warm, nobody needs one. When that changes, it changes for everybody: the id
    /// plays no part in [`Registry::is_warm`].
    ///
    /// Asked after the look-up: if the registry is warm by then, so is what was found. The exception is a pinning that
    /// was found cold and then removed, all within a look-up and this; that costs one attempt the time of one.
    fn level(&self, pinned: Option<&Pinned>) {
        let inner = &self.acceptor.inner;
        if inner.registry.is_warm() {
            return;
        }
        match pinned.filter(|pinned| !pinned.is_warm()) {
            Some(cold) => cold.warm(&inner.identity),
            None => drop(black_box(multiply(&inner.identity, inner.decoy.public_key()))),
        }
    }

    /// Message 2, and then the first record.
    async fn answer(&mut self, pinned: &Pinned) -> Result<(), AcceptError> {
        let inner = Arc::clone(&self.acceptor.inner);
        let fits = self.hello.is_some_and(|hello| hello.mode == pinned.mode());
        if !fits || pinned.is_expired(SystemTime::now()) {
            self.attempt.suspect(if fits { Cause::Expired } else { Cause::OtherMode });
            return Err(self.decoy().await);
        }
        let (Some(mut ephemerals), Some(pinning)) = (self.ephemerals.take(), pinned.pinning(&inner.identity))
        else {
            return Err(self.decoy().await);
        };
        let link = &mut self.line.link;
        let answered = link.answer_kk(pinning, &mut ephemerals);
        answered.map_err(|error| Attempt::verdict(error.into()))?;
        if *link.handshake_hash() != [0; 32] {
            self.attempt.answered(); // there are keys: message 1 opened
        }
        self.line.until(self.deadline).await.map(|_done| ())
    }

    /// The work for a device that is known, and then a refusal.
    async fn decoy(&mut self) -> AcceptError {
        let inner = Arc::clone(&self.acceptor.inner);
        let Some(id) = self.hello.and_then(|hello| hello.id) else {
            return self.decline(Refusal::Refused).await;
        };
        let nobody =
            Pinning { id, identity: &inner.identity, peer: &inner.decoy, psk: Some(&inner.decoy_psk) };
        let turned = self.line.link.turn_away(nobody);
        self.refusal_out(turned).await
    }

    async fn decline(&mut self, refusal: Refusal) -> AcceptError {
        let declined = self.line.link.refuse(refusal);
        self.refusal_out(declined).await
    }

    async fn refusal_out(&mut self, staged: Result<(), lowkey_transport::Error>) -> AcceptError {
        match staged {
            Err(error) => AcceptError::Failed(error.into()),
            Ok(()) => match self.line.until(self.deadline).await {
                Err(error) => error,
                Ok(_) => AcceptError::Failed(lowkey_transport::Error::OutOfTurn.into()),
            },
        }
    }

    /// A confirmed session takes its place, unless there is none or its pinning is gone by now.
    async fn seat(self, pinned: Arc<Pinned>) -> Result<Connection<Io>, AcceptError> {
        let Line { io, link, input, place: _place } = self.line;
        let inner = &self.acceptor.inner;
        let mut attempt = self.attempt;
        let mut connection = Connection::new(io, link.widen(), input, pinned.key());
        let (refusal, cause) = match inner.still(pinned, self.generation) {
            None => (Refusal::Refused, Cause::UnknownId),
            Some((pinned, generation)) => {
                let from = attempt.from();
                if let Some(seat) = inner.sessions.seat(&pinned, generation, from, connection.shared()) {
                    attempt.confirmed(pinned.device().name());
                    return Ok(connection.of(pinned, from).seated(seat));
                }
                let full = inner.sessions.are_full();
                (Refusal::Busy, if full { Cause::NoSeat } else { Cause::NoSeatOfAddress })
            }
        };
        attempt.suspect(cause);
        let _whatever = timeout_at(self.deadline, connection.close()).await;
        Err(attempt.failed(AcceptError::Refused(refusal)))
    }

    /// Hangs up and counts.
    async fn fail(mut self, error: AcceptError) -> AcceptError {
        if matches!(error, AcceptError::Refused(_)) {
            let _whatever = timeout_at(self.deadline, self.line.io.shutdown()).await;
        }
        self.attempt.failed(error)
    }
}

impl<Io: fmt::Debug> fmt::Debug for LazyAccept<Io> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let io = &self.line.io;
        f.debug_struct("LazyAccept").field("io", io).field("hello", &self.hello).finish_non_exhaustive()
    }
}

/// A stream, its link, and its place among those who wait.
struct Line<Io> {
    io: Io,
    link: Link<Vec<u8>, KkResponder>,
    input: Input,
    place: Place,
}

impl<Io: AsyncRead + AsyncWrite + Unpin> Line<Io> {
    /// Plays on until there is a hello or all is done.
    async fn until(&mut self, deadline: Instant) -> Result<Step, AcceptError> {
        let Self { io, link, input, place } = self;
        let play = async {
            loop {
                match link.step()? {
                    step @ (Step::Hello | Step::Claim | Step::Done) => return Ok::<_, Error>(step),
                    step => exchange(io, link, input, step).await?,
                }
            }
        };
        match place.hold(timeout_at(deadline, play)).await {
            Some(Ok(result)) => result.map_err(Attempt::verdict),
            Some(Err(_)) => Err(AcceptError::TimedOut),
            None => Err(AcceptError::Displaced),
        }
    }
}

#[cfg(test)]
mod tests;
