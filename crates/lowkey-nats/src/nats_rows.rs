//! A registry in NATS, for those who change registries as one changes a file.

use crate::error::NatsError;
use crate::registrar::{Registrar, Stored};
use lowkey_registry::rows::{Reading, SharedError, SharedRegistry, Sheet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::runtime::Handle;

/// What a [`Target`](lowkey_registry::Target) is made of: everything that changes a registry file changes this one.
///
/// Nothing of what two write at the same time is lost, and nothing is written that does not fit to all that is there.
/// Its calls block, so not from within a task of the runtime.
pub struct NatsRows {
    registrar: Registrar,
    runtime: Handle,
    psk_folder: Option<PathBuf>,
    /// Something was sent, and whether it was taken was not heard. It happens once when NATS goes and comes back.
    is_unheard: AtomicBool,
}

impl NatsRows {
    /// That of `registrar`, who has connected on this runtime. PSK files are in `psk_folder` as they are in the folder
    /// of each gateway's key.
    pub fn new(registrar: Registrar, runtime: Handle, psk_folder: Option<PathBuf>) -> Self {
        Self { registrar, runtime, psk_folder, is_unheard: AtomicBool::new(false) }
    }

    /// What comes of this, waited for.
    pub(crate) fn block_on<T>(&self, of: impl Future<Output = T>) -> T {
        self.runtime.block_on(of)
    }

    /// Who writes it.
    pub fn registrar(&self) -> &Registrar {
        &self.registrar
    }
}

impl SharedRegistry for NatsRows {
    fn named(&self) -> &Path {
        self.registrar.named()
    }

    fn psk_folder(&self) -> Option<&Path> {
        self.psk_folder.as_deref()
    }

    fn read(&self) -> Result<Box<dyn Reading + '_>, SharedError> {
        match self.block_on(self.registrar.read()) {
            Ok(stored) => Ok(Box::new(Read { of: self, stored })),
            Err(error) if self.is_unheard.load(Ordering::Relaxed) => {
                let why = "whether what was sent before that was written is not known";
                Err(SharedError::Failed(format!("{error}; {why}")))
            }
            Err(error) => Err(SharedError::Failed(error.to_string())),
        }
    }
}

struct Read<'r> {
    of: &'r NatsRows,
    stored: Stored,
}

impl Reading for Read<'_> {
    fn sheet(&self) -> &Sheet {
        &self.stored.sheet
    }

    fn faulty(&self) -> &[(String, String)] {
        &self.stored.faulty
    }

    fn revision(&self) -> u64 {
        self.stored.revision
    }

    fn write(&self, new: &Sheet, out: Option<&str>) -> Result<u64, SharedError> {
        let written = self.of.block_on(self.of.registrar.edit(&self.stored, new, out));
        match written {
            Ok(revision) => Ok(revision.unwrap_or(self.stored.revision)),
            Err(NatsError::Raced(_)) => Err(SharedError::Raced),
            // It stands there, or it does not: whoever reads again knows. Whom NATS lets read and not write hears
            // nothing for ever.
            Err(error @ NatsError::Unheard(_)) => match self.of.is_unheard.swap(true, Ordering::Relaxed) {
                false => Err(SharedError::Raced),
                true => Err(SharedError::Failed(format!("{error}; may this credential write there?"))),
            },
            Err(error) => Err(SharedError::Failed(error.to_string())),
        }
    }
}

impl fmt::Debug for NatsRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsRows").field("named", &self.named()).finish_non_exhaustive()
    }
}
