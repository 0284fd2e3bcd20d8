//! The snapshot of a registry file that is in force, and what puts the next one in its place.

use super::error::RegistryError;
use super::file::read_text;
use super::psks::PskFiles;
use super::snapshot::{Changes, Snapshot};
use super::stamp::Stamp;
use super::{LeftOut, warm};
use crate::text::Trust;
use lowkey_core::Identity;
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// What the clones of a live registry share.
pub(super) struct Current {
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
pub(super) struct Reading {
    /// As it was when it was last read, well or not; `None` if it was not there.
    pub(super) stamp: Option<Stamp>,
    /// The text that is in force.
    pub(super) hash: u64,
    /// The PSK files as they were when it was last read well.
    pub(super) psk_files: PskFiles,
}

/// Whether an error that stands already is written to the log again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    Once,
    EachTime,
}

impl Current {
    /// The first snapshot.
    pub(super) fn load(path: PathBuf, identity: Arc<Identity>) -> Result<Self, RegistryError> {
        let (text, stamp) = read_text(&path, Trust::Ours)?;
        let (snapshot, psk_files) = Snapshot::read(&text, &path, &identity, None)
            .map_err(|flaw| RegistryError::at(&path, &text, &flaw))?;
        let hasher = RandomState::new();
        let reading = Reading { stamp: Some(stamp), hash: hasher.hash_one(&text), psk_files };
        let snapshot = Arc::new(snapshot);
        loaded(&path, snapshot.changes);
        left_out(&snapshot.left_out, &[]);
        warm::up(&snapshot, &identity);
        let (current, failed) = (RwLock::new(snapshot), Mutex::default());
        Ok(Self { path, identity, current, reading: reading.into(), failed, hasher })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn reading(&self) -> MutexGuard<'_, Reading> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self) -> MutexGuard<'_, Option<String>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What stands in the log about a reading that came to nothing, until one that goes well.
    pub(super) fn trouble(&self) -> Option<String> {
        self.failed().clone()
    }

    pub(super) fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Answers from what is in force. Under the lock: whoever let go of the last [`Arc`] of an old snapshot would free
    /// all of it.
    pub(super) fn ask<T>(&self, question: impl FnOnce(&Snapshot) -> T) -> T {
        question(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the file or a PSK file holds something else than what is in force, whatever it looks like from outside.
    pub(super) fn differs(&self, reading: &Reading) -> bool {
        read_text(&self.path, Trust::Ours).is_ok_and(|(text, _)| self.hasher.hash_one(&text) != reading.hash)
            || reading.psk_files.differ()
    }

    pub(super) fn reload(&self, reading: &mut Reading, said: Said) -> Result<Changes, RegistryError> {
        let before = self.snapshot();
        let outcome = self.replace(reading, &before);
        match &outcome {
            Ok(changes) => {
                *self.failed() = None;
                loaded(&self.path, *changes);
                let known = if said == Said::Once { &*before.left_out } else { &[] };
                left_out(&self.snapshot().left_out, known);
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
        outcome // the old snapshot is let go of here, outside of its lock
    }

    fn replace(&self, reading: &mut Reading, old: &Snapshot) -> Result<Changes, RegistryError> {
        // Another path may be a while in coming back: then it differs from this again.
        reading.stamp = None;
        let (text, stamp) = read_text(&self.path, Trust::Ours)?;
        reading.stamp = Some(stamp);
        if text.trim().is_empty() && !old.devices.is_empty() {
            return Err(RegistryError::Empty(self.path.clone()));
        }
        let (new, psk_files) = Snapshot::read(&text, &self.path, &self.identity, Some(old))
            .map_err(|flaw| RegistryError::at(&self.path, &text, &flaw))?;
        let new = Arc::new(new);
        let changes = new.changes;
        (reading.hash, reading.psk_files) = (self.hasher.hash_one(&text), psk_files);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&new);
        warm::up(&new, &self.identity);
        Ok(changes)
    }
}

fn loaded(path: &Path, changes: Changes) {
    let Changes { devices, added, removed, changed, left_out } = changes;
    let left_out = (left_out > 0).then_some(left_out);
    let path = crate::keys::shown(path);
    tracing::info!(name: "lowkey.registry_loaded", target: "lowkey", path, devices, added, removed, changed, left_out, "registry loaded");
}

/// Says of those that are left out which are so now, and were not `known` to be.
fn left_out(now: &[LeftOut], known: &[LeftOut]) {
    let known: HashSet<_> = known.iter().map(|out| (&out.device, &out.key, &out.why)).collect();
    let mut new = now.iter().filter(|out| !known.contains(&(&out.device, &out.key, &out.why)));
    for LeftOut { device, why: error, .. } in new.by_ref().take(LINES) {
        tracing::warn!(name: "lowkey.registry_left_out", target: "lowkey", device, error, "pinning left out; its device is as one that nobody knows");
    }
    let pinnings = new.count();
    if pinnings > 0 {
        tracing::warn!(name: "lowkey.registry_left_out_more", target: "lowkey", pinnings, "pinnings left out without a line");
    }
}

/// A folder of PSKs that is not there is no reason to flood the log.
const LINES: usize = 100;
