//! Which registry is changed.

use crate::rows::SharedRegistry;
use std::fmt;
use std::path::{Path, PathBuf};

/// The registry that is changed: a file, or one that several servers share. A path is a file.
#[derive(Clone, Copy)]
pub enum Target<'a> {
    /// This file.
    File(&'a Path),
    /// One that several servers share.
    Shared(&'a dyn SharedRegistry),
}

impl<'a> Target<'a> {
    /// What people call it; the path of a file.
    pub fn named(self) -> &'a Path {
        match self {
            Self::File(path) => path,
            Self::Shared(shared) => shared.named(),
        }
    }
}

impl fmt::Debug for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Target").field(&self.named()).finish()
    }
}

impl<'a> From<&'a Path> for Target<'a> {
    fn from(file: &'a Path) -> Self {
        Self::File(file)
    }
}

impl<'a> From<&'a PathBuf> for Target<'a> {
    fn from(file: &'a PathBuf) -> Self {
        Self::File(file)
    }
}

impl<'a, S: SharedRegistry> From<&'a S> for Target<'a> {
    fn from(shared: &'a S) -> Self {
        Self::Shared(shared)
    }
}
