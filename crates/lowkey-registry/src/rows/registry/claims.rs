//! What no two rows may claim.

use lowkey_host::{Device, DeviceError, Id, PublicKey};
use std::collections::HashMap;
use std::sync::Arc;

/// Who has which id, key and code.
#[derive(Debug, Default)]
pub(super) struct Claims {
    ids: HashMap<Id, Arc<Device>>,
    keys: HashMap<PublicKey, Arc<Device>>,
    codes: HashMap<Id, Arc<Device>>,
}

/// What a pinning claims.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    pub(super) id: Id,
    pub(super) key: PublicKey,
    pub(super) code: Option<Id>,
}

impl Claims {
    /// All of these for `device`, or none.
    ///
    /// # Errors
    /// Who has one of them.
    pub(super) fn take(&mut self, device: &Arc<Device>, claims: &[Claim]) -> Result<(), DeviceError> {
        let name = |device: &Arc<Device>| device.name().to_owned();
        for claim in claims {
            if let Some(other) = self.keys.get(&claim.key) {
                return Err(DeviceError::SameKey(name(other)));
            }
            if let Some(other) = self.ids.get(&claim.id) {
                return Err(DeviceError::SameId(name(other)));
            }
            if let Some(other) = claim.code.and_then(|code| self.codes.get(&code)) {
                return Err(DeviceError::SameCode(name(other)));
            }
        }
        for claim in claims {
            self.keys.insert(claim.key, Arc::clone(device));
            self.ids.insert(claim.id, Arc::clone(device));
            if let Some(code) = claim.code {
                self.codes.insert(code, Arc::clone(device));
            }
        }
        Ok(())
    }

    /// These are nobody's any more. They were [taken](Self::take).
    pub(super) fn give_up(&mut self, claims: &[Claim]) {
        for claim in claims {
            self.keys.remove(&claim.key);
            self.ids.remove(&claim.id);
            if let Some(code) = claim.code {
                self.codes.remove(&code);
            }
        }
    }
}
