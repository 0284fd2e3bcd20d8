//! A server, a device it knows, and streams that behave badly.

pub mod board;
pub mod changing;
pub mod log;

use crate::{Random, Watchdog};
use lowkey_host::{
    AcceptError, Acceptor, Connection, Device, Devices, Error, Id, Identity, Limits, Listener, Peer, Pinned,
    Pinning, Psk, PublicKey, Secret, Stats, connect,
};
use lowkey_transport::{Buffers, Link, Step};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::{future::Future, io};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex};
use tokio::net::TcpStream;

/// One side that knows the other: an identity, the peer it has pinned, perhaps a PSK.
pub struct Party {
    /// Its own keys.
    pub identity: Identity,
    /// Whom it pins.
    pub peer: Peer,
    /// What it says that it is called.
    pub id: Id,
    /// What both know, in KKpsk0.
    pub psk: Option<Psk>,
}

impl Party {
    /// A stranger with a key of its own, who knows the server's.
    pub fn new(server: PublicKey) -> Self {
        let identity = identity();
        let peer = Peer::pin(&identity, server).unwrap();
        let id = Id::of_pinning(&identity.public_key(), &server);
        Self { identity, peer, id, psk: None }
    }

    /// The same with the PSK of this byte over and over.
    pub fn with_psk(mut self, byte: u8) -> Self {
        self.psk = Some(Psk::new(Secret::new([byte; 32])).unwrap());
        self
    }

    /// The same under another id.
    pub fn with_id(mut self, id: Id) -> Self {
        self.id = id;
        self
    }

    /// As a handshake takes it.
    pub fn pinning(&self) -> Pinning<'_> {
        Pinning { id: self.id, identity: &self.identity, peer: &self.peer, psk: self.psk.as_ref() }
    }

    /// Plays the device on this stream.
    pub async fn connect<Io: AsyncRead + AsyncWrite + Unpin>(&self, io: Io) -> Result<Connection<Io>, Error> {
        connect(io, self.pinning(), &Limits::default()).await
    }

    /// Hello ‖ message 1 as bytes, and the link that waits for the answer.
    pub fn message_1(&self) -> (Vec<u8>, Link<'_, Vec<u8>>) {
        let buffers = Buffers::new(vec![0; 4096], vec![0; 4098]).unwrap();
        let mut ephemerals = lowkey_host::entropy::host_ephemerals().unwrap();
        let mut link = Link::kk_initiator(self.pinning(), &mut ephemerals, buffers).unwrap();
        let bytes = link.unsent().unwrap().to_vec();
        link.on_write(Ok::<_, Infallible>(bytes.len())).unwrap();
        (bytes, link)
    }
}

/// A server and the devices that it knows.
pub struct World {
    /// The keys of the server.
    pub server: Arc<Identity>,
    /// Its devices, `device-0` and so on.
    pub devices: Vec<Party>,
    /// What the server takes from them.
    pub limits: Limits,
    /// Ends a test that hangs.
    pub watchdog: Watchdog,
}

/// A private key that follows from the run's seed, another one at each call.
pub fn secret() -> Secret<32> {
    thread_local! {
        static RANDOM: RefCell<Random> = RefCell::new(Random::new());
    }
    let mut bytes = [0; 32];
    RANDOM.with_borrow_mut(|random| random.fill(&mut bytes));
    Secret::new(bytes)
}

/// An identity with such a key.
pub fn identity() -> Identity {
    Identity::new(secret()).unwrap()
}

impl World {
    /// A server of one device.
    #[expect(clippy::new_without_default, reason = "its keys are drawn, and no two are equal")]
    pub fn new() -> Self {
        Self::with_devices(1)
    }

    /// A server of so many devices.
    pub fn with_devices(n: usize) -> Self {
        let server = Arc::new(identity());
        let devices = (0..n).map(|_| Party::new(server.public_key())).collect();
        Self { server, devices, limits: Limits::default(), watchdog: Watchdog::new() }
    }

