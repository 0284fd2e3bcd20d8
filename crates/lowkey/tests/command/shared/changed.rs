//! `lowkey provision`, `revoke` and `list` of a registry that servers share: as of a file, and in force when all of
//! them have said so.

use super::Fleet;
use crate::common::Folder;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::{contains, starts_with};
use std::io::{Read, Write};

#[test]
fn a_device_is_added_rotated_and_revoked_and_every_server_obeys_when_the_command_says_so() {
    let Some(fleet) = Fleet::new() else { return };
    let (folder, registry) = (&fleet.folder, fleet.registry());
    fleet.push().success();
    let (a, b) = (fleet.gateway("a"), fleet.gateway("b"));
    let of = format!("--server {} --registry {registry} --wait 60s", a.key);
    let on_both = || contains("in force: 2 gateways");

    folder.run("keygen -o own.key").success();
    let key = folder.public("own.key");
    let register = format!("provision --name own {of} --public-key {key}");
    folder.run(&register).success().stderr(contains(format!("added \"own\" to {registry}")).and(on_both()));
    folder.run(&register).success().stderr(contains("has \"own\" with this key already").and(on_both()));
    let connect = |server: &str, key: &str| {
        format!("connect {server} --key {key} --server {}", folder.public("server.key"))
    };
    for server in [&a, &b] {
        folder.command(&connect(&server.address, "own.key")).write_stdin("x").assert().success().stdout("x");
    }

    folder
        .run(&format!("provision --name pump-7 {of} --address h:1 -o pump-7.page"))
        .success()
        .stderr(on_both());
    folder
        .run(&format!("provision --name pump-7 {of} -o again.page"))
        .code(1)
        .stderr(contains("the name \"pump-7\" is in use already"));
    assert!(!folder.path("again.page").exists());
    let rotate = format!("provision --name pump-7 {of} --rotate -o new.page");
    folder.run(&rotate).success().stderr(contains("added new keys of \"pump-7\"").and(on_both()));
    let done = folder.run(&format!("revoke pump-7 {of} --old")).success();
    done.stderr(contains("\"pump-7\" has 1 key left").and(on_both()));

    let listed = folder.run(&format!("list --registry {registry}")).success();
    listed.stdout("desk\t\t\t\tKK\t\t\nown\t\t\t\tKK\t\t\npump-7\t\t\t\tKK\t\t\n");
    folder.run(&format!("list --registry {registry} --json own")).success().stdout(contains(&key));

    let mut device = folder.device(&b.address, &b.key);
    device.input.as_mut().unwrap().write_all(b"x").unwrap();
    device.child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    let revoke = format!("revoke desk {of}");
    folder.run(&revoke).success().stderr(contains("\"desk\" is no longer in nats://").and(on_both()));
    assert_eq!(device.child.wait().unwrap().code(), Some(5));
    for server in [&a, &b] {
        folder.connect(server).assert().code(4);
    }
    let again = folder.run(&revoke).code(1);
    again.stderr(contains("there is no device \"desk\"; the registry as it stands is in force"));

    // One that may go on is named, and what was written is written.
    assert!(!b.killed_by("-KILL").success());
    let brief = format!("revoke own --server {} --registry {registry} --wait 1s", a.key);
    let behind = "written, but not in force everywhere: \"b\"";
    folder.run(&brief).code(7).stderr(contains("revoked: lkpub1").and(contains(behind)));
    let again = folder.run(&brief).code(7);
    again.stderr(contains(
        "there is no device \"own\"; nothing was written, and what stands there is not in force",
    ));
    folder.command(&connect(&a.address, "own.key")).assert().code(4);
    drop(fleet.runtime);
}

