//! The command as people and scripts use it.

#![cfg(unix)]

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use lowkey_core::page::Page;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::{contains, is_empty, starts_with};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

/// A folder with a server's key, a device's, and a registry.
struct Folder(TempDir);

impl Folder {
    fn empty() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn new() -> Self {
        let folder = Self::empty();
        folder.run("keygen -o server.key").success();
        folder.run("keygen -o device.key").success();
        let device = folder.public("device.key");
        folder.write("devices.toml", &format!("[[device]]\nname = \"desk\"\nkey = \"{device}\"\n"));
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lowkey"));
        command.current_dir(self.0.path()).args(arguments.split_whitespace()).env_remove("RUST_LOG");
        command.timeout(Duration::from_secs(60));
        command
    }

    /// `arguments` are split at spaces.
    fn run(&self, arguments: &str) -> Assert {
        self.command(arguments).assert()
    }

    fn public(&self, key: &str) -> String {
        let printed = self.run(&format!("pubkey {key}")).success();
        String::from_utf8(printed.get_output().stdout.clone()).unwrap().trim().to_owned()
    }

    fn serve(&self) -> Server {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_lowkey"))
            .current_dir(self.0.path())
            .args([
                "serve",
                "--key",
                "server.key",
                "--devices",
                "devices.toml",
                "--listen",
                "127.0.0.1:0",
                "--echo",
            ])
            .env_remove("RUST_LOG")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.strip_prefix("listening on ").unwrap().trim().to_owned();
        Server { child, address, key: self.public("server.key") }
    }

    fn connect(&self, server: &Server) -> Command {
        self.command(&format!("connect {} --key device.key --server {}", server.address, server.key))
    }
}

struct Server {
    child: Child,
    address: String,
    key: String,
}

impl Server {
    /// Sends a signal and returns the exit code and the log.
    fn end(mut self, signal: &str) -> (Option<i32>, String) {
        let pid = self.child.id().to_string();
        assert!(std::process::Command::new("kill").args([signal, &pid]).status().unwrap().success());
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (self.child.wait().unwrap().code(), log)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _it_may_have_ended = self.child.kill();
        let _and_is_waited_for = self.child.wait();
    }
}

#[test]
fn help_and_version_are_there_for_every_command() {
    let folder = Folder::empty();
    folder.run("--version").success().stdout(starts_with("lowkey 0."));
    for command in ["", "keygen", "pubkey", "provision", "serve", "connect"] {
        folder
            .run(&format!("{command} --help"))
            .success()
            .stdout(contains("Exit codes:").and(contains("Usage:")));
    }
}

#[test]
fn wrong_arguments_exit_with_2_and_say_what_is_missing() {
    let folder = Folder::empty();
    folder.run("").code(2).stderr(contains("Usage"));
    folder.run("dance").code(2).stderr(contains("dance"));
    folder.run("pubkey").code(2).stderr(contains("<FILE>"));
    folder.run("serve --key a --devices b").code(2).stderr(contains("--echo"));
    folder
        .run("connect localhost:1 --key a --server nonsense")
        .code(2)
        .stderr(contains("here belongs a public key"));
    folder.run("connect localhost:1 --key a").code(2).stderr(contains("--server"));
}

