//! A registry that is read while no files are left. Alone in its process, whose limit it lowers.
#![cfg(unix)]

use lowkey_host::{Identity, Registry};
use lowkey_registry::{LiveRegistry, keys};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::fs::{self, File};
use std::os::fd::AsRawFd;
use test_support::folder::{device, folder, secret};

/// Strangers can take all files of a server. By that no PSK is gone.
#[test]
fn without_files_left_nobody_loses_a_psk_that_was_read_before() {
    let folder = folder();
    let path = folder.path().join("devices.toml");
    let table = |n: u8| device(&format!("d{n}"), n + 10, &format!("psk_file = \"{n}.psk\""));
    let all: String = (0..8).map(table).collect();
    for n in 0..8 {
        keys::write_psk(&folder.path().join(format!("{n}.psk")), &keys::generate().unwrap()).unwrap();
    }
    fs::write(&path, &all).unwrap();
    let registry = LiveRegistry::load(&path, Identity::new(secret(1)).unwrap()).unwrap();
    let new = folder.path().join("new");
    fs::write(&new, format!("{all}{}", device("plain", 30, ""))).unwrap();

    // Room for one: the registry, and none of its PSKs.
    let next = File::open("/dev/null").unwrap();
    let current = next.as_raw_fd() as u64 + 1;
    drop(next);
    let Rlimit { current: before, maximum } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(current), maximum }).unwrap();
    fs::rename(&new, &path).unwrap();
    let changes = registry.reload();
    setrlimit(Resource::Nofile, Rlimit { current: before, maximum }).unwrap();
    let changes = changes.unwrap();
    assert_eq!((changes.devices, changes.added, changes.removed, changes.left_out), (9, 1, 0, 0));
    assert!(registry.left_out().is_empty(), "{:?}", registry.left_out());

    // With files, what is wrong with a PSK file counts again.
    fs::remove_file(folder.path().join("0.psk")).unwrap();
    let changes = registry.reload().unwrap();
    assert_eq!((changes.devices, changes.removed, changes.left_out), (8, 1, 1));
}
