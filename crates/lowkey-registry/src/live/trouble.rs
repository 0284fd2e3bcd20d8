//! What there is to say of a registry file that is not in force as it stands there.

use crate::text_file::shown;
use lowkey_host::Trouble;
use std::path::Path;

/// A change in place takes out many devices, as half a copy does.
pub(super) fn held(path: &Path, removed: usize, devices: usize) -> Trouble {
    let what = "changed in place, and takes out";
    let of = format!("{removed} of {devices} devices: more likely half a copy than meant");
    Trouble::new(format!("{}: {what} {of}", shown(path)))
        .meanwhile("what was read before is in force until nothing has changed for 30 s")
        .mended_by(
            "if it is meant, `systemctl reload lowkey` (SIGHUP) has it taken at once; what is renamed into place never \
             waits",
        )
}

/// The PSK files of many devices cannot be had, all at once.
pub(super) fn without_psks(path: &Path, removed: usize, devices: usize) -> Trouble {
    let of = format!("the PSK files of {removed} of {devices} devices");
    Trouble::new(format!("{}: {of} cannot be read, or hold other PSKs than before", shown(path)))
        .meanwhile(
            "what was read before is in force until nothing has changed for 30 s; a change of the registry does not \
             wait, and leaves those devices out",
        )
        .mended_by(
            "bring the PSK files back, perhaps their folder is not mounted; if it is meant, `systemctl reload lowkey` \
             (SIGHUP)",
        )
}

/// The path leads to a file that stands in no folder any more.
pub(super) fn unlinked(path: &Path) -> Trouble {
    Trouble::new(format!("{}: the file that is read there was replaced or deleted elsewhere", shown(path)))
        .meanwhile("what that file said last is in force, whatever the new one says")
        .mended_by("mount the folder, not the file, and start the server again; until then nobody is revoked")
}

/// No two looks see the same file.
pub(super) fn restless(path: &Path) -> Trouble {
    Trouble::new(format!("{}: changes all the time, and is not read while it does", shown(path)))
        .mended_by("find out who writes to it; it is read when it rests for a fraction of a second")
}
