//! Registries that Python adds to: with the same result as the command, whatever stands in them and whoever else does.

use super::{Python, interpreter, tools};
use crate::common::Folder;
use lowkey_core::Secret;
use lowkey_core::page::Fields;
use lowkey_registry::keys;
use rustix::fs::{FlockOperation, XattrFlags, flock, getxattr, setxattr};
use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

/// Adds a device to the same registry by the command and in Python. Gives their exit codes and what both say.
fn added(folder: &Folder, python: &mut Python, server: &str, text: &[u8]) -> [(i64, String); 2] {
    for name in ["rust.toml", "python.toml"] {
        fs::write(folder.path(name), text).unwrap();
    }
    let order = format!("provision --name pump --server {server} --registry");
    let output = folder.command(&format!("{order} rust.toml -o rust.page --no-wait")).output().unwrap();
    let rust = (output.status.code().unwrap().into(), String::from_utf8(output.stderr).unwrap());
    // Of the same key, so that the text is the same to the last byte.
    if let Ok(page) = fs::read(folder.path("rust.page")) {
        let key = Secret::new(*Fields::read(&page).unwrap().private_key);
        let _ = fs::remove_file(folder.path("pump.key")); // of an earlier one
        keys::write_identity(&folder.path("pump.key"), &key).unwrap();
    }
    let python = python.run(&format!("{order} python.toml -o python.page --key pump.key"));
    for page in ["rust.page", "python.page"] {
        let _ = fs::remove_file(folder.path(page)); // it was refused
    }
    assert!(!folder.path("python.toml.lock").exists() && !folder.path("python.toml.new").exists());
    [rust, python]
}

#[test]
fn a_registry_is_the_same_to_the_last_byte_whether_python_or_the_command_added_to_it() {
    let folder = Folder::new();
    let Some(mut python) = Python::within(&folder) else { return };
    let server = folder.public("server.key");
    let desk = folder.read("devices.toml");
    let key = folder.public("device.key");
    folder.run("keygen -o other.key").success();
    let pinnings = format!(
        "[[device.pinning]]\nkey = \"{key}\"\nexpires = 2099-01-01T00:00:00+02:00\n[[device.pinning]]\n\
         id = \"0xff\"\nkey = \"{}\"\npsk_file = \"none.psk\"\n",
        folder.public("other.key")
    );
    let code = "code = \"43dd204498165944\"";
    for text in [
        String::new(),
        " \n\t".into(),
        "# ours".into(),
        "\u{feff}# ours\n".into(),
        desk.clone(),
        desk.trim_end().into(),
        format!("\u{feff}server = '{server}'\n\n{desk}# the end\n\n\n"),
        format!("{}labels = {{ \"a b\" = \"ü\" }} # north\r\n", desk.replace('\n', "\r\n")),
        format!("{desk}labels.site = '''x'''"),
        format!("{desk}{code}\npending = true\n"),
        format!("{desk}{code}\npending = false\n"),
        format!("[[device]]\nname = \"desk\"\n{pinnings}[device.labels]\nx = \"y\"\n"),
    ] {
        let [rust, python] = added(&folder, &mut python, &server, text.as_bytes());
        assert_eq!((rust.0, python.0), (0, 0), "{text}: {rust:?} {python:?}");
        assert_eq!(folder.read("python.toml"), folder.read("rust.toml"), "{text}");
    }
}