    /// The first device.
    pub fn device(&self) -> &Party {
        &self.devices[0]
    }

    /// As the devices stand: the first is `device-0`.
    pub fn acceptor(&self) -> Acceptor {
        Acceptor::new(Arc::clone(&self.server), self.registry(), self.limits.clone()).unwrap()
    }

    /// The devices as its acceptor knows them.
    pub fn registry(&self) -> Devices {
        let devices = self.devices.iter().enumerate().map(|(n, party)| {
            let device = Device::new(format!("device-{n}")).unwrap();
            let device = Pinned::new(device, &self.server, party.identity.public_key()).unwrap();
            let device = device.with_id(party.id);
            if party.psk.is_some() {
                device.with_psk(Psk::new(Secret::new([7; 32])).unwrap())
            } else {
                device
            }
        });
        Devices::new(devices).unwrap()
    }

    /// A listener of all devices on a port of its own, and its address.
    pub async fn listener(&self) -> (Listener, SocketAddr) {
        let listener = Listener::bind("127.0.0.1:0", self.acceptor()).await.unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    /// Device and server, connected by `near` and `far`.
    pub async fn join<A, B>(&self, near: A, far: B) -> (Connection<A>, Connection<B>)
    where
        A: AsyncRead + AsyncWrite + Unpin,
        B: AsyncRead + AsyncWrite + Unpin,
    {
        let acceptor = self.acceptor();
        let (device, server) = tokio::join!(self.device().connect(near), acceptor.accept(far));
        (device.unwrap(), server.unwrap())
    }

    /// Device and server, connected by a pipe that holds `room` bytes each way.
    pub async fn pair(&self, room: usize) -> (Connection<DuplexStream>, Connection<DuplexStream>) {
        let (near, far) = duplex(room);
        self.join(near, far).await
    }
}

/// A device below the connection: it sends what it likes.
pub struct Raw<'k, Io> {
    /// Its stream.
    pub io: Io,
    /// What speaks over it.
    pub link: Link<'k, Vec<u8>>,
}

impl<'k, Io: AsyncRead + AsyncWrite + Unpin> Raw<'k, Io> {
    /// Up to message 2; the confirming record is staged and not sent.
    pub async fn unconfirmed(party: &'k Party, mut io: Io) -> Self {
        let (bytes, mut link) = party.message_1();
        io.write_all(&bytes).await.unwrap();
        while link.step().unwrap() == Step::Read {
            let n = io.read(link.space()).await.unwrap();
            link.on_read(Ok::<_, Infallible>(n)).unwrap();
        }
        Self { io, link }
    }

    /// Confirmed.
    pub async fn open(party: &'k Party, io: Io) -> Self {
        let mut raw = Self::unconfirmed(party, io).await;
        raw.flush().await;
        assert_eq!(raw.link.step(), Ok(Step::Done));
        raw
    }

    /// Writes what is unsent.
    pub async fn flush(&mut self) {
        let bytes = self.link.unsent().unwrap().to_vec();
        if !bytes.is_empty() {
            self.io.write_all(&bytes).await.unwrap();
            self.link.on_write(Ok::<_, Infallible>(bytes.len())).unwrap();
        }
    }

    /// Reads once.
    pub async fn read(&mut self) {
        let n = self.io.read(self.link.space()).await.unwrap();
        self.link.on_read(Ok::<_, Infallible>(n)).unwrap();
    }
}

/// Gives and takes one byte at a time, and is not ready every other time it is asked.
pub struct Dribble<Io> {
    io: Io,
    read_next: bool,
    write_next: bool,
}

impl<Io> Dribble<Io> {
    /// Around this stream.
    pub fn new(io: Io) -> Self {
        Self { io, read_next: false, write_next: false }
    }
}

fn not_now(next: &mut bool, context: &Context<'_>) -> bool {
    *next = !*next;
    if *next {
        context.waker().wake_by_ref();
    }
    *next
}

