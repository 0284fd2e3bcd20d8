//! The folder of a batch: which batch it is of, and its files, each whole or not there.

use super::kept::{KeptPage, NoFile, code_path, page_path, read_code, read_page};
use super::{Batch, Codes};
use crate::codes;
use crate::edit::Lock;
use crate::keys;
use crate::provision::error::ProvisionError;
use crate::target::Target;
use crate::text_file::{self, Trust, shown};
use lowkey_core::page::LEN;
use lowkey_core::{Id, PublicKey, Secret};
use lowkey_host::text::Hex;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io;
use std::path::Path;

/// A folder that nobody else makes devices in as long as this is held.
pub(super) struct Folder<'b> {
    path: &'b Path,
    server: PublicKey,
    address: &'b str,
    _lock: Lock,
}

impl<'b> Folder<'b> {
    /// That of a batch: made, or taken up again.
    pub(super) fn of(batch: &Batch<'b>) -> Result<Self, ProvisionError> {
        let path = batch.folder;
        let failed = |error: io::Error| ProvisionError::about(path, error);
        make(path).map_err(failed)?;
        let lock = Lock::wait(path.join(LOCK)).map_err(failed)?;
        let folder = Self { path, server: batch.server, address: batch.address, _lock: lock };
        // One who was killed has left it behind.
        match fs::remove_file(path.join(UNFINISHED)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => (),
        }
        let order = order(batch);
        match text_file::read(&path.join(ORDER), Trust::Ours, order.len() as u64 + 1024) {
            Ok(there) if there == order => (),
            Ok(_) => {
                let why = "is the folder of another batch: of other names, or another server, address or registry; \
                           name a folder for each";
                return Err(ProvisionError::about(path, why));
            }
            Err(error) if error.is_missing() => {
                folder.is_empty()?;
                folder.put(&path.join(ORDER), order.as_bytes())?;
            }
            Err(error) => return Err(ProvisionError::Order(error.to_string())),
        }
        Ok(folder)
    }

    /// The page of the device of this name, if it was made.
    pub(super) fn page(&self, name: &str) -> Result<Option<KeptPage>, ProvisionError> {
        let path = page_path(self.path, name);
        made(&path, read_page(&path, &self.server, Some(self.address)))
    }

    /// Writes the page of a device that has none.
    pub(super) fn put_page(&self, name: &str, page: &Secret<LEN>) -> Result<(), ProvisionError> {
        self.put(&page_path(self.path, name), page.expose())
    }

    /// The name of the code of the device of this name, if it was made.
    pub(super) fn code(&self, name: &str) -> Result<Option<Id>, ProvisionError> {
        let path = code_path(self.path, name);
        made(&path, read_code(&path))
    }

    /// Draws a code for a device that has none, and gives its name. Its file is the device's label area, whole.
    pub(super) fn put_code(&self, name: &str) -> Result<Id, ProvisionError> {
        let code = codes::generate().map_err(ProvisionError::Entropy)?;
        let path = code_path(self.path, name);
        let text =
            codes::text(&path, std::slice::from_ref(&code), self.address).map_err(ProvisionError::File)?;
        self.put(&path, text.expose().as_bytes())?;
        Ok(code.name())
    }

    /// Comes back when what was written would survive a power cut.
    pub(super) fn settle(&self) -> Result<(), ProvisionError> {
        #[cfg(unix)]
        {
            let settled = File::open(self.path).and_then(|folder| {
                #[cfg(any(target_os = "linux", target_os = "android"))]
                rustix::fs::syncfs(&folder)?; // once for all: one by one, thousands of files take minutes
                folder.sync_all()
            });
            settled.map_err(|error| ProvisionError::about(self.path, error))?;
        }
        Ok(())
    }

    /// A file that is whole as soon as it is there.
    fn put(&self, path: &Path, content: &[u8]) -> Result<(), ProvisionError> {
        let unfinished = self.path.join(UNFINISHED);
        // Where one call makes them all safe from a power cut, no file waits for its own.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let created = keys::create_private_unsettled(&unfinished, content);
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let created = keys::create_private(&unfinished, content);
        created.map(drop).map_err(ProvisionError::File)?;
        fs::rename(&unfinished, path).map_err(|error| ProvisionError::about(path, error))
    }

    /// Whether nobody has put anything into it.
    fn is_empty(&self) -> Result<(), ProvisionError> {
        let failed = |error: io::Error| ProvisionError::about(self.path, error);
        for entry in fs::read_dir(self.path).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            if name != LOCK {
                let name = shown(Path::new(&name));
                let why = format!("holds {name}, and is of no batch; name a new folder, or an empty one");
                return Err(ProvisionError::about(self.path, why));
            }
        }
        Ok(())
    }
}

/// What was made of a device, if it was.
fn made<T>(path: &Path, read: Result<T, NoFile>) -> Result<Option<T>, ProvisionError> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(NoFile::Absent) => Ok(None),
        // A power cut leaves files whose names were written and whose content was not. They are nobody's.
        Err(NoFile::Empty) => {
            fs::remove_file(path).map(|()| None).map_err(|error| ProvisionError::about(path, error))
        }
        Err(NoFile::Wrong(why)) => {
            Err(ProvisionError::about(path, format_args!("{why}; it is left as it is")))
        }
    }
}

/// Makes the folder, for us alone, or takes the one that is there, if nobody else may change it.
fn make(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => may_be_used(path),
        made => made,
    }
}

#[cfg(unix)]
fn may_be_used(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::metadata(path)?;
    if !metadata.is_dir() {
        return Err(io::Error::new(io::ErrorKind::NotADirectory, "is no folder"));
    }
    let (owner, mode) = (metadata.uid(), metadata.mode() & 0o7777);
    if owner != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other(format!("belongs to user {owner}, who could put other pages into it")));
    }
    if mode & 0o022 != 0 {
        let why =
            format!("others could put other pages into it (mode {mode:04o}); mend that with: chmod go-w");
        return Err(io::Error::other(why));
    }
    Ok(())
}

#[cfg(not(unix))]
fn may_be_used(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// What the file `order` holds: two batches have the same one only if the same devices come of them.
fn order(batch: &Batch<'_>) -> String {
    let registry = match batch.registry {
        Target::File(file) => std::path::absolute(file).unwrap_or_else(|_| file.to_owned()),
        Target::Shared(shared) => shared.named().to_owned(),
    };
    let mut hash = Sha256::new();
    let mut add = |text: &[u8]| {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    };
    add(b"lowkey batch 1");
    add(batch.server.as_bytes());
    add(batch.address.as_bytes());
    add(registry.as_os_str().as_encoded_bytes());
    add(match batch.codes {
        Codes::None => b"",
        Codes::Each => b"codes",
    });
    for item in batch.items {
        add(item.name.as_bytes());
        add(item.serial.as_bytes());
    }
    format!(
        "# This folder is of a batch of {} devices. Until the command that made it has ended well, run the same one\n\
         # again; once each page is in its device, delete the folder.\n\
         order = \"{}\"\n",
        batch.items.len(),
        Hex(&hash.finalize()),
    )
}

const ORDER: &str = "order";
const LOCK: &str = ".lock";
/// What is written under this name is not whole.
pub(super) const UNFINISHED: &str = ".unfinished";
