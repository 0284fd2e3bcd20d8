//! A change of a registry, for whoever wants to know later whether it holds.

use super::Edit;
use crate::error::RegistryError;
use crate::file::read_text;
use crate::table;
use crate::target::Target;
use crate::text_file::Trust;
use lowkey_host::{Digest, PublicKey};
use std::path::{Path, PathBuf};

/// What was written to a registry: its file is to be compared with what a server has [in
/// force](lowkey_host::Acceptor::in_force), its revision with what servers that share it say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    registry: PathBuf,
    server: PublicKey,
    digest: Digest,
    revision: Option<u64>,
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
    pub(crate) fn new(
        registry: &Path,
        server: &PublicKey,
        text: &str,
        revision: Option<u64>,
        change: Change,
    ) -> Self {
        Self { registry: registry.to_owned(), server: *server, digest: Digest::of(text), revision, change }
    }

    /// What stands there already, as if it had just been written.
    ///
    /// # Errors
    /// [`RegistryError`]: it cannot be read.
    pub fn already<'t>(registry: impl Into<Target<'t>>, server: &PublicKey) -> Result<Self, RegistryError> {
        let nothing = Change::Removed(Vec::new());
        match registry.into() {
            Target::File(file) => {
                let (text, _) = read_text(file, Trust::AnyOwner)?;
                Ok(Self::new(file, server, &text, None, nothing))
            }
            shared @ Target::Shared(_) => Ok(Edit::begin(shared)?.standing(server, nothing)),
        }
    }

    /// The file, as its writer named it; or what people call the registry.
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

    /// Of the change, in a registry that several servers share.
    pub fn revision(&self) -> Option<u64> {
        self.revision
    }

    /// The key that was added, if one was.
    pub fn added(&self) -> Option<PublicKey> {
        match &self.change {
            Change::Added(key) => Some(*key),
            Change::Removed(_) => None,
        }
    }

    /// Of the text that stands in the registry file now, which others may have changed since; `None` if they have
    /// undone the change: a key that was added is not in it, or one that was removed is.
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
