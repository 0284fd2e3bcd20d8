//! Key files, PSK files, registries and key pages as people write and break them.

#![cfg(unix)]

mod common;

use lowkey_core::page::Page;
use lowkey_host::provision::{Format, Made, Order, ProvisionError, PskFile, provision};
use lowkey_host::{FileRegistry, Id, Identity, Mode, PublicKey, Registry, Secret, keys};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

fn secret(byte: u8) -> Secret<32> {
    Secret::new([byte; 32])
}

fn public(byte: u8) -> PublicKey {
    Identity::new(secret(byte)).public_key()
}

#[test]
fn a_key_file_is_its_owner_s_and_comes_back() {
    let folder = folder();
    let path = folder.path().join("server.key");
    let key = keys::write_identity(&path, &secret(1)).unwrap();
    assert_eq!(key, public(1));
    assert_eq!(mode(&path), 0o600);
    assert_eq!(keys::read_identity(&path).unwrap().public_key(), key);
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].starts_with("# created: 20") && lines[0].ends_with('Z'), "{}", lines[0]);
    assert_eq!(lines[1], format!("# public key: {}", keys::encode_public(&key)));
    assert!(lines[2].starts_with("LKSEC1"));
    assert_eq!(lines.len(), 3);
}

#[test]
fn a_psk_file_is_its_owner_s_and_comes_back() {
    let folder = folder();
    let path = folder.path().join("pump.psk");
    keys::write_psk(&path, &secret(1)).unwrap();
    assert_eq!(mode(&path), 0o600);
    assert!(fs::read_to_string(&path).unwrap().lines().last().unwrap().starts_with("LKPSK1"));
    keys::read_psk(&path).unwrap();
}

#[test]
fn no_key_file_is_overwritten() {
    let folder = folder();
    let path = folder.path().join("server.key");
    fs::write(&path, "precious").unwrap();
    let error = keys::write_identity(&path, &secret(1)).unwrap_err().to_string();
    assert_eq!(
        error,
        format!("{}: is there already and is not overwritten; choose another name", path.display())
    );
    assert!(keys::write_psk(&path, &secret(1)).is_err());
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
}

#[test]
fn a_key_file_that_others_may_use_is_refused_with_the_command_that_mends_it() {
    let folder = folder();
    for (name, mode, quoted) in
        [("a.key", 0o644, "a.key"), ("b.key", 0o604, "b.key"), ("it's c.key", 0o620, "it'\\''s c.key")]
    {
        let path = folder.path().join(name);
        keys::write_identity(&path, &secret(1)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let error = keys::read_identity(&path).unwrap_err().to_string();
        assert!(error.contains(&format!("(mode {mode:04o})")), "{error}");
        assert!(error.contains("mend that with: chmod 600 ") && error.contains(quoted), "{error}");
        let chmod = error.split_once("mend that with: ").unwrap().1;
        let status = std::process::Command::new("sh").arg("-c").arg(chmod).status().unwrap();
        assert!(status.success());
        keys::read_identity(&path).unwrap();
    }
}

#[test]
fn what_is_no_key_file_is_named_and_never_shown() {
    let folder = folder();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    };
    let key = keys::identity_text(&secret(1));
    let key = key.expose().lines().last().unwrap();
    let psk = keys::psk_text(&secret(1));
    let psk = psk.expose().lines().last().unwrap();
    let cases = [
        ("empty", String::new(), "not a Lowkey key; here belongs a private key (LKSEC1…)"),
        ("comments", "# only\n".into(), "not a Lowkey key; here belongs a private key (LKSEC1…)"),
        ("other", "AGE-SECRET-KEY-1QQQ".into(), "not a Lowkey key; here belongs a private key (LKSEC1…)"),
        ("binary", "\u{0}\u{1}".into(), "not a Lowkey key; here belongs a private key (LKSEC1…)"),
        ("two", format!("{key}\n{key}\n"), "not a Lowkey key; here belongs a private key (LKSEC1…)"),
        ("cut", key[..40].into(), "a private key (LKSEC1…) that is mistyped or cut off"),
        ("typo", key.replacen("LKSEC1", "LKSEC1Q", 1), "a private key (LKSEC1…) that is mistyped or cut off"),
        (
            "public",
            keys::encode_public(&public(1)),
            "this is a public key (lkpub1…); here belongs a private key (LKSEC1…)",
        ),
        ("psk", psk.into(), "this is a PSK (LKPSK1…); here belongs a private key (LKSEC1…)"),
    ];
    for (name, text, why) in cases {
        let path = write(name, &text);
        let error = keys::read_identity(&path).unwrap_err().to_string();
        assert_eq!(error, format!("{}: {why}", path.display()), "{name}");
    }
    let error = keys::read_psk(&write("key-as-psk", key)).unwrap_err().to_string();
    assert!(error.ends_with("this is a private key (LKSEC1…); here belongs a PSK (LKPSK1…)"), "{error}");
    let error = keys::read_identity(&folder.path().join("missing")).unwrap_err().to_string();
    assert!(error.contains("missing: No such file"), "{error}");
    fs::write(folder.path().join("latin"), [0xff, 0xfe]).unwrap();
    fs::set_permissions(folder.path().join("latin"), fs::Permissions::from_mode(0o600)).unwrap();
    assert!(keys::read_identity(&folder.path().join("latin")).is_err());
    // Blank lines, comments and lower case are all right.
    let kept = write("kept", &format!("\n# mine\n\n  {}  \n\n", key.to_lowercase()));
    assert_eq!(keys::read_identity(&kept).unwrap().public_key(), public(1));
}

