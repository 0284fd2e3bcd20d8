//! What each device has given a number and what it was told of it: the one side of the trial's account.

use lowkey_host::numbered::RunId;
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// Of all devices.
pub(crate) struct Ledger(Mutex<Seen>);

struct Seen {
    account: Account,
    heard: Vec<Vec<Instant>>,
    refused: Vec<(usize, &'static str)>,
    /// How often each has done what it was told.
    obeyed: Vec<usize>,
    /// Devices that push nothing more.
    full: bool,
    empty: Vec<bool>,
}

/// Messages that were sent.
#[derive(Clone, Default)]
pub(crate) struct Account {
    /// Those that have a number. Of two boards with the same keys both may give it.
    pub(crate) given: BTreeMap<Name, Vec<Vec<u8>>>,
    /// Those that a device was told to be stored: it has forgotten them.
    pub(crate) acknowledged: Vec<(Name, Vec<u8>)>,
}

/// Which message it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name {
    pub(crate) device: usize,
    pub(crate) run: RunId,
    pub(crate) number: u64,
}

impl Ledger {
    pub(crate) fn new(devices: usize) -> Self {
        Self(Mutex::new(Seen {
            account: Account::default(),
            heard: vec![Vec::new(); devices],
            refused: Vec::new(),
            obeyed: vec![0; devices],
            full: false,
            empty: vec![true; devices],
        }))
    }

    /// A device has numbered a message.
    pub(crate) fn gives(&self, name: Name, message: &[u8]) {
        self.with(|seen| {
            seen.empty[name.device] = false;
            seen.account.given.entry(name).or_default().push(message.to_vec());
        });
    }

    /// It was told that these are stored, and has forgotten them.
    pub(crate) fn hears(&self, device: usize, released: Vec<(Name, Vec<u8>)>, is_empty: bool) {
        self.with(|seen| {
            seen.empty[device] = is_empty;
            if !released.is_empty() {
                seen.account.acknowledged.extend(released);
                seen.heard[device].push(Instant::now());
            }
        });
    }

    /// It was refused, by its own side.
    pub(crate) fn refused(&self, device: usize, why: &'static str) {
        self.with(|seen| seen.refused.push((device, why)));
    }

    /// How often that was.
    pub(crate) fn refusals(&self, device: usize, why: &str) -> usize {
        self.with(|seen| seen.refused.iter().filter(|(of, said)| *of == device && *said == why).count())
    }

    /// How many messages were acknowledged.
    pub(crate) fn acknowledged(&self) -> usize {
        self.with(|seen| seen.account.acknowledged.len())
    }

    /// The highest number of a device's run that was.
    pub(crate) fn up_to(&self, device: usize, run: RunId) -> Option<u64> {
        self.with(|seen| {
            let of = seen.account.acknowledged.iter().map(|(name, _)| name);
            of.filter(|name| name.device == device && name.run == run).map(|name| name.number).max()
        })
    }

    /// When the device heard an ACK last.
    pub(crate) fn heard(&self, device: usize) -> Option<Instant> {
        self.with(|seen| seen.heard[device].last().copied())
    }

    /// How long it took to the first that it heard since then.
    pub(crate) fn first_heard_since(&self, device: usize, since: Instant) -> Option<Duration> {
        self.with(|seen| seen.heard[device].iter().find(|heard| **heard >= since).map(|heard| *heard - since))
    }

    /// Nobody pushes anything more.
    pub(crate) fn close(&self) {
        self.with(|seen| seen.full = true);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.with(|seen| seen.full)
    }

    /// Devices whose outboxes are not empty.
    pub(crate) fn not_empty(&self) -> Vec<usize> {
        self.with(|seen| (0..seen.empty.len()).filter(|device| !seen.empty[*device]).collect())
    }

    /// It has done what it was told: its outbox is lost, with what was in it.
    pub(crate) fn obeys(&self, device: usize) {
        self.with(|seen| {
            seen.empty[device] = true;
            seen.obeyed[device] += 1;
        });
    }

    /// How often it has.
    pub(crate) fn obeyed(&self, device: usize) -> usize {
        self.with(|seen| seen.obeyed[device])
    }

    pub(crate) fn account(&self) -> Account {
        self.with(|seen| seen.account.clone())
    }

    pub(crate) fn state(&self) -> String {
        let left = self.not_empty();
        format!("{} acknowledged, {} devices with something left: {left:?}", self.acknowledged(), left.len())
    }

    fn with<T>(&self, f: impl FnOnce(&mut Seen) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