impl<Io: AsyncRead + Unpin> AsyncRead for Dribble<Io> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if not_now(&mut self.read_next, context) {
            return Poll::Pending;
        }
        let mut byte = [0];
        let mut one = ReadBuf::new(&mut byte);
        std::task::ready!(Pin::new(&mut self.io).poll_read(context, &mut one))?;
        buf.put_slice(one.filled());
        Poll::Ready(Ok(()))
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for Dribble<Io> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if not_now(&mut self.write_next, context) {
            return Poll::Pending;
        }
        Pin::new(&mut self.io).poll_write(context, &buf[..buf.len().min(1)])
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

/// A stream that remembers one waker for reading and one for writing, the last, as the contract of
/// `poll_read` allows; `DuplexStream` and sockets are kinder in places.
#[derive(Clone)]
pub struct Strict {
    incoming: Arc<Mutex<Pipe>>,
    outgoing: Arc<Mutex<Pipe>>,
}

#[derive(Default)]
struct Pipe {
    bytes: VecDeque<u8>,
    room: usize,
    closed: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// Both ends of a pipe that holds `room` bytes each way.
pub fn strict(room: usize) -> (Strict, Strict) {
    let [a, b] = [(); 2].map(|()| Arc::new(Mutex::new(Pipe { room, ..Pipe::default() })));
    (Strict { incoming: a.clone(), outgoing: b.clone() }, Strict { incoming: b, outgoing: a })
}

impl AsyncRead for Strict {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut pipe = self.incoming.lock().unwrap();
        if pipe.bytes.is_empty() && !pipe.closed {
            pipe.reader = Some(context.waker().clone());
            return Poll::Pending;
        }
        let n = pipe.bytes.len().min(buf.remaining());
        let bytes: Vec<u8> = pipe.bytes.drain(..n).collect();
        buf.put_slice(&bytes);
        if let Some(waker) = pipe.writer.take() {
            waker.wake();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Strict {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let mut pipe = self.outgoing.lock().unwrap();
        let n = buf.len().min(pipe.room - pipe.bytes.len());
        if n == 0 {
            pipe.writer = Some(context.waker().clone());
            return Poll::Pending;
        }
        pipe.bytes.extend(&buf[..n]);
        if let Some(waker) = pipe.reader.take() {
            waker.wake();
        }
        Poll::Ready(Ok(n))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut pipe = self.outgoing.lock().unwrap();
        pipe.closed = true;
        if let Some(waker) = pipe.reader.take() {
            waker.wake();
        }
        Poll::Ready(Ok(()))
    }
}

/// Polls a future once and drops it.
pub fn poll_once<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// `len` bytes that show it when one is missing, repeated or moved.
pub fn pattern(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    std::iter::repeat_with(next).take(len).collect()
}

/// What a server of `world` answers to a first frame, and what it counted.
pub async fn answer(world: &World, first: &[u8]) -> (Vec<u8>, Result<(), AcceptError>, Stats) {
    let (mut near, far) = duplex(1000);
    let acceptor = world.acceptor();
    near.write_all(first).await.unwrap();
    let hearing = async move { until_end(&mut near).await }; // and hangs up
    let (answer, accepted) = tokio::join!(hearing, acceptor.accept(far));
    (answer, accepted.map(drop), acceptor.stats())
}

/// Two ends of a TCP connection.
pub async fn tcp_pair() -> (TcpStream, TcpStream) {
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let (near, far) = tokio::join!(TcpStream::connect(address), socket.accept());
    (near.unwrap(), far.unwrap().0)
}

/// All that comes until the other side hangs up.
pub async fn until_end(io: &mut (impl AsyncRead + Unpin)) -> Vec<u8> {
    let mut bytes = Vec::new();
    match io.read_to_end(&mut bytes).await {
        Ok(_) => bytes,
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => bytes,
        Err(error) => panic!("{error}"),
    }
}

/// Whether it is this error of the channel.
pub fn is_channel(error: &Error, expected: lowkey_host::ChannelError) -> bool {
    matches!(error, Error::Channel(found) if *found == expected)
}
