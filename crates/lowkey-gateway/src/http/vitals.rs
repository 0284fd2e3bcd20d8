//! What every listener for operators answers: whether the server lives, whether it is ready, its metrics.

use super::Answer;
use super::accept::preferred;
use super::answers::{done, only_get, text};
use crate::health::Health;
use crate::metrics::Metrics;
use crate::store::Store;
use hyper::body::Incoming;
use hyper::header::ACCEPT;
use hyper::{Method, Request, StatusCode};
use lowkey_host::Acceptor;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

/// A server's pulse.
#[derive(Debug)]
pub(crate) struct Vitals {
    pub(crate) acceptor: Acceptor,
    service: Option<Health>,
    store: Option<Store>,
    ready: Ready,
    /// How old the metrics that are shown may be: those of a large registry take a while.
    age: Duration,
    last: Arc<Mutex<Option<Taken>>>,
}

/// Metrics, and when they were taken.
type Taken = (Instant, Arc<Metrics>);

/// What it takes to be ready.
#[derive(Clone, Copy, Debug)]
enum Ready {
    /// Devices are accepted.
    Accepting,
    /// And the service behind is not known to be down, nor what stores not to store.
    WithService,
}

impl Vitals {
    pub(crate) fn new(acceptor: Acceptor, age: Duration) -> Self {
        Self { acceptor, service: None, store: None, ready: Ready::Accepting, age, last: Arc::default() }
    }

    pub(crate) fn with_service(mut self, service: Health) -> Self {
        self.service = Some(service);
        self
    }

    pub(crate) fn with_store(mut self, store: Store) -> Self {
        self.store = Some(store);
        self
    }

    /// Not ready while the service is known to be down, or devices wait for a store that cannot store.
    pub(crate) fn ready_with_service(mut self) -> Self {
        self.ready = Ready::WithService;
        self
    }

    /// The answer to a request that looks at something; `None`: it asks for something else.
    pub(crate) async fn answer(&self, request: &Request<Incoming>) -> Option<Answer> {
        if request.method() != Method::GET && request.method() != Method::HEAD {
            return Some(only_get());
        }
        Some(match request.uri().path() {
            "/livez" => text(StatusCode::OK, "alive\n"),
            "/readyz" => self.readiness(),
            "/metrics" => {
                let wanted = request.headers().get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
                let form = preferred(&wanted.collect::<Vec<_>>());
                done(form.content_type(), self.metrics().await.map(|metrics| metrics.text(form)))
            }
            _ => return None,
        })
    }

    fn readiness(&self) -> Answer {
        let service_is_up = || self.service.as_ref().is_none_or(Health::is_up);
        let keeps_waiting = || self.store.as_ref().is_some_and(Store::keeps_devices_waiting);
        match self.ready {
            _ if !self.acceptor.is_accepting() => text(StatusCode::SERVICE_UNAVAILABLE, "not ready\n"),
            _ if self.acceptor.registry().is_stale() => {
                let why = "not ready: the registry may be out of date, and nobody is let in\n";
                text(StatusCode::SERVICE_UNAVAILABLE, why)
            }
            Ready::WithService if !service_is_up() => {
                text(StatusCode::SERVICE_UNAVAILABLE, "not ready: the service behind is down\n")
            }
            Ready::WithService if keeps_waiting() => text(
                StatusCode::SERVICE_UNAVAILABLE,
                "not ready: what stores cannot store, and devices wait\n",
            ),
            _ => text(StatusCode::OK, "ready\n"),
        }
    }

    /// The last ones, if they are young enough; who comes meanwhile waits for those that are being taken. The lock is
    /// the thread's, which goes on when its asker is gone: or who asks and leaves would have them taken all the time.
    async fn metrics(&self) -> Option<Arc<Metrics>> {
        let mut last = Arc::clone(&self.last).lock_owned().await;
        if let Some((taken, metrics)) = &*last
            && taken.elapsed() < self.age
        {
            return Some(Arc::clone(metrics));
        }
        let (acceptor, service, store) = (self.acceptor.clone(), self.service.clone(), self.store.clone());
        let taken = spawn_blocking(move || {
            let metrics = Arc::new(Metrics::now(&acceptor, service.as_ref(), store.as_ref()));
            *last = Some((Instant::now(), Arc::clone(&metrics)));
            metrics
        });
        taken.await.ok()
    }
}
