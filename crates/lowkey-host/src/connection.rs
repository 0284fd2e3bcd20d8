//! An open connection: a stream of bytes, and of messages.

mod input;
mod wakers;

pub(crate) use input::{Filled, Input};
pub(crate) use wakers::{Side, Wakers};

use crate::registry::Device;
use crate::server::Seat;
use crate::{ChannelError, Error, PublicKey};
use lowkey_transport::handshake::{KkInitiator, KkResponder};
use lowkey_transport::{Link, Part, Receive};
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// An open channel and its stream.
///
/// Holding one tells you that the peer holds the pinned key (and the PSK) and took part in this very
/// handshake; [`device`](Self::device) and [`peer`](Self::peer) say who it is. It does not tell you that
/// it is still there.
///
/// It can be used in two ways, which may be mixed. As messages: [`send`](Self::send) and
/// [`recv`](Self::recv). As a stream: `AsyncRead` and `AsyncWrite`, which do not show where messages
/// end (each write is a message of its own; a `recv` after a read gives what is left of the message).
/// Both directions go on by themselves: a peer that does not read never keeps us from reading. PINGs are
/// answered while somebody reads.
///
/// # Ends
/// A read gives the end of file, and `recv` gives `None`, after the peer's CLOSE and never otherwise. A
/// stream that ends without it is [`ChannelError::Truncated`], as an I/O error of kind `UnexpectedEof`.
/// `shutdown` and [`close`](Self::close) send our CLOSE and leave the other direction open. Dropping a
/// connection without it is a truncation to the peer, and what was not flushed is lost.
///
/// # Cancel safety
/// Every call may be dropped at any await without losing or repeating a byte, except a `send` of more
/// than one record; see there.
pub struct Connection<Io> {
    io: Io,
    link: Link<Vec<u8>, Over>,
    input: Input,
    message: Vec<u8>, // fragments of a message that is not whole yet
    wakers: Arc<Wakers>,
    both: Waker,
    unflushed: bool,
    read_error: Option<Error>,
    write_error: Option<Error>,
    peer: PublicKey,
    device: Option<Arc<Device>>,
    seat: Option<Seat>,
}

/// In place of a handshake that is over; it borrows no keys.
pub(crate) struct Over;

impl From<KkInitiator<'_>> for Over {
    fn from(_: KkInitiator<'_>) -> Self {
        Self
    }
}

impl From<KkResponder> for Over {
    fn from(_: KkResponder) -> Self {
        Self
    }
}

impl<Io> Connection<Io> {
    /// A link that is done, and what was read behind its handshake.
    pub(crate) fn new(io: Io, link: Link<Vec<u8>, Over>, input: Input, peer: PublicKey) -> Self {
        let wakers = Arc::new(Wakers::default());
        Self {
            io,
            link,
            input,
            message: Vec::new(),
            both: Arc::clone(&wakers).into(),
            wakers,
            unflushed: false,
            read_error: None,
            write_error: None,
            peer,
            device: None,
            seat: None,
        }
    }

    pub(crate) fn of_device(mut self, device: Arc<Device>) -> Self {
        self.device = Some(device);
        self
    }

    pub(crate) fn seated(mut self, seat: Seat) -> Self {
        self.seat = Some(seat);
        self
    }

    pub(crate) fn wakers(&self) -> &Arc<Wakers> {
        &self.wakers
    }

    /// The peer's static key.
    pub fn peer(&self) -> PublicKey {
        self.peer
    }

    /// Which device this is; `None` on a connection that we began.
    pub fn device(&self) -> Option<&Arc<Device>> {
        self.device.as_ref()
    }

    /// The final handshake hash (Noise §11.2): equal on both sides, different for every handshake, for
    /// binding something else to this channel.
    pub fn handshake_hash(&self) -> &[u8; 32] {
        self.link.handshake_hash()
    }

    /// The most data that one record carries to this peer, in bytes: a [`send`](Self::send) of as much is
    /// atomic.
    pub fn max_data(&self) -> usize {
        self.link.max_data()
    }

    /// The stream below, for its address or its options; reading or writing it ends the channel.
    pub fn stream(&self) -> &Io {
        &self.io
    }

    fn check(&mut self) -> Result<(), Error> {
        if self.wakers.is_displaced() {
            self.link.fail(ChannelError::HungUp); // wipes the keys
            return Err(Error::Displaced);
        }
        self.read_error.clone().map_or(Ok(()), Err)
    }

    /// Whoever waits for the other direction has to hear of an error as well.
    fn tell<T>(&self, other: Side, result: Result<T, ChannelError>) -> Result<T, Error> {
        result.map_err(|error| {
            if !error.is_recoverable() {
                self.wakers.wake_side(other);
            }
            error.into()
        })
    }
}

