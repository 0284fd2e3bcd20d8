//! The files that a configuration names: the key and the registry.

use crate::config::{Config, Mistake, Named, Origin};
use lowkey_host::Identity;
use lowkey_registry::keys::{self, KeyFileError};
use lowkey_registry::{LiveRegistry, RegistryError};
use std::io;
use std::sync::Arc;

/// The server's identity.
pub(crate) fn identity(named: &Named) -> Result<Identity, Mistake> {
    keys::read_identity(&named.path).map_err(|error| {
        let hint = match &error {
            KeyFileError::File { error, .. } if error.kind() == io::ErrorKind::NotFound => {
                format!("; make one with: lowkey keygen -o {}", named.path.display())
            }
            KeyFileError::File { error, .. } if error.kind() == io::ErrorKind::PermissionDenied => {
                "; who serves has to read it, or systemd hands it a copy (LoadCredential=, and `lowkey check --credential`)".to_owned()
            }
            _ => String::new(),
        };
        Mistake::new(&named.origin, format!("{error}{hint}"))
    })
}

/// The registry, which `lowkey serve` reads again when it changes.
pub(crate) fn registry(config: &Config, identity: &Arc<Identity>) -> Result<LiveRegistry, Mistake> {
    let registry = LiveRegistry::load(&config.devices.path, Arc::clone(identity));
    let registry = registry.map_err(|error| mistake(&config.devices, &error))?;
    Ok(registry.with_lost_in_place(config.lost_in_place))
}

/// A mistake in the registry stands in that file and says where; one about the file, where it was named.
pub(crate) fn mistake(named: &Named, error: &RegistryError) -> Mistake {
    match error {
        RegistryError::File { error: why, .. } if why.kind() == io::ErrorKind::NotFound => Mistake::new(
            &named.origin,
            format!(
                "{error}; `lowkey provision --registry {}` makes one, and an empty file does for `lowkey pair`",
                named.path.display()
            ),
        ),
        RegistryError::Line { path, line, column, why } => {
            let path = Arc::new(path.clone());
            Mistake::new(&Origin::File { path, line: *line, column: *column }, why)
        }
        error => Mistake::new(&named.origin, error.to_string()),
    }
}
