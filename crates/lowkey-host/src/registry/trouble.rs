//! What keeps a registry from being up to date.

use crate::text::shown;
use std::fmt;
use std::path::Path;

/// What keeps a registry from being up to date: not all that stands there now is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trouble {
    /// What is wrong, in a line.
    pub what: String,
    /// What is in force meanwhile, in a line.
    pub in_force: String,
    /// What mends it, in a line.
    pub mend: String,
}

impl Trouble {
    /// A registry could not be read again: `what` went wrong.
    pub fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            in_force: "what was read before is in force until the file is in order".to_owned(),
            mend: "mend that; the file is read again when it changes".to_owned(),
        }
    }

    /// A change in place takes out many devices, as half a copy does.
    pub(super) fn held(path: &Path, removed: usize, devices: usize) -> Self {
        Self {
            what: format!(
                "{}: changed in place, and takes out {removed} of {devices} devices: more likely half a copy than meant",
                shown(path)
            ),
            in_force: "what was read before is in force until nothing has changed for 30 s".to_owned(),
            mend: "if it is meant, `systemctl reload lowkey` (SIGHUP) has it taken at once; what is renamed into place \
                   never waits"
                .to_owned(),
        }
    }

    /// The PSK files of many devices cannot be had, all at once.
    pub(super) fn without_psks(path: &Path, removed: usize, devices: usize) -> Self {
        Self {
            what: format!(
                "{}: the PSK files of {removed} of {devices} devices cannot be read, or hold other PSKs than before",
                shown(path)
            ),
            in_force: "what was read before is in force until nothing has changed for 30 s; a change of the registry does \
                       not wait, and leaves those devices out"
                .to_owned(),
            mend: "bring the PSK files back, perhaps their folder is not mounted; if it is meant, `systemctl reload lowkey` \
                   (SIGHUP)"
                .to_owned(),
        }
    }

    /// The path leads to a file that stands in no folder any more.
    pub(super) fn unlinked(path: &Path) -> Self {
        Self {
            what: format!("{}: the file that is read there was replaced or deleted elsewhere", shown(path)),
            in_force: "what that file said last is in force, whatever the new one says".to_owned(),
            mend: "mount the folder, not the file, and start the server again; until then nobody is revoked"
                .to_owned(),
        }
    }

    /// No two looks see the same file.
    pub(super) fn restless(path: &Path) -> Self {
        Self {
            mend: "find out who writes to it; it is read when it rests for a fraction of a second".to_owned(),
            ..Self::new(format!("{}: changes all the time, and is not read while it does", shown(path)))
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}
