//! What every registry that changes answers from: a file that is read again, rows that come over a network.

mod warmer;

use super::Registry;
use super::devices::Devices;
use super::digest::Digest;
use super::left_out::LeftOut;
use super::pinned::Pinned;
use super::removed::Removed;
use lowkey_core::{Id, Identity};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::SystemTime;
use warmer::Warmer;

/// A registry that somebody feeds, with all pinnings at once or change by change.
///
/// Cheap to clone; all clones share their pinnings, and whoever has one can feed it. Look-ups take the same time
/// whatever feeds it. A pinning that is fed as the [`Arc`] that was there already has not changed.
///
/// Pinnings may be fed [cold](Pinned::cold): their Diffie-Hellman is computed in a thread of its own, because 100,000
/// of them take seconds, and until that is done [`is_warm`](Registry::is_warm) is false.
#[derive(Clone)]
pub struct Feed {
    shared: Arc<Shared>,
}

struct Shared {
    now: RwLock<Now>,
    warmer: Arc<Warmer>,
}

/// What look-ups answer from.
struct Now {
    devices: Devices,
    left_out: Arc<[LeftOut]>,
    /// The newest first.
    removed: Vec<Removed>,
    generation: u64,
    digest: Option<Digest>,
    since: SystemTime,
}

/// All that is in force from now on.
#[derive(Debug, Default)]
pub struct Fed {
    /// The pinnings. No two may have an id in common, and what else no two may have says [`Unique`](super::Unique): who
    /// feeds has looked.
    pub pinnings: Vec<Arc<Pinned>>,
    /// What stands in the registry and is not in force.
    pub left_out: Vec<LeftOut>,
    /// Of the text that this was read from, if it was one.
    pub digest: Option<Digest>,
}

/// Some pinnings that go, and some that come.
#[derive(Debug, Default)]
pub struct FedChange {
    /// The ids of those that go; one that comes again under the same id need not be here.
    pub out: Vec<Id>,
    /// Those that come, or stand in the place of the one that had their id.
    pub pinnings: Vec<Arc<Pinned>>,
    /// What is not in force from now on, all of it.
    pub left_out: Vec<LeftOut>,
}

impl Feed {
    /// Pinnings of `identity`; without any it is [`Fed::default`].
    pub fn new(identity: impl Into<Arc<Identity>>, fed: Fed) -> Self {
        let Fed { pinnings, left_out, digest } = fed;
        let warmer = Warmer::new(identity.into());
        warmer.instead(&pinnings);
        let now = Now {
            devices: pinnings.into_iter().collect(),
            left_out: left_out.into(),
            removed: Vec::new(),
            generation: 0,
            digest,
            since: SystemTime::now(),
        };
        warmer.go();
        Self { shared: Arc::new(Shared { now: RwLock::new(now), warmer }) }
    }

    /// Puts this in the place of all that was: look-ups see what was, or this. In force when it returns.
    pub fn replace(&self, fed: Fed) {
        let Fed { pinnings, left_out, digest } = fed;
        self.shared.warmer.instead(&pinnings);
        let devices: Devices = pinnings.into_iter().collect();
        let (left_out, since) = (left_out.into(), SystemTime::now());
        let (removed, changed) = {
            let was = self.read();
            (removed(&was, &devices, since), !is_same(&was.devices, &devices))
        };
        let _freed_without_the_lock = {
            let mut now = self.shared.now.write().unwrap_or_else(PoisonError::into_inner);
            let generation = now.generation + u64::from(changed);
            std::mem::replace(&mut *now, Now { devices, left_out, removed, generation, digest, since })
        };
        self.shared.warmer.go();
    }

    /// Changes some of what is in force, at once. In force when it returns. A [digest](Registry::digest) that there was
    /// is none any more.
    pub fn change(&self, change: FedChange) {
        let FedChange { out, pinnings, left_out } = change;
        self.shared.warmer.besides(&pinnings);
        let left_out: Arc<[LeftOut]> = left_out.into();
        let mut gone: HashMap<Id, Arc<Pinned>> = HashMap::with_capacity(out.len());
        let mut replaced = Vec::new();
        {
            let mut now = self.shared.now.write().unwrap_or_else(PoisonError::into_inner);
            let Now { devices, removed, .. } = &mut *now;
            gone.extend(out.iter().filter_map(|id| Some((*id, devices.take(id)?))));
            let mut changed = false;
            for pinned in pinnings {
                let taken = gone.remove(&pinned.id());
                match devices.put(Arc::clone(&pinned)).or(taken) {
                    Some(was) if Arc::ptr_eq(&was, &pinned) => continue,
                    Some(was) if !is_of(&was, &pinned) => replaced.push(was),
                    _ => (),
                }
                changed = true;
            }
            changed |= !gone.is_empty();
            let since = SystemTime::now();
            removed.retain(|gone| devices.get(&gone.pinned.id()).is_none_or(|now| !is_of(now, &gone.pinned)));
            let new = replaced.into_iter().chain(gone.into_values());
            removed.splice(0..0, new.map(|gone| Removed::new(gone, since)));
            removed.truncate(REMOVED);
            (now.left_out, now.digest, now.since) = (left_out, None, since);
            now.generation += u64::from(changed);
        }
        self.shared.warmer.go();
    }

    /// How many pinnings there are.
    pub fn len(&self) -> usize {
        self.read().devices.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn read(&self) -> RwLockReadGuard<'_, Now> {
        self.shared.now.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Registry for Feed {
    fn lookup(&self, id: &Id) -> Option<Arc<Pinned>> {
        self.read().devices.lookup(id)
    }

    fn each(&self, see: &mut dyn FnMut(&Arc<Pinned>)) {
        // Not under the lock: who sees may take its time, and changes would wait, and look-ups for them.
        let all: Vec<_> = self.read().devices.iter().cloned().collect();
        all.iter().for_each(see);
    }

    fn left_out(&self) -> Vec<LeftOut> {
        let left_out = Arc::clone(&self.read().left_out);
        left_out.to_vec()
    }

    fn removed(&self) -> Vec<Removed> {
        self.read().removed.clone()
    }

    fn generation(&self) -> u64 {
        self.read().generation
    }

    fn digest(&self) -> Option<Digest> {
        self.read().digest
    }

    fn since(&self) -> Option<SystemTime> {
        Some(self.read().since)
    }

    fn is_warm(&self) -> bool {
        self.shared.warmer.is_done()
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").field("pinnings", &self.len()).finish_non_exhaustive()
    }
}

/// Whether both are of one key under one id.
fn is_of(one: &Pinned, other: &Pinned) -> bool {
    one.id() == other.id() && one.key() == other.key()
}

fn is_same(was: &Devices, is: &Devices) -> bool {
    let stayed = |pinned: &Arc<Pinned>| is.get(&pinned.id()).is_some_and(|now| Arc::ptr_eq(now, pinned));
    was.len() == is.len() && was.iter().all(stayed)
}

/// What was in force or had been taken out by then, and is not among `devices`.
fn removed(was: &Now, devices: &Devices, at: SystemTime) -> Vec<Removed> {
    let is_there = |gone: &Pinned| devices.get(&gone.id()).is_some_and(|now| is_of(now, gone));
    let new = was.devices.iter().filter(|was| !is_there(was)).map(|was| Removed::new(Arc::clone(was), at));
    let before = was.removed.iter().filter(|gone| !is_there(&gone.pinned)).cloned();
    new.chain(before).take(REMOVED).collect()
}

/// How many pinnings that were taken out are known, with their keys.
const REMOVED: usize = 4096;

#[cfg(test)]
mod tests;
