//! Registry files as people write and break them.

use lowkey_host::{Device, DeviceError, Id, Identity, Mode, PublicKey, Registry};
use lowkey_registry::rotation::{Which, revoke};
use lowkey_registry::{FileRegistry, LiveRegistry, keys};
use std::fs;
use test_support::folder::{device, folder, public, registry, secret};

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
    let secret_key = keys::identity_text(&secret(5)).unwrap().expose().lines().last().unwrap().to_owned();
    let default_id: String =
        Id::of_pinning(&public(2), &public(1)).as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let long = |pinnings: &str| format!("[[device]]\nname = \"a\"\n{pinnings}");
    let pinning = |byte: u8, more: &str| {
        format!("[[device.pinning]]\nkey = \"{}\"\n{more}\n", keys::encode_public(&public(byte)))
    };
    let moment = "write it as 2026-12-31T00:00:00Z, which is UTC, or with an offset such as +02:00";
    let id = "is neither text of 1 to 32 bytes nor 0x and hex of as many";
    let fields = "here stand name, labels, key, id, psk_file, expires, code, pending and pinning";
    #[rustfmt::skip]
    let cases = [
        (device("a", 2, "") + &device("a", 3, ""), "6:1", "the name \"a\" is in use already".to_owned()),
        (device("a", 2, "") + &device("b", 2, ""), "7:1", "the key is the one of \"a\"; a key belongs to one device".into()),
        (device("a", 2, "id = \"x\"") + &device("b", 3, "id = \"x\""), "8:1", "the id is the one of \"a\"".into()),
        (device("a", 2, "") + &device("b", 3, &format!("id = \"0x{default_id}\"")), "8:1", "the id is the one of \"a\"".into()),
        (device("a", 1, ""), "3:1", "the key is this server's own, not a device's".into()),
        (format!("[[device]]\nname = \"a\"\nkey = \"{low_order}\"\n"), "3:1", "the key is of low order and protects nothing; make a new one".into()),
        (format!("[[device]]\nname = \"a\"\nkey = \"{secret_key}\"\n"), "3:1", "`key`: this is a private key (LKSEC1…); here belongs a public key (lkpub1…)".into()),
        ("[[device]]\nname = \"a\"\nkey = \"lkpub1qqqq\"\n".into(), "3:1", "`key`: a public key (lkpub1…) that is mistyped or cut off".into()),
        ("[[device]]\nname = \"a\"\n".into(), "1:1", "the device \"a\" has no `key`".into()),
        (device("a", 2, "") + "[[device]]\nkey = \"x\"\n", "5:1", "this device has no `name`".into()),
        ("[[device]]\nname = \"\"\nkey = \"x\"\n".into(), "2:1", "the name is empty, or begins or ends with white space".into()),
        (device("a", 2, "  colour = \"red\""), "4:3", format!("unknown field `colour`; {fields}")),
        (device("a", 2, "id = 7"), "4:1", "`id` has to be text in quotes".into()),
        (device("a", 2, "id = \"0xabc\""), "4:1", format!("`id` \"0xabc\" {id}")),
        (device("a", 2, "id = \"\""), "4:1", format!("`id` \"\" {id}")),
        ("limit = 7\n".into(), "1:1", "unknown field `limit`; only `server` and [[device]] tables stand here".into()),
        (device("a", 2, "") + "\n[servers]\n", "6:2", "unknown field `servers`; only `server` and [[device]] tables stand here".into()),
        ("[device]\nname = \"a\"\n".into(), "1:2", "devices are written as [[device]], with two brackets".into()),
        ("device = [7]\n".into(), "1:11", "a device is a table: write [[device]] and its fields below".into()),
        (device("a", 2, "psk_file = \"p\"") + &device("b", 3, "psk_file = \"p\""), "8:1", "psk_file \"p\" is the one of \"a\"; make one for each".into()),
        (device("a", 2, "labels = \"north\""), "4:10", "labels are a table of texts: labels = { site = \"north\" }".into()),
        (device("a", 2, "labels = { site = 7 }"), "4:12", "`site` has to be text in quotes".into()),
        (device("a", 2, "labels = { \"\" = \"x\" }"), "4:12", "a label has no name".into()),
        (device("a", 2, "labels = { x = \"\\u0007\" }"), "4:12", "a label or what it says holds U+0007, which cannot be seen or steers terminals; write it without".into()),
        (device("a", 2, "expires = 2026-12-31T00:00:00"), "4:1", format!("`expires` has no offset, and no server knows where it was written; {moment}")),
        (device("a", 2, "expires = 2026-12-31"), "4:1", format!("`expires` needs a date, a time and an offset; {moment}")),
        (device("a", 2, "expires = 00:00:00"), "4:1", format!("`expires` needs a date, a time and an offset; {moment}")),
        (device("a", 2, "expires = \"2026-12-31T00:00:00Z\""), "4:1", format!("`expires` stands without quotes; {moment}")),
        (device("a", 2, "expires = 7"), "4:1", format!("`expires` has to be a moment; {moment}")),
        (device("a", 2, &pinning(3, "")), "3:1", "`key` belongs into one of the [[device.pinning]] tables that \"a\" has".into()),
        (long("expires = 2026-12-31T00:00:00Z\n") + &pinning(3, ""), "3:1", "`expires` belongs into one of the [[device.pinning]] tables that \"a\" has".into()),
        (long("[device.pinning]\n"), "3:9", "pinnings are written as [[device.pinning]], with two brackets".into()),
        (long("pinning = []\n"), "3:1", "the device \"a\" has 0 pinnings; one, or two while its key rotates".into()),
        (long("pinning = [7]\n"), "3:12", "a pinning is a table: write [[device.pinning]] and its fields below".into()),
        (long(&(pinning(2, "") + &pinning(3, "") + &pinning(4, ""))), "9:1", "the device \"a\" has 3 pinnings; one, or two while its key rotates".into()),
        (long("[[device.pinning]]\nid = \"x\"\n"), "3:1", "this pinning of \"a\" has no `key`".into()),
        (long(&pinning(2, "name = \"b\"")), "5:1", "unknown field `name`; here stand key, id, psk_file, expires, code and pending; the others stand in [[device]]".into()),
        (long(&(pinning(2, "") + &pinning(2, "id = \"x\""))), "7:1", "its two pinnings have the same id or the same key".into()),
        (long(&(pinning(2, "id = \"x\"") + &pinning(3, "id = \"x\""))), "7:1", "its two pinnings have the same id or the same key".into()),
        (device("b", 3, "") + &long(&(pinning(2, "") + &pinning(3, ""))), "11:1", "the key is the one of \"b\"; a key belongs to one device".into()),
    ];
    for (text, place, why) in cases {
        let (path, loaded) = registry(&folder, &text);
        assert_eq!(loaded.unwrap_err(), format!("{}:{place}: {why}", path.display()), "{text}");
    }
    for (text, place) in [
        ("[[device]]\nname = \"a\nkey\n", "2:10"),
        ("[[device]]\n\n\nname\n", "4:5"),
        ("x = = 1\n", "1:5"),
        ("[[device]]\nname = \"ä\" ü\n", "2:12"),
    ] {
        let (path, loaded) = registry(&folder, text);
        let error = loaded.unwrap_err();
        assert!(error.starts_with(&format!("{}:{place}: ", path.display())), "{error}");
    }
    let missing = FileRegistry::load(folder.path().join("missing.toml"), &Identity::new(secret(1)).unwrap());
    assert!(missing.unwrap_err().to_string().contains("missing.toml: No such file"));
}

