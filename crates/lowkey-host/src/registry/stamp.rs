//! What a file looks like from outside: whether it is still the same one, unchanged.

use std::fs::{self, Metadata};
use std::path::Path;
use std::time::SystemTime;

/// Another stamp: another file, or it was written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    len: u64,
    modified: Option<SystemTime>,
    #[cfg(unix)]
    unix: Unix,
}

/// A time that nobody can set back, and which file it is.
#[cfg(unix)]
#[derive(Clone, Debug, PartialEq, Eq)]
struct Unix {
    device: u64,
    inode: u64,
    changed: (i64, i64),
    mode: u32,
}

impl Stamp {
    /// Of what stands at `path`; `None` if that cannot be seen.
    pub(super) fn at(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().map(|metadata| Self::of(&metadata))
    }

    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            len: metadata.len(),
            modified: metadata.modified().ok(),
            #[cfg(unix)]
            unix: {
                use std::os::unix::fs::MetadataExt;
                Unix {
                    device: metadata.dev(),
                    inode: metadata.ino(),
                    changed: (metadata.ctime(), metadata.ctime_nsec()),
                    mode: metadata.mode(),
                }
            },
        }
    }
}
