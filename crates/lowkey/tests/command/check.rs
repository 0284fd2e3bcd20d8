//! `lowkey check`: every mistake, where it stands and what to do.

use crate::common::Folder;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::{contains, is_empty, starts_with};
use std::fs;
use std::os::unix::fs::PermissionsExt;

const GOOD: &str = "key = \"server.key\"\ndevices = \"devices.toml\"\necho = true\n";

/// What `lowkey check` says of `text` on standard error, line by line.
fn mistakes(folder: &Folder, text: &str) -> Vec<String> {
    folder.write("lowkey.toml", text);
    let checked = folder.run("check --config lowkey.toml").code(1).stdout(is_empty());
    let said = String::from_utf8(checked.get_output().stderr.clone()).unwrap();
    said.lines().map(|line| line.strip_prefix("lowkey: ").unwrap().to_owned()).collect()
}

#[test]
fn a_configuration_that_is_right_is_said_to_be() {
    let folder = Folder::new();
    folder.write("lowkey.toml", GOOD);
    folder
        .run("check --config lowkey.toml")
        .success()
        .stdout("ok: 1 device, listen on 127.0.0.1:7000, echo\n")
        .stderr(is_empty());
    folder.write("devices.toml", "");
    let forward = GOOD.replace("echo = true", "forward = \"127.0.0.1:1883\"\nlisten = \"[::]:7000\"");
    folder.write("lowkey.toml", &format!("{forward}[admin]\nlisten = \"unix:/run/lowkey/admin.sock\"\n"));
    folder.run("check --config lowkey.toml --probes 0.0.0.0:9100").success().stdout(
        "ok: 0 devices, listen on [::]:7000, forward to 127.0.0.1:1883, admin at unix:/run/lowkey/admin.sock, \
         probes at 0.0.0.0:9100\n",
    );
}

#[test]
fn a_device_with_two_keys_is_one_device() {
    let folder = Folder::new();
    folder.run("keygen -o next.key").success();
    let [now, next] = ["device.key", "next.key"].map(|key| folder.public(key));
    let pinnings = [now, next].map(|key| format!("[[device.pinning]]\nkey = \"{key}\"\n")).concat();
    folder.write("devices.toml", &format!("[[device]]\nname = \"desk\"\n{pinnings}"));
    folder.write("lowkey.toml", GOOD);
    folder.run("check --config lowkey.toml").success().stdout(starts_with("ok: 1 device,"));
}

#[test]
fn all_mistakes_of_a_file_are_found_in_one_go_with_line_and_column() {
    let folder = Folder::new();
    let text = "\
kye = \"server.key\"
devices = 5
listen = \"here\"
echo = true
forward = \"127.0.0.1:1883\"
silence = \"60s\"
accept_proxy = [\"10.0.0.0/33\"]
[limits]
max_frame = 12
handshake = \"1 fortnight\"
sessoins = 5
[sessions]
silence = 60
lifetime = \"0s\"
[logs]
[log]
format = \"xml\"
[admin]
listen = \"0.0.0.0:9100\"
[probes]
listen = \"9100\"
";
    let found = mistakes(&folder, text);
    let expected = [
        "lowkey.toml:1:1: unknown setting `kye`; did you mean `key`?",
        "lowkey.toml:2:11: `devices`: this is a whole number; write text in quotes: a file",
        "lowkey.toml:3:10: \"here\" is no address; write it as ADDRESS:PORT",
        "lowkey.toml:5:11: both `echo` and `forward`; devices talk to one of them, take the other away",
        "lowkey.toml:6:1: unknown setting `silence`; it belongs under [sessions]",
        "lowkey.toml:7:16: \"10.0.0.0/33\" is no network; write it like 10.0.0.0/8 or fd00::/8",
        "lowkey.toml:9:13: `limits.max_frame`: 12 is out of range; write a whole number, 160 to 65535",
        "lowkey.toml:10:13: `limits.handshake`: \"1 fortnight\" is no time; write",
        "lowkey.toml:11:1: unknown setting `sessoins` in [limits]; did you mean `sessions`?",
        "lowkey.toml:13:11: `sessions.silence`: this is a whole number; write a time in quotes with its unit",
        "lowkey.toml:14:12: `sessions.lifetime`: \"0s\" is out of range; write a time",
        "lowkey.toml:15:2: unknown setting `logs`; did you mean `log`?",
        "lowkey.toml:17:10: \"xml\" is no format; write text or json",
        "lowkey.toml:19:10: \"0.0.0.0:9100\" is no address of this machine alone; write 127.0.0.1:PORT, [::1]:PORT or unix:PATH; other machines ask `probes.listen`",
        "lowkey.toml:21:10: \"9100\" is no address; write it as ADDRESS:PORT",
        "lowkey.toml: `key` is missing; make one with: lowkey keygen -o server.key",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}\n{expected}");
    }
}

