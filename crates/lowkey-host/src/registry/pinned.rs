//! A device's key, pinned.

use super::device::{Device, DeviceError};
use super::paired::Paired;
use crate::clock::is_believable;
use lowkey_core::{Error as KeyError, Id, Identity, Peer, Psk, PublicKey};
use lowkey_transport::{Mode, Pinning};
use std::hint::black_box;
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

/// One pinning of a device: an id, a key, perhaps a PSK, perhaps an end.
///
/// Holding one tells you that its key is neither our own nor of low order.
#[derive(Debug)]
pub struct Pinned {
    device: Arc<Device>,
    id: Id,
    key: PublicKey,
    peer: OnceLock<Peer>, // empty as long as it is cold
    psk: Option<Psk>,
    expires: Option<SystemTime>,
    paired: Option<Paired>,
}

impl Pinned {
    /// Pins `key` for `identity`: KK, under the pinning's default id, without an end.
    ///
    /// Computes the static-static Diffie-Hellman, which every later handshake saves. The key is pinned as its owner
    /// spells it ([`PublicKey::canonical`]), which is what the handshake hashes.
    ///
    /// # Errors
    /// [`DeviceError::OwnKey`], [`DeviceError::WeakKey`].
    pub fn new(
        device: impl Into<Arc<Device>>,
        identity: &Identity,
        key: PublicKey,
    ) -> Result<Self, DeviceError> {
        let key = key.canonical();
        let peer = multiply(identity, key).map_err(|error| match error {
            KeyError::OwnKey => DeviceError::OwnKey,
            _ => DeviceError::WeakKey,
        })?;
        let id = Id::of_pinning(&key, &identity.public_key());
        Ok(Self { device: device.into(), id, key, peer: peer.into(), psk: None, expires: None, paired: None })
    }

    /// The same under this id and without the Diffie-Hellman, for a server of the key `server`: for registries of many
    /// thousands, which would keep their server waiting. It is cold, and a registry with such a pinning is
    /// [not warm](super::Registry::is_warm) until it has been [warmed](Self::warm).
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn cold(
        device: impl Into<Arc<Device>>,
        id: Id,
        server: &PublicKey,
        key: PublicKey,
    ) -> Result<Self, DeviceError> {
        let key = key.canonical();
        Self::check(server, &key)?;
        Ok(Self {
            device: device.into(),
            id,
            key,
            peer: OnceLock::new(),
            psk: None,
            expires: None,
            paired: None,
        })
    }

    /// Whether a server of this key can pin `key`, found without a multiplication.
    ///
    /// # Errors
    /// [`DeviceError::OwnKey`], [`DeviceError::WeakKey`].
    pub fn check(server: &PublicKey, key: &PublicKey) -> Result<(), DeviceError> {
        match key {
            key if key == server => Err(DeviceError::OwnKey),
            key if key.is_low_order() => Err(DeviceError::WeakKey),
            _ => Ok(()),
        }
    }

    /// A pinning whose Diffie-Hellman is known.
    pub(crate) fn of_peer(device: Arc<Device>, id: Id, peer: Peer) -> Self {
        Self { device, id, key: peer.public_key(), peer: peer.into(), psk: None, expires: None, paired: None }
    }