#[test]
fn a_registry_that_a_server_would_not_load_is_left_as_it_is() {
    let folder = Folder::new();
    let Some(mut python) = Python::within(&folder) else { return };
    folder.run("keygen -o pump.key").success();
    let desk = folder.read("devices.toml");
    let [server, key] = ["server.key", "device.key"].map(|file| folder.public(file));
    folder.run("keygen -o other.key").success();
    let other = folder.public("other.key");
    let code = "code = \"43dd204498165944\"";
    let zeros = keys::encode_public(&lowkey_host::PublicKey::new([0; 32]));
    let again = |fields: &str| format!("{desk}[[device]]\nname = \"b\"\n{fields}\n");
    let pinning = format!("[[device.pinning]]\nkey = \"{key}\"\n");
    for text in [
        format!("server = \"{key}\"\n{desk}"),
        "server = 7\n".into(),
        "servers = \"x\"\n".into(),
        "device = 7\n".into(),
        "[device]\nname = \"x\"\n".into(),
        desk.replace("desk", "pump"),
        desk.replace("desk", " desk"),
        desk.replace("desk", "de\\u200bsk"),
        desk.replace("name = \"desk\"\n", ""),
        desk.replace("\"desk\"", "7"),
        desk.replace(&key, &key[..60]),
        desk.replace(&key, &server),
        desk.replace(&key, &zeros),
        "[[device]]\nname = \"desk\"\n".into(),
        format!("{desk}id = \"\"\n"),
        format!("{desk}id = \"0x0\"\n"),
        format!("{desk}id = 7\n"),
        format!("{desk}expires = \"2099-01-01T00:00:00Z\"\n"),
        format!("{desk}expires = 2099-01-01T00:00:00\n"),
        format!("{desk}expires = 2099-01-01\n"),
        format!("{desk}labels = \"x\"\n"),
        format!("{desk}labels = {{ x = 7 }}\n"),
        format!("{desk}labels = {{ \"\" = \"x\" }}\n"),
        format!("{desk}labels = {{ \"x\" = \"\\u202e\" }}\n"),
        format!("{desk}colour = \"red\"\n"),
        format!("{desk}code = 7\n"),
        format!("{desk}code = \"43DD204498165944\"\n"),
        format!("{desk}pending = true\n"),
        format!("{desk}{code}\npending = \"yes\"\n"),
        format!(
            "{desk}{code}\n{}{code}\n",
            again("").replace(&desk, "").replace("\n\n", &format!("\nkey = \"{other}\"\n"))
        ),
        format!("{desk}{pinning}"),
        format!("[[device]]\nname = \"b\"\n{}", pinning.repeat(2)),
        format!("[[device]]\nname = \"b\"\n{}", pinning.repeat(3)),
        "[[device]]\nname = \"b\"\npinning = []\n".into(),
        "[[device]]\nname = \"b\"\npinning = [7]\n".into(),
        again(&format!("key = \"{key}\"")),
        again("").replacen("desk", "b", 1),
        format!("{desk}key = \"x\"\n"),
        format!("{desk}labels = {{"),
        "\u{0}".into(),
    ] {
        let [rust, python] = added(&folder, &mut python, &server, text.as_bytes());
        assert_eq!((rust.0, python.0), (1, 1), "{text}: {rust:?} {python:?}");
        assert_eq!(folder.read("python.toml"), text);
        assert!(python.1.starts_with("lowkey_page.py: python.toml: "), "{python:?}");
    }
    for bytes in [&b"# \xff\n"[..], b"\xff\xfe#\0\n\0"] {
        let [rust, python] = added(&folder, &mut python, &server, bytes);
        assert_eq!((rust.0, python.0), (1, 1), "{bytes:?}: {rust:?} {python:?}");
        assert_eq!(fs::read(folder.path("python.toml")).unwrap(), bytes);
    }
    // What only Rust can do.
    let braces = format!("device = [{{ name = \"desk\", key = \"{key}\" }}]\n");
    let [rust, python] = added(&folder, &mut python, &server, braces.as_bytes());
    assert_eq!((rust.0, python.0), (0, 1), "{rust:?} {python:?}");
    assert!(python.1.contains("to which only `lowkey provision` and people add"), "{python:?}");
}

#[test]
fn what_another_device_has_already_is_refused_in_the_same_words() {
    let folder = Folder::new();
    let Some(mut python) = Python::within(&folder) else { return };
    folder.run("keygen --psk -o shared.psk").success();
    let text = folder.read("devices.toml") + "psk_file = \"shared.psk\"\nid = \"desk's\"\n";
    folder.write("devices.toml", &text);
    fs::copy(folder.path("shared.psk"), folder.path("copy.psk")).unwrap();
    let order =
        format!("provision --server {} --registry devices.toml -o x.page", folder.public("server.key"));
    for (more, why) in [
        ("--name desk", "the name \"desk\" is in use already"),
        ("--name x --id desk's", "the id is the one of \"desk\""),
        (
            "--name x --psk-file shared.psk",
            "psk_file \"shared.psk\" is the one of \"desk\"; make one for each",
        ),
        ("--name x --psk-file copy.psk", "psk_file: holds the PSK of \"desk\"; make one for each"),
    ] {
        let said = format!("devices.toml: {why}\n");
        assert_eq!(python.run(&format!("{order} {more}")), (1, format!("lowkey_page.py: {said}")));
        folder.run(&format!("{order} {more} --no-wait")).code(1).stderr(format!("lowkey: {said}"));
    }
    let given = python.run(&format!("{order} --name x --key device.key"));
    assert_eq!(
        given.1,
        "lowkey_page.py: devices.toml: the key is the one of \"desk\"; a key belongs to one device\n"
    );
    let own = python.run(&format!("{order} --name x --key server.key"));
    assert_eq!(own, (1, "lowkey_page.py: the peer's static key is our own\n".into()));
    assert_eq!(folder.read("devices.toml"), text);
    assert!(!folder.path("x.page").exists());
}

#[test]
fn a_registry_that_others_may_change_or_that_is_none_is_refused() {
    let folder = Folder::new();
    let Some(mut python) = Python::within(&folder) else { return };
    let server = folder.public("server.key");
    fs::set_permissions(folder.path("devices.toml"), fs::Permissions::from_mode(0o664)).unwrap();
    fs::create_dir(folder.path("folder")).unwrap();
    let order = format!("provision --name x --server {server} -o x.page");
    for (registry, code, why) in [
        (
            "devices.toml",
            1,
            "others than its owner may change it (mode 0664); mend that with: chmod go-w devices.toml",
        ),
        ("folder", 1, "is no regular file; here belongs a registry"),
        ("no/such.toml", 1, "No such file or directory"),
        ("-", 2, "is not taken for one"),
    ] {
        let (found, said) = python.run(&format!("{order} --registry {registry}"));
        assert!(found == code && said.contains(why), "{registry}: {found} {said}");
        assert!(!folder.path("x.page").exists());
        folder.run(&format!("{order} --registry {registry} --no-wait")).code(code as i32);
    }
}

