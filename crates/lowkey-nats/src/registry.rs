//! What a gateway answers from: a registry in NATS, as it is now.

mod keep;
mod state;

use crate::access::Access;
use crate::beat::OnStale;
use crate::bucket::Bucket;
use crate::enrolments::Enrolments;
use crate::error::NatsError;
use crate::fleet::Fleet;
use crate::snapshot::{Last, Snapshot};
use crate::windows::Windows;
use lowkey_host::{Acceptor, Id, Identity, LeftOut, Pinned, PublicKey, Registry, Removed, Trouble};
use lowkey_registry::rows::RowRegistry;
use state::State;
use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// The devices of a registry in NATS, followed as they change.
///
/// Cheap to clone; all clones share their devices. [`keep`](Self::keep) follows it and has to run, or nothing is in
/// force but what was read at the last start.
#[derive(Clone)]
pub struct NatsRegistry {
    shared: Arc<Shared>,
}

struct Shared {
    access: Access,
    settings: Settings,
    bucket: Bucket,
    named: PathBuf,
    rows: RowRegistry,
    snapshot: Option<Snapshot>,
    fleet: Fleet,
    server: PublicKey,
    enrolments: Enrolments,
    windows: Windows,
    state: Mutex<State>,
}

/// How a gateway follows a registry.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder that the last registry is kept in for the next start; without one, nobody is let in before NATS has
    /// been asked.
    pub folder: Option<PathBuf>,
    /// What PSK files are relative to.
    pub psk_folder: PathBuf,
    /// After how long without the registry `on_stale` holds.
    pub max_stale: Duration,
    /// What is done then.
    pub on_stale: OnStale,
}

impl Settings {
    /// After how long without the registry [`OnStale`] holds, unless somebody says otherwise.
    pub const MAX_STALE: Duration = Duration::from_secs(60);
}

