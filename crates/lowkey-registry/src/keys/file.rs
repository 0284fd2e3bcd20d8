//! Key files: only their owner reads them, nobody overwrites them.

use super::text::{self as key, Content, KeyTextError, SecretText, identity_text, parse_secret, psk_text};
use crate::text_file::{self, TextError, Trust, Why, shell_quote, shown};
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
    /// It is longer than any key file.
    TooLong(PathBuf),
    /// It is no text in UTF-8.
    Encoding {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The character in it, from 1.
        column: usize,
        /// What it is instead.
        why: String,
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

impl From<TextError> for KeyFileError {
    fn from(error: TextError) -> Self {
        let (position, what) = (error.position(), error.what());
        let path = error.path;
        match error.why {
            Why::File(error) => Self::File { path, error },
            Why::NoFile => Self::NoFile(path),
            Why::TooLong(_) => Self::TooLong(path),
            Why::Foreign(owner) => Self::Foreign { path, owner },
            Why::Exposed(mode) => Self::Exposed { path, mode },
            Why::Encoding(_) => {
                let (line, column) = position.unwrap_or((1, 1));
                Self::Encoding { path, line, column, why: what }
            }
        }
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
            Self::TooLong(path) => {
                write!(f, "{}: is longer than {LONGEST} bytes; here belongs a key file", shown(path))
            }
            Self::Encoding { path, line, column, why } => {
                write!(f, "{}:{line}:{column}: {why}", shown(path))
            }
            Self::Text { path, error } => write!(f, "{}: {error}", shown(path)),
        }
    }
}

impl std::error::Error for KeyFileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { error, .. } => Some(error),
            Self::Text { error, .. } => Some(error),
            _ => None,
        }
    }
}

/// Reads a static key pair.
///
/// # Errors
/// [`KeyFileError`]; nothing of the file is shown.
pub fn read_identity(path: &Path) -> Result<Identity, KeyFileError> {
    key::identity(read(path, Content::Static)?).map_err(in_file(path))
}

/// The same from what is open already, such as standard input; `named` is what errors call it.
///
/// # Errors
/// [`KeyFileError`]; nothing of it is shown.
pub fn read_identity_from(source: impl Read, named: &Path) -> Result<Identity, KeyFileError> {
    key::identity(read_from(source, named, Content::Static)?).map_err(in_file(named))
}

/// Reads a PSK.
///
/// # Errors
/// [`KeyFileError`]; nothing of the file is shown.
pub fn read_psk(path: &Path) -> Result<Psk, KeyFileError> {
    key::psk(read_psk_secret(path)?).map_err(in_file(path))
}

/// The bytes of a PSK, for a key page.
pub(crate) fn read_psk_secret(path: &Path) -> Result<Secret<32>, KeyFileError> {
    read(path, Content::Psk)
}

/// Writes a static private key to a new file and returns its public key.
///
/// # Errors
/// [`KeyFileError`]; no file was left behind.
pub fn write_identity(path: &Path, secret: &Secret<32>) -> Result<PublicKey, KeyFileError> {
    let identity = key::identity(secret.duplicate()).map_err(in_file(path))?;
    write(path, &identity_text(secret).map_err(in_file(path))?)?;
    Ok(identity.public_key())
}

/// Writes a PSK to a new file.
///
/// # Errors
/// [`KeyFileError`]; no file was left behind.
pub fn write_psk(path: &Path, secret: &Secret<32>) -> Result<(), KeyFileError> {
    write(path, &psk_text(secret).map_err(in_file(path))?)
}

fn read(path: &Path, content: Content) -> Result<Secret<32>, KeyFileError> {
    let (file, _) = text_file::open(path, Trust::Secret, LONGEST as u64)?;
    read_from(file, path, content)
}

fn read_from(source: impl Read, path: &Path, content: Content) -> Result<Secret<32>, KeyFileError> {
    let mut buffer = Zeroizing::new([0; LONGEST + 1]);
    let text = read_secret_text(source, path, &mut *buffer)?;
    parse_secret(content, text).map_err(in_file(path))
}

/// All of `source` as text, in a buffer that the caller wipes and that has room for one byte more than there may be.
pub(crate) fn read_secret_text<'b>(
    mut source: impl Read,
    path: &Path,
    buffer: &'b mut [u8],
) -> Result<&'b str, KeyFileError> {
    let mut len = 0;
    while len < buffer.len() {
        match source.read(&mut buffer[len..]).map_err(|error| KeyFileError::file(path, error))? {
            0 => break,
            n => len += n,
        }
    }
    if len == buffer.len() {
        return Err(KeyFileError::TooLong(path.to_owned())); // it grew
    }
    Ok(text_file::secret_text(path, &buffer[..len])?)
}

fn in_file(path: &Path) -> impl Fn(KeyTextError) -> KeyFileError {
    |error| KeyFileError::Text { path: path.to_owned(), error }
}

/// In bytes; a key file is three lines.
const LONGEST: usize = 4096;

fn write(path: &Path, text: &SecretText) -> Result<(), KeyFileError> {
    create_private(path, text.expose().as_bytes()).map(drop)
}

/// Writes a new file that only its owner reads, and gives it open; removed again if it cannot be written whole.
pub(crate) fn create_private(path: &Path, content: &[u8]) -> Result<File, KeyFileError> {
    let file = create_private_unsettled(path, content)?;
    let settled = file.sync_all();
    whole(path, file, settled)
}

/// The same, which a power cut may still take away.
pub(crate) fn create_private_unsettled(path: &Path, content: &[u8]) -> Result<File, KeyFileError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => KeyFileError::Exists(path.to_owned()),
        _ => KeyFileError::file(path, error),
    })?;
    let written = file.write_all(content);
    whole(path, file, written)
}

/// The file, unless that came to nothing: then it is removed.
fn whole(path: &Path, file: File, done: io::Result<()>) -> Result<File, KeyFileError> {
    done.map(|()| file).map_err(|error| {
        remove_unfinished(path);
        KeyFileError::file(path, error)
    })
}

/// Removes what we have just created, when what it belongs to came to nothing.
pub(crate) fn remove_unfinished(path: &Path) {
    let _ = fs::remove_file(path); // what it belongs to has failed, which is what is reported
}