    /// As warm as `other`, if that has the same key and was made for the same identity.
    #[must_use]
    pub fn warmed_by(mut self, other: &Self, identity: &Identity) -> Self {
        if let Some(peer) = other.peer.get().filter(|peer| peer.public_key() == self.key)
            && let Ok(peer) = Peer::from_parts(identity, self.key, peer.shared_secret().duplicate())
        {
            self.peer = peer.into();
        }
        self
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
    /// ends. So it is while the server's clock is wrong, see [`is_expired`](Self::is_expired).
    #[must_use]
    pub fn until(mut self, expires: SystemTime) -> Self {
        self.expires = Some(expires);
        self
    }

    /// The same pinning, made by a pairing.
    #[must_use]
    pub fn paired_by(mut self, paired: Paired) -> Self {
        self.paired = Some(paired);
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
        self.key
    }

    /// Its one mode.
    pub fn mode(&self) -> Mode {
        if self.psk.is_some() { Mode::KkPsk0 } else { Mode::Kk }
    }

    /// When it ends, if it does.
    pub fn expires(&self) -> Option<SystemTime> {
        self.expires
    }

    /// The pairing that has made it, if one has.
    pub fn paired(&self) -> Option<Paired> {
        self.paired
    }

    /// Whether it has ended by `now`. If that is from before this crate was written, no clock can show it, nobody can
    /// tell what has ended, and what can end counts as if it had.
    pub fn is_expired(&self, now: SystemTime) -> bool {
        self.expires.is_some_and(|expires| expires <= now || !is_believable(now))
    }

    /// The pinning, for the identity it was made with; `None` if that was another. Takes a multiplication if it
    /// is cold.
    pub(crate) fn pinning<'k>(&'k self, identity: &'k Identity) -> Option<Pinning<'k>> {
        if !self.is_warm() {
            self.warm(identity);
        }
        let peer = self.peer.get()?;
        Some(Pinning { id: self.id, identity, peer, psk: self.psk.as_ref() })
    }

    /// Reads what a handshake reads of it, so that it takes as long to come from memory.
    pub(crate) fn read_through(&self) {
        black_box(self.peer.get().map(|peer| (peer.public_key(), peer.shared_secret().duplicate())));
        black_box(self.psk.as_ref().is_some_and(|psk| psk.ct_eq(psk)));
    }

    /// Whether its Diffie-Hellman is computed.
    pub fn is_warm(&self) -> bool {
        self.peer.get().is_some()
    }

    /// Computes its Diffie-Hellman with the identity that it is pinned for, always: nobody waits for another who does
    /// the same.
    pub fn warm(&self, identity: &Identity) {
        if let Ok(peer) = multiply(identity, self.key) {
            let _ = self.peer.set(peer); // another may have been faster, with the same result
        }
    }

    /// Whether `other` lets in the same side as the same device: name, id, key and PSK. When it ends, how the device is
    /// labelled and whether a pairing is final may differ.
    pub fn admits_as(&self, other: &Self) -> bool {
        self.device.name() == other.device.name()
            && self.id == other.id
            && self.key == other.key
            && match (&self.psk, &other.psk) {
                (None, None) => true,
                (Some(psk), Some(other)) => psk.ct_eq(other),
                _ => false,
            }
    }

    /// Whether `other` says the same in all.
    pub fn is_same(&self, other: &Self) -> bool {
        self.admits_as(other)
            && self.expires == other.expires
            && self.paired == other.paired
            && self.device == other.device
    }
}

/// The one place where a static-static Diffie-Hellman is computed, so that tests can count them.
pub(crate) fn multiply(identity: &Identity, key: PublicKey) -> Result<Peer, KeyError> {
    #[cfg(test)]
    counted::MULTIPLICATIONS.set(counted::MULTIPLICATIONS.get() + 1);
    Peer::pin(identity, key)
}

#[cfg(test)]
pub(crate) mod counted {
    use std::cell::Cell;

    thread_local! {
        pub(crate) static MULTIPLICATIONS: Cell<usize> = const { Cell::new(0) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(hex: &str) -> PublicKey {
        PublicKey::new(std::array::from_fn(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()))
    }

    #[test]
    fn a_key_of_low_order_is_refused_with_and_without_a_multiplication_in_every_spelling() {
        let identity = Identity::new(lowkey_core::Secret::new([7; 32])).unwrap();
        let server = identity.public_key();
        for low in [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ] {
            let mut bytes = *key(low).as_bytes();
            for top in [0, 0x80] {
                bytes[31] |= top;
                let low = PublicKey::new(bytes);
                assert_eq!(Pinned::check(&server, &low), Err(DeviceError::WeakKey));
                assert_eq!(Peer::pin(&identity, low).unwrap_err(), KeyError::WeakKey);
            }
        }
        assert_eq!(Pinned::check(&server, &server), Err(DeviceError::OwnKey));
        for good in ["09", "02", "ea"] {
            let good = key(&format!("{good}{}", "00".repeat(31)));
            assert_eq!(Pinned::check(&server, &good), Ok(()));
            Peer::pin(&identity, good).unwrap();
        }
    }

    #[test]
    fn a_cold_pinning_is_computed_once_and_then_warms_its_likes() {
        let identity = Identity::new(lowkey_core::Secret::new([7; 32])).unwrap();
        let other = Identity::new(lowkey_core::Secret::new([8; 32])).unwrap().public_key();
        let device = Arc::new(Device::new("a").unwrap());
        let id = Id::of_pinning(&other, &identity.public_key());
        let cold = || Pinned::cold(Arc::clone(&device), id, &identity.public_key(), other).unwrap();
        let before = counted::MULTIPLICATIONS.get();
        let first = cold();
        assert!(!first.is_warm());
        assert!(!cold().warmed_by(&first, &identity).is_warm());
        let ss = |pinned: &Pinned| *pinned.peer.get().unwrap().shared_secret().expose();
        assert!(first.pinning(&identity).is_some() && first.pinning(&identity).is_some());
        let second = cold().warmed_by(&first, &identity);
        assert!(second.is_warm() && second.is_same(&first));
        assert_eq!(counted::MULTIPLICATIONS.get() - before, 1);
        assert_eq!(ss(&second), ss(&first));
        assert_eq!(ss(&Pinned::new(Device::new("a").unwrap(), &identity, other).unwrap()), ss(&first));
    }
}
