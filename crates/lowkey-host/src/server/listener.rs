//! A TCP socket that gives one ready connection after another.

use super::acceptor::Acceptor;
use super::allowance::Event;
use super::balancers::Balancers;
use super::error::AcceptError;
use super::stats::Listening;
use crate::connection::Connection;
use crate::tcp;
use socket2::SockRef;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
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
    balancers: Option<Arc<dyn Balancers>>,
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
        let begun = Begun { acceptor, balancers: None, attempts: JoinSet::new(), sweeps };
        Ok(Self { socket, begun, pause: None, _listening })
    }

    /// Believes these balancers for whom their connections come, as a header before the device's first byte says.
    /// Others come for themselves, and must not have one.
    ///
    /// What is believed decides which address the limits hold for and the log names. Name your balancers and nobody
    /// else.
    #[must_use]
    pub fn behind(mut self, balancers: impl Balancers + 'static) -> Self {
        self.begun.balancers = Some(Arc::new(balancers));
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
        if self.begun.acceptor.counters().log.may(Event::AcceptFailed) {
            tracing::warn!(name: "lowkey.accept_failed", target: "lowkey", %error, "could not accept; pausing");
        }
        if matches!(error.raw_os_error(), Some(ENFILE | EMFILE)) {
            self.begun.acceptor.displace_attempt(); // frees a file
        }
        self.pause = Some(Box::pin(sleep(PAUSE)));
    }
}

impl Begun {
    fn begin(&mut self, stream: TcpStream, from: SocketAddr) {
        let (acceptor, balancers) = (self.acceptor.clone(), self.balancers.clone());
        self.attempts.spawn(async move {
            let prepared = tcp::prepare(&stream).and_then(|()| tcp::give_up(&stream, acceptor.limits()));
            prepared.map_err(|error| AcceptError::Failed(error.into()))?;
            match balancers.filter(|balancers| balancers.contains(from.ip())) {
                Some(balancers) => acceptor.accept_through(stream, from, &*balancers).await,
                None => acceptor.accept_from(stream, from).await,
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
                Err(error)
                    if error.is_panic() && self.acceptor.counters().log.may(Event::HandshakePanicked) =>
                {
                    tracing::error!(name: "lowkey.handshake_panicked", target: "lowkey", %error, "handshake panicked");
                }
                Ok(Err(_)) | Err(_) => (),
            }
        }
        Poll::Pending
    }
}

/// Listens on `address`. Where there is no IPv6, every address is every address of IPv4.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    match open(address) {
        Err(error) if is_every(address) && has_no_ipv6(&error) => {
            let instead = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), address.port());
            tracing::warn!(name: "lowkey.no_ipv6", target: "lowkey", address = %instead, "no IPv6 on this machine; listening on IPv4 alone");
            open(instead)
        }
        opened => opened,
    }
}

fn open(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    #[cfg(not(windows))] // there it would let somebody else have the port as well
    socket.set_reuseaddr(true)?;
    open_to_both(&socket, address)?;
    socket.bind(address)?;
    socket.listen(QUEUE)
}

/// `[::]` is every address of both families, whatever the system's default (`net.ipv6.bindv6only`) is.
fn open_to_both(socket: &TcpSocket, address: SocketAddr) -> io::Result<()> {
    if is_every(address) { SockRef::from(socket).set_only_v6(false) } else { Ok(()) }
}

fn is_every(address: SocketAddr) -> bool {
    address.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED)
}

/// What a kernel without IPv6 says: it knows no such family, or has no such address.
fn has_no_ipv6(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrNotAvailable || error.raw_os_error() == Some(EAFNOSUPPORT)
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
/// No such family of addresses.
const EAFNOSUPPORT: i32 = if cfg!(any(target_os = "linux", target_os = "android")) {
    97
} else if cfg!(windows) {
    10_047
} else {
    47
};
/// As many connections the system may keep for us; Linux cuts it to `net.core.somaxconn`, which is as many.
const QUEUE: u32 = 4096;
/// How long accepting rests after an error.
const PAUSE: Duration = Duration::from_millis(20);
/// How often sessions are looked through.
const SWEEP: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_address_is_that_of_both_families_whatever_the_systems_default() {
        let every = "[::]:0".parse().unwrap();
        let socket = TcpSocket::new_v6().unwrap();
        // As with `net.ipv6.bindv6only` = 1.
        SockRef::from(&socket).set_only_v6(true).unwrap();
        open_to_both(&socket, every).unwrap();
        socket.bind(every).unwrap();
        let port = socket.local_addr().unwrap().port();
        let _socket = socket.listen(1).unwrap();
        TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    }

    #[test]
    fn a_kernel_without_ipv6_is_told_from_a_port_in_use() {
        for errno in [EAFNOSUPPORT, if cfg!(target_os = "linux") { 99 } else { 49 }] {
            assert!(has_no_ipv6(&io::Error::from_raw_os_error(errno)), "{errno}");
        }
        assert!(!has_no_ipv6(&io::ErrorKind::AddrInUse.into()));
        assert!(!is_every("[::1]:7000".parse().unwrap()) && !is_every("0.0.0.0:7000".parse().unwrap()));
    }
}
