//! A TCP socket that gives one ready connection after another.

use super::stats::Listening;
use super::{AcceptError, Acceptor};
use crate::Connection;
use crate::proxy::Networks;
use socket2::{SockRef, TcpKeepalive};
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream, ToSocketAddrs, lookup_host};
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior, Sleep, interval, sleep};

/// A listening socket and the attempts that came from it.
///
/// Handshakes run in tasks of their own, so a slow or silent stranger keeps nobody waiting; they go on
/// between calls of [`accept`](Self::accept). New ones begin while somebody waits in it, and sessions that may not
/// go on end then ([`Acceptor::sweep`]). Dropped, all attempts end; connections that were handed out go on.
pub struct Listener {
    socket: TcpListener,
    begun: Begun,
    pause: Option<Pin<Box<Sleep>>>,
    _listening: Listening,
}

/// What came from a socket: attempts that are not over, sessions that have to be looked through.
pub(super) struct Begun {
    acceptor: Acceptor,
    balancers: Arc<Networks>,
    attempts: JoinSet<Result<Connection<TcpStream>, AcceptError>>,
    sweeps: Interval,
}

impl Listener {
    /// Listens on `address`, with a queue of 4,096: after a restart a fleet comes all at once. Of several
    /// addresses the first that can be had.
    ///
    /// # Errors
    /// What the operating system says, for example that the port is in use.
    pub async fn bind(address: impl ToSocketAddrs, acceptor: Acceptor) -> io::Result<Self> {
        let mut last = io::Error::from(io::ErrorKind::InvalidInput); // it stands for no address at all
        for address in lookup_host(address).await? {
            match listen(address) {
                Ok(socket) => return Self::new(socket, acceptor),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Takes a socket that listens already.
    ///
    /// # Errors
    /// It has no address.
    pub fn new(socket: TcpListener, acceptor: Acceptor) -> io::Result<Self> {
        let address = socket.local_addr()?;
        tracing::info!(name: "lowkey.listening", target: "lowkey", %address, "listening");
        let mut sweeps = interval(SWEEP);
        sweeps.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let _listening = acceptor.listening();
        let begun = Begun { acceptor, balancers: Arc::default(), attempts: JoinSet::new(), sweeps };
        Ok(Self { socket, begun, pause: None, _listening })
    }

    /// Has connections from these networks begin with a header of the PROXY protocol, version 2, in which a
    /// balancer says for whom they come. Others come for themselves, and must not have one.
    ///
    /// A header is believed: it decides which address the limits hold for and the log names. Name your
    /// balancers and nobody else.
    #[must_use]
    pub fn behind(mut self, balancers: Networks) -> Self {
        self.begun.balancers = Arc::new(balancers);
        self
    }

    /// The address it listens on.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// The acceptor behind it, for its counters.
    pub fn acceptor(&self) -> &Acceptor {
        &self.begun.acceptor
    }

    /// Closes the socket and keeps what came from it.
    pub(super) fn into_begun(self) -> Begun {
        self.begun
    }

    /// The next device that is connected and confirmed.
    ///
    /// Attempts that come to nothing are counted and logged and not seen here.
    ///
    /// # Cancel safety
    /// Dropped, nothing is lost.
    pub async fn accept(&mut self) -> Connection<TcpStream> {
        poll_fn(|context| self.poll_accept(context)).await
    }

    /// [`accept`](Self::accept), for those who write futures by hand.
    pub fn poll_accept(&mut self, context: &mut Context<'_>) -> Poll<Connection<TcpStream>> {
        loop {
            // Those who are ready go before those who begin.
            if let Poll::Ready(connection) = self.begun.poll_confirmed(context) {
                return Poll::Ready(connection);
            }
            if let Some(pause) = &mut self.pause {
                if pause.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                self.pause = None;
            }
            match self.socket.poll_accept(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok((stream, from))) => self.begun.begin(stream, from),
                Poll::Ready(Err(error)) => self.survive(&error),
            }
        }
    }

    /// Too many open files, or a stranger who was gone already: neither ends a server.
    fn survive(&mut self, error: &io::Error) {
        if error.kind() == io::ErrorKind::ConnectionAborted {
            return;
        }
        self.begun.acceptor.counters().accept_errors.one_more();
        tracing::warn!(name: "lowkey.accept_failed", target: "lowkey", %error, "could not accept; pausing");
        if matches!(error.raw_os_error(), Some(ENFILE | EMFILE)) {
            self.begun.acceptor.displace_attempt(); // frees a file
        }
        self.pause = Some(Box::pin(sleep(PAUSE)));
    }
}

impl Begun {
    fn begin(&mut self, stream: TcpStream, from: SocketAddr) {
        let (acceptor, balancers) = (self.acceptor.clone(), Arc::clone(&self.balancers));
        self.attempts.spawn(async move {
            prepare(&stream).map_err(|error| AcceptError::Failed(error.into()))?;
            if balancers.contains(from.ip()) {
                acceptor.accept_through(stream, from).await
            } else {
                acceptor.accept_from(stream, from).await
            }
        });
    }

    /// The next attempt that has come to a session. Sweeps when it is time.
    pub(super) fn poll_confirmed(&mut self, context: &mut Context<'_>) -> Poll<Connection<TcpStream>> {
        while self.sweeps.poll_tick(context).is_ready() {
            self.acceptor.sweep();
        }
        while let Poll::Ready(Some(over)) = self.attempts.poll_join_next(context) {
            match over {
                Ok(Ok(connection)) => return Poll::Ready(connection),
                Err(error) if error.is_panic() => {
                    tracing::error!(name: "lowkey.handshake_panicked", target: "lowkey", %error, "handshake panicked");
                }
                Ok(Err(_)) | Err(_) => (),
            }
        }
        Poll::Pending
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    #[cfg(not(windows))] // there it would let somebody else have the port as well
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(QUEUE)
}

/// No delay for short messages, and questions to a peer that is silent for long: one that vanished without
/// a word would otherwise keep its seat for ever.
fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(SILENCE);
    #[cfg(any(
        target_os = "linux",
        target_os = "android",
        target_vendor = "apple",
        target_os = "freebsd",
        windows
    ))]
    let keepalive = keepalive.with_interval(ASK_AGAIN);
    SockRef::from(stream).set_tcp_keepalive(&keepalive)
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (socket, attempts) = (&self.socket, self.begun.attempts.len());
        f.debug_struct("Listener")
            .field("socket", socket)
            .field("attempts", &attempts)
            .finish_non_exhaustive()
    }
}

/// Too many open files: of all processes, of this one. The same on Linux, the BSDs and macOS.
const ENFILE: i32 = 23;
const EMFILE: i32 = 24;
/// As many connections the system may keep for us; Linux cuts it to `net.core.somaxconn`, which is as many.
const QUEUE: u32 = 4096;
/// How long accepting rests after an error.
const PAUSE: Duration = Duration::from_millis(20);
/// After how much silence a peer is asked whether it is there, and how long after that again.
const SILENCE: Duration = Duration::from_secs(60);
#[cfg(any(
    target_os = "linux",
    target_os = "android",
    target_vendor = "apple",
    target_os = "freebsd",
    windows
))]
const ASK_AGAIN: Duration = Duration::from_secs(15);
/// How often sessions are looked through.
const SWEEP: Duration = Duration::from_millis(250);
