//! Pinnings that nobody has, for ids that nobody has: what a stranger's attempt is played with.
//!
//! A known id and an unknown one cost the same arithmetic. But a pinning among thousands lies in no cache, and a single
//! decoy always would: a microsecond's difference. So there are about as many decoys as pinnings, which lie in memory
//! as those do, and a keyed hash of the id chooses one. An unknown id has the same decoy each time, as a known id has
//! its pinning, and nobody can tell which ids share one.

use crate::entropy::random;
use crate::error::Error;
use crate::registry::{Device, Pinned, Registry};
use lowkey_core::{Id, Identity, Peer, Psk, PublicKey};
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

/// Decoys by a hash of the id.
pub(super) struct Decoys {
    all: RwLock<Box<[Decoy]>>,
    hasher: RandomState,
    /// The registry's, when its pinnings were last counted.
    generation: AtomicU64,
}

/// Each with an id, which is compared as that of a pinning is.
type Decoy = (Id, Arc<Pinned>);

impl Decoys {
    /// As many as `registry` has pinnings now, and a few hundred at least.
    pub(super) fn new(identity: &Identity, registry: &dyn Registry) -> Result<Self, Error> {
        let generation = registry.generation();
        let all = draw(identity, enough_for(registry))?;
        Ok(Self { all: RwLock::new(all), hasher: RandomState::new(), generation: generation.into() })
    }

    /// How many there should be instead, if the registry has changed and has far more pinnings by now.
    pub(super) fn lack(&self, registry: &dyn Registry) -> Option<usize> {
        let generation = registry.generation();
        if self.generation.swap(generation, Ordering::Relaxed) == generation {
            return None;
        }
        let enough = enough_for(registry);
        (enough > 2 * self.lock().len()).then_some(enough)
    }

    /// Replaces all of them by so many new ones. If the system has no randomness now, all stays as it is.
    pub(super) fn grow(&self, identity: &Identity, enough: usize) {
        if let Ok(all) = draw(identity, enough) {
            *self.all.write().unwrap_or_else(PoisonError::into_inner) = all;
        }
    }

    /// Whom an attempt under this id is played with if nobody has it.
    pub(super) fn of(&self, id: &Id) -> Arc<Pinned> {
        let all = self.lock();
        let nth = self.hasher.hash_one(id) as usize % all.len();
        let (other, pinned) = &all[nth];
        black_box(other == id);
        Arc::clone(pinned)
    }

    fn lock(&self) -> RwLockReadGuard<'_, Box<[Decoy]>> {
        self.all.read().unwrap_or_else(PoisonError::into_inner)
    }
}

fn enough_for(registry: &dyn Registry) -> usize {
    let mut pinnings = 0;
    registry.each(&mut |_| pinnings += 1);
    pinnings.clamp(AT_LEAST, AT_MOST)
}

fn draw(identity: &Identity, count: usize) -> Result<Box<[Decoy]>, Error> {
    let device = Arc::new(Device::new("nobody").map_err(|_| Error::PeerKey)?);
    let one = |_| -> Result<_, Error> {
        let (id, key) = (random()?, PublicKey::new(*random()?.expose()));
        let id = Id::new(id.expose()).ok_or(Error::PeerKey)?;
        // Nobody has its private key, so any secret is as good as the one that it shares with ours: no multiplication.
        let peer = Peer::from_parts(identity, key, random()?).map_err(|_| Error::PeerKey)?;
        let psk = Psk::new(random()?).map_err(|_| Error::Entropy)?;
        Ok((id, Arc::new(Pinned::of_peer(Arc::clone(&device), id, peer).with_psk(psk))))
    };
    (0..count).map(one).collect()
}

impl fmt::Debug for Decoys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoys").field("all", &self.lock().len()).finish_non_exhaustive()
    }
}

/// Each takes about 250 bytes.
const AT_LEAST: usize = 256;
const AT_MOST: usize = 65_536;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Devices;
    use std::collections::HashSet;

    #[test]
    fn a_registry_that_grows_has_as_many_decoys_as_one_that_began_so() {
        struct Grown(u64, Devices);
        impl Registry for Grown {
            fn lookup(&self, id: &Id) -> Option<Arc<Pinned>> {
                self.1.lookup(id)
            }
            fn each(&self, see: &mut dyn FnMut(&Arc<Pinned>)) {
                (0..self.0).for_each(|_| self.1.each(see));
            }
            fn generation(&self) -> u64 {
                self.0
            }
        }
        let identity = Identity::new(random().unwrap()).unwrap();
        let key = Identity::new(random().unwrap()).unwrap().public_key();
        let one = || Devices::new([Pinned::new(Device::new("a").unwrap(), &identity, key).unwrap()]).unwrap();
        let decoys = Decoys::new(&identity, &Grown(1, one())).unwrap();
        assert_eq!(decoys.lack(&Grown(300, one())), None, "about as many");
        let enough = decoys.lack(&Grown(8000, one())).unwrap();
        decoys.grow(&identity, enough);
        assert_eq!((decoys.lock().len(), decoys.lack(&Grown(8000, one()))), (8000, None));
    }

    #[test]
    fn an_id_has_the_same_decoy_each_time_and_others_have_others() {
        let identity = Identity::new(random().unwrap()).unwrap();
        let nobody = Devices::new([] as [Pinned; 0]).unwrap();
        let decoys = Decoys::new(&identity, &nobody).unwrap();
        let id = |n: u32| Id::new(&n.to_be_bytes()).unwrap();
        let chosen: Vec<_> = (0..2000).map(|n| decoys.of(&id(n)).id()).collect();
        assert!((0..2000).all(|n| decoys.of(&id(n)).id() == chosen[n as usize]));
        let different: HashSet<Id> = chosen.into_iter().collect();
        assert!(different.len() > AT_LEAST / 2, "{}", different.len());
    }
}
