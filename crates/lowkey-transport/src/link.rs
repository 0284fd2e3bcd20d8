//! A connection without I/O: the one heart of the blocking and the async channel, of the tokio
//! server and of the C library.
//!
//! A driver moves bytes and nothing else. It writes what [`Link::unsent`] shows and tells [`Link::on_write`], reads
//! into [`Link::space`] and tells [`Link::on_read`], and asks [`Link::step`] (in the handshake, protocol §3) or the
//! calls that send and receive (afterwards, §4) what comes next.

mod answer;
mod initiate;
mod memory;
mod settle;
mod state;

use crate::bytes::fill;
use crate::error::Error;
use crate::incoming::Incoming;
use crate::keyed::{Keyed, Ours};
use crate::limits::{Buffer, Buffers};
use crate::mailbox::Mailbox;
use crate::outgoing::Outgoing;
use crate::parameters::Parameters;
use crate::record::{Fragment, Part};
use core::cell::RefCell;
use core::convert::Infallible;
use core::task::Poll;
use lowkey_core::{PublicKey, Session, wipe_dead_stack};
use state::Phase;
pub(crate) use state::State;

/// What a handshake needs next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Write what is unsent.
    Write,
    /// Read from the stream.
    Read,
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
}

impl<'k, B: Buffer> Link<'k, B> {
    /// A link that has not begun. [`Self::initiate_kk`] and its kin begin it as the initiator, [`Self::respond`] as the
    /// responder.
    ///
    /// They work on it where it is. A firmware that counts the bytes of its stack puts it where it will stay, and
    /// begins then: what is moved lies twice on the stack, beneath the multiplications of the handshake.
    #[inline(never)] // so that it is made in one place only
    pub fn new(buffers: Buffers<B>) -> Self {
        let Buffers { incoming, outgoing, max_frame, max_message } = buffers;
        Self {
            incoming: Incoming::new(incoming, max_message),
            outgoing: Outgoing::new(outgoing),
            state: RefCell::new(State::Idle),
            max_frame,
        }
    }

    /// The same link without what its handshake has borrowed, once that is over. One whose handshake is not over has
    /// not begun any more.
    pub fn settle<'l>(self) -> Link<'l, B> {
        let Self { mut incoming, mut outgoing, state, max_frame } = self;
        let state = state.into_inner().settle();
        if let State::Idle = state {
            incoming.inbox.release();
            outgoing.outbox.release();
        }
        Link { incoming, outgoing, state: RefCell::new(state), max_frame }
    }

    /// The memory of a link that is not needed any more, for another one. What was gathered in it is wiped, a mailbox's
    /// message goes back, and what was unsent is lost.
    pub fn into_buffers(self) -> Buffers<B> {
        let Self { incoming, mut outgoing, max_frame, .. } = self;
        outgoing.end();
        let (incoming, max_message) = incoming.into_buffer();
        Buffers { incoming, outgoing: outgoing.into_buffer(), max_frame, max_message }
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
        Ok(self.outgoing.outbox.unsent())
    }