impl NatsRegistry {
    /// The registry as it was at the last start, until [`keep`](Self::keep) has read it: NATS is not asked yet.
    ///
    /// This blocks, for some milliseconds for each 10,000 devices.
    ///
    /// # Errors
    /// [`NatsError::Snapshot`], [`NatsError::File`].
    pub fn open(
        access: Access,
        settings: Settings,
        identity: impl Into<Arc<Identity>>,
    ) -> Result<Self, NatsError> {
        let snapshot = settings.folder.as_deref().map(Snapshot::open).transpose()?;
        let Last { born, rows: last } =
            snapshot.as_ref().map_or_else(|| Ok(Last::default()), Snapshot::read)?;
        let named = PathBuf::from(access.address.to_string());
        let identity = identity.into();
        let fleet = Fleet::new(&access, &identity)?;
        let rows = RowRegistry::new(&named, settings.psk_folder.clone(), Arc::clone(&identity));
        if !last.is_empty() {
            rows.replace(last);
        }
        let state = State::new(born);
        let prefix = access.address.prefix();
        let bucket = Bucket::of(prefix);
        let server = identity.public_key();
        let enrolments = Enrolments::new(prefix, identity.public_key(), rows.clone());
        let windows = Windows::new(prefix, &access.name, &identity, enrolments.clone())?;
        let shared = Shared {
            access,
            settings,
            bucket,
            named,
            rows,
            snapshot,
            fleet,
            server,
            enrolments,
            windows,
            state: state.into(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Follows the registry for `acceptor`, which answers from it: has it in force, ends the sessions of those who are
    /// gone, and says so to whoever wrote it; takes part in the [`fleet`](Self::fleet). To be called once, and spawned;
    /// it goes on until it is dropped.
    pub fn keep(&self, acceptor: &Acceptor) -> impl Future<Output = ()> + Send + use<> {
        self.shared.fleet.observe(acceptor);
        keep::keep(Arc::clone(&self.shared), acceptor.clone())
    }

    /// Waits until the registry was read for the first time.
    ///
    /// # Cancel safety
    /// Dropped, call again.
    pub async fn read_once(&self) {
        while self.shared.state().fresh.age(Instant::now()).is_none() {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Says that this gateway has stopped, in order: nobody need wait for it any more. Waits until that has arrived,
    /// for 2 s at most.
    pub async fn say_goodbye(&self) {
        keep::say_goodbye(&self.shared).await;
    }

    /// Where the devices are entered that pair with this gateway: whoever may write the registry is asked to.
    pub fn enrolments(&self) -> Enrolments {
        self.shared.enrolments.clone()
    }

    /// The gateways that follow this registry.
    pub fn fleet(&self) -> &Fleet {
        &self.shared.fleet
    }

    /// What people call it.
    pub fn named(&self) -> &Path {
        &self.shared.named
    }

    /// The revision that is in force.
    pub fn revision(&self) -> u64 {
        self.shared.state().revision
    }

    /// How long ago what is in force was surely all there was; `None`: not since the start.
    pub fn age(&self) -> Option<Duration> {
        self.shared.state().fresh.age(Instant::now())
    }

    /// How many devices are in force.
    pub fn len(&self) -> usize {
        self.shared.rows.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it was not seen for longer than it may be.
    fn is_past(&self) -> bool {
        let age = self.state().fresh.age(Instant::now());
        age.is_none_or(|age| age > self.settings.max_stale)
    }
}

impl Registry for NatsRegistry {
    fn lookup(&self, id: &Id) -> Option<Arc<Pinned>> {
        self.shared.rows.lookup(id)
    }

    fn each(&self, see: &mut dyn FnMut(&Arc<Pinned>)) {
        self.shared.rows.each(see);
    }

    fn trouble(&self) -> Option<Trouble> {
        let (error, age) = {
            let state = self.shared.state();
            (state.error.clone(), state.fresh.age(Instant::now()))
        };
        if error.is_none() && self.shared.fleet.is_twin() {
            let name = lowkey_host::text::mask(self.shared.fleet.name());
            let twin = Trouble::new(format!("another gateway says that it is {name:?} as well"));
            let twin =
                twin.meanwhile("devices that come to one of the two are ended by the other, or not seen");
            return Some(twin.mended_by("give each gateway a `name` of its own, and start it again"));
        }
        if let (None, Some(why)) = (&error, self.shared.fleet.lease_error()) {
            let trouble = Trouble::new(format!("which gateway has a device cannot be written: {why}"));
            let trouble = trouble.meanwhile("a device may have a session at two gateways");
            return Some(
                trouble.mended_by("`lowkey registry push` makes the bucket; see to NATS's permissions"),
            );
        }
        let Some(error) = error else { return self.shared.rows.trouble() };
        let since =
            age.map_or_else(|| "not since the start".to_owned(), |age| format!("{} s ago", age.as_secs()));
        let what = format!("the registry was seen last: {since}; {error}");
        let meanwhile = match (self.shared.settings.on_stale, self.shared.is_past()) {
            (OnStale::Refuse, true) => "nobody is let in, and no session goes on",
            (OnStale::Refuse, false) => "what was read before is in force, for as long as `max_stale` says",
            (OnStale::Serve, _) => "what was read before is in force, and who was revoked since is let in",
        };
        Some(
            Trouble::new(what).meanwhile(meanwhile).mended_by("bring NATS back; it is asked again by itself"),
        )
    }

    fn left_out(&self) -> Vec<LeftOut> {
        self.shared.rows.left_out()
    }

    fn removed(&self) -> Vec<Removed> {
        self.shared.rows.removed()
    }

    fn generation(&self) -> u64 {
        self.shared.rows.generation()
    }

    fn since(&self) -> Option<SystemTime> {
        self.shared.rows.since()
    }

    fn is_warm(&self) -> bool {
        self.shared.rows.is_warm()
    }

    fn is_stale(&self) -> bool {
        self.shared.settings.on_stale == OnStale::Refuse && self.shared.is_past()
    }
}

impl fmt::Debug for NatsRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsRegistry").field("named", &self.shared.named).finish_non_exhaustive()
    }
}

/// How often it is looked whether the registry was read.
const LOOK: Duration = Duration::from_millis(20);