/// Messages.
impl<Io: AsyncRead + AsyncWrite + Unpin> Connection<Io> {
    /// Sends one message of any length.
    ///
    /// Waits until the stream has taken what was sent before, then accepts the message and hands the
    /// stream as much as it takes at once. The rest leaves with the next call; `flush` waits for it.
    ///
    /// # Cancel safety
    /// A message of at most [`max_data`](Self::max_data) bytes is accepted whole or, if the future is
    /// dropped, not at all. A longer one leaves in fragments: dropped midway it stays unfinished, every
    /// later call that sends gives [`ChannelError::Unfinished`], and only receiving and `close` are left.
    ///
    /// # Errors
    /// [`ChannelError::Closed`], [`ChannelError::Unfinished`]: nothing was sent. Otherwise what ended the
    /// connection.
    pub async fn send(&mut self, message: &[u8]) -> Result<(), Error> {
        self.check()?;
        self.link.may_begin()?;
        let mut rest = message;
        loop {
            poll_fn(|context| self.poll_out(context)).await?;
            let part = if rest.len() > self.link.max_data() { Part::More } else { Part::Last };
            let result = self.link.stage(rest, part);
            rest = &rest[self.tell(Side::Reading, result)?..];
            if part == Part::Last {
                return poll_fn(|context| Poll::Ready(self.push(context))).await;
            }
        }
    }

    /// Receives the next whole message; `None` after the peer's CLOSE.
    ///
    /// A receive that has to wait first flushes what is unsent.
    ///
    /// # Cancel safety
    /// Dropped, nothing is lost.
    ///
    /// # Errors
    /// What ended the connection; [`ChannelError::Truncated`] says that the end is missing.
    pub async fn recv(&mut self) -> Result<Option<Vec<u8>>, Error> {
        poll_fn(|context| self.poll_recv(context)).await
    }

    /// [`recv`](Self::recv), for those who write futures by hand.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    pub fn poll_recv(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Vec<u8>>, Error>> {
        while let Receive::Fragment(part) = ready!(self.poll_fragment(context))? {
            let Some(fragment) = self.link.take() else { continue };
            self.message.extend_from_slice(fragment.bytes);
            if part == Part::Last {
                return Poll::Ready(Ok(Some(std::mem::take(&mut self.message))));
            }
        }
        Poll::Ready(Ok(None))
    }

    /// Waits until the stream has taken everything.
    ///
    /// # Cancel safety
    /// Dropped, nothing is lost or repeated.
    ///
    /// # Errors
    /// What ended sending.
    pub async fn flush(&mut self) -> Result<(), Error> {
        poll_fn(|context| self.poll_all_out(context)).await
    }

    /// Ends our direction with a CLOSE. The peer's goes on: receive until `None` to have all of it.
    ///
    /// # Cancel safety
    /// Dropped, call again.
    ///
    /// # Errors
    /// What ended sending.
    pub async fn close(&mut self) -> Result<(), Error> {
        poll_fn(|context| self.poll_close(context)).await
    }
}