/// A registry file beside whatever its `psk_file`s name.
fn registry(folder: &TempDir, text: &str) -> (PathBuf, Result<FileRegistry, String>) {
    let path = folder.path().join("devices.toml");
    fs::write(&path, text).unwrap();
    let loaded = FileRegistry::load(&path, &Identity::new(secret(1)));
    (path, loaded.map_err(|error| error.to_string()))
}

fn device(name: &str, byte: u8, more: &str) -> String {
    format!("[[device]]\nname = \"{name}\"\nkey = \"{}\"\n{more}\n", keys::encode_public(&public(byte)))
}

#[test]
fn a_registry_knows_its_devices_by_their_ids() {
    let folder = folder();
    keys::write_psk(&folder.path().join("c.psk"), &secret(9)).unwrap();
    let text = device("a", 2, "")
        + &device("b", 3, "id = \"bee\"")
        + &device("c", 4, "id = \"0x00ff\"\npsk_file = \"c.psk\"");
    let (path, loaded) = registry(&folder, &text);
    let loaded = loaded.unwrap();
    assert_eq!((loaded.path(), loaded.devices().len()), (&*path, 3));
    let a = loaded.lookup(&Id::of_pinning(&public(2), &public(1))).unwrap();
    assert_eq!((a.device().name(), a.key(), a.mode()), ("a", public(2), Mode::Kk));
    assert_eq!(loaded.lookup(&Id::new(b"bee").unwrap()).unwrap().device().name(), "b");
    let c = loaded.lookup(&Id::new(&[0, 255]).unwrap()).unwrap();
    assert_eq!((c.device().name(), c.mode()), ("c", Mode::KkPsk0));
    assert!(
        loaded.lookup(&Id::of_pinning(&public(3), &public(1))).is_none(),
        "an id of its own replaces the default"
    );
    assert!(registry(&folder, "# nobody yet\n").1.unwrap().devices().is_empty());
}

