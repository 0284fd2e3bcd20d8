//! Another user, to see what that one can read.

use crate::failure::{Exit, Failure};
use rustix::process::{Gid, Uid, geteuid};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};
use std::process::Command;

/// A user with all groups.
pub(crate) struct User {
    uid: Uid,
    groups: Vec<Gid>, // its own first
}

impl User {
    /// The user of this name, or of this number, which may have a group's behind a colon: a container's user need not
    /// be known to the machine.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn find(named: &str) -> Result<Self, Failure> {
        let (uid, gid) = named.split_once(':').unwrap_or((named, named));
        if let (Some(uid), Some(gid)) = (number(uid), number(gid)) {
            return Ok(Self { uid: Uid::from_raw(uid), groups: vec![Gid::from_raw(gid)] });
        }
        let unknown = || Failure::new(Exit::Arguments, format_args!("--as: there is no user {named:?}"));
        let uid = ask("-u", named).and_then(|uid| number(uid.trim())).ok_or_else(unknown)?;
        let (own, all) = ask("-g", named).zip(ask("-G", named)).ok_or_else(unknown)?;
        let groups = [&own, &all].into_iter().flat_map(|groups| groups.split_whitespace()).map(number);
        let groups = groups.map(|gid| gid.map(Gid::from_raw)).collect::<Option<_>>().ok_or_else(unknown)?;
        Ok(Self { uid: Uid::from_raw(uid), groups })
    }

    /// Makes this thread that user, for good: what it opens from here on, it opens with that user's rights and no
    /// capability. Others of the process stay who they are.
    ///
    /// # Errors
    /// Only root can; the thread may have another's groups already, and has to end.
    pub(crate) fn become_it(&self) -> Result<(), Failure> {
        if self.uid == geteuid() {
            return Ok(());
        }
        let group = self.groups.first().copied();
        let became = set_thread_groups(&self.groups)
            .and_then(|()| set_thread_res_gid(group, group, group))
            .and_then(|()| set_thread_res_uid(self.uid, self.uid, self.uid));
        became.map_err(|error| {
            Failure::file(format_args!("--as: only root can look with another user's eyes: {error}"))
        })
    }
}

/// What `id` prints: it asks every source of users that the machine has.
fn ask(option: &str, name: &str) -> Option<String> {
    let answer = Command::new("id").args([option, "--", name]).output().ok()?;
    answer.status.success().then(|| String::from_utf8(answer.stdout).ok())?
}

/// A number of a user or a group; the last one means nobody at all to the system.
fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
    digits.then(|| text.parse().ok())?.filter(|number| *number != u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_by_name_and_by_number_and_nothing_else_is_one() {
        let root = User::find("root").unwrap();
        assert!(root.uid.is_root() && root.groups[0].is_root());
        let numbered = User::find("65532:7").unwrap();
        assert_eq!((numbered.uid.as_raw(), numbered.groups[0].as_raw()), (65532, 7));
        assert_eq!(User::find("65532").unwrap().groups[0].as_raw(), 65532);
        for none in ["", "no-such-user-here", "-u", "4294967295", "7:", ":7", "root:root", "7:x"] {
            assert!(User::find(none).is_err(), "{none}");
        }
    }
}
