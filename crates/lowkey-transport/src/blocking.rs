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

mod lent_link;
mod message;
mod moving;
mod ready;

pub use lent_link::{Holds, LentLink};
pub use message::MessageWriter;

use crate::calls::calls_over;
use crate::error::Error;
use crate::hello::Hello;
use crate::limits::{Buffer, Buffers};
use crate::link::{Link, Step};
use crate::mailbox::Mailbox;
#[cfg(feature = "numbered")]
use crate::numbered::{Acks, Outbox};
use crate::pairing::{Keeper, PairError, Pairing, Window};
use crate::pinning::Pinning;
use crate::record::Fragment;
use core::marker::PhantomData;
use embedded_io::{Read, Write};
#[cfg(feature = "numbered")]
use lowkey_core::numbered::{DIGEST_LEN, Memory};
use lowkey_core::{Entropy, Ephemerals, Peer, PinStore};

/// An open channel and its stream.
///
/// Holding one tells you that the peer holds the pinned key and took part in this handshake.
/// `Read` and `Write` move bytes and ignore where messages end.
///
/// `L` is what holds its link: the [`Link`] itself, or a [`LentLink`].
pub struct Channel<Io, B, L = Link<'static, B>> {
    link: L,
    io: Io,
    /// A read has come to its time-out, so the next one will not wait for ever.
    read_gives_up: bool,
    memory: PhantomData<B>,
}

calls_over!(embedded_io; L of 'k);

impl<Io, B: Buffer> Channel<Io, B> {
    /// The channel of a link that is done.
    #[inline(never)] // what is moved here lies in no frame beneath the multiplications
    fn open(io: Io, link: Link<'_, B>) -> Self {
        Self { link: link.settle(), io, read_gives_up: false, memory: PhantomData }
    }
}

impl<'l, 'k, Io: Read + Write, B: Buffer> Channel<Io, B, LentLink<'l, 'k, B>> {
    /// [`Channel::connect`] for firmware that counts the bytes of its stack and flash: the link stays where it is, in
    /// its handshake and afterwards. What is moved lies twice on the stack, beneath the multiplications.
    ///
    /// # Errors
    /// As [`Channel::connect`]. [`Link::into_buffers`] gives the memory for the next attempt.
    pub fn connect_in(mut io: Io, link: &'l mut Link<'k, B>) -> Result<Self, Error> {
        play(&mut io, link, |link| link.play(|_| Err(Error::OutOfTurn)))?;
        Ok(Self::on_lent(io, link))
    }

    /// As [`Self::connect_in`] is to [`Channel::connect`], to [`Channel::accept`].
    ///
    /// # Errors
    /// As [`Channel::accept`]. [`Link::into_buffers`] gives the memory for the next attempt.
    pub fn accept_in<E: Entropy>(
        mut io: Io,
        link: &'l mut Link<'k, B>,
        ephemerals: &mut Ephemerals<E>,
        pinning_of: impl Fn(&Hello) -> Option<Pinning<'k>>,
    ) -> Result<Self, Error> {
        play(&mut io, link, |link| link.play(|link| link.answer(ephemerals, &pinning_of)))?;
        Ok(Self::on_lent(io, link))
    }

    fn on_lent(io: Io, link: &'l mut Link<'k, B>) -> Self {
        Self { link: LentLink(link), io, read_gives_up: false, memory: PhantomData }
    }
}

impl<'k, Io: Read + Write, B: Buffer, L: Holds<'k, B>> Channel<Io, B, L> {
    /// Begins a message of any length.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub fn message(&mut self) -> Result<MessageWriter<'_, Io, B, L>, Error> {
        self.link_mut().may_begin()?;
        Ok(MessageWriter::new(self))
    }
}

impl<'k, Io, B: Buffer, L: Holds<'k, B>> Channel<Io, B, L> {
    fn link(&self) -> &Link<'k, B> {
        self.link.get()
    }

    fn link_mut(&mut self) -> &mut Link<'k, B> {
        self.link.get_mut()
    }
}