#[test]
fn a_registry_with_an_error_says_where_and_why_and_gives_nothing() {
    let folder = folder();
    let low_order = keys::encode_public(&PublicKey::new([0; 32]));
    let secret_key = keys::identity_text(&secret(5)).expose().lines().last().unwrap().to_owned();
    let default_id: String =
        Id::of_pinning(&public(2), &public(1)).as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let cases = [
        (device("a", 2, "") + &device("a", 3, ""), 5, "the name \"a\" is in use already".to_owned()),
        (
            device("a", 2, "") + &device("b", 2, ""),
            5,
            "the key is the one of \"a\"; a key belongs to one device".into(),
        ),
        (
            device("a", 2, "id = \"x\"") + &device("b", 3, "id = \"x\""),
            5,
            "the id is the one of \"a\"".into(),
        ),
        (
            device("a", 2, "") + &device("b", 3, &format!("id = \"0x{default_id}\"")),
            5,
            "the id is the one of \"a\"".into(),
        ),
        (device("a", 1, ""), 3, "the key is this server's own, not a device's".into()),
        (
            format!("[[device]]\nname = \"a\"\nkey = \"{low_order}\"\n"),
            1,
            "the key is of low order and protects nothing; make a new one".into(),
        ),
        (
            format!("[[device]]\nname = \"a\"\nkey = \"{secret_key}\"\n"),
            3,
            "`key`: this is a private key (LKSEC1…); here belongs a public key (lkpub1…)".into(),
        ),
        (
            "[[device]]\nname = \"a\"\nkey = \"lkpub1qqqq\"\n".into(),
            3,
            "`key`: a public key (lkpub1…) that is mistyped or cut off".into(),
        ),
        ("[[device]]\nname = \"a\"\n".into(), 1, "the device \"a\" has no `key`".into()),
        (device("a", 2, "") + "[[device]]\nkey = \"x\"\n", 5, "this device has no `name`".into()),
        ("[[device]]\nname = \"\"\nkey = \"x\"\n".into(), 2, "the name is empty".into()),
        (
            device("a", 2, "colour = \"red\""),
            4,
            "unknown field `colour`; a device has name, key, id and psk_file".into(),
        ),
        (device("a", 2, "id = 7"), 4, "`id` has to be text in quotes".into()),
        (
            device("a", 2, "id = \"0xabc\""),
            4,
            "`id` \"0xabc\" is neither text of 1 to 32 bytes nor 0x and hex of as many".into(),
        ),
        (
            device("a", 2, "id = \"\""),
            4,
            "`id` \"\" is neither text of 1 to 32 bytes nor 0x and hex of as many".into(),
        ),
        ("limit = 7\n".into(), 1, "unknown field `limit`; only [[device]] tables stand here".into()),
        ("[device]\nname = \"a\"\n".into(), 1, "devices are written as [[device]], with two brackets".into()),
        (
            device("a", 2, "psk_file = \"p\"") + &device("b", 3, "psk_file = \"p\""),
            8,
            "psk_file \"p\" is the one of \"a\"; make one for each".into(),
        ),
    ];
    for (text, line, why) in cases {
        let (path, loaded) = registry(&folder, &text);
        assert_eq!(loaded.unwrap_err(), format!("{}:{line}: {why}", path.display()), "{text}");
    }
    for (text, line) in
        [("[[device]]\nname = \"a\nkey\n", 2), ("[[device]]\n\n\nname\n", 4), ("x = = 1\n", 1)]
    {
        let (path, loaded) = registry(&folder, text);
        let error = loaded.unwrap_err();
        assert!(error.starts_with(&format!("{}:{line}: ", path.display())), "{error}");
    }
    let missing = FileRegistry::load(folder.path().join("missing.toml"), &Identity::new(secret(1)));
    assert!(missing.unwrap_err().to_string().contains("missing.toml: No such file"));
}

