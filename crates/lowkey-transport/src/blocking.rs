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

use crate::incoming::Receive;
use crate::limits::Buffer;
use crate::link::{Link, Pinning, Step};
use crate::mailbox::{Delivery, Mailbox};
use crate::outgoing::Gathering;
use crate::record::{Fragment, Part};
use crate::{Error, Hello};
use core::task::Poll;
use embedded_io::{ErrorKind, ErrorType, Read, ReadReady, Write};
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
        let (gathering, delivery) = (Gathering::default(), Delivery::default());
        Self { link: link.settle(), io, gathering, delivery, read_gives_up: false }
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
        self.link.may_begin()?;
        if message.len() > self.max_data() {
            return Err(Error::TooLong);
        }
        self.drain()?;
        self.link.stage(message, Part::Last).map(|_all| ())
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
        self.wait()?;
        Ok(self.link.take())
    }

    /// Receives a whole message to the front of `message`; its length in bytes, `None` after the
    /// peer's CLOSE.
    ///
    /// # Errors
    /// As [`Self::recv`]. [`Error::BufferTooSmall`], [`Error::Io`] of a recoverable kind: repeat the
    /// call with the same bytes at the front of a buffer large enough.
    pub fn recv_message(&mut self, message: &mut [u8]) -> Result<Option<usize>, Error> {
        while let Receive::Fragment(_) = self.wait()? {
            if let Some(len) = self.link.assemble(message)? {
                return Ok(Some(len));
            }
        }
        Ok(None)
    }

    /// Sends what waits in a mailbox, and everything unsent; returns how many messages of mailboxes have left on this channel
    /// since it returned that last. They may have left in other calls, where this one gave up.
    ///
    /// # Errors
    /// As [`Self::send`]. A message that has not left to its last byte stays in the mailbox.
    /// [`Error::Unfinished`]: a message of another mailbox has left in part; deliver that one first, or close, if there is no
    /// such mailbox any more. [`Error::OutOfTurn`]: another channel is in the middle of this mailbox's message, or as
    /// many mailboxes as may have one on its way.
    pub fn deliver<const LEN: usize, const N: usize>(
        &mut self,
        mailbox: &Mailbox<LEN, N>,
    ) -> Result<usize, Error> {
        loop {
            self.drain()?;
            let Link { outgoing, control, .. } = &mut self.link;
            let advanced = self.delivery.advance(mailbox, outgoing, control);
            if !self.or_end(advanced)? {
                self.flush()?;
                return Ok(self.delivery.left());
            }
        }
    }

    /// Sends a PING of 0 to 32 bytes, as [`Self::send`] does: it leaves with the next `flush`, `send` or
    /// `recv`. An empty one is not answered. The answer is seen by `recv`.
    ///
    /// # Errors
    /// [`Error::PingPending`]: the last one has not been answered. Others as [`Self::send`].
    pub fn ping(&mut self, body: &[u8]) -> Result<(), Error> {
        self.drain()?;
        self.link.ping(body)
    }

    /// Whether the answer to the last PING has not come yet.
    pub fn awaits_pong(&self) -> bool {
        self.link.awaits_pong()
    }

    /// Moves everything unsent into the stream and flushes that.
    ///
    /// # Errors
    /// [`Error::Io`]; or what ended the channel.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.drain()?;
        let left = self.flush_stream();
        self.or_read(left)
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
        let closed = self.link.close();
        self.or_end(closed)?;
        while self.recv()?.is_some() {}
        self.flush()
    }

    fn wait(&mut self) -> Result<Receive, Error> {
        loop {
            match self.look()? {
                (Receive::Read, _) => self.read_once()?,
                (received, _) => return Ok(received),
            }
        }
    }

    /// What has come; and whether what is unsent has left, as it does before a wait for the peer. That it has not keeps nobody
    /// from reading: the peer may be in the same place, and take nothing until we have taken something.
    fn look(&mut self) -> Result<(Receive, Result<(), Error>), Error> {
        let received = self.link.receive(); // a PONG may come to be owed here
        self.follow();
        let received = received?;
        let mut left = self.hand_on(received);
        if left == Err(Error::Io(ErrorKind::Interrupted)) {
            left = self.hand_on(received); // it says nothing of the stream: once more
        }
        set_aside(left)?;
        Ok((received, left))
    }

    /// What is unsent goes out; before a wait for the peer also what our stream holds back.
    fn hand_on(&mut self, received: Receive) -> Result<(), Error> {
        self.write_out()?;
        let waits = received == Receive::Read && self.link.is_unflushed();
        if waits { self.flush_stream() } else { Ok(()) }
    }

    /// Moves everything unsent into the stream; what it does not take now is an error. Then it is read once, unless something
    /// waits to be received or the read might wait for ever: the peer may take nothing because we do not.
    fn drain(&mut self) -> Result<(), Error> {
        let left = self.write_out();
        self.or_read(left)
    }

    fn or_read(&mut self, left: Result<(), Error>) -> Result<(), Error> {
        if left == TIMED_OUT && self.read_gives_up {
            let received = self.link.receive();
            self.follow();
            if received? == Receive::Read {
                set_aside(self.read_once())?;
            }
        }
        left
    }

    fn write_out(&mut self) -> Result<(), Error> {
        if let Some(seal) = self.gathering.seal() {
            let sealed = seal(&mut self.link.outgoing, &self.link.control);
            self.or_end(sealed)?;
        }
        loop {
            let unsent = self.link.unsent()?;
            if unsent.is_empty() {
                return Ok(());
            }
            let write = self.io.write(unsent);
            let written = self.link.written(write);
            self.follow();
            written?;
        }
    }

    fn flush_stream(&mut self) -> Result<(), Error> {
        let flushed = self.link.flushed(self.io.flush());
        self.follow();
        flushed
    }

    fn read_once(&mut self) -> Result<(), Error> {
        let read = self.io.read(self.link.space());
        let given = self.link.given(read);
        self.read_gives_up |= given == TIMED_OUT;
        self.follow();
        given
    }

    /// Ends both directions with an error that came up in one, and looks what has become of a mailbox's message: it may have
    /// left, or may not leave here any more.
    fn or_end<T>(&mut self, result: Result<T, Error>) -> Result<T, Error> {
        let result = self.link.or_end(result);
        self.follow();
        result
    }

    /// The same after what the link has judged itself.
    #[inline(never)] // every call that moves bytes has it
    fn follow(&mut self) {
        self.delivery.follow(&self.link.outgoing, &self.link.control);
    }
}

