//! A registry in memory.

use super::Registry;
use super::device::{Device, DeviceError};
use super::pinned::Pinned;
use super::unique::Unique;
use lowkey_core::Id;
use std::collections::HashMap;
use std::sync::Arc;

/// A registry in memory: no two devices have a name, an id, a key or a code in common.
#[derive(Debug, Default)]
pub struct Devices {
    by_id: HashMap<Id, Arc<Pinned>>,
}

impl Devices {
    /// All of `pinnings`, or none. Two pinnings of one device share their [`Arc<Device>`](Device).
    ///
    /// # Errors
    /// [`DeviceError::SameName`], [`DeviceError::SameId`], [`DeviceError::SameKey`], [`DeviceError::SameCode`],
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
            if *count > Device::MOST_PINNINGS {
                return Err(DeviceError::Pinnings(name.to_owned()));
            }
            unique.add(name, pinned.id(), pinned.key())?;
            if let Some(paired) = pinned.paired() {
                unique.add_code(name, paired.code())?;
            }
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

    /// The pinning that has this id.
    pub fn get(&self, id: &Id) -> Option<&Arc<Pinned>> {
        self.by_id.get(id)
    }

    /// Takes out the one that has this id.
    pub(super) fn take(&mut self, id: &Id) -> Option<Arc<Pinned>> {
        self.by_id.remove(id)
    }

    /// Puts one in, and gives the one that had its id.
    pub(super) fn put(&mut self, pinned: Arc<Pinned>) -> Option<Arc<Pinned>> {
        self.by_id.insert(pinned.id(), pinned)
    }

    /// All pinnings, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Pinned>> {
        self.by_id.values()
    }
}

impl FromIterator<Arc<Pinned>> for Devices {
    /// Of pinnings that have been looked through already, with [`Unique`] for example. Of two that have an id in common
    /// the last stays.
    fn from_iter<I: IntoIterator<Item = Arc<Pinned>>>(pinnings: I) -> Self {
        Self { by_id: pinnings.into_iter().map(|pinned| (pinned.id(), pinned)).collect() }
    }
}

impl Registry for Devices {
    fn lookup(&self, id: &Id) -> Option<Arc<Pinned>> {
        self.get(id).cloned()
    }

    fn each(&self, see: &mut dyn FnMut(&Arc<Pinned>)) {
        self.iter().for_each(see);
    }
}