#[test]
fn a_registry_that_names_another_server_is_not_loaded_and_both_keys_are_said() {
    let folder = folder();
    let [ours, other] = [1, 8].map(|byte| keys::encode_public(&public(byte)));
    let devices = device("a", 2, "") + &device("b", 3, "");
    for named in [ours.clone(), ours.to_uppercase()] {
        for text in [format!("# ours\nserver = \"{named}\"\n\n{devices}"), format!("server = '{named}'\n")] {
            let loaded = registry(&folder, &text).1.unwrap();
            assert_eq!(loaded.devices().len(), if text.contains("device") { 2 } else { 0 }, "{text}");
        }
    }
    let cases = [
        (
            format!("# theirs\n  server = \"{other}\"\n{devices}"),
            "2:3",
            format!(
                "this registry is for the server {other}, and not for {ours}; give each server a registry of its \
                 own, made for its key"
            ),
        ),
        (format!("server = 7\n{devices}"), "1:1", "`server` has to be text in quotes".to_owned()),
        (
            format!("server = \"{}\"\n{devices}", &ours[..60]),
            "1:1",
            "`server`: a public key (lkpub1…) that is mistyped or cut off".into(),
        ),
        (format!("{devices}[server]\n"), "9:2", "`server` has to be text in quotes".into()),
        (
            format!("{devices}server = \"{ours}\"\n"),
            "9:1",
            "unknown field `server`; here stand name, labels, key, id, psk_file, expires, code, pending and pinning; `server` stands \
             above the first [[device]]"
                .into(),
        ),
    ];
    for (text, place, why) in cases {
        let (path, loaded) = registry(&folder, &text);
        assert_eq!(loaded.unwrap_err(), format!("{}:{place}: {why}", path.display()), "{text}");
    }
}

