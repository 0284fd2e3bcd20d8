//! An open connection: a stream of bytes, and of messages.

mod farewell;
mod input;
mod moving;
mod shared;
mod stream;

pub use farewell::Fault;

pub(crate) use farewell::Farewell;
pub(crate) use input::{Filled, Input};
pub(crate) use moving::lasting;
pub(crate) use shared::{End, Shared, Side, Traffic};

use crate::error::Error;
use crate::parting;
use crate::registry::{Device, Pinned};
use lowkey_core::PublicKey;
use lowkey_transport::{Error as ChannelError, Link, Part};
use std::fmt;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout_at};

/// An open channel and its stream.
///
/// Holding one tells you that the peer holds the pinned key (and the PSK) and took part in this very
/// handshake; [`device`](Self::device) and [`peer`](Self::peer) say who it is. It does not tell you that
/// it is still there.
///
/// It can be used in two ways, which may be mixed. As messages: [`send`](Self::send) and
/// [`recv`](Self::recv). As a stream: `AsyncRead` and `AsyncWrite`, which do not show where messages
/// end (what is written gathers until there is enough for a record, until a flush, or until something else is called; a
/// `recv` after a read gives what is left of the message).
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
    link: Link<'static, Vec<u8>>,
    input: Input,
    message: Vec<u8>, // fragments of a message that is not whole yet
    shared: Arc<Shared>,
    both: Waker,
    read_error: Option<Error>,
    write_error: Option<Error>,
    peer: PublicKey,
    pinned: Option<Arc<Pinned>>,
    from: Option<SocketAddr>,
    farewell: Option<Box<dyn Farewell>>,
}

impl<Io> Connection<Io> {
    /// A link that is done, and what was read behind its handshake.
    pub(crate) fn new(io: Io, link: Link<'static, Vec<u8>>, mut input: Input, peer: PublicKey) -> Self {
        input.recount();
        let shared = Arc::new(Shared::default());
        Self {
            io,
            link,
            input,
            message: Vec::new(),
            both: Arc::clone(&shared).into(),
            shared,
            read_error: None,
            write_error: None,
            peer,
            pinned: None,
            from: None,
            farewell: None,
        }
    }

    pub(crate) fn of(mut self, pinned: Arc<Pinned>, from: Option<SocketAddr>) -> Self {
        self.pinned = Some(pinned);
        self.from = from;
        self
    }

    pub(crate) fn seated(mut self, farewell: impl Farewell + 'static) -> Self {
        self.farewell = Some(Box::new(farewell));
        self
    }

    /// It ends because of the service behind: counted, and said in the log, when the connection is dropped. One that we
    /// began has nobody who counts.
    pub fn blame(&mut self, fault: Fault) {
        if let Some(farewell) = &mut self.farewell {
            farewell.blame(fault);
        }
    }

