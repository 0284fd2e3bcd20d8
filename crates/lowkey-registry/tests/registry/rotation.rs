//! Second pinnings beside the first, and pinnings that go: what else is in the file stays as it was.

use lowkey_host::{Id, Mode, Registry};
use lowkey_registry::provision::{PskFile, Rotation};
use lowkey_registry::rotation::{Removed, RotationError, Which, finish, revoke};
use lowkey_registry::{FileRegistry, keys, parse_time};
use std::fs;
use std::path::Path;
use test_support::folder::{Bench, device, public};

/// Three devices as people write them.
fn ours() -> String {
    let [a, b, c] = [2, 3, 4].map(|byte| keys::encode_public(&public(byte)));
    format!(
        "# Devices of the north site.\n\n\
         # in the cellar\n[[device]]\nname = \"a\"\nkey = \"{a}\" # printed on the box\n\n\
         # on the roof\n[[device]]   # wet\nkey   = \"{b}\"\nid = \"bee\"\nname = 'b'\nlabels.site = \"north\"\n# more follow\n\n\
         [[device]]\nname = \"c\"\nkey = \"{c}\"\n\n# the end\n"
    )
}

fn bench(text: &str) -> Bench {
    let bench = Bench::new();
    fs::write(&bench.registry, text).unwrap();
    bench
}

fn text(bench: &Bench) -> String {
    fs::read_to_string(&bench.registry).unwrap()
}

fn key(byte: u8) -> String {
    keys::encode_public(&public(byte))
}

/// What a change cannot leave alone, and everything else.
fn without(bench: &Bench, name: &str, which: Which) -> Result<Removed, RotationError> {
    revoke(&bench.registry, &bench.server.public_key(), name, which)
}

fn load(bench: &Bench) -> FileRegistry {
    FileRegistry::load(&bench.registry, &bench.server).unwrap()
}

#[test]
fn a_rotation_puts_a_second_pinning_beside_the_first_and_ends_with_the_second_alone() {
    let bench = bench(&ours());
    let until = parse_time("2126-12-31T00:00:00Z");
    let psk = bench.path("b-next.psk");
    let made = bench
        .provision(|order| {
            (order.name, order.rotation) = ("b", Rotation::Beside { until });
            order.psk = PskFile::New(&psk);
        })
        .unwrap();
    let (old_key, new_key) = (key(3), keys::encode_public(&made.key));
    let long = format!(
        "[[device]]   # wet\nname = 'b'\nlabels.site = \"north\"\n\
         \n[[device.pinning]]\nkey   = \"{old_key}\"\nid = \"bee\"\nexpires = 2126-12-31T00:00:00Z\n\
         \n[[device.pinning]]\nkey = \"{new_key}\"\npsk_file = \"b-next.psk\"\n"
    );
    let short = format!(
        "[[device]]   # wet\nkey   = \"{old_key}\"\nid = \"bee\"\nname = 'b'\nlabels.site = \"north\"\n"
    );
    assert_eq!(text(&bench), ours().replace(&short, &long));
    let loaded = load(&bench);
    let old = loaded.lookup(&Id::new(b"bee").unwrap()).unwrap();
    let new = loaded.lookup(&made.id).unwrap();
    assert!(std::sync::Arc::ptr_eq(old.device(), new.device()));
    assert_eq!((old.expires(), new.expires(), new.mode()), (until, None, Mode::KkPsk0));

    bench.fails("has two pinnings already; finish that rotation, or revoke one", |order| {
        (order.name, order.rotation) = ("b", Rotation::Beside { until: None });
        order.page = Path::new("/nowhere");
    });

    let finished = finish(&bench.registry, &bench.server.public_key(), "b").unwrap();
    assert_eq!((finished.pinnings, finished.left), (vec![(old.id(), public(3))], 1));
    let first = long.find("[[device.pinning]]").unwrap();
    let second = long.rfind("[[device.pinning]]").unwrap();
    let after = format!("{}{}", &long[..first], &long[second..]);
    assert_eq!(text(&bench), ours().replace(&short, &after));
    // And once more, from one pinning of its own table.
    let [page, next] = ["third.bin", "b-third.psk"].map(|name| bench.path(name));
    bench
        .provision(|order| {
            (order.name, order.page, order.rotation) = ("b", &page, Rotation::Beside { until });
            order.psk = PskFile::New(&next);
        })
        .unwrap();
    assert_eq!(load(&bench).lookup(&made.id).unwrap().expires(), until);
    let again = finish(&bench.registry, &bench.server.public_key(), "b").unwrap();
    assert_eq!(again.psk_files, [psk]);
    assert_eq!(load(&bench).devices().len(), 3);
}

