//! A connection without I/O: the one heart of the blocking and the async channel, of the tokio
//! server and of the C library.
//!
//! A driver moves bytes and nothing else. It writes what [`Link::unsent`] shows and says so with
//! [`Link::wrote`], reads into [`Link::space`] and says so with [`Link::filled`], and asks
//! [`Link::step`] (in the handshake) or [`Link::receive`] (afterwards) what comes next.

mod answer;
mod initiate;
mod memory;

use crate::Error;
use crate::control::{Control, Stage};
use crate::hello::Mode;
use crate::incoming::{Incoming, Receive};
use crate::limits::{Buffer, Buffers};
use crate::outgoing::Outgoing;
use crate::parameters::Parameters;
use crate::record::{Fragment, Part};
use crate::refusal::Refusal;
use lowkey_core::{Claim, Id, Identity, Peer, Psk, PublicKey, Session, kk::Storage, wipe_dead_stack};

/// What two sides have pinned of each other: who we are, whom we expect, and under which id.
#[derive(Clone, Copy, Debug)]
pub struct Pinning<'k> {
    /// The pinning's public name.
    pub id: Id,
    /// Our static key pair.
    pub identity: &'k Identity,
    /// The peer's static key.
    pub peer: &'k Peer,
    /// Their shared key; with one the mode is KKpsk0, without one KK, never the other.
    pub psk: Option<&'k Psk>,
}

impl Pinning<'_> {
    /// The one mode of this pinning.
    pub fn mode(&self) -> Mode {
        if self.psk.is_some() { Mode::KkPsk0 } else { Mode::Kk }
    }
}

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

/// Where the handshake stands.
enum Phase<'k, B> {
    /// Nothing has begun.
    Idle,
    /// A frame is awaited, and this is what it is for.
    Awaits(Next<'k, B>, Storage<'k>),
    /// A hello of so many bytes waits in the inbox.
    Asked(usize),
    /// The refusal goes out, then this is the error of every later call.
    Declining(Error),
    /// The handshake is over; this says whether the peer has confirmed it.
    Over(Confirm<'k, B>, Outcome),
}

/// What a link does with the handshake frame that has come. A pointer, so that firmware has in its flash
/// only the handshakes that it begins.
type Next<'k, B> = fn(&mut Link<'k, B>) -> Result<(), Error>;

/// What is missing, after the last message, until both sides are sure of each other.
type Confirm<'k, B> = fn(&mut Link<'k, B>) -> Result<Step, Error>;

/// What a handshake leaves besides keys. Public bytes: not wiped.
#[derive(Clone, Copy, Default)]
struct Outcome {
    handshake_hash: [u8; 32],
    proven: Option<PublicKey>,
}

/// A connection without I/O, in its handshake and after it; `'k` is how long the keys of the handshake are lent.
///
/// Holding one that is `Done` tells you that the peer holds the pinned key and has taken part in
/// this very handshake. It does not tell you that it is still there.
pub struct Link<'k, B> {
    pub(crate) incoming: Incoming<B>,
    pub(crate) outgoing: Outgoing<B>,
    pub(crate) control: Control,
    phase: Phase<'k, B>,
    max_frame: u16,
}

impl<'k, B: Buffer> Link<'k, B> {
    /// A link that has not begun. [`Self::initiate_kk`] and its kin begin it as the initiator, [`Self::respond`] as the
    /// responder.
    ///
    /// They work on it where it is. A firmware that counts the bytes of its stack puts it where it will stay, and begins
    /// then: what is moved lies twice on the stack, beneath the multiplications of the handshake.
    #[inline(never)] // so that it is made in one place only
    pub fn new(buffers: Buffers<B>) -> Self {
        let Buffers { incoming, outgoing, max_frame, max_message } = buffers;
        Self {
            incoming: Incoming::new(incoming, max_message),
            outgoing: Outgoing::new(outgoing),
            control: Control::new(),
            phase: Phase::Idle,
            max_frame,
        }
    }

    /// The same link without what its handshake has borrowed, once that is over. One whose handshake is not over has not
    /// begun any more.
    pub fn settle<'l>(self) -> Link<'l, B> {
        let phase = match self.phase {
            Phase::Over(_, outcome) => Phase::Over(Link::confirm, outcome),
            _ => Phase::Idle,
        };
        let Self { incoming, outgoing, control, max_frame, .. } = self;
        Link { incoming, outgoing, control, phase, max_frame }
    }
}

