//! An Ethernet segment with two stations: the board in QEMU, and a TCP of our own for one connection. Nothing else is
//! on it, so a trial decides which frames arrive and when the window opens.

use smoltcp::{
    iface::{Config, Interface, SocketHandle, SocketSet},
    phy::{self, Device, DeviceCapabilities, Medium},
    socket::tcp::{Socket, SocketBuffer, State},
    time::Instant,
    wire::{EthernetAddress, IpCidr, Ipv4Address},
};
use std::{
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    thread, time,
};
use xtask::command::Result;

/// What becomes of the segment's frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cable {
    Whole,
    /// Those of the board are lost.
    Deaf,
    /// All are lost.
    Cut,
}

/// Our station, with its connection.
pub(crate) struct Segment {
    frames: Frames,
    interface: Interface,
    sockets: SocketSet<'static>,
    socket: SocketHandle,
    begun: time::Instant,
}

/// The cable, as QEMU plays it over a socket: each frame behind its length.
struct Frames {
    cable: Cable,
    from_board: mpsc::Receiver<Vec<u8>>,
    to_board: TcpStream,
}

impl Segment {
    /// Waits until QEMU has connected to `listener`.
    ///
    /// # Errors
    /// It has not.
    pub(crate) fn meet(listener: &TcpListener) -> Result<Self> {
        let (to_board, _) = listener.accept()?;
        to_board.set_nodelay(true)?;
        let mut stream = to_board.try_clone()?;
        let (heard, from_board) = mpsc::channel();
        thread::spawn(move || {
            while let Ok(frame) = read_frame(&mut stream) {
                if heard.send(frame).is_err() {
                    break;
                }
            }
        });
        let mut frames = Frames { cable: Cable::Whole, from_board, to_board };
        let config = Config::new(EthernetAddress([2, 0, 0, 0, 0, 2]).into());
        let mut interface = Interface::new(config, &mut frames, Instant::ZERO);
        interface.update_ip_addrs(|addresses| {
            // The list has room for one and is empty.
            let _ = addresses.push(IpCidr::new(OWN.into(), 24));
        });
        let buffers = [WINDOW, 8_192].map(|len| SocketBuffer::new(vec![0; len]));
        let [incoming, outgoing] = buffers;
        let mut socket = Socket::new(incoming, outgoing);
        socket.set_nagle_enabled(false);
        let mut sockets = SocketSet::new(Vec::new());
        let socket = sockets.add(socket);
        Ok(Self { frames, interface, sockets, socket, begun: time::Instant::now() })
    }

    /// From now on this becomes of the frames.
    pub(crate) fn lay(&mut self, cable: Cable) {
        self.frames.cable = cable;
    }

    /// Takes in what has come and sends what may be sent.
    pub(crate) fn turn(&mut self) {
        let now = Instant::from_millis(self.begun.elapsed().as_millis() as i64);
        self.interface.poll(now, &mut self.frames, &mut self.sockets);
    }

    /// Lets go of the last connection, and waits for the next.
    pub(crate) fn listen(&mut self) {
        let socket = self.socket();
        socket.abort();
        // It is closed, and the port is none that is refused.
        let _ = socket.listen(PORT);
    }

    /// Ends our direction.
    pub(crate) fn end(&mut self) {
        self.socket().close();
    }

    /// Whether the board has connected, and nobody has cut the connection.
    pub(crate) fn is_connected(&mut self) -> bool {
        !matches!(self.socket().state(), State::Listen | State::SynReceived | State::Closed)
    }

    /// Whether the board has ended its direction, in order.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.socket().state() == State::CloseWait
    }

    /// Whether the board's TCP has all that was given.
    pub(crate) fn is_acknowledged(&mut self) -> bool {
        self.socket().send_queue() == 0
    }

    /// Takes at most `out` of what has come; how much.
    pub(crate) fn take(&mut self, out: &mut [u8]) -> usize {
        self.socket().recv_slice(out).unwrap_or(0)
    }

    /// Gives TCP what it has room for; how much.
    pub(crate) fn give(&mut self, bytes: &[u8]) -> usize {
        self.socket().send_slice(bytes).unwrap_or(0)
    }

    fn socket(&mut self) -> &mut Socket<'static> {
        self.sockets.get_mut(self.socket)
    }
}

impl Device for Frames {
    type RxToken<'a> = Received;
    type TxToken<'a> = ToBoard<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Received, ToBoard<'_>)> {
        loop {
            let frame = self.from_board.try_recv().ok()?;
            if self.cable == Cable::Whole {
                return Some((Received(frame), ToBoard(self)));
            }
        }
    }

    fn transmit(&mut self, _: Instant) -> Option<ToBoard<'_>> {
        Some(ToBoard(self))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = 1_514;
        capabilities
    }
}

struct Received(Vec<u8>);

impl phy::RxToken for Received {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, take: F) -> R {
        take(&self.0)
    }
}

struct ToBoard<'a>(&'a mut Frames);

impl phy::TxToken for ToBoard<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, fill: F) -> R {
        let mut frame = vec![0; 4 + len];
        let result = fill(&mut frame[4..]);
        frame[..4].copy_from_slice(&(len as u32).to_be_bytes());
        if self.0.cable != Cable::Cut {
            // A board that has no power any more hears nothing, and says nothing.
            let _ = self.0.to_board.write_all(&frame);
        }
        result
    }
}

fn read_frame(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut len = [0; 4];
    stream.read_exact(&mut len)?;
    let mut frame = vec![0; u32::from_be_bytes(len) as usize];
    stream.read_exact(&mut frame)?;
    Ok(frame)
}

/// Where the board is told that its server is.
pub(crate) const OWN: Ipv4Address = Ipv4Address::new(10, 0, 2, 2);
pub(crate) const PORT: u16 = 7_000;
/// Bytes that the board can be ahead of what we take: less than a frame.
pub(crate) const WINDOW: usize = 512;