#[test]
fn names_that_steer_terminals_or_cannot_be_seen_enter_nowhere() {
    let folder = folder();
    for c in [
        '\u{1b}',
        '\u{7f}',
        '\u{9b}',
        '\u{ad}',
        '\u{61c}',
        '\u{200b}',
        '\u{202e}',
        '\u{2066}',
        '\u{feff}',
        '\u{e0041}',
    ] {
        let (name, code) = (format!("a{c}b"), u32::from(c));
        assert_eq!(Device::new(&*name).unwrap_err(), DeviceError::Name(c));
        assert_eq!(Device::new("a").unwrap().with_label("site", &*name).unwrap_err(), DeviceError::Label(c));
        assert_eq!(Device::new("a").unwrap().with_label(&*name, "north").unwrap_err(), DeviceError::Label(c));
        let (path, loaded) = registry(&folder, &device(&format!("a\\U{code:08x}b"), 2, ""));
        let why = "which cannot be seen or steers terminals; write it without";
        assert_eq!(
            loaded.unwrap_err(),
            format!("{}:2:1: the name holds U+{code:04X}, {why}", path.display())
        );
    }
    for blank in ["", " ", "a ", "\u{a0}a"] {
        assert_eq!(Device::new(blank).unwrap_err(), DeviceError::Blank);
    }
    // What errors repeat does not steer a terminal either.
    let (_, loaded) = registry(&folder, "\"a\\u001b[2J\\u202e\" = 7\n");
    assert!(loaded.unwrap_err().contains(r"unknown field `a\u{1b}[2J\u{202e}`"));
    let seen = ["Pumpe 7 (Süd)", "泵-7", "pump_7.north", "a\u{301}"];
    let all: String = seen.iter().zip(2..).map(|(name, byte)| device(name, byte, "")).collect();
    assert_eq!(registry(&folder, &all).1.unwrap().devices().len(), seen.len());
}

#[test]
fn a_registry_is_read_as_editors_leave_it_and_what_is_no_utf_8_is_named_with_its_place() {
    let folder = folder();
    let text = device("a", 2, "") + &device("b", 3, "");
    let path = folder.path().join("devices.toml");
    let load = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        let loaded = FileRegistry::load(&path, &Identity::new(secret(1)).unwrap());
        loaded.map(|loaded| loaded.devices().len()).map_err(|error| error.to_string())
    };
    for same in [format!("\u{feff}{text}"), format!("\u{feff}{}", text.replace('\n', "\r\n"))] {
        assert_eq!(load(same.as_bytes()), Ok(2));
    }
    // The mark takes no column.
    let marked = load(format!("\u{feff}colour = 7\n{text}").as_bytes()).unwrap_err();
    assert!(marked.starts_with(&format!("{}:1:1: unknown field `colour`", path.display())), "{marked}");
    let wide: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let latin = [b"[[device]]\nname = \"", &b"S\xfcd\"\n"[..]].concat();
    for (bytes, why) in [
        (&wide[..], "1:1: this is UTF-16; save the file as UTF-8"),
        (&wide[2..], "1:1: this is UTF-16; save the file as UTF-8"),
        (&latin, "2:10: not UTF-8 from here on; save the file as UTF-8"),
        (
            b"# a\n\0\0",
            "2:1: a zero byte, which no text has; is it another file, or was it cut off by a crash?",
        ),
    ] {
        assert_eq!(load(bytes).unwrap_err(), format!("{}:{why}", path.display()));
    }
}

#[test]
fn a_registry_of_another_user_is_refused_as_a_key_file_is() {
    let folder = folder();
    let (path, loaded) = registry(&folder, &device("a", 2, ""));
    loaded.unwrap();
    let identity = std::sync::Arc::new(Identity::new(secret(1)).unwrap());
    let live = LiveRegistry::load(&path, std::sync::Arc::clone(&identity)).unwrap();
    if std::os::unix::fs::chown(&path, Some(1234), None).is_err() {
        eprintln!("not tried: only root can give files away");
        return;
    }
    let why = format!(
        "{0}: belongs to user 1234, who could change it; mend that with: chown \"$(id -u)\" {0}",
        path.display()
    );
    assert_eq!(FileRegistry::load(&path, &identity).unwrap_err().to_string(), why);
    // What was read before stays in force, and the trouble is said.
    assert_eq!(live.reload().unwrap_err().to_string(), why);
    let trouble = live.trouble().map(|trouble| trouble.what);
    assert_eq!((live.len(), trouble), (1, Some(why)));
    std::os::unix::fs::chown(&path, Some(0), None).unwrap();
    live.reload().unwrap();
    assert_eq!(live.trouble(), None);
    // Whoever changes it does not believe it: root revokes in the registry of the user who serves it.
    std::os::unix::fs::chown(&path, Some(1234), None).unwrap();
    revoke(&path, &public(1), "a", Which::All).unwrap();
    assert_eq!(std::os::unix::fs::MetadataExt::uid(&fs::metadata(&path).unwrap()), 1234);
}

