//! The service behind: its address, and a stream to it that does not end by accident.

use crate::health::Unreached;
use lowkey_host::Race;
use socket2::{SockRef, TcpKeepalive};
use std::net::{SocketAddr, ToSocketAddrs};
#[cfg(unix)]
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::str::FromStr;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use std::{fmt, io};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
#[cfg(unix)]
use tokio::time::sleep;

/// The address of a service.
///
/// ```
/// use lowkey_gateway::forward::Backend;
/// for text in ["127.0.0.1:1883", "[::1]:1883", "broker.example:1883"] {
///     assert_eq!(text.parse::<Backend>().unwrap().to_string(), text);
/// }
/// # #[cfg(unix)]
/// assert!("unix:/run/app.sock".parse::<Backend>().is_ok());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backend(Family);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Family {
    Tcp(String),
    #[cfg(unix)]
    Unix(PathBuf),
}

impl Backend {
    /// Connects, and waits for as long as the service is too busy to answer. A name is looked up each time.
    ///
    /// # Cancel safety
    /// Dropped, nothing is left of it; a service that had taken the connection finds it reset.
    ///
    /// # Errors
    /// What the operating system says; of several addresses, what each of them said.
    pub async fn connect(&self) -> io::Result<BackendStream> {
        let stream = match &self.0 {
            Family::Tcp(address) => {
                let addresses =
                    look_up(address.clone(), |address| Ok(address.to_socket_addrs()?.collect())).await?;
                Stream::Tcp(Race::new(addresses).run(connect).await?)
            }
            #[cfg(unix)]
            Family::Unix(path) => Stream::Unix(connect_unix(path).await?),
        };
        Ok(BackendStream { stream })
    }
}

/// The addresses that a name stands for, as `ask` finds them in a thread of its own.
///
/// Few are asked for at once, and those who have given up never are. While no name server answers, each takes its
/// thread for many seconds; a fleet that comes back would have all threads of the process, and whoever reads a
/// registry again none.
async fn look_up(
    address: String,
    ask: impl FnOnce(&str) -> io::Result<Vec<SocketAddr>> + Send + 'static,
) -> io::Result<Vec<SocketAddr>> {
    if let Ok(address) = address.parse() {
        return Ok(vec![address]);
    }
    let thread = LOOK_UPS.acquire().await.map_err(io::Error::other)?;
    let asked = spawn_blocking(move || {
        let found = ask(&address);
        drop(thread); // only now, whoever has stopped waiting
        found
    });
    let found: io::Result<Vec<SocketAddr>> = asked.await.map_err(io::Error::other)?;
    found.map_err(|error| io::Error::new(error.kind(), NoAddress(error)))
}

/// A name that stands for no address.
#[derive(Debug)]
struct NoAddress(io::Error);

impl fmt::Display for NoAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for NoAddress {}

/// A socket that is dropped before it was shut down is reset. That is so from before it is connected: a service may
/// take a connection that nobody here waits for any more, and must not find an end that no device has sent.
async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_zero_linger()?;
    socket.set_nodelay(true)?;
    SockRef::from(&socket).set_tcp_keepalive(&TcpKeepalive::new().with_time(SILENCE))?;
    socket.connect(address).await
}

/// Where a service's queue is full, TCP has a client wait, and a Unix socket sends it away. So the waiting is done
/// here: a thousand devices that come back at once would find the service down.
#[cfg(unix)]
async fn connect_unix(path: &Path) -> io::Result<UnixStream> {
    loop {
        match UnixStream::connect(path).await {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => sleep(PAUSE).await,
            connected => return connected,
        }
    }
}

impl Unreached {
    /// What the error of a [`Backend::connect`] says.
    pub(super) fn of(error: &io::Error) -> Self {
        if error.get_ref().is_some_and(|inner| inner.is::<NoAddress>()) {
            return Self::Name;
        }
        match error.kind() {
            // A Unix socket's file that is not there, too.
            io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => Self::Refused,
            io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown => Self::Unreachable,
            io::ErrorKind::TimedOut => Self::TimedOut,
            _ => Self::Other,
        }
    }
}

impl FromStr for Backend {
    type Err = BackendError;

    /// `HOST:PORT`, `[IPv6]:PORT`, or where there are Unix sockets `unix:PATH`.
    fn from_str(text: &str) -> Result<Self, BackendError> {
        let wrong = || BackendError { text: text.to_owned() };
        #[cfg(unix)]
        if let Some(path) = text.strip_prefix("unix:") {
            return if path.is_empty() { Err(wrong()) } else { Ok(Self(Family::Unix(path.into()))) };
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let is_host = match bare {
            Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
            None => !host.is_empty() && !host.contains([':', '/', '[', ']', ' ']),
        };
        match port.parse::<u16>() {
            Ok(1..) if is_host && port.bytes().all(|digit| digit.is_ascii_digit()) => {
                Ok(Self(Family::Tcp(text.to_owned())))
            }
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Family::Tcp(address) => f.write_str(address),
            #[cfg(unix)]
            Family::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// A text that is no address of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackendError {
    text: String,
}

impl fmt::Display for BackendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.text;
        write!(f, "{text:?} is no service; write it like 127.0.0.1:1883, [::1]:1883 or unix:/run/app.sock")
    }
}

impl std::error::Error for BackendError {}

/// A stream to a service.
///
/// Dropped before it was shut down it is reset, so that the service does not take a device that has vanished for one
/// that has ended; what the service has not got by then may be lost. That holds from before it was connected, so that a
/// service never finds an end that was not sent. A Unix socket knows no reset. There the service finds an end, or (on
/// Linux, when it had sent something that we have not read) an error.
#[derive(Debug)]
pub struct BackendStream {
    stream: Stream,
}

#[derive(Debug)]
enum Stream {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl AsyncRead for BackendStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_read(context, buf),
            #[cfg(unix)]
            Stream::Unix(stream) => Pin::new(stream).poll_read(context, buf),
        }
    }
}

