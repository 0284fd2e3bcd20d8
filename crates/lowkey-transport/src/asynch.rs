//! The async channel, over any embedded-io-async stream.
//!
//! Every future of this module may be dropped at any await without losing or repeating a byte that
//! was accepted, as far as the same holds for the stream's own `read` and `write`.
//!
//! While the stream takes nothing, a channel reads: what has come waits for the next `recv`, PINGs are answered, the peer's
//! end is seen. So two sides that both send never wait for each other, if they receive. A channel that is not split drops
//! futures of its stream for that; a stream that loses bytes by it is to be given as a [`Duplex`] and split, which holds
//! its futures. A [`MessageWriter`] only writes.

mod halves;
mod message;
mod moving;

pub use halves::{Duplex, Receiver, Sender};
pub use message::MessageWriter;

use crate::incoming::Receive;
use crate::limits::Buffer;
use crate::link::{Link, Pinning, Step};
use crate::mailbox::{Delivery, Mailbox};
use crate::outgoing::Gathering;
use crate::record::{Fragment, Part};
use crate::{Error, Hello};
use embedded_io_async::{ErrorType, Read, Write};
use lowkey_core::{Entropy, Ephemerals};

/// An open channel and its stream.
///
/// Holding one tells you that the peer holds the pinned key and took part in this handshake.
/// `Read` and `Write` move bytes and ignore where messages end.
pub struct Channel<Io, B> {
    link: Link<'static, B>,
    io: Io,
    gathering: Gathering<B>,
    delivery: Delivery<B>,
}

impl<Io: Read + Write, B: Buffer> Channel<Io, B> {
    /// Plays a KK handshake as the initiator and confirms it.
    ///
    /// # Cancel safety
    /// Dropped, the attempt is over; begin anew with a new stream and a new link.
    ///
    /// # Errors
    /// The attempt is over: [`Error::Refused`], [`Error::Handshake`], [`Error::HungUp`],
    /// [`Error::Parameters`], [`Error::Io`], and the errors of frames.
    pub async fn connect(mut io: Io, mut link: Link<'_, B>) -> Result<Self, Error> {
        loop {
            match link.step()? {
                Step::Done => break,
                Step::Hello | Step::Claim => return Err(Error::OutOfTurn),
                step => exchange(&mut io, &mut link, step).await?,
            }
        }
        Ok(Self::open(io, link))
    }

