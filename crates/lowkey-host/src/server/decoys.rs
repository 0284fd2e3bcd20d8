//! Pinnings that nobody has, for ids that nobody has: what a stranger's attempt is played with.
//!
//! The work for a known id and for an unknown one is the same arithmetic, but a pinning among thousands lies in no cache,
//! and one decoy for all of them always would: a microsecond's difference. So there are about as many decoys as
//! pinnings, they lie in memory as those do, and a keyed hash of the id says which one it is: the same id
//! has the same each time, as a known id has, and nobody can tell which ids share one.

use crate::Error;
use crate::entropy::random;
use crate::registry::{Device, Pinned, Registry};
use lowkey_core::{Id, Identity, Peer, Psk, PublicKey};
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::hint::black_box;
use std::sync::Arc;

/// Decoys by a hash of the id.
pub(super) struct Decoys {
    /// With an id, which is compared as that of a pinning is.
    all: Box<[(Id, Arc<Pinned>)]>,
    hasher: RandomState,
}

impl Decoys {
    /// As many as `registry` has pinnings now, and a few hundred at least.
    pub(super) fn new(identity: &Identity, registry: &dyn Registry) -> Result<Self, Error> {
        let mut pinnings = 0;
        registry.each(&mut |_| pinnings += 1);
        let device = Arc::new(Device::new("nobody").map_err(|_| Error::PeerKey)?);
        let one = |_| -> Result<_, Error> {
            let (id, key) = (random()?, PublicKey::new(*random()?.expose()));
            let id = Id::new(id.expose()).ok_or(Error::PeerKey)?;
            // Nobody has its private half, so what it would give with our key is as good as any: no multiplication.
            let peer = Peer::from_parts(identity, key, random()?).map_err(|_| Error::PeerKey)?;
            Ok((id, Arc::new(Pinned::of_peer(Arc::clone(&device), id, peer).with_psk(Psk::new(random()?)))))
        };
        let all = (0..pinnings.clamp(AT_LEAST, AT_MOST)).map(one).collect::<Result<_, _>>()?;
        Ok(Self { all, hasher: RandomState::new() })
    }

    /// Whom an attempt under this id is played with if nobody has it.
    pub(super) fn of(&self, id: &Id) -> Arc<Pinned> {
        let nth = self.hasher.hash_one(id) as usize % self.all.len();
        let (other, pinned) = &self.all[nth];
        black_box(other == id);
        Arc::clone(pinned)
    }
}

impl fmt::Debug for Decoys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoys").field("all", &self.all.len()).finish_non_exhaustive()
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
    fn an_id_has_the_same_decoy_each_time_and_others_have_others() {
        let identity = Identity::new(random().unwrap());
        let nobody = Devices::new([] as [Pinned; 0]).unwrap();
        let decoys = Decoys::new(&identity, &nobody).unwrap();
        let id = |n: u32| Id::new(&n.to_be_bytes()).unwrap();
        let chosen: Vec<_> = (0..2000).map(|n| decoys.of(&id(n)).id()).collect();
        assert!((0..2000).all(|n| decoys.of(&id(n)).id() == chosen[n as usize]));
        let different: HashSet<Id> = chosen.into_iter().collect();
        assert!(different.len() > AT_LEAST / 2, "{}", different.len());
    }
}
