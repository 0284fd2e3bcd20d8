//! The PSKs that a registry names, each in a file of its own. A file decides about its own pinning and no other, unless
//! two hold the same.

use crate::error::Flaw;
use crate::keys;
use crate::stamp::Stamp;
use crate::table::Entry;
use lowkey_core::{Psk, Secret};
use lowkey_crypto::Blake2s;
use lowkey_host::entropy::random;
#[cfg(unix)]
use rustix::io::Errno;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// What came of reading them.
pub(crate) struct Psks {
    /// Of all pinnings in their order; `None` for those that have none.
    pub(crate) found: Vec<Option<Result<Psk, Lack>>>,
    pub(crate) files: PskFiles,
}

/// Why a PSK cannot be had.
pub(crate) struct Lack {
    pub(crate) flaw: Flaw,
    pub(crate) whose: Fault,
}

/// Whose fault that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The file's.
    File,
    /// This machine's: it has no more open files or memory now, which says nothing about the file.
    Ours,
}

/// The files as they were when they were read, to find out that one is not as it was.
#[derive(Debug)]
pub(crate) struct PskFiles {
    all: Vec<PskFile>,
    key: Secret<32>, // of the hashes; nobody knows it, so that the time of a comparison says nothing of a PSK
}

#[derive(Debug)]
struct PskFile {
    path: PathBuf,
    stamp: Option<Stamp>, // from before it was read
    content: Result<[u8; 32], String>,
}

/// A file that does not look as it did, and how it looks.
#[derive(Debug, PartialEq, Eq)]
struct Changed {
    n: usize,
    stamp: Option<Stamp>,
}

/// What earlier looks at the files have seen, which take turns.
#[derive(Debug, Default)]
pub(crate) struct PskLooks {
    next: usize,
    changed: Option<Changed>,
}

impl PskLooks {
    /// Whether one has changed, and two looks in a row see the same.
    pub(crate) fn look(&mut self, files: &PskFiles) -> bool {
        let Some(before) = self.changed.take() else {
            self.changed = files.look_on(&mut self.next);
            return false;
        };
        self.changed = files.look_again(&before);
        self.changed.as_ref() == Some(&before)
    }
}

/// Whose pinning has a PSK.
struct Holder<'e> {
    n: usize, // in `found`
    at: usize,
    name: &'e str,
}

/// Reads the PSKs of all pinnings, from the files that `registry` names. Where several hold the same PSK, none of them
/// is taken: nobody can tell whose it is, and who can read one file must not have another's PSK.
///
/// # Errors
/// No randomness; nothing was read.
pub(crate) fn read<'e>(entries: impl Iterator<Item = &'e Entry>, registry: &Path) -> Result<Psks, Flaw> {
    let key = random().map_err(|error| Flaw::new(0, error.to_string()))?;
    let mut files = PskFiles { all: Vec::new(), key };
    let mut found = Vec::new();
    let mut holders: HashMap<[u8; 32], Vec<Holder<'_>>> = HashMap::new();
    let directory = registry.parent().unwrap_or(Path::new(""));
    for entry in entries {
        for pinning in &entry.pinnings {
            let Some((at, file)) = &pinning.psk_file else {
                found.push(None);
                continue;
            };
            found.push(Some(match files.read(directory.join(file)) {
                Err((why, whose)) => Err(Lack { flaw: flaw(*at, &why), whose }),
                Ok((psk, hash)) => {
                    let holder = Holder { n: found.len(), at: *at, name: entry.device.name() };
                    holders.entry(hash).or_default().push(holder);
                    Ok(psk)
                }
            }));
        }
    }
    for alike in holders.values().filter(|alike| alike.len() > 1) {
        for Holder { n, at, name } in alike {
            let other = alike.iter().map(|other| other.name).find(|other| other != name);
            let whose = other.map_or("its other pinning".to_owned(), |other| format!("{other:?}"));
            let flaw = flaw(*at, &format!("holds the PSK of {whose}; make one for each"));
            found[*n] = Some(Err(Lack { flaw, whose: Fault::File }));
        }
    }
    Ok(Psks { found, files })
}

fn flaw(at: usize, why: &str) -> Flaw {
    Flaw::new(at, format!("psk_file: {why}"))
}

impl PskFiles {
    /// Reads one more.
    fn read(&mut self, path: PathBuf) -> Result<(Psk, [u8; 32]), (String, Fault)> {
        let stamp = Stamp::at(&path);
        let read = self.look_into(&path);
        let content = read.as_ref().map(|(_, hash)| *hash).map_err(|(why, _)| why.clone());
        self.all.push(PskFile { path, stamp, content });
        read
    }

    fn look_into(&self, path: &Path) -> Result<(Psk, [u8; 32]), (String, Fault)> {
        let secret = keys::read_psk_secret(path).map_err(|error| (error.to_string(), whose(&error)))?;
        let mut hash = Blake2s::keyed(&self.key);
        hash.update(secret.expose());
        let psk = keys::psk(secret).map_err(|error| (error.to_string(), Fault::File))?;
        Ok((psk, hash.finalize()))
    }

    /// Looks at the next few, from `next` on and round and round, until one is not as it was. So a look takes no longer
    /// the more there are.
    fn look_on(&self, next: &mut usize) -> Option<Changed> {
        for _ in 0..self.all.len().min(AT_ONCE) {
            let n = *next % self.all.len();
            *next = n + 1;
            let changed = self.look_at(n);
            if changed.is_some() {
                return changed;
            }
        }
        None
    }

    /// Looks once more at one that had changed; what this gives is the same if nobody has touched it since.
    fn look_again(&self, changed: &Changed) -> Option<Changed> {
        self.look_at(changed.n)
    }

    fn look_at(&self, n: usize) -> Option<Changed> {
        let PskFile { path, stamp, content } = self.all.get(n)?;
        let now = Stamp::at(path);
        // What could not be read may be readable by now and look the same.
        let as_it_was = now == *stamp && (content.is_ok() || !self.differs(path, content));
        (!as_it_was).then_some(Changed { n, stamp: now })
    }

    /// Whether any holds something else than it did. Reads them all, whatever their times of change say.
    pub(crate) fn differ(&self) -> bool {
        self.all.iter().any(|file| self.differs(&file.path, &file.content))
    }

    fn differs(&self, path: &Path, content: &Result<[u8; 32], String>) -> bool {
        match self.look_into(path) {
            Ok((_, hash)) => Ok(&hash) != content.as_ref(),
            Err((_, Fault::Ours)) => false, // nobody knows
            Err((why, Fault::File)) => Err(&why) != content.as_ref(),
        }
    }
}

/// Strangers can use up the files of a server, and must not end sessions by that.
fn whose(error: &(dyn std::error::Error + 'static)) -> Fault {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let errno = causes.filter_map(|cause| cause.downcast_ref::<std::io::Error>()?.raw_os_error()).last();
    if errno.is_some_and(|errno| OURS.contains(&errno)) { Fault::Ours } else { Fault::File }
}

#[cfg(unix)]
const OURS: [i32; 5] = [
    Errno::MFILE.raw_os_error(),
    Errno::NFILE.raw_os_error(),
    Errno::NOMEM.raw_os_error(),
    Errno::INTR.raw_os_error(),
    Errno::STALE.raw_os_error(),
];
#[cfg(not(unix))]
const OURS: [i32; 0] = [];

/// How many are looked at in a look: two thousand and more in a second, at some microseconds each.
const AT_ONCE: usize = 256;