    /// Answers a KK handshake as the responder; returns once the initiator's first record has opened.
    ///
    /// `pinning_of` is asked once, with a hello of KK or KKpsk0; `None` refuses the initiator at once,
    /// which tells a stranger that this id is not known here.
    ///
    /// # Cancel safety
    /// Dropped, the attempt is over.
    ///
    /// # Errors
    /// The attempt is over: [`Error::Declined`], [`Error::Handshake`], [`Error::HungUp`], and those of
    /// [`Link::answer_kk`] and of frames.
    pub async fn accept<'k, E: Entropy>(
        mut io: Io,
        mut link: Link<'k, B>,
        ephemerals: &mut Ephemerals<E>,
        pinning_of: impl Fn(&Hello) -> Option<Pinning<'k>>,
    ) -> Result<Self, Error> {
        loop {
            match link.step()? {
                Step::Done => break,
                Step::Hello => link.answer(ephemerals, &pinning_of)?,
                Step::Claim => return Err(Error::OutOfTurn),
                step => exchange(&mut io, &mut link, step).await?,
            }
        }
        Ok(Self::open(io, link))
    }

    /// The channel of a link that is done.
    fn open(io: Io, link: Link<'_, B>) -> Self {
        Self { link: link.settle(), io, gathering: Gathering::default(), delivery: Delivery::default() }
    }

    /// Sends one message of at most [`Self::max_data`] bytes.
    ///
    /// Waits until the stream has taken what was sent before, then accepts the message; it leaves
    /// with the next `flush`, `send` or `recv`.
    ///
    /// # Cancel safety
    /// Dropped, the message was not accepted.
    ///
    /// # Errors
    /// [`Error::TooLong`], [`Error::NotOpen`], [`Error::Closed`], [`Error::Unfinished`]: nothing was
    /// sent. [`Error::Io`]: not accepted.
    pub async fn send(&mut self, message: &[u8]) -> Result<(), Error> {
        let may = self.link.may_begin();
        self.or_end(may)?;
        if message.len() > self.max_data() {
            return Err(Error::TooLong);
        }
        self.drain().await?;
        let staged = self.link.stage(message, Part::Last);
        self.or_end(staged).map(|_all| ())
    }

    /// Begins a message of any length.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub fn message(&mut self) -> Result<MessageWriter<'_, Io, B>, Error> {
        let mut sender = self.sender();
        let may = sender.outgoing.may_begin(sender.control);
        sender.or_end(may)?;
        Ok(MessageWriter::new(sender))
    }

    /// Receives the next piece of a message in place, `None` after the peer's CLOSE. What is unsent
    /// goes out first, as far as the stream takes it.
    ///
    /// # Cancel safety
    /// Dropped, nothing is lost.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::Truncated`] says that the end is missing.
    pub async fn recv(&mut self) -> Result<Option<Fragment<'_>>, Error> {
        self.wait().await?;
        Ok(self.link.take())
    }

    /// Receives a whole message to the front of `message`; its length in bytes, `None` after the
    /// peer's CLOSE.
    ///
    /// # Cancel safety
    /// Dropped, nothing is lost: repeat the call with the same bytes at the front of `message`.
    ///
    /// # Errors
    /// As [`Self::recv`]. [`Error::BufferTooSmall`], [`Error::Io`] of a recoverable kind: repeat the
    /// call with the same bytes at the front of a buffer large enough.
    pub async fn recv_message(&mut self, message: &mut [u8]) -> Result<Option<usize>, Error> {
        while let Receive::Fragment(_) = self.wait().await? {
            if let Some(len) = self.link.assemble(message)? {
                return Ok(Some(len));
            }
        }
        Ok(None)
    }

    /// Sends what waits in a mailbox, and everything unsent; returns how many messages of mailboxes have left on this channel
    /// since it returned that last. They may have left in other calls, where this one gave up or was dropped.
    ///
    /// # Cancel safety
    /// Dropped, every message that has not left is still in the mailbox or goes on leaving; call again.
    ///
    /// # Errors
    /// As [`Self::send`]. A message that has not left to its last byte stays in the mailbox.
    /// [`Error::Unfinished`]: a message of another mailbox has left in part; deliver that one first, or close, if there is no
    /// such mailbox any more. [`Error::OutOfTurn`]: another channel is in the middle of this mailbox's message, or as
    /// many mailboxes as may have one on its way.
    pub async fn deliver<const LEN: usize, const N: usize>(
        &mut self,
        mailbox: &Mailbox<LEN, N>,
    ) -> Result<usize, Error> {
        loop {
            self.drain().await?;
            let Link { outgoing, control, .. } = &mut self.link;
            let advanced = self.delivery.advance(mailbox, outgoing, control);
            if !self.or_end(advanced)? {
                self.flush().await?;
                return Ok(self.delivery.left());
            }
        }
    }

    /// Sends a PING of 0 to 32 bytes, as [`Self::send`] does: it leaves with the next `flush`, `send` or
    /// `recv`. An empty one is not answered. The answer is seen by `recv`.
    ///
    /// # Cancel safety
    /// Dropped, the PING was not accepted.
    ///
    /// # Errors
    /// [`Error::PingPending`]: the last one has not been answered. Others as [`Self::send`].
    pub async fn ping(&mut self, body: &[u8]) -> Result<(), Error> {
        self.drain().await?;
        let staged = self.link.ping(body);
        self.or_end(staged)
    }

    /// Whether the answer to the last PING has not come yet.
    pub fn awaits_pong(&self) -> bool {
        self.link.awaits_pong()
    }

    /// Moves everything unsent into the stream and flushes that.
    ///
    /// # Cancel safety
    /// Dropped, nothing is lost or repeated.
    ///
    /// # Errors
    /// [`Error::Io`]; or what ended the channel.
    pub async fn flush(&mut self) -> Result<(), Error> {
        self.drain_and_flush().await
    }

    /// Ends our direction with a CLOSE. The peer's goes on: receive until `None` to have all of it, or
    /// [`Self::finish`] before you let go of the stream.
    ///
    /// # Cancel safety
    /// Dropped, our direction has ended all the same; call again to have the CLOSE leave.
    ///
    /// # Errors
    /// [`Error::Io`]; or what ended the channel.
    pub async fn close(&mut self) -> Result<(), Error> {
        let closed = self.link.close();
        self.or_end(closed)?;
        self.flush().await
    }

    /// Ends both directions: closes, then reads to the peer's CLOSE and throws away what still comes. A TCP connection
    /// that is let go with something unread is reset, and a reset destroys what we sent last. Give it a deadline: a peer
    /// may talk on for ever.
    ///
    /// # Cancel safety
    /// Dropped, call again, or let go.
    ///
    /// # Errors
    /// [`Error::Io`]; or what ended the channel.
    pub async fn finish(&mut self) -> Result<(), Error> {
        let closed = self.link.close();
        self.or_end(closed)?;
        while self.recv().await?.is_some() {}
        self.flush().await
    }

    /// Ends both directions with an error that came up in one; a mailbox's message that has not left goes back then.
    fn or_end<T>(&mut self, result: Result<T, Error>) -> Result<T, Error> {
        let result = self.link.or_end(result);
        self.delivery.follow(&self.link.outgoing, &self.link.control);
        result
    }

    fn sender(&mut self) -> Sender<'_, Io, B> {
        let Self { link, io, gathering, delivery } = self;
        Sender { outgoing: &mut link.outgoing, control: &link.control, gathering, delivery, io }
    }
}

