//! `lowkey provision`.

use crate::common::Folder;
use lowkey_core::page::Page;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::{contains, is_empty, starts_with};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

#[test]
fn a_provisioned_page_reads_and_its_registry_line_loads() {
    let folder = Folder::new();
    let server = folder.public("server.key");
    let order =
        format!("provision --name board --server-key {server} --address 10.0.2.2:7000 --psk -o board.page");
    folder.run(&format!("{order} --registry devices.toml --no-wait")).success().stdout(is_empty()).stderr(
        contains("added \"board\" to devices.toml")
            .and(contains("PSK, the server's copy: board.psk"))
            .and(contains("no server was asked"))
            .and(contains("only copy"))
            .and(contains("LKS").not()),
    );
    let bytes = fs::read(folder.path("board.page")).unwrap();
    let page = Page::read(&bytes).unwrap();
    assert_eq!(page.address(), "10.0.2.2:7000");
    assert!(page.load().unwrap().psk().is_some());
    assert!(folder.read("devices.toml").contains("psk_file = \"board.psk\""));
    for secret in ["board.page", "board.psk"] {
        assert_eq!(fs::metadata(folder.path(secret)).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // The server takes the registry.
    let (code, log) = folder.serve().end("-TERM");
    assert_eq!(code, Some(0), "{log}");
    // A second one of that name is refused and leaves all as it was.
    let before = folder.read("devices.toml");
    let again = order.replace("board.page", "again.page");
    folder
        .run(&format!("{again} --registry devices.toml --no-wait"))
        .code(1)
        .stderr(contains("devices.toml: the name \"board\" is in use already"));
    assert_eq!(folder.read("devices.toml"), before);
    assert!(!folder.path("again.page").exists());
    folder.run(&order).code(1).stderr(contains("board.page: is there already"));
}

#[test]
fn without_a_registry_the_lines_are_printed() {
    let folder = Folder::new();
    let server = folder.public("server.key");
    for (format, marker) in [("c", "uint8_t lowkey_key_page[344]"), ("rust", "[u8; 344]")] {
        let order = format!(
            "provision --name {format} --id id-{format} --server {server} --format {format} -o page.{format}"
        );
        folder.run(&order).success().stdout(starts_with(format!(
            "[[device]]\nname = \"{format}\"\nid = \"id-{format}\"\nkey = \"lkpub1"
        )));
        assert!(folder.read(&format!("page.{format}")).contains(marker));
    }
    folder
        .run(&format!("provision --name x --server-pub {server} --address nowhere -o x.page"))
        .code(1)
        .stderr(contains("write it as host:port"));
    folder
        .run(&format!("provision --name ../x --server {server} --psk -o x.page"))
        .code(1)
        .stderr(contains("add --psk-file FILE"));
}

#[test]
fn a_registry_on_a_full_disk_is_as_it_was() {
    let folder = Folder::new();
    // Just short of the 4 blocks of 512 bytes that a file may have here: a table would be cut off.
    let table = folder.read("devices.toml");
    let before = format!("{}\n{table}", "#".repeat(2000 - table.len()));
    folder.write("devices.toml", &before);
    let server = folder.public("server.key");
    let run = format!(
        "trap '' XFSZ; ulimit -f 4; exec {} provision --name x --server {server} -o x.page --registry devices.toml --no-wait",
        env!("CARGO_BIN_EXE_lowkey")
    );
    let output = folder.program("sh").args(["-c", &run]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("devices.toml: File too large"), "{said}");
    assert_eq!(folder.read("devices.toml"), before);
    assert_eq!(fs::read_dir(folder.path(".")).unwrap().count(), 3, "two keys and the registry");
}

#[test]
fn whoever_reads_root_s_registry_reads_a_psk_that_root_makes_beside_it() {
    let folder = Folder::new();
    let server = folder.public("server.key");
    let made = |name: &str| {
        let made = format!(
            "provision --name {name} --server {server} --psk -o {name}.page --registry devices.toml --no-wait"
        );
        folder.run(&made).success();
        let file = |file: &str| {
            fs::metadata(folder.path(file)).map(|file| (file.uid(), file.gid(), file.mode())).unwrap()
        };
        assert_eq!(file(&format!("{name}.page")), file("server.key"), "the page is not the server's");
        file(&format!("{name}.psk"))
    };
    let registry = folder.path("devices.toml");
    if chown(&registry, Some(0), Some(54321)).is_err() {
        return; // not root
    }
    fs::set_permissions(&registry, fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(made("by-group"), (0, 54321, 0o100_640));
    folder.run("check --key server.key --devices devices.toml --echo").success();
    fs::set_permissions(&registry, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(made("by-nobody-else"), (0, 54321, 0o100_600));
    chown(&registry, Some(12345), Some(54321)).unwrap();
    assert_eq!(made("by-owner"), (12345, 54321, 0o100_600));
}

#[test]
fn a_device_that_has_made_its_own_keys_is_registered_by_what_it_prints() {
    let folder = Folder::new();
    let server = folder.public("server.key");
    folder.run("keygen -o own.key").success();
    let key = folder.public("own.key");
    let order = |name: &str, key: &str| {
        format!(
            "provision --name {name} --server {server} --registry devices.toml --no-wait --public-key {key}"
        )
    };
    folder.write("port.log", &format!("boot 1\r\npublic key: {key}\r\nwaiting\r\n"));
    folder.run(&order("pump-7", "port.log")).success().stdout(is_empty()).stderr(
        contains(format!("device public key: {key}\nfingerprint: "))
            .and(contains("added \"pump-7\" to devices.toml")),
    );
    assert!(
        folder.read("devices.toml").ends_with(&format!("[[device]]\nname = \"pump-7\"\nkey = \"{key}\"\n"))
    );
    // A line that tries again, however it names the key.
    let before = folder.read("devices.toml");
    folder.run(&order("pump-7", &key)).success().stderr(contains("has \"pump-7\" with this key already"));
    let mut from_input = folder.command(&order("pump-7", "-"));
    from_input.write_stdin(format!("{key}\n")).assert().success();
    folder.run(&order("pump-8", &key)).code(1).stderr(contains("the key is the one of \"pump-7\""));
    folder.run(&order("desk", &key)).code(1).stderr(contains("the name \"desk\" is in use already"));
    folder.run(&order("pump-8", &server)).code(1).stderr(contains("this server's own"));
    folder.run(&order("pump-8", &key[..30])).code(2).stderr(contains("mistyped or cut off"));
    folder.run(&order("pump-8", "server.key")).code(1).stderr(contains("the key is this server's own"));
    folder.run(&order("pump-8", "no.log")).code(1).stderr(contains("no.log: No such file"));
    folder.run(&format!("{} -o x.page", order("pump-8", &key))).code(2);
    assert_eq!(folder.read("devices.toml"), before);
}
