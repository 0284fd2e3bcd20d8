//! Why devices were not made.

use crate::edit::EditError;
use crate::error::RegistryError;
use crate::keys::KeyFileError;
use crate::target::Target;
use crate::text_file::shown;
use lowkey_host::Error;
use lowkey_host::text::mask;
use std::fmt;
use std::path::{Path, PathBuf};

/// Why no device was made. Of one device no file was left behind; of a [batch](crate::provision::batch) what was made
/// stays, and the same batch goes on from there.
#[derive(Debug)]
#[non_exhaustive]
pub enum ProvisionError {
    /// The order makes no sense.
    Order(String),
    /// A server would not load the registry with this device in it; why.
    Device(PathBuf, String),
    /// The registry cannot be read.
    Registry(RegistryError),
    /// A file cannot be written.
    File(KeyFileError),
    /// No randomness.
    Entropy(Error),
}

impl ProvisionError {
    /// A change of the registry came to nothing.
    pub(super) fn refused(registry: Target<'_>, error: EditError) -> Self {
        match error.told(registry) {
            Ok(error) => Self::Registry(error),
            Err(why) => Self::Device(registry.named().to_owned(), why),
        }
    }

    /// Something about a file or a folder that was named.
    pub(super) fn about(path: &Path, why: impl fmt::Display) -> Self {
        Self::Order(format!("{}: {why}", shown(path)))
    }
}

impl fmt::Display for ProvisionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order(why) => f.write_str(&mask(why)),
            Self::Device(path, why) => write!(f, "{}: {}", shown(path), mask(why)),
            Self::Registry(error) => write!(f, "{error}"),
            Self::File(error) => write!(f, "{error}"),
            Self::Entropy(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for ProvisionError {}