#[test]
fn a_column_counts_characters_and_not_bytes() {
    let folder = Folder::new();
    let found = mistakes(&folder, &format!("{GOOD}log = {{ \"lével\" = \"info\", format = 5 }}\n"));
    assert!(
        found[0].starts_with("lowkey.toml:4:9: unknown setting `lével` in [log]; did you mean `level`?"),
        "{found:?}"
    );
    assert!(found[1].starts_with("lowkey.toml:4:36: `log.format`: this is a whole number"), "{found:?}");
}

#[test]
fn a_file_that_is_no_toml_is_one_mistake() {
    let folder = Folder::new();
    for (text, place) in
        [("key = \n", "1:7"), ("echo = true\necho = false\n", "2:1"), ("a = \"x\nb = 1\n", "1:")]
    {
        let found = mistakes(&folder, text);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(&format!("lowkey.toml:{place}")), "{found:?}");
    }
    // Half written, as a full disk leaves it.
    let half = &GOOD[..GOOD.len() - 3];
    assert_eq!(mistakes(&folder, half).len(), 1);
}

#[test]
fn what_is_missing_is_said_with_what_to_do() {
    let folder = Folder::new();
    let found = mistakes(&folder, "");
    let expected = [
        "lowkey.toml: `key` is missing; make one with: lowkey keygen -o server.key",
        "lowkey.toml: `devices` is missing; the registry that `lowkey provision` adds to",
        "lowkey.toml: neither `forward` nor `echo`; say what devices talk to, for example forward = \"127.0.0.1:1883\"",
    ];
    assert_eq!(found, expected);
    folder.run("check").code(2).stderr(
        contains("--key is missing")
            .and(contains("--devices is missing"))
            .and(contains("neither --forward nor --echo")),
    );
    let found = mistakes(&folder, &format!("{GOOD}send_proxy = true\n"));
    assert_eq!(found, ["lowkey.toml:4:14: `send_proxy` needs `forward`; there is nobody to send it to"]);
}

#[test]
fn files_that_are_named_are_looked_at_as_well() {
    let folder = Folder::new();
    let found = mistakes(&folder, &GOOD.replace("server.key", "no.key").replace("devices.toml", "no.toml"));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("lowkey.toml:1:7: no.key: No such file"), "{found:?}");
    assert!(found[0].ends_with("; make one with: lowkey keygen -o no.key"), "{found:?}");
    assert!(found[1].starts_with("lowkey.toml:2:11: no.toml: No such file"), "{found:?}");
    assert!(
        found[1].ends_with(
            "; `lowkey provision --registry no.toml` makes one, and an empty file does for `lowkey pair`"
        ),
        "{found:?}"
    );
    // The registry's own mistakes are found even when the key is one.
    folder.write("devices.toml", "[[device]]\nname = 5\n");
    fs::set_permissions(folder.path("server.key"), fs::Permissions::from_mode(0o644)).unwrap();
    let found = mistakes(&folder, GOOD);
    assert!(found[0].contains("server.key: others than its owner may use it (mode 0644)"), "{found:?}");
    assert!(found[1].starts_with("devices.toml:2:"), "{found:?}");
}

