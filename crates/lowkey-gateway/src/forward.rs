//! A device's bytes to a service that knows nothing of Lowkey, and the service's back.
//!
//! Both directions are carried with their ends. A device's CLOSE shuts the service's stream down for writing, a
//! service's end becomes our CLOSE, and the other direction goes on until it ends too. What breaks off must
//! not look like an end: a device that vanishes has the service's connection reset, and a service that
//! breaks off leaves the device without a CLOSE, so that both find a truncation.
//!
//! Each direction has one buffer of about a record. A side that does not read stops the other side of its own
//! session, and nobody else's.

mod backend;
mod flow;
mod watch;

pub use backend::{Backend, BackendError, BackendStream};

use crate::health::Health;
use crate::proxy::{Addresses, Header};
use flow::{Broken, Flow};
use lowkey_host::{ChannelError, Connection, Error, Fault};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;
use std::{fmt, io};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep, timeout};

/// Where devices are forwarded to, and how.
///
/// ```no_run
/// # async fn run(mut listener: lowkey_host::Listener) -> Result<(), Box<dyn std::error::Error>> {
/// use lowkey_gateway::forward::Forwarder;
/// let mut forwarder = Forwarder::new("127.0.0.1:1883".parse()?);
/// forwarder.send_proxy = true;
/// let forwarder = std::sync::Arc::new(forwarder);
/// loop {
///     let connection = listener.accept().await;
///     let forwarder = forwarder.clone();
///     tokio::spawn(async move { forwarder.serve_tcp(connection).await });
/// }
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Forwarder {
    /// The service.
    pub backend: Backend,
    /// Whether the service reads a PROXY v2 header first, with the device's address and
    /// [name](crate::proxy::TYPE_DEVICE). No, unless you say so; both sides have to agree.
    pub send_proxy: bool,
    /// How long the service has to take a connection: 5 s.
    pub connect_timeout: Duration,
    /// How long a device has to take our CLOSE when there is no service: 5 s.
    pub linger: Duration,
    health: Health,
}

impl Forwarder {
    /// With what the fields say.
    pub fn new(backend: Backend) -> Self {
        Self {
            backend,
            send_proxy: false,
            connect_timeout: CONNECT_TIMEOUT,
            linger: LINGER,
            health: Health::default(),
        }
    }

    /// Whether the service takes connections, as far as is known; clones share it.
    ///
    /// Down is a service to which a connect was refused, found no way, had no answer in `connect_timeout`, or whose
    /// name stands for no address. Sessions that it ends, and shortages of this machine, say nothing about it. While it
    /// is down we ask it ourselves, every 1 to 30 s, with a connection of our own: it begins with a PROXY header that
    /// says LOCAL (if `send_proxy`), carries nothing and is closed.
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// Forwards one device until both sides have ended.
    ///
    /// While the service is being connected to, PINGs are answered and the device's first bytes are kept. What comes
    /// behind those is read once there is a service: a PONG for a PING behind data says that there was one.
    /// A service that cannot be reached closes the session cleanly. What failed is written to the log with the
    /// session's end. `addresses` are those of the device's connection, for the PROXY header.
    ///
    /// # Cancel safety
    /// Dropped, both connections are: the device and the service find theirs broken off.
    ///
    /// # Errors
    /// Whose fault the end was. Both connections are over.
    pub async fn serve<Io>(
        &self,
        mut connection: Connection<Io>,
        addresses: Option<Addresses>,
    ) -> Result<Forwarded, ForwardError>
    where
        Io: AsyncRead + AsyncWrite + Unpin,
    {
        let served = self.try_serve(&mut connection, addresses).await;
        if let Err(error) = &served {
            connection.broke(error);
            match error {
                ForwardError::Unreachable(_) => connection.blame(Fault::Unreached),
                ForwardError::Backend(_) => connection.blame(Fault::BrokenOff),
                ForwardError::Device(_) => (),
            }
        }
        if let Err(ForwardError::Unreachable(_)) = &served {
            let _ = connection.finish(self.linger).await; // the device may have gone as well
        }
        served
    }

