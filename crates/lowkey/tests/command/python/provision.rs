//! Devices that Python makes: as the command makes them, and refused as the command refuses them.

use super::{Python, interpreter, tools, unhex};
use crate::common::Folder;
use lowkey_core::Secret;
use lowkey_core::page::{Contents, Fields, Page};
use lowkey_host::{Id, PublicKey};
use lowkey_registry::keys;
use serde_json::json;
use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// The page of these bytes, made once more by Rust of what is in it.
fn anew(page: &[u8]) -> Vec<u8> {
    let fields = Fields::read(page).unwrap();
    let secret = |bytes: &[u8; 32]| Secret::new(*bytes);
    let psk = fields.psk.map(secret);
    let contents = Contents {
        id: Id::new(fields.id).unwrap(),
        address: std::str::from_utf8(fields.address).unwrap(),
        static_key: &secret(fields.private_key),
        peer: PublicKey::new(*fields.peer),
        hedge: &secret(fields.hedge),
        seed: &secret(fields.seed),
        psk: psk.as_ref(),
    };
    contents.encode().unwrap().expose().to_vec()
}

/// The private key in this page, in a key file.
fn key_file(folder: &Folder, page: &str, name: &str) {
    let page = fs::read(folder.path(page)).unwrap();
    let secret = Secret::new(*Fields::read(&page).unwrap().private_key);
    keys::write_identity(&folder.path(name), &secret).unwrap();
}

#[test]
fn a_device_that_the_command_made_is_the_same_device_made_in_python() {
    let folder = Folder::new();
    let Some(mut python) = Python::within(&folder) else { return };
    let server = folder.public("server.key");
    folder.run("keygen --psk -o given.psk").success();
    fs::create_dir(folder.path("keys")).unwrap();
    for (n, (format, more)) in [
        ("bin", ""),
        ("c", "--id a*/b --address server.example:7000"),
        ("rust", "--id 0x00ff --address [fe80::1]:7000"),
        ("bin", "--id 0x70756d70 --psk-file given.psk --address 192.168.1.10:7000"),
        ("bin", "--id \u{200b}\u{1f527} --psk-file keys/../given.psk"),
    ]
    .into_iter()
    .enumerate()
    {
        let order = format!("provision --name */pump-{n}\"\\ü --server {server} --format {format} {more}");
        folder.run(&format!("{order} -o {n}.rust --registry {n}.rust.toml --no-wait")).success();
        let written = fs::read(folder.path(&format!("{n}.rust"))).unwrap();
        let page = match format {
            "bin" => written.clone(),
            _ => bytes_of(std::str::from_utf8(&written).unwrap()),
        };
        fs::write(folder.path("one.page"), &page).unwrap();
        let again = python.ask("again", super::hex(&page)).unwrap();
        assert_eq!(unhex(again.as_str().unwrap()), page, "{order}");
        let name = format!("*/pump-{n}\"\\ü");
        if format != "bin" {
            let rendered = python.ask("render", json!([super::hex(&page), name, format])).unwrap();
            assert_eq!(rendered.as_str().unwrap().as_bytes(), written);
        }
        // Its secrets are drawn, but for the private key: so the registry is the same one, and the page as far as that.
        key_file(&folder, "one.page", &format!("{n}.key"));
        let (code, said) =
            python.run(&format!("{order} --key {n}.key -o {n}.python --registry {n}.python.toml"));
        assert_eq!((code, said.contains("LKS")), (0, false), "{said}");
        assert_eq!(
            folder.read(&format!("{n}.python.toml")),
            folder.read(&format!("{n}.rust.toml")),
            "{order}"
        );
        let made = fs::read(folder.path(&format!("{n}.python"))).unwrap();
        let made = if format == "bin" { made } else { bytes_of(std::str::from_utf8(&made).unwrap()) };
        assert_eq!(made[..232], page[..232], "{order}");
        assert_eq!(made[296..328], page[296..328], "{order}");
        assert_eq!(anew(&made), made);
        // Each secret is drawn for itself, and for this device.
        let secrets = [104..136, 232..264, 264..296].map(|field| made[field].to_vec());
        let others = [page[232..264].to_vec(), page[264..296].to_vec(), made[296..328].to_vec()];
        let all: HashSet<Vec<u8>> = secrets.into_iter().chain(others).collect();
        assert_eq!(all.len(), 6, "{order}");
    }
}

