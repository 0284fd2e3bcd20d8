//! What is in force of a registry file, and what puts what stands there next in its place.

use super::troubles::{Said, Troubles};
use crate::error::RegistryError;
use crate::file::{read_kept, read_text};
use crate::psks::PskFiles;
use crate::snapshot::{Changes, Old, Snapshot, Texts};
use crate::stamp::Stamp;
use crate::text_file::Trust;
use crate::told::{left_out, loaded};
use lowkey_host::{Feed, Identity, PublicKey, Registry};
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What the clones of a live registry share.
pub(super) struct Current {
    identity: Arc<Identity>,
    feed: Feed,
    devices: AtomicUsize,
    reading: Mutex<Reading>,
    troubles: Troubles,
    hasher: RandomState,
}

/// What was seen of the file; whoever holds the lock reads it.
pub(super) struct Reading {
    /// What it looked like when it was last read, with or without an error; `None` if it was not there.
    pub(super) stamp: Option<Stamp>,
    /// The text that is in force.
    pub(super) hash: u64,
    /// From which piece of it each pinning came.
    texts: Texts,
    /// The PSK files as they were when the registry was last read without an error, whether it was taken or held back.
    pub(super) psk_files: PskFiles,
    /// The file that the text in force was read from. Kept open: a file system gives the number of one that is gone to
    /// the next, which would be taken for the same one, changed in place.
    taken: (Stamp, File),
    /// How much a change in place may take out, in percent of the devices.
    pub(super) lost_in_place: u8,
}

/// Who has the file read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// Somebody, who wants what is there.
    ByCaller,
    /// One who looks: it has changed.
    ByLook,
    /// The same: it has not changed since it was held back.
    AfterWaiting,
}

/// What a reading came to.
pub(super) enum Outcome {
    Taken(Changes),
    /// It was changed in place and takes out too many: it may be half a copy.
    Held,
}

impl Current {
    /// The first snapshot.
    pub(super) fn load(path: PathBuf, identity: Arc<Identity>) -> Result<Self, RegistryError> {
        let (text, stamp, file) = read_kept(&path, Trust::Ours)?;
        let (Snapshot { fed, changes, texts }, psk_files) = Snapshot::read(&text, &path, &identity, None)
            .map_err(|flaw| RegistryError::at(&path, &text, &flaw))?;
        let hasher = RandomState::new();
        let troubles = Troubles::new(path);
        troubles.seen(&stamp, Said::EachTime);
        let reading = Reading {
            stamp: Some(stamp.clone()),
            hash: hasher.hash_one(&text),
            texts,
            psk_files,
            taken: (stamp, file),
            lost_in_place: LOST_IN_PLACE,
        };
        loaded(troubles.path(), changes);
        left_out(&fed.left_out, &[]);
        let (feed, devices) = (Feed::new(Arc::clone(&identity), fed), changes.devices.into());
        Ok(Self { identity, feed, devices, reading: reading.into(), troubles, hasher })
    }

    pub(super) fn path(&self) -> &Path {
        self.troubles.path()
    }

    /// The key of the server whose registry it is.
    pub(super) fn server(&self) -> PublicKey {
        self.identity.public_key()
    }

    pub(super) fn troubles(&self) -> &Troubles {
        &self.troubles
    }

    pub(super) fn reading(&self) -> MutexGuard<'_, Reading> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What look-ups answer from.
    pub(super) fn feed(&self) -> &Feed {
        &self.feed
    }

    /// How many devices are in force.
    pub(super) fn devices(&self) -> usize {
        self.devices.load(Ordering::Acquire)
    }

    /// Whether the file or a PSK file differs from what is in force. Reads them all, whatever their times of change
    /// say.
    pub(super) fn differs(&self, reading: &Reading) -> bool {
        read_text(self.path(), Trust::Ours).is_ok_and(|(text, _)| self.hasher.hash_one(&text) != reading.hash)
            || reading.psk_files.differ()
    }

    /// Reads what stands there, and takes it unless it has to wait.
    pub(super) fn reload(&self, reading: &mut Reading, asked: Asked) -> Result<Outcome, RegistryError> {
        let said = if asked == Asked::ByCaller { Said::EachTime } else { Said::Once };
        let known = if said == Said::Once { self.feed.left_out() } else { Vec::new() };
        let outcome = self.replace(reading, asked);
        match &outcome {
            Ok(Outcome::Taken(changes)) => {
                self.troubles.taken();
                loaded(self.path(), *changes);
                left_out(&self.feed.left_out(), &known);
            }
            Ok(Outcome::Held) => (),
            // It is read again at once, and then says what is wrong if anything is.
            Err(RegistryError::Unfinished(_)) if said == Said::Once => (),
            Err(error) => self.troubles.failed(error, said),
        }
        if let Some(stamp) = &reading.stamp {
            self.troubles.seen(stamp, said);
        }
        outcome
    }

    fn replace(&self, reading: &mut Reading, asked: Asked) -> Result<Outcome, RegistryError> {
        // Another path may be a while in coming back: then it differs from this again.
        reading.stamp = None;
        let (text, stamp, file) = read_kept(self.path(), Trust::Ours)?;
        reading.stamp = Some(stamp.clone());
        if text.trim().is_empty() && !self.feed.is_empty() {
            return Err(RegistryError::Empty(self.path().to_owned()));
        }
        let old = Old { feed: &self.feed, texts: &reading.texts };
        let (new, psk_files) = Snapshot::read(&text, self.path(), &self.identity, Some(old))
            .map_err(|flaw| RegistryError::at(self.path(), &text, &flaw))?;
        reading.psk_files = psk_files;
        let (Snapshot { fed, changes, texts }, devices) = (new, self.devices());
        let in_place = stamp.is_of_the_file_of(&reading.taken.0);
        if asked == Asked::ByLook && in_place && loses_many(changes, devices, reading.lost_in_place) {
            match self.hasher.hash_one(&text) == reading.hash {
                true => self.troubles.without_psks(changes.removed, devices),
                false => self.troubles.held(changes, devices),
            }
            return Ok(Outcome::Held);
        }
        (reading.hash, reading.texts, reading.taken) = (self.hasher.hash_one(&text), texts, (stamp, file));
        self.feed.replace(fed);
        self.devices.store(changes.devices, Ordering::Release);
        Ok(Outcome::Taken(changes))
    }
}

/// Whether a change takes out more than a few of so many `devices`, and more than `percent`.
fn loses_many(changes: Changes, devices: usize, percent: u8) -> bool {
    changes.removed > A_FEW && changes.removed.saturating_mul(100) > devices.saturating_mul(percent.into())
}

/// How much a change in place may take out unless somebody says otherwise, in percent.
const LOST_IN_PLACE: u8 = 10;
/// So many devices may go in any case.
const A_FEW: usize = 5;
