//! Which devices there are: names, ids, keys.

mod edit;
mod file;

pub(crate) use edit::{Edit, EditError, Psks};
pub(crate) use file::quote;
pub use file::{FileRegistry, RegistryError};

use crate::keys::mask;
use lowkey_core::{Error as KeyError, Id, Identity, Peer, Psk, PublicKey};
use lowkey_transport::{Mode, Pinning};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// Who may connect.
///
/// Asked once in every attempt, before anything has been proven, on the thread that plays the handshake:
/// answer from memory. A registry that lies elsewhere is asked with [`LazyAccept`](crate::LazyAccept).
pub trait Registry: Send + Sync {
    /// The device whose pinning has this id.
    ///
    /// Take the same time for an id that is not known. Give the same [`Arc`] each time: making a
    /// [`Device`] takes a multiplication, which tells whoever measures it that the id is known.
    fn lookup(&self, id: &Id) -> Option<Arc<Device>>;
}

impl<R: Registry + ?Sized> Registry for Arc<R> {
    fn lookup(&self, id: &Id) -> Option<Arc<Device>> {
        (**self).lookup(id)
    }
}

/// A device and its pinning.
///
/// Holding one tells you that its key is neither our own nor of low order. The name is what
/// applications know it by; a device has one session at a time.
#[derive(Debug)]
pub struct Device {
    name: String,
    id: Id,
    peer: Peer,
    psk: Option<Psk>,
}

impl Device {
    /// Pins `key` for `identity`: KK, under the pinning's default id.
    ///
    /// Computes the static-static Diffie-Hellman, which every later handshake saves.
    ///
    /// # Errors
    /// [`DeviceError::Name`], [`DeviceError::OwnKey`], [`DeviceError::WeakKey`].
    pub fn new(name: impl Into<String>, identity: &Identity, key: PublicKey) -> Result<Self, DeviceError> {
        let name = name.into();
        if name.chars().any(char::is_control) {
            return Err(DeviceError::Name);
        }
        let peer = Peer::pin(identity, key).map_err(|error| match error {
            KeyError::OwnKey => DeviceError::OwnKey,
            _ => DeviceError::WeakKey,
        })?;
        let id = Id::of_pinning(&key, &identity.public_key());
        Ok(Self { name, id, peer, psk: None })
    }

    /// The same device under another id.
    #[must_use]
    pub fn with_id(mut self, id: Id) -> Self {
        self.id = id;
        self
    }

    /// The same device with a PSK: KKpsk0, and KK no longer.
    #[must_use]
    pub fn with_psk(mut self, psk: Psk) -> Self {
        self.psk = Some(psk);
        self
    }

    /// What applications know it by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The public name of its pinning.
    pub fn id(&self) -> Id {
        self.id
    }

    /// Its static key.
    pub fn key(&self) -> PublicKey {
        self.peer.public_key()
    }

    /// The one mode of its pinning.
    pub fn mode(&self) -> Mode {
        if self.psk.is_some() { Mode::KkPsk0 } else { Mode::Kk }
    }

    /// The pinning, for the identity it was made with.
    pub fn pinning<'k>(&'k self, identity: &'k Identity) -> Pinning<'k> {
        Pinning { id: self.id, identity, peer: &self.peer, psk: self.psk.as_ref() }
    }
}

/// Why a device cannot be pinned, or not beside the others.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeviceError {
    /// Its name holds control characters, which would reach terminals by way of logs.
    Name,
    /// Its key is our own.
    OwnKey,
    /// Its key is of low order: nobody holds its private half alone.
    WeakKey,
    /// Another device has this name.
    SameName(String),
    /// Another device has this id; its name.
    SameId(String),
    /// Another device has this key; its name.
    SameKey(String),
}

impl fmt::Display for DeviceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => f.write_str("the name holds control characters"),
            Self::OwnKey => f.write_str("the key is this server's own, not a device's"),
            Self::WeakKey => f.write_str("the key is of low order and protects nothing; make a new one"),
            Self::SameName(name) => write!(f, "the name {:?} is in use already", mask(name)),
            Self::SameId(name) => write!(f, "the id is the one of {:?}", mask(name)),
            Self::SameKey(name) => {
                write!(f, "the key is the one of {:?}; a key belongs to one device", mask(name))
            }
        }
    }
}

impl std::error::Error for DeviceError {}

/// A registry in memory: no two devices have a name, an id or a key in common.
#[derive(Debug, Default)]
pub struct Devices {
    by_id: HashMap<Id, Arc<Device>>,
}

impl Devices {
    /// All of `devices`, or none.
    ///
    /// # Errors
    /// [`DeviceError::SameName`], [`DeviceError::SameId`], [`DeviceError::SameKey`].
    pub fn new(devices: impl IntoIterator<Item = Device>) -> Result<Self, DeviceError> {
        let mut all = Self::default();
        let mut unique = Unique::default();
        for device in devices {
            unique.add(&device.name, device.id, device.key())?;
            all.by_id.insert(device.id, Arc::new(device));
        }
        Ok(all)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Device>> {
        self.by_id.values()
    }
}

impl Registry for Devices {
    fn lookup(&self, id: &Id) -> Option<Arc<Device>> {
        self.by_id.get(id).cloned()
    }
}

/// Says who has a name, an id or a key already.
#[derive(Default)]
pub(crate) struct Unique {
    names: HashMap<String, ()>,
    ids: HashMap<Id, String>,
    keys: HashMap<PublicKey, String>,
}

impl Unique {
    pub(crate) fn add(&mut self, name: &str, id: Id, key: PublicKey) -> Result<(), DeviceError> {
        if self.names.insert(name.to_owned(), ()).is_some() {
            return Err(DeviceError::SameName(name.to_owned()));
        }
        if let Some(other) = self.keys.insert(key, name.to_owned()) {
            return Err(DeviceError::SameKey(other));
        }
        match self.ids.insert(id, name.to_owned()) {
            Some(other) => Err(DeviceError::SameId(other)),
            None => Ok(()),
        }
    }
}

/// Reads an id as people write it: text of 1 to 32 bytes, or `0x` and 2 to 64 hexadecimal digits.
pub fn parse_id(text: &str) -> Option<Id> {
    let Some(digits) = text.strip_prefix("0x") else { return Id::new(text.as_bytes()) };
    if digits.len() % 2 != 0 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let bytes = (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).ok());
    Id::new(&bytes.collect::<Option<Vec<u8>>>()?)
}
