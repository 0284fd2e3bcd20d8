//! `lowkey check` over all files at once, and with the eyes of the user who will serve.

use crate::common::Folder;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::{contains, is_empty, starts_with};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::time::{Duration, SystemTime};

const GOOD: &str = "key = \"server.key\"\ndevices = \"devices.toml\"\necho = true\n";

/// Nobody's number, as images without users run with it.
const USER: &str = "65532";

fn set_mode(folder: &Folder, name: &str, mode: u32) {
    fs::set_permissions(folder.path(name), fs::Permissions::from_mode(mode)).unwrap();
}

/// What `arguments` say on standard error, line by line, if they end with 1.
fn mistakes(folder: &Folder, arguments: &str) -> Vec<String> {
    let checked = folder.run(arguments).code(1).stdout(is_empty());
    let said = String::from_utf8(checked.get_output().stderr.clone()).unwrap();
    said.lines().map(|line| line.strip_prefix("lowkey: ").unwrap().to_owned()).collect()
}

#[test]
fn mistakes_of_all_files_are_said_in_one_run_in_the_order_of_files_and_lines() {
    let folder = Folder::new();
    folder.write("lowkey.toml", &format!("{GOOD}[log]\nlevel = \"inof\"\n[limits]\nsessions = 0\n"));
    set_mode(&folder, "server.key", 0o644);
    let key = folder.public("device.key");
    folder.write(
        "devices.toml",
        &format!(
            "[[device]]\nname = \"a\"\nkey = \"lkpub1qqq\"\ncolour = \"red\"\n\
             [[device]]\nname = \"b\"\nkey = \"{key}\"\npsk_file = \"no.psk\"\n\
             [[device]]\nname = \"a\u{202e}\"\n"
        ),
    );
    let found = mistakes(&folder, "check --config lowkey.toml");
    let expected = [
        "lowkey.toml:5:9: \"inof\" is no level",
        "lowkey.toml:7:12: `limits.sessions`: 0 is out of range",
        "lowkey.toml:1:7: server.key: others than its owner may use it (mode 0644)",
        "devices.toml:3:1: `key`: a public key",
        "devices.toml:4:1: unknown field `colour`",
        "devices.toml:8:1: psk_file: no.psk: No such file",
        "devices.toml:10:1: the name holds U+202E",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}\n{expected}");
    }
    // The options' mistakes do not hide those of the files that they name.
    let found = mistakes(&folder, "check --key no.key --devices devices.toml --listen x --echo");
    assert!(found[0].starts_with("--listen: \"x\" is no address") && found.len() == 6, "{found:#?}");
    assert!(found[1].starts_with("--key: no.key: No such file"), "{found:#?}");
}

#[test]
fn a_registry_for_another_server_is_said_to_be_one() {
    let folder = Folder::new();
    folder.write("lowkey.toml", GOOD);
    let [ours, other] = ["server.key", "device.key"].map(|key| folder.public(key));
    folder.write("devices.toml", &format!("server = \"{ours}\"\n"));
    folder.run("check --config lowkey.toml").success();
    folder.write("devices.toml", &format!("server = \"{other}\"\n"));
    let why = format!("devices.toml:1:1: this registry is for the server {other}, and not for {ours}");
    assert!(mistakes(&folder, "check --config lowkey.toml")[0].starts_with(&why));
    folder.run("serve --config lowkey.toml --listen 127.0.0.1:0").code(1).stderr(contains(why));
    // Without the key nobody can tell.
    folder.write("server.key", "");
    assert_eq!(mistakes(&folder, "check --config lowkey.toml").len(), 1);
}

