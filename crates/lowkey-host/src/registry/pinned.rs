//! A device's key, pinned.

use super::{Device, DeviceError};
use lowkey_core::{Error as KeyError, Id, Identity, Peer, Psk, PublicKey};
use lowkey_transport::{Mode, Pinning};
use std::sync::Arc;
use std::time::SystemTime;

/// One pinning of a device: an id, a key, perhaps a PSK, perhaps an end.
///
/// Holding one tells you that its key is neither our own nor of low order.
#[derive(Debug)]
pub struct Pinned {
    device: Arc<Device>,
    id: Id,
    peer: Peer,
    psk: Option<Psk>,
    expires: Option<SystemTime>,
}

impl Pinned {
    /// Pins `key` for `identity`: KK, under the pinning's default id, without an end.
    ///
    /// Computes the static-static Diffie-Hellman, which every later handshake saves.
    ///
    /// # Errors
    /// [`DeviceError::OwnKey`], [`DeviceError::WeakKey`].
    pub fn new(
        device: impl Into<Arc<Device>>,
        identity: &Identity,
        key: PublicKey,
    ) -> Result<Self, DeviceError> {
        let peer = Peer::pin(identity, key).map_err(|error| match error {
            KeyError::OwnKey => DeviceError::OwnKey,
            _ => DeviceError::WeakKey,
        })?;
        let id = Id::of_pinning(&key, &identity.public_key());
        Ok(Self { device: device.into(), id, peer, psk: None, expires: None })
    }

    /// The same pinning under another id.
    #[must_use]
    pub fn with_id(mut self, id: Id) -> Self {
        self.id = id;
        self
    }

    /// The same pinning with a PSK: KKpsk0, and KK no longer.
    #[must_use]
    pub fn with_psk(mut self, psk: Psk) -> Self {
        self.psk = Some(psk);
        self
    }

    /// The same pinning until then: from that moment on it is answered as an unknown one, and its session
    /// ends.
    #[must_use]
    pub fn until(mut self, expires: SystemTime) -> Self {
        self.expires = Some(expires);
        self
    }

    /// Whose it is.
    pub fn device(&self) -> &Arc<Device> {
        &self.device
    }

    /// Its public name.
    pub fn id(&self) -> Id {
        self.id
    }

    /// The device's static key.
    pub fn key(&self) -> PublicKey {
        self.peer.public_key()
    }

    /// Its one mode.
    pub fn mode(&self) -> Mode {
        if self.psk.is_some() { Mode::KkPsk0 } else { Mode::Kk }
    }

    /// When it ends, if it does.
    pub fn expires(&self) -> Option<SystemTime> {
        self.expires
    }

    /// Whether it has ended by `now`.
    pub fn is_expired(&self, now: SystemTime) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    /// The pinning, for the identity it was made with.
    pub fn pinning<'k>(&'k self, identity: &'k Identity) -> Pinning<'k> {
        Pinning { id: self.id, identity, peer: &self.peer, psk: self.psk.as_ref() }
    }

    /// Whether `other` lets in the same side as the same device: name, id, key and PSK. When it ends and how
    /// the device is labelled may differ.
    pub(crate) fn admits_as(&self, other: &Self) -> bool {
        self.device.name() == other.device.name()
            && self.id == other.id
            && self.key() == other.key()
            && match (&self.psk, &other.psk) {
                (None, None) => true,
                (Some(psk), Some(other)) => psk.ct_eq(other),
                _ => false,
            }
    }
}