/// Moving bytes.
impl<'k, B: Buffer> Link<'k, B> {
    /// What the stream has to take next; an owed PONG is staged if nothing else is on its way.
    ///
    /// # Errors
    /// The error that ended the link.
    pub fn unsent(&mut self) -> Result<&[u8], Error> {
        let prepared = self.outgoing.prepare(&self.control);
        self.or_end(prepared)?;
        Ok(self.outgoing.outbox.unsent())
    }

    /// Says that the stream took `n` bytes of [`Self::unsent`].
    pub fn wrote(&mut self, n: usize) {
        self.outgoing.outbox.wrote(n);
    }

    /// Where the next bytes of the stream go; empty while a whole frame waits to be looked at.
    pub fn space(&mut self) -> &mut [u8] {
        self.incoming.inbox.space()
    }

    /// Says that the stream put `n` bytes into [`Self::space`]; 0 says that it has ended.
    ///
    /// # Errors
    /// The link is over: [`Error::EmptyFrame`] and [`Error::FrameTooLong`] as soon as a frame's length
    /// is known, [`Error::HungUp`], [`Error::Truncated`], [`Error::AfterClose`].
    pub fn filled(&mut self, n: usize) -> Result<(), Error> {
        let filled = self.incoming.filled(n, &self.control);
        self.or_end(filled)
    }

    /// Whether the link goes on.
    ///
    /// # Errors
    /// The error that ended it.
    pub fn alive(&self) -> Result<(), Error> {
        self.control.check()
    }

    /// Ends the link, unless the error leaves it usable; every later call gives the first such error.
    pub fn fail(&mut self, error: Error) -> Error {
        if error.is_recoverable() {
            return error;
        }
        if self.outcome().is_none() {
            self.phase = Phase::Idle; // the handshake's keys go with it
        }
        self.outgoing.wipe();
        self.incoming.wipe();
        self.control.fail(error)
    }

    /// Says what came of writing what was unsent.
    pub(crate) fn written<E: embedded_io::Error>(&mut self, write: Result<usize, E>) -> Result<(), Error> {
        let written = self.outgoing.written(write);
        self.or_end(written)
    }

    /// Whether the stream may still hold back some of what it took: flush it before waiting for an answer.
    pub(crate) fn is_unflushed(&self) -> bool {
        self.outgoing.outbox.is_unflushed()
    }

    /// Says what came of flushing the stream.
    pub(crate) fn flushed<E: embedded_io::Error>(&mut self, flush: Result<(), E>) -> Result<(), Error> {
        let flushed = self.outgoing.flushed(flush);
        self.or_end(flushed)
    }

    /// Says what came of reading into the space.
    pub(crate) fn given<E: embedded_io::Error>(&mut self, read: Result<usize, E>) -> Result<(), Error> {
        let given = self.incoming.given(read, &self.control);
        self.or_end(given)
    }

    /// Ends both directions with an error that came up in one.
    pub(crate) fn or_end<T>(&mut self, result: Result<T, Error>) -> Result<T, Error> {
        result.map_err(|error| self.fail(error))
    }

    fn check(&mut self) -> Result<(), Error> {
        let alive = self.control.check();
        self.or_end(alive)
    }
}

/// The handshake.
impl<'k, B: Buffer> Link<'k, B> {
    /// Looks at what has come and says what is needed next.
    ///
    /// # Errors
    /// The link is over: [`Error::Refused`], [`Error::Declined`], [`Error::Handshake`],
    /// [`Error::Hello`], [`Error::Parameters`], [`Error::PeerKey`], [`Error::NotWelcome`]; or what ended
    /// it before.
    pub fn step(&mut self) -> Result<Step, Error> {
        loop {
            let prepared = self.outgoing.prepare(&self.control);
            self.or_end(prepared)?;
            if !self.outgoing.outbox.is_empty() {
                return Ok(Step::Write);
            }
            match self.phase {
                Phase::Idle => return Err(Error::OutOfTurn),
                Phase::Asked(_) => return Ok(Step::Hello),
                Phase::Declining(error) => return Err(self.fail(error)),
                Phase::Awaits(..) if !self.incoming.inbox.is_full() => return Ok(Step::Read),
                Phase::Awaits(next, _) => {
                    let played = next(self);
                    wipe_handshake_stack();
                    self.or_end(played)?;
                }
                Phase::Over(confirm, _) => return confirm(self),
            }
        }
    }

    /// The static key that the peer has proven, from [`Step::Claim`] or [`Step::Done`] on. In KK it is the pinned one; in
    /// XX nobody has yet said that it is welcome.
    pub fn proven_key(&self) -> Option<PublicKey> {
        match self.control.stage() {
            Stage::Handshake | Stage::Unconfirmed => None,
            _ => self.outcome()?.proven,
        }
    }

