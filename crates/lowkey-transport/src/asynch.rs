//! The async channel, over any embedded-io-async stream.
//!
//! # Cancel safety
//! Every future of this module may be dropped at any await without losing or repeating a byte that was accepted, as far as
//! the same holds for the stream's own `read` and `write`. What sends was not accepted then, and what receives has taken
//! nothing: call again with the same arguments, or with others. Where a call says more, it says so.
//!
//! While the stream takes nothing, a channel reads: what has come waits for the next `recv`, PINGs are answered, the peer's
//! end is seen. So two sides that both send never wait for each other, if they receive. A channel that is not split drops
//! futures of its stream for that; a stream that loses bytes by it is to be given as a [`Duplex`] and split, which holds
//! its futures.

mod duplex;
mod halves;
pub(crate) mod joint;
mod message;
mod moving;
mod receiver;
mod sender;
pub(crate) mod share;

pub use duplex::Duplex;
pub use halves::{OwnedHalves, OwnedReceiver, OwnedSender};
pub use joint::Joint;
pub use message::{MessageWriter, Sends};
pub use receiver::Receiver;
pub use sender::Sender;
pub use share::{OneTask, Shares};

use crate::asked::asked_of;
#[cfg(doc)]
use crate::blocking;
use crate::limits::Buffer;
use crate::link::Link;
use crate::mailbox::Mailbox;
use crate::pinning::Pinning;
use crate::record::Fragment;
use crate::{Error, Hello};
use core::cell::Cell;
use core::task::Waker;
use embedded_io_async::{Read, Write};
use lowkey_core::{Entropy, Ephemerals};

/// An open channel and its stream.
///
/// Holding one tells you what a [`blocking::Channel`] does. `Read` and `Write` move bytes and ignore where messages end.
pub struct Channel<Io, B> {
    link: Link<'static, B>,
    io: Io,
    /// The sending half, while it waits for what the receiving half hears.
    listener: Cell<Option<Waker>>,
}

impl<Io: Read + Write, B: Buffer> Channel<Io, B> {
    /// As [`blocking::Channel::connect`]. Dropped, the attempt is over.
    ///
    /// # Errors
    /// As [`blocking::Channel::connect`].
    pub async fn connect(io: Io, link: Link<'_, B>) -> Result<Self, Error> {
        moving::play(io, link, |_| Err(Error::OutOfTurn)).await
    }

    /// As [`blocking::Channel::accept`]. Dropped, the attempt is over.
    ///
    /// # Errors
    /// As [`blocking::Channel::accept`].
    pub async fn accept<'k, E: Entropy>(
        io: Io,
        link: Link<'k, B>,
        ephemerals: &mut Ephemerals<E>,
        pinning_of: impl Fn(&Hello) -> Option<Pinning<'k>>,
    ) -> Result<Self, Error> {
        moving::play(io, link, |link| link.answer(ephemerals, &pinning_of)).await
    }

    /// As [`blocking::Channel::send`].
    ///
    /// # Errors
    /// As [`blocking::Channel::send`].
    pub async fn send(&mut self, message: &[u8]) -> Result<(), Error> {
        self.sends(|link| link.send(message)).await
    }

    /// As [`blocking::Channel::message`].
    ///
    /// # Errors
    /// As [`blocking::Channel::send`].
    pub fn message(&mut self) -> Result<MessageWriter<'_, Self>, Error> {
        self.link.may_begin()?;
        Ok(MessageWriter::new(self))
    }

    /// As [`blocking::Channel::recv`].
    ///
    /// # Errors
    /// As [`blocking::Channel::recv`].
    pub async fn recv(&mut self) -> Result<Option<Fragment<'_>>, Error> {
        self.receives(Link::receive).await?;
        Ok(self.link.take())
    }

    /// As [`blocking::Channel::recv_message`]. Dropped, repeat the call with the same bytes at the front of `message`.
    ///
    /// # Errors
    /// As [`blocking::Channel::recv_message`].
    pub async fn recv_message(&mut self, message: &mut [u8]) -> Result<Option<usize>, Error> {
        self.receives(|link| link.recv_message(message)).await
    }

    /// As [`blocking::Channel::deliver`]. Dropped, every message that has not left is still in the mailbox or goes on leaving;
    /// call again.
    ///
    /// # Errors
    /// As [`blocking::Channel::deliver`].
    pub async fn deliver<const LEN: usize, const N: usize>(
        &mut self,
        mailbox: &Mailbox<LEN, N>,
    ) -> Result<usize, Error> {
        self.sends(|link| link.deliver(mailbox)).await
    }

    /// As [`blocking::Channel::ping`].
    ///
    /// # Errors
    /// As [`blocking::Channel::ping`].
    pub async fn ping(&mut self, body: &[u8]) -> Result<(), Error> {
        self.sends(|link| link.ping(body)).await
    }

    /// As [`blocking::Channel::flush`].
    ///
    /// # Errors
    /// As [`blocking::Channel::flush`].
    pub async fn flush(&mut self) -> Result<(), Error> {
        self.sends(Link::flush).await
    }

    /// As [`blocking::Channel::close`]. Dropped, our direction has ended all the same; call again to have the CLOSE leave.
    ///
    /// # Errors
    /// As [`blocking::Channel::close`].
    pub async fn close(&mut self) -> Result<(), Error> {
        self.link.close()?;
        self.flush().await
    }

    /// As [`blocking::Channel::finish`]. Give it a deadline: a peer may talk on for ever. Dropped, call again, or let go.
    ///
    /// # Errors
    /// As [`blocking::Channel::finish`].
    pub async fn finish(&mut self) -> Result<(), Error> {
        self.link.close()?;
        while self.recv().await?.is_some() {}
        self.flush().await
    }
}

asked_of!(Channel);

impl<Io, B: Buffer> Channel<Io, B> {
    /// The channel of a link that is done.
    fn open(io: Io, link: Link<'_, B>) -> Self {
        Self { link: link.settle(), io, listener: Cell::new(None) }
    }
}

impl<Io: Read + Write, B: Buffer> Read for Channel<Io, B> {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, Error> {
        self.receives(|link| link.read(buf)).await
    }
}

impl<Io: Read + Write, B: Buffer> Write for Channel<Io, B> {
    /// Gathers bytes as a [`blocking::Channel`] does.
    async fn write(&mut self, buf: &[u8]) -> Result<usize, Error> {
        self.sends(|link| link.write(buf)).await
    }

    async fn flush(&mut self) -> Result<(), Error> {
        self.sends(Link::flush).await
    }
}
