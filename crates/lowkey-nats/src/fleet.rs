//! A gateway among its peers: which of them are there, and which of them has which device.

mod answering;
mod asking;
mod due;
mod hearing;
mod moment;
mod peers;
mod pulse;
mod settling;
mod words;

pub(crate) use answering::{MOST, SECONDS, SEND};
pub(crate) use hearing::{HEADER, is_ours};
pub use peers::Peer;
pub(crate) use words::of_told;

use crate::access::Access;
use crate::beat::Beat;
use crate::error::NatsError;
use crate::lease::{Lease, Live};
use crate::sealed::FleetKey;
use async_nats::Client;
use async_nats::jetstream::stream::DirectGetErrorKind;
use async_nats::jetstream::{self, Context};
use due::Due;
use lowkey_host::text::Hex;
use lowkey_host::{Acceptor, Event, Identity, Observer, entropy};
use moment::Clock;
use peers::Peers;
use settling::{Came, Held};
use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use words::Heard;

/// The gateways that follow one registry, for one of them.
///
/// At the confirmation of a session, and never before, a gateway takes the device's lease: it writes who it is over
/// whatever lease there was, by compare-and-set, and says so. Of two sessions of a device the newer one has it, by
/// NATS's clock; the gateway of the older one ends that as [moved](lowkey_host::Reason::Moved). Gateways hear of each
/// other's at once, and look at their own every 15 s and whenever they may have missed something.
///
/// Cheap to clone.
#[derive(Clone)]
pub struct Fleet {
    inner: Arc<Inner>,
}

struct Inner {
    name: String,
    run: String,
    prefix: String,
    live: Live,
    key: FleetKey,
    due: Due,
    /// By whichever client: one that is begun anew has heard what those before it have.
    heard: Mutex<Heard>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    client: Option<Client>,
    clock: Option<Clock>,
    peers: Peers,
    held: HashMap<String, Held>,
    /// Who has come since its lease was looked at last.
    came: HashMap<String, Came>,
    /// How often we have said that a device is here.
    told: u64,
    /// Whether something that was told was not heard.
    missed: bool,
    /// Why leases are not taken, as it was said.
    lease_error: Option<String>,
    twin: Option<Instant>,
    answers: Option<Arc<Answers>>,
}

/// What a program answers to the questions of other gateways.
type Answers = dyn Fn(String) -> Pin<Box<dyn Future<Output = String> + Send>> + Send + Sync;

