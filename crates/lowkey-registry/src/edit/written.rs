//! A change of a registry file, for whoever wants to know later whether it holds.

use crate::error::RegistryError;
use crate::file::read_text;
use crate::table;
use crate::text_file::Trust;
use lowkey_host::{Digest, PublicKey};
use std::path::{Path, PathBuf};

/// What was written to a registry file: to be compared with what a server has [in
/// force](lowkey_host::Acceptor::in_force).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    registry: PathBuf,
    server: PublicKey,
    digest: Digest,
    change: Change,
}

/// Keys that came, or that went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Added(PublicKey),
    Removed(Vec<PublicKey>),
}

impl Written {
    /// `text`, for a server of this key, put where `registry` is.
    pub(crate) fn new(registry: &Path, server: &PublicKey, text: &str, change: Change) -> Self {
        Self { registry: registry.to_owned(), server: *server, digest: Digest::of(text), change }
    }

    /// What stands there already, as if it had just been written.
    ///
    /// # Errors
    /// [`RegistryError`]: it cannot be read.
    pub fn already(registry: &Path, server: &PublicKey) -> Result<Self, RegistryError> {
        let (text, _) = read_text(registry, Trust::AnyOwner)?;
        Ok(Self::new(registry, server, &text, Change::Removed(Vec::new())))
    }

    /// The file, as its writer named it.
    pub fn registry(&self) -> &Path {
        &self.registry
    }

    /// The key of the server that it was written for.
    pub fn server(&self) -> PublicKey {
        self.server
    }

    /// Of the text that was written.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The key that was added, if one was.
    pub fn added(&self) -> Option<PublicKey> {
        match &self.change {
            Change::Added(key) => Some(*key),
            Change::Removed(_) => None,
        }
    }

    /// Of the text that stands in the file now, which others may have changed since; `None` if they have undone the
    /// change: a key that was added is not in it, or one that was removed is.
    ///
    /// # Errors
    /// [`RegistryError`]: it cannot be read, or a server would not load it.
    pub fn stands_in(&self) -> Result<Option<Digest>, RegistryError> {
        let (text, _) = read_text(&self.registry, Trust::AnyOwner)?;
        let digest = Digest::of(&text);
        if digest == self.digest {
            return Ok(Some(digest));
        }
        let entries = table::read(&text, &self.server)
            .map_err(|flaw| RegistryError::at(&self.registry, &text, &flaw))?;
        let has = |key: &PublicKey| {
            entries.iter().flat_map(|entry| &entry.pinnings).any(|pinning| pinning.key == *key)
        };
        let stands = match &self.change {
            Change::Added(key) => has(key),
            Change::Removed(keys) => !keys.iter().any(has),
        };
        Ok(stands.then_some(digest))
    }
}
