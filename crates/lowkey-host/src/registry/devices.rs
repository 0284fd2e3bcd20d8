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
        let mut all = Self::default();
        let mut unique = Unique::default();
        let mut devices: HashMap<String, (Arc<Device>, usize)> = HashMap::new();
        for pinned in pinnings {
            let device = pinned.device();
            let name = device.name();
            match devices.get_mut(name) {
                Some((known, _)) if !Arc::ptr_eq(known, device) => {
                    return Err(DeviceError::SameName(name.to_owned()));
                }
                Some((_, count)) if *count == PINNINGS => return Err(DeviceError::Pinnings(name.to_owned())),
                Some((_, count)) => *count += 1,
                None => {
                    devices.insert(name.to_owned(), (Arc::clone(device), 1));
                }
            }
            unique.add(name, pinned.id(), pinned.key())?;
            all.by_id.insert(pinned.id(), Arc::new(pinned));
        }
        Ok(all)
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
#[derive(Default)]
pub(crate) struct Unique {
    ids: HashMap<Id, String>,
    keys: HashMap<PublicKey, String>,
}

impl Unique {
    /// One more pinning, of the device of this name.
    pub(crate) fn add(&mut self, name: &str, id: Id, key: PublicKey) -> Result<(), DeviceError> {
        if let Some(other) = self.keys.insert(key, name.to_owned()) {
            return Err(if other == name {
                DeviceError::Pinnings(other)
            } else {
                DeviceError::SameKey(other)
            });
        }
        match self.ids.insert(id, name.to_owned()) {
            Some(other) if other == name => Err(DeviceError::Pinnings(other)),
            Some(other) => Err(DeviceError::SameId(other)),
            None => Ok(()),
        }
    }
}