    /// Whether there is something that the stream has to take; what is only gathered is not.
    pub fn has_unsent(&self) -> bool {
        !self.outgoing.outbox.unsent().is_empty()
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
        self.outgoing.outbox.is_unflushed()
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
        self.incoming.inbox.space()
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
                return Ok(bytes.len().saturating_sub(rest.len()));
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
    pub fn fail(&mut self, error: Error) -> Error {
        let error = self.state.get_mut().end(error);
        if !error.is_recoverable() {
            self.incoming.end();
            self.outgoing.end();
        }
        error
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
                State::Awaiting(..) if !self.incoming.inbox.is_full() => return Ok(Step::Read),
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
    /// in XX nobody has yet said that it is welcome.
    pub fn proven_key(&self) -> Option<PublicKey> {
        self.state.try_borrow().ok()?.proven_key()
    }

    /// Both sides hold keys.
    #[inline(never)] // what is moved here lies in no frame beneath the multiplications
    fn establish(&mut self, session: Session, proven: PublicKey, theirs: Parameters, phase: Phase<B>) {
        self.incoming.inbox.release();
        self.incoming.inbox.set_limit(self.max_frame.into());
        self.outgoing.seal_up_to(theirs.max_frame);
        *self.state.get_mut() = State::Keyed(phase, Keyed::new(session, proven));
    }

    /// What we tell the peer inside the handshake (protocol §3).
    fn parameters(&self) -> [u8; 2] {
        Parameters { max_frame: self.max_frame }.to_bytes()
    }
}

/// Sending (protocol §4).
impl<'k, B: Buffer> Link<'k, B> {
    /// The most data that one record carries, in bytes.
    pub fn max_data(&self) -> usize {
        self.outgoing.max_data()
    }

    /// Whether a message may begin now.
    ///
    /// # Errors
    /// [`Error::NotOpen`]: not confirmed yet, or made for pairing. [`Error::Closed`], [`Error::Unfinished`]; or what
    /// ended the link.
    pub fn may_begin(&mut self) -> Result<(), Error> {
        self.sends(|outgoing, keyed| outgoing.may_begin(keyed))
    }

    /// Sends a message of at most [`Self::max_data`] bytes as one record.
    ///
    /// # Errors
    /// As [`Self::may_begin`], and [`Error::TooLong`]: nothing was sent.
    pub fn send(&mut self, message: &[u8]) -> Result<Poll<()>, Error> {
        self.sends(|outgoing, keyed| outgoing.send(message, keyed))
    }

    /// Sends the front of `bytes`, as much as one record takes, as a part of a message; returns how many bytes. It ends
    /// the message only if that is all of them: until then, send the rest. 0 bytes that do not end it send nothing.
    ///
    /// # Errors
    /// [`Error::NotOpen`], [`Error::Closed`]. [`Error::Unfinished`]: [`Self::send_rest`] has begun, and ends it. Or
    /// what ended the link.
    pub fn send_part(&mut self, bytes: &[u8], part: Part) -> Result<Poll<usize>, Error> {
        self.sends(|outgoing, keyed| outgoing.send_part(bytes, part, keyed))
    }

    /// Sends a message of any length, or the rest of one, and ends it.
    ///
    /// # Errors
    /// [`Error::NotOpen`], [`Error::Closed`]. [`Error::OutOfTurn`]: another `rest` than before, nothing was sent (seen
    /// by its length, and by the bytes of the last fragment that has gone). Or what ended the link.
    pub fn send_rest(&mut self, rest: &[u8]) -> Result<Poll<()>, Error> {
        self.sends(|outgoing, keyed| outgoing.send_rest(rest, keyed))
    }

    /// How many bytes of the rest that [`Self::send_rest`] sends have become records; 0 once all have.
    pub fn sent_of_rest(&self) -> usize {
        self.outgoing.sent_of_rest()
    }

    /// Adds the front of `bytes` to the record that is being gathered; returns how many. It becomes a record, a message
    /// of its own, when it is full and when anything else is sent or flushed. Until then it lies in the outgoing
    /// buffer, in the clear.
    ///
    /// # Errors
    /// As [`Self::may_begin`]: nothing was added.
    pub fn write(&mut self, bytes: &[u8]) -> Result<Poll<usize>, Error> {
        self.sends(|outgoing, keyed| outgoing.write(bytes, keyed))
    }

    /// Sends a PING of 0 to 32 bytes; an empty one is not answered.
    ///
    /// # Errors
    /// [`Error::NotOpen`], [`Error::Closed`], [`Error::TooLong`], [`Error::PingPending`]: nothing was sent. Or what
    /// ended the link.
    pub fn ping(&mut self, body: &[u8]) -> Result<Poll<()>, Error> {
        self.sends(|outgoing, keyed| outgoing.ping(body, keyed))
    }

    /// Whether the PONG for our last PING has not come yet. After the peer's CLOSE none comes.
    pub fn awaits_pong(&self) -> bool {
        self.asks(Keyed::is_asking).unwrap_or(false)
    }

    /// Sends what waits in a mailbox, and has it leave; returns how many messages of mailboxes have left on this link
    /// since the last `Ready`.
    ///
    /// # Errors
    /// As [`Self::may_begin`]. [`Error::Unfinished`]: a message of another mailbox has left in part.
    /// [`Error::OutOfTurn`]: another link is amid this mailbox's message, or as many mailboxes as may be have one on
    /// its way. Messages that have not left to their last byte stay in the mailbox.
    pub fn deliver<const LEN: usize, const N: usize>(
        &mut self,
        mailbox: &Mailbox<LEN, N>,
    ) -> Result<Poll<usize>, Error> {
        self.sends(|outgoing, keyed| outgoing.deliver(mailbox, keyed))
    }

    /// `Ready` once the stream has taken everything, what was gathered as well, and has handed it on.
    ///
    /// # Errors
    /// What ended the link.
    pub fn flush(&mut self) -> Result<Poll<()>, Error> {
        let all_taken = self.unsent()?.is_empty();
        Ok(if all_taken && !self.is_unflushed() { Poll::Ready(()) } else { Poll::Pending })
    }

    /// Ends our direction, once; nothing can be sent afterwards. What is unsent leaves first, then our CLOSE:
    /// both are still to be written. In a pairing it refuses the peer: when it has left, [`Self::step`] gives
    /// [`Error::Declined`].
    ///
    /// # Errors
    /// [`Error::NotOpen`]: the handshake is not over. Or what ended the link.
    pub fn close(&mut self) -> Result<(), Error> {
        let keyed = self.state.get_mut().closable()?;
        let closed = self.outgoing.close(keyed);
        self.or_end(closed)
    }

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
        self.asks(|keyed| keyed.handshake_hash)
    }

    fn asks<T>(&self, ask: impl FnOnce(&Keyed) -> T) -> Option<T> {
        self.state.try_borrow().ok()?.look().map(ask)
    }

    fn sends<T>(
        &mut self,
        call: impl FnOnce(&mut Outgoing<B>, &mut Keyed) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let Self { outgoing, state, .. } = self;
        let sent = state.get_mut().open().and_then(|keyed| call(outgoing, keyed));
        self.or_end(sent)
    }
}

/// Receiving (protocol §4).
impl<'k, B: Buffer> Link<'k, B> {
    /// Opens what has come: `Some` if a fragment waits to be taken, `None` after the peer's CLOSE. A PONG may have come
    /// to be owed.
    ///
    /// # Errors
    /// The link is over: [`Error::Record`], [`Error::Kind`], [`Error::FrameTooShort`], [`Error::Truncated`],
    /// [`Error::MessageTooLong`]; or what ended it before. [`Error::NotOpen`]: the handshake is not over.
    pub fn receive(&mut self) -> Result<Poll<Option<Part>>, Error> {
        if let State::Keyed(Phase::Settling(_, hear), _) = self.state.get_mut() {
            let hear = *hear; // nothing is received in a pairing but its end
            let heard = hear(self);
            self.or_end(heard)?;
        }
        if let State::Keyed(Phase::Settling(..), keyed) = self.state.get_mut() {
            return Ok(if keyed.is_peer_closed { Poll::Ready(None) } else { Poll::Pending });
        }
        self.receives(Incoming::receive)
    }

