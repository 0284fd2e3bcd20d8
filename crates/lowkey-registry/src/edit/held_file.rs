//! A registry file that nobody else changes, and that is replaced at once.

use super::attributes;
use super::lock::Lock;
use crate::error::RegistryError;
use crate::file::read_text;
use crate::text_file::Trust;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A registry file, which need not be there yet.
pub(super) struct HeldFile {
    file: PathBuf, // behind symbolic links
    is_there: bool,
    _lock: Lock,
}

impl HeldFile {
    /// Waits for others who change it, and reads it; nothing if it is not there.
    pub(super) fn hold(registry: &Path) -> Result<(Self, Option<String>), RegistryError> {
        let file = behind_links(registry);
        let lock =
            Lock::wait(beside(&file, ".lock")).map_err(|error| RegistryError::file(registry, error))?;
        let text = match read_text(&file, Trust::AnyOwner) {
            Ok((text, _)) => Some(text),
            Err(RegistryError::File { error, .. }) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error.named(registry)),
        };
        Ok((Self { file, is_there: text.is_some(), _lock: lock }, text))
    }

    /// Lets `secret`, which we have made beside the registry, be read by those who read the registry: its owner or, if
    /// that is root as we are, its group.
    ///
    /// The open file, not its name: whoever may write beside the registry could have put another file there, which
    /// root would then give away.
    #[cfg(unix)]
    pub(super) fn hand_over(&self, secret: &File) -> io::Result<()> {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
        if !self.is_there || !rustix::process::geteuid().is_root() {
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
    pub(super) fn hand_over(&self, _secret: &File) -> io::Result<()> {
        Ok(())
    }

    /// Writes a new file and puts it in the old one's place when it is whole.
    pub(super) fn replace(&self, text: &str) -> io::Result<()> {
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
        match self.is_there {
            true => attributes::carry_over(&File::open(&self.file)?, &file)?,
            #[cfg(unix)] // whatever the umask
            false => file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?,
            #[cfg(not(unix))]
            false => (),
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
        let (held, _) = HeldFile::hold(&registry).unwrap();
        let made = create_private(&psk, b"").unwrap();
        fs::remove_file(&psk).unwrap();
        fs::hard_link(&other, &psk).unwrap();
        held.hand_over(&made).unwrap();
        assert_eq!(fs::metadata(&other).unwrap().uid(), 0);
        assert_eq!(made.metadata().unwrap().uid(), 1234);
    }
}
