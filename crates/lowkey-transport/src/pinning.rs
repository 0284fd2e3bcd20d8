//! What two sides have pinned of each other (protocol §2).

use crate::hello::Mode;
use lowkey_core::page::Keys;
use lowkey_core::{Id, Identity, Peer, Psk};

/// What two sides have pinned of each other: who we are, whom we expect, and under which id.
#[derive(Clone, Copy, Debug)]
pub struct Pinning<'k> {
    /// The pinning's public name.
    pub id: Id,
    /// Our static key pair.
    pub identity: &'k Identity,
    /// The peer's static key.
    pub peer: &'k Peer,
    /// Their shared key; with one the mode is KKpsk0, without one KK, never the other.
    pub psk: Option<&'k Psk>,
}

impl<'k> Pinning<'k> {
    /// The pinning that a device's key page describes.
    pub fn of(keys: &'k Keys) -> Self {
        Self { id: *keys.id(), identity: keys.identity(), peer: keys.peer(), psk: keys.psk() }
    }

    /// The pinning that a pairing has made (protocol §6), as the device has it, which initiates.
    pub fn of_device(identity: &'k Identity, server: &'k Peer) -> Self {
        let id = Id::of_pinning(&identity.public_key(), &server.public_key());
        Self { id, identity, peer: server, psk: None }
    }

    /// The same, as the server has it.
    pub fn of_server(identity: &'k Identity, device: &'k Peer) -> Self {
        let id = Id::of_pinning(&device.public_key(), &identity.public_key());
        Self { id, identity, peer: device, psk: None }
    }

    /// The one mode of this pinning.
    pub fn mode(&self) -> Mode {
        if self.psk.is_some() { Mode::KkPsk0 } else { Mode::Kk }
    }
}
