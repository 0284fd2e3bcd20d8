//! The attacker's seat: every frame between a device and the server passes here, and can be changed.

use std::{
    io::{self, Read, Write},
    mem,
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};
use xtask::command::Result;

/// Which way a frame goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    ToServer,
    ToDevice,
}

/// What becomes of a frame.
pub(crate) enum Act {
    /// These go on in its place.
    Pass(Vec<Vec<u8>>),
    /// This goes back to the sender in its place.
    Answer(Vec<u8>),
    /// This goes on, then both sides are cut off.
    CutAfter(Vec<u8>),
}

/// Decides about each frame: which way, its number in that direction, its bytes with their length.
pub(crate) type Tamper = Box<dyn FnMut(Way, usize, Vec<u8>) -> Act + Send>;

/// A frame that passed unchanged.
pub(crate) type Recorded = (Way, Vec<u8>);

/// Which connections may pass.
#[derive(Default)]
enum Gate {
    #[default]
    Open,
    Shut,
    /// The next one, with this done to it; then the gate is shut.
    Once(Tamper),
}

#[derive(Default)]
struct State {
    gate: Gate,
    /// The frames of the last connection that was passed on honestly.
    recorded: Vec<Recorded>,
    /// Both streams of the connection that is open.
    open: Vec<TcpStream>,
}

/// A relay between a port of its own and the server's.
#[derive(Clone)]
pub(crate) struct Relay {
    state: Arc<Mutex<State>>,
    /// The gate has moved.
    moved: Arc<Condvar>,
    passed: Arc<AtomicUsize>,
    /// Where the device connects to.
    pub(crate) port: u16,
}

impl Relay {
    /// Listens on a port of its own for as long as the process lives; who calls waits until there is a server.
    ///
    /// # Errors
    /// The system has no port.
    pub(crate) fn listen() -> Result<(Self, TcpListener)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        Ok((Self { state: Arc::default(), moved: Arc::default(), passed: Arc::default(), port }, listener))
    }

    /// Connects each caller to `server`, one after the other, as the gate lets them through.
    pub(crate) fn start(&self, listener: TcpListener, server: SocketAddr) {
        let seat = self.clone();
        thread::spawn(move || {
            for device in listener.incoming().map_while(io::Result::ok) {
                let tamper = seat.admit();
                if let Ok(stream) = TcpStream::connect(server) {
                    // A connection that cannot be set up is one that ends at once.
                    let _ = seat.connection(&device, &stream, tamper);
                }
            }
        });
    }

    /// From now on who calls waits; what is open goes on.
    pub(crate) fn shut(&self) {
        self.set(Gate::Shut);
    }

    /// The next connection gets this treatment, and those after it wait.
    pub(crate) fn pass_one(&self, tamper: Tamper) {
        self.set(Gate::Once(tamper));
    }

    /// Connections are passed on honestly again.
    pub(crate) fn open(&self) {
        self.set(Gate::Open);
    }

    /// Cuts the connection that is open.
    pub(crate) fn cut(&self) {
        for stream in self.state().open.drain(..) {
            // It may be closed already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// The frames of the last honest connection so far.
    pub(crate) fn recorded(&self) -> Vec<Recorded> {
        self.state().recorded.clone()
    }

    /// How many frames have passed in all.
    pub(crate) fn passed(&self) -> usize {
        self.passed.load(Ordering::Relaxed)
    }

    fn set(&self, gate: Gate) {
        self.state().gate = gate;
        self.moved.notify_all();
    }

    /// Waits at the gate; what is done to the connection that passes it.
    fn admit(&self) -> Option<Tamper> {
        let mut state = self.state();
        loop {
            match mem::replace(&mut state.gate, Gate::Shut) {
                Gate::Open => {
                    state.gate = Gate::Open;
                    return None;
                }
                Gate::Once(tamper) => return Some(tamper),
                Gate::Shut => state = self.moved.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    fn connection(&self, device: &TcpStream, server: &TcpStream, tamper: Option<Tamper>) -> io::Result<()> {
        device.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let mut state = self.state();
        state.open = vec![device.try_clone()?, server.try_clone()?];
        if tamper.is_none() {
            state.recorded.clear();
        }
        drop(state);
        let tamper = tamper.map(|tamper| Arc::new(Mutex::new(tamper)));
        for (way, from, to) in [(Way::ToServer, device, server), (Way::ToDevice, server, device)] {
            let (from, to) = (from.try_clone()?, to.try_clone()?);
            let (relay, tamper) = (self.clone(), tamper.clone());
            thread::spawn(move || relay.pass(way, from, to, tamper.as_deref()));
        }
        Ok(())
    }

    /// Passes frames on until the sender ends; then the receiver hears an end as well.
    fn pass(&self, way: Way, mut from: TcpStream, mut to: TcpStream, tamper: Option<&Mutex<Tamper>>) {
        for number in 0.. {
            let Ok(frame) = read_frame(&mut from) else { break };
            self.passed.fetch_add(1, Ordering::Relaxed);
            let act = match tamper {
                Some(tamper) => unpoisoned(tamper)(way, number, frame),
                None => {
                    self.state().recorded.push((way, frame.clone()));
                    Act::Pass(vec![frame])
                }
            };
            let done = match act {
                Act::Pass(frames) => frames.iter().try_for_each(|frame| to.write_all(frame)),
                Act::Answer(frame) => from.write_all(&frame),
                Act::CutAfter(frame) => {
                    // Whether the last bytes arrived does not matter: what follows is the end.
                    let _ = to.write_all(&frame);
                    let _ = from.shutdown(Shutdown::Both);
                    break;
                }
            };
            if done.is_err() {
                break;
            }
        }
        // The receiver may have gone already.
        let _ = to.shutdown(Shutdown::Write);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        unpoisoned(&self.state)
    }
}

/// One frame with its length.
pub(crate) fn read_frame(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut frame = vec![0; 2];
    stream.read_exact(&mut frame)?;
    let length = usize::from(u16::from_be_bytes([frame[0], frame[1]]));
    frame.resize(2 + length, 0);
    stream.read_exact(&mut frame[2..])?;
    Ok(frame)
}

/// What a thread that died held is as good as before: no invariant spans two statements.
fn unpoisoned<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
