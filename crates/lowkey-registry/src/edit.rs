//! Changes a registry file: one change at a time, looked at as a whole, replaced at once.

mod attributes;
mod lock;
mod rewrite;
mod written;

pub(crate) use lock::Lock;
pub(crate) use rewrite::Removal;
pub(crate) use written::Change;
pub use written::Written;

use crate::error::RegistryError;
use crate::file::{LONGEST, read_text};
use crate::keys;
use crate::table::{self, Entry};
use crate::text_file::Trust;
use lowkey_core::{PublicKey, Secret};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A registry that nobody else changes as long as this is held.
pub(crate) struct Edit {
    named: PathBuf, // as the user says; what `psk_file` is relative to
    file: PathBuf,  // behind symbolic links
    text: Option<String>,
    _lock: Lock,
}

/// Why the registry was left as it was.
pub(crate) enum EditError {
    /// What is in it already cannot be loaded, or it cannot be read or written.
    Registry(RegistryError),
    /// The change does not fit in.
    Device(String),
}

impl Edit {
    /// Waits for others who change this registry, and reads it.
    pub(crate) fn begin(registry: &Path) -> Result<Self, RegistryError> {
        let file = behind_links(registry);
        let lock =
            Lock::wait(beside(&file, ".lock")).map_err(|error| RegistryError::file(registry, error))?;
        let text = match read_text(&file, Trust::AnyOwner) {
            Ok((text, _)) => Some(text),
            Err(RegistryError::File { error, .. }) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error.named(registry)),
        };
        Ok(Self { named: registry.to_owned(), file, text, _lock: lock })
    }

    /// As [`begin`](Self::begin), of a registry that has to be there.
    pub(crate) fn begin_there(registry: &Path) -> Result<Self, RegistryError> {
        let edit = Self::begin(registry)?;
        match edit.text {
            Some(_) => Ok(edit),
            None => {
                let error = io::Error::new(io::ErrorKind::NotFound, "there is no such file");
                Err(RegistryError::file(registry, error))
            }
        }
    }

    /// What is in it; nothing if there is no such file yet.
    pub(crate) fn text(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }

    /// Where `psk_file`s are.
    pub(crate) fn directory(&self) -> &Path {
        self.named.parent().unwrap_or(Path::new(""))
    }

    /// The devices in it, as a server of this key would load them.
    pub(crate) fn entries(&self, server: &PublicKey) -> Result<Vec<Entry>, EditError> {
        let text = self.text();
        table::read(text, server)
            .map_err(|flaw| EditError::Registry(RegistryError::at(&self.named, text, &flaw)))
    }

    /// Whether a server of this key would load `new`, and what is there now. PSK files are not read: one that cannot
    /// be takes out its own device, and is no reason to keep another.
    pub(crate) fn check(&self, new: &str, server: &PublicKey) -> Result<(), EditError> {
        self.entries(server)?;
        if new.len() as u64 > LONGEST {
            return Err(EditError::Device(format!("it would be longer than {} MiB", LONGEST >> 20)));
        }
        table::read(new, server).map(drop).map_err(|flaw| EditError::Device(flaw.why))
    }

    /// Whether no device holds `psk` already, as far as their PSK files can be read.
    pub(crate) fn check_psk(&self, psk: &Secret<32>, server: &PublicKey) -> Result<(), EditError> {
        for entry in self.entries(server)? {
            for (_, file) in entry.pinnings.iter().filter_map(|pinning| pinning.psk_file.as_ref()) {
                let Ok(other) = keys::read_psk_secret(&self.directory().join(file)) else { continue };
                if other.ct_eq(psk) {
                    let name = entry.device.name();
                    let why = format!("psk_file: holds the PSK of {name:?}; make one for each");
                    return Err(EditError::Device(why));
                }
            }
        }
        Ok(())
    }

    /// Puts the text [with](Self::with) more devices in its place, if a server of this key would load it; gives it.
    pub(crate) fn add<T: AsRef<str>>(self, tables: &[T], server: &PublicKey) -> Result<String, EditError> {
        let new = self.with(tables, server);
        self.check(&new, server)?;
        self.put(&new)?;
        Ok(new)
    }

    /// Puts `new` in its place.
    pub(crate) fn put(self, new: &str) -> Result<(), EditError> {
        let written = self.replace(new);
        written.map_err(|error| EditError::Registry(RegistryError::file(&self.named, error)))
    }

    /// Lets `secret`, which we have made beside the registry, be read by those who read the registry: its owner or, if
    /// that is root as we are, its group.
    ///
    /// The open file, not its name: whoever may write beside the registry could have put another file there, which
    /// root would then give away.
    #[cfg(unix)]
    pub(crate) fn hand_over(&self, secret: &File) -> io::Result<()> {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
        if self.text.is_none() || !rustix::process::geteuid().is_root() {
            return Ok(());
        }
        let registry = fs::metadata(&self.file)?;
        fchown(secret, Some(registry.uid()), Some(registry.gid()))?;
        if registry.uid() == 0 && registry.gid() != 0 && registry.mode() & 0o040 != 0 {
            secret.set_permissions(fs::Permissions::from_mode(0o640))?;
        }
        Ok(())
    }

    #[cfg(not(unix))]
    pub(crate) fn hand_over(&self, _secret: &File) -> io::Result<()> {
        Ok(())
    }

    /// Writes a new file and puts it in the old one's place when it is whole.
    fn replace(&self, text: &str) -> io::Result<()> {
        let new = beside(&self.file, ".new");
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => (), // left behind by one who was killed, perhaps
        }
        let written = self.write(&new, text).and_then(|()| fs::rename(&new, &self.file).map_err(advised));
        if written.is_err() {
            let _ = fs::remove_file(&new); // why it was not written matters more
        }
        written?;
        // Without this a power cut may bring back who was taken out. Not every file system can do it, and the new file
        // is in its place already, so an error changes nothing.
        #[cfg(unix)]
        let _ = File::open(folder_of(&self.file)).and_then(|folder| folder.sync_all());
        Ok(())
    }

    fn write(&self, new: &Path, text: &str) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)] // whoever may not read the old one may not open the new one before it is like it
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(new)?;
        match &self.text {
            Some(_) => attributes::carry_over(&File::open(&self.file)?, &file)?,
            #[cfg(unix)] // whatever the umask
            None => file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?,
            #[cfg(not(unix))]
            None => (),
        }
        file.write_all(text.as_bytes())?;
        file.sync_all()
    }
}