#[test]
fn a_registry_whose_psk_file_is_missing_or_exposed_gives_nothing() {
    let folder = folder();
    let text = device("a", 2, "") + &device("b", 3, "psk_file = \"b.psk\"");
    let (path, loaded) = registry(&folder, &text);
    let error = loaded.unwrap_err();
    assert!(error.starts_with(&format!("{}:5: psk_file (line 8): ", path.display())), "{error}");
    assert!(error.contains("b.psk: No such file"), "{error}");
    let psk = folder.path().join("b.psk");
    keys::write_psk(&psk, &secret(9)).unwrap();
    fs::set_permissions(&psk, fs::Permissions::from_mode(0o644)).unwrap();
    let error = registry(&folder, &text).1.unwrap_err();
    assert!(error.contains(&format!("chmod 600 {}", psk.display())), "{error}");
    fs::set_permissions(&psk, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(registry(&folder, &text).1.unwrap().devices().len(), 2);
}

struct Bench {
    folder: TempDir,
    server: Identity,
    page: PathBuf,
    registry: PathBuf,
}

impl Bench {
    fn new() -> Self {
        let folder = folder();
        let [page, registry] = ["page.bin", "devices.toml"].map(|name| folder.path().join(name));
        Self { folder, server: Identity::new(secret(1)), page, registry }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn provision<'a>(&'a self, change: impl FnOnce(&mut Order<'a>)) -> Result<Made, ProvisionError> {
        let mut order = Order {
            name: "pump-7",
            server: self.server.public_key(),
            id: None,
            address: "10.0.2.2:7000",
            page: &self.page,
            format: Format::Binary,
            psk: PskFile::None,
            registry: Some(&self.registry),
        };
        change(&mut order);
        provision(&order)
    }

    /// What is in the folder, and in the registry.
    fn state(&self) -> (usize, String) {
        (fs::read_dir(self.folder.path()).unwrap().count(), fs::read_to_string(&self.registry).unwrap())
    }

    fn fails<'a>(&'a self, why: &str, change: impl FnOnce(&mut Order<'a>)) {
        let before = self.state();
        let error = self.provision(change).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
        assert_eq!(self.state(), before, "{why}");
    }
}

#[test]
fn a_provisioned_device_has_a_page_and_a_place_in_the_registry_that_fit() {
    let bench = Bench::new();
    let psk = bench.path("pump-7.psk");
    let made = bench.provision(|order| order.psk = PskFile::New(&psk)).unwrap();
    assert_eq!(mode(&bench.path("page.bin")), 0o600);
    assert_eq!(mode(&psk), 0o600);
    let bytes = fs::read(bench.path("page.bin")).unwrap();
    let page = Page::read(&bytes).unwrap();
    assert_eq!(bytes.len(), 344);
    assert_eq!(
        (page.address(), page.identity().public_key(), *page.id()),
        ("10.0.2.2:7000", made.key, made.id)
    );
    assert_eq!(page.peer(&page.identity()).unwrap().public_key(), bench.server.public_key());
    assert!(page.psk().is_some());
    assert!(!page.hedge().ct_eq(&page.seed()));
    let registry = FileRegistry::load(bench.path("devices.toml"), &bench.server).unwrap();
    let device = registry.lookup(&made.id).unwrap();
    assert_eq!((device.device().name(), device.key(), device.mode()), ("pump-7", made.key, Mode::KkPsk0));
}

#[tokio::test]
async fn a_provisioned_device_connects() {
    let bench = Bench::new();
    let psk = bench.path("board.psk");
    keys::write_psk(&psk, &secret(8)).unwrap();
    let id = Id::new(b"\xff\x00").unwrap();
    let made = bench
        .provision(|order| {
            order.psk = PskFile::Existing(&psk);
            order.id = Some(id);
            order.name = "pump \"7\" \\ süd";
        })
        .unwrap();
    assert_eq!(made.id, id);
    let bytes = fs::read(bench.path("page.bin")).unwrap();
    let page = Page::read(&bytes).unwrap();
    let registry = FileRegistry::load(bench.path("devices.toml"), &bench.server).unwrap();
    let acceptor =
        lowkey_host::Acceptor::new(bench.server, registry, lowkey_host::Limits::default()).unwrap();
    let (identity, psk) = (page.identity(), page.psk());
    let peer = page.peer(&identity).unwrap();
    let pinning =
        lowkey_host::Pinning { id: *page.id(), identity: &identity, peer: &peer, psk: psk.as_ref() };
    let limits = lowkey_host::Limits::default();
    let (near, far) = tokio::io::duplex(1000);
    let (device, server) = tokio::join!(lowkey_host::connect(near, pinning, &limits), acceptor.accept(far));
    device.unwrap();
    assert_eq!(server.unwrap().device().unwrap().name(), "pump \"7\" \\ süd");
}

#[test]
fn provisioning_adds_to_a_registry_and_leaves_what_is_there() {
    let bench = Bench::new();
    fs::write(bench.path("devices.toml"), "# ours").unwrap();
    bench.provision(|_| ()).unwrap();
    let second = bench.path("second.bin");
    bench
        .provision(|order| {
            order.name = "pump-8";
            order.page = &second;
            order.id = Id::new(b"eight");
        })
        .unwrap();
    let text = fs::read_to_string(bench.path("devices.toml")).unwrap();
    assert!(text.starts_with("# ours\n[[device]]\nname = \"pump-7\"\n"), "{text}");
    assert!(text.contains("\n\n[[device]]\nname = \"pump-8\"\nid = \"eight\"\n"), "{text}");
    assert_eq!(FileRegistry::load(bench.path("devices.toml"), &bench.server).unwrap().devices().len(), 2);
}

#[test]
fn provisioning_that_fails_leaves_nothing_behind() {
    let bench = Bench::new();
    bench.provision(|_| ()).unwrap();
    bench.fails("page.bin: is there already and is not overwritten", |order| order.name = "pump-8");

    let (second, psk) = (bench.path("second.bin"), bench.path("second.psk"));
    let nowhere = bench.path("no/such/devices.toml");
    let long = format!("{}:7000", "h".repeat(60));
    let new = |order: &mut Order<'_>| order.name = "pump-8";
    bench.fails("the name \"pump-7\" is in use already", |order| order.page = &second);
    bench.fails("the device's name is empty", |order| (order.page, order.name) = (&second, ""));
    bench.fails("control characters", |order| (order.page, order.name) = (&second, "a\nb"));
    for address in ["nowhere", ":7000", "host:", "host:70000", "host:0"] {
        bench.fails("is no address; write it as host:port", |order| {
            new(order);
            (order.page, order.address) = (&second, address);
        });
    }
    bench.fails("longer than 64 bytes", |order| {
        new(order);
        (order.page, order.address) = (&second, &long);
    });
    bench.fails("low order", |order| {
        new(order);
        (order.page, order.server) = (&second, PublicKey::new([0; 32]));
    });
    bench.fails("is there already", |order| {
        new(order);
        (order.page, order.psk) = (&second, PskFile::New(&bench.page));
    });
    bench.fails("second.psk: No such file", |order| {
        new(order);
        (order.page, order.psk) = (&second, PskFile::Existing(&psk));
    });
    bench.fails("devices.toml: No such file", |order| {
        new(order);
        order.page = &second;
        order.registry = Some(&nowhere);
    });
}

#[test]
fn pages_as_c_and_as_rust_hold_the_same_bytes() {
    let bench = Bench::new();
    for (format, name) in [(Format::C, "page.c"), (Format::Rust, "page.rs")] {
        let path = bench.path(name);
        bench
            .provision(|order| {
                order.name = name;
                order.page = &path;
                order.format = format;
                order.registry = None;
            })
            .unwrap();
        assert_eq!(mode(&path), 0o600);
        let text = fs::read_to_string(&path).unwrap();
        let bytes: Vec<u8> =
            text.split("0x").skip(1).map(|rest| u8::from_str_radix(&rest[..2], 16).unwrap()).collect();
        Page::read(&bytes).unwrap();
        assert!(text.contains("[344]") || text.contains("[u8; 344]"), "{text}");
    }
}

#[test]
fn a_registry_gives_nothing_when_two_devices_have_one_psk_under_two_names() {
    let folder = folder();
    for name in ["a.psk", "b.psk"] {
        keys::write_psk(&folder.path().join(name), &secret(9)).unwrap();
    }
    let text = device("a", 2, "psk_file = \"a.psk\"") + &device("b", 3, "psk_file = \"b.psk\"");
    let (path, loaded) = registry(&folder, &text);
    let why = "psk_file (line 8): holds the PSK of \"a\"; make one for each";
    assert_eq!(loaded.unwrap_err(), format!("{}:5: {why}", path.display()));
}

#[test]
fn provisioning_adds_nothing_that_the_server_would_not_load() {
    let bench = Bench::new();
    let [psk, copy, second] = ["a.psk", "copy.psk", "second.bin"].map(|name| bench.path(name));
    keys::write_psk(&psk, &secret(8)).unwrap();
    fs::copy(&psk, &copy).unwrap();
    bench.provision(|order| order.psk = PskFile::Existing(&psk)).unwrap();
    let new = |order: &mut Order<'_>| order.name = "pump-8";
    bench.fails("psk_file \"a.psk\" is the one of \"pump-7\"; make one for each", |order| {
        new(order);
        (order.page, order.psk) = (&second, PskFile::Existing(&psk));
    });
    bench.fails("holds the PSK of \"pump-7\"; make one for each", |order| {
        new(order);
        (order.page, order.psk) = (&second, PskFile::Existing(&copy));
    });
    fs::write(&bench.registry, "[[device]]\nname = \"a\"\n").unwrap();
    bench.fails("devices.toml:1: the device \"a\" has no `key`", |order| {
        new(order);
        order.page = &second;
    });
    let unfinished = "# nobody\ndevice = [";
    fs::write(&bench.registry, unfinished).unwrap();
    bench.fails("devices.toml:2: ", |order| {
        new(order);
        order.page = &second;
    });
}

#[test]
fn a_registry_is_replaced_at_once_behind_its_link_and_keeps_its_mode() {
    let bench = Bench::new();
    let real = bench.path("real.toml");
    fs::write(&real, "# ours\n").unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("real.toml", &bench.registry).unwrap();
    let before = fs::metadata(&real).unwrap().ino();
    bench.provision(|_| ()).unwrap();
    assert!(fs::symlink_metadata(&bench.registry).unwrap().is_symlink());
    assert_ne!(fs::metadata(&real).unwrap().ino(), before, "written in place: a full disk would cut it off");
    assert_eq!(mode(&real), 0o640);
    assert!(fs::read_to_string(&real).unwrap().starts_with("# ours\n\n[[device]]"));
    assert_eq!(fs::read_dir(bench.folder.path()).unwrap().count(), 3, "page, registry and its link");
}

#[test]
fn provisioning_side_by_side_loses_no_device() {
    let bench = Bench::new();
    std::thread::scope(|scope| {
        for n in 0..8 {
            let bench = &bench;
            scope.spawn(move || {
                let (name, page) = (format!("pump-{n}"), bench.path(&format!("{n}.bin")));
                let order = Order {
                    name: &name,
                    server: public(1),
                    id: None,
                    address: "",
                    page: &page,
                    format: Format::Binary,
                    psk: PskFile::None,
                    registry: Some(&bench.registry),
                };
                provision(&order).unwrap();
            });
        }
    });
    assert_eq!(FileRegistry::load(&bench.registry, &bench.server).unwrap().devices().len(), 8);
}

#[test]
fn a_new_registry_is_0644_and_one_that_others_may_change_is_refused() {
    let bench = Bench::new();
    bench.provision(|_| ()).unwrap();
    assert_eq!(mode(&bench.registry), 0o644);
    for wrong in [0o664, 0o646] {
        fs::set_permissions(&bench.registry, fs::Permissions::from_mode(wrong)).unwrap();
        let why =
            format!("others than its owner may change it (mode {wrong:04o}); mend that with: chmod go-w ");
        let error = FileRegistry::load(&bench.registry, &bench.server).unwrap_err().to_string();
        assert!(error.contains(&why), "{error}");
        let second = bench.path("second.bin");
        bench.fails(&why, |order| (order.page, order.name) = (&second, "pump-8"));
    }
}

#[test]
fn a_key_file_that_is_no_file_is_refused_without_advice_to_change_its_mode() {
    let folder = folder();
    for path in [folder.path(), Path::new("/dev/null")] {
        let error = keys::read_identity(path).unwrap_err().to_string();
        assert_eq!(error, format!("{}: is no regular file; here belongs a key file", path.display()));
    }
}

#[test]
fn a_key_file_of_another_user_is_refused() {
    let folder = folder();
    let path = folder.path().join("server.key");
    keys::write_identity(&path, &secret(1)).unwrap();
    if std::os::unix::fs::chown(&path, Some(4711), None).is_err() {
        return; // only root can give files away, and only root can read what it gave away
    }
    let error = keys::read_identity(&path).unwrap_err().to_string();
    assert!(error.contains("belongs to user 4711, who could change it"), "{error}");
}

#[test]
fn names_with_control_characters_reach_no_log() {
    let folder = folder();
    let name = "a\u{1b}[2Jb";
    let error = lowkey_host::Device::new(name).unwrap_err();
    assert_eq!(error, lowkey_host::DeviceError::Name);
    let (path, loaded) = registry(&folder, &device("a\\u001b[2Jb", 2, ""));
    let why = "the name holds control characters";
    assert_eq!(loaded.unwrap_err(), format!("{}:2: {why}", path.display()));
}

#[test]
fn a_psk_file_whose_name_no_registry_can_hold_is_an_error() {
    use std::os::unix::ffi::OsStrExt;
    let bench = Bench::new();
    fs::write(&bench.registry, "").unwrap();
    let psk = bench.folder.path().join(std::ffi::OsStr::from_bytes(b"\xff.psk"));
    bench.fails("its name is not UTF-8", |order| order.psk = PskFile::New(&psk));
}

#[test]
fn a_page_as_text_has_room_for_a_long_name() {
    let bench = Bench::new();
    let name = "*/".repeat(2000);
    bench.provision(|order| (order.name, order.format) = (&name, Format::C)).unwrap();
    let text = fs::read_to_string(&bench.page).unwrap();
    assert!(text.ends_with("};\n") && text.matches("*/").count() == 1);
}

#[test]
fn secrets_in_the_wrong_place_are_not_repeated() {
    let folder = folder();
    let key = keys::identity_text(&secret(1)).expose().lines().last().unwrap().to_owned();
    let psk = keys::psk_text(&secret(1)).expose().lines().last().unwrap().to_owned();
    let silent = |error: String| {
        assert!(!error.contains(&key[12..]) && !error.contains(&psk[12..]), "{error}");
        assert!(!error.contains(&key[12..].to_lowercase()), "{error}");
    };
    for text in [
        device("a", 2, &format!("psk_file = \"{psk}\"")),
        device("a", 2, &format!("id = \"{key}\"")),
        device("a", 2, &format!("{key} = \"x\"")),
        format!("{key} = 1\n"),
        format!("[[device]]\nname = \"{key}\"\n"),
        format!("[[device]]\nname = \"{}\"\n", key.to_lowercase()),
    ] {
        silent(registry(&folder, &text).1.unwrap_err());
    }
    silent(keys::read_identity(Path::new(&key)).unwrap_err().to_string());
    silent(FileRegistry::load(&psk, &Identity::new(secret(1))).unwrap_err().to_string());
    let bench = Bench::new();
    fs::write(&bench.registry, "").unwrap();
    for change in [
        (|order, key| order.address = key) as for<'a> fn(&mut Order<'a>, &'a str),
        |order, key| order.name = key,
        |order, key| order.psk = PskFile::Existing(Path::new(key)),
    ] {
        silent(bench.provision(|order| change(order, &key)).unwrap_err().to_string());
    }
}

#[test]
fn a_lock_that_somebody_left_behind_is_named_and_not_broken() {
    let bench = Bench::new();
    fs::write(&bench.registry, "").unwrap();
    let lock = bench.path("devices.toml.lock");
    fs::write(&lock, "").unwrap();
    let why = format!("somebody else is adding to it; if nobody is, delete {}", lock.display());
    bench.fails(&why, |_| ());
}
