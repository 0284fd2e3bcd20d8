//! `lowkey keygen` and `lowkey pubkey`.

use crate::common::Folder;
use predicates::str::{contains, is_empty, starts_with};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

#[test]
fn a_key_is_made_for_its_owner_only_and_never_overwritten() {
    let folder = Folder::empty();
    let made = folder.run("keygen -o server.key").success().stdout(is_empty());
    let public = folder.public("server.key");
    assert_eq!(String::from_utf8_lossy(&made.get_output().stderr), format!("public key: {public}\n"));
    let mode = fs::metadata(folder.path("server.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let before = folder.read("server.key");
    folder
        .run("keygen -o server.key")
        .code(1)
        .stderr(contains("server.key: is there already and is not overwritten"));
    folder.run("keygen --psk -o server.key").code(1);
    assert_eq!(folder.read("server.key"), before);
    folder.run("keygen -o no/such/folder.key").code(1).stderr(contains("No such file"));
}

#[test]
fn a_key_without_a_file_goes_to_standard_output() {
    let folder = Folder::empty();
    let made =
        folder.run("keygen").success().stdout(contains("\nLKSEC1")).stderr(starts_with("public key: lkpub1"));
    let text = String::from_utf8(made.get_output().stdout.clone()).unwrap();
    folder.write("kept.key", &text);
    folder.run("pubkey kept.key").code(1).stderr(contains("mend that with: chmod 600 kept.key"));
    fs::set_permissions(folder.path("kept.key"), fs::Permissions::from_mode(0o600)).unwrap();
    assert!(text.contains(&folder.public("kept.key")));
    folder.run("keygen --psk").success().stdout(contains("\nLKPSK1")).stderr(is_empty());
}

#[test]
fn a_public_key_of_what_is_no_key_file_is_an_error_that_says_why() {
    let folder = Folder::empty();
    folder
        .run("pubkey missing.key")
        .code(1)
        .stderr("lowkey: missing.key: No such file or directory (os error 2)\n");
    folder.run("keygen --psk -o a.psk").success();
    folder
        .run("pubkey a.psk")
        .code(1)
        .stderr(contains("this is a PSK (LKPSK1…); here belongs a private key"));
}

#[test]
fn a_group_may_read_a_key_of_root_s_and_of_nobody_else_s() {
    let folder = Folder::new();
    let key = folder.path("device.key");
    let pubkey = |mode: u32| {
        fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
        folder.run("pubkey device.key")
    };
    for exposed in [0o604, 0o620, 0o660] {
        pubkey(exposed).code(1).stderr(contains("others than its owner may use it"));
    }
    if fs::metadata(&key).unwrap().uid() == 0 {
        pubkey(0o640).success();
        pubkey(0o440).success();
    } else {
        pubkey(0o640).code(1).stderr(contains("others than its owner may use it (mode 0640)"));
    }
}