    /// [`serve`](Self::serve) with the addresses of the connection, or of the device behind a balancer.
    ///
    /// # Cancel safety
    /// As there.
    ///
    /// # Errors
    /// As there.
    pub async fn serve_tcp(&self, connection: Connection<TcpStream>) -> Result<Forwarded, ForwardError> {
        let (source, destination) = (connection.remote_addr(), connection.stream().local_addr().ok());
        let both = source.zip(destination);
        self.serve(connection, both.map(|(source, destination)| Addresses { source, destination })).await
    }

    async fn try_serve<Io>(
        &self,
        connection: &mut Connection<Io>,
        addresses: Option<Addresses>,
    ) -> Result<Forwarded, ForwardError>
    where
        Io: AsyncRead + AsyncWrite + Unpin,
    {
        let mut forwarding = Forwarding::new(connection);
        let mut backend = {
            let device = connection.device().map(|device| device.name());
            let header = self.send_proxy.then(|| Header::new(addresses, device)).transpose();
            let header = header.map_err(|error| ForwardError::Unreachable(error.into()))?;
            let mut connecting = pin!(self.connect(header));
            poll_fn(|context| {
                forwarding.poll_hear(context, connection)?;
                connecting.as_mut().poll(context).map_err(ForwardError::Unreachable)
            })
            .await?
        };
        poll_fn(|context| forwarding.poll(context, connection, &mut backend)).await
    }

    async fn connect(&self, header: Option<Header>) -> io::Result<BackendStream> {
        let mut stream = self.reach().await?;
        if let Some(header) = header {
            in_time(self.connect_timeout, stream.write_all(header.as_bytes())).await?;
        }
        Ok(stream)
    }
}

/// What `of` comes to, or an error when it takes too long.
async fn in_time<T>(time: Duration, of: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let none = |_| io::Error::new(io::ErrorKind::TimedOut, NoAnswer(time));
    timeout(time, of).await.map_err(none)?
}

/// Carries both directions, with their ends, until both have ended.
///
/// On an error drop both: the connection, so that the device finds a truncation, and the stream in a way that
/// its other end does not take for an end, as [`BackendStream`] does by itself.
///
/// # Cancel safety
/// Dropped, up to one buffer of each direction is lost; drop both sides as well.
///
/// # Errors
/// [`ForwardError::Backend`], [`ForwardError::Device`].
pub async fn forward<Io, B>(
    connection: &mut Connection<Io>,
    backend: &mut B,
) -> Result<Forwarded, ForwardError>
where
    Io: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    let mut forwarding = Forwarding::new(connection);
    poll_fn(|context| forwarding.poll(context, connection, backend)).await
}

/// What was carried before both sides ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Forwarded {
    /// Bytes from the device to the service.
    pub to_backend: u64,
    /// Bytes from the service to the device.
    pub to_device: u64,
}

/// Why forwarding ended before both sides had.
#[derive(Debug)]
#[non_exhaustive]
pub enum ForwardError {
    /// The service could not be reached, or the device's name does not fit into a PROXY header. Nothing was
    /// carried; the device has had our CLOSE.
    Unreachable(io::Error),
    /// The service broke off. The device has had no CLOSE.
    Backend(io::Error),
    /// The device broke off, or its session was ended. The service's connection is reset.
    Device(Error),
}

impl fmt::Display for ForwardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(error) => write!(f, "the service behind cannot be reached: {error}"),
            Self::Backend(error) => write!(f, "the service behind broke off: {error}"),
            Self::Device(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for ForwardError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreachable(error) | Self::Backend(error) => Some(error),
            Self::Device(error) => Some(error),
        }
    }
}

/// Both directions of one session.
struct Forwarding {
    to_backend: Flow,
    to_device: Flow,
    /// Why nothing more goes to the device, while there may still be something from it.
    unsendable: Option<Error>,
    /// How long that may take.
    grace: Option<Pin<Box<Sleep>>>,
}

impl Forwarding {
    fn new<Io>(connection: &Connection<Io>) -> Self {
        let room = connection.max_data().clamp(SHORTEST_BUFFER, LONGEST_BUFFER);
        Self { to_backend: Flow::new(room), to_device: Flow::new(room), unsendable: None, grace: None }
    }

