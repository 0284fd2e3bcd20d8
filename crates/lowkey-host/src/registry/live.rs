//! A registry file that is read again when it changes.

use super::error::RegistryError;
use super::file::read_text;
use super::snapshot::{Changes, Snapshot};
use super::stamp::Stamp;
use super::{Pinned, Registry, warm, watch};
use lowkey_core::{Id, Identity};
use std::fmt;
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// The devices of a registry file as it is now: [`FileRegistry`](super::FileRegistry)'s format, read again on
/// demand and when the file changes, all or nothing.
///
/// Cheap to clone; all clones share their devices. What cannot be read leaves in force what was read before. A pinning
/// that did not change stays the same [`Arc`]; the sessions of one that is gone, or has changed, end with the next
/// [`sweep`](crate::Acceptor::sweep).
///
/// The Diffie-Hellman of new pinnings is computed in a thread of its own, because 100,000 of them take seconds. Until
/// that is done, [`is_warm`](Registry::is_warm) is false and an [`Acceptor`](crate::Acceptor) spends the time of one for every
/// attempt, whoever it is.
#[derive(Clone)]
pub struct LiveRegistry {
    shared: Arc<Shared>,
}

pub(super) struct Shared {
    path: PathBuf,
    identity: Arc<Identity>,
    current: RwLock<Arc<Snapshot>>,
    reading: Mutex<Reading>,
    /// The error that was last written to the log, until a reading that goes well. Not behind the lock of a reading,
    /// which takes its time.
    failed: Mutex<Option<String>>,
    hasher: RandomState,
}

/// What was seen of the file; whoever holds the lock reads it.
#[derive(Default)]
pub(super) struct Reading {
    /// As it was when it was last read, well or not; `None` if it was not there.
    pub(super) stamp: Option<Stamp>,
    /// The text that is in force.
    pub(super) hash: u64,
    pub(super) looks: watch::Looks,
}

impl LiveRegistry {
    /// Reads `path` and the PSK files it names, to be pinned by `identity`.
    ///
    /// # Errors
    /// [`RegistryError`], with the file and the line.
    pub fn load(path: impl Into<PathBuf>, identity: impl Into<Arc<Identity>>) -> Result<Self, RegistryError> {
        let (path, identity) = (path.into(), identity.into());
        let (text, stamp) = read_text(&path)?;
        let snapshot = Snapshot::read(&text, &path, &identity, None)
            .map_err(|flaw| RegistryError::at(&path, &text, &flaw))?;
        let hasher = RandomState::new();
        let reading = Reading { stamp: Some(stamp), hash: hasher.hash_one(&text), ..Reading::default() };
        let snapshot = Arc::new(snapshot);
        loaded(&path, snapshot.changes);
        warm::up(&snapshot, &identity);
        let (current, failed) = (RwLock::new(snapshot), Mutex::default());
        Ok(Self {
            shared: Arc::new(Shared { path, identity, current, reading: reading.into(), failed, hasher }),
        })
    }

    /// Reads the file and the PSK files again, now. A pinning that did not change stays the same one.
    ///
    /// This blocks, for some milliseconds for each 10,000 devices.
    ///
    /// # Errors
    /// [`RegistryError`], and what was in force still is. [`RegistryError::Empty`]: nothing but white space is in
    /// it, and there were devices; whoever writes a file in place empties it first.
    pub fn reload(&self) -> Result<Changes, RegistryError> {
        self.shared.reload(&mut self.shared.reading(), Said::EachTime)
    }

    /// Reads the file again whenever it has changed, until the registry and its clones are gone: to be spawned.
    ///
    /// It looks at the file ten times a second and reads it when two looks in a row see the same change, so that it reads
    /// no file that is being written in place. It looks, rather than have the system tell it, because that works on
    /// every file system and across symbolic links that are switched; a look takes microseconds. PSK
    /// files are read together with the registry, and not looked at. After an error it tries again by itself.
    ///
    /// # Panics
    /// Outside a tokio runtime with time, once it is polled.
    pub fn watch(&self) -> impl Future<Output = ()> + Send + use<> {
        watch::watch(Arc::downgrade(&self.shared))
    }

    /// Where it is read from.
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// How many devices there are.
    pub fn len(&self) -> usize {
        self.shared.ask(|current| current.changes.devices)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Registry for LiveRegistry {
    fn lookup(&self, id: &Id) -> Option<Arc<Pinned>> {
        self.shared.ask(|current| current.devices.lookup(id))
    }

    fn each(&self, see: &mut dyn FnMut(&Arc<Pinned>)) {
        self.shared.current().devices.each(see);
    }

    fn trouble(&self) -> Option<String> {
        self.shared.failed().clone()
    }

    fn generation(&self) -> u64 {
        self.shared.ask(|current| current.generation)
    }

    fn is_warm(&self) -> bool {
        self.shared.ask(|current| current.warm.load(Ordering::Acquire))
    }
}

impl fmt::Debug for LiveRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveRegistry").field("path", &self.shared.path).finish_non_exhaustive()
    }
}

/// Whether an error that stands already is written to the log again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    Once,
    EachTime,
}

impl Shared {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn reading(&self) -> MutexGuard<'_, Reading> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self) -> MutexGuard<'_, Option<String>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn current(&self) -> Arc<Snapshot> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Answers from what is in force. Under the lock: whoever let go of the last [`Arc`] of an old snapshot would free
    /// all of it.
    fn ask<T>(&self, question: impl FnOnce(&Snapshot) -> T) -> T {
        question(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the file holds another text than the one in force, whatever it looks like from outside.
    pub(super) fn differs(&self, reading: &Reading) -> bool {
        read_text(&self.path).is_ok_and(|(text, _)| self.hasher.hash_one(&text) != reading.hash)
    }

    pub(super) fn reload(&self, reading: &mut Reading, said: Said) -> Result<Changes, RegistryError> {
        let outcome = self.replace(reading);
        match &outcome {
            Ok(changes) => {
                *self.failed() = None;
                loaded(&self.path, *changes);
            }
            // It is read again at once, and then says what is wrong if anything is.
            Err(RegistryError::Unfinished(_)) if said == Said::Once => (),
            Err(error) => {
                let error = error.to_string();
                let before = self.failed().replace(error.clone());
                if said == Said::EachTime || before.as_ref() != Some(&error) {
                    tracing::warn!(name: "lowkey.registry_failed", target: "lowkey", error, "registry not read again; what was read before stays in force");
                }
            }
        }
        outcome
    }

    fn replace(&self, reading: &mut Reading) -> Result<Changes, RegistryError> {
        // Another path may be a while in coming back: then it differs from this again.
        reading.stamp = None;
        let (text, stamp) = read_text(&self.path)?;
        reading.stamp = Some(stamp);
        let old = self.current();
        if text.trim().is_empty() && !old.devices.is_empty() {
            return Err(RegistryError::Empty(self.path.clone()));
        }
        let new = Snapshot::read(&text, &self.path, &self.identity, Some(&old))
            .map_err(|flaw| RegistryError::at(&self.path, &text, &flaw))?;
        let new = Arc::new(new);
        let changes = new.changes;
        reading.hash = self.hasher.hash_one(&text);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&new);
        warm::up(&new, &self.identity);
        Ok(changes) // the old one is let go of here, outside the lock
    }
}

fn loaded(path: &Path, changes: Changes) {
    let Changes { devices, added, removed, changed } = changes;
    let path = crate::keys::shown(path);
    tracing::info!(name: "lowkey.registry_loaded", target: "lowkey", path, devices, added, removed, changed, "registry loaded");
}