#[test]
fn a_rotation_without_an_end_leaves_the_old_pinning_s_lines_as_they_are() {
    let bench = bench(&device("a", 2, "expires = 2126-01-01T00:00:00Z # contract"));
    let rotate = Rotation::Beside { until: None };
    bench.provision(|order| (order.name, order.rotation) = ("a", rotate)).unwrap();
    let lines =
        format!("[[device.pinning]]\nkey = \"{}\"\nexpires = 2126-01-01T00:00:00Z # contract\n", key(2));
    assert!(text(&bench).contains(&lines), "{}", text(&bench));
    // With one, the end is replaced and its comment stays.
    let bench = self::bench(&device("a", 2, "expires = 2126-01-01T00:00:00Z # contract"));
    let rotate = Rotation::Beside { until: parse_time("2099-01-01T00:00:00Z") };
    bench.provision(|order| (order.name, order.rotation) = ("a", rotate)).unwrap();
    assert!(text(&bench).contains("\nexpires = 2099-01-01T00:00:00Z # contract\n"), "{}", text(&bench));
}

#[test]
fn a_rotation_that_does_not_fit_leaves_everything_as_it_was() {
    let bench = bench(&ours());
    let rotation = Rotation::Beside { until: None };
    bench.fails("there is no device \"e\"", |order| (order.name, order.rotation) = ("e", rotation));
    bench.fails("its two pinnings have the same id", |order| {
        (order.name, order.rotation, order.id) = ("b", rotation, Id::new(b"bee"));
    });
    bench.fails("the id is the one of \"b\"", |order| {
        (order.name, order.rotation, order.id) = ("a", rotation, Id::new(b"bee"));
    });
}

#[test]
fn a_rotation_does_not_lock_a_device_out() {
    let bench = bench(&ours());
    bench.fails("the old keys would have ended already", |order| {
        let until = parse_time("2001-12-31T00:00:00Z");
        (order.name, order.rotation) = ("a", Rotation::Beside { until });
    });
}

#[test]
fn a_rotation_does_not_lose_a_psk_in_passing() {
    let bench = bench(&device("a", 2, "psk_file = \"a.psk\""));
    keys::write_psk(&bench.path("a.psk"), &keys::generate().unwrap()).unwrap();
    let rotation = Rotation::Beside { until: None };
    bench.fails("the keys of \"a\" have a PSK, and new ones would have none", |order| {
        (order.name, order.rotation) = ("a", rotation);
    });
    let next = bench.path("a-next.psk");
    bench
        .provision(|order| (order.name, order.rotation, order.psk) = ("a", rotation, PskFile::New(&next)))
        .unwrap();
    assert_eq!(load(&bench).devices().len(), 2);
}

#[test]
fn a_revoked_device_takes_its_lines_and_its_comment_with_it_and_no_others() {
    let bench = bench(&ours());
    let gone = without(&bench, "b", Which::All).unwrap();
    assert_eq!((gone.left, gone.pinnings.len()), (0, 1));
    let (begin, end) = (ours().find("# on the roof").unwrap(), ours().find("# more follow").unwrap());
    assert_eq!(text(&bench), format!("{}{}", &ours()[..begin], &ours()[end..]));

    without(&bench, "a", Which::Key(public(2))).unwrap();
    assert!(
        text(&bench)
            .starts_with("# Devices of the north site.\n\n# more follow\n\n[[device]]\nname = \"c\"\n")
    );
    without(&bench, "c", Which::All).unwrap();
    assert_eq!(text(&bench), "# Devices of the north site.\n\n# more follow\n\n# the end\n");
    assert!(load(&bench).devices().is_empty());
}

#[test]
fn the_last_device_leaves_a_file_that_is_not_taken_for_an_unfinished_one() {
    let bench = bench(&device("a", 2, ""));
    without(&bench, "a", Which::All).unwrap();
    assert_eq!(text(&bench), "# no devices\n");
}

#[test]
fn one_of_two_pinnings_is_revoked_by_its_id_or_its_key() {
    let pinning = |byte| format!("\n# number {byte}\n[[device.pinning]]\nkey = \"{}\"\n", key(byte));
    let old = format!("[[device]]\nname = \"a\"\n{}{}", pinning(2), pinning(3)) + &device("b", 4, "");
    let id = |byte| Id::of_pinning(&public(byte), &public(1));
    for (which, left) in [(Which::Key(public(2)), 3), (Which::Id(id(2)), 3), (Which::Key(public(3)), 2)] {
        let bench = bench(&old);
        let gone = without(&bench, "a", which).unwrap();
        assert_eq!((gone.left, gone.pinnings.len()), (1, 1));
        let rest = text(&bench);
        assert!(rest.contains(&pinning(left)) && rest.contains(&key(4)), "{rest}");
        assert!(!rest.contains(&format!("# number {}", 5 - left)), "{rest}");
        assert!(load(&bench).lookup(&id(left)).is_some());
    }
}

