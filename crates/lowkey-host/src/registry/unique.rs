//! What no two pinnings may have in common.

use super::device::DeviceError;
use lowkey_core::{Id, PublicKey};
use std::collections::HashMap;

/// Says who has an id or a key already, for whoever looks through pinnings before they are made: a registry in which
/// two have one in common is none.
#[derive(Debug)]
pub struct Unique<'n> {
    ids: HashMap<Id, &'n str>,
    keys: HashMap<PublicKey, &'n str>,
    codes: HashMap<Id, &'n str>,
}

/// What another pinning has already, of the device of this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken<'n> {
    /// The id.
    Id(&'n str),
    /// The key.
    Key(&'n str),
    /// One of them, and it is the same device.
    Own(&'n str),
}

impl From<Taken<'_>> for DeviceError {
    fn from(taken: Taken<'_>) -> Self {
        match taken {
            Taken::Id(name) => Self::SameId(name.to_owned()),
            Taken::Key(name) => Self::SameKey(name.to_owned()),
            Taken::Own(name) => Self::Pinnings(name.to_owned()),
        }
    }
}

impl<'n> Unique<'n> {
    /// Nobody has anything yet; with room for so many pinnings.
    pub fn with_capacity(pinnings: usize) -> Self {
        let (ids, keys) = (HashMap::with_capacity(pinnings), HashMap::with_capacity(pinnings));
        Self { ids, keys, codes: HashMap::new() }
    }

    /// One more pinning, of the device of this name.
    ///
    /// # Errors
    /// What another one has already; from here on the new one has it.
    pub fn add(&mut self, name: &'n str, id: Id, key: PublicKey) -> Result<(), Taken<'n>> {
        match (self.keys.insert(key, name), self.ids.insert(id, name)) {
            (None, None) => Ok(()),
            (Some(other), _) | (None, Some(other)) if other == name => Err(Taken::Own(other)),
            (Some(other), _) => Err(Taken::Key(other)),
            (None, Some(other)) => Err(Taken::Id(other)),
        }
    }

    /// The code that a pinning of the device of this name was paired with.
    ///
    /// # Errors
    /// [`DeviceError::SameCode`]: which device was paired with it already.
    pub fn add_code(&mut self, name: &'n str, code: Id) -> Result<(), DeviceError> {
        self.codes.insert(code, name).map_or(Ok(()), |other| Err(DeviceError::SameCode(other.to_owned())))
    }
}