/// Moving bytes.
impl<Io: AsyncRead + AsyncWrite + Unpin> Connection<Io> {
    /// Reads until a fragment waits or the peer has closed.
    fn poll_fragment(&mut self, context: &mut Context<'_>) -> Poll<Result<Receive, Error>> {
        loop {
            self.check()?;
            let received = self.link.receive();
            match self.tell(Side::Writing, received)? {
                Receive::Read => (),
                Receive::End if !self.input.is_empty() => {
                    let error = self.link.fail(ChannelError::AfterClose);
                    return Poll::Ready(self.tell(Side::Writing, Err(error)));
                }
                received => return Poll::Ready(Ok(received)),
            }
            if self.input.is_empty() {
                self.wakers.register(Side::Reading, context.waker());
                self.push_from_reader();
            }
            match self.input.poll_fill(context, &mut self.io, &mut self.link) {
                Poll::Ready(Filled::Link(result)) => self.tell(Side::Writing, result)?,
                Poll::Ready(Filled::Io(error)) => return Poll::Ready(Err(self.read_failed(error))),
                // Displaced between the check above and the registration: nobody would wake us.
                Poll::Pending if self.wakers.is_displaced() => (),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Moves what is unsent, an owed PONG among it, as far as the stream takes it at once. An error is the
    /// next writer's; what has arrived can still be read.
    fn push_from_reader(&mut self) {
        let both = self.both.clone();
        let mut context = Context::from_waker(&both);
        let before = std::mem::replace(&mut self.unflushed, false);
        let written = self.poll_unsent(&mut context);
        let moved = self.unflushed;
        self.unflushed |= before;
        if let Poll::Ready(Ok(())) = written {
            let _an_error_is_kept = self.poll_flush_stream(&mut context);
        }
        if moved {
            self.wakers.wake_side(Side::Writing);
        }
    }

    /// Hands the stream what it takes at once.
    fn push(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        match self.poll_out(context) {
            Poll::Ready(result) => result,
            Poll::Pending => Ok(()),
        }
    }

    /// Waits until nothing is unsent; a record can be staged then.
    fn poll_out(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.wakers.register(Side::Writing, context.waker());
        self.check()?;
        let both = self.both.clone();
        self.poll_unsent(&mut Context::from_waker(&both))
    }

    /// Waits until nothing is unsent and the stream has flushed.
    fn poll_all_out(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        ready!(self.poll_out(context))?;
        let both = self.both.clone();
        self.poll_flush_stream(&mut Context::from_waker(&both))
    }

    fn poll_close(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        ready!(self.poll_out(context))?;
        let result = self.link.close();
        self.tell(Side::Reading, result)?;
        ready!(self.poll_all_out(context))?;
        if self.link.is_closed() {
            let both = self.both.clone();
            let ended = ready!(Pin::new(&mut self.io).poll_shutdown(&mut Context::from_waker(&both)));
            match ended {
                Err(error) if error.kind() != io::ErrorKind::NotConnected => {
                    return Poll::Ready(Err(self.write_failed(error)));
                }
                _ => (), // the peer may have hung up after its CLOSE
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_unsent(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if let Some(error) = &self.write_error {
            return Poll::Ready(Err(error.clone()));
        }
        loop {
            let unsent = self.link.unsent()?;
            if unsent.is_empty() {
                return Poll::Ready(Ok(()));
            }
            match ready!(Pin::new(&mut self.io).poll_write(context, unsent)) {
                Ok(0) => return Poll::Ready(Err(self.write_failed(io::ErrorKind::WriteZero.into()))),
                Ok(n) => self.link.wrote(n),
                Err(error) => return Poll::Ready(Err(self.write_failed(error))),
            }
            self.unflushed = true;
        }
    }

    fn poll_flush_stream(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.unflushed {
            if let Err(error) = ready!(Pin::new(&mut self.io).poll_flush(context)) {
                return Poll::Ready(Err(self.write_failed(error)));
            }
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Sending is over; the link goes on for what can still be received.
    fn write_failed(&mut self, error: io::Error) -> Error {
        let error = Error::from(error);
        self.write_error = Some(error.clone());
        error
    }

    /// Everything is over.
    fn read_failed(&mut self, error: io::Error) -> Error {
        self.link.fail(ChannelError::Io(lasting(error.kind())));
        self.wakers.wake_side(Side::Writing);
        let error = Error::from(error);
        self.read_error = Some(error.clone());
        error
    }
}

/// The kind as the link knows it. On a socket a timeout is its end, not a call to be repeated.
pub(crate) fn lasting(kind: io::ErrorKind) -> embedded_io::ErrorKind {
    match kind.into() {
        embedded_io::ErrorKind::TimedOut | embedded_io::ErrorKind::Interrupted => {
            embedded_io::ErrorKind::Other
        }
        kind => kind,
    }
}

impl<Io: AsyncRead + AsyncWrite + Unpin> AsyncRead for Connection<Io> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        if !this.message.is_empty() {
            // A `recv` that was dropped had these.
            let n = buf.remaining().min(this.message.len());
            buf.put_slice(&this.message[..n]);
            this.message.drain(..n);
            return Poll::Ready(Ok(()));
        }
        while let Receive::Fragment(_) = ready!(this.poll_fragment(context))? {
            let n = this.link.take_bytes(buf.initialize_unfilled());
            buf.advance(n);
            if n > 0 {
                break; // otherwise an empty message
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<Io: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Connection<Io> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.check()?;
        this.link.may_begin().map_err(Error::from)?;
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        ready!(this.poll_out(context))?;
        let front = &buf[..buf.len().min(this.link.max_data())];
        let staged = this.link.stage(front, Part::Last);
        let n = this.tell(Side::Reading, staged)?;
        match this.push(context) {
            Err(error) => Poll::Ready(Err(error.into())),
            Ok(()) => Poll::Ready(Ok(n)),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_all_out(context).map_err(io::Error::from)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_close(context).map_err(io::Error::from)
    }
}

impl<Io: fmt::Debug> fmt::Debug for Connection<Io> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let device = self.device.as_ref().map(|device| device.name());
        f.debug_struct("Connection")
            .field("io", &self.io)
            .field("peer", &self.peer)
            .field("device", &device)
            .finish_non_exhaustive()
    }
}