    /// Says that the proven key is welcome, after [`Step::Claim`]; the caller has stored it.
    ///
    /// # Errors
    /// [`Error::OutOfTurn`]: there is no claim to accept now.
    pub fn accept(&mut self) -> Result<(), Error> {
        self.check()?;
        let next = match self.control.stage() {
            _ if self.control.is_closed() => return Err(Error::OutOfTurn), // it was refused
            Stage::Judging => Stage::AwaitBack,
            Stage::Welcomed => Stage::Paired,
            _ => return Err(Error::OutOfTurn),
        };
        self.outgoing.confirm(&self.control)?;
        self.control.set_stage(next);
        Ok(())
    }

    /// The handshake is over, and both sides hold keys.
    #[inline(never)]
    fn establish(
        &mut self,
        session: Session,
        theirs: Parameters,
        proven: Option<PublicKey>,
        (stage, confirm): (Stage, Confirm<'k, B>),
    ) {
        let handshake_hash = *session.handshake_hash();
        self.incoming.open_with(session.opener, self.max_frame);
        self.outgoing.seal_with(session.sealer, theirs.max_frame);
        self.control.set_stage(stage);
        self.phase = Phase::Over(confirm, Outcome { handshake_hash, proven });
    }

    /// XX: both sides hold keys. Until somebody judges the peer's, the stage lets nothing through.
    #[inline(never)]
    fn claimed(&mut self, claim: Claim, theirs: Parameters, stage: Stage) {
        let proven = claim.public_key();
        self.establish(claim.accept(), theirs, Some(proven), (stage, Self::confirm));
    }

    /// The initiator of KK is sure as soon as message 2 has opened.
    fn is_sure(&mut self) -> Result<Step, Error> {
        Ok(Step::Done)
    }

    /// After the last handshake message: the records that make both sides sure of each other.
    fn confirm(&mut self) -> Result<Step, Error> {
        if self.control.is_closed() && !matches!(self.control.stage(), Stage::Open | Stage::Paired) {
            return Err(self.fail(Error::Declined(Refusal::REFUSED)));
        }
        if matches!(self.control.stage(), Stage::Unconfirmed | Stage::AwaitWelcome | Stage::AwaitBack)
            && self.receive()? == Receive::End
            && self.control.stage() != Stage::Open
        {
            return Err(self.fail(Error::NotWelcome));
        }
        Ok(match self.control.stage() {
            Stage::Handshake | Stage::Unconfirmed | Stage::AwaitWelcome | Stage::AwaitBack => Step::Read,
            Stage::Judging | Stage::Welcomed => Step::Claim,
            Stage::Open | Stage::Paired => Step::Done,
        })
    }
}

/// Records.
impl<'k, B: Buffer> Link<'k, B> {
    /// Opens what has come and says what is there. [`Receive::Read`]: first write what is unsent, a PONG
    /// may have come to be owed.
    ///
    /// # Errors
    /// The link is over: [`Error::Record`], [`Error::Kind`], [`Error::FrameTooShort`],
    /// [`Error::Truncated`], [`Error::MessageTooLong`]; or what ended it before.
    pub fn receive(&mut self) -> Result<Receive, Error> {
        let received = self.incoming.receive(&self.control);
        self.or_end(received)
    }

    /// The fragment that waits, or what is left of it; afterwards it does not wait any more.
    pub fn take(&mut self) -> Option<Fragment<'_>> {
        self.incoming.take()
    }

    /// Copies from the fragment that waits, and forgets what was copied; returns how many bytes.
    pub fn take_bytes(&mut self, out: &mut [u8]) -> usize {
        self.incoming.take_bytes(out)
    }

    /// Adds the fragment that waits to the message at the front of `message`; gives the message's
    /// length in bytes once it is whole. What was added before must still be there; a fragment that was
    /// taken in another way is left out, and what comes behind it is added at the front again.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`]: repeat with a larger buffer that begins with the same bytes. Or what
    /// ended the link.
    pub fn assemble(&mut self, message: &mut [u8]) -> Result<Option<usize>, Error> {
        self.check()?;
        self.incoming.assemble(message)
    }

    /// Whether a record can be staged now; otherwise what is unsent has to go first.
    ///
    /// # Errors
    /// The error that ended the link.
    pub fn has_room(&mut self) -> Result<bool, Error> {
        let has_room = self.outgoing.has_room(&self.control);
        self.or_end(has_room)
    }

