//! An open connection: a stream of bytes, and of messages.

mod end;
mod farewell;
mod input;
mod last_words;
mod messages;
mod numbered;
mod over;
mod posted;
mod pump;
mod receiving;
mod sending;
mod shared;
mod stream;
mod traffic;

pub use farewell::{Fault, Untaken};

pub(crate) use end::End;
pub(crate) use farewell::Farewell;
pub(crate) use input::Input;
pub(crate) use posted::{Fate, NotTaken};
pub(crate) use pump::poll_write;
pub(crate) use shared::{OverWhenDropped, Shared, Side};
pub(crate) use traffic::Traffic;

use crate::registry::{Device, Pinned};
use last_words::LastWords;
use lowkey_core::PublicKey;
#[cfg(doc)]
use lowkey_transport::Error as ChannelError;
use lowkey_transport::Link;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Waker;
use std::{fmt, io};

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
/// An error, whichever direction it came up in, ends both: the keys are wiped, and every later call gives it again.
/// Before a failed write does that, what the peer has sent by then is opened and kept, up to 16 MiB, because a device
/// may say something, close, and be gone. The call waits for that: for as long as the stream gives something, and 100
/// ms if it does not end. Then `recv` and reads give what was kept, and behind it the peer's CLOSE or the error. What
/// comes later is lost.
///
/// # Cancel safety
/// Every call may be dropped at any await without losing or repeating a byte, except a `send` of more
/// than one record; see there.
pub struct Connection<Io> {
    io: Io,
    link: Link<'static, Vec<u8>>,
    input: Input,
    message: Vec<u8>,    // fragments of a message that is not whole yet
    number: Option<u64>, // of the message whose end was taken last
    holds_close: bool,   // its CLOSE waits until whoever has it closes
    shared: Arc<Shared>,
    both: Waker,
    last_words: LastWords,
    cause: Option<Arc<io::Error>>, // of the stream, when that has failed: the link knows its kind only
    peer: PublicKey,
    pinned: Option<Arc<Pinned>>,
    from: Option<SocketAddr>,
    farewell: Option<Box<dyn Farewell>>,
    _over: OverWhenDropped,
}

impl<Io> Connection<Io> {
    /// A link that is done, and what was read behind its handshake.
    pub(crate) fn new(io: Io, link: Link<'static, Vec<u8>>, mut input: Input, peer: PublicKey) -> Self {
        input.recount();
        let shared = Arc::new(Shared::of(link.max_data()));
        Self {
            io,
            link,
            input,
            message: Vec::new(),
            number: None,
            holds_close: false,
            both: Arc::clone(&shared).into(),
            _over: OverWhenDropped(Arc::clone(&shared)),
            shared,
            last_words: LastWords::default(),
            cause: None,
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

    /// As [`Link::handshake_hash`], for binding something else to this channel.
    pub fn handshake_hash(&self) -> Option<[u8; 32]> {
        self.link.handshake_hash()
    }

    /// As [`Link::max_data`]: a [`send`](Self::send) of as much is atomic.
    pub fn max_data(&self) -> usize {
        self.link.max_data()
    }

    /// The stream below, for its address or its options; reading or writing it ends the channel.
    pub fn stream(&self) -> &Io {
        &self.io
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