impl<Io: Read + Write + ReadReady, B: Buffer> Channel<Io, B> {
    /// As [`Self::recv`], but `Pending` where that would have to wait for the stream to be readable.
    ///
    /// # Errors
    /// As [`Self::recv`].
    pub fn try_recv(&mut self) -> Result<Poll<Option<Fragment<'_>>>, Error> {
        loop {
            match self.look()? {
                (Receive::Read, _) if self.is_readable()? => self.read_once()?,
                (Receive::Read, left) => return left.map(|()| Poll::Pending),
                _ => return Ok(Poll::Ready(self.link.take())),
            }
        }
    }

    fn is_readable(&mut self) -> Result<bool, Error> {
        let ready = self.io.read_ready().map_err(|error| Error::of_stream(&error));
        self.or_end(ready)
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
    fn read(&mut self, buf: &mut [u8]) -> Result<usize, Error> {
        while !buf.is_empty() && self.wait()? != Receive::End {
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
    /// what was gathered leaves first. Until then it lies in the outgoing buffer, in the clear.
    fn write(&mut self, buf: &[u8]) -> Result<usize, Error> {
        while !buf.is_empty() {
            let gathered = self.gathering.gather(buf, &mut self.link.outgoing, &self.link.control);
            match self.or_end(gathered)? {
                0 => self.drain()?,
                n => return Ok(n),
            }
        }
        Ok(0)
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
        match link.step()? {
            Step::Done => return Ok(()),
            Step::Hello => answer(link)?,
            Step::Claim => return Err(Error::OutOfTurn),
            step => exchange(io, link, step)?,
        }
    }
}

/// What a handshake's step needs: all that is unsent on its way to the peer, or one read.
fn exchange<Io: Read + Write, B: Buffer>(
    io: &mut Io,
    link: &mut Link<'_, B>,
    step: Step,
) -> Result<(), Error> {
    if step != Step::Write {
        let read = io.read(link.space());
        return link.given(read);
    }
    loop {
        let unsent = link.unsent()?;
        if unsent.is_empty() {
            return link.flushed(io.flush());
        }
        let write = io.write(unsent);
        link.written(write)?;
    }
}

/// Sets aside that the stream moves nothing now.
fn set_aside(moved: Result<(), Error>) -> Result<(), Error> {
    moved.or_else(|error| if error.is_recoverable() { Ok(()) } else { Err(error) })
}

const TIMED_OUT: Result<(), Error> = Err(Error::Io(ErrorKind::TimedOut));
