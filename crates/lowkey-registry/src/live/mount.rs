//! Whether the file at a path is mounted alone, and which file that is.
//!
//! Whoever replaces such a file outside makes a new one, and the path goes on leading to the old one. Mostly that
//! stands in no folder any more, which its number of links tells; but a backup may be a link to it. The kernel's list
//! of mounts (`/proc/self/mountinfo`, proc(5)) tells the name as well.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

/// What is mounted at `path` if that is a file of its own mount, by its name in its file system; `None` if it stands in
/// a folder like any other, or nobody can say.
pub(super) fn at(path: &Path) -> Option<String> {
    let path = fs::canonicalize(path).ok()?;
    of(&fs::read_to_string("/proc/self/mountinfo").ok()?, &path)
}

fn of(mounts: &str, path: &Path) -> Option<String> {
    // The last one lies on top.
    mounts.lines().rev().find_map(|line| {
        let mut fields = line.split(' ').skip(3);
        let (name, point) = (fields.next()?, fields.next()?);
        (Path::new(&unescaped(point)) == path).then(|| name.to_owned())
    })
}

/// Whether the kernel says behind the name that the file was deleted.
pub(super) fn is_gone(name: &str) -> bool {
    name.ends_with("//deleted")
}

/// White space stands there as a backslash and three octal digits.
fn unescaped(field: &str) -> OsString {
    let mut pieces = field.split('\\');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        match piece.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => {
                text.push(char::from(byte));
                text.push_str(&piece[3..]);
            }
            None => text.extend(["\\", piece]),
        }
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_mounted_alone_has_its_name_elsewhere() {
        let mounts = "\
            22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n\
            61 22 254:0 /srv/old.toml /etc/lowkey/devices.toml rw,relatime shared:1 - ext4 /dev/vda rw\n\
            62 22 254:0 /srv/devices.toml//deleted /etc/lowkey/devices.toml rw,relatime - ext4 /dev/vda rw\n\
            63 22 0:44 /a\\040b /etc/my\\040folder/d\\134.toml rw - tmpfs none rw\n\
            64 22\n";
        let at = |path: &str| of(mounts, Path::new(path));
        assert_eq!(at("/etc/lowkey/devices.toml").as_deref(), Some("/srv/devices.toml//deleted"));
        assert!(is_gone(&at("/etc/lowkey/devices.toml").unwrap()));
        assert_eq!(at("/etc/my folder/d\\.toml").as_deref(), Some("/a\\040b"));
        assert_eq!(at("/etc/lowkey/other.toml"), None);
        assert_eq!(at("/etc/lowkey"), None);
    }

    #[test]
    fn a_file_in_a_folder_is_not_mounted_alone() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert_eq!(at(file.path()), None);
    }
}
