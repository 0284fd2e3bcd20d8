//! A connection without I/O: the one heart of the blocking and the async channel, of the tokio
//! server and of the C library.

mod answer;
mod initiate;
mod memory;
#[cfg(feature = "numbered")]
mod numbered;
mod receiving;
mod sending;
mod settle;
mod state;

use crate::error::Error;
use crate::incoming::Incoming;
use crate::keyed::{Keyed, Ours};
use crate::limits::{Buffer, Buffers};
use crate::numbers::{Numbers, Shown};
use crate::outgoing::Outgoing;
use crate::parameters::Parameters;
use core::cell::RefCell;
use core::convert::Infallible;
use lowkey_core::fill;
use lowkey_core::{PublicKey, Session, wipe_dead_stack};
use state::Phase;
pub(crate) use state::State;

/// What a handshake needs next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Read from the stream.
    Read,
    /// Write what is unsent.
    Write,
    /// Responder: look at [`Link::hello`] and answer it.
    Hello,
    /// XX: judge [`Link::proven_key`], then [`Link::accept`] it (store it first), or close.
    Claim,
    /// KK: the channel is open, the peer has been authenticated. XX: both keys are stored; close.
    Done,
}

/// A connection without I/O, in its handshake and after it; `'k` is how long the keys of the handshake are lent.
///
/// Holding one that is `Done` tells you that the peer holds the pinned key and has taken part in
/// this very handshake. It does not tell you that it is still there.
///
/// A driver moves bytes and nothing else. It writes what [`Self::unsent`] shows and tells [`Self::on_write`], flushes
/// the stream and tells [`Self::on_flush`], reads into [`Self::space`] and tells [`Self::on_read`]. What comes next it
/// asks [`Self::step`] in the handshake, and afterwards the calls that send and receive, which can be repeated. A
/// repetition goes on where the call stopped; nothing is sent twice. `Pending` of what sends: write what is unsent (or,
/// if that is nothing, flush the stream), then call again with the same arguments. `Pending` of what receives: write
/// what is unsent as far as the stream takes it, read, and call again.
pub struct Link<'k, B> {
    pub(crate) incoming: Incoming<B>,
    pub(crate) outgoing: Outgoing<B>,
    /// In a cell for the halves of a split channel, which share it on one thread.
    pub(crate) state: RefCell<State<'k, B>>,
    pub(crate) max_frame: u16,
    pub(crate) shown: Shown,
}

impl<'k, B: Buffer> Link<'k, B> {
    /// A link that has not begun. [`Self::initiate_kk`] and its kin begin it as the initiator, [`Self::respond`] as the
    /// responder.
    ///
    /// They work on it where it is. A firmware that counts the bytes of its stack puts it where it will stay, and
    /// begins then: what is moved lies twice on the stack, beneath the multiplications of the handshake.
    #[inline(never)] // so that it is made in one place only
    pub fn new(buffers: Buffers<B>) -> Self {
        let Buffers { incoming, outgoing, max_frame, max_message, shown } = buffers;
        Self {
            incoming: Incoming::new(incoming, max_message),
            outgoing: Outgoing::new(outgoing),
            state: RefCell::new(State::Idle),
            max_frame,
            shown,
        }
    }

    /// The same link without what its handshake has borrowed, once that is over. One whose handshake is not over has
    /// not begun any more.
    pub fn settle<'l>(self) -> Link<'l, B> {
        let Self { mut incoming, mut outgoing, state, max_frame, shown } = self;
        let state = state.into_inner().settle();
        if let State::Idle = state {
            incoming.inlet.release();
            outgoing.outlet.release();
        }
        Link { incoming, outgoing, state: RefCell::new(state), max_frame, shown }
    }

    /// The memory of a link that is not needed any more, for another one. What was gathered in it is wiped, a mailbox's
    /// message goes back, and what was unsent is lost.
    pub fn into_buffers(self) -> Buffers<B> {
        let Self { incoming, mut outgoing, max_frame, shown, .. } = self;
        outgoing.end();
        let (incoming, max_message) = incoming.into_buffer();
        Buffers { incoming, outgoing: outgoing.into_buffer(), max_frame, max_message, shown }
    }
}

/// Moving bytes.
impl<'k, B: Buffer> Link<'k, B> {
    /// What the stream has to take next. What was gathered becomes a record, and an owed PONG is staged if nothing else
    /// is on its way.
    ///
    /// # Errors
    /// The error that ended the link.
    pub fn unsent(&mut self) -> Result<&[u8], Error> {
        let Self { outgoing, state, .. } = self;
        let prepared = state.get_mut().keyed().and_then(|keyed| match keyed {
            Some(keyed) => outgoing.make_room(keyed).map(drop),
            None => Ok(()),
        });
        self.or_end(prepared)?;
        Ok(self.outgoing.outlet.unsent())
    }