#[test]
fn python_waits_for_whoever_else_changes_the_registry() {
    let folder = Folder::new();
    let Some(mut python) = interpreter(&folder) else { return };
    let lock = File::create(folder.path("devices.toml.lock")).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    let order = format!("provision --name pump --server {} -o x.page", folder.public("server.key"));
    let program = python.arg(tools().join("lowkey_page.py")).args(order.split(' '));
    let child = program.args(["--registry", "devices.toml"]).stderr(Stdio::piped()).spawn().unwrap();
    // Long enough for one that does not wait to have been wrong, most times; one that waits is right at all times.
    sleep(Duration::from_millis(500));
    let meanwhile = folder.read("devices.toml") + "labels = { changed = \"meanwhile\" }\n";
    folder.write("devices.toml", &meanwhile);
    fs::remove_file(folder.path("devices.toml.lock")).unwrap();
    drop(lock);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(folder.read("devices.toml").starts_with(&format!("{meanwhile}\n[[device]]\nname = \"pump\"\n")));
    assert!(!folder.path("devices.toml.lock").exists());
}

#[test]
fn a_registry_that_python_cannot_write_whole_is_as_it_was() {
    let folder = Folder::new();
    let Some(python) = interpreter(&folder) else { return };
    // Just short of the 4 blocks of 512 bytes that a file may have here: a table would be cut off.
    let table = folder.read("devices.toml");
    let before = format!("{}\n{table}", "#".repeat(2000 - table.len()));
    folder.write("devices.toml", &before);
    let order = format!("provision --name x --server {} --psk -o x.page", folder.public("server.key"));
    let run = format!("ulimit -f 4; exec \"$0\" \"$1\" {order} --registry devices.toml");
    let mut shell = folder.program("sh");
    shell.env("PYTHONDONTWRITEBYTECODE", "1");
    let output =
        shell.args(["-c", &run]).arg(python.get_program()).arg(tools().join("lowkey_page.py")).output();
    let said = String::from_utf8(output.unwrap().stderr).unwrap();
    assert_eq!(said, "lowkey_page.py: devices.toml: File too large\n");
    assert_eq!(folder.read("devices.toml"), before);
    assert_eq!(fs::read_dir(folder.path(".")).unwrap().count(), 3, "two keys and the registry");
}

#[test]
fn a_registry_keeps_its_owner_mode_and_attributes_and_hands_its_psk_to_who_reads_it() {
    let folder = Folder::new();
    let Some(mut python) = Python::within(&folder) else { return };
    let server = folder.public("server.key");
    fs::create_dir(folder.path("etc")).unwrap();
    let registry = folder.path("etc/devices.toml");
    fs::rename(folder.path("devices.toml"), &registry).unwrap();
    symlink("etc/devices.toml", folder.path("devices.toml")).unwrap();
    fs::set_permissions(&registry, fs::Permissions::from_mode(0o640)).unwrap();
    let is_root = chown(&registry, Some(0), Some(54321)).is_ok();
    let has_attributes = setxattr(&registry, "user.site", b"north", XattrFlags::empty()).is_ok();
    let before = fs::metadata(&registry).unwrap();
    let order = format!("provision --server {server} --psk --registry devices.toml");
    let (code, said) = python.run(&format!("{order} --name by-group -o by-group.page"));
    assert_eq!(code, 0, "{said}");
    let after = fs::metadata(&registry).unwrap();
    assert_eq!((before.uid(), before.gid(), before.mode()), (after.uid(), after.gid(), after.mode()));
    assert!(fs::symlink_metadata(folder.path("devices.toml")).unwrap().is_symlink());
    if has_attributes {
        let mut value = [0; 16];
        let len = getxattr(&registry, "user.site", &mut value[..]).unwrap();
        assert_eq!(&value[..len], b"north");
    }
    if !is_root {
        return;
    }
    let of = |file: &str| {
        let file = fs::metadata(folder.path(file)).unwrap();
        (file.uid(), file.gid(), file.mode() & 0o7777)
    };
    assert_eq!(of("by-group.psk"), (0, 54321, 0o640));
    assert_eq!(of("by-group.page"), of("server.key"), "the page is not the server's");
    chown(&registry, Some(12345), Some(54321)).unwrap();
    let (code, said) = python.run(&format!("{order} --name by-owner -o by-owner.page"));
    assert_eq!(code, 0, "{said}");
    assert_eq!(of("by-owner.psk"), (12345, 54321, 0o600));
    assert_eq!(of("etc/devices.toml"), (12345, 54321, 0o640));
}
