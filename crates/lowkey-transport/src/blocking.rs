//! The blocking channel, over any embedded-io stream.
//!
//! A stream may give up with an error of kind `TimedOut` or `Interrupted` whenever it likes: the
//! channel stays usable and the call can be repeated with the same arguments.
//!
//! A `write` that gives up with `TimedOut` says that the stream takes nothing now. Then the channel reads: what has
//! come waits for the next `recv`, PINGs are answered, the peer's end is seen. So two sides that both send never wait
//! for each other, if they receive between two tries. The reads of such a stream should give up as well: `recv` waits
//! in one, and what sends reads only once one has given up. A stream whose `write` waits for ever cannot be helped:
//! while the channel is inside it, nothing is read.

mod message;
mod moving;
mod ready;

pub use message::MessageWriter;

use crate::calls::calls_over;
use crate::error::Error;
use crate::hello::Hello;
use crate::limits::{Buffer, Buffers};
use crate::link::Link;
use crate::mailbox::Mailbox;
use crate::pairing::{Keeper, PairError, Pairing, Window};
use crate::pinning::Pinning;
use crate::record::Fragment;
use embedded_io::{Read, Write};
use lowkey_core::{Entropy, Ephemerals, Peer, PinStore};

/// An open channel and its stream.
///
/// Holding one tells you that the peer holds the pinned key and took part in this handshake.
/// `Read` and `Write` move bytes and ignore where messages end.
pub struct Channel<Io, B> {
    link: Link<'static, B>,
    io: Io,
    /// A read has come to its time-out, so the next one will not wait for ever.
    read_gives_up: bool,
}

calls_over!(embedded_io);

impl<Io: Read + Write, B: Buffer> Channel<Io, B> {
    /// Plays a KK handshake as the initiator and confirms it.
    ///
    /// # Errors
    /// The attempt is over, begin anew with a new stream and a new link: [`Error::Refused`],
    /// [`Error::Handshake`], [`Error::HungUp`], [`Error::Parameters`], [`Error::Io`] of any kind, and the
    /// errors of frames.
    pub fn connect(mut io: Io, mut link: Link<'_, B>) -> Result<Self, Error> {
        moving::play(&mut io, &mut link, |link| link.play(|_| Err(Error::OutOfTurn)))?;
        Ok(Self::open(io, link))
    }

    /// Answers a KK handshake as the responder; returns once the initiator's first record has opened.
    ///
    /// `pinning_of` is asked once, with a hello of KK or KKpsk0; `None` refuses the initiator at once,
    /// which tells a stranger that this id is not known here.
    ///
    /// # Errors
    /// The attempt is over: [`Error::Declined`], [`Error::Handshake`], [`Error::HungUp`], and those of
    /// [`Link::answer_kk`] and of frames.
    pub fn accept<'k, E: Entropy>(
        mut io: Io,
        mut link: Link<'k, B>,
        ephemerals: &mut Ephemerals<E>,
        pinning_of: impl Fn(&Hello) -> Option<Pinning<'k>>,
    ) -> Result<Self, Error> {
        moving::play(&mut io, &mut link, |link| link.play(|link| link.answer(ephemerals, &pinning_of)))?;
        Ok(Self::open(io, link))
    }

    /// [`Self::connect`] for firmware that counts the bytes of its stack: the link stays where it is until its handshake
    /// is over. What is moved lies twice on the stack, beneath the multiplications.
    ///
    /// Afterwards the link has no memory any more, and all that it gives is [`Error::OutOfTurn`].
    ///
    /// # Errors
    /// As [`Self::connect`]. The link keeps its memory: [`Link::into_buffers`] gives it for the next attempt.
    #[inline(never)] // in the caller's frame what it returns would lie once more
    pub fn connect_in(mut io: Io, link: &mut Link<'_, B>) -> Result<Self, Error>
    where
        B: Default,
    {
        moving::play(&mut io, link, |link| link.play(|_| Err(Error::OutOfTurn)))?;
        Ok(Self::open_taken(io, link))
    }

    /// As [`Self::connect_in`] is to [`Self::connect`], to [`Self::accept`].
    ///
    /// # Errors
    /// As [`Self::accept`]. The link keeps its memory.
    pub fn accept_in<'k, E: Entropy>(
        mut io: Io,
        link: &mut Link<'k, B>,
        ephemerals: &mut Ephemerals<E>,
        pinning_of: impl Fn(&Hello) -> Option<Pinning<'k>>,
    ) -> Result<Self, Error>
    where
        B: Default,
    {
        moving::play(&mut io, link, |link| link.play(|link| link.answer(ephemerals, &pinning_of)))?;
        Ok(Self::open_taken(io, link))
    }

    #[inline(never)] // as `open`
    fn open_taken(io: Io, link: &mut Link<'_, B>) -> Self
    where
        B: Default,
    {
        Self { link: link.take_settled(), io, read_gives_up: false }
    }

    /// The channel of a link that is done.
    #[inline(never)] // what is moved here lies in no frame beneath the multiplications
    fn open(io: Io, link: Link<'_, B>) -> Self {
        Self { link: link.settle(), io, read_gives_up: false }
    }

    /// Begins a message of any length.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub fn message(&mut self) -> Result<MessageWriter<'_, Io, B>, Error> {
        self.link.may_begin()?;
        Ok(MessageWriter::new(self))
    }
}
