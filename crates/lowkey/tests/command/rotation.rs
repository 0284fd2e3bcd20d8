//! Keys that come and go while the server runs.

use crate::common::{Device, Folder, Server};
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use std::fs;
use std::io::{Read, Write};
use std::thread::sleep;
use std::time::{Duration, Instant};

const REGISTRY: &str = "--registry devices.toml --admin unix:admin.sock --wait 60s --server";

/// Connects until the server has seen that it may, or may not.
fn until_connecting(folder: &Folder, server: &Server, key: &str, code: i32) {
    let begun = Instant::now();
    loop {
        let device =
            folder.command(&format!("connect {} --key {key} --server {}", server.address, server.key));
        let over = { device }.output().unwrap();
        if over.status.code() == Some(code) {
            return;
        }
        let said = String::from_utf8_lossy(&over.stderr).into_owned();
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}: {said}", over.status);
        sleep(Duration::from_millis(20));
    }
}

/// Until the server has found out what is wrong with its registry.
fn until_stale(folder: &Folder, why: &str) {
    let begun = Instant::now();
    loop {
        let said = folder.command("doctor --admin unix:admin.sock").output().unwrap().stdout;
        if String::from_utf8_lossy(&said).contains(why) {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{}", String::from_utf8_lossy(&said));
        sleep(Duration::from_millis(20));
    }
}

const SERVE: &str =
    "--key server.key --devices devices.toml --listen 127.0.0.1:0 --echo --admin unix:admin.sock";

fn says_and_hears(device: &mut Device) {
    device.input.as_mut().unwrap().write_all(b"x").unwrap();
    device.child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
}

#[test]
fn a_revoked_device_is_cut_off_at_once_and_refused_from_then_on() {
    let folder = Folder::new();
    let server = folder.serve_with(SERVE, &[]);
    let mut device = folder.device(&server.address, &server.key);
    says_and_hears(&mut device);
    let revoked = folder.run(&format!("revoke desk {REGISTRY} {}", server.key)).success();
    revoked.stderr(
        contains("revoked: lkpub1")
            .and(contains("\"desk\" is no longer in devices.toml"))
            .and(contains("in force; 1 session ended")),
    );
    let begun = Instant::now();
    assert_eq!(device.child.wait().unwrap().code(), Some(5), "a truncation, not an end");
    // Long before anything else would end it, and longer than busy cores take.
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    // It is said because it is so: nobody has to try until it is.
    folder.connect(&server).assert().code(4);
    let (code, log) = server.end("-TERM");
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("session ended device=\"desk\" reason=\"revoked\" from="), "{log}");
}

#[test]
fn a_device_s_keys_rotate_while_it_is_connected() {
    let folder = Folder::new();
    let server = folder.serve_with(SERVE, &[]);
    let mut device = folder.device(&server.address, &server.key);
    says_and_hears(&mut device);
    let made = folder.run(&format!("provision --rotate --name desk -o new.page {REGISTRY} {}", server.key));
    made.success().stderr(contains("added new keys of \"desk\" to devices.toml"));
    let registry = folder.read("devices.toml");
    assert_eq!(registry.matches("[[device.pinning]]").count(), 2, "{registry}");
    // A third is one too many.
    let third =
        folder.run(&format!("provision --rotate --name desk -o third.page {REGISTRY} {}", server.key));
    third.code(1).stderr(contains("desk"));
    assert!(!folder.path("third.page").exists());

    says_and_hears(&mut device);
    let old = folder.run(&format!("revoke desk --old {REGISTRY} {}", server.key)).success();
    old.stderr(contains("\"desk\" has 1 key left"));
    assert_eq!(device.child.wait().unwrap().code(), Some(5), "it still used the old key");
    let again = folder.run(&format!("revoke desk --old {REGISTRY} {}", server.key));
    again.code(1).stderr(contains("no rotation to finish"));
}

#[test]
fn a_device_that_is_added_can_connect_and_a_broken_registry_changes_nothing() {
    let folder = Folder::new();
    folder.run("keygen -o second.key").success();
    let server = folder.serve_with(SERVE, &[]);
    until_connecting(&folder, &server, "second.key", 4);
    let registry = folder.read("devices.toml");
    let second =
        format!("{registry}\n[[device]]\nname = \"second\"\nkey = \"{}\"\n", folder.public("second.key"));
    folder.write("devices.toml", &second);
    until_connecting(&folder, &server, "second.key", 0);

    folder.write("devices.toml", "[[device]\n");
    server.signal("-HUP");
    until_stale(&folder, "devices.toml:1:");
    until_connecting(&folder, &server, "second.key", 0);
    fs::remove_file(folder.path("devices.toml")).unwrap();
    server.signal("-HUP");
    until_stale(&folder, "No such file");
    until_connecting(&folder, &server, "second.key", 0);
    let (code, log) = server.end("-TERM");
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("devices.toml:1"), "{log}");
}

#[test]
fn revoke_says_what_it_does_not_find() {
    let folder = Folder::new();
    let server = folder.public("server.key");
    let refused = |arguments: &str, code: i32, why: &'static str| {
        folder
            .run(&format!("revoke {arguments} --registry devices.toml --server {server} --no-wait"))
            .code(code)
            .stderr(contains(why));
    };
    refused("nobody", 1, "nobody");
    refused("desk --id 0x01", 1, "no pinning of this id");
    refused(&format!("desk --key {server}"), 1, "no pinning of this key");
    refused("desk --key lkpub1x", 2, "--key");
    refused("desk --old", 1, "no rotation to finish");
    refused("desk --old --id 0x01", 2, "cannot be used with");
    folder.run("revoke desk --registry none.toml --server lkpub1").code(2);
    folder
        .run(&format!("revoke desk --registry none.toml --server {server}"))
        .code(1)
        .stderr(contains("none.toml: "));
    assert!(folder.read("devices.toml").contains("desk"));
}
