//! No secret is printed, wherever somebody puts it.

use crate::common::{Folder, Server};

#[test]
fn no_secret_is_printed_by_anything_but_keygen() {
    let folder = Folder::new();
    let secret = folder.read("server.key").lines().last().unwrap().to_owned();
    let server = folder.serve();
    folder.connect(&server).write_stdin("x").assert().success();
    let (_, log) = server.end("-TERM");
    assert!(!log.to_uppercase().contains(&secret));
    // A secret given where a public key belongs is not repeated.
    let wrong = folder.run(&format!("connect localhost:1 --key device.key --server {secret}")).code(2);
    let said = String::from_utf8_lossy(&wrong.get_output().stderr).into_owned();
    assert!(said.contains("this is a private key"), "{said}");
    assert!(!said.contains(&secret), "{said}");
}

#[test]
fn a_secret_in_the_wrong_place_of_a_command_line_is_not_repeated() {
    let folder = Folder::new();
    folder.run("keygen --psk -o a.psk").success();
    let last = |file: &str| folder.read(file).lines().last().unwrap().to_owned();
    let (key, psk) = (last("server.key"), last("a.psk"));
    let server = folder.public("server.key");
    let provision = format!("provision --server {server} -o x.page");
    let connect = format!("connect localhost:1 --key device.key --server {server}");
    for arguments in [
        format!("pubkey {key}"),
        format!("pubkey {}", key.to_lowercase()),
        format!("serve --echo --devices devices.toml --key {key}"),
        format!("serve --echo --devices {key} --key server.key"),
        format!("serve --echo --devices devices.toml --key server.key --listen {key}"),
        format!("serve --echo --devices devices.toml --key server.key --log {key}=loud"),
        format!("{provision} --name x --psk {psk}"),
        format!("{provision} --name x --psk-file {psk}"),
        format!("{provision} --name x --address {key}"),
        format!("{provision} --name x --id {key}"),
        format!("{provision} --name {key}"),
        format!("{provision} --name x --format {key}"),
        format!("{provision} --name /{key} --psk"),
        format!("{connect} --psk-file {psk}"),
        format!("{connect} --id {psk}"),
        format!("connect {key} --key device.key --server {server}"),
        format!("{connect} --{key}"),
        key.clone(),
    ] {
        let ended = folder.run(&arguments).failure();
        let output = ended.get_output();
        let said = [&output.stdout[..], &output.stderr].map(String::from_utf8_lossy).concat().to_uppercase();
        for secret in [&key, &psk] {
            assert!(!said.contains(&secret[8..]), "{arguments}: {said}");
        }
    }
}

/// As an editor or a mail breaks it, and a shell without quotes takes it.
#[test]
fn a_secret_that_was_wrapped_is_not_repeated_from_its_second_line_on() {
    let folder = Folder::new();
    let key = folder.read("server.key").lines().last().unwrap().to_owned();
    let server = folder.public("server.key");
    let (first, rest) = key.split_at(30);
    let (second, third) = rest.split_at(16);
    let connect = ["connect", "localhost:1", "--key", "device.key", "--server", &server];
    let words = [first, second, third];
    let wrapped = [words.join(" "), words.join("\n"), words.join("\\\n  "), words.join("\r\n")];
    let mut lines: Vec<Vec<String>> = vec![
        // Not quoted: each part is an argument of its own.
        [&connect[..], &["--id"], &words].concat().into_iter().map(str::to_owned).collect(),
        [&["pubkey"], &words[..]].concat().into_iter().map(str::to_owned).collect(),
        [&["keygen"], &words[..]].concat().into_iter().map(str::to_owned).collect(),
        words.into_iter().map(str::to_owned).collect(),
    ];
    for one in &wrapped {
        for before in [
            &["pubkey"][..],
            &["page", "show"],
            &["show"],
            &["revoke", "--registry", "x", "--server", &server],
        ] {
            lines.push(before.iter().map(|word| (*word).to_owned()).chain([one.clone()]).collect());
        }
    }
    for line in &lines {
        let ended =
            folder.command("").args(line).env("LOWKEY_ADMIN_LISTEN", "unix:nowhere.sock").assert().failure();
        let output = ended.get_output();
        let said = [&output.stdout[..], &output.stderr].map(String::from_utf8_lossy).concat().to_uppercase();
        for part in [&first[8..], second, third] {
            assert!(!said.contains(part), "{line:?}: {said}");
        }
    }
    for text in &wrapped {
        folder.write(
            "devices.toml",
            &format!("[[device]]\nname = \"\"\"{}\"\"\"\nkey = \"x\"\n", text.replace('\\', "")),
        );
        let said = folder.run("check --key server.key --devices devices.toml --echo").failure();
        let said = String::from_utf8_lossy(&said.get_output().stderr).to_uppercase();
        for part in [&first[8..], second, third] {
            assert!(!said.contains(part), "{text:?}: {said}");
        }
    }
}

/// A core would hold the server's key.
#[cfg(target_os = "linux")]
#[test]
fn no_core_is_left_of_a_server_that_aborts() {
    use std::os::unix::process::ExitStatusExt;
    let folder = Folder::new();
    let mut command = folder.program("sh");
    command.args([
        "-c",
        "ulimit -S -c $(ulimit -H -c) && exec \"$0\" \"$@\"",
        env!("CARGO_BIN_EXE_lowkey"),
        "serve",
    ]);
    command.args("--key server.key --devices devices.toml --listen 127.0.0.1:0 --echo".split(' '));
    let server = Server::start(command, folder.public("server.key"));
    let status = server.killed_by("-ABRT");
    assert!(status.signal().is_some() && !status.core_dumped(), "{status}");
}
