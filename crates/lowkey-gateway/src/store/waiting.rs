//! Which devices wait: something was taken from them, and is not stored yet. And of which what was tried last came to
//! nothing, until something of them is stored, or it is known again what is.

use lowkey_host::numbered::{Intake, Unstored};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Instant;

/// How many wait.
#[derive(Debug, Default)]
pub(super) struct Waiting(Mutex<Count>);

#[derive(Debug, Default)]
struct Count {
    now: u64,
    /// When the last of them no longer did.
    last: Option<Instant>,
    /// How many sessions have begun.
    begun: u64,
    devices: HashMap<String, Device>,
}

/// What is known of one; of whom it is nothing, nothing is kept.
#[derive(Debug, Default, PartialEq)]
struct Device {
    /// How many of its sessions wait.
    waiting: usize,
    /// Its newest session, if it has one.
    newest: Option<u64>,
    /// What was tried last came to nothing.
    failed: bool,
}

/// Whether one does. Dropped, it does not.
#[derive(Debug)]
pub(super) struct One {
    among: Arc<Waiting>,
    device: String,
    number: u64,
    waits: bool,
    /// What was last said of what is tried for it: whether it fails.
    fails: Option<bool>,
}

impl Waiting {
    pub(super) fn of_one(among: &Arc<Self>, device: &str) -> One {
        let number = {
            let mut count = among.count();
            count.begun += 1;
            let number = count.begun;
            count.change(device, |device| device.newest = Some(number));
            number
        };
        One { among: Arc::clone(among), device: device.to_owned(), number, waits: false, fails: None }
    }

    pub(super) fn now(&self) -> u64 {
        self.count().now
    }

    /// Whether this one waits.
    pub(super) fn has(&self, device: &str) -> bool {
        self.count().devices.get(device).is_some_and(|device| device.waiting > 0)
    }

    /// Whether what was tried last for this one came to nothing.
    pub(super) fn has_failed(&self, device: &str) -> bool {
        self.count().devices.get(device).is_some_and(|device| device.failed)
    }

    /// Whether one waits, or has within this time.
    pub(super) fn within(&self, time: Duration) -> bool {
        let count = self.count();
        count.now > 0 || count.last.is_some_and(|last| last.elapsed() <= time)
    }

    fn count(&self) -> MutexGuard<'_, Count> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Count {
    fn change(&mut self, name: &str, change: impl FnOnce(&mut Device)) {
        let device = self.devices.entry(name.to_owned()).or_default();
        change(device);
        if *device == Device::default() {
            self.devices.remove(name);
        }
    }
}

impl One {
    /// What was tried for it came to this. A session that a newer one has taken the place of says nothing more.
    pub(super) fn came_to<T>(&mut self, tried: &Result<T, Unstored>) {
        let fails = match tried {
            Ok(_) => false,
            Err(Unstored::Failed(_)) => true,
            Err(_) => return, // it is its numbers, or it is elsewhere
        };
        if self.fails.replace(fails) == Some(fails) {
            return;
        }
        self.if_newest(|device| device.failed = fails);
    }

    /// Changes what is known of its device, unless a newer session has taken its place.
    fn if_newest(&self, change: impl FnOnce(&mut Device)) {
        self.among.count().change(&self.device, |device| {
            if device.newest == Some(self.number) {
                change(device);
            }
        });
    }

    pub(super) fn set(&mut self, waits: bool) {
        if std::mem::replace(&mut self.waits, waits) == waits {
            return;
        }
        let mut count = self.among.count();
        if waits {
            count.now += 1;
            count.change(&self.device, |device| device.waiting += 1);
        } else {
            count.now -= 1;
            count.change(&self.device, |device| device.waiting -= 1);
            count.last = Some(Instant::now());
        }
    }
}

impl Drop for One {
    fn drop(&mut self) {
        self.set(false);
        self.if_newest(|device| device.newest = None);
    }
}

/// An intake whose device waits while something that it took is not stored.
pub(super) struct Counted {
    intake: Box<dyn Intake>,
    /// The numbers of that.
    owed: VecDeque<u64>,
    one: One,
}

impl Counted {
    pub(super) fn new(intake: Box<dyn Intake>, one: One) -> Self {
        Self { intake, owed: VecDeque::new(), one }
    }
}

impl Intake for Counted {
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Unstored>> {
        let ready = self.intake.poll_ready(context);
        if let Poll::Ready(tried @ Err(_)) = &ready {
            self.one.came_to(tried);
        }
        ready
    }

    fn take(&mut self, number: u64, message: Vec<u8>) {
        self.owed.push_back(number);
        self.one.set(true);
        self.intake.take(number, message);
    }

    fn poll_stored(&mut self, context: &mut Context<'_>) -> Poll<Result<u64, Unstored>> {
        let stored = self.intake.poll_stored(context);
        if let Poll::Ready(tried) = &stored {
            self.one.came_to(tried);
        }
        if let Poll::Ready(Ok(number)) = stored {
            while self.owed.front().is_some_and(|owed| *owed <= number) {
                self.owed.pop_front();
            }
            self.one.set(!self.owed.is_empty());
        }
        stored
    }
}
