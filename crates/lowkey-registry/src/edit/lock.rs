//! Keeps others from changing a registry, or the folder of a batch, at the same time.
//!
//! It is the kernel's lock (`flock`) on a file beside the registry or in the folder, and ends with the process that
//! holds it, however that ends: a file that somebody left behind is nobody's lock.

use crate::text_file::shown;
use std::io;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Something that nobody else changes as long as this is held.
pub(crate) struct Lock {
    path: PathBuf,
    _held: Held,
}

impl Lock {
    /// Waits for whoever holds it; `path` is the file that is locked.
    pub(crate) fn wait(path: PathBuf) -> io::Result<Self> {
        let begun = Instant::now();
        loop {
            if let Some(held) = attempt(&path)? {
                return Ok(Self { path, _held: held });
            }
            if begun.elapsed() > PATIENCE {
                let why = format!(
                    "another process is changing it, and has locked {} for {} s; try again when it has ended",
                    shown(&path),
                    PATIENCE.as_secs(),
                );
                return Err(io::Error::new(io::ErrorKind::TimedOut, why));
            }
            sleep(PAUSE);
        }
    }
}

impl Drop for Lock {
    /// Removes the file while it is still locked: whoever waits for it then finds another one at the path.
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path); // one that stays locks nobody out
    }
}

#[cfg(unix)]
type Held = std::fs::File;

/// The lock, unless somebody else has it.
#[cfg(unix)]
fn attempt(path: &Path) -> io::Result<Option<Held>> {
    use rustix::fs::{FlockOperation, OFlags, flock};
    use std::fs::{self, OpenOptions};
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
    // For its owner only: whoever may open a file may lock it.
    let mut options = OpenOptions::new();
    // A link would lock another file, and a pipe would have us wait for who reads it.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    options.write(true).create(true).mode(0o600).custom_flags(flags);
    // What another user has left behind can be locked by who may read it.
    let left_behind = |error: io::Error| match error.kind() {
        io::ErrorKind::PermissionDenied => {
            OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(|_| error)
        }
        _ => Err(error),
    };
    let file = options.open(path).or_else(left_behind).map_err(|error| wrong(path, error))?;
    if !file.metadata()?.is_file() {
        return Err(wrong(path, io::Error::new(io::ErrorKind::InvalidInput, "no file")));
    }
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => (),
        Err(rustix::io::Errno::WOULDBLOCK) => return Ok(None),
        Err(error) => return Err(wrong(path, error.into())),
    }
    let ours = file.metadata()?;
    let there = fs::symlink_metadata(path);
    let same = there.is_ok_and(|there| (there.dev(), there.ino()) == (ours.dev(), ours.ino()));
    Ok(same.then_some(file))
}

#[cfg(unix)]
fn wrong(path: &Path, error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::NotFound {
        return error; // there is no such folder
    }
    io::Error::new(error.kind(), format!("cannot be locked: {}: {error}", shown(path)))
}

/// Where there is no `flock`, the file itself is the lock.
#[cfg(not(unix))]
type Held = ();

#[cfg(not(unix))]
fn attempt(path: &Path) -> io::Result<Option<Held>> {
    match std::fs::OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(_) => Ok(Some(())),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
        Err(error) => Err(error),
    }
}

/// How long others who change a registry are waited for; each takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(10);
