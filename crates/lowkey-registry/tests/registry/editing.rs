//! What changing a registry does to the file and to others who change it.

mod pairing;

use lowkey_registry::provision::PskFile;
use lowkey_registry::rotation::{Which, revoke};
use lowkey_registry::{FileRegistry, keys};
use rustix::fs::{FlockOperation, flock};
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use test_support::folder::{Bench, device, secret};

fn bench() -> Bench {
    let bench = Bench::new();
    fs::write(&bench.registry, format!("{}{}", device("a", 2, ""), device("b", 3, ""))).unwrap();
    bench
}

fn revoked(bench: &Bench, name: &str) -> Result<(), String> {
    let server = bench.server.public_key();
    revoke(&bench.registry, &server, name, Which::All).map(drop).map_err(|error| error.to_string())
}

fn names(bench: &Bench) -> String {
    let loaded = FileRegistry::load(&bench.registry, &bench.server).unwrap();
    let mut names: Vec<&str> = loaded.devices().iter().map(|pinned| pinned.device().name()).collect();
    names.sort_unstable();
    names.join(" ")
}

#[test]
fn no_change_depends_on_the_psk_files_of_others() {
    let bench = Bench::new();
    let [psk, own] = ["c.psk", "d.psk"].map(|name| bench.path(name));
    keys::write_psk(&psk, &secret(8)).unwrap();
    keys::write_psk(&own, &secret(9)).unwrap();
    let text = [("missing", 5), ("malformed", 6), ("exposed", 7)]
        .map(|(name, byte)| device(name, byte, &format!("psk_file = \"{name}.psk\"")));
    let text = format!("{}{}{}", text.concat(), device("a", 2, ""), device("c", 3, "psk_file = \"c.psk\""));
    fs::write(&bench.registry, text).unwrap();
    fs::write(bench.path("malformed.psk"), "LKPSK1\n").unwrap();
    fs::write(bench.path("exposed.psk"), "").unwrap();
    revoked(&bench, "a").unwrap();
    bench.provision(|order| order.psk = PskFile::Existing(&own)).unwrap();
    // What can be read is compared.
    let copy = bench.path("copy.psk");
    fs::copy(&psk, &copy).unwrap();
    let page = bench.path("second.bin");
    bench.fails("holds the PSK of \"c\"; make one for each", |order| {
        (order.name, order.page, order.psk) = ("e", &page, PskFile::Existing(&copy));
    });
    for name in ["missing", "malformed", "exposed"] {
        revoked(&bench, name).unwrap();
    }
}

#[test]
fn a_lock_file_that_somebody_left_behind_locks_nobody_out() {
    let bench = bench();
    let lock = bench.path("devices.toml.lock");
    for mode in [0o644, 0o600, 0o400] {
        fs::write(&lock, "").unwrap();
        fs::set_permissions(&lock, fs::Permissions::from_mode(mode)).unwrap();
        bench.provision(|order| order.name = "c").unwrap();
        revoked(&bench, "c").unwrap();
        assert!(!lock.exists(), "it is there only meanwhile");
        fs::remove_file(&bench.page).unwrap();
    }
}

#[test]
fn who_holds_the_lock_is_waited_for_not_for_ever_and_its_end_is_enough() {
    let bench = bench();
    let before = bench.state();
    let lock = bench.path("devices.toml.lock");
    let held = File::create(&lock).unwrap();
    flock(&held, FlockOperation::LockExclusive).unwrap();
    let refused = revoked(&bench, "a").unwrap_err();
    let why = format!(
        "another process is changing it, and has locked {} for 5 s; try again when it has ended",
        lock.display()
    );
    assert!(refused.ends_with(&why), "{refused}");
    assert_eq!((bench.state().0, bench.state().1), (before.0 + 1, before.1));
    // As the kernel does when a process is killed: nobody removes the file.
    drop(held);
    revoked(&bench, "a").unwrap();
    assert_eq!(names(&bench), "b");
}

#[test]
fn who_waits_goes_on_when_the_lock_is_let_go_of_and_loses_nothing_of_what_was_written_meanwhile() {
    let bench = bench();
    let lock = bench.path("devices.toml.lock");
    let held = File::create(&lock).unwrap();
    flock(&held, FlockOperation::LockExclusive).unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| revoked(&bench, "a"));
        let text = fs::read_to_string(&bench.registry).unwrap();
        fs::write(&bench.registry, format!("{text}{}", device("c", 4, ""))).unwrap();
        // As we do it: the file goes while it is still locked, so whoever has opened it has to look for the new one.
        fs::remove_file(&lock).unwrap();
        drop(held);
        waiting.join().unwrap().unwrap();
    });
    assert_eq!(names(&bench), "b c");
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod attributes {
    use super::*;
    use rustix::fs::{XattrFlags, getxattr, removexattr, setxattr};
    use std::path::Path;

    const ACL: &str = "system.posix_acl_access";

    /// An access list as Linux keeps it: the owner reads and writes, the user 65534 reads, others may nothing.
    fn access_list() -> Vec<u8> {
        let mut list = 2u32.to_le_bytes().to_vec();
        for (tag, may, id) in [
            (1u16, 6u16, u32::MAX),
            (2, 4, 65534),
            (4, 0, u32::MAX),
            (0x10, 4, u32::MAX),
            (0x20, 0, u32::MAX),
        ] {
            list.extend([tag.to_le_bytes(), may.to_le_bytes()].concat());
            list.extend(id.to_le_bytes());
        }
        list
    }

    fn attribute(path: &Path, name: &str) -> Option<Vec<u8>> {
        let mut value = [0; 1024];
        getxattr(path, name, &mut value[..]).ok().map(|len| value[..len].to_vec())
    }

    /// Whether the file system of this machine's temporary files has attributes of this kind.
    fn set(path: &Path, name: &str, value: &[u8]) -> bool {
        match setxattr(path, name, value, XattrFlags::empty()) {
            Err(rustix::io::Errno::NOTSUP) => false,
            set => set.map(|()| true).unwrap(),
        }
    }

    #[test]
    fn an_access_list_and_whatever_else_is_attached_to_a_registry_stay() {
        let bench = bench();
        let registry = &bench.registry;
        fs::set_permissions(registry, fs::Permissions::from_mode(0o640)).unwrap();
        let has_lists = set(registry, ACL, &access_list());
        let has_notes = set(registry, "user.note", b"north");
        assert!(has_lists || has_notes, "this needs a file system with attributes");
        let before = [ACL, "user.note"].map(|name| attribute(registry, name));
        revoked(&bench, "a").unwrap();
        bench.provision(|order| order.name = "c").unwrap();
        assert_eq!([ACL, "user.note"].map(|name| attribute(registry, name)), before);
        assert_eq!(test_support::folder::mode(registry), 0o640);
        assert_eq!(names(&bench), "b c");
    }

    #[test]
    fn a_folder_s_list_for_new_files_opens_the_registry_to_nobody() {
        let bench = bench();
        if !set(bench.folder.path(), "system.posix_acl_default", &access_list()) {
            return; // there is nothing to inherit
        }
        fs::set_permissions(&bench.registry, fs::Permissions::from_mode(0o600)).unwrap();
        if attribute(&bench.registry, ACL).is_some() {
            removexattr(&bench.registry, ACL).unwrap();
        }
        revoked(&bench, "a").unwrap();
        assert_eq!(
            (attribute(&bench.registry, ACL), test_support::folder::mode(&bench.registry)),
            (None, 0o600)
        );
    }
}