/// The file that `path` stands for, which need not be there yet.
fn behind_links(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&path) {
            Ok(target) => path = path.parent().unwrap_or(Path::new("")).join(target),
            Err(_) => break,
        }
    }
    path
}

/// As many as Linux follows.
const MAX_LINKS: usize = 40;

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// What to do when a file cannot be put in another's place.
fn advised(error: io::Error) -> io::Error {
    let advice = match error.kind() {
        io::ErrorKind::ResourceBusy => {
            "it is mounted as one file, which cannot be replaced; mount the folder that it is in"
        }
        io::ErrorKind::CrossesDevices => {
            "it lies on another file system than its folder; mount the folder that it is in"
        }
        _ => return error,
    };
    io::Error::new(error.kind(), format!("{error}; {advice}"))
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::keys::create_private;
    use std::os::unix::fs::{MetadataExt, chown};

    #[test]
    fn root_hands_over_what_it_made_and_not_what_stands_there_by_now() {
        if !rustix::process::geteuid().is_root() {
            return; // nobody else hands anything over
        }
        let folder = tempfile::tempdir().unwrap();
        let [registry, psk, other] =
            ["devices.toml", "pump-7.psk", "root's"].map(|name| folder.path().join(name));
        fs::write(&registry, "# ours\n").unwrap();
        chown(&registry, Some(1234), Some(1234)).unwrap();
        fs::write(&other, "").unwrap();
        let Ok(edit) = Edit::begin(&registry) else { panic!() };
        let made = create_private(&psk, b"").unwrap();
        fs::remove_file(&psk).unwrap();
        fs::hard_link(&other, &psk).unwrap();
        edit.hand_over(&made).unwrap();
        assert_eq!(fs::metadata(&other).unwrap().uid(), 0);
        assert_eq!(made.metadata().unwrap().uid(), 1234);
    }
}
