//! What Python refuses: what the command refuses, in the same words, and without secrets that stand in wrong places.

use super::{Python, hex};
use crate::common::Folder;
use lowkey_host::PublicKey;
use lowkey_registry::keys;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;

#[test]
fn what_is_no_order_is_refused_in_the_same_words() {
    let folder = Folder::new();
    let Some(mut python) = Python::within(&folder) else { return };
    let server = folder.public("server.key");
    folder.run("keygen --psk -o right.psk").success();
    folder.run("keygen --psk -o exposed.psk").success();
    fs::set_permissions(folder.path("exposed.psk"), fs::Permissions::from_mode(0o644)).unwrap();
    for (name, text) in [
        ("blank.psk", format!("# drawn by nobody\n{ZEROS}\n")),
        ("two.psk", folder.read("right.psk").repeat(2)),
        (
            "cut.psk",
            folder.read("right.psk").trim_end().trim_end_matches(char::is_alphanumeric).to_owned()
                + "LKPSK1QQ",
        ),
        ("long.psk", "#".repeat(5000)),
    ] {
        folder.write(name, &text);
        fs::set_permissions(folder.path(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
    let zeros = keys::encode_public(&PublicKey::new([0; 32]));
    let secret = folder.read("server.key").lines().last().unwrap().to_owned();
    let wrong = |change: &str| {
        let mut order = [("--name", "x"), ("--server", &*server), ("-o", "x.page")];
        let mut rest = Vec::new();
        for words in change.split(' ').collect::<Vec<_>>().chunks(2) {
            match (order.iter_mut().find(|(option, _)| *option == words[0]), words) {
                (Some(given), [_, value]) => given.1 = value,
                _ => rest.extend_from_slice(words),
            }
        }
        let mut arguments = vec!["provision"];
        order.iter().for_each(|(option, value)| arguments.extend([*option, *value]));
        [arguments, rest].concat().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let bob = "lkpub1m60dkltm0hqmf56mv8pweep4xulcxs7gtduxwnddl3lpgmug9d8sxnwwax"; // of RFC 7748 §6.1, as the book prints it
    let short = &server[..server.len() - 1];
    let cases = [
        format!("--server {secret}"),
        format!("--server {short}"),
        "--server lkpub1".into(),
        "--server nonsense".into(),
        format!("--server {zeros}"),
        format!("--server {bob}"),
        format!("--name {secret}"),
        format!("--address {secret}"),
        "--name \u{a0}x".into(),
        "--name a\nb".into(),
        "--name a\u{202e}b".into(),
        "--name ".into(),
        "--name ../x --psk".into(),
        "--name .x --psk".into(),
        "-o server.key".into(),
        "--psk-file exposed.psk".into(),
        "--psk-file blank.psk".into(),
        "--psk-file two.psk".into(),
        "--psk-file cut.psk".into(),
        "--psk-file long.psk".into(),
        "--psk-file server.key".into(),
        "--psk-file .".into(),
        "--psk --psk-file right.psk".into(),
        "--name desk --registry devices.toml".into(),
    ];
    let before = fs::read_dir(folder.path(".")).unwrap().count();
    for case in cases {
        let arguments = wrong(&case);
        let answer = python.ask("run", arguments.clone()).unwrap();
        let mut command = folder.command("");
        command.args(&arguments);
        if arguments.iter().any(|argument| argument == "--registry") {
            command.arg("--no-wait");
        }
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(answer[0].as_i64(), output.status.code().map(i64::from), "{case}: {answer} {said}");
        let (in_python, in_rust) = (answer[1].as_str().unwrap(), said.as_str());
        assert_eq!(in_python.replace("lowkey_page.py: ", "lowkey: "), in_rust, "{case}");
        assert!(!in_python.contains(&secret[..20]), "{in_python}");
        assert_eq!(fs::read_dir(folder.path(".")).unwrap().count(), before, "{case}");
    }
}

#[test]
fn a_public_key_that_is_mistyped_is_no_key() {
    let folder = Folder::empty();
    let Some(mut python) = Python::within(&folder) else { return };
    let key = keys::encode_public(&PublicKey::new(std::array::from_fn(|at| at as u8)));
    let mistyped = (0..key.len()).map(|at| {
        let other = if key.as_bytes()[at] == b'q' { "p" } else { "q" };
        format!("{}{other}{}", &key[..at], &key[at + 1..])
    });
    let upper = key.to_uppercase();
    let others = [
        key.clone(),
        format!(" {key}\n"),
        upper.clone(),
        format!("{}{}", &upper[..20], &key[20..]),
        format!("{key}q"),
        key[..63].to_owned(),
        key.replace("lkpub", "l\u{212a}pub"),
        key.replacen('1', "11", 1),
        "1".into(),
        PADDED.into(),
    ];
    for text in mistyped.chain(others) {
        let in_rust = keys::parse_public(&text).map(|key| hex(key.as_bytes())).map_err(|why| why.to_string());
        let in_python = python.ask("public", text.as_str()).map(|key| key.as_str().unwrap().to_owned());
        assert_eq!(in_python, in_rust, "{text}");
    }
}

#[test]
fn a_secret_in_a_wrong_argument_is_not_said_again() {
    let folder = Folder::new();
    let Some(mut python) = Python::within(&folder) else { return };
    let [server, secret] = [folder.public("server.key"), folder.read("device.key")];
    let secret = secret.lines().last().unwrap();
    let order = format!("provision --name x --server {server} -o x.page");
    for (arguments, code) in [
        (secret.to_owned(), 2),
        (format!("{order} --key={secret}"), 1),
        (format!("{order} --format {secret}"), 2),
        (format!("{order} --no-such={secret}"), 2),
        (format!("{order} --id {secret}"), 2),
        (format!("{order} --registry {secret}/x"), 1),
        (format!("show {secret}"), 1),
        (format!("check {secret} --server {server}"), 1),
        (format!("check x.page --server {secret}"), 2),
    ] {
        let (found, said) = python.run(&arguments);
        assert_eq!(found, code, "{arguments}: {said}");
        assert!(!said.contains(&secret[6..20]), "{said}");
    }
}

#[test]
fn an_address_and_an_id_are_taken_or_refused_as_the_command_does_it() {
    let folder = Folder::empty();
    folder.run("keygen -o server.key").success();
    let Some(mut python) = Python::within(&folder) else { return };
    let server = folder.public("server.key");
    let hosts = [
        "192.168.1.10",
        "0.0.0.0",
        "255.255.255.255",
        "10-0-2-2",
        "0xcafe.example",
        "server.example.",
        "3com.example",
        "[::1]",
        "[fe80::1]",
        "[::ffff:10.0.2.2]",
        "[1:2:3:4:5:6:7::]",
        "x",
        "010.0.2.2",
        "10.0.2.256",
        "10.514",
        "167772674",
        "0xa000202",
        "10.0.2.0x2",
        "10.0.2.2.",
        ".",
        "",
        "ho st",
        "[::ffff:010.0.2.2]",
        "[fe80::1%eth0]",
        "[::1",
        "::1",
        "[]",
        "[10.0.2.2]",
        "a:b",
        "[1::2:3:4:5:6:7:8]",
        "[1:2:3:4:5:6:7:8:9]",
        "a\u{200b}b",
        "a\u{1c}b",
        "0X",
        "1.2.3.٤",
    ]; // fmt: skip
    let addresses = hosts.map(|host| format!("{host}:7000")).into_iter();
    let ports =
        ["0", "65535", "65536", "07", "+7", "7 ", "", "٧"].map(|port| format!("server.example:{port}"));
    let long = [59, 60].map(|len| format!("{}:7000", "h".repeat(len)));
    let addresses: Vec<String> = addresses.chain(ports).chain(long).chain(["nowhere".into()]).collect();
    let ids =
        ["x", "0x", "0x0", "0x00", "0xzz", "0X00", "", "ü", "0x0\u{660}"].map(str::to_owned).into_iter();
    let ids = ids
        .chain([32, 33].map(|len| "i".repeat(len)))
        .chain([32, 33].map(|len| format!("0x{}", "0a".repeat(len))));
    let cases = addresses.iter().map(|address| ["--address", address].map(str::to_owned));
    let cases = cases.chain(ids.map(|id| ["--id".to_owned(), id]));
    for [option, value] in cases {
        let order = ["provision", "--name", "x", "--server", &server, &option, &value, "-o"];
        let arguments =
            |page: &str| [&order[..], &[page]].concat().into_iter().map(Value::from).collect::<Vec<_>>();
        let answer = python.ask("run", arguments("python.page")).unwrap();
        let output = folder.command("").args(order).arg("rust.page").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(
            answer[0].as_i64(),
            output.status.code().map(i64::from),
            "{option} {value:?}: {answer} {said}"
        );
        if output.status.success() {
            let [python, rust] =
                ["python.page", "rust.page"].map(|page| fs::read(folder.path(page)).unwrap());
            assert_eq!(python[4..8], rust[4..8]);
            assert_eq!(python[40..104], rust[40..104]);
            assert!(option == "--address" || python[8..40] == rust[8..40], "{value}");
            ["python.page", "rust.page"].iter().for_each(|page| fs::remove_file(folder.path(page)).unwrap());
        } else if option == "--address" {
            assert!(
                said.contains("is no address") == answer[1].as_str().unwrap().contains("is no address"),
                "{said}"
            );
        }
    }
}

/// A PSK of zeros.
const ZEROS: &str = "LKPSK1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ2AZFJ7";
/// The bytes 0 to 31 as a public key, and behind them a bit that is no part of it.
const PADDED: &str = "lkpub1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc03fyk707";
