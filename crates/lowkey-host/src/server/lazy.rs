//! An attempt between its hello and its answer, and the answer, which is the same work whoever asks.

mod pair;

use super::attempt::Attempt;
use super::attempts::Slot;
use super::error::AcceptError;
use super::failures::Cause;
use super::observer::Event;
use super::sessions::NoSeat;
use super::state::State;
use crate::connection::{Connection, Input};
use crate::entropy::{OsEntropy, host_ephemerals};
use crate::error::Error;
use crate::handshake::exchange;
use crate::parting;
use crate::registry::{Pinned, multiply};
use lowkey_core::Ephemerals;
use lowkey_transport::{Hello, Link, Mode, Pinning, Refusal, Step};
use std::fmt;
use std::hint::black_box;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout_at};

/// An attempt whose hello has been read and not yet answered. Its deadline goes on.
pub struct LazyAccept<Io> {
    state: Arc<State>,
    generation: u64, // of the registry, from before anybody looked anything up
    deadline: Instant,
    handshake: Handshake<'static, Io>,
    hello: Option<Hello>,
    ephemerals: Option<Ephemerals<OsEntropy>>, // drawn for every hello, known id or not
    attempt: Attempt,
}

impl<Io: AsyncRead + AsyncWrite + Unpin> LazyAccept<Io> {
    /// Reads the hello of an attempt that has begun, and refuses what is refused whoever asks.
    pub(super) async fn begin(
        state: &Arc<State>,
        io: Io,
        attempt: Attempt,
        deadline: Instant,
    ) -> Result<Self, AcceptError> {
        let source = attempt.from().map(Into::into);
        let (slot, displaced) = state.attempts.enter(source, state.sessions.standing(source));
        state.displaced(displaced);
        let buffers = match state.buffers() {
            Ok(buffers) => buffers,
            Err(error) => return Err(attempt.failed(AcceptError::Failed(error))),
        };
        let mut lazy = Self {
            state: Arc::clone(state),
            generation: state.registry.generation(),
            deadline,
            handshake: Handshake {
                io,
                link: Link::responder(buffers),
                input: Input::new(state.limits.read_ahead()),
                slot,
            },
            hello: None,
            ephemerals: None,
            attempt,
        };
        match lazy.hear().await {
            Ok(()) if lazy.hello.is_some_and(|hello| hello.mode == Mode::XxPsk0) => Err(lazy.pair().await),
            Ok(()) => Ok(lazy),
            Err(error) => Err(lazy.fail(error).await),
        }
    }

    /// What the initiator claims: a mode, KK or KKpsk0, and an id. Nothing of it has been proven.
    pub fn hello(&self) -> Option<&Hello> {
        self.hello.as_ref()
    }

    /// The stream, for its address.
    pub fn stream(&self) -> &Io {
        &self.handshake.io
    }

    /// Looks the id up in the registry and answers.
    ///
    /// # Cancel safety
    /// Dropped, the attempt is over.
    ///
    /// # Errors
    /// As [`Acceptor::accept`](crate::Acceptor::accept).
    pub async fn accept(self) -> Result<Connection<Io>, AcceptError> {
        let id = self.hello.and_then(|hello| hello.id);
        let pinned = id.and_then(|id| self.state.registry.lookup(&id));
        match pinned {
            Some(pinned) => self.accept_with(pinned).await,
            None => Err(self.turn_away().await),
        }
    }