#[test]
fn a_key_is_made_for_its_owner_only_and_never_overwritten() {
    let folder = Folder::empty();
    let made = folder.run("keygen -o server.key").success().stdout(is_empty());
    let public = folder.public("server.key");
    assert_eq!(String::from_utf8_lossy(&made.get_output().stderr), format!("public key: {public}\n"));
    let mode = fs::metadata(folder.path("server.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let before = folder.read("server.key");
    folder
        .run("keygen -o server.key")
        .code(1)
        .stderr(contains("server.key: is there already and is not overwritten"));
    folder.run("keygen --psk -o server.key").code(1);
    assert_eq!(folder.read("server.key"), before);
    folder.run("keygen -o no/such/folder.key").code(1).stderr(contains("No such file"));
}

#[test]
fn a_key_without_a_file_goes_to_standard_output() {
    let folder = Folder::empty();
    let made =
        folder.run("keygen").success().stdout(contains("\nLKSEC1")).stderr(starts_with("public key: lkpub1"));
    let text = String::from_utf8(made.get_output().stdout.clone()).unwrap();
    folder.write("kept.key", &text);
    folder.run("pubkey kept.key").code(1).stderr(contains("mend that with: chmod 600 kept.key"));
    fs::set_permissions(folder.path("kept.key"), fs::Permissions::from_mode(0o600)).unwrap();
    assert!(text.contains(&folder.public("kept.key")));
    folder.run("keygen --psk").success().stdout(contains("\nLKPSK1")).stderr(is_empty());
}

#[test]
fn a_public_key_of_what_is_no_key_file_is_an_error_that_says_why() {
    let folder = Folder::empty();
    folder
        .run("pubkey missing.key")
        .code(1)
        .stderr("lowkey: missing.key: No such file or directory (os error 2)\n");
    folder.run("keygen --psk -o a.psk").success();
    folder
        .run("pubkey a.psk")
        .code(1)
        .stderr(contains("this is a PSK (LKPSK1…); here belongs a private key"));
}

#[test]
fn a_provisioned_page_reads_and_its_registry_line_loads() {
    let folder = Folder::new();
    let server = folder.public("server.key");
    let order =
        format!("provision --name board --server-key {server} --address 10.0.2.2:7000 --psk -o board.page");
    folder.run(&format!("{order} --registry devices.toml")).success().stdout(is_empty()).stderr(
        contains("added \"board\" to devices.toml").and(contains("only copy")).and(contains("LKS").not()),
    );
    let bytes = fs::read(folder.path("board.page")).unwrap();
    let page = Page::read(&bytes).unwrap();
    assert_eq!(page.address(), "10.0.2.2:7000");
    assert!(page.psk().is_some());
    assert!(folder.read("devices.toml").contains("psk_file = \"board.psk\""));
    for secret in ["board.page", "board.psk"] {
        assert_eq!(fs::metadata(folder.path(secret)).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // The server takes the registry.
    let (code, log) = folder.serve().end("-TERM");
    assert_eq!(code, Some(0), "{log}");
    // A second one of that name is refused and leaves all as it was.
    let before = folder.read("devices.toml");
    let again = order.replace("board.page", "again.page");
    folder
        .run(&format!("{again} --registry devices.toml"))
        .code(1)
        .stderr(contains("devices.toml: the name \"board\" is in use already"));
    assert_eq!(folder.read("devices.toml"), before);
    assert!(!folder.path("again.page").exists());
    folder.run(&order).code(1).stderr(contains("board.page: is there already"));
}

#[test]
fn without_a_registry_the_lines_are_printed() {
    let folder = Folder::new();
    let server = folder.public("server.key");
    for (format, marker) in [("c", "uint8_t lowkey_key_page[344]"), ("rust", "[u8; 344]")] {
        let order = format!(
            "provision --name {format} --id id-{format} --server {server} --format {format} -o page.{format}"
        );
        folder.run(&order).success().stdout(starts_with(format!(
            "[[device]]\nname = \"{format}\"\nid = \"id-{format}\"\nkey = \"lkpub1"
        )));
        assert!(folder.read(&format!("page.{format}")).contains(marker));
    }
    folder
        .run(&format!("provision --name x --server-pub {server} --address nowhere -o x.page"))
        .code(1)
        .stderr(contains("write it as host:port"));
    folder
        .run(&format!("provision --name ../x --server {server} --psk -o x.page"))
        .code(1)
        .stderr(contains("add --psk-file FILE"));
}

#[test]
fn what_is_sent_comes_back_and_the_end_of_input_ends_one_direction_only() {
    let folder = Folder::new();
    let server = folder.serve();
    folder.connect(&server).write_stdin("hello\n").assert().success().stdout("hello\n").stderr(is_empty());
    folder.connect(&server).write_stdin("").assert().success().stdout("");
    let long: Vec<u8> = (0..3_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let echoed = folder.connect(&server).write_stdin(long.clone()).assert().success();
    assert!(echoed.get_output().stdout == long);
    let (code, log) = server.end("-INT");
    assert_eq!(code, Some(0));
    assert!(log.contains("session confirmed") && log.contains("device=\"desk\""), "{log}");
}

#[test]
fn a_psk_and_an_id_of_its_own_connect_too() {
    let folder = Folder::new();
    folder.run("keygen --psk -o desk.psk").success();
    let device = folder.public("device.key");
    folder.write(
        "devices.toml",
        &format!("[[device]]\nname = \"desk\"\nkey = \"{device}\"\nid = \"desk\"\npsk_file = \"desk.psk\"\n"),
    );
    let server = folder.serve();
    let mut connect = folder.connect(&server);
    connect
        .args(["--id", "desk", "--psk-file", "desk.psk"])
        .write_stdin("hi")
        .assert()
        .success()
        .stdout("hi");
    for (arguments, why) in [(&["--id", "desk"][..], "refused"), (&["--psk-file", "desk.psk"], "refused")] {
        folder
            .connect(&server)
            .args(arguments)
            .write_stdin("hi")
            .assert()
            .code(4)
            .stdout("")
            .stderr(contains(why));
    }
}

#[test]
fn a_stranger_is_refused_with_exit_code_4() {
    let folder = Folder::new();
    folder.write("devices.toml", "# nobody\n");
    let server = folder.serve();
    folder
        .connect(&server)
        .assert()
        .code(4)
        .stderr(contains("refused: the peer does not know us").and(contains("check --key, --server, --id")));
}

#[test]
fn nobody_there_is_exit_code_3() {
    let folder = Folder::new();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = folder.public("server.key");
    let connect =
        |address: &str| folder.run(&format!("connect {address} --key device.key --server {server}"));
    connect(&free.to_string())
        .code(3)
        .stderr(contains("Connection refused").and(contains("is a server listening there?")));
    connect("no-port").code(3);
}

#[test]
fn a_server_that_is_none_is_exit_code_4() {
    let folder = Folder::new();
    let server = folder.public("server.key");
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let other = thread::spawn(move || {
        let (mut stream, _) = socket.accept().unwrap();
        let mut hello = [0; 60];
        stream.read_exact(&mut hello).unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
    });
    folder.run(&format!("connect {address} --key device.key --server {server}")).code(4);
    other.join().unwrap();
}

#[test]
fn a_channel_that_is_cut_is_exit_code_5() {
    let folder = Folder::new();
    let server = folder.serve();
    // Between them somebody who cuts the line after the first answer.
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let between = socket.local_addr().unwrap();
    let real = server.address.clone();
    let cutter = thread::spawn(move || {
        let (device, _) = socket.accept().unwrap();
        let real = TcpStream::connect(real).unwrap();
        let (mut from, mut to) = (device.try_clone().unwrap(), real.try_clone().unwrap());
        thread::spawn(move || std::io::copy(&mut from, &mut to));
        let (mut from, mut to) = (real, device);
        let mut answers = [0; 4096];
        let mut passed = 0;
        while passed < 60 {
            let n = from.read(&mut answers).unwrap();
            to.write_all(&answers[..n]).unwrap();
            passed += n;
        }
        to.shutdown(std::net::Shutdown::Both).unwrap();
    });
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_lowkey"))
        .current_dir(folder.0.path())
        .args(["connect", &between.to_string(), "--key", "device.key", "--server", &server.key])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"hello").unwrap();
    let mut output = [0; 5];
    child.stdout.as_mut().unwrap().read_exact(&mut output).unwrap();
    assert_eq!(&output, b"hello");
    let result = child.wait_with_output().unwrap();
    assert_eq!(result.status.code(), Some(5));
    assert!(String::from_utf8_lossy(&result.stderr).contains("the channel broke"));
    cutter.join().unwrap();
}

#[test]
fn a_port_in_use_is_exit_code_3_and_says_what_to_do() {
    let folder = Folder::new();
    let server = folder.serve();
    folder
        .run(&format!("serve --key server.key --devices devices.toml --listen {} --echo", server.address))
        .code(3)
        .stdout(is_empty())
        .stderr(contains("cannot listen on").and(contains("choose another --listen")));
}

#[test]
fn a_server_with_files_that_are_wrong_does_not_begin() {
    let folder = Folder::new();
    let serve = "serve --key server.key --devices devices.toml --listen 127.0.0.1:0 --echo";
    let device = folder.public("device.key");
    folder
        .write("devices.toml", &format!("[[device]]\nname = \"a\"\nkey = \"{device}\"\ncolour = \"red\"\n"));
    folder.run(serve).code(1).stderr(contains("lowkey: devices.toml:4: unknown field `colour`"));
    fs::remove_file(folder.path("devices.toml")).unwrap();
    folder.run(serve).code(1).stderr(contains("devices.toml: No such file"));
    folder.write("devices.toml", "");
    fs::set_permissions(folder.path("server.key"), fs::Permissions::from_mode(0o644)).unwrap();
    folder.run(serve).code(1).stderr(contains("chmod 600 server.key"));
    folder.run(&format!("{serve} --log lowkey=loud")).code(2).stderr(contains("--log or RUST_LOG"));
}

#[test]
fn a_signal_ends_the_server_and_devices_hear_of_it() {
    let folder = Folder::new();
    for signal in ["-TERM", "-INT"] {
        let server = folder.serve();
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_lowkey"))
            .current_dir(folder.0.path())
            .args(["connect", &server.address, "--key", "device.key", "--server", &server.key])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(b"x").unwrap();
        let mut output = [0];
        child.stdout.as_mut().unwrap().read_exact(&mut output).unwrap();
        let (code, log) = server.end(signal);
        assert_eq!(code, Some(0), "{log}");
        drop(input);
        // An end, not a truncation; that our own CLOSE finds nobody may be an error.
        let code = child.wait().unwrap().code();
        assert!(matches!(code, Some(0 | 5)), "{code:?}");
    }
}

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

#[test]
fn a_registry_on_a_full_disk_is_as_it_was() {
    let folder = Folder::new();
    // Just short of the 4 blocks of 512 bytes that a file may have here: a table would be cut off.
    let table = folder.read("devices.toml");
    let before = format!("{}\n{table}", "#".repeat(2000 - table.len()));
    folder.write("devices.toml", &before);
    let server = folder.public("server.key");
    let run = format!(
        "trap '' XFSZ; ulimit -f 4; exec {} provision --name x --server {server} -o x.page --registry devices.toml",
        env!("CARGO_BIN_EXE_lowkey")
    );
    let output =
        std::process::Command::new("sh").current_dir(folder.0.path()).args(["-c", &run]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("devices.toml: File too large"), "{said}");
    assert_eq!(folder.read("devices.toml"), before);
    assert_eq!(fs::read_dir(folder.0.path()).unwrap().count(), 3, "two keys and the registry");
}