    /// It did not end as it should; the log says why when the connection is dropped.
    pub fn broke(&mut self, error: &impl fmt::Display) {
        if let Some(farewell) = &mut self.farewell {
            farewell.broke(error);
        }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// The peer's static key.
    pub fn peer(&self) -> PublicKey {
        self.peer
    }

    /// Which device this is; `None` on a connection that we began.
    pub fn device(&self) -> Option<&Arc<Device>> {
        self.pinned.as_deref().map(Pinned::device)
    }

    /// By which of its pinnings it came; `None` on a connection that we began.
    pub fn pinned(&self) -> Option<&Arc<Pinned>> {
        self.pinned.as_ref()
    }

    /// Where the device comes from, as far as that is known: the address that
    /// [`Acceptor::accept_from`](crate::Acceptor::accept_from) was told, or a balancer named. An IPv4 address
    /// is given as one, also if it came as `::ffff:a.b.c.d`.
    pub fn remote_addr(&self) -> Option<SocketAddr> {
        self.from
    }

    /// The final handshake hash (Noise §11.2): equal on both sides, different for every handshake, for
    /// binding something else to this channel. `None` after an error has ended the connection.
    pub fn handshake_hash(&self) -> Option<[u8; 32]> {
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
        if let Some(end) = self.shared.ended() {
            self.link.fail(ChannelError::HungUp); // wipes the keys
            return Err(end.into());
        }
        self.read_error.clone().map_or(Ok(()), Err)
    }

    /// Whoever waits for the other direction has to hear of an error as well.
    fn tell<T>(&self, other: Side, result: Result<T, ChannelError>) -> Result<T, Error> {
        result.map_err(|error| {
            if !error.is_recoverable() {
                self.shared.wake_side(other);
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
        poll_fn(|context| self.poll_accepted(context, |link| link.send_rest(message))).await
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

    /// [`recv`](Self::recv) into `message`, whose memory is used again: what was in it is replaced. Says
    /// whether there was a message; `false` after the peer's CLOSE, with `message` empty.
    ///
    /// # Cancel safety
    /// Dropped, nothing is lost.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    pub async fn recv_into(&mut self, message: &mut Vec<u8>) -> Result<bool, Error> {
        message.clear();
        let whole = poll_fn(|context| self.poll_message(context)).await?;
        if whole {
            std::mem::swap(message, &mut self.message);
        }
        Ok(whole)
    }

    /// [`recv`](Self::recv), for those who write futures by hand.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    pub fn poll_recv(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Vec<u8>>, Error>> {
        let whole = ready!(self.poll_message(context))?;
        Poll::Ready(Ok(whole.then(|| std::mem::take(&mut self.message))))
    }

    /// Collects the next message; it is whole then, or there is none.
    fn poll_message(&mut self, context: &mut Context<'_>) -> Poll<Result<bool, Error>> {
        while let Some(part) = ready!(self.poll_fragment(context))? {
            let Some(fragment) = self.link.take() else { continue };
            self.message.extend_from_slice(fragment.bytes);
            if part == Part::Last {
                return Poll::Ready(Ok(true));
            }
        }
        Poll::Ready(Ok(false))
    }

    /// Waits until the stream has taken everything.
    ///
    /// # Cancel safety
    /// Dropped, nothing is lost or repeated.
    ///
    /// # Errors
    /// What ended sending.
    pub async fn flush(&mut self) -> Result<(), Error> {
        poll_fn(|context| self.poll_sends(context, Link::flush)).await
    }

    /// Asks whether the peer reads: a PING, which it answers once it has read everything that was sent before. That
    /// it has come this far says nothing of what becomes of it there. [`awaits_pong`](Self::awaits_pong) says whether
    /// the answer is there; it comes to whoever receives.
    ///
    /// # Cancel safety
    /// Dropped, call again.
    ///
    /// # Errors
    /// [`ChannelError::PingPending`]: the last one has not been answered; nothing was sent. Otherwise what ended
    /// sending.
    pub async fn ping(&mut self) -> Result<(), Error> {
        poll_fn(|context| self.poll_ping(context)).await
    }

    /// [`ping`](Self::ping), for those who write futures by hand.
    ///
    /// # Errors
    /// As [`ping`](Self::ping).
    pub fn poll_ping(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_accepted(context, |link| link.ping(TAKEN))
    }

    /// Whether the answer to the last PING has not come yet.
    pub fn awaits_pong(&self) -> bool {
        self.link.awaits_pong()
    }

    /// Ends our direction with a CLOSE. The peer's goes on: receive until `None` to have all of it.
    ///
    /// On TCP a connection that is then dropped takes its CLOSE back if something of the peer lies unread, or comes
    /// later. Who does not want to receive until `None` calls [`finish`](Self::finish).
    ///
    /// # Cancel safety
    /// Dropped, call again.
    ///
    /// # Errors
    /// What ended sending.
    pub async fn close(&mut self) -> Result<(), Error> {
        poll_fn(|context| self.poll_close(context)).await
    }

    /// Ends the connection so that our CLOSE, and what we sent before it, arrives: sends it, then reads on and throws
    /// away what the peer still says, until it ends too, for at most `within` and 16 MiB.
    ///
    /// # Cancel safety
    /// Dropped, the connection is: what was sent last may not arrive.
    ///
    /// # Errors
    /// What ended sending, or [`Error::TimedOut`]: the CLOSE has not left.
    pub async fn finish(self, within: Duration) -> Result<(), Error> {
        self.finish_until(Instant::now() + within.min(LONGEST)).await
    }

    pub(crate) async fn finish_until(mut self, until: Instant) -> Result<(), Error> {
        timeout_at(until, self.close()).await.map_err(|_| Error::TimedOut)??;
        parting::see_off(&mut self.io, until, parting::DEVICES_BYTES).await;
        Ok(())
    }
}

impl<Io: fmt::Debug> fmt::Debug for Connection<Io> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let device = self.device().map(|device| device.name());
        f.debug_struct("Connection")
            .field("io", &self.io)
            .field("peer", &self.peer)
            .field("device", &device)
            .finish_non_exhaustive()
    }
}

/// No clock overflows within it.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// What a PING asks; the PONG says it again.
const TAKEN: &[u8] = b"taken?";