    /// Answers with the keys of `pinned`. If it does not fit the hello, or has expired, answers as if the id were not
    /// known.
    ///
    /// The registry is not asked for it, until its [`generation`](crate::Registry::generation) changes: then `pinned`
    /// has to be there, or its session ends.
    ///
    /// # Cancel safety
    /// Dropped, the attempt is over.
    ///
    /// # Errors
    /// As [`Acceptor::accept`](crate::Acceptor::accept).
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
        let decoy = self.hello.and_then(|hello| hello.id).map(|id| self.state.decoys.of(&id));
        self.level(None);
        black_box(decoy.as_deref().map(|decoy| self.misfit(decoy)));
        self.attempt.suspect(Cause::UnknownId);
        let error = self.play_with(decoy.as_deref()).await;
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
        match self.handshake.until(self.deadline).await? {
            Step::Hello => (),
            _ => return Err(AcceptError::Failed(lowkey_transport::Error::OutOfTurn.into())),
        }
        self.hello = self.handshake.link.hello();
        let Some(hello) = self.hello else { return Ok(()) };
        self.attempt.heard(hello, self.handshake.link.first_frame().unwrap_or_default());
        let state = Arc::clone(&self.state);
        match hello.mode {
            Mode::Xx => Err(self.decline(Refusal::MODE).await),
            Mode::XxPsk0 if !state.windows.are_open() => Err(self.decline(Refusal::MODE).await),
            // Asked of everybody before anything is computed, as whether the service is down: the id plays no part.
            Mode::Kk | Mode::KkPsk0 | Mode::XxPsk0 if state.registry.is_stale() => {
                self.attempt.suspect(Cause::RegistryStale);
                Err(self.decline(Refusal::BUSY).await)
            }
            Mode::Kk | Mode::KkPsk0 if state.is_service_down() => {
                self.attempt.suspect(Cause::ServiceDown);
                Err(self.decline(Refusal::BUSY).await)
            }
            // Whether a seat is free is asked once it is certain who it is: a device takes its own again.
            _ if !state.takes_message_1(self.attempt.from()) => Err(self.decline(Refusal::BUSY).await),
            Mode::Kk | Mode::KkPsk0 | Mode::XxPsk0 => {
                self.ephemerals = Some(host_ephemerals().map_err(AcceptError::Failed)?);
                Ok(())
            }
        }
    }

    /// Takes as long for every attempt: one Diffie-Hellman while the registry may hold cold pinnings, whose own is not
    /// computed yet, and nothing once all are warm.
    ///
    /// For a cold pinning it is the one that is missing. For a warm one, one that has expired or has another mode, and
    /// an id that nobody has, it is another, thrown away. The id plays no part in
    /// [`Registry::is_warm`](crate::Registry::is_warm).
    ///
    /// Whether the registry is warm is asked after the look-up: if it is by then, so is what was found. One case is
    /// left. A pinning that was found cold and then removed is computed later; that shows in the time of one attempt.
    fn level(&self, pinned: Option<&Pinned>) {
        let state = &self.state;
        if state.registry.is_warm() {
            return;
        }
        match pinned.filter(|pinned| !pinned.is_warm()) {
            Some(cold) => cold.warm(&state.identity),
            None => drop(black_box(multiply(&state.identity, state.decoy.public_key()))),
        }
    }

    /// Why this pinning may not answer this hello, if it may not.
    fn misfit(&self, pinned: &Pinned) -> Option<Cause> {
        let expired = pinned.is_expired(self.state.clock.now()); // asked whatever the mode: that takes time as well
        if self.hello.is_none_or(|hello| hello.mode != pinned.mode()) {
            return Some(Cause::OtherMode);
        }
        expired.then_some(Cause::Expired)
    }

    /// Message 2, and then the first record.
    async fn answer(&mut self, pinned: &Pinned) -> Result<(), AcceptError> {
        let state = Arc::clone(&self.state);
        if let Some(cause) = self.misfit(pinned) {
            self.attempt.suspect(cause);
            pinned.read_through();
            return Err(self.play_with(None).await);
        }
        let (Some(mut ephemerals), Some(pinning)) = (self.ephemerals.take(), pinned.pinning(&state.identity))
        else {
            return Err(self.play_with(None).await);
        };
        let Handshake { link, slot, .. } = &mut self.handshake;
        let ephemeral = link.first_frame().and_then(ephemeral);
        let answered = link.answer_kk(pinning, &mut ephemerals);
        answered.map_err(|error| Attempt::verdict(error.into()))?;
        // If there are keys, message 1 opened.
        if let Some(ephemeral) = ephemeral.filter(|_| link.handshake_hash().is_some()) {
            self.attempt.answered();
            let source = self.attempt.from().map(Into::into);
            match slot.opened(state.sessions.standing(source), ephemeral) {
                Some(displaced) => state.displaced(displaced),
                None => return Err(AcceptError::Displaced),
            }
        }
        self.handshake.until(self.deadline).await.map(|_done| ())
    }

    /// Does the work that a known device costs, with the keys of `nobody`, or of a decoy if those do not fit the mode,
    /// and then refuses.
    async fn play_with(&mut self, nobody: Option<&Pinned>) -> AcceptError {
        let state = Arc::clone(&self.state);
        let Some(id) = self.hello.and_then(|hello| hello.id) else {
            return self.decline(Refusal::REFUSED).await;
        };
        let known =
            Pinning { id, identity: &state.identity, peer: &state.decoy, psk: Some(&state.decoy_psk) };
        let nobody = nobody.and_then(|nobody| nobody.pinning(&state.identity)).unwrap_or(known);
        let turned = self.handshake.link.turn_away(nobody);
        self.refusal_out(turned).await
    }

    async fn decline(&mut self, refusal: Refusal) -> AcceptError {
        let declined = self.handshake.link.refuse(refusal);
        self.refusal_out(declined).await
    }

    async fn refusal_out(&mut self, staged: Result<(), lowkey_transport::Error>) -> AcceptError {
        match staged {
            Err(error) => AcceptError::Failed(error.into()),
            Ok(()) => match self.handshake.until(self.deadline).await {
                Err(error) => error,
                Ok(_) => AcceptError::Failed(lowkey_transport::Error::OutOfTurn.into()),
            },
        }
    }

    /// A confirmed session takes its seat, unless there is none, its pinning is gone or has expired by now, or nobody
    /// knows whether it is.
    async fn seat(self, pinned: Arc<Pinned>) -> Result<Connection<Io>, AcceptError> {
        let Handshake { io, link, input, mut slot } = self.handshake;
        let state = &self.state;
        let mut attempt = self.attempt;
        let connection = Connection::new(io, link, input, pinned.key());
        let (from, mut known) = (attempt.from(), (pinned, self.generation));
        let (refusal, cause) = loop {
            let Some((pinned, generation)) = state.still(known.0, known.1) else {
                break (Refusal::REFUSED, Cause::UnknownId);
            };
            // It had not when it got message 2; since then a handshake's time may have passed.
            if pinned.is_expired(state.clock.now()) {
                break (Refusal::REFUSED, Cause::Expired);
            }
            // It was not when the hello came. One that gets stale behind this is found by the next sweep.
            if state.registry.is_stale() {
                break (Refusal::BUSY, Cause::RegistryStale);
            }
            match state.sessions.seat(&pinned, generation, from, connection.shared()) {
                Ok(seat) => {
                    attempt.confirmed(pinned.device().name());
                    let session = seat.number();
                    state.counters.observed.tell(&Event::Confirmed { session, pinned: &pinned, from });
                    state.confirmed(&pinned);
                    return Ok(connection.of(pinned, from).seated(seat));
                }
                // The registry was exchanged since it was asked.
                Err(NoSeat::Outdated) if state.registry.generation() > generation => {
                    known = (pinned, generation);
                }
                Err(_) if state.sessions.are_full() => break (Refusal::BUSY, Cause::NoSeat),
                Err(_) => break (Refusal::BUSY, Cause::NoSeatOfAddress),
            }
        };
        attempt.suspect(cause);
        let error = attempt.failed(AcceptError::Refused(refusal));
        slot.answered();
        // The refusal is on its way; whether it arrives makes no difference here.
        let _ = slot.hold(connection.finish_until(self.deadline)).await;
        Err(error)
    }

    async fn fail(self, error: AcceptError) -> AcceptError {
        let Handshake { io, slot, .. } = self.handshake;
        turned_away(self.attempt, io, slot, self.deadline, error).await
    }
}

