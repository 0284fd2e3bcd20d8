//! From a request to its answer.

use super::caller::Caller;
use super::devices::{self, Wanted};
use super::events::Readers;
use super::{json, overview, page, pair, query, send};
use crate::doctor::Doctor;
use crate::http::{Answer, JSON, Routes, Turn, Vitals, done, text};
use crate::memory::Memory;
use hyper::body::Incoming;
use hyper::header::{HOST, ORIGIN};
use hyper::{Request, StatusCode};
use lowkey_host::Acceptor;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

#[derive(Debug)]
pub(super) struct Rooms {
    pub(super) vitals: Vitals,
    pub(super) memory: Memory,
    pub(super) registry: PathBuf,
    pub(super) readers: Option<Readers>,
    /// Whether browsers reach us.
    on_loopback: bool,
    /// One at a time: it keeps a processor busy.
    doctors: Arc<Semaphore>,
    /// A few at a time: of a large fleet each takes tens of megabytes.
    writers: Arc<Semaphore>,
}

impl Routes for Rooms {
    type Caller = Caller;

    async fn answer(&self, request: Request<Incoming>, caller: Caller, turn: &Turn) -> Answer {
        if !self.is_for_us(&request) {
            return text(StatusCode::MISDIRECTED_REQUEST, "ask by a loopback address\n");
        }
        if is_of_another_site(&request) {
            return text(StatusCode::FORBIDDEN, "this is not for pages of another site\n");
        }
        let acceptor = self.vitals.acceptor.clone();
        let request = match pair::answer(&acceptor, caller, request).await {
            Ok(answer) => return answer,
            Err(another) => another,
        };
        let request = match send::answer(&acceptor, caller, request).await {
            Ok(answer) => return answer,
            Err(another) => another,
        };
        if let Some(answer) = self.vitals.answer(&request).await {
            return answer;
        }
        if let Some(asset) = page::asset(request.uri().path()) {
            return asset;
        }
        match request.uri().path() {
            "/overview" => {
                let (service, path) = (self.vitals.service().cloned(), self.registry.clone());
                let text = move || overview::text(&acceptor, service.as_ref(), &path);
                behind(&self.writers, text).await
            }
            "/events" => match &self.readers {
                Some(readers) => readers.answer(request.uri().query(), request.headers(), turn),
                None => text(StatusCode::NOT_FOUND, "this server keeps no events\n"),
            },
            "/sessions" => behind(&self.writers, move || json::sessions(&acceptor)).await,
            "/devices" => match Wanted::read(request.uri().query()) {
                None => text(StatusCode::BAD_REQUEST, ASK_DEVICES),
                Some(wanted) => {
                    let memory = self.memory.clone();
                    behind(&self.writers, move || devices::text(&acceptor, &memory, &wanted)).await
                }
            },
            "/registry" => {
                let path = self.registry.clone();
                behind(&self.writers, move || json::registry(&acceptor, &path)).await
            }
            "/doctor" => match query::only("about", request.uri().query()) {
                Err(()) => text(StatusCode::BAD_REQUEST, "ask as /doctor?about=NAME, an id or an address\n"),
                Ok(about) => {
                    let doctor = self.doctor();
                    let text = move || json::diagnosis(about.as_deref(), &doctor.diagnose(about.as_deref()));
                    behind(&self.doctors, text).await
                }
            },
            _ => text(
                StatusCode::NOT_FOUND,
                "/, /metrics, /livez, /readyz, /overview, /sessions, /devices, /events, /registry, /doctor\n",
            ),
        }
    }
}

impl Rooms {
    pub(super) fn new(acceptor: Acceptor, on_loopback: bool) -> Self {
        Self {
            vitals: Vitals::new(acceptor, Duration::ZERO),
            memory: Memory::new(),
            registry: "/etc/lowkey/devices.toml".into(),
            readers: None,
            on_loopback,
            doctors: Arc::new(Semaphore::new(1)),
            writers: Arc::new(Semaphore::new(WRITERS)),
        }
    }

    fn doctor(&self) -> Doctor {
        let doctor =
            Doctor::new(self.vitals.acceptor.clone(), &self.registry).with_memory(self.memory.clone());
        match self.vitals.service() {
            Some(service) => doctor.with_service(service.clone()),
            None => doctor,
        }
    }

    /// A web page can have a browser ask any name that its own server makes point here. Such a request names that
    /// host, and ours never has a name but `localhost`.
    fn is_for_us(&self, request: &Request<Incoming>) -> bool {
        let in_header = request.headers().get(HOST);
        let host = request.uri().host().or_else(|| in_header?.to_str().ok());
        // A tunnel leads browsers to a Unix socket as well. Who asks it otherwise need not name a host.
        if !self.on_loopback && host.is_none() && in_header.is_none() {
            return true;
        }
        host.is_some_and(|host| {
            let address = host.parse().map(|address: SocketAddr| address.ip());
            let address = address.or_else(|_| host.trim_matches(['[', ']']).parse::<IpAddr>());
            match address {
                Ok(address) => address.to_canonical().is_loopback(),
                Err(_) => host.split(':').next().is_some_and(|name| name.eq_ignore_ascii_case("localhost")),
            }
        })
    }
}

/// What is long in writing, so many at a time: the permit is the thread's, which goes on when its asker is gone, or who
/// asks and leaves would have as many written as there are threads.
async fn behind(permits: &Arc<Semaphore>, text: impl FnOnce() -> String + Send + 'static) -> Answer {
    let permit = Arc::clone(permits).acquire_owned().await;
    let text = spawn_blocking(move || {
        let _permit = permit;
        text()
    });
    done(JSON, text.await.ok())
}

/// Whether a browser asks for a page of somebody else's: it says so (Fetch Metadata), or from where the page is.
fn is_of_another_site(request: &Request<Incoming>) -> bool {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    if header("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none") {
        return true;
    }
    let ours = header("host").map(|host| format!("http://{host}"));
    request.headers().contains_key(ORIGIN) && header("origin") != ours.as_deref()
}

/// Long answers that are written at once.
const WRITERS: usize = 2;
const ASK_DEVICES: &str = "ask as /devices?name=NAME, state=registered, connected, absent or removed, with=pinnings; & between them\n";