#[test]
fn a_batch_goes_into_a_shared_registry_and_is_checked_against_it() {
    let Some(fleet) = Fleet::new() else { return };
    let (folder, registry) = (&fleet.folder, fleet.registry());
    fleet.push().success();
    let key = folder.public("server.key");
    let batch = format!(
        "provision --name unit-{{:02}} --batch 20 --out pages --manifest m.csv --server {key} --registry {registry}"
    );
    let none_follows = || contains("no server follows this registry yet");
    let made = folder.run(&batch).success();
    made.stderr(contains("20 of 20 devices made now").and(contains(": 20 rows")).and(none_follows()));
    let again = folder.run(&batch).success();
    again.stderr(contains("0 of 20 devices made now").and(contains("has all of them already")));
    let check = format!("provision --check pages --manifest m.csv --server {key} --registry {registry}");
    folder.run(&check).success().stdout(starts_with("ok: 20 devices"));
    folder.run(&format!("revoke unit-07 --server {key} --registry {registry} --no-wait")).success();
    folder.run(&check).code(1).stderr(contains("has no device \"unit-07\""));
    drop(fleet.runtime);
}

#[test]
fn psk_files_are_named_relative_to_a_folder_that_somebody_has_to_name() {
    let Some(fleet) = Fleet::new() else { return };
    let (folder, registry) = (&fleet.folder, fleet.registry());
    fleet.push().success();
    let key = folder.public("server.key");
    let of = format!("provision --name pump-7 --server {key} --registry {registry} --psk -o pump-7.page");
    folder.run(&of).code(2).stderr(contains("name with --psk-folder"));
    assert!(!folder.path("pump-7.page").exists());
    // In the folder of the server's key, which is that of both here.
    let a = fleet.gateway("a");
    let made = folder.run(&format!("{of} --psk-folder . --wait 60s")).success();
    made.stderr(contains("each gateway leaves this key out until").and(contains("in force: 1 gateway")));
    let pulled = folder.run(&format!("registry pull {registry}")).success();
    pulled.stdout(contains("psk_file = \"pump-7.psk\""));
    let connect = format!("connect {} --page pump-7.page", a.address);
    folder.command(&connect).write_stdin("x").assert().success().stdout("x");
    let revoked = folder.run(&format!("revoke pump-7 --server {key} --registry {registry} --wait 60s"));
    revoked.success().stderr(contains("pump-7.psk any more; delete it, on each gateway"));
    drop(fleet.runtime);
}

#[test]
fn what_is_wrong_with_the_registry_that_is_named_is_said_before_anything_is_written() {
    let folder = Folder::new();
    let key = folder.public("server.key");
    for (arguments, code, what) in [
        ("--registry nats://127.0.0.1:1/x", 3, "no connection to NATS"),
        ("--registry nats://10.0.0.1:1/x", 2, "--registry: nats:// is not encrypted"),
        ("--registry nats://127.0.0.1:1/x --admin 127.0.0.1:1", 2, "are asked by way of it"),
        ("--registry devices.toml --as me", 2, "--as: is for a registry that servers share"),
        ("--registry devices.toml --credentials server.key", 2, "--credentials: is for"),
    ] {
        for command in ["provision --name x -o x.page", "revoke desk"] {
            folder.run(&format!("{command} --server {key} {arguments}")).code(code).stderr(contains(what));
        }
        folder.run(&format!("list {arguments}")).code(code).stderr(contains(what));
    }
    assert!(!folder.path("x.page").exists());
}

#[test]
fn what_stands_in_a_file_is_listed_without_a_server() {
    let folder = Folder::new();
    let device = folder.read("devices.toml");
    let key = folder.public("server.key");
    let text = format!("{device}labels = {{ site = \"north\" }}\nexpires = 2040-01-01T00:00:00Z\n");
    folder.write("devices.toml", &text);
    let listed = folder.run("list --registry devices.toml").success();
    listed.stdout("desk\t\t\t\tKK\t2040-01-01T00:00:00Z\tsite=north\n");
    folder.run("list --registry devices.toml --label site=south").success().stdout("");
    folder.write("devices.toml", &format!("server = \"{key}\"\n{device}{device}"));
    folder.run("list --registry devices.toml").code(1).stderr(contains("devices.toml:6:"));
    folder.run("list --registry nowhere.toml").code(1).stderr(contains("nowhere.toml: No such file"));
}