#[test]
fn files_are_beside_the_configuration_wherever_one_stands() {
    let folder = Folder::new();
    fs::create_dir(folder.path("etc")).unwrap();
    for file in ["server.key", "devices.toml"] {
        fs::rename(folder.path(file), folder.path(&format!("etc/{file}"))).unwrap();
    }
    folder.write("etc/lowkey.toml", GOOD);
    folder.run("check --config etc/lowkey.toml").success();
    let mut check = folder.command("check");
    check.env("LOWKEY_CONFIG", "etc/lowkey.toml").assert().success();
}

#[test]
fn a_configuration_that_cannot_be_read_or_that_others_may_write_is_refused() {
    let folder = Folder::new();
    folder
        .run("check --config nope.toml")
        .code(1)
        .stderr(contains("nope.toml: No such file").and(contains("lowkey check --print-default-config")));
    folder.write("lowkey.toml", GOOD);
    fs::set_permissions(folder.path("lowkey.toml"), fs::Permissions::from_mode(0o666)).unwrap();
    folder
        .run("check --config lowkey.toml")
        .code(1)
        .stderr(contains("lowkey.toml: others than its owner may change it (mode 0666); mend that with: chmod go-w lowkey.toml"));
    folder.run("check --config .").code(1).stderr("lowkey: .: is no regular file\n");
}

#[test]
fn a_configuration_or_a_registry_of_another_user_is_refused_by_check_and_by_serve() {
    let folder = Folder::new();
    folder.write("lowkey.toml", GOOD);
    let give = |file: &str, user| std::os::unix::fs::chown(folder.path(file), Some(user), None);
    if give("lowkey.toml", 1234).is_err() {
        eprintln!("not tried: only root can give files away");
        return;
    }
    for command in ["check --config lowkey.toml", "serve --config lowkey.toml --listen 127.0.0.1:0"] {
        for (file, place) in [("lowkey.toml", ""), ("devices.toml", "lowkey.toml:2:11: ")] {
            give("lowkey.toml", 0).unwrap();
            give("devices.toml", 0).unwrap();
            give(file, 1234).unwrap();
            let why = "belongs to user 1234, who could change it; mend that with: chown \"$(id -u)\"";
            folder.run(command).code(1).stderr(starts_with(format!("lowkey: {place}{file}: {why} {file}")));
        }
    }
}