#[test]
fn what_the_user_who_serves_cannot_read_is_a_mistake_although_root_can() {
    let folder = Folder::new();
    folder.write("lowkey.toml", GOOD);
    let is_root = fs::metadata(folder.path("lowkey.toml")).unwrap().uid() == 0;
    let check = format!("check --config lowkey.toml --as {USER}");
    if !is_root {
        folder.run(&check).code(1).stderr(contains("--as: only root can look with another user's eyes"));
        return;
    }
    set_mode(&folder, "", 0o755);
    folder.run("check --config lowkey.toml").success();
    let denied = "Permission denied (os error 13)";
    let found = mistakes(&folder, &check);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].starts_with(&format!("lowkey.toml:1:7: server.key: {denied}")), "{found:#?}");
    // Where systemd hands the service a copy, it need not.
    folder.run(&format!("{check} --credential")).success().stdout(starts_with("ok: 1 device"));
    // A group of the user's is enough, as for a key of root's.
    chown(folder.path("server.key"), Some(0), Some(65532)).unwrap();
    set_mode(&folder, "server.key", 0o640);
    folder.run(&check).success();
    folder.run(&format!("check --config lowkey.toml --as {USER}:7")).code(1).stderr(contains(denied));
    // Its own registry is right for it, and for nobody else but root's.
    chown(folder.path("devices.toml"), Some(65532), None).unwrap();
    set_mode(&folder, "devices.toml", 0o600);
    folder.run(&check).success();
    folder.run("check --config lowkey.toml").code(1).stderr(
        contains("belongs to user 65532")
            .and(contains("; or, if that is the user who serves, check --as 65532\n")),
    );
    chown(folder.path("devices.toml"), Some(0), None).unwrap();
    folder.run("keygen --psk -o desk.psk").success();
    folder.write("devices.toml", &(folder.read("devices.toml") + "psk_file = \"desk.psk\"\n"));
    let found = mistakes(&folder, &check);
    assert!(found[0].starts_with(&format!("lowkey.toml:2:11: devices.toml: {denied}")), "{found:#?}");
    set_mode(&folder, "devices.toml", 0o644);
    let found = mistakes(&folder, &check);
    assert!(found[0].starts_with(&format!("devices.toml:4:1: psk_file: desk.psk: {denied}")), "{found:#?}");
    set_mode(&folder, "", 0o700);
    let found = mistakes(&folder, &check);
    assert_eq!(found, [format!("lowkey.toml: {denied}")]);
}

#[test]
fn a_user_who_is_not_there_is_a_wrong_argument() {
    let folder = Folder::new();
    folder.write("lowkey.toml", GOOD);
    for nobody in ["no-such-user-here", "-u", "4294967295", "root:root"] {
        let check = format!("check --config lowkey.toml --as={nobody}");
        folder.run(&check).code(2).stderr(contains(format!("--as: there is no user {nobody:?}")));
    }
}

#[test]
fn root_may_ask_the_server_of_a_configuration_that_it_would_not_serve() {
    let folder = Folder::new();
    folder.write("lowkey.toml", &format!("{GOOD}[admin]\nlisten = \"unix:no.sock\"\n"));
    if chown(folder.path("lowkey.toml"), Some(1234), None).is_err() {
        eprintln!("not tried: only root can give files away");
        return;
    }
    folder.run("serve --config lowkey.toml").code(1).stderr(contains("belongs to user 1234"));
    folder.run("show --config lowkey.toml").code(3).stderr(contains("no.sock: No such file"));
}

#[test]
fn keys_that_end_within_thirty_days_are_a_warning_and_no_mistake() {
    let folder = Folder::new();
    folder.write("lowkey.toml", GOOD);
    let at = |days: u64| {
        let moment = SystemTime::now() + Duration::from_secs(days * 24 * 60 * 60);
        lowkey_host::show_time(moment)
    };
    let key = folder.public("device.key");
    let device = |name: &str, key: &str, moment: &str| {
        format!("[[device]]\nname = \"{name}\"\nkey = \"{key}\"\nexpires = {moment}\n")
    };
    folder.run("keygen -o next.key").success();
    folder.run("keygen -o last.key").success();
    let [next, last] = ["next.key", "last.key"].map(|key| folder.public(key));
    let (soon, late) = (at(29), at(31));
    folder.write(
        "devices.toml",
        &(device("soon", &key, &soon)
            + &device("late", &next, &late)
            + &device("gone", &last, "2026-01-01T00:00:00Z")),
    );
    folder.run("check --config lowkey.toml").success().stdout(starts_with("ok: 3 devices")).stderr(format!(
        "lowkey: warning: devices.toml:3:1: this key of \"soon\" ends at {soon}; `lowkey provision --rotate` makes the next\n\
         lowkey: warning: devices.toml:11:1: this key of \"gone\" has ended at 2026-01-01T00:00:00Z; `lowkey provision \
         --rotate` makes the next\n"
    ));
}