impl<Io, B: Buffer> Channel<Io, B> {
    /// The most data that one record carries to this peer, in bytes.
    pub fn max_data(&self) -> usize {
        self.link.max_data()
    }

    /// The final handshake hash (Noise §11.2), for binding something else to this channel.
    pub fn handshake_hash(&self) -> &[u8; 32] {
        self.link.handshake_hash()
    }

    /// Gives the stream back and wipes the keys. What was not flushed is lost, and without a close it is
    /// a truncation to the peer.
    pub fn into_stream(self) -> Io {
        self.io
    }

    /// The stream; reading or writing it directly ends the channel.
    pub fn stream(&mut self) -> &mut Io {
        &mut self.io
    }
}

impl<Io: ErrorType, B> ErrorType for Channel<Io, B> {
    type Error = Error;
}

impl<Io: Read + Write, B: Buffer> Read for Channel<Io, B> {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, Error> {
        while !buf.is_empty() && self.wait().await? != Receive::End {
            match self.link.take_bytes(buf) {
                0 => (), // an empty message
                n => return Ok(n),
            }
        }
        Ok(0)
    }
}

impl<Io: Read + Write, B: Buffer> Write for Channel<Io, B> {
    /// Gathers bytes in one record until it is full, until `flush`, or until another call sends or waits: those see to it that
    /// what was gathered leaves first. Until then it lies in the outgoing buffer, in the clear. Dropped, nothing was accepted.
    async fn write(&mut self, buf: &[u8]) -> Result<usize, Error> {
        while !buf.is_empty() {
            let gathered = self.gathering.gather(buf, &mut self.link.outgoing, &self.link.control);
            match self.or_end(gathered)? {
                0 => self.drain().await?,
                n => return Ok(n),
            }
        }
        Ok(0)
    }

    async fn flush(&mut self) -> Result<(), Error> {
        Self::flush(self).await
    }
}

/// What a handshake's step needs: all that is unsent on its way to the peer, or one read.
async fn exchange<Io: Read + Write, B: Buffer>(
    io: &mut Io,
    link: &mut Link<'_, B>,
    step: Step,
) -> Result<(), Error> {
    if step != Step::Write {
        let read = io.read(link.space()).await;
        return link.given(read);
    }
    loop {
        let unsent = link.unsent()?;
        if unsent.is_empty() {
            return link.flushed(io.flush().await);
        }
        let write = io.write(unsent).await;
        link.written(write)?;
    }
}