impl AsyncWrite for BackendStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_write(context, buf),
            #[cfg(unix)]
            Stream::Unix(stream) => Pin::new(stream).poll_write(context, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_flush(context),
            #[cfg(unix)]
            Stream::Unix(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let stream = &mut self.get_mut().stream;
        let ended = match stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
            #[cfg(unix)]
            Stream::Unix(stream) => Pin::new(stream).poll_shutdown(context),
        };
        match ready!(ended) {
            // A service that has gone has said its last word already.
            Err(error) if error.kind() != io::ErrorKind::NotConnected => return Poll::Ready(Err(error)),
            _ => (),
        }
        // It has ended, and what is on its way has to arrive.
        Poll::Ready(match stream {
            Stream::Tcp(stream) => SockRef::from(&*stream).set_linger(None),
            #[cfg(unix)]
            Stream::Unix(_) => Ok(()),
        })
    }
}

static LOOK_UPS: Semaphore = Semaphore::const_new(LOOK_UPS_AT_ONCE);
/// A quarter of the threads that tokio has for what blocks.
const LOOK_UPS_AT_ONCE: usize = 128;
/// After how much silence a service's host is asked whether it is there.
const SILENCE: Duration = Duration::from_secs(60);
/// How long a full queue is left alone.
#[cfg(unix)]
const PAUSE: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::pin::pin;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex, mpsc};
    use std::task::Waker;
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;

    /// The kernel takes a connection for a service before anybody here hears of it.
    #[tokio::test]
    async fn a_connection_that_is_given_up_while_it_is_made_is_a_reset_to_the_service() {
        let service = TcpListener::bind("127.0.0.1:0").await.unwrap();
        {
            let mut connecting = pin!(connect(service.local_addr().unwrap()));
            assert!(connecting.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        let mut stream = service.accept().await.unwrap().0;
        let read = stream.read(&mut [0]).await;
        assert_eq!(read.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    }

    #[tokio::test]
    async fn a_fleet_without_a_name_server_leaves_threads_to_others() {
        let (answer, silence) = mpsc::channel::<()>();
        let (silence, asked) = (Arc::new(Mutex::new(silence)), Arc::new(AtomicUsize::new(0)));
        let fleet = (0..1000).map(|_| {
            let (silence, asked) = (Arc::clone(&silence), Arc::clone(&asked));
            tokio::spawn(look_up("broker.example:1883".to_owned(), move |_| {
                asked.fetch_add(1, Ordering::Relaxed);
                let _ = silence.lock().unwrap().recv(); // an error: the test has dropped its end
                Ok(Vec::new())
            }))
        });
        let fleet: Vec<_> = fleet.collect();
        while asked.load(Ordering::Relaxed) < LOOK_UPS_AT_ONCE {
            tokio::task::yield_now().await;
        }
        spawn_blocking(|| ()).await.unwrap();
        fleet.iter().for_each(|device| device.abort());
        drop(answer);
        let _all = LOOK_UPS.acquire_many(LOOK_UPS_AT_ONCE as u32).await.unwrap();
        assert_eq!(asked.load(Ordering::Relaxed), LOOK_UPS_AT_ONCE);
        let plain = look_up("192.0.2.1:80".to_owned(), |_| unreachable!()).await.unwrap();
        assert_eq!(plain, ["192.0.2.1:80".parse().unwrap()]);
    }

    #[tokio::test]
    async fn how_a_connect_fails_is_told_apart() {
        let nowhere = look_up("broker.example:1883".to_owned(), |_| Err(io::Error::other("no such name")));
        assert_eq!(Unreached::of(&nowhere.await.unwrap_err()), Unreached::Name);
        for (kind, expected) in [
            (io::ErrorKind::ConnectionRefused, Unreached::Refused),
            (io::ErrorKind::NotFound, Unreached::Refused),
            (io::ErrorKind::HostUnreachable, Unreached::Unreachable),
            (io::ErrorKind::NetworkUnreachable, Unreached::Unreachable),
            (io::ErrorKind::TimedOut, Unreached::TimedOut),
            (io::ErrorKind::PermissionDenied, Unreached::Other),
            (io::ErrorKind::AddrNotAvailable, Unreached::Other),
            (io::ErrorKind::ConnectionReset, Unreached::Other),
        ] {
            assert_eq!(Unreached::of(&kind.into()), expected, "{kind:?}");
        }
        let no_files_left = io::Error::from_raw_os_error(24);
        assert_eq!(Unreached::of(&no_files_left), Unreached::Other);
    }
}
