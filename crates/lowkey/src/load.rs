//! The files that a configuration names: the key and the registry.

use crate::config::{Config, Mistake, Origin};
use lowkey_host::keys::{self, KeyFileError};
use lowkey_host::{Identity, LeftOut, LiveRegistry, Registry, RegistryError};
use std::io;
use std::sync::Arc;

/// The server's identity.
pub(crate) fn identity(config: &Config) -> Result<Identity, Mistake> {
    keys::read_identity(&config.key).map_err(|error| {
        let hint = match &error {
            KeyFileError::File { error, .. } if error.kind() == io::ErrorKind::NotFound => {
                format!("; make one with: lowkey keygen -o {}", config.key.display())
            }
            _ => String::new(),
        };
        Mistake::new(&config.origins.key, format!("{error}{hint}"))
    })
}

/// The registry, which `lowkey serve` reads again when it changes.
pub(crate) fn registry(config: &Config, identity: &Arc<Identity>) -> Result<LiveRegistry, Mistake> {
    let registry = LiveRegistry::load(&config.devices, Arc::clone(identity));
    let registry = registry.map_err(|error| mistake(config, &error))?;
    Ok(registry.with_lost_in_place(config.lost_in_place))
}

/// Pinnings that the server would leave out, each as a mistake in the registry.
pub(crate) fn left_out(registry: &LiveRegistry) -> Vec<Mistake> {
    let mistake = |out: LeftOut| {
        let place = format!("{}:{}:{}", registry.path().display(), out.line, out.column);
        Mistake::new(&Origin::Nowhere, format!("{place}: {}", out.why))
    };
    registry.left_out().into_iter().map(mistake).collect()
}

/// A mistake in the registry stands in that file and says where; one about the file, where it was named.
fn mistake(config: &Config, error: &RegistryError) -> Mistake {
    match error {
        RegistryError::File { error: why, .. } if why.kind() == io::ErrorKind::NotFound => Mistake::new(
            &config.origins.devices,
            format!("{error}; `lowkey provision --registry {}` makes one", config.devices.display()),
        ),
        RegistryError::Line { .. } => Mistake::new(&Origin::Nowhere, error.to_string()),
        error => Mistake::new(&config.origins.devices, error.to_string()),
    }
}
