//! What stands between a registry file and a live registry now. The log hears of each once.

use super::mount;
use super::trouble::{held, restless, unlinked, without_psks};
use crate::error::RegistryError;
use crate::snapshot::Changes;
use crate::stamp::Stamp;
use crate::text_file::shown;
use lowkey_host::Trouble;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Not behind the lock of a reading, which takes its time.
pub(super) struct Troubles {
    path: PathBuf,
    /// What was mounted there alone, if it was.
    mounted: Option<String>,
    now: Mutex<Now>,
}

#[derive(Default)]
struct Now {
    /// Why what stands there was not taken when it was last read.
    reading: Option<Trouble>,
    rest: Rest,
    link: Link,
}

/// Whether the file can be read at all.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Rest {
    #[default]
    Still,
    Restless,
}

/// Whether the file stands in a folder.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Link {
    #[default]
    Linked,
    Unlinked,
}

/// Whether what stands already is written to the log again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    Once,
    EachTime,
}

impl Troubles {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { mounted: mount::at(&path), path, now: Mutex::default() }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The one that is to be mended first.
    pub(super) fn worst(&self) -> Option<Trouble> {
        let now = self.lock();
        let link = || (now.link == Link::Unlinked).then(|| unlinked(&self.path));
        let rest = || (now.rest == Rest::Restless).then(|| restless(&self.path));
        now.reading.clone().or_else(rest).or_else(link)
    }

    /// What stands there was taken.
    pub(super) fn taken(&self) {
        let mut now = self.lock();
        (now.reading, now.rest) = (None, Rest::Still);
    }

    /// What stands there could not be read.
    pub(super) fn failed(&self, error: &RegistryError, said: Said) {
        let error = error.to_string();
        if self.is_new(Trouble::new(&*error)) || said == Said::EachTime {
            tracing::warn!(name: "lowkey.registry_failed", target: "lowkey", error, "registry not read again; what was read before stays in force");
        }
    }

    /// What stands there was read, and waits because of what it takes out of so many `devices`.
    pub(super) fn held(&self, changes: Changes, devices: usize) {
        let removed = changes.removed;
        if self.is_new(held(&self.path, removed, devices)) {
            let path = shown(&self.path);
            tracing::warn!(name: "lowkey.registry_held", target: "lowkey", path, devices, removed, "registry changed in place, and waits: it may be half a copy");
        }
    }

    /// The registry is as it was, and waits because the PSK files of so many `devices` cannot be had.
    pub(super) fn without_psks(&self, removed: usize, devices: usize) {
        if self.is_new(without_psks(&self.path, removed, devices)) {
            let path = shown(&self.path);
            tracing::warn!(name: "lowkey.registry_held", target: "lowkey", path, devices, removed, "PSK files of the registry cannot be had, and that waits: their folder may be back in a moment");
        }
    }

    /// It changed at every look, and was not read for long.
    pub(super) fn restless(&self) {
        let before = std::mem::replace(&mut self.lock().rest, Rest::Restless);
        if before == Rest::Still {
            let error = restless(&self.path).what;
            tracing::warn!(name: "lowkey.registry_failed", target: "lowkey", error, "registry not read again; what was read before stays in force");
        }
    }

    /// It looks as it did when it was last read.
    pub(super) fn rested(&self) {
        self.lock().rest = Rest::Still;
    }

    /// What was found behind the path.
    pub(super) fn seen(&self, stamp: &Stamp, said: Said) {
        let gone = stamp.is_unlinked() || self.is_mounted_over();
        let link = if gone { Link::Unlinked } else { Link::Linked };
        let before = std::mem::replace(&mut self.lock().link, link);
        if link == Link::Unlinked && (before == Link::Linked || said == Said::EachTime) {
            let path = shown(&self.path);
            tracing::warn!(name: "lowkey.registry_unlinked", target: "lowkey", path, "the registry that is read was replaced or deleted elsewhere; mount the folder, not the file");
        }
    }

    /// Whether it is mounted alone, and the file has another name by now, or none.
    fn is_mounted_over(&self) -> bool {
        let Some(before) = &self.mounted else { return false };
        mount::at(&self.path).is_some_and(|now| mount::is_gone(&now) || now != *before)
    }

    fn is_new(&self, trouble: Trouble) -> bool {
        let mut now = self.lock();
        now.rest = Rest::Still;
        let is_new = now.reading.as_ref() != Some(&trouble);
        now.reading = Some(trouble);
        is_new
    }

    fn lock(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
