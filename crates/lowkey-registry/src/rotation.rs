//! Takes keys out of a registry file: a device that is gone, a key that is known to others, the old key after a
//! rotation.
//!
//! A rotation begins with [`provision`](crate::provision::provision) and
//! [`Rotation::Beside`](crate::provision::Rotation::Beside), and is over with [`finish`]. Comments and layout of the
//! rest of the file stay as they are. The file is replaced at once, so a server with a
//! [`LiveRegistry`](crate::LiveRegistry) sees the old one or the new one. What was written is not obeyed yet: whether
//! it is, a server says by [`in_force`](lowkey_host::Acceptor::in_force).

use crate::edit::{Change, Edit, EditError, Removal, Written};
use crate::error::RegistryError;
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
pub fn revoke(
    registry: &Path,
    server: &PublicKey,
    name: &str,
    which: Which,
) -> Result<Removed, RotationError> {
    change(registry, server, |edit| {
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
pub fn finish(registry: &Path, server: &PublicKey, name: &str) -> Result<Removed, RotationError> {
    change(registry, server, |edit| {
        let removal = edit.without(server, name, |at, _| at == 0)?;
        if removal.left == 0 {
            let why = format!("the device {name:?} has one pinning, and no rotation to finish");
            return Err(EditError::Device(why));
        }
        checked(edit, server, removal)
    })
}

fn checked(edit: &Edit, server: &PublicKey, removal: Removal) -> Result<Removal, EditError> {
    edit.check(&removal.text, server).map(|()| removal)
}

fn change(
    registry: &Path,
    server: &PublicKey,
    removal: impl FnOnce(&Edit) -> Result<Removal, EditError>,
) -> Result<Removed, RotationError> {
    let refused = |error| match error {
        EditError::Registry(error) => RotationError::Registry(error),
        EditError::Device(why) => RotationError::Device(registry.to_owned(), why),
    };
    let edit = Edit::begin_there(registry).map_err(RotationError::Registry)?;
    let Removal { text, removed, left } = removal(&edit).map_err(refused)?;
    let psk_files = removed.iter().filter_map(|pinning| pinning.psk_file.as_ref());
    let psk_files = psk_files.map(|(_, file)| edit.directory().join(file)).collect();
    edit.put(&text).map_err(refused)?;
    let pinnings: Vec<_> = removed.iter().map(|pinning| (pinning.id, pinning.key)).collect();
    let keys = pinnings.iter().map(|(_, key)| *key).collect();
    let written = Written::new(registry, server, &text, Change::Removed(keys));
    Ok(Removed { pinnings, left, psk_files, written })
}