#[test]
fn a_configuration_is_read_as_editors_leave_it_and_what_is_no_utf_8_is_named_with_its_place() {
    let folder = Folder::new();
    for same in [format!("\u{feff}{GOOD}"), format!("\u{feff}{}", GOOD.replace('\n', "\r\n"))] {
        folder.write("lowkey.toml", &same);
        folder.run("check --config lowkey.toml").success();
    }
    let wide: Vec<u8> = format!("\u{feff}{GOOD}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let latin = [GOOD.as_bytes(), b"# S\xfcd\n"].concat();
    for (bytes, why) in [
        (wide, "lowkey.toml:1:1: this is UTF-16; save the file as UTF-8"),
        (latin, "lowkey.toml:4:4: not UTF-8 from here on; save the file as UTF-8"),
    ] {
        fs::write(folder.path("lowkey.toml"), bytes).unwrap();
        folder.run("check --config lowkey.toml").code(1).stderr(format!("lowkey: {why}\n"));
    }
    // What a line repeats of a file does not steer the terminal.
    let found = mistakes(&folder, &format!("{GOOD}\"x\\u001b[2J\\u202e\" = 5\n"));
    assert!(found[0].starts_with(r"lowkey.toml:4:1: unknown setting `x\u{1b}[2J\u{202e}`"), "{found:?}");
}

#[test]
fn the_environment_goes_before_the_file_and_options_go_before_both() {
    let folder = Folder::new();
    folder.write("lowkey.toml", &format!("{GOOD}listen = \"127.0.0.1:1\"\n"));
    let check = |arguments: &str, variables: &[(&str, &str)]| {
        let mut check = folder.command(&format!("check --config lowkey.toml {arguments}"));
        check.envs(variables.iter().copied());
        check.assert().success()
    };
    check("", &[]).stdout(contains("listen on 127.0.0.1:1, echo"));
    check("", &[("LOWKEY_LISTEN", "127.0.0.1:2")]).stdout(contains("listen on 127.0.0.1:2, echo"));
    check("--listen 127.0.0.1:3", &[("LOWKEY_LISTEN", "127.0.0.1:2")])
        .stdout(contains("listen on 127.0.0.1:3, echo"));
    // What devices talk to is one choice: a later source takes the earlier one's away.
    check("--forward 127.0.0.1:9", &[]).stdout(contains("forward to 127.0.0.1:9"));
    check("--echo", &[("LOWKEY_FORWARD", "127.0.0.1:9")]).stdout(contains(", echo"));
    check("", &[("LOWKEY_FORWARD", "unix:/run/app.sock")]).stdout(contains("forward to unix:/run/app.sock"));
}

#[test]
fn mistakes_in_the_environment_and_in_options_are_named() {
    let folder = Folder::new();
    let mut check = folder.command("check --key server.key --devices devices.toml --echo --admin nowhere");
    let variables = [
        ("LOWKEY_LIMITS_SESSION", "5"),
        ("LOWKEY_LIMITS_ATTEMPTS", "many"),
        ("LOWKEY_XYZZY", ""),
        ("LOWKEY_SESSIONS_LINGER", "5"),
        ("LOWKEY_LOG_LEVEL", "lowkey=loud"),
    ];
    check.envs(variables).assert().code(2).stderr(
        contains("LOWKEY_LIMITS_SESSION: no setting has this variable; did you mean LOWKEY_LIMITS_SESSIONS?")
            .and(contains("LOWKEY_LIMITS_ATTEMPTS: \"many\" is not right; write a whole number, 1 to"))
            .and(contains("LOWKEY_XYZZY: no setting has this variable"))
            .and(contains("LOWKEY_SESSIONS_LINGER: \"5\" is no time; write a time"))
            .and(contains("LOWKEY_LOG_LEVEL: \"lowkey=loud\" is no level"))
            .and(contains("--admin: \"nowhere\" is no address of this machine alone; write 127.0.0.1:PORT")),
    );
}

#[test]
fn the_default_configuration_says_what_is_so_anyway() {
    let folder = Folder::new();
    let printed =
        folder.run("check --print-default-config").success().stdout(starts_with("# The configuration"));
    let text = String::from_utf8(printed.get_output().stdout.clone()).unwrap();
    folder.write("lowkey.toml", &text);
    folder
        .run("check --config lowkey.toml --key server.key --devices devices.toml --echo")
        .success()
        .stdout("ok: 1 device, listen on 127.0.0.1:7000, echo\n");
}

#[test]
fn the_shipped_configuration_is_right() {
    let folder = Folder::new();
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packaging/lowkey.toml");
    folder.write("lowkey.toml", &fs::read_to_string(shipped).unwrap());
    folder.run("check --config lowkey.toml").success().stdout(starts_with("ok: 1 device"));
}

#[test]
fn the_book_has_every_setting_as_it_is_printed() {
    let folder = Folder::new();
    let printed = folder.run("check --print-default-config").success().get_output().stdout.clone();
    let book = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/src/configuration.md");
    let book = fs::read_to_string(book).unwrap();
    let listing = format!("```toml\n{}```", String::from_utf8(printed).unwrap());
    assert!(book.contains(&listing), "docs/src/configuration.md has another listing than the command prints");
}
