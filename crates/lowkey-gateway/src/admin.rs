//! What a server shows to the machine it runs on, over HTTP: metrics, whether it lives and is ready, its sessions,
//! and why devices are refused.
//!
//! | `GET` | answer |
//! | --- | --- |
//! | `/metrics` | the counters, as OpenMetrics text or as Prometheus's own, whichever its `Accept` prefers; no label names a device, an id or an address |
//! | `/livez` | 200 while the process answers |
//! | `/readyz` | 200 while devices are accepted, 503 before that, while the server stops, and while the registry [may be out of date](lowkey_host::Registry::is_stale) for so long that nobody is let in; [if you say so](Admin::ready_with_service), 503 while the service behind is down, or while [what stores keeps devices waiting](Store::keeps_devices_waiting) |
//! | `/` | a page for a browser: the fleet at a glance, its table, one device with its history; it changes nothing |
//! | `/overview` | how many devices are there, what was counted, the registry, the service behind, what stores and open pairing windows, as JSON |
//! | `/sessions` | the live sessions, as JSON |
//! | `/devices`, `/devices?name=NAME` | every device of the registry and whom it held before, connected or not, and what is [remembered](Admin::with_memory) of it, as JSON; of one, with what happened to it last. `state=registered`, `connected`, `absent` or `removed` leaves out the others, `with=pinnings` says the ids, keys and ends of each |
//! | `/events`, `/events?last=N`, `/events?since=ID` | [events](crate::events) as they happen, as server-sent events (HTML standard, "Server-sent events"), each with its id: from now on, with the last that were, or behind one; `&only=NAME,NAME` for some names alone, `&end=now` for what has happened by now |
//! | `/registry` | which registry is obeyed ([`Acceptor::in_force`]), and whether it is the file's, as JSON |
//! | `/doctor`, `/doctor?about=WHAT` | why attempts came to nothing ([`Doctor`](crate::doctor::Doctor)), as JSON |
//! | `/aside`, `/aside?device=NAME` | what was refused for good and [is set aside](Admin::with_store), without its bytes, as JSON |
//!
//! Over a Unix socket, and there for its owner, the owner's group and root alone, a server does more:
//!
//! | request | answer |
//! | --- | --- |
//! | `GET /pair` | the pairing windows that are open, and the last that were, as JSON |
//! | `POST /pair/open`, `{"code", "device", "seconds"}` | [opens a window](Acceptor::open_window) |
//! | `POST /pair/call`, `{"code", "device", "address"}` | [calls a device](Acceptor::call) |
//! | `POST /pair/close`, `{"window"}` | [closes a window](Acceptor::close_window) |
//! | `POST /send`, `{"device", "hex", "seconds"}` | [sends a message](Acceptor::send) to a device: `received`, or `why` not and whether it was `sent` |
//! | `GET /aside/message?device=NAME&run=HEX&number=NUMBER` | the bytes of a message that is set aside, in `hex` |
//! | `POST /aside/free`, `{"device", "run", "number"}` or `{"device", "all"}` | keeps one of a device, or all, [no longer](crate::store::Aside::free): how many were `freed`, or the `error` |
//!
//! Of several gateways each answers for [all](Admin::with_others) in `/overview`, `/sessions`, `/devices`, `/doctor`,
//! `/events` and `/send`: `gateway` is where a device is, `gateways` has those that there are, and why one has not
//! answered.
//!
//! All but metrics and liveness show names, ids and addresses of devices, and whoever reaches the listener
//! reads them: a Unix socket asks the file system who may (mode 0660), a loopback address lets every user of the
//! machine. A page of another site, which has a browser ask, is refused.
//!
//! ```no_run
//! # async fn f(acceptor: lowkey_host::Acceptor) -> std::io::Result<()> {
//! let address = "unix:/run/app/admin.sock".parse().map_err(std::io::Error::other)?;
//! let admin = lowkey_gateway::admin::Admin::bind(&address, acceptor).await?;
//! tokio::spawn(admin.run());
//! # Ok(()) }
//! ```

mod aside;
mod caller;
mod devices;
mod elsewhere;
mod endpoint;
mod events;
mod here;
mod joined;
mod json;
mod others;
mod overview;
mod page;
mod pair;
mod query;
mod routes;
mod send;
mod socket;

pub use aside::list as set_aside_as_json;
pub use endpoint::{Endpoint, EndpointError};
pub use here::Here;
pub use others::{Asks, Later, Others};

