//! What is wrong with a setting: where it stands, why, and what to do.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// Where a setting was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// In the configuration file; line and column from 1.
    File { path: Arc<PathBuf>, line: usize, column: usize },
    /// Nowhere, but it belongs into this file.
    Missing { path: Arc<PathBuf> },
    /// A variable of the environment.
    Variable(String),
    /// An option.
    Option(&'static str),
    /// Nowhere, and there is no file.
    Nowhere,
    /// It is the default.
    Default,
}

impl Origin {
    /// The order in which mistakes are read: down the file, then the others as they were found.
    pub(crate) fn position(&self) -> (usize, usize) {
        match self {
            Self::File { line, column, .. } => (*line, *column),
            Self::Missing { .. } => (usize::MAX - 1, 0),
            _ => (usize::MAX, 0),
        }
    }

    /// Whether the file is at fault.
    pub(crate) fn is_file(&self) -> bool {
        matches!(self, Self::File { .. } | Self::Missing { .. })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line, column } => write!(f, "{}:{line}:{column}: ", path.display()),
            Self::Missing { path } => write!(f, "{}: ", path.display()),
            Self::Variable(name) => write!(f, "{name}: "),
            Self::Option(long) => write!(f, "--{long}: "),
            Self::Nowhere | Self::Default => Ok(()),
        }
    }
}

/// One mistake, on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    pub(crate) origin: Origin,
    /// What is wrong, and behind a semicolon what to do.
    pub(crate) what: String,
}

impl Mistake {
    pub(crate) fn new(origin: &Origin, what: impl Into<String>) -> Self {
        Self { origin: origin.clone(), what: what.into() }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.what)
    }
}
