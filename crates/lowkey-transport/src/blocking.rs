//! The blocking channel, over any embedded-io stream.
//!
//! A stream may give up with an error of kind `TimedOut` or `Interrupted` whenever it likes: the
//! channel stays usable and the call can be repeated with the same arguments.
//!
//! A `write` that gives up with `TimedOut` says that the stream takes nothing now. Then the channel reads: what has come
//! waits for the next `recv`, PINGs are answered, the peer's end is seen. So two sides that both send never wait for each
//! other, if they receive between two tries. The reads of such a stream should give up as well: `recv` waits in one, and
//! what sends reads only once one has given up. A stream whose `write` waits for ever cannot be helped: while the channel
//! is inside it, nothing is read.

mod message;

pub use message::MessageWriter;

use crate::asked::asked_of;
use crate::error::set_aside;
use crate::limits::Buffer;
use crate::link::{Link, Step};
use crate::mailbox::Mailbox;
use crate::pinning::Pinning;
use crate::record::Fragment;
use crate::{Error, Hello};
use core::task::Poll;
use embedded_io::{ErrorKind, Read, ReadReady, Write};
use lowkey_core::{Entropy, Ephemerals};

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

impl<Io: Read + Write, B: Buffer> Channel<Io, B> {
    /// Plays a KK handshake as the initiator and confirms it.
    ///
    /// # Errors
    /// The attempt is over, begin anew with a new stream and a new link: [`Error::Refused`],
    /// [`Error::Handshake`], [`Error::HungUp`], [`Error::Parameters`], [`Error::Io`] of any kind, and the
    /// errors of frames.
    pub fn connect(mut io: Io, mut link: Link<'_, B>) -> Result<Self, Error> {
        play(&mut io, &mut link, |_| Err(Error::OutOfTurn))?;
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
        play(&mut io, &mut link, |link| link.answer(ephemerals, &pinning_of))?;
        Ok(Self::open(io, link))
    }

    /// The channel of a link that is done.
    #[inline(never)] // what is moved here lies in no frame beneath the multiplications
    fn open(io: Io, link: Link<'_, B>) -> Self {
        Self { link: link.settle(), io, read_gives_up: false }
    }

    /// Sends one message of at most [`Self::max_data`] bytes.
    ///
    /// Waits until the stream has taken what was sent before, then accepts the message; it leaves
    /// with the next `flush`, `send` or `recv`.
    ///
    /// # Errors
    /// [`Error::TooLong`], [`Error::NotOpen`], [`Error::Closed`], [`Error::Unfinished`]: nothing was
    /// sent. [`Error::Io`]: not accepted.
    pub fn send(&mut self, message: &[u8]) -> Result<(), Error> {
        self.sends(|link| link.send(message))
    }

