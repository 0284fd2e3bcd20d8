//! Key pages, and how devices come into a registry.

#![cfg(unix)]

mod batch;
mod published;

use lowkey_core::page::Page;
use lowkey_host::{Id, Identity, Mode, PublicKey, Registry};
use lowkey_registry::provision::{Format, Order, PskFile, Rotation, provision};
use lowkey_registry::{FileRegistry, keys};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use test_support::folder::{Bench, device, folder, mode, public, registry, secret};

#[test]
fn a_provisioned_device_has_a_page_and_a_place_in_the_registry_that_fit() {
    let bench = Bench::new();
    let psk = bench.path("pump-7.psk");
    let made = bench.provision(|order| order.psk = PskFile::New(&psk)).unwrap();
    assert_eq!(mode(&bench.path("page.bin")), 0o600);
    assert_eq!(mode(&psk), 0o600);
    let bytes = fs::read(bench.path("page.bin")).unwrap();
    let page = Page::read(&bytes).unwrap();
    let keys = page.load().unwrap();
    assert_eq!(bytes.len(), 344);
    assert_eq!(
        (page.address(), keys.identity().public_key(), *keys.id()),
        ("10.0.2.2:7000", made.key, made.id)
    );
    assert_eq!(keys.peer().public_key(), bench.server.public_key());
    assert!(keys.psk().is_some());
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
    let keys = page.load().unwrap();
    let limits = lowkey_host::Limits::default();
    let (near, far) = tokio::io::duplex(1000);
    let (device, server) = tokio::join!(
        lowkey_host::connect(near, lowkey_host::Pinning::of(&keys), &limits),
        acceptor.accept(far)
    );
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
    assert!(text.starts_with("# ours\n\n[[device]]\nname = \"pump-7\"\n"), "{text}");
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
    bench.fails("the name \"pump-7\" is in use already", |order| {
        order.page = &second;
    });
    bench.fails("the name is empty", |order| (order.page, order.name) = (&second, ""));
    bench.fails("the name holds U+000A", |order| (order.page, order.name) = (&second, "a\nb"));
    for address in ["nowhere", ":7000", "host:", "host:70000", "host:0"] {
        bench.fails("is no address; write it as host:port", |order| {
            new(order);
            (order.page, order.address) = (&second, address);
        });
    }
    bench.fails("\"010.0.2.2\" is no address: write four numbers", |order| {
        new(order);
        (order.page, order.address) = (&second, "010.0.2.2:7000");
    });
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
        order.registry = Some((&nowhere).into());
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
    bench.fails("devices.toml:1:1: the device \"a\" has no `key`", |order| {
        new(order);
        order.page = &second;
    });
    let unfinished = "# nobody\ndevice = [";
    fs::write(&bench.registry, unfinished).unwrap();
    bench.fails("devices.toml:2:11: ", |order| {
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
                    registry: Some((&bench.registry).into()),
                    rotation: Rotation::None,
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
    let key = keys::identity_text(&secret(1)).unwrap().expose().lines().last().unwrap().to_owned();
    let psk = keys::psk_text(&secret(1)).unwrap().expose().lines().last().unwrap().to_owned();
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
        silent(match registry(&folder, &text).1 {
            Err(error) => error,
            Ok(loaded) => format!("{:?}", loaded.left_out()),
        });
    }
    silent(keys::read_identity(Path::new(&key)).unwrap_err().to_string());
    silent(FileRegistry::load(&psk, &Identity::new(secret(1)).unwrap()).unwrap_err().to_string());
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