#[test]
fn a_device_that_python_made_connects() {
    let folder = Folder::new();
    let Some(mut python) = Python::within(&folder) else { return };
    let server = folder.public("server.key");
    folder.run("keygen -o board.key").success();
    let order = format!("provision --name board --server {server} --address 10.0.2.2:7000 --psk");
    let (code, said) = python.run(&format!("{order} --key board.key -o board.page --registry devices.toml"));
    assert_eq!(code, 0, "{said}");
    assert!(said.contains(
        "added \"board\" to devices.toml\nPSK, the server's copy: board.psk\nkey page: board.page"
    ));
    for secret in ["board.page", "board.psk"] {
        assert_eq!(fs::metadata(folder.path(secret)).unwrap().permissions().mode() & 0o7777, 0o600);
    }
    let page = fs::read(folder.path("board.page")).unwrap();
    assert_eq!(anew(&page), page);
    let loaded = Page::read(&page).unwrap().load().unwrap();
    assert_eq!(keys::encode_public(&loaded.identity().public_key()), folder.public("board.key"));
    let serving = folder.serve();
    let connect =
        format!("connect {} --key board.key --psk-file board.psk --server {}", serving.address, serving.key);
    folder.command(&connect).write_stdin("from Python").assert().success().stdout("from Python");
    let (code, log) = serving.end("-TERM");
    assert_eq!(code, Some(0), "{log}");
}

#[test]
fn lines_that_nobody_has_are_no_device() {
    let folder = Folder::new();
    let server = folder.public("server.key");
    let order = format!("provision --name x --server {server} --psk -o x.page");
    for (output, why) in
        [(">&-", "standard output: is closed"), (">/dev/full", "standard output: No space left")]
    {
        let Some(python) = interpreter(&folder) else { return };
        let run = format!("exec \"$0\" \"$1\" {order} {output}");
        let mut shell = folder.program("sh");
        shell.env("PYTHONDONTWRITEBYTECODE", "1");
        let output = shell.args(["-c", &run]).arg(python.get_program()).arg(tools().join("lowkey_page.py"));
        let output = output.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.code() == Some(1)
                && said == format!("lowkey_page.py: {why}{}", &said[16 + why.len()..])
        );
        assert_eq!(fs::read_dir(folder.path(".")).unwrap().count(), 3, "two keys and the registry");
    }
}

#[test]
fn the_lines_are_printed_and_what_is_in_a_page_is_shown_without_its_secrets() {
    let folder = Folder::new();
    let server = folder.public("server.key");
    let run = |arguments: &str| {
        let mut python = interpreter(&folder)?;
        let program = python.arg(tools().join("lowkey_page.py")).args(arguments.split_whitespace());
        let output = program.output().unwrap();
        let [out, error] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        Some((output.status.code(), out, error))
    };
    let order = format!(
        "provision --name pump-7 --id pump --server {server} --address 10.0.2.2:7000 --psk -o p.page"
    );
    let Some((code, lines, said)) = run(&order) else { return };
    let psk = folder.path("p.page").with_file_name("pump-7.psk");
    let key = said.lines().next().unwrap().strip_prefix("device public key: ").unwrap();
    let expected = format!("[[device]]\nname = \"pump-7\"\nid = \"pump\"\nkey = \"{key}\"\npsk_file = \"");
    assert_eq!(code, Some(0));
    assert!(lines.starts_with(&expected) && lines.ends_with("/pump-7.psk\"\n"), "{lines}");
    keys::read_psk(&psk).unwrap();
    folder.write("devices.toml", &lines);
    folder.run("check --key server.key --devices devices.toml --echo").success();
    let (code, shown, said) = run("show p.page").unwrap();
    assert_eq!((code, said.as_str()), (Some(0), ""));
    let address = "address: 10.0.2.2:7000";
    assert_eq!(
        shown,
        format!("id: pump\n{address}\ndevice public key: {key}\nserver: {server}\nmode: KKpsk0\n")
    );
    let right = (Some(0), "p.page: right\n".to_owned(), String::new());
    assert_eq!(run(&format!("check p.page --server {server}")).unwrap(), right);
    let other = folder.public("device.key");
    let (code, _, said) = run(&format!("check p.page server.key --server {other}")).unwrap();
    assert_eq!(code, Some(1));
    assert_eq!(
        said,
        "lowkey_page.py: p.page: key page: its server is another one\n\
         lowkey_page.py: server.key: key page: shorter than 344 bytes\n"
    );
    fs::set_permissions(folder.path("p.page"), fs::Permissions::from_mode(0o644)).unwrap();
    assert!(run("show p.page").unwrap().2.contains("others than its owner may use it"));
    let (code, help, _) = run("provision --help").unwrap();
    assert!(
        code == Some(0)
            && ["--server", "--key", "--psk-file", "Exit codes"].iter().all(|it| help.contains(it))
    );
}

/// The bytes of an array in C or in Rust.
fn bytes_of(text: &str) -> Vec<u8> {
    text.split("0x").skip(1).flat_map(|rest| unhex(&rest[..2])).collect()
}
