//! Text files as people's editors leave them: one reader for keys, PSKs, registries and configurations.
//!
//! A file is UTF-8, with or without the mark that some editors put before it (a BOM); its lines may end as on Windows.
//! Whoever can change one decides who may connect, so it has to belong to us or to root, and nobody else may write to
//! it.

mod encoding;
mod path;

pub(crate) use encoding::Positions;
pub use encoding::position;
pub use path::{shell_quote, shown};

use encoding::{Unreadable, decode, without_mark};
use std::fmt;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Who may have what to do with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// It holds a secret: it belongs to us or to root, and only its owner, or of root's a group, may read it.
    Secret,
    /// It is believed: it belongs to us or to root, and only its owner may change it.
    Ours,
    /// It is changed here and believed elsewhere: only its owner may change it, whoever that is.
    AnyOwner,
}

/// Why a file was not read. Shows nothing of what is in it.
#[derive(Debug)]
pub struct TextError {
    pub(crate) path: PathBuf,
    pub(crate) trust: Trust,
    pub(crate) why: Why,
}

#[derive(Debug)]
pub(crate) enum Why {
    /// The operating system's: it is not there, or cannot be read.
    File(io::Error),
    /// It is a directory, a device or a pipe.
    NoFile,
    /// It is longer than this many bytes.
    TooLong(u64),
    /// It belongs to this user, who is neither us nor root.
    Foreign(u32),
    /// Its mode lets others than its owner do what they must not.
    Exposed(u32),
    /// It is no text that we read.
    Encoding(Unreadable),
}

impl TextError {
    fn new(path: &Path, trust: Trust, why: Why) -> Self {
        Self { path: path.to_owned(), trust, why }
    }

    /// Line and column, from 1, if the error stands at one.
    pub fn position(&self) -> Option<(usize, usize)> {
        match &self.why {
            Why::Encoding(Unreadable { line, column, .. }) => Some((*line, *column)),
            _ => None,
        }
    }

    /// Whether there is no such file.
    pub fn is_missing(&self) -> bool {
        matches!(&self.why, Why::File(error) if error.kind() == io::ErrorKind::NotFound)
    }

    /// The error without the file and the position, which [`Display`](fmt::Display) puts before it.
    pub fn what(&self) -> String {
        let path = shell_quote(&self.path);
        match &self.why {
            Why::File(error) => error.to_string(),
            Why::NoFile => "is no regular file".into(),
            Why::TooLong(bytes) if bytes % MIB == 0 => format!("is longer than {} MiB", bytes / MIB),
            Why::TooLong(bytes) => format!("is longer than {bytes} bytes"),
            Why::Foreign(owner) => format!(
                "belongs to user {owner}, who could change it; mend that with: chown \"$(id -u)\" {path}"
            ),
            Why::Exposed(mode) if self.trust == Trust::Secret => {
                format!(
                    "others than its owner may use it (mode {mode:04o}); mend that with: chmod 600 {path}"
                )
            }
            Why::Exposed(mode) => {
                format!(
                    "others than its owner may change it (mode {mode:04o}); mend that with: chmod go-w {path}"
                )
            }
            Why::Encoding(unreadable) => unreadable.why.into(),
        }
    }
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(&self.path))?;
        if let Some((line, column)) = self.position() {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.what())
    }
}

impl std::error::Error for TextError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.why {
            Why::File(error) => Some(error),
            _ => None,
        }
    }
}

/// The text of a file of at most `longest` bytes, without the mark before it. Not for secrets: nothing is wiped.
///
/// # Errors
/// [`TextError`].
pub fn read(path: &Path, trust: Trust, longest: u64) -> Result<String, TextError> {
    let (file, _) = open(path, trust, longest)?;
    read_open(&file, path, trust, longest)
}

/// Whether a file that is open may be read, or believed. It need not be a text.
///
/// # Errors
/// [`TextError`].
pub fn believed(file: &File, path: &Path, trust: Trust) -> Result<(), TextError> {
    let wrong = |why| TextError::new(path, trust, why);
    let metadata = file.metadata().map_err(|error| wrong(Why::File(error)))?;
    if !metadata.is_file() {
        return Err(wrong(Why::NoFile));
    }
    may_be_believed(&metadata, trust).map_err(wrong)
}

/// Opens a file that may be read, and says what it looked like then.
pub(crate) fn open(path: &Path, trust: Trust, longest: u64) -> Result<(File, Metadata), TextError> {
    let wrong = |why| TextError::new(path, trust, why);
    let failed = |error| wrong(Why::File(error));
    let look = |metadata: &Metadata| {
        if !metadata.is_file() {
            return Err(wrong(Why::NoFile));
        }
        if metadata.len() > longest { Err(wrong(Why::TooLong(longest))) } else { Ok(()) }
    };
    // Before it is opened: a pipe without a writer would keep us waiting.
    look(&fs::metadata(path).map_err(failed)?)?;
    let file = File::open(path).map_err(failed)?;
    // Then the file that is open, not what its name stands for by now.
    let metadata = file.metadata().map_err(failed)?;
    look(&metadata)?;
    may_be_believed(&metadata, trust).map_err(wrong)?;
    Ok((file, metadata))
}

/// The text of a file that is open.
pub(crate) fn read_open(file: &File, path: &Path, trust: Trust, longest: u64) -> Result<String, TextError> {
    let wrong = |why| TextError::new(path, trust, why);
    let mut bytes = Vec::new();
    file.take(longest + 1).read_to_end(&mut bytes).map_err(|error| wrong(Why::File(error)))?;
    if bytes.len() as u64 > longest {
        return Err(wrong(Why::TooLong(longest)));
    }
    decode(&bytes).map_err(|unreadable| wrong(Why::Encoding(unreadable)))?;
    bytes.drain(..bytes.len() - without_mark(&bytes).len());
    String::from_utf8(bytes).map_err(|error| wrong(Why::File(io::Error::other(error))))
}

/// The text in `bytes`, which the caller has read from `path` and wipes.
pub(crate) fn secret_text<'b>(path: &Path, bytes: &'b [u8]) -> Result<&'b str, TextError> {
    decode(bytes).map_err(|unreadable| TextError::new(path, Trust::Secret, Why::Encoding(unreadable)))
}

#[cfg(unix)]
fn may_be_believed(metadata: &Metadata, trust: Trust) -> Result<(), Why> {
    use std::os::unix::fs::MetadataExt;
    let (mode, owner) = (metadata.mode() & 0o7777, metadata.uid());
    if trust != Trust::AnyOwner && owner != 0 && owner != rustix::process::geteuid().as_raw() {
        return Err(Why::Foreign(owner));
    }
    let others = match trust {
        Trust::Ours | Trust::AnyOwner => 0o022,
        // What root lets a group read, root means so: a service that must not own its keys reads them by its group. And
        // of a credential of systemd these bits show the mask of the access list that lets the service read it.
        Trust::Secret if owner == 0 => 0o037,
        Trust::Secret => 0o077,
    };
    if mode & others == 0 { Ok(()) } else { Err(Why::Exposed(mode)) }
}

#[cfg(not(unix))]
fn may_be_believed(_metadata: &Metadata, _trust: Trust) -> Result<(), Why> {
    Ok(())
}

const MIB: u64 = 1 << 20;
