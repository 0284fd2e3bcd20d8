//! Changes a registry file: one change at a time, looked at as a whole, replaced at once.

use super::error::{Flaw, RegistryError};
use super::file::read_text;
use super::psks;
use super::table::{self, Entry};
use crate::keys::shown;
use crate::text::Trust;
use lowkey_core::PublicKey;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

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
        let lock = Lock::wait(&file).map_err(|error| RegistryError::file(registry, error))?;
        let text = match read_text(&file, Trust::AnyOwner) {
            Ok((text, _)) => Some(text),
            Err(RegistryError::File { error, .. }) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error.named(registry)),
        };
        Ok(Self { named: registry.to_owned(), file, text, _lock: lock })
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
    pub(super) fn entries(&self, server: &PublicKey) -> Result<Vec<Entry>, EditError> {
        let text = self.text();
        table::read(text, server)
            .map_err(|flaw| EditError::Registry(RegistryError::at(&self.named, text, &flaw)))
    }

    /// The text with one more `[[device]]` table.
    pub(crate) fn with(&self, table: &str) -> String {
        match self.text() {
            "" => table.to_owned(),
            old => format!("{old}\n{table}"),
        }
    }

    /// Whether a server of this key would load `new`, and what is there now, and leave out no more of it.
    pub(crate) fn check(&self, new: &str, server: &PublicKey, psks: Psks) -> Result<(), EditError> {
        let left_out = |text: &str| {
            let entries = table::read(text, server)?;
            let found = match psks {
                Psks::Unread => Vec::new(),
                Psks::Compared => psks::read(entries.iter(), &self.named)?.found,
            };
            let why = found.into_iter().flatten().filter_map(|psk| Some(psk.err()?.why));
            Ok::<Vec<String>, Flaw>(why.collect())
        };
        let old = self.text();
        let before =
            left_out(old).map_err(|flaw| EditError::Registry(RegistryError::at(&self.named, old, &flaw)))?;
        let now = left_out(new).map_err(|flaw| EditError::Device(flaw.why))?;
        // What is new stands behind what it has in common with others.
        match now.into_iter().rfind(|why| !before.contains(why)) {
            None => Ok(()),
            Some(why) => Err(EditError::Device(why)),
        }
    }

    /// Puts `new` in its place.
    pub(crate) fn put(self, new: &str) -> Result<(), EditError> {
        let written = self.replace(new);
        written.map_err(|error| EditError::Registry(RegistryError::file(&self.named, error)))
    }

    /// Lets those read `secret`, which we have made beside the registry, who read the registry: its owner, or, if
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
            _ => (), // the rest of one who was killed, perhaps
        }
        let written = self.write(&new, text).and_then(|()| fs::rename(&new, &self.file));
        if written.is_err() {
            let _that_it_stays_is_the_lesser_error = fs::remove_file(&new);
        }
        written
    }

    fn write(&self, new: &Path, text: &str) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).open(new)?;
        file.write_all(text.as_bytes())?;
        self.keep_mode(&file)?;
        file.sync_all()
    }

    /// Owner and mode of the old file; 0644 for the first, whatever the umask.
    #[cfg(unix)]
    fn keep_mode(&self, new: &File) -> io::Result<()> {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
        let mut mode = 0o644;
        if self.text.is_some() {
            let (old, made) = (fs::metadata(&self.file)?, new.metadata()?);
            if (old.uid(), old.gid()) != (made.uid(), made.gid()) {
                fchown(new, Some(old.uid()), Some(old.gid()))?;
            }
            mode = old.mode() & 0o777;
        }
        new.set_permissions(fs::Permissions::from_mode(mode))
    }

    #[cfg(not(unix))]
    fn keep_mode(&self, _new: &File) -> io::Result<()> {
        Ok(())
    }
}

/// Whether PSK files are read before a change.
#[derive(Clone, Copy)]
pub(crate) enum Psks {
    /// No: what is new is drawn, or there is nothing new.
    Unread,
    /// They are, and no two may hold the same.
    Compared,
}

/// A file beside the registry that is there while somebody changes it.
struct Lock(PathBuf);

impl Lock {
    fn wait(registry: &Path) -> io::Result<Self> {
        let path = beside(registry, ".lock");
        let begun = Instant::now();
        loop {
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(_) => return Ok(Self(path)),
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                Err(_) if begun.elapsed() > PATIENCE => {
                    return Err(io::Error::other(format!(
                        "somebody else is changing it; if nobody is, delete {}",
                        shown(&path)
                    )));
                }
                Err(_) => sleep(Duration::from_millis(10)),
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _the_next_one_is_told_what_to_do = fs::remove_file(&self.0);
    }
}

/// How long others who change a registry are waited for; each takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);

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
