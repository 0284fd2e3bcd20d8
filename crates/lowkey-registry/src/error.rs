//! Why a registry file was not taken.

use crate::text_file::{TextError, Why, position, shell_quote, shown};
use lowkey_host::text::{clean, mask};
use std::path::{Path, PathBuf};
use std::{fmt, io};

/// Why a registry file was not taken.
#[derive(Debug)]
#[non_exhaustive]
pub enum RegistryError {
    /// It cannot be read.
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Others than its owner may change it, and so say who may connect.
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It belongs to a user who is neither us nor root, and so could say who may connect.
    Foreign {
        /// The file.
        path: PathBuf,
        /// Its owner.
        owner: u32,
    },
    /// Somebody wrote to it while it was read.
    Unfinished(PathBuf),
    /// There were devices, and now there is nothing but white space in it: more likely half written than meant.
    Empty(PathBuf),
    /// Several servers share it, and it cannot be read or written.
    Shared {
        /// What people call it.
        named: PathBuf,
        /// Why.
        why: String,
    },
    /// A line in it is wrong.
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The character in it, from 1.
        column: usize,
        /// What is wrong.
        why: String,
    },
}

impl RegistryError {
    pub(crate) fn file(path: &Path, error: io::Error) -> Self {
        Self::File { path: path.to_owned(), error }
    }

    /// `flaw`, found in `text`.
    pub(crate) fn at(path: &Path, text: &str, flaw: &Flaw) -> Self {
        Self::at_position(path, position(text, flaw.at), flaw)
    }

    /// `flaw`, found at this line and column.
    pub(crate) fn at_position(path: &Path, (line, column): (usize, usize), flaw: &Flaw) -> Self {
        Self::Line { path: path.to_owned(), line, column, why: clean(&mask(&flaw.why)) }
    }

    /// The same, of the file as the user names it.
    pub(crate) fn named(mut self, by_user: &Path) -> Self {
        match &mut self {
            Self::File { path, .. }
            | Self::Exposed { path, .. }
            | Self::Foreign { path, .. }
            | Self::Unfinished(path)
            | Self::Empty(path)
            | Self::Shared { named: path, .. }
            | Self::Line { path, .. } => *path = by_user.to_owned(),
        }
        self
    }
}

impl From<TextError> for RegistryError {
    fn from(error: TextError) -> Self {
        let (position, what) = (error.position(), error.what());
        let path = error.path;
        match (error.why, position) {
            (Why::File(error), _) => Self::File { path, error },
            (Why::Foreign(owner), _) => Self::Foreign { path, owner },
            (Why::Exposed(mode), _) => Self::Exposed { path, mode },
            (_, Some((line, column))) => Self::Line { path, line, column, why: what },
            (_, None) => {
                Self::File { path, error: io::Error::other(format!("{what}; here belongs a registry")) }
            }
        }
    }
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, error } => write!(f, "{}: {error}", shown(path)),
            Self::Exposed { path, mode } => write!(
                f,
                "{}: others than its owner may change it (mode {mode:04o}); mend that with: chmod go-w {}",
                shown(path),
                shell_quote(path),
            ),
            Self::Foreign { path, owner } => write!(
                f,
                "{}: belongs to user {owner}, who could change it; mend that with: chown \"$(id -u)\" {}",
                shown(path),
                shell_quote(path),
            ),
            Self::Unfinished(path) => {
                write!(f, "{}: was written to while it was read; try again", shown(path))
            }
            Self::Empty(path) => write!(
                f,
                "{}: is empty all at once; if no device is to connect any more, write a comment into it, such as: # nobody",
                shown(path),
            ),
            Self::Shared { named, why } => write!(f, "{}: {}", shown(named), clean(&mask(why))),
            Self::Line { path, line, column, why } => write!(f, "{}:{line}:{column}: {why}", shown(path)),
        }
    }
}

impl std::error::Error for RegistryError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { error, .. } => Some(error),
            _ => None,
        }
    }
}

/// What is wrong with a text, and where.
#[derive(Debug)]
pub(crate) struct Flaw {
    pub(crate) at: usize, // bytes from the beginning of the text
    pub(crate) why: String,
}

impl Flaw {
    pub(crate) fn new(at: usize, why: impl Into<String>) -> Self {
        Self { at, why: why.into() }
    }
}
