//! Key files: only their owner reads them, nobody overwrites them.

use super::mask::shown;
use super::text::{KeyTextError, Kind, SecretText, identity_text, parse_secret, psk_text};
use lowkey_core::{Identity, Psk, PublicKey, Secret};
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Why a key file was not read or not written.
#[derive(Debug)]
#[non_exhaustive]
pub enum KeyFileError {
    /// The operating system's: it is not there, or cannot be read or written.
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It is there already, and no key file is ever overwritten.
    Exists(PathBuf),
    /// Others than its owner may read or write it.
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It is a directory, a device or a pipe.
    NoFile(PathBuf),
    /// It belongs to a user who is neither us nor root, and who could change it.
    Foreign {
        /// The file.
        path: PathBuf,
        /// Its owner.
        owner: u32,
    },
    /// It does not hold what it should.
    Text {
        /// The file.
        path: PathBuf,
        /// Why.
        error: KeyTextError,
    },
}

impl KeyFileError {
    fn file(path: &Path, error: io::Error) -> Self {
        Self::File { path: path.to_owned(), error }
    }
}

impl fmt::Display for KeyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, error } => write!(f, "{}: {error}", shown(path)),
            Self::Exists(path) => {
                write!(f, "{}: is there already and is not overwritten; choose another name", shown(path))
            }
            Self::Exposed { path, mode } => write!(
                f,
                "{}: others than its owner may use it (mode {mode:04o}); mend that with: chmod 600 {}",
                shown(path),
                shell_quote(path),
            ),
            Self::NoFile(path) => write!(f, "{}: is no regular file; here belongs a key file", shown(path)),
            Self::Foreign { path, owner } => write!(
                f,
                "{}: belongs to user {owner}, who could change it; mend that with: chown \"$(id -u)\" {}",
                shown(path),
                shell_quote(path),
            ),
            Self::Text { path, error } => write!(f, "{}: {error}", shown(path)),
        }
    }
}

impl std::error::Error for KeyFileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { error, .. } => Some(error),
            Self::Text { error, .. } => Some(error),
            Self::Exists(_) | Self::Exposed { .. } | Self::NoFile(_) | Self::Foreign { .. } => None,
        }
    }
}

/// Reads a static key pair.
///
/// # Errors
/// [`KeyFileError`]; nothing of the file is shown.
pub fn read_identity(path: &Path) -> Result<Identity, KeyFileError> {
    read(path, Kind::Static).map(Identity::new)
}

/// Reads a PSK.
///
/// # Errors
/// [`KeyFileError`]; nothing of the file is shown.
pub fn read_psk(path: &Path) -> Result<Psk, KeyFileError> {
    read_psk_secret(path).map(Psk::new)
}

/// The bytes of a PSK, for a key page.
pub(crate) fn read_psk_secret(path: &Path) -> Result<Secret<32>, KeyFileError> {
    read(path, Kind::Psk)
}

/// Writes a static private key to a new file and returns its public key.
///
/// # Errors
/// [`KeyFileError`]; no file was left behind.
pub fn write_identity(path: &Path, secret: &Secret<32>) -> Result<PublicKey, KeyFileError> {
    write(path, &identity_text(secret))?;
    Ok(Identity::new(secret.duplicate()).public_key())
}

/// Writes a PSK to a new file.
///
/// # Errors
/// [`KeyFileError`]; no file was left behind.
pub fn write_psk(path: &Path, secret: &Secret<32>) -> Result<(), KeyFileError> {
    write(path, &psk_text(secret))
}

fn read(path: &Path, kind: Kind) -> Result<Secret<32>, KeyFileError> {
    // Before it is opened: a pipe without a writer would keep us waiting.
    let metadata = fs::metadata(path).map_err(|error| KeyFileError::file(path, error))?;
    if !metadata.is_file() {
        return Err(KeyFileError::NoFile(path.to_owned()));
    }
    let mut file = File::open(path).map_err(|error| KeyFileError::file(path, error))?;
    refuse_exposed(path, &file)?;
    let mut buffer = Zeroizing::new([0; LONGEST]);
    let mut len = 0;
    while len < LONGEST {
        match file.read(&mut buffer[len..]).map_err(|error| KeyFileError::file(path, error))? {
            0 => break,
            n => len += n,
        }
    }
    let text = std::str::from_utf8(&buffer[..len]).unwrap_or("");
    parse_secret(kind, text).map_err(|error| KeyFileError::Text { path: path.to_owned(), error })
}

/// A key file is three lines; what comes behind this many bytes is not looked at.
const LONGEST: usize = 4096;

/// Looks at the file that is open, not at what its name stands for by now.
#[cfg(unix)]
fn refuse_exposed(path: &Path, file: &File) -> Result<(), KeyFileError> {
    use std::os::unix::fs::MetadataExt;
    let metadata = file.metadata().map_err(|error| KeyFileError::file(path, error))?;
    if !metadata.is_file() {
        return Err(KeyFileError::NoFile(path.to_owned()));
    }
    let (mode, owner) = (metadata.mode() & 0o7777, metadata.uid());
    if owner != 0 && owner != rustix::process::geteuid().as_raw() {
        return Err(KeyFileError::Foreign { path: path.to_owned(), owner });
    }
    // What root lets a group read, root means so: a service that must not own its keys reads them by its group. And
    // of a credential of systemd these bits show the mask of the access list that lets the service read it.
    let others = if owner == 0 { 0o037 } else { 0o077 };
    if mode & others == 0 { Ok(()) } else { Err(KeyFileError::Exposed { path: path.to_owned(), mode }) }
}

#[cfg(not(unix))]
fn refuse_exposed(_path: &Path, _file: &File) -> Result<(), KeyFileError> {
    Ok(())
}

fn write(path: &Path, text: &SecretText) -> Result<(), KeyFileError> {
    create_private(path, text.expose().as_bytes()).map(drop)
}

/// Writes a new file that only its owner reads, and gives it open; removed again if it cannot be written whole.
pub(crate) fn create_private(path: &Path, content: &[u8]) -> Result<File, KeyFileError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => KeyFileError::Exists(path.to_owned()),
        _ => KeyFileError::file(path, error),
    })?;
    match file.write_all(content).and_then(|()| file.sync_all()) {
        Ok(()) => Ok(file),
        Err(error) => {
            remove_unfinished(path);
            Err(KeyFileError::file(path, error))
        }
    }
}

/// Removes what we have just created, when what it belongs to came to nothing.
pub(crate) fn remove_unfinished(path: &Path) {
    let _that_it_stays_is_the_lesser_error = fs::remove_file(path);
}

/// `path` as a shell takes it.
pub(crate) fn shell_quote(path: &Path) -> String {
    let text = shown(path);
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,:@%=".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