/// Counts and hangs up. A refusal has time to arrive, in which the attempt keeps its slot.
async fn turned_away<Io: AsyncRead + AsyncWrite + Unpin>(
    attempt: Attempt,
    mut io: Io,
    mut slot: Slot,
    deadline: Instant,
    error: AcceptError,
) -> AcceptError {
    let error = attempt.failed(error);
    if matches!(error, AcceptError::Refused(_)) {
        let until = deadline.min(Instant::now() + parting::STRANGERS_TIME);
        slot.answered();
        let _ = slot.hold(parting::see_off(&mut io, until, parting::STRANGERS_BYTES)).await;
    }
    error
}

impl<Io: fmt::Debug> fmt::Debug for LazyAccept<Io> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let io = &self.handshake.io;
        f.debug_struct("LazyAccept").field("io", io).field("hello", &self.hello).finish_non_exhaustive()
    }
}

/// A stream, its link, and its slot among those who wait.
struct Handshake<'k, Io> {
    io: Io,
    link: Link<'k, Vec<u8>>,
    input: Input,
    slot: Slot,
}

impl<Io: AsyncRead + AsyncWrite + Unpin> Handshake<'_, Io> {
    /// Plays on until there is a hello or all is done.
    async fn until(&mut self, deadline: Instant) -> Result<Step, AcceptError> {
        let Self { io, link, input, slot } = self;
        let play = async {
            loop {
                match link.step()? {
                    step @ (Step::Hello | Step::Claim | Step::Done) => return Ok::<_, Error>(step),
                    step => exchange(io, link, input, step).await?,
                }
            }
        };
        match slot.hold(timeout_at(deadline, play)).await {
            Some(Ok(result)) => result.map_err(Attempt::verdict),
            Some(Err(_)) => Err(AcceptError::TimedOut),
            None => Err(AcceptError::Displaced),
        }
    }
}

/// The ephemeral of the message 1 in a first frame: behind version, mode, and the id with its length.
fn ephemeral(first_frame: &[u8]) -> Option<[u8; 32]> {
    let id = usize::from(*first_frame.get(2)?);
    first_frame.get(3 + id..)?.first_chunk().copied()
}

#[cfg(test)]
mod tests;