#[test]
fn a_name_that_send_proxy_cannot_tell_is_a_mistake_where_it_is_wanted() {
    let folder = Folder::new();
    let key = folder.public("device.key");
    let device = |name: &str| format!("[[device]]\nname = \"{name}\"\nkey = \"{key}\"\n");
    let check = "check --key server.key --devices devices.toml --forward 127.0.0.1:1883";
    folder.write("devices.toml", &device(&"ü".repeat(128)));
    folder.run(check).success();
    folder.run(&format!("{check} --send-proxy")).code(1).stderr(
        "lowkey: devices.toml:2:1: a name of 256 bytes, which `send_proxy` cannot tell the service; write one of at \
         most 255\n",
    );
    folder.write("devices.toml", &device(&"x".repeat(255)));
    folder.run(&format!("{check} --send-proxy")).success();
}

#[test]
fn who_forwards_to_itself_is_told_so_by_check_and_by_serve() {
    let folder = Folder::new();
    let files = "--key server.key --devices devices.toml";
    for command in ["check", "serve"] {
        for (listen, forward) in [
            ("127.0.0.1:7000", "127.0.0.1:7000"),
            ("[::]:7000", "127.0.0.1:7000"),
            ("0.0.0.0:7000", "localhost:7000"),
        ] {
            folder.run(&format!("{command} {files} --listen {listen} --forward {forward}")).code(2).stderr(format!(
                "lowkey: --forward: {forward:?} is this server's own `listen`; devices would come back to this server \
                 for ever; name the service's address\n"
            ));
        }
        folder
            .run(&format!("{command} {files} --forward unix:a.sock --admin unix:a.sock"))
            .code(2)
            .stderr(contains("is this server's own `admin.listen`; devices would reach the admin listener"));
        folder
            .run(&format!("{command} {files} --forward localhost:9100 --probes 0.0.0.0:9100"))
            .code(2)
            .stderr(contains("is this server's own `probes.listen`; devices would reach the probes"));
    }
    folder.run(&format!("check {files} --listen 127.0.0.1:7000 --forward 127.0.0.1:7001")).success();
    for (listen, admin) in [("[::]:9100", "unix:a"), ("127.0.0.1:0", "127.0.0.1:9100")] {
        folder
            .run(&format!("check {files} --echo --listen {listen} --admin {admin} --probes 0.0.0.0:9100"))
            .code(2)
            .stderr(contains("--probes: \"0.0.0.0:9100\" is this server's own `"));
    }
}

#[test]
fn a_log_level_that_does_not_exist_is_a_mistake_and_no_silence() {
    let folder = Folder::new();
    let files = "--key server.key --devices devices.toml --echo";
    for level in ["inof", "lowkey", "info,inof", "lowkey=inof"] {
        folder.run(&format!("check {files} --log {level}")).code(2).stderr(contains("is no level"));
        folder.run(&format!("serve {files} --log {level}")).code(2).stderr(contains("is no level"));
    }
    folder
        .run(&format!("check {files} --log lowky=debug"))
        .code(2)
        .stderr(contains("shows no event of this server").and(contains("lowkey=info")));
    for level in ["WARN", "off", "lowkey=debug", "hyper=off,info"] {
        folder.run(&format!("check {files} --log {level}")).success();
    }
}

#[test]
fn variables_of_an_orchestrator_are_no_mistake_and_misspelt_ones_of_ours_are() {
    let folder = Folder::new();
    let check = |name: &str, value: &str| {
        let mut check = folder.command("check --key server.key --devices devices.toml --echo");
        check.env(name, value).assert()
    };
    for (name, value) in [
        ("LOWKEY_SERVICE_HOST", "10.96.0.17"),
        ("LOWKEY_SERVICE_PORT_NOISE", "7000"),
        ("LOWKEY_PORT", "tcp://10.96.0.17:7000"),
        ("LOWKEY_PORT_7000_TCP_ADDR", "10.96.0.17"),
        ("LOWKEY_ADMIN_SERVICE_PORT", "9100"),
    ] {
        check(name, value).success();
    }
    check("LOWKEY_LISTN", "127.0.0.1:7000").code(2).stderr(contains("did you mean LOWKEY_LISTEN?"));
    check("LOWKEY_PORT", "7000").code(2).stderr(contains("LOWKEY_PORT: no setting has this variable"));
}
