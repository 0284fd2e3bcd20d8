//! Takes keys out of a registry: a device that is gone, a key that is known to others, the old key after a
//! rotation.
//!
//! A rotation begins with [`provision`](crate::provision::provision) and
//! [`Rotation::Beside`](crate::provision::Rotation::Beside), and is over with [`finish`]. Comments and layout of the
//! rest of the file stay as they are. The file is replaced at once, so a server with a
//! [`LiveRegistry`](crate::LiveRegistry) sees the old one or the new one. What was written is not obeyed yet: whether
//! it is, a server says by [`in_force`](lowkey_host::Acceptor::in_force).

use crate::edit::{Change, Edit, EditError, Removal, Written, again};
use crate::error::RegistryError;
use crate::target::Target;
use crate::text_file::shown;
use lowkey_host::text::mask;
use lowkey_host::{Id, PublicKey};
use std::fmt;
use std::path::{Path, PathBuf};

/// Which pinnings of a device are revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// All, and with them the device.
    All,
    /// The one that has this id.
    Id(Id),
    /// The one that has this key.
    Key(PublicKey),
}

/// What was taken out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Removed {
    /// Ids and keys of the pinnings, in their order.
    pub pinnings: Vec<(Id, PublicKey)>,
    /// How many the device has left; with none it is gone.
    pub left: usize,
    /// The PSK files that nothing names any more. They are still there.
    pub psk_files: Vec<PathBuf>,
    /// What was written to the registry.
    pub written: Written,
}

/// Why nothing was taken out; the registry is as it was.
#[derive(Debug)]
#[non_exhaustive]
pub enum RotationError {
    /// The registry cannot be read or written, or a server would not load it as it is.
    Registry(RegistryError),
    /// There is no such device or pinning, or it cannot be taken out; why.
    Device(PathBuf, String),
}

impl fmt::Display for RotationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry(error) => write!(f, "{error}"),
            Self::Device(path, why) => write!(f, "{}: {}", shown(path), mask(why)),
        }
    }
}

impl std::error::Error for RotationError {}

/// Takes the device of this name, or one of its pinnings, out of `registry`, which a server of the key `server` loads.
/// A device without pinnings goes as well.
///
/// PSK files are not read: whoever revokes need not be able to.
///
/// # Errors
/// [`RotationError`]; the registry is as it was.
pub fn revoke<'t>(
    registry: impl Into<Target<'t>>,
    server: &PublicKey,
    name: &str,
    which: Which,
) -> Result<Removed, RotationError> {
    change(registry.into(), server, name, |edit| {
        let removal = edit.without(server, name, |_, pinning| match which {
            Which::All => true,
            Which::Id(id) => pinning.id == id,
            Which::Key(key) => pinning.key == key.canonical(),
        })?;
        let what = match which {
            Which::Key(_) => "key",
            Which::All | Which::Id(_) => "id",
        };
        let none = || EditError::Device(format!("the device {name:?} has no pinning of this {what}"));
        if removal.removed.is_empty() { Err(none()) } else { checked(edit, server, removal) }
    })
}

/// Takes the older pinning, which stands first, out of a device that has two: its rotation is over.
///
/// # Errors
/// [`RotationError`]; the registry is as it was.
pub fn finish<'t>(
    registry: impl Into<Target<'t>>,
    server: &PublicKey,
    name: &str,
) -> Result<Removed, RotationError> {
    change(registry.into(), server, name, |edit| {
        let removal = edit.without(server, name, |at, _| at == 0)?;
        if removal.left == 0 {
            let why = format!("the device {name:?} has one pinning, and no rotation to finish");
            return Err(EditError::Device(why));
        }
        checked(edit, server, removal)
    })
}

fn checked(edit: &Edit<'_>, server: &PublicKey, removal: Removal) -> Result<Removal, EditError> {
    edit.check(&removal.text, server).map(|()| removal)
}

fn change(
    registry: Target<'_>,
    server: &PublicKey,
    name: &str,
    removal: impl Fn(&Edit<'_>) -> Result<Removal, EditError>,
) -> Result<Removed, RotationError> {
    // What the last attempt was about to take out: if it is gone by the next one, it was taken out.
    let mut before: Option<Removed> = None;
    let removed = again(|| {
        let edit = Edit::begin_there(registry)?;
        if edit.is_faulty(name) {
            let written = edit.take_out(name, server)?;
            return Ok(Removed { pinnings: Vec::new(), left: 0, psk_files: Vec::new(), written });
        }
        if let Some(before) = before.take_if(|before| is_done(&edit, server, before)) {
            return Ok(before);
        }
        let Removal { text, removed, left } = removal(&edit)?;
        let psk_files = removed.iter().filter_map(|pinning| pinning.psk_file.as_ref());
        let folder = edit.directory().unwrap_or(Path::new(""));
        let psk_files = psk_files.map(|(_, file)| folder.join(file)).collect();
        let pinnings: Vec<_> = removed.iter().map(|pinning| (pinning.id, pinning.key)).collect();
        let keys = Change::Removed(pinnings.iter().map(|(_, key)| *key).collect());
        let written = edit.standing(server, keys.clone());
        let removed = before.insert(Removed { pinnings, left, psk_files, written });
        removed.written = edit.put(&text, server, keys)?;
        Ok(removed.clone())
    });
    removed.map_err(|error| match error.told(registry) {
        Ok(error) => RotationError::Registry(error),
        Err(why) => RotationError::Device(registry.named().to_owned(), why),
    })
}

/// Whether what was to be taken out is not there any more; what stands there is what was written then.
fn is_done(edit: &Edit<'_>, server: &PublicKey, removed: &mut Removed) -> bool {
    let Ok(entries) = edit.entries(server) else { return false };
    let mut there = entries.iter().flat_map(|entry| &entry.pinnings).map(|pinning| pinning.key);
    let keys: Vec<_> = removed.pinnings.iter().map(|(_, key)| *key).collect();
    let is_done = !keys.is_empty() && !there.any(|key| keys.contains(&key));
    if is_done {
        removed.written = edit.standing(server, Change::Removed(keys));
    }
    is_done
}