    /// Whether there is something that the stream has to take; what is only gathered is not.
    pub fn has_unsent(&self) -> bool {
        !self.outgoing.outlet.unsent().is_empty()
    }

    /// Says what came of writing what was unsent: how many bytes the stream took, at least 1.
    ///
    /// # Errors
    /// [`Error::Io`]: after `TimedOut` and `Interrupted` the link goes on, after any other kind it is over.
    pub fn on_write<E: embedded_io::Error>(&mut self, write: Result<usize, E>) -> Result<(), Error> {
        let written = self.outgoing.on_write(write);
        self.or_end(written)
    }

    /// Whether the stream may still hold back some of what it took: flush it before waiting for an answer.
    pub fn is_unflushed(&self) -> bool {
        self.outgoing.outlet.is_unflushed()
    }

    /// Says what came of flushing the stream.
    ///
    /// # Errors
    /// As [`Self::on_write`].
    pub fn on_flush<E: embedded_io::Error>(&mut self, flush: Result<(), E>) -> Result<(), Error> {
        let flushed = self.outgoing.on_flush(flush);
        self.or_end(flushed)
    }

    /// Where the next bytes of the stream go. Empty while a whole frame waits to be looked at: do not read then. A read
    /// into nothing gives 0, which says to [`Self::on_read`] that the stream has ended.
    pub fn space(&mut self) -> &mut [u8] {
        self.incoming.inlet.space()
    }

    /// Says what came of reading into [`Self::space`]: how many bytes came; 0 says that the stream has ended.
    ///
    /// # Errors
    /// The link is over: [`Error::EmptyFrame`] and [`Error::FrameTooLong`] as soon as a frame's length is known,
    /// [`Error::HungUp`], [`Error::Truncated`], [`Error::AfterClose`]. [`Error::Io`] as of [`Self::on_write`].
    pub fn on_read<E: embedded_io::Error>(&mut self, read: Result<usize, E>) -> Result<(), Error> {
        let end = match self.state.get_mut() {
            State::Over(error) => return Err(*error),
            state => state.stream_end(),
        };
        let taken = self.incoming.on_read(read, end);
        self.or_end(taken)
    }

    /// Puts bytes of the stream that a driver has already into [`Self::space`], up to the end of a frame; returns how
    /// many.
    ///
    /// # Errors
    /// As [`Self::on_read`].
    pub fn feed(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        self.state.get_mut().alive()?;
        let mut rest = bytes;
        loop {
            let n = fill(self.space(), rest);
            if n == 0 {
                return Ok(bytes.len().wrapping_sub(rest.len())); // its end
            }
            self.on_read(Ok::<_, Infallible>(n))?;
            rest = rest.get(n..).unwrap_or_default();
        }
    }

    /// Whether the link goes on.
    ///
    /// # Errors
    /// The error that ended it.
    pub fn alive(&self) -> Result<(), Error> {
        self.look(State::alive)
    }

    /// Ends the link, unless the error leaves it usable; every later call gives the first such error.
    #[inline(never)] // a call is smaller
    pub fn fail(&mut self, error: Error) -> Error {
        if error.is_recoverable() { error } else { self.over(error) }
    }

    /// The same with an error of any kind.
    pub(crate) fn over(&mut self, error: Error) -> Error {
        self.incoming.end();
        self.outgoing.end();
        self.state.get_mut().over(error)
    }

    /// Ends both directions with an error that came up in one.
    fn or_end<T>(&mut self, result: Result<T, Error>) -> Result<T, Error> {
        result.map_err(|error| self.fail(error))
    }

