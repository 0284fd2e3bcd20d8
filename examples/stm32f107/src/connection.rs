//! One connection: a TCP socket, and the channel on its two halves.

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

use embassy_net::{
    Stack,
    tcp::{TcpReader, TcpSocket, TcpWriter},
};
use embassy_time::{Duration, TimeoutError, with_timeout};
use embedded_io_async::{ErrorKind, ErrorType, Read, Write};
use lowkey_core::{Ephemerals, SeedEntropy};
use lowkey_transport::{
    Buffers, Error, Link,
    asynch::{Channel, Duplex},
};
use static_cell::ConstStaticCell;

use crate::{boot::Device, liveness::Traffic};

/// A channel on the two halves of a socket, so that it can be split in two itself.
pub(crate) type Connection<'c> = Channel<Duplex<Noted<TcpReader<'c>>, Noted<TcpWriter<'c>>>, &'c mut [u8]>;

/// A half of a socket that notes what passes.
pub(crate) struct Noted<S>(S);

impl<S: ErrorType> ErrorType for Noted<S> {
    type Error = S::Error;
}

impl Read for Noted<TcpReader<'_>> {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Self::Error> {
        let length = Read::read(&mut self.0, buffer).await?;
        add(&RECEIVED, length);
        Ok(length)
    }
}

impl Write for Noted<TcpWriter<'_>> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Self::Error> {
        let length = Write::write(&mut self.0, bytes).await?;
        add(&WRITTEN, length);
        QUEUED.store(self.0.send_queue() as u32, Relaxed);
        Ok(length)
    }

    /// Until the server's TCP has acknowledged everything; what it has so far is noted on the way.
    async fn flush(&mut self) -> Result<(), Self::Error> {
        loop {
            QUEUED.store(self.0.send_queue() as u32, Relaxed);
            if let Ok(flushed) = with_timeout(LOOK, Write::flush(&mut self.0)).await {
                QUEUED.store(self.0.send_queue() as u32, Relaxed);
                return flushed;
            }
        }
    }
}

/// What has passed so far, on this connection and those before it.
pub(crate) fn traffic() -> Traffic {
    let queued = QUEUED.load(Relaxed);
    Traffic {
        received: RECEIVED.load(Relaxed),
        acknowledged: WRITTEN.load(Relaxed).wrapping_sub(queued),
        is_waiting: queued > 0,
        is_awaiting: false,
    }
}

/// One task writes them, so a load and a store do.
fn add(sum: &AtomicU32, length: usize) {
    sum.store(sum.load(Relaxed).wrapping_add(length as u32), Relaxed);
}

static RECEIVED: AtomicU32 = AtomicU32::new(0);
static WRITTEN: AtomicU32 = AtomicU32::new(0);
/// Bytes that TCP has and the server's has not acknowledged, as of the last look.
static QUEUED: AtomicU32 = AtomicU32::new(0);

/// The memory of a connection, used by one after another.
pub(crate) struct Memory {
    received: [u8; WINDOW],
    sent: [u8; WINDOW],
    incoming: [u8; FRAME],
    outgoing: [u8; FRAME],
}

/// All zeros, so nothing of it is in the image.
pub(crate) static MEMORY: ConstStaticCell<Memory> = ConstStaticCell::new(Memory {
    received: [0; WINDOW],
    sent: [0; WINDOW],
    incoming: [0; FRAME],
    outgoing: [0; FRAME],
});

/// What a channel is made of for one attempt.
pub(crate) struct Attempt<'m> {
    socket: TcpSocket<'m>,
    incoming: &'m mut [u8],
    outgoing: &'m mut [u8],
}

impl<'m> Attempt<'m> {
    pub(crate) fn new(stack: Stack<'m>, memory: &'m mut Memory) -> Self {
        let Memory { received, sent, incoming, outgoing } = memory;
        let mut socket = TcpSocket::new(stack, received, sent);
        // A record is written whole; waiting for more would only delay it.
        socket.set_nagle_enabled(false);
        // A line that is dead: no answer to a reading, or to a probe where nothing is sent. Whether the server itself
        // is there, the session asks.
        socket.set_timeout(Some(PATIENCE));
        socket.set_keep_alive(Some(PATIENCE / 2));
        Self { socket, incoming, outgoing }
    }

    /// Waits for an address, connects, and plays the handshake; [`LIMIT`] for all of it.
    ///
    /// # Errors
    /// Why there is no channel; `TimedOut` also where there is no cable or no DHCP server.
    pub(crate) async fn connect(
        &mut self,
        stack: Stack<'_>,
        device: &Device,
        ephemerals: &mut Ephemerals<SeedEntropy>,
    ) -> Result<Connection<'_>, Error> {
        let buffers = Buffers::new(&mut *self.incoming, &mut *self.outgoing)?;
        // Message 1 is made first, so that only what needs the server's answer is left when the network is up.
        let link: Link<'_, _> = Link::kk_initiator(device.pinning(), ephemerals, buffers)?;
        let socket = &mut self.socket;
        let opening = async {
            stack.wait_config_up().await;
            socket.connect(device.server).await.map_err(|_| Error::Io(ErrorKind::ConnectionRefused))?;
            let (reader, writer) = socket.split();
            Channel::connect(Duplex { reader: Noted(reader), writer: Noted(writer) }, link).await
        };
        within(LIMIT, opening).await
    }

    /// Ends the connection, in order if the server's TCP has all of it within [`FAREWELL`].
    pub(crate) async fn end(mut self) {
        self.socket.close();
        let _acknowledged = with_timeout(FAREWELL, self.socket.flush()).await;
        self.socket.abort();
        let _reset_sent = with_timeout(FAREWELL, self.socket.flush()).await;
    }
}

/// What `attempt` gives, or `TimedOut` once it has taken longer than `limit`.
pub(crate) async fn within<T>(
    limit: Duration,
    attempt: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let given = with_timeout(limit, attempt).await;
    given.unwrap_or_else(|TimeoutError| Err(Error::Io(ErrorKind::TimedOut)))
}

/// The longest frame each way, in bytes.
const FRAME: usize = 1_024;
/// Bytes of TCP's window each way: one full segment and a half.
const WINDOW: usize = 2_048;
/// For the address, TCP's handshake and ours together. Enough on Ethernet; a slow radio needs more, and so does its
/// server.
const LIMIT: Duration = Duration::from_secs(20);
/// Without a sign of life from the server's TCP.
const PATIENCE: Duration = Duration::from_secs(20);
const FAREWELL: Duration = Duration::from_secs(5);
/// How often it is noted what has been acknowledged.
pub(crate) const LOOK: Duration = Duration::from_secs(1);
