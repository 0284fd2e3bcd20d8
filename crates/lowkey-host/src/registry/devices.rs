//! A registry in memory.

use super::{Device, DeviceError, Pinned, Registry};
use lowkey_core::{Id, PublicKey};
use std::collections::HashMap;
use std::sync::Arc;

/// A registry in memory: no two devices have a name, an id or a key in common.
#[derive(Debug, Default)]
pub struct Devices {
    pub(super) by_id: HashMap<Id, Arc<Pinned>>,
}

impl Devices {
    /// All of `pinnings`, or none. Two pinnings of one device share their [`Arc<Device>`](Device).
    ///
    /// # Errors
    /// [`DeviceError::SameName`], [`DeviceError::SameId`], [`DeviceError::SameKey`],
    /// [`DeviceError::Pinnings`].
    pub fn new(pinnings: impl IntoIterator<Item = Pinned>) -> Result<Self, DeviceError> {
        let pinnings: Vec<_> = pinnings.into_iter().map(Arc::new).collect();
        let mut unique = Unique::with_capacity(pinnings.len());
        let mut devices: HashMap<&str, (&Arc<Device>, usize)> = HashMap::with_capacity(pinnings.len());
        for pinned in &pinnings {
            let device = pinned.device();
            let name = device.name();
            let (known, count) = devices.entry(name).or_insert((device, 0));
            if !Arc::ptr_eq(known, device) {
                return Err(DeviceError::SameName(name.to_owned()));
            }
            *count += 1;
            if *count > PINNINGS {
                return Err(DeviceError::Pinnings(name.to_owned()));
            }
            unique.add(name, pinned.id(), pinned.key()).map_err(Taken::into_error)?;
        }
        Ok(pinnings.into_iter().collect())
    }

    /// How many pinnings there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// All pinnings, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Pinned>> {
        self.by_id.values()
    }
}

impl FromIterator<Arc<Pinned>> for Devices {
    /// Of pinnings that have been looked through already.
    fn from_iter<I: IntoIterator<Item = Arc<Pinned>>>(pinnings: I) -> Self {
        Self { by_id: pinnings.into_iter().map(|pinned| (pinned.id(), pinned)).collect() }
    }
}

impl Registry for Devices {
    fn lookup(&self, id: &Id) -> Option<Arc<Pinned>> {
        self.by_id.get(id).cloned()
    }

    fn each(&self, see: &mut dyn FnMut(&Arc<Pinned>)) {
        self.iter().for_each(see);
    }
}

/// The most pinnings of a device: an old one and a new one, while its key rotates.
pub(super) const PINNINGS: usize = 2;

/// Says who has an id or a key already.
pub(super) struct Unique<'n> {
    ids: HashMap<Id, &'n str>,
    keys: HashMap<PublicKey, &'n str>,
}

/// What another pinning has already, of the device of this name.
pub(super) enum Taken<'n> {
    Id(&'n str),
    Key(&'n str),
    /// It is the same device.
    Own(&'n str),
}

impl Taken<'_> {
    pub(super) fn into_error(self) -> DeviceError {
        match self {
            Self::Id(name) => DeviceError::SameId(name.to_owned()),
            Self::Key(name) => DeviceError::SameKey(name.to_owned()),
            Self::Own(name) => DeviceError::Pinnings(name.to_owned()),
        }
    }
}

impl<'n> Unique<'n> {
    pub(super) fn with_capacity(pinnings: usize) -> Self {
        Self { ids: HashMap::with_capacity(pinnings), keys: HashMap::with_capacity(pinnings) }
    }

    /// One more pinning, of the device of this name.
    pub(super) fn add(&mut self, name: &'n str, id: Id, key: PublicKey) -> Result<(), Taken<'n>> {
        match (self.keys.insert(key, name), self.ids.insert(id, name)) {
            (None, None) => Ok(()),
            (Some(other), _) | (None, Some(other)) if other == name => Err(Taken::Own(other)),
            (Some(other), _) => Err(Taken::Key(other)),
            (None, Some(other)) => Err(Taken::Id(other)),
        }
    }
}
