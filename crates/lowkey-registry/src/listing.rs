//! What stands in a registry, for whoever asks no server.

use crate::error::RegistryError;
use crate::file::read_text;
use crate::rows::server_of;
use crate::table::{self, Described};
use crate::target::Target;
use crate::text_file::Trust;
use lowkey_host::{Device, Paired, PublicKey};
use std::time::SystemTime;

/// What stands in a registry.
#[derive(Debug)]
#[non_exhaustive]
pub struct Listing {
    /// Its devices, in their order.
    pub devices: Vec<Listed>,
    /// The rows of one that is shared that nobody can read: the device's name, and why.
    pub faulty: Vec<(String, String)>,
}

/// A device as it stands there.
#[derive(Debug)]
#[non_exhaustive]
pub struct Listed {
    /// Its name and labels.
    pub device: Device,
    /// Its keys.
    pub pinnings: Vec<ListedPinning>,
}

/// A key of a device as it stands there. Whether its PSK can be had is not looked at.
#[derive(Debug)]
#[non_exhaustive]
pub struct ListedPinning {
    /// The key.
    pub key: PublicKey,
    /// Whether it has a PSK.
    pub has_psk: bool,
    /// When it ends.
    pub expires: Option<SystemTime>,
    /// Whether its pairing is pending.
    pub is_pending: bool,
}

/// Reads the registry.
///
/// # Errors
/// [`RegistryError`]: it cannot be read, or a server would not load it.
pub fn list<'t>(registry: impl Into<Target<'t>>) -> Result<Listing, RegistryError> {
    let registry = registry.into();
    let (text, faulty) = match registry {
        Target::File(file) => (read_text(file, Trust::AnyOwner)?.0, Vec::new()),
        Target::Shared(shared) => {
            let failed = |why| RegistryError::Shared { named: shared.named().to_owned(), why };
            let reading = shared.read().map_err(|error| failed(error.to_string()))?;
            (reading.sheet().text(), reading.faulty().to_vec())
        }
    };
    // What depends on the key of a server that it does not name is not looked at.
    let (entries, flaws) = table::survey(&text, server_of(&text));
    if let Some(flaw) = flaws.first() {
        return Err(RegistryError::at(registry.named(), &text, flaw));
    }
    let pinning = |of: Described| ListedPinning {
        key: of.key,
        has_psk: of.psk_file.is_some(),
        expires: of.expires,
        is_pending: matches!(of.paired, Some(Paired::Pending(_))),
    };
    let devices = entries.into_iter().map(|entry| Listed {
        device: entry.device,
        pinnings: entry.pinnings.into_iter().map(pinning).collect(),
    });
    Ok(Listing { devices: devices.collect(), faulty })
}
