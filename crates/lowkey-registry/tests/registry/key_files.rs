//! Key files and PSK files as people write and break them.

use lowkey_registry::keys;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use test_support::folder::{folder, mode, public, secret};

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
    let key = keys::identity_text(&secret(1)).unwrap();
    let key = key.expose().lines().last().unwrap();
    let psk = keys::psk_text(&secret(1)).unwrap();
    let psk = psk.expose().lines().last().unwrap();
    let cases = [
        ("empty", String::new(), "not a Lowkey key; here belongs a private key (LKSEC1…)"),
        ("comments", "# only\n".into(), "not a Lowkey key; here belongs a private key (LKSEC1…)"),
        ("other", "AGE-SECRET-KEY-1QQQ".into(), "not a Lowkey key; here belongs a private key (LKSEC1…)"),
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
    // Blank lines, comments and lower case are all right.
    let kept = write("kept", &format!("\n# mine\n\n  {}  \n\n", key.to_lowercase()));
    assert_eq!(keys::read_identity(&kept).unwrap().public_key(), public(1));
}

#[test]
fn a_key_file_is_read_as_editors_leave_it_and_what_is_no_utf_8_is_named_and_never_shown() {
    let folder = folder();
    let path = folder.path().join("server.key");
    let load = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        keys::read_identity(&path).map(|identity| identity.public_key()).map_err(|error| error.to_string())
    };
    let text = keys::identity_text(&secret(1)).unwrap();
    let text = text.expose();
    for same in [format!("\u{feff}{text}"), text.replace('\n', "\r\n"), format!("\u{feff}{}", text.trim())] {
        assert_eq!(load(same.as_bytes()), Ok(public(1)));
    }
    let wide = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        format!("\u{feff}{text}").encode_utf16().flat_map(bytes).collect()
    };
    let utf_16 = ":1:1: this is UTF-16; save the file as UTF-8";
    for (bytes, why) in [
        (wide(u16::to_le_bytes), utf_16),
        (wide(u16::to_be_bytes), utf_16),
        (b"# S\xfcd\n".to_vec(), ":1:4: not UTF-8 from here on; save the file as UTF-8"),
        (
            b"# a\n\0\x01".to_vec(),
            ":2:1: a zero byte, which no text has; is it another file, or was it cut off by a crash?",
        ),
        (
            format!("{text}{}", "#".repeat(4096)).into(),
            ": is longer than 4096 bytes; here belongs a key file",
        ),
    ] {
        assert_eq!(load(&bytes).unwrap_err(), format!("{}{why}", path.display()));
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
