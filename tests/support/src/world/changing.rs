//! A registry that changes while a server runs, and a server without a socket.

use super::{Party, World};
use lowkey_host::{Acceptor, Connection, Device, Devices, Id, Pinned, Registry};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;
use tokio::io::{DuplexStream, duplex};

/// Devices that are exchanged all at once.
#[derive(Default)]
pub struct Changing {
    devices: RwLock<Devices>,
    generation: AtomicU64,
    is_stale: AtomicBool,
}

impl Changing {
    /// These devices.
    pub fn new(devices: Devices) -> Arc<Self> {
        Arc::new(Self { devices: RwLock::new(devices), ..Self::default() })
    }

    /// Those from now on.
    pub fn set(&self, devices: Devices) {
        *self.devices.write().unwrap() = devices;
        self.generation.fetch_add(1, Ordering::SeqCst);
    }

    /// It may be out of date from now on.
    pub fn becomes_stale(&self) {
        self.is_stale.store(true, Ordering::SeqCst);
    }

    /// It is up to date again.
    pub fn is_fresh(&self) {
        self.is_stale.store(false, Ordering::SeqCst);
    }
}

impl Registry for Changing {
    fn lookup(&self, id: &Id) -> Option<Arc<Pinned>> {
        self.devices.read().unwrap().lookup(id)
    }

    fn each(&self, see: &mut dyn FnMut(&Arc<Pinned>)) {
        self.devices.read().unwrap().each(see);
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    fn is_stale(&self) -> bool {
        self.is_stale.load(Ordering::SeqCst)
    }
}

impl World {
    /// The first pinning of the `n`th device.
    pub fn pinned(&self, n: usize) -> Pinned {
        self.pinned_for(n, &self.devices[n])
    }

    /// A pinning of the device that is called `device-n`, with this party's key.
    pub fn pinned_for(&self, n: usize, party: &Party) -> Pinned {
        let device = Device::new(format!("device-{n}")).unwrap();
        Pinned::new(device, &self.server, party.identity.public_key()).unwrap().with_id(party.id)
    }

    /// All devices but those that are left out.
    pub fn without(&self, left_out: &[usize]) -> Devices {
        let there = (0..self.devices.len()).filter(|n| !left_out.contains(n));
        Devices::new(there.map(|n| self.pinned(n))).unwrap()
    }

    /// An acceptor, and the registry behind it.
    pub fn changing(&self) -> (Acceptor, Arc<Changing>) {
        let registry = Changing::new(self.without(&[]));
        let acceptor =
            Acceptor::new(Arc::clone(&self.server), Arc::clone(&registry), self.limits.clone()).unwrap();
        (acceptor, registry)
    }

    /// The `n`th device and the server, connected by a pipe that holds `room` bytes each way.
    pub async fn join_at(
        &self,
        acceptor: &Acceptor,
        n: usize,
        room: usize,
    ) -> (Connection<DuplexStream>, Connection<DuplexStream>) {
        let (near, far) = duplex(room);
        let (device, server) = tokio::join!(self.devices[n].connect(near), acceptor.accept(far));
        (device.unwrap(), server.unwrap())
    }
}

/// Looks through the sessions as a listener does, until the runtime ends.
pub fn sweeping(acceptor: &Acceptor) {
    let acceptor = acceptor.clone();
    tokio::spawn(async move {
        let mut sweeps = tokio::time::interval(Duration::from_millis(250));
        loop {
            sweeps.tick().await;
            acceptor.sweep();
        }
    });
}

/// The `n`th address of a net of 256.
pub fn address(n: u8) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, n], 4000))
}
