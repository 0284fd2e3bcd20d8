//! Keys that every process of a benchmark can make for itself: they are numbered.

use lowkey_host::{Device, Devices, Id, Identity, Peer, Pinned, Pinning, PublicKey, Secret};

/// The server, whose devices have the numbers from 1 on.
pub(crate) fn server() -> Identity {
    identity(0)
}

/// The first `count` devices, as the server has pinned them.
pub(crate) fn registry(count: u32) -> Devices {
    let server = server();
    let pinned = |number| {
        let device = Device::new(format!("device-{number}")).unwrap();
        Pinned::new(device, &server, identity(number).public_key()).unwrap()
    };
    Devices::new((1..=count).map(pinned)).unwrap()
}

/// A device and what it has pinned.
pub(crate) struct Client {
    pub(crate) identity: Identity,
    pub(crate) peer: Peer,
    pub(crate) id: Id,
}

impl Client {
    pub(crate) fn new(number: u32, server: PublicKey) -> Self {
        let identity = identity(number);
        let peer = Peer::pin(&identity, server).unwrap();
        let id = Id::of_pinning(&identity.public_key(), &server);
        Self { identity, peer, id }
    }

    pub(crate) fn pinning(&self) -> Pinning<'_> {
        Pinning { id: self.id, identity: &self.identity, peer: &self.peer, psk: None }
    }
}

fn identity(number: u32) -> Identity {
    let mut secret = [0x42; 32];
    secret[..4].copy_from_slice(&number.to_be_bytes());
    Identity::new(Secret::new(secret)).unwrap()
}