    /// Takes what the device says first, before there is a service to say it to. What comes behind that waits, a PING
    /// too: its PONG would say that what came before it was taken, and perhaps nobody ever takes it.
    fn poll_hear<Io: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        context: &mut Context<'_>,
        connection: &mut Connection<Io>,
    ) -> Result<(), ForwardError> {
        if let Poll::Ready(Err(error)) = self.to_backend.poll_begin(context, connection) {
            return Err(ForwardError::Device(of_device(error)));
        }
        self.mind(context, connection)
    }

    fn poll<Io, B>(
        &mut self,
        context: &mut Context<'_>,
        connection: &mut Connection<Io>,
        backend: &mut B,
    ) -> Poll<Result<Forwarded, ForwardError>>
    where
        Io: AsyncRead + AsyncWrite + Unpin,
        B: AsyncRead + AsyncWrite + Unpin,
    {
        // First what the service says: it may have said why it does not read any more.
        if let Poll::Ready(Err(broken)) = self.to_device.poll_copy(context, backend, connection) {
            match broken {
                Broken::Reader(error) => return Poll::Ready(Err(ForwardError::Backend(error))),
                Broken::Writer(error) => self.cannot_send(of_device(error))?,
            }
        }
        if let Poll::Ready(Err(broken)) = self.to_backend.poll_copy(context, connection, backend) {
            return Poll::Ready(Err(match broken {
                Broken::Reader(error) => ForwardError::Device(of_device(error)),
                Broken::Writer(error) => ForwardError::Backend(error),
            }));
        }
        self.mind(context, connection)?;
        let late = match &mut self.grace {
            Some(grace) => grace.as_mut().poll(context).is_ready(),
            None => false,
        };
        let over = self.to_backend.is_done() && self.to_device.is_done();
        match self.unsendable.take_if(|_| over || late) {
            Some(error) => Poll::Ready(Err(ForwardError::Device(error))),
            None if over => Poll::Ready(Ok(Forwarded {
                to_backend: self.to_backend.carried(),
                to_device: self.to_device.carried(),
            })),
            None => Poll::Pending,
        }
    }

    /// Sends what the connection owes, and has it wake us when it is ended from outside: while the service takes
    /// nothing, nobody reads the connection, and perhaps nobody writes to it.
    fn mind<Io: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        context: &mut Context<'_>,
        connection: &mut Connection<Io>,
    ) -> Result<(), ForwardError> {
        if self.unsendable.is_none()
            && let Poll::Ready(Err(error)) = Pin::new(connection).poll_flush(context)
        {
            return self.cannot_send(of_device(error));
        }
        Ok(())
    }

    /// Nothing more goes to the device. What comes from it may still be whole: one that has sent its CLOSE may
    /// hang up without waiting for ours.
    fn cannot_send(&mut self, error: Error) -> Result<(), ForwardError> {
        match error {
            // We have closed: the server stops, or the session's time is up.
            Error::Channel(ChannelError::Closed) => self.to_device.abandon(),
            Error::Io(_) if self.to_backend.has_ended() && self.to_device.is_delivered() => {
                self.to_device.abandon();
            }
            Error::Io(_) => {
                self.to_device.abandon();
                self.unsendable = Some(error);
                self.grace = Some(Box::pin(sleep(LINGER)));
            }
            error => return Err(ForwardError::Device(error)),
        }
        Ok(())
    }
}

/// The connection's error that an error of the stream has inside.
fn of_device(error: io::Error) -> Error {
    error.downcast().unwrap_or_else(Error::from)
}

/// What a timeout says.
#[derive(Debug)]
struct NoAnswer(Duration);

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no answer within {:?}", self.0)
    }
}

impl std::error::Error for NoAnswer {}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const LINGER: Duration = Duration::from_secs(5);
/// A system call for less is not worth it.
const SHORTEST_BUFFER: usize = 1024;
const LONGEST_BUFFER: usize = 16 * 1024;
