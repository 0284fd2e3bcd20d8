//! One TCP connection at a time, as a blocking `embedded-io` stream.
//!
//! Each call moves the whole stack on until it can answer, and stops the core in between. A call that finds nothing to
//! do for as long as [`Tcp::set_patience`] allows, and the peer to acknowledge nothing, fails with
//! `ErrorKind::TimedOut`, leaves the connection as it is and can be repeated. Between calls nothing moves: no
//! acknowledgement, no retransmission.

use embedded_io::{ErrorKind, ErrorType, Read, ReadReady, Write, WriteReady};
use smoltcp::{
    iface::{Config, Interface, SocketHandle, SocketSet, SocketStorage},
    socket::tcp::{RecvError, Socket, SocketBuffer, State},
    time::Instant,
    wire::{EthernetAddress, IpAddress, IpCidr, Ipv4Address},
};

use crate::{clock::Clock, ethernet::Ethernet, liveness::Traffic, reserved::Reserved};

/// An IPv4 address.
pub type Address = [u8; 4];

/// The memory of the one connection.
pub struct Memory {
    socket: &'static mut [SocketStorage<'static>; 1],
    buffers: &'static mut Buffers,
}

impl Memory {
    /// `None` the second time.
    pub(crate) fn take() -> Option<Self> {
        Some(Self { socket: SOCKET.take()?, buffers: BUFFERS.take()? })
    }
}

/// The receiving one is also the window that the peer may fill.
struct Buffers {
    incoming: [u8; WINDOW],
    outgoing: [u8; WINDOW],
}