#[test]
fn a_device_has_labels_and_one_or_two_pinnings_with_ends() {
    let folder = folder();
    keys::write_psk(&folder.path().join("b.psk"), &secret(9)).unwrap();
    let [two, three] = [2, 3].map(|byte| keys::encode_public(&public(byte)));
    let text =
        device("a", 4, "expires = 2020-01-01T00:00:00Z\nlabels = { site = \"north\", model = \"p3\" }")
            + &format!(
                "[[device]]\nname = \"b\"\n[device.labels]\nsite = \"south\"\n\
             [[device.pinning]]\nkey = \"{two}\"\nexpires = 2126-12-31T02:00:00+02:00\n\
             [[device.pinning]]\nkey = \"{three}\"\nid = \"next\"\npsk_file = \"b.psk\"\n"
            );
    let loaded = registry(&folder, &text).1.unwrap();
    assert_eq!(loaded.devices().len(), 3);
    let now = std::time::SystemTime::now();
    let over = loaded.lookup(&Id::of_pinning(&public(4), &public(1))).unwrap();
    assert!(over.is_expired(now));
    assert_eq!(over.device().labels().collect::<Vec<_>>(), [("model", "p3"), ("site", "north")]);
    let old = loaded.lookup(&Id::of_pinning(&public(2), &public(1))).unwrap();
    let new = loaded.lookup(&Id::new(b"next").unwrap()).unwrap();
    assert!(std::sync::Arc::ptr_eq(old.device(), new.device()));
    assert_eq!((old.mode(), new.mode(), old.device().label("site")), (Mode::Kk, Mode::KkPsk0, Some("south")));
    assert_eq!((old.expires(), new.expires()), (lowkey_registry::parse_time("2126-12-31T00:00:00Z"), None));
    assert!(!old.is_expired(now));
}

#[test]
fn what_looks_like_a_header_is_read_as_what_it_is() {
    let folder = folder();
    let note = "labels = { note = \"\"\"\\\n[[device]] \\\nname = 'no'\"\"\" }";
    let names = |text: &str| {
        let loaded = registry(&folder, text).1.unwrap();
        let mut names: Vec<_> =
            loaded.devices().iter().map(|pinned| pinned.device().name().to_owned()).collect();
        names.sort();
        names.join(" ")
    };
    assert_eq!(names(&(device("a", 2, note) + &device("b", 3, ""))), "a b");
    assert_eq!(
        names(&(device("a", 2, "") + "  [[ device ]] # c\nname = 'c'\n" + &device("b", 3, "")[21..])),
        "a c"
    );
    assert_eq!(names(&format!("\u{feff}{}# end", device("a", 2, "") + &device("b", 3, ""))), "a b");
    assert_eq!(names(&(device("a", 2, "") + &device("b", 3, "")).replace('\n', "\r\n")), "a b");
    let key = keys::encode_public(&public(2));
    let inline = format!("device = [{{ name = \"a\", key = \"{key}\" }}]\n");
    assert_eq!(names(&inline), "a");
    // Both ways at once are an error, with devices in the first or none.
    for first in [&*inline, "device = []\n"] {
        let (path, loaded) = registry(&folder, &(first.to_owned() + &device("b", 3, "")));
        assert_eq!(loaded.unwrap_err(), format!("{}:2:3: duplicate key", path.display()));
    }
}

#[test]
fn what_is_no_file_or_too_long_for_one_is_refused_at_once() {
    let folder = folder();
    let load = |path: &std::path::Path| {
        FileRegistry::load(path, &Identity::new(secret(1)).unwrap()).unwrap_err().to_string()
    };
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for path in [folder.path(), &pipe, std::path::Path::new("/dev/zero")] {
        assert_eq!(load(path), format!("{}: is no regular file; here belongs a registry", path.display()));
    }
    let long = folder.path().join("long.toml");
    fs::File::create(&long).unwrap().set_len((256 << 20) + 1).unwrap();
    assert_eq!(load(&long), format!("{}: is longer than 256 MiB; here belongs a registry", long.display()));
}
