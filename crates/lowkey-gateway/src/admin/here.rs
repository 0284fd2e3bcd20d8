//! What is known at this gateway alone.

use super::devices::{self, Wanted};
use super::events::by_now;
use super::others::Later;
use super::{json, overview, query};
use crate::doctor::Doctor;
use crate::events::Events;
use crate::health::Health;
use crate::memory::Memory;
use crate::store::Store;
use lowkey_host::Acceptor;
use std::future::ready;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// What this gateway knows of its devices, for another one that shows the whole fleet.
///
/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct Here {
    pub(super) acceptor: Acceptor,
    pub(super) memory: Memory,
    pub(super) registry: PathBuf,
    pub(super) service: Option<Health>,
    pub(super) store: Option<Store>,
    pub(super) events: Option<Events>,
    /// One at a time: it keeps a processor busy.
    doctors: Arc<Semaphore>,
    /// A few at a time: of a large fleet each takes tens of megabytes.
    writers: Arc<Semaphore>,
}

/// What may be asked of one gateway for all.
#[derive(Debug)]
pub(super) enum Question {
    Overview,
    Sessions,
    Devices(Wanted),
    Doctor(Option<String>),
}

impl Question {
    /// `None`: it is another question. An error: it is none, and how it would be asked.
    pub(super) fn read(path: &str, asked: Option<&str>) -> Option<Result<Self, &'static str>> {
        Some(match path {
            "/overview" => Ok(Self::Overview),
            "/sessions" => Ok(Self::Sessions),
            "/devices" => Wanted::read(asked).map(Self::Devices).ok_or(ASK_DEVICES),
            "/doctor" => query::only("about", asked).map(Self::Doctor).map_err(|()| ASK_THE_DOCTOR),
            _ => return None,
        })
    }

    /// What we are asked when the fleet is, and what the answers of all are joined for.
    pub(super) fn of_us(self) -> (Self, Self) {
        match self {
            Self::Overview => (Self::Overview, Self::Overview),
            Self::Sessions => (Self::Sessions, Self::Sessions),
            Self::Devices(wanted) => (Self::Devices(wanted.of_all()), Self::Devices(wanted)),
            Self::Doctor(about) => (Self::Doctor(about.clone()), Self::Doctor(about)),
        }
    }
}

impl Here {
    pub(super) fn new(acceptor: Acceptor) -> Self {
        Self {
            acceptor,
            memory: Memory::new(),
            registry: "/etc/lowkey/devices.toml".into(),
            service: None,
            store: None,
            events: None,
            doctors: Arc::new(Semaphore::new(1)),
            writers: Arc::new(Semaphore::new(WRITERS)),
        }
    }

    /// Answers another gateway; with nothing, if that is no question.
    pub fn answer(&self, question: &str) -> Later<String> {
        let (path, asked) =
            question.split_once('?').map_or((question, None), |(path, asked)| (path, Some(asked)));
        if path == "/events" {
            let events = self.events.as_ref().and_then(|events| by_now(events, asked));
            return Box::pin(ready(events.unwrap_or_default()));
        }
        let (here, question) = (self.clone(), Question::read(path, asked));
        Box::pin(async move {
            match question {
                Some(Ok(question)) => here.text(question).await.unwrap_or_default(),
                _ => String::new(),
            }
        })
    }

    /// `None`: it failed.
    pub(super) async fn text(&self, question: Question) -> Option<String> {
        let here = self.clone();
        let permits = if matches!(question, Question::Doctor(_)) { &self.doctors } else { &self.writers };
        behind(permits, move || match question {
            Question::Overview => {
                let (service, store) = (here.service.as_ref(), here.store.as_ref());
                overview::text(&here.acceptor, service, store, &here.registry)
            }
            Question::Sessions => json::sessions(&here.acceptor),
            Question::Devices(wanted) => devices::text(&here.acceptor, &here.memory, &wanted),
            Question::Doctor(about) => {
                json::diagnosis(about.as_deref(), &here.doctor().diagnose(about.as_deref()))
            }
        })
        .await
    }

    /// Something else that is long in writing.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        text: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        behind(&self.writers, text).await
    }

    fn doctor(&self) -> Doctor {
        let doctor = Doctor::new(self.acceptor.clone(), &self.registry).with_memory(self.memory.clone());
        let doctor = match &self.service {
            Some(service) => doctor.with_service(service.clone()),
            None => doctor,
        };
        match &self.store {
            Some(store) => doctor.with_store(store.clone()),
            None => doctor,
        }
    }
}

/// What is long in writing, so many at a time: the permit is the thread's, which goes on when its asker is gone, or who
/// asks and leaves would have as many written as there are threads.
async fn behind<T: Send + 'static>(
    permits: &Arc<Semaphore>,
    text: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let permit = Arc::clone(permits).acquire_owned().await;
    let text = spawn_blocking(move || {
        let _permit = permit;
        text()
    });
    text.await.ok()
}

/// Long answers that are written at once.
const WRITERS: usize = 2;
const ASK_DEVICES: &str = "ask as /devices?name=NAME, state=registered, connected, absent or removed, with=pinnings; & between them\n";
const ASK_THE_DOCTOR: &str = "ask as /doctor?about=NAME, an id or an address\n";
