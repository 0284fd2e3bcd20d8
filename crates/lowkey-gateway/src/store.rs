//! What stores devices' numbered messages (protocol §7), as operators see it: whether it can, why not and since when,
//! how many devices wait for it, and what it has set aside for people.
//!
//! Whether it can is what the last try came to: nobody knows better. So a device that waits is what finds out that it
//! can again, and of a store that nobody waits for it is not known.

mod waiting;

use lowkey_host::numbered::{Begun, Later, RunId, SetAside, Sink, Trouble, Unstored};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use waiting::{Counted, Waiting};

/// What stores devices' numbered messages. It is a [`Sink`] itself, which counts who waits; all clones are one.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    sink: Arc<dyn Sink>,
    says: Arc<dyn Says>,
    waiting: Arc<Waiting>,
}

/// What a sink says of itself.
pub trait Says: fmt::Debug + Send + Sync {
    /// Where it is, without anything secret, in a line that can be printed.
    fn name(&self) -> String;

    /// Why nothing can be stored just now: the last try came to nothing.
    fn trouble(&self) -> Option<Trouble>;

    /// Where it keeps which runs devices have had, as `lowkey registry forget-runs` takes it: an address, or a folder.
    fn runs(&self) -> Option<String> {
        None
    }

    /// What it sets aside, if it does.
    fn aside(&self) -> Option<Arc<dyn Aside>> {
        None
    }
}

/// How a store fares.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Standing {
    /// Where it is.
    pub name: String,
    /// It cannot store: for how long, and why.
    pub down: Option<Trouble>,
    /// How many devices have messages here that are not stored yet.
    pub waiting: u64,
    /// How much is set aside, if it does that.
    pub aside: Option<Held>,
}

/// How much is set aside, and how much may be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Messages.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Of how many devices.
    pub devices: u64,
    /// The devices that have their share, or nearly, by name: the next message may have no room, and they wait.
    pub full: Vec<String>,
    /// How many messages may be.
    pub most_messages: u64,
    /// How many bytes may be.
    pub most_bytes: u64,
}

/// Which of a device's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// All of them.
    All,
    /// The one of this run and number.
    One(RunId, u64),
}

/// What was refused for good, and is kept for people.
pub trait Aside: fmt::Debug + Send + Sync {
    /// How much it is, as it is on the disk.
    fn held(&self) -> Held;

    /// How many messages of this device are there.
    fn messages_of(&self, device: &str) -> u64;

    /// What it is, by device, run and number: of one device, or of all.
    ///
    /// # Errors
    /// Why it cannot be read, in a line.
    fn list<'a>(&'a self, device: Option<&'a str>) -> Later<'a, Result<Vec<SetAside>, String>>;

    /// The bytes of a message; `None`: it is not there.
    ///
    /// # Errors
    /// Why it cannot be read, in a line.
    fn message<'a>(
        &'a self,
        device: &'a str,
        run: RunId,
        number: u64,
    ) -> Later<'a, Result<Option<Vec<u8>>, String>>;

    /// Keeps these no longer. How many they were; they are gone from the disk then.
    ///
    /// # Errors
    /// Why they are kept, in a line.
    fn free<'a>(&'a self, device: &'a str, which: Which) -> Later<'a, Result<u64, String>>;
}

impl Store {
    /// What takes messages, and what it says of itself.
    pub fn new(sink: Arc<dyn Sink>, says: Arc<dyn Says>) -> Self {
        Self(Arc::new(Inner { sink, says, waiting: Arc::default() }))
    }

    /// How it fares now.
    pub fn standing(&self) -> Standing {
        let Inner { says, waiting, .. } = &*self.0;
        Standing {
            name: says.name(),
            down: says.trouble(),
            waiting: waiting.now(),
            aside: says.aside().map(|aside| aside.held()),
        }
    }

    /// What it has set aside, if it does that.
    pub fn aside(&self) -> Option<Arc<dyn Aside>> {
        self.0.says.aside()
    }

    /// Whether it cannot store, and a device waits for that or has waited within the last minute. Otherwise nobody is
    /// kept from storing; and whoever sent devices elsewhere for longer would never hear that it can again.
    pub fn keeps_devices_waiting(&self) -> bool {
        self.0.waiting.within(LATELY) && self.0.says.trouble().is_some()
    }

    /// Whether it cannot store, and the device of this name waits for that.
    pub(crate) fn keeps_waiting(&self, device: &str) -> bool {
        self.0.waiting.has(device) && self.0.says.trouble().is_some()
    }

    /// Whether the last that was tried for the device of this name came to nothing: of what it has, something is not
    /// stored, or it is not known what is.
    pub(crate) fn has_failed(&self, device: &str) -> bool {
        self.0.waiting.has_failed(device)
    }

    /// Where it keeps which runs devices have had.
    pub(crate) fn runs(&self) -> Option<String> {
        self.0.says.runs()
    }
}

impl Sink for Store {
    fn begin<'a>(&'a self, device: &'a str, run: RunId) -> Later<'a, Result<Begun, Unstored>> {
        Box::pin(async move {
            let mut waits = Waiting::of_one(&self.0.waiting, device);
            waits.set(true); // for what is stored already, without which it may send nothing
            let begun = self.0.sink.begin(device, run).await;
            waits.came_to(&begun);
            let Begun { last, intake } = begun?;
            waits.set(false);
            Ok(Begun { last, intake: Box::new(Counted::new(intake, waits)) })
        })
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("sink", &self.0.sink)
            .field("says", &self.0.says)
            .finish_non_exhaustive()
    }
}

/// For how long a device that has gone counts as one that waits: it comes again, here or elsewhere.
const LATELY: Duration = Duration::from_secs(60);
