//! A registry file that is read again when it changes.

mod current;
mod enrol;
mod mount;
mod trouble;
mod troubles;
mod watch;

use crate::error::RegistryError;
use crate::snapshot::Changes;
use current::{Asked, Current, Outcome};
use lowkey_host::{Digest, Id, Identity, LeftOut, Pinned, Registry, Removed, Trouble};
use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// The devices of a registry file as it is now: [`FileRegistry`](crate::FileRegistry)'s format, read again on
/// demand and when the file changes, all or nothing, but for those whose PSK cannot be had.
///
/// An acceptor enters devices that pair in it ([`Acceptor::enrol_in`](lowkey_host::Acceptor::enrol_in)).
///
/// Cheap to clone; all clones share their devices. What cannot be read leaves in force what was read before. A pinning
/// that did not change stays the same [`Arc`]; the sessions of one that is gone, or has changed, end with the next
/// [`sweep`](lowkey_host::Acceptor::sweep).
///
/// The Diffie-Hellman of new pinnings is computed in a thread of its own, because 100,000 of them take seconds. Until
/// that is done, [`is_warm`](Registry::is_warm) is false and an [`Acceptor`](lowkey_host::Acceptor) spends the time of
/// one for every attempt, whoever it is.
#[derive(Clone)]
pub struct LiveRegistry {
    shared: Arc<Current>,
}

impl LiveRegistry {
    /// Reads `path` and the PSK files it names, to be pinned by `identity`.
    ///
    /// # Errors
    /// [`RegistryError`], with the file and the line.
    pub fn load(path: impl Into<PathBuf>, identity: impl Into<Arc<Identity>>) -> Result<Self, RegistryError> {
        Ok(Self { shared: Arc::new(Current::load(path.into(), identity.into())?) })
    }

    /// Reads the file and the PSK files again, now. A pinning that did not change stays the same one.
    ///
    /// This blocks, for some milliseconds for each 10,000 devices.
    ///
    /// # Errors
    /// [`RegistryError`], and what was in force still is. [`RegistryError::Empty`]: nothing but white space is in
    /// it, and there were devices; whoever writes a file in place empties it first.
    pub fn reload(&self) -> Result<Changes, RegistryError> {
        match self.shared.reload(&mut self.shared.reading(), Asked::ByCaller)? {
            Outcome::Taken(changes) => Ok(changes),
            Outcome::Held => Ok(Changes::default()), // nothing waits for who asks
        }
    }

    /// Reads the file again whenever it has changed, until the registry and its clones are gone: to be spawned.
    ///
    /// It looks at the file ten times a second and reads it when two looks in a row see the same change, so that it
    /// reads no file that is being written in place. It looks, rather than have the system tell it, because that works
    /// on every file system and across symbolic links that are switched; a look takes microseconds. PSK files are
    /// looked at as well, at most 256 in a look, so that many take a few seconds. After an error it tries again by
    /// itself.
    ///
    /// # Panics
    /// Outside a tokio runtime with time, once it is polled.
    pub fn watch(&self) -> impl Future<Output = ()> + Send + use<> {
        watch::watch(Arc::downgrade(&self.shared))
    }

    /// Lets a change in place take out at most `percent` of the devices, and five in any case; more waits for a
    /// [`reload`](Self::reload), or for 30 s without a change. 10 without this; with 100 nothing waits.
    ///
    /// A copy over a network (`scp`) writes in place, and when it pauses halfway the file looks like one that takes out
    /// the second half of a fleet. PSK files that go count as well. A file that is renamed into the old one's place is
    /// whole, and never waits. While something waits, [`trouble`](Registry::trouble) says so.
    #[must_use]
    pub fn with_lost_in_place(self, percent: u8) -> Self {
        self.shared.reading().lost_in_place = percent;
        self
    }

    /// Where it is read from.
    pub fn path(&self) -> &Path {
        self.shared.path()
    }

    /// How many devices there are.
    pub fn len(&self) -> usize {
        self.shared.devices()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Registry for LiveRegistry {
    fn lookup(&self, id: &Id) -> Option<Arc<Pinned>> {
        self.shared.feed().lookup(id)
    }

    fn each(&self, see: &mut dyn FnMut(&Arc<Pinned>)) {
        self.shared.feed().each(see);
    }

    fn trouble(&self) -> Option<Trouble> {
        self.shared.troubles().worst()
    }

    fn left_out(&self) -> Vec<LeftOut> {
        self.shared.feed().left_out()
    }

    fn removed(&self) -> Vec<Removed> {
        self.shared.feed().removed()
    }

    fn generation(&self) -> u64 {
        self.shared.feed().generation()
    }

    fn digest(&self) -> Option<Digest> {
        self.shared.feed().digest()
    }

    fn since(&self) -> Option<SystemTime> {
        self.shared.feed().since()
    }

    fn is_warm(&self) -> bool {
        self.shared.feed().is_warm()
    }
}

impl fmt::Debug for LiveRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveRegistry").field("path", &self.shared.path()).finish_non_exhaustive()
    }
}