// Two statics: an empty socket is not all zeros, and would take the buffers with it into the flash's image.
static SOCKET: Reserved<[SocketStorage<'static>; 1]> = Reserved::new([SocketStorage::EMPTY]);
static BUFFERS: Reserved<Buffers> = Reserved::new(Buffers { incoming: [0; WINDOW], outgoing: [0; WINDOW] });

/// The network stack and its one connection, open or not.
pub struct Tcp {
    ethernet: Ethernet,
    clock: Clock,
    interface: Interface,
    sockets: SocketSet<'static>,
    socket: SocketHandle,
    /// The next local port, less [`FIRST_PORT`].
    port: u16,
    patience: u32,
    /// The clock when all that is going on has to be over by, and the milliseconds that were given for it.
    limit: Option<(u32, u32)>,
    /// What an operation on a connection that is gone says: it never was, or it was cut.
    gone: ErrorKind,
    /// Milliseconds since start that do not wrap, and the clock when they were last brought up to date.
    time: i64,
    seen: u32,
    /// The clock when the peer was last known to have been heard.
    heard: u32,
    /// Bytes that this connection has been given and has given, in all.
    written: u32,
    read: u32,
}

impl Tcp {
    /// A stack with the address 10.0.2.15/24 and the gateway 10.0.2.2, without a connection.
    ///
    /// `boot` counts the device's starts: with it, local ports do not begin where they began before a reset, where
    /// a server may still hold the old connection. `random` makes sequence numbers hard to guess, no more: nothing
    /// that must stay secret rests on it.
    pub fn new(mut ethernet: Ethernet, clock: Clock, memory: Memory, boot: u32, random: u64) -> Self {
        let mut config = Config::new(EthernetAddress(ethernet.address()).into());
        config.random_seed = random ^ u64::from(boot);
        let mut interface = Interface::new(config, &mut ethernet, Instant::ZERO);
        interface.update_ip_addrs(|addresses| {
            // The list has room for one and is empty.
            let _ = addresses.push(IpCidr::new(IpAddress::Ipv4(OWN), PREFIX));
        });
        // The table has room for one and is empty.
        let _ = interface.routes_mut().add_default_ipv4_route(GATEWAY);

        let Memory { socket, buffers } = memory;
        let mut sockets = SocketSet::new(&mut socket[..]);
        let mut socket = Socket::new(
            SocketBuffer::new(&mut buffers.incoming[..]),
            SocketBuffer::new(&mut buffers.outgoing[..]),
        );
        // A record is written whole and flushed; waiting for more would only delay it.
        socket.set_nagle_enabled(false);
        let socket = sockets.add(socket);

        // 10,127 is odd and near 16,384 / golden ratio: the starts of neighbouring boots lie far apart.
        let port = (boot as u16).wrapping_mul(10_127) % PORTS;
        let seen = clock.now();
        Self {
            ethernet,
            clock,
            interface,
            sockets,
            socket,
            port,
            patience: FOREVER,
            limit: None,
            gone: ErrorKind::NotConnected,
            time: 0,
            seen,
            heard: seen,
            written: 0,
            read: 0,
        }
    }

    /// Connects to `port` of `address` within `deadline` milliseconds, from a fresh local port. A connection that
    /// is still open is aborted first.
    ///
    /// # Errors
    /// - `InvalidInput`: `port` or `address` is zero.
    /// - `ConnectionRefused`: nobody listens there.
    /// - `TimedOut`: no answer; nothing of the attempt is left.
    pub fn connect(&mut self, address: Address, port: u16, deadline: u32) -> Result<(), ErrorKind> {
        self.abort();
        (self.written, self.read) = (0, 0);
        let local = FIRST_PORT + self.port;
        self.port = (self.port + 1) % PORTS;
        let remote = (IpAddress::Ipv4(Ipv4Address::from(address)), port);
        self.sockets
            .get_mut::<Socket<'_>>(self.socket)
            .connect(self.interface.context(), remote, local)
            .map_err(|_| ErrorKind::InvalidInput)?;
        self.open(deadline, |socket| match socket.state() {
            State::SynSent | State::SynReceived => None,
            State::Closed => Some(Err(ErrorKind::ConnectionRefused)),
            _ => Some(Ok(())),
        })
    }

    /// From now on somebody may connect to `port`; [`Tcp::accept`] waits for him. A connection that is still open is
    /// aborted first.
    ///
    /// # Errors
    /// `InvalidInput`: `port` is zero.
    pub fn listen(&mut self, port: u16) -> Result<(), ErrorKind> {
        self.abort();
        (self.written, self.read) = (0, 0);
        self.socket().listen(port).map_err(|_| ErrorKind::InvalidInput)
    }

    /// Waits for at most `deadline` milliseconds until somebody connects.
    ///
    /// # Errors
    /// `TimedOut`: nobody did, and nobody can any more.
    pub fn accept(&mut self, deadline: u32) -> Result<(), ErrorKind> {
        self.open(deadline, |socket| match socket.state() {
            State::Listen | State::SynReceived => None,
            _ => Some(Ok(())),
        })
    }

    /// How long a read, write or close may find nothing to do before it fails with `TimedOut`, in milliseconds.
    /// For ever at first, which is 49 days.
    pub fn set_patience(&mut self, patience: u32) {
        self.patience = patience;
    }

    /// Gives everything from now on `limit` milliseconds in all, however many calls it takes: then each call fails
    /// with `TimedOut`. `None` lifts it.
    pub fn set_limit(&mut self, limit: Option<u32>) {
        self.limit = limit.map(|limit| (self.clock.now(), limit));
    }

    /// What has passed on this connection; that something is awaited is for those to say who do.
    pub fn traffic(&mut self) -> Traffic {
        let queued = self.socket().send_queue() as u32;
        Traffic {
            received: self.read,
            acknowledged: self.written.wrapping_sub(queued),
            is_waiting: queued > 0,
            is_awaiting: false,
        }
    }

    /// Ends our direction after everything written, and waits until the peer has acknowledged it. Reading goes on
    /// until the peer has ended its own.
    ///
    /// # Errors
    /// - `TimedOut`: not acknowledged in time; the connection is still closing.
    /// - `ConnectionReset`: the peer cut it; some of what was written may be lost.
    /// - `NotConnected`: there was none.
    pub fn close(&mut self) -> Result<(), ErrorKind> {
        let gone = self.gone;
        let socket = self.socket();
        if socket.state() == State::Closed {
            return Err(gone);
        }
        socket.close();
        self.wait(self.patience, |socket| match socket.state() {
            State::FinWait1 | State::Closing | State::LastAck => None,
            // By the peer's reset; an end that was acknowledged leaves nothing in the buffer.
            State::Closed if socket.send_queue() > 0 => Some(Err(gone)),
            _ => Some(Ok(())),
        })
    }

    /// Cuts the connection, if there is one: the peer gets a reset, and what was not sent is dropped.
    pub fn abort(&mut self) {
        self.gone = ErrorKind::NotConnected;
        let socket = self.socket();
        if socket.state() != State::Closed {
            socket.abort();
            self.poll();
        }
    }

    /// Does nothing for `time` milliseconds but keep the connection alive.
    pub fn idle(&mut self, time: u32) {
        // Never ready, so it always times out.
        let _ = self.wait(time, |_| None::<Result<(), ErrorKind>>);
    }

    /// Moves the stack on and stops the core until the next interrupt, which comes within a millisecond.
    pub fn rest(&mut self) {
        self.poll();
        self.ethernet.sleep();
    }

    /// Waits until `ready` says that there is a connection; without one nothing of the attempt is left.
    fn open(
        &mut self,
        deadline: u32,
        ready: impl FnMut(&mut Socket<'static>) -> Option<Result<(), ErrorKind>>,
    ) -> Result<(), ErrorKind> {
        let result = self.wait(deadline, ready);
        match result {
            Ok(()) => {
                self.gone = ErrorKind::ConnectionReset;
                self.heard = self.clock.now();
            }
            Err(_) => self.abort(),
        }
        result
    }

    /// Moves the stack on until `ready` says something, asking it first and then after each step.
    fn wait<T>(
        &mut self,
        patience: u32,
        mut ready: impl FnMut(&mut Socket<'static>) -> Option<Result<T, ErrorKind>>,
    ) -> Result<T, ErrorKind> {
        let mut start = self.clock.now();
        loop {
            if let Some(result) = ready(self.socket()) {
                return result;
            }
            let queued = self.socket().send_queue();
            self.poll();
            if let Some(result) = ready(self.socket()) {
                return result;
            }
            // Whoever still takes what was written before can be slow to do what is waited for now.
            if self.socket().send_queue() < queued {
                start = self.clock.now();
            }
            let is_over = self.limit.is_some_and(|(from, limit)| self.clock.since(from) >= limit);
            if is_over || self.clock.since(start) >= patience {
                return Err(ErrorKind::TimedOut);
            }
            self.ethernet.sleep();
        }
    }

    /// Takes in what has arrived and sends what may be sent.
    fn poll(&mut self) {
        let passed = self.clock.since(self.seen);
        self.seen = self.seen.wrapping_add(passed);
        self.time += i64::from(passed);
        self.interface.poll(Instant::from_millis(self.time), &mut self.ethernet, &mut self.sockets);
    }

    fn socket(&mut self) -> &mut Socket<'static> {
        self.sockets.get_mut(self.socket)
    }
}

impl ErrorType for Tcp {
    type Error = ErrorKind;
}

impl Read for Tcp {
    /// Waits for at least one byte. Zero bytes: the peer has ended its direction.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let gone = self.gone;
        let length = self.wait(self.patience, |socket| match socket.recv_slice(buffer) {
            Ok(0) => None,
            Ok(length) => Some(Ok(length)),
            Err(RecvError::Finished) => Some(Ok(0)),
            Err(RecvError::InvalidState) => Some(Err(gone)),
        })?;
        self.heard = self.clock.now();
        self.read = self.read.wrapping_add(length as u32);
        Ok(length)
    }
}

impl ReadReady for Tcp {
    fn read_ready(&mut self) -> Result<bool, ErrorKind> {
        self.poll();
        let socket = self.socket();
        Ok(socket.can_recv() || !socket.may_recv())
    }
}

impl Write for Tcp {
    /// Copies into the outgoing buffer, waiting while it is full. It leaves with the next call that waits, or with
    /// [`Write::flush`].
    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        if bytes.is_empty() {
            return Ok(0);
        }
        let gone = self.gone;
        let length = self.wait(self.patience, |socket| match socket.send_slice(bytes) {
            Ok(0) => None,
            Ok(length) => Some(Ok(length)),
            Err(_) => Some(Err(gone)),
        })?;
        self.written = self.written.wrapping_add(length as u32);
        Ok(length)
    }

    /// Sends as much as the peer's window admits. It does not wait until that has been acknowledged, which can take
    /// a peer 40 ms to say; [`Tcp::close`] does, and the first flush after 30 s in which nothing was read.
    fn flush(&mut self) -> Result<(), ErrorKind> {
        let gone = self.gone;
        self.poll();
        // smoltcp forgets a neighbour after 60 s without a frame from it and then asks for its address before it
        // sends: stay for the answer, or the bytes would wait for the next call.
        let silent = self.clock.since(self.heard) > SILENCE;
        self.wait(self.patience, |socket| {
            if !socket.may_send() {
                Some(Err(gone))
            } else if silent && socket.send_queue() > 0 {
                None
            } else {
                Some(Ok(()))
            }
        })?;
        if silent {
            self.heard = self.clock.now();
        }
        Ok(())
    }
}

impl WriteReady for Tcp {
    fn write_ready(&mut self) -> Result<bool, ErrorKind> {
        self.poll();
        let socket = self.socket();
        Ok(socket.can_send() || !socket.may_send())
    }
}

const OWN: Ipv4Address = Ipv4Address::new(10, 0, 2, 15);
const PREFIX: u8 = 24;
const GATEWAY: Ipv4Address = Ipv4Address::new(10, 0, 2, 2);
/// Bytes each way. One full segment and a half: with less, a peer waits for each acknowledgement.
const WINDOW: usize = 2_048;
/// The dynamic ports (RFC 6335 §6).
const FIRST_PORT: u16 = 49_152;
const PORTS: u16 = 16_384;
const FOREVER: u32 = u32::MAX;
const SILENCE: u32 = 30_000;
