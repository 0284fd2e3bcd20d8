//! Devices without keys, and a registry of one that is exchanged as a whole.

use shuttle::sync::RwLock;
use std::sync::Arc;
use std::time::SystemTime;

/// A device: its name.
#[derive(Debug)]
pub(crate) struct Device(&'static str);

impl Device {
    pub(crate) fn name(&self) -> &str {
        self.0
    }
}

/// A pinning: whose, and its id.
#[derive(Debug)]
pub struct Pinned {
    device: Device,
    id: u32,
}

impl Pinned {
    pub(crate) fn new(name: &'static str, id: u32) -> Arc<Self> {
        Arc::new(Self { device: Device(name), id })
    }

    pub(crate) fn device(&self) -> &Device {
        &self.device
    }

    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    pub(crate) fn is_expired(&self, _: SystemTime) -> bool {
        false
    }

    pub(crate) fn admits_as(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

/// Who may connect.
pub(crate) trait Registry {
    fn lookup(&self, id: &u32) -> Option<Arc<Pinned>>;
    fn generation(&self) -> u64;
}

/// The pinnings of now, and how often they changed: one lock around both, as in a registry that is read again.
pub(crate) struct Live(RwLock<(u64, Vec<Arc<Pinned>>)>);

impl Live {
    pub(crate) fn new(pinnings: Vec<Arc<Pinned>>) -> Self {
        Self(RwLock::new((0, pinnings)))
    }

    pub(crate) fn swap(&self, pinnings: Vec<Arc<Pinned>>) {
        let mut current = self.0.write().unwrap();
        *current = (current.0 + 1, pinnings);
    }
}

impl Registry for Live {
    fn lookup(&self, id: &u32) -> Option<Arc<Pinned>> {
        self.0.read().unwrap().1.iter().find(|pinned| pinned.id() == *id).cloned()
    }

    fn generation(&self) -> u64 {
        self.0.read().unwrap().0
    }
}