#[test]
fn line_ends_stay_what_they_are() {
    let windows = ours().replace('\n', "\r\n");
    let bench = bench(&windows);
    let rotation = Rotation::Beside { until: parse_time("2126-12-31T00:00:00Z") };
    bench.provision(|order| (order.name, order.rotation) = ("b", rotation)).unwrap();
    let page = bench.path("d.bin");
    bench.provision(|order| (order.name, order.page) = ("d", &page)).unwrap();
    let text = text(&bench);
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    finish(&bench.registry, &bench.server.public_key(), "b").unwrap();
    without(&bench, "a", Which::All).unwrap();
    assert_eq!(load(&bench).devices().len(), 3);
}

#[test]
fn what_cannot_be_revoked_says_why_and_changes_nothing() {
    let two = device("b", 3, "");
    for (old, name, which, why) in [
        (&two, "a", Which::All, "there is no device \"a\""),
        (&two, "b", Which::Key(public(2)), "the device \"b\" has no pinning of this key"),
        (&two, "b", Which::Id(Id::new(b"x").unwrap()), "the device \"b\" has no pinning of this id"),
        (&"[[device]]\nname = 1\n".to_owned(), "a", Which::All, "devices.toml:2:1: `name` has to be text"),
    ] {
        let bench = bench(old);
        let error = without(&bench, name, which).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
        assert_eq!(&text(&bench), old);
        assert_eq!(fs::read_dir(bench.folder.path()).unwrap().count(), 1, "no lock, no unfinished file");
    }
    let bench = bench(&two);
    let error = finish(&bench.registry, &bench.server.public_key(), "b").unwrap_err().to_string();
    assert!(error.contains("has one pinning, and no rotation to finish"), "{error}");
    let error = revoke(Path::new("nowhere/x.toml"), &public(1), "b", Which::All).unwrap_err().to_string();
    assert!(error.contains("nowhere/x.toml: No such file"), "{error}");
}

/// What people write in brackets stays in brackets.
#[test]
fn a_registry_in_brackets_is_changed_as_any_other() {
    let bench =
        bench(&format!("device = [\n  {{ name = \"a\", key = \"{}\" }}, # printed on the box\n]\n", key(2)));
    let made = bench.provision(|order| order.name = "b").unwrap();
    let rotation = Rotation::Beside { until: None };
    let page = bench.path("next.bin");
    let next =
        bench.provision(|order| (order.name, order.page, order.rotation) = ("a", &page, rotation)).unwrap();
    let [old, added, new] = [key(2), keys::encode_public(&made.key), keys::encode_public(&next.key)];
    let devices = |pinning: String| {
        format!(
            "device = [\n  {{ name = \"a\", pinning = [{pinning}{{ key = \"{new}\" }}] }}, # printed on the box\n  \
             {{ name = \"b\", key = \"{added}\" }},\n]\n"
        )
    };
    assert_eq!(text(&bench), devices(format!("{{ key = \"{old}\" }}, ")));
    finish(&bench.registry, &bench.server.public_key(), "a").unwrap();
    assert_eq!(text(&bench), devices(String::new()));
    without(&bench, "a", Which::All).unwrap();
    without(&bench, "b", Which::All).unwrap();
    assert_eq!(text(&bench), "device = [\n]\n");
    assert!(load(&bench).devices().is_empty());
}

/// As if the disk were full: the shell lets a file have 512 bytes and no more.
#[test]
fn a_full_disk_leaves_the_registry_as_it_was() {
    const FOLDER: &str = "LOWKEY_TEST_FOLDER";
    if let Ok(folder) = std::env::var(FOLDER) {
        let registry = Path::new(&folder).join("devices.toml");
        let error = revoke(&registry, &public(1), "a", Which::All).unwrap_err().to_string();
        assert!(error.contains("devices.toml: File too large"), "{error}");
        return;
    }
    let many: String = (2..40).map(|n| device(&format!("device-{n}"), n, "")).collect();
    let old = device("a", 200, "") + &many;
    let bench = bench(&old);
    let status = std::process::Command::new("sh")
        .args([
            "-c",
            "trap '' XFSZ; ulimit -f 1; exec \"$0\" --exact rotation::a_full_disk_leaves_the_registry_as_it_was",
        ])
        .arg(std::env::current_exe().unwrap())
        .env(FOLDER, bench.folder.path())
        .stdout(std::process::Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    assert_eq!(text(&bench), old);
    assert_eq!(fs::read_dir(bench.folder.path()).unwrap().count(), 1, "no lock, no unfinished file");
}
