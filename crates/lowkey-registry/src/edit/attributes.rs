//! What a file has besides its text: owner, mode, and the extended attributes of Linux, which hold access lists (ACL),
//! labels (SELinux) and what people attach. Some of them decide whether a server may read its registry. So a file that
//! replaces another takes all of them over, or does not replace it.

use std::fs::File;
use std::io;

/// Gives `new`, which we have just made, what `old` has.
#[cfg(unix)]
pub(super) fn carry_over(old: &File, new: &File) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    let (was, made) = (old.metadata()?, new.metadata()?);
    if (was.uid(), was.gid()) != (made.uid(), made.gid()) {
        fchown(new, Some(was.uid()), Some(was.gid())).map_err(|error| kept("its owner", &error))?;
    }
    // The mode goes first: setting it changes an access list.
    new.set_permissions(std::fs::Permissions::from_mode(was.mode() & 0o777))?;
    extended(old, new)
}

#[cfg(not(unix))]
pub(super) fn carry_over(_old: &File, _new: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn extended(old: &File, new: &File) -> io::Result<()> {
    use rustix::fs::{XattrFlags, fremovexattr, fsetxattr};
    let (had, has) = (all(old)?, all(new)?);
    for attribute in had.iter().filter(|attribute| !has.contains(attribute)) {
        let (name, value) = attribute;
        fsetxattr(new, &**name, value, XattrFlags::empty())
            .map_err(|error| kept(&format!("its attribute {name}"), &error.into()))?;
    }
    // A folder can have an access list for all that is made in it; labels are the system's.
    let ours = |name: &str| name.starts_with("system.posix_acl") || name.starts_with("user.");
    for (name, _) in has.iter().filter(|(name, _)| ours(name)) {
        if !had.iter().any(|(other, _)| other == name) {
            fremovexattr(new, &**name)?;
        }
    }
    Ok(())
}

#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
fn extended(_old: &File, _new: &File) -> io::Result<()> {
    Ok(())
}

/// Names and values of all that do not follow from the content.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn all(file: &File) -> io::Result<Vec<(String, Vec<u8>)>> {
    use rustix::fs::{fgetxattr, flistxattr};
    let mut buffer = vec![0; LONGEST];
    let len = match flistxattr(file, &mut buffer[..]) {
        Err(rustix::io::Errno::NOTSUP) => return Ok(Vec::new()), // there are none on this file system
        listed => listed?,
    };
    let names = String::from_utf8_lossy(&buffer[..len]).into_owned();
    let mut all = Vec::new();
    for name in names.split_terminator('\0').filter(|name| !OF_THE_CONTENT.contains(name)) {
        let len = fgetxattr(file, name, &mut buffer[..])
            .map_err(|error| kept(&format!("its attribute {name}"), &error.into()))?;
        all.push((name.to_owned(), buffer[..len].to_vec()));
    }
    Ok(all)
}

#[cfg(unix)]
fn kept(what: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{what} cannot be kept: {error}; change it as the one who set that"))
}

/// As long as Linux allows, a list and a value.
#[cfg(any(target_os = "linux", target_os = "android"))]
const LONGEST: usize = 1 << 16;
/// The kernel computes them anew.
#[cfg(any(target_os = "linux", target_os = "android"))]
const OF_THE_CONTENT: [&str; 2] = ["security.ima", "security.evm"];
