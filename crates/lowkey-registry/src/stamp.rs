//! What a file looks like from outside: whether it is still the same one, unchanged.

use std::fs::{self, Metadata};
use std::path::Path;
use std::time::SystemTime;

/// Another stamp: another file, or it was written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
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
    links: u64,
    changed: (i64, i64),
    mode: u32,
}

impl Stamp {
    /// Of what stands at `path`; `None` if that cannot be seen.
    pub(crate) fn at(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().map(|metadata| Self::of(&metadata))
    }

    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self {
            len: metadata.len(),
            modified: metadata.modified().ok(),
            #[cfg(unix)]
            unix: {
                use std::os::unix::fs::MetadataExt;
                Unix {
                    device: metadata.dev(),
                    inode: metadata.ino(),
                    links: metadata.nlink(),
                    changed: (metadata.ctime(), metadata.ctime_nsec()),
                    mode: metadata.mode(),
                }
            },
        }
    }

    /// Whether it is of the same file, changed or not. Where files have no numbers they are all the same.
    pub(crate) fn is_of_the_file_of(&self, other: &Self) -> bool {
        #[cfg(unix)]
        {
            (self.unix.device, self.unix.inode) == (other.unix.device, other.unix.inode)
        }
        #[cfg(not(unix))]
        {
            let _ = other;
            true
        }
    }

    /// Whether it is of a file that stands in no folder any more, and that nobody can find who does not have it open or
    /// mounted.
    pub(crate) fn is_unlinked(&self) -> bool {
        #[cfg(unix)]
        {
            self.unix.links == 0
        }
        #[cfg(not(unix))]
        {
            false
        }
    }
}