impl Fleet {
    pub(crate) fn new(access: &Access, identity: &Identity) -> Result<Self, NatsError> {
        let random = entropy::random().map_err(|error| NatsError::File(error.to_string()))?;
        let inner = Inner {
            name: access.name.clone(),
            run: Hex(&random.expose()[..8]).to_string(),
            prefix: access.address.prefix().to_owned(),
            live: Live::of(access.address.prefix()),
            key: FleetKey::of(identity),
            due: Due::default(),
            heard: Mutex::default(),
            state: Mutex::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Our own name.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The gateways there are, ourselves among them, as far as we know; none before NATS has answered.
    pub fn gateways(&self) -> Vec<Peer> {
        let state = self.state();
        state.clock.map(|clock| state.peers.at(clock.at(Instant::now()))).unwrap_or_default()
    }

    /// The lease of the device of this name, if the gateway that has it is there.
    ///
    /// # Errors
    /// [`NatsError`]: NATS does not say.
    pub async fn holder(&self, device: &str) -> Result<Option<Lease>, NatsError> {
        let (_, lease) = self.read(device).await?;
        Ok(lease.filter(|lease| !lease.over).filter(|lease| {
            let state = self.state();
            let peer = state.clock.and_then(|clock| state.peers.of(&lease.gateway, clock.at(Instant::now())));
            peer.is_some_and(|peer| peer.is_there() && peer.beat.run == lease.run)
        }))
    }

    /// From now on `answers` answers what other gateways [`ask`](Self::ask): gateways that have the server's key, and
    /// nobody else.
    pub fn answer_by(
        &self,
        answers: impl Fn(String) -> Pin<Box<dyn Future<Output = String> + Send>> + Send + Sync + 'static,
    ) {
        self.state().answers = Some(Arc::new(answers));
    }

    pub(crate) fn run(&self) -> &str {
        &self.inner.run
    }

    /// A gateway has said this of itself, at this time by NATS's clock, in milliseconds since 1970.
    pub(crate) fn said(&self, beat: Beat, at: i64) {
        self.state().peers.said(beat, at);
    }

    /// A gateway is gone for good.
    pub(crate) fn forget(&self, gateway: &str) {
        self.state().peers.forget(gateway);
    }

    /// Why leases are not taken: a device may have a session at two gateways.
    pub(crate) fn lease_error(&self) -> Option<String> {
        self.state().lease_error.clone()
    }

    /// Another gateway says of itself that it has our name. Says whether that is news.
    pub(crate) fn has_twin(&self) -> bool {
        let was = self.state().twin.replace(Instant::now());
        was.is_none_or(|was| was.elapsed() >= TWIN)
    }

    /// Whether another gateway has our name.
    pub(crate) fn is_twin(&self) -> bool {
        self.state().twin.is_some_and(|seen| seen.elapsed() < TWIN)
    }

    /// A beat that left us at this instant was taken at this time by NATS's clock.
    pub(crate) fn set_clock(&self, sent: Instant, at: i64) {
        let clock = Clock::new(sent, at, sent.elapsed());
        let mut state = self.state();
        state.clock = Some(state.clock.map_or(clock, |was| was.or_later(clock)));
    }

    /// Has a device's lease looked at whenever it comes or goes, from now on.
    pub(crate) fn observe(&self, acceptor: &Acceptor) {
        acceptor.observe(Nudge(self.clone()));
    }

    /// Speaks with the others by this client, for `acceptor`. It goes on until it is dropped.
    pub(crate) async fn speak(&self, client: Client, acceptor: &Acceptor) -> Infallible {
        self.state().client = Some(client.clone());
        let hears = async {
            loop {
                self.hear(&client, acceptor).await;
                tokio::time::sleep(PAUSE).await;
            }
        };
        let answers = async {
            loop {
                self.answer(&client, acceptor).await;
                tokio::time::sleep(PAUSE).await;
            }
        };
        let settles = self.settle(acceptor);
        tokio::join!(hears, answers, settles).0
    }

    /// The lease of a device, whoever has it, and its epoch.
    async fn read(&self, device: &str) -> Result<(u64, Option<Lease>), NatsError> {
        let reading = NatsError::request("a lease cannot be read");
        let stream = self.context()?.get_stream_no_info(self.inner.live.stream()).await;
        let stream = stream.map_err(|error| reading(&error))?;
        match stream.direct_get_last_for_subject(self.inner.live.lease(device)).await {
            Ok(message) => Ok((message.sequence, Lease::of_kept(&message.payload))),
            Err(error) if error.kind() == DirectGetErrorKind::NotFound => Ok((0, None)),
            Err(error) => Err(reading(&error)),
        }
    }

    fn context(&self) -> Result<Context, NatsError> {
        let client = self.state().client.clone();
        client
            .map(jetstream::new)
            .ok_or_else(|| NatsError::Connection("there is none to NATS yet".to_owned()))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Has leases looked at when sessions begin and end.
struct Nudge(Fleet);

impl Observer for Nudge {
    fn observe(&self, event: &Event<'_>) {
        match event {
            Event::Confirmed { session, pinned, from } => {
                let device = pinned.device().name();
                self.0.state().came.insert(device.to_owned(), Came::now(*session, *from));
                self.0.inner.due.mark(device);
            }
            Event::Ended(ended) => self.0.inner.due.mark(ended.info.pinned.device().name()),
            _ => (),
        }
    }
}

impl fmt::Debug for Fleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fleet").field("name", &self.inner.name).finish_non_exhaustive()
    }
}

/// How long it is remembered that another gateway has our name.
const TWIN: Duration = Duration::from_secs(30);
/// Before what has ended is listened to again.
const PAUSE: Duration = Duration::from_secs(1);