    /// Begins a message of any length.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub fn message(&mut self) -> Result<MessageWriter<'_, Io, B>, Error> {
        self.link.may_begin()?;
        Ok(MessageWriter::new(self))
    }

    /// Receives the next piece of a message in place, `None` after the peer's CLOSE. What is unsent
    /// goes out first, as far as the stream takes it.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::Truncated`] says that the end is missing.
    pub fn recv(&mut self) -> Result<Option<Fragment<'_>>, Error> {
        self.receives(Link::receive)?;
        Ok(self.link.take())
    }

    /// Receives a whole message to the front of `message`; its length in bytes, `None` after the
    /// peer's CLOSE.
    ///
    /// # Errors
    /// As [`Self::recv`]. [`Error::BufferTooSmall`], [`Error::Io`] of a recoverable kind: repeat the
    /// call with the same bytes at the front of a buffer large enough.
    pub fn recv_message(&mut self, message: &mut [u8]) -> Result<Option<usize>, Error> {
        self.receives(|link| link.recv_message(message))
    }

    /// Sends what waits in a mailbox, and everything unsent; returns how many messages of mailboxes have left on this channel
    /// since it returned that last. They may have left in other calls, where this one gave up.
    ///
    /// # Errors
    /// As [`Self::send`]. A message that has not left to its last byte stays in the mailbox.
    /// [`Error::Unfinished`]: a message of another mailbox has left in part; deliver that one first, or close, if there is no
    /// such mailbox any more. [`Error::OutOfTurn`]: another channel is amid this mailbox's message, or as
    /// many mailboxes as may be have one on its way.
    pub fn deliver<const LEN: usize, const N: usize>(
        &mut self,
        mailbox: &Mailbox<LEN, N>,
    ) -> Result<usize, Error> {
        self.sends(|link| link.deliver(mailbox))
    }

    /// Sends a PING of 0 to 32 bytes, as [`Self::send`] does: it leaves with the next `flush`, `send` or
    /// `recv`. An empty one is not answered. The answer is seen by `recv`.
    ///
    /// # Errors
    /// [`Error::PingPending`]: the last one has not been answered. Others as [`Self::send`].
    pub fn ping(&mut self, body: &[u8]) -> Result<(), Error> {
        self.sends(|link| link.ping(body))
    }

    /// Moves everything unsent into the stream and flushes that.
    ///
    /// # Errors
    /// [`Error::Io`]; or what ended the channel.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.sends(Link::flush)
    }

    /// Ends our direction with a CLOSE. The peer's goes on: receive until `None` to have all of it, or
    /// [`Self::finish`] before you let go of the stream.
    ///
    /// # Errors
    /// [`Error::Io`]; or what ended the channel.
    pub fn close(&mut self) -> Result<(), Error> {
        self.link.close()?;
        self.flush()
    }

    /// Ends both directions: closes, then reads to the peer's CLOSE and throws away what still comes. A TCP connection
    /// that is let go with something unread is reset, and a reset destroys what we sent last.
    ///
    /// # Errors
    /// [`Error::Io`] of a recoverable kind: the peer has not closed yet; repeat, or let go. A peer that talks on for
    /// ever is ended by the stream's deadline only. Or what ended the channel.
    pub fn finish(&mut self) -> Result<(), Error> {
        self.link.close()?;
        while self.recv()?.is_some() {}
        self.flush()
    }

    /// Repeats what sends until it is done. While the stream takes nothing it is read once, unless something waits to be
    /// received or the read might wait for ever: the peer may take nothing because we do not.
    fn sends<T>(
        &mut self,
        mut call: impl FnMut(&mut Link<'static, B>) -> Result<Poll<T>, Error>,
    ) -> Result<T, Error> {
        loop {
            if let Poll::Ready(done) = call(&mut self.link)? {
                return Ok(done);
            }
            self.write_or_give_up()?;
        }
    }

    #[inline(never)] // every call that sends has it
    fn write_or_give_up(&mut self) -> Result<(), Error> {
        let written = self.write_once();
        if written == TIMED_OUT && self.read_gives_up && self.link.receive()?.is_pending() {
            set_aside(self.read_once())?;
        }
        written
    }

    /// Repeats what receives until it is done. Before a wait for the peer everything leaves, as far as the stream takes it. That
    /// it takes nothing keeps nobody from reading: the peer may be in the same place.
    fn receives<T>(
        &mut self,
        mut call: impl FnMut(&mut Link<'static, B>) -> Result<Poll<T>, Error>,
    ) -> Result<T, Error> {
        loop {
            match call(&mut self.link)? {
                Poll::Ready(done) => {
                    set_aside(self.write_out())?;
                    return Ok(done);
                }
                Poll::Pending => {
                    set_aside(self.hand_on())?; // a PONG may have come to be owed
                    self.read_once()?;
                }
            }
        }
    }

    /// What is unsent goes out, and the stream hands it on.
    fn hand_on(&mut self) -> Result<(), Error> {
        self.write_out()?;
        if self.link.is_unflushed() { self.write_once() } else { Ok(()) }
    }

    /// What is unsent goes out.
    #[inline(never)] // every call that receives has it
    fn write_out(&mut self) -> Result<(), Error> {
        let mut tries = 2; // an interrupt says nothing of the stream: once more
        while !self.link.unsent()?.is_empty() {
            match self.write_once() {
                Err(Error::Io(ErrorKind::Interrupted)) if tries > 1 => tries -= 1,
                written => written?,
            }
        }
        Ok(())
    }

    /// One write; a flush, if nothing is unsent.
    fn write_once(&mut self) -> Result<(), Error> {
        let unsent = self.link.unsent()?;
        if unsent.is_empty() {
            let flush = self.io.flush();
            return self.link.on_flush(flush);
        }
        let write = self.io.write(unsent);
        self.link.on_write(write)
    }

    fn read_once(&mut self) -> Result<(), Error> {
        let read = self.io.read(self.link.space());
        let given = self.link.on_read(read);
        self.read_gives_up |= given == TIMED_OUT;
        given
    }
}

impl<Io: Read + Write + ReadReady, B: Buffer> Channel<Io, B> {
    /// As [`Self::recv`], but `Pending` where that would have to wait for the stream to be readable.
    ///
    /// # Errors
    /// As [`Self::recv`].
    pub fn try_recv(&mut self) -> Result<Poll<Option<Fragment<'_>>>, Error> {
        let received = self.try_receives(Link::receive)?;
        Ok(received.map(|_| self.link.take()))
    }

    /// As [`Self::receives`], as long as the stream is readable.
    fn try_receives<T>(
        &mut self,
        mut call: impl FnMut(&mut Link<'static, B>) -> Result<Poll<T>, Error>,
    ) -> Result<Poll<T>, Error> {
        loop {
            let received = call(&mut self.link)?;
            let left = if received.is_ready() { self.write_out() } else { self.hand_on() };
            set_aside(left)?;
            match received {
                Poll::Ready(_) => return Ok(received),
                Poll::Pending if self.is_readable()? => self.read_once()?,
                Poll::Pending => return left.map(|()| Poll::Pending),
            }
        }
    }

    fn is_readable(&mut self) -> Result<bool, Error> {
        self.io.read_ready().map_err(|error| self.link.fail(Error::of_stream(&error)))
    }
}

asked_of!(Channel);

impl<Io: Read + Write, B: Buffer> Read for Channel<Io, B> {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize, Error> {
        self.receives(|link| link.read(buf))
    }
}

impl<Io: Read + Write + ReadReady, B: Buffer> ReadReady for Channel<Io, B> {
    /// Whether the next `read` has something at once: bytes, or the peer's CLOSE. An empty message is neither, and is passed
    /// over. What is unsent goes out first, as far as the stream takes it.
    fn read_ready(&mut self) -> Result<bool, Error> {
        let received = self.try_receives(|link| {
            let _waits = link.receive()?;
            link.incoming.take_bytes(&mut []); // all of an empty message
            link.receive()
        });
        match received {
            Err(error) if error.is_recoverable() => Ok(false), // the stream moves nothing now
            received => Ok(received?.is_ready()),
        }
    }
}

impl<Io: Read + Write, B: Buffer> Write for Channel<Io, B> {
    /// Gathers bytes in one record until it is full, until `flush`, or until another call sends or waits: those see to it that
    /// what was gathered leaves first. Until then it lies in the outgoing buffer, in the clear.
    fn write(&mut self, buf: &[u8]) -> Result<usize, Error> {
        self.sends(|link| link.write(buf))
    }

    fn flush(&mut self) -> Result<(), Error> {
        Self::flush(self)
    }
}

/// Plays a KK handshake until it is done.
fn play<'k, Io: Read + Write, B: Buffer>(
    io: &mut Io,
    link: &mut Link<'k, B>,
    mut answer: impl FnMut(&mut Link<'k, B>) -> Result<(), Error>,
) -> Result<(), Error> {
    loop {
        match link.play(&mut answer)? {
            Step::Write => {
                let write = io.write(link.unsent()?);
                link.on_write(write)?;
                if link.unsent()?.is_empty() {
                    link.on_flush(io.flush())?;
                }
            }
            Step::Done => return Ok(()),
            _read => {
                let read = io.read(link.space());
                link.on_read(read)?;
            }
        }
    }
}

const TIMED_OUT: Result<(), Error> = Err(Error::Io(ErrorKind::TimedOut));
