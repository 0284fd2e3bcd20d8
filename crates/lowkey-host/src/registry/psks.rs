//! The PSKs that a registry names.

use super::error::Flaw;
use super::table::Entry;
use crate::entropy::random;
use crate::keys;
use lowkey_core::Secret;
use lowkey_crypto::Blake2s;
use std::collections::HashMap;
use std::path::Path;

/// The PSKs of all pinnings in their order, read from the files that `registry` names: no two alike.
pub(super) fn read<'e>(
    entries: impl Iterator<Item = &'e Entry>,
    registry: &Path,
) -> Result<Vec<Option<Secret<32>>>, Flaw> {
    // Found by a hash under a key that nobody knows, so that comparing takes no time by content.
    let key = random().map_err(|error| Flaw::new(0, error.to_string()))?;
    let mut owners: HashMap<[u8; 32], &str> = HashMap::new();
    let directory = registry.parent().unwrap_or(Path::new(""));
    let mut psks = Vec::new();
    for entry in entries {
        for pinning in &entry.pinnings {
            let Some((at, file)) = &pinning.psk_file else {
                psks.push(None);
                continue;
            };
            let flaw = |why: String| Flaw::new(*at, format!("psk_file: {why}"));
            let psk =
                keys::read_psk_secret(&directory.join(file)).map_err(|error| flaw(error.to_string()))?;
            let mut hash = Blake2s::keyed(&key);
            hash.update(psk.expose());
            if let Some(other) = owners.insert(hash.finalize(), entry.device.name()) {
                return Err(flaw(format!("holds the PSK of {other:?}; make one for each")));
            }
            psks.push(Some(psk));
        }
    }
    Ok(psks)
}
