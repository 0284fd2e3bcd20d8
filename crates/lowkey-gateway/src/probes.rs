//! What a server shows to other machines, over HTTP: whether it lives and is ready, and its metrics. For a kubelet, a
//! balancer, and a Prometheus that is elsewhere.
//!
//! | `GET` | answer |
//! | --- | --- |
//! | `/livez` | 200 while the process answers |
//! | `/readyz` | 200 while devices are accepted, 503 before that, while the server stops, and while the registry [may be out of date](lowkey_host::Registry::is_stale) for so long that nobody is let in; [if you say so](Probes::ready_with_service), 503 while the service behind is down, or while [what stores keeps devices waiting](Store::keeps_devices_waiting) |
//! | `/metrics` | the counters as they were within the last second, as OpenMetrics text or as Prometheus's own, whichever its `Accept` prefers |
//!
//! Nothing else is answered, and nothing in an answer names a device, an id or an address. Whoever reaches the listener
//! may ask: it knows how many devices there are and how they fare, so let nobody but your monitoring reach it.
//!
//! ```no_run
//! # async fn f(acceptor: lowkey_host::Acceptor) -> std::io::Result<()> {
//! let probes = lowkey_gateway::probes::Probes::bind("0.0.0.0:9100", acceptor).await?;
//! tokio::spawn(probes.run());
//! # Ok(()) }
//! ```

use crate::health::Health;
use crate::http::{Answer, Routes, Server, Turn, Vitals, text};
use crate::store::Store;
use hyper::body::Incoming;
use hyper::{Request, StatusCode};
use lowkey_host::Acceptor;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, ToSocketAddrs};

/// The probes of an [`Acceptor`].
///
/// Strangers may reach it. It answers one request a connection and few at once, of one address fewer than of all, each
/// in a limited time and with a limited header; and it counts what metrics show once a second, however many ask.
#[derive(Debug)]
pub struct Probes {
    socket: TcpListener,
    vitals: Vitals,
}

impl Probes {
    /// Listens at `address`.
    ///
    /// # Errors
    /// What the operating system says.
    pub async fn bind(address: impl ToSocketAddrs, acceptor: Acceptor) -> io::Result<Self> {
        let socket = TcpListener::bind(address).await?;
        Ok(Self { socket, vitals: Vitals::new(acceptor, AGE) })
    }

    /// With what is known of the service behind in the metrics.
    #[must_use]
    pub fn with_service(self, service: Health) -> Self {
        Self { vitals: self.vitals.with_service(service), ..self }
    }

    /// With what is known of what stores devices' messages in the metrics.
    #[must_use]
    pub fn with_store(self, store: Store) -> Self {
        Self { vitals: self.vitals.with_store(store), ..self }
    }

    /// With a `/readyz` that says 503 while [the service behind](Self::with_service) is known to be down as well, as
    /// [that of the admin listener](crate::admin::Admin::ready_with_service).
    #[must_use]
    pub fn ready_with_service(self) -> Self {
        Self { vitals: self.vitals.ready_with_service(), ..self }
    }

    /// The address that it has; of port 0, the one that the system chose.
    ///
    /// # Errors
    /// The operating system does not say it.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Answers until it is dropped.
    ///
    /// # Cancel safety
    /// Dropped, requests that are not answered are cut off.
    pub async fn run(self) -> Infallible {
        let Self { socket, vitals } = self;
        let mut server = Server::new(vitals, AT_ONCE);
        loop {
            match socket.accept().await {
                Ok((stream, from)) => server.take(stream, (), Some(from.ip())).await,
                Err(_) => server.rest().await,
            }
        }
    }
}

impl Routes for Vitals {
    type Caller = ();

    async fn answer(&self, request: Request<Incoming>, (): (), _: &Turn) -> Answer {
        match Self::answer(self, &request).await {
            Some(answer) => answer,
            None => text(StatusCode::NOT_FOUND, "/livez, /readyz, /metrics\n"),
        }
    }
}

/// Connections at once.
const AT_ONCE: usize = 64;
/// How old counters may be: strangers could have a large registry counted all the time.
const AGE: Duration = Duration::from_secs(1);