    /// The most data that one record carries, in bytes.
    pub fn max_data(&self) -> usize {
        self.outgoing.max_data()
    }

    /// Whether a message may begin now.
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::NotOpen`], [`Error::Unfinished`]; or what ended the link.
    pub fn may_begin(&mut self) -> Result<(), Error> {
        let may = self.outgoing.may_begin(&self.control);
        self.or_end(may)
    }

    /// Stages the front of `data`, as much as one record takes, as a fragment; returns how many bytes.
    /// It is the last one only if all of `data` fits: until then, stage the rest.
    ///
    /// The caller has asked [`Self::may_begin`] before the first fragment of a message.
    ///
    /// # Errors
    /// [`Error::OutOfTurn`]: there is no room now.
    pub fn stage(&mut self, data: &[u8], part: Part) -> Result<usize, Error> {
        let staged = self.outgoing.fragment(data, part, &self.control);
        self.or_end(staged)
    }

    /// Adds the front of `bytes` to the record that is being gathered; returns how many. A full one is sealed. Of some bytes
    /// none are added only if what is unsent has to go first.
    ///
    /// What is not full yet is no record: [`Self::unsent`] does not show it, it lies in the outgoing buffer in the clear, and
    /// nothing else can be staged. [`Self::seal_gathered`] ends that.
    ///
    /// # Errors
    /// As [`Self::may_begin`]: nothing was added.
    pub fn gather(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        let gathered = self.outgoing.gather(bytes, &self.control);
        self.or_end(gathered)
    }

    /// Makes what was gathered a record, a message of its own, which is unsent then. Without it nothing happens.
    ///
    /// A driver that gathers calls it before it sends anything else, before it waits for the peer, and to flush.
    ///
    /// # Errors
    /// The error that ended the link.
    pub fn seal_gathered(&mut self) -> Result<(), Error> {
        let sealed = self.outgoing.seal_gathered(&self.control);
        self.or_end(sealed)
    }

    /// Stages a PING of 0 to 32 bytes; an empty one is not answered.
    ///
    /// # Errors
    /// [`Error::TooLong`], [`Error::PingPending`], [`Error::OutOfTurn`]: there is no room now.
    pub fn ping(&mut self, body: &[u8]) -> Result<(), Error> {
        let staged = self.outgoing.ping(body, &self.control);
        self.or_end(staged)
    }

    /// How many records have been sealed; `None` while there is no key to send with.
    pub fn sealed(&self) -> Option<u64> {
        self.outgoing.sealed()
    }

    /// How many records have been opened; `None` while there is no key to receive with.
    pub fn opened(&self) -> Option<u64> {
        self.incoming.opened()
    }

    /// Whether the PONG for our last PING has not come yet. After the peer's CLOSE none comes.
    pub fn awaits_pong(&self) -> bool {
        self.control.is_asking()
    }

    /// Ends our direction, once; nothing can be sent afterwards. Our CLOSE leaves behind what is unsent. In a pairing it
    /// refuses the peer: when it has left, [`Self::step`] gives [`Error::Declined`].
    ///
    /// # Errors
    /// [`Error::NotOpen`]: the handshake is not over. Or what ended the link.
    pub fn close(&mut self) -> Result<(), Error> {
        let staged = self.outgoing.close(&self.control);
        self.or_end(staged)
    }

    /// Whether [`Self::close`] has ended our direction.
    pub fn has_closed(&self) -> bool {
        self.control.is_closed()
    }

    /// Whether the peer's CLOSE has come, and ours has left to its last byte.
    pub fn is_closed(&self) -> bool {
        self.control.is_peer_closed() && self.outgoing.has_ended(&self.control)
    }

    /// The final handshake hash (Noise §11.2): equal on both sides, different for every handshake. All
    /// zeros before there is one.
    pub fn handshake_hash(&self) -> &[u8; 32] {
        self.outcome().map_or(&[0; 32], |outcome| &outcome.handshake_hash)
    }

    fn outcome(&self) -> Option<&Outcome> {
        match &self.phase {
            Phase::Over(_, outcome) => Some(outcome),
            _ => None,
        }
    }
}

/// Wipes the stack that a step of the handshake has used. There a state, keys and hashes are moved from frame to frame,
/// which leaves copies; all that is deeper has wiped its own.
fn wipe_handshake_stack() {
    wipe_dead_stack::<HANDSHAKE_WORDS>();
}

/// As deep as secrets lie on any core; a multiplication goes deeper.
const HANDSHAKE_WORDS: usize = 232;