use crate::events::Events;
use crate::health::Health;
use crate::http::Server;
use crate::memory::Memory;
use crate::store::Store;
use caller::Caller;
use events::Readers;
use lowkey_host::Acceptor;
use routes::Rooms;
use socket::{Socket, Stream};
use std::convert::Infallible;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// The admin listener of an [`Acceptor`].
///
/// It answers one request a connection and few at once, each in a limited time and with a limited header, so that who
/// reaches it cannot hurt the server. A connection that says nothing makes room for the next one.
#[derive(Debug)]
pub struct Admin {
    socket: Socket,
    routes: Rooms,
}

impl Admin {
    /// Listens at `endpoint`. A Unix socket that nobody listens to any more is replaced.
    ///
    /// # Errors
    /// `AddrInUse`: somebody listens there. `AlreadyExists`: the path is a file of another kind. Otherwise what the
    /// operating system says.
    pub async fn bind(endpoint: &Endpoint, acceptor: Acceptor) -> io::Result<Self> {
        let socket = Socket::bind(endpoint).await?;
        let routes = Rooms::new(acceptor, endpoint.is_loopback());
        Ok(Self { socket, routes })
    }

    /// With this registry file in `/registry` and in the commands that mend something; without it,
    /// `/etc/lowkey/devices.toml`.
    #[must_use]
    pub fn with_registry_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.routes.here.registry = path.into();
        self
    }

    /// With what is remembered of devices that are not connected, in `/devices`.
    #[must_use]
    pub fn with_memory(mut self, memory: Memory) -> Self {
        self.routes.here.memory = memory;
        self
    }

    /// With `/events`, and a page whose table is live.
    #[must_use]
    pub fn with_events(mut self, events: Events) -> Self {
        self.routes.here.events = Some(events.clone());
        self.routes.readers = Some(Readers::of(events));
        self
    }

    /// With what is known of the service behind, in all answers that have a place for it.
    #[must_use]
    pub fn with_service(mut self, service: Health) -> Self {
        self.routes.here.service = Some(service.clone());
        self.routes.vitals = self.routes.vitals.with_service(service);
        self
    }

    /// With what is known of what stores devices' messages, in all answers that have a place for it, and with `/aside`,
    /// where what it has refused for good is seen, and let go of.
    #[must_use]
    pub fn with_store(mut self, store: Store) -> Self {
        self.routes.here.store = Some(store.clone());
        self.routes.vitals = self.routes.vitals.with_store(store);
        self
    }

    /// With what the other gateways of a fleet know, in `/overview`, `/sessions`, `/devices`, `/doctor` and `/events`,
    /// and with their devices for `/send`. Each device, each event and each thing that is found says which `gateway` it
    /// is of, and `gateways` says who has not answered. To be called last.
    #[must_use]
    pub fn with_others(mut self, others: Arc<dyn Others>) -> Self {
        self.routes.others = Some(others);
        self
    }

    /// What is known at this gateway alone, for others. To be called last.
    pub fn here(&self) -> Here {
        self.routes.here.clone()
    }

    /// With a `/readyz` that says 503 while [the service behind](Self::with_service) is known to be down as well, or
    /// while [what stores](Self::with_store) [keeps devices waiting](Store::keeps_devices_waiting).
    /// Without it, it says 200: who asks in order to send devices elsewhere would send them to servers with the same
    /// service, and devices that still come hear that we are busy.
    #[must_use]
    pub fn ready_with_service(mut self) -> Self {
        self.routes.vitals = self.routes.vitals.ready_with_service();
        self
    }

    /// Where it listens, with the port that the system chose if it was asked to.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn endpoint(&self) -> io::Result<Endpoint> {
        self.socket.endpoint()
    }

    /// Answers until it is dropped; a Unix socket's file is removed then.
    ///
    /// # Cancel safety
    /// Dropped, requests that are not answered are cut off.
    pub async fn run(self) -> Infallible {
        let Self { socket, routes } = self;
        let mut server = Server::new(routes, AT_ONCE);
        loop {
            match socket.accept().await {
                Ok(Stream::Tcp(stream)) => server.take(stream, Caller::Reader, None).await,
                #[cfg(unix)]
                Ok(Stream::Unix(stream, caller)) => server.take(stream, caller, None).await,
                Err(_) => server.rest().await,
            }
        }
    }
}

/// Connections at once: with the longest answer, of ten thousand sessions, each holds a few megabytes.
const AT_ONCE: usize = 16;