    /// The fragment that waits, or what is left of it; afterwards it does not wait any more.
    pub fn take(&mut self) -> Option<Fragment<'_>> {
        self.incoming.take()
    }

    /// Copies what has come to the front of `out`, as a stream without messages; returns how many bytes. 0 is the
    /// peer's CLOSE, or an empty `out`.
    ///
    /// # Errors
    /// As [`Self::receive`].
    pub fn read(&mut self, out: &mut [u8]) -> Result<Poll<usize>, Error> {
        self.receives(|incoming, keyed| incoming.read(out, keyed))
    }

    /// Adds what has come to the message at the front of `message`; gives the message's length in bytes once it is
    /// whole, `None` after the peer's CLOSE. What was added before must still be there; a fragment that was taken in
    /// another way is left out, and what comes behind it is added at the front again.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`]: repeat with a larger buffer that begins with the same bytes. Others as
    /// [`Self::receive`].
    pub fn recv_message(&mut self, message: &mut [u8]) -> Result<Poll<Option<usize>>, Error> {
        self.receives(|incoming, keyed| incoming.recv_message(message, keyed))
    }

    fn receives<T>(
        &mut self,
        call: impl FnOnce(&mut Incoming<B>, &mut Keyed) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let Self { incoming, state, .. } = self;
        let received = state.get_mut().open().and_then(|keyed| call(incoming, keyed));
        self.or_end(received)
    }
}

/// Wipes the stack that a step of the handshake has used. There a state, keys and hashes are moved from frame to frame,
/// which leaves copies; all that is deeper has wiped its own.
fn wipe_handshake_stack() {
    wipe_dead_stack::<HANDSHAKE_WORDS>();
}

/// As deep as secrets lie on any core; a multiplication goes deeper.
const HANDSHAKE_WORDS: usize = 232;