    /// What can be done without changing the state. No half of a split channel is at work meanwhile: that borrows all
    /// of it.
    fn look<T>(&self, look: impl FnOnce(&State<'k, B>) -> Result<T, Error>) -> Result<T, Error> {
        look(&*self.state.try_borrow().map_err(|_| Error::Bug)?)
    }
}

/// The handshake (protocol §3).
impl<'k, B: Buffer> Link<'k, B> {
    /// Looks at what has come and says what is needed next.
    ///
    /// # Errors
    /// The link is over: [`Error::Refused`], [`Error::Declined`], [`Error::Handshake`],
    /// [`Error::Hello`], [`Error::Parameters`], [`Error::PeerKey`], [`Error::NotWelcome`]; or what ended
    /// it before. [`Error::OutOfTurn`]: it has not begun.
    pub fn step(&mut self) -> Result<Step, Error> {
        loop {
            if !self.unsent()?.is_empty() {
                return Ok(Step::Write);
            }
            match self.state.get_mut() {
                State::Idle => return Err(Error::OutOfTurn),
                State::Awaiting(..) if !self.incoming.inlet.is_full() => return Ok(Step::Read),
                State::Awaiting(play, _) => {
                    let play = *play;
                    let played = play(self);
                    wipe_handshake_stack();
                    self.or_end(played)?;
                }
                State::Asked(_) => return Ok(Step::Hello),
                State::Declining(error) => {
                    let error = *error;
                    return Err(self.fail(error));
                }
                State::Keyed(Phase::Settling(_, hear), _) => {
                    let hear = *hear;
                    let heard = hear(self);
                    wipe_handshake_stack();
                    return self.or_end(heard);
                }
                State::Keyed(Phase::Open, _) => return Ok(Step::Done),
                State::Over(error) => return Err(*error),
            }
        }
    }

    /// The next step of a KK handshake that a driver of a stream has to take: [`Step::Write`], [`Step::Read`] or
    /// [`Step::Done`]. `answer` answers the hello.
    pub(crate) fn play(
        &mut self,
        mut answer: impl FnMut(&mut Self) -> Result<(), Error>,
    ) -> Result<Step, Error> {
        loop {
            match self.step()? {
                Step::Hello => answer(self)?,
                Step::Claim => return Err(Error::OutOfTurn),
                step => return Ok(step),
            }
        }
    }

    /// The static key that the peer has proven, from [`Step::Claim`] or [`Step::Done`] on. In KK it is the pinned one;
    /// in XX nobody has yet said that it is welcome. `None` while a responder awaits the initiator's confirmation.
    pub fn proven_key(&self) -> Option<PublicKey> {
        self.state.try_borrow().ok()?.proven_key()
    }

    /// Both sides hold keys.
    #[inline(never)] // what is moved here lies in no frame beneath the multiplications
    fn establish(&mut self, session: Session, proven: PublicKey, theirs: Parameters, phase: Phase<B>) {
        self.incoming.inlet.release();
        self.incoming.inlet.set_limit(self.max_frame.into());
        self.outgoing.seal_up_to(theirs.max_frame);
        let numbers = Numbers::agreed(&self.shown, &theirs.announced);
        *self.state.get_mut() = State::Keyed(phase, Keyed::new(session, proven, numbers));
    }
}

/// What can be asked.
impl<'k, B: Buffer> Link<'k, B> {
    /// Whether messages can be sent: the handshake is over, and neither [`Self::close`] nor an error has ended our
    /// direction.
    pub fn is_open(&self) -> bool {
        let state = self.state.try_borrow();
        state.is_ok_and(
            |state| matches!(&*state, State::Keyed(Phase::Open, keyed) if keyed.ours == Ours::Goes),
        )
    }

    /// Whether the peer's CLOSE has come, and ours has left to its last byte.
    pub fn is_closed(&self) -> bool {
        self.asks(|keyed| keyed.is_peer_closed && self.outgoing.has_ended(keyed)).unwrap_or(false)
    }

    /// How many records have been sealed; `None` while there is no key to send with.
    pub fn sealed(&self) -> Option<u64> {
        self.asks(Keyed::sealed).flatten()
    }

    /// How many records have been opened; `None` while there is no key to receive with.
    pub fn opened(&self) -> Option<u64> {
        self.asks(Keyed::opened)
    }

    /// The final handshake hash (Noise §11.2): equal on both sides, different for every handshake. `None` before there
    /// is one, and after an error has ended the link.
    pub fn handshake_hash(&self) -> Option<[u8; 32]> {
        self.asks(Keyed::handshake_hash)
    }

    fn asks<T>(&self, ask: impl FnOnce(&Keyed) -> T) -> Option<T> {
        self.state.try_borrow().ok()?.look().map(ask)
    }
}

/// Wipes the stack that a step of the handshake has used. There a state, keys and hashes are moved from frame to frame,
/// which leaves copies; all that is deeper has wiped its own.
pub(crate) fn wipe_handshake_stack() {
    wipe_dead_stack::<HANDSHAKE_WORDS>();
}

/// As deep as secrets lie on any core; a multiplication goes deeper.
const HANDSHAKE_WORDS: usize = 232;
