//! `lowkey show`, with a server in this process.

#![cfg(unix)]

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use lowkey_gateway::admin::{Admin, Endpoint};
use lowkey_host::{
    Acceptor, Connection, Device, Devices, Id, Identity, Limits, Peer, Pinned, Pinning, connect,
};
use lowkey_registry::keys;
use predicates::str::{contains, is_match};
use serde_json::Value;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io::Read, io::Write, thread};
use tempfile::TempDir;
use tokio::io::{DuplexStream, duplex};
use tokio::runtime::Runtime;

/// A server with an admin socket.
struct Site {
    folder: TempDir,
    acceptor: Acceptor,
    devices: Vec<Identity>,
    runtime: Runtime,
}

impl Site {
    fn new(names: &[&str]) -> Self {
        let server = Arc::new(Identity::new(keys::generate().unwrap()).unwrap());
        let devices: Vec<Identity> =
            names.iter().map(|_| Identity::new(keys::generate().unwrap()).unwrap()).collect();
        let pinned = names.iter().zip(&devices).map(|(name, device)| {
            let named = Device::new(*name).unwrap().with_label("site", "north").unwrap();
            Pinned::new(named, &server, device.public_key()).unwrap()
        });
        let acceptor =
            Acceptor::new(Arc::clone(&server), Devices::new(pinned).unwrap(), Limits::default()).unwrap();
        let site = Self {
            folder: tempfile::tempdir().unwrap(),
            acceptor,
            devices,
            runtime: Runtime::new().unwrap(),
        };
        let address = Endpoint::unix(site.socket());
        let admin = Admin::bind(&address, site.acceptor.clone());
        let admin = site.runtime.block_on(admin).unwrap();
        site.runtime.spawn(admin.run());
        site
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("admin.sock")
    }

    /// Device and server, with `sent` bytes from the device.
    fn connect(&self, n: usize, sent: usize) -> [Connection<DuplexStream>; 2] {
        self.runtime.block_on(async {
            let (near, far) = duplex(1 << 16);
            let (identity, server) = (&self.devices[n], self.acceptor.public_key());
            let peer = Peer::pin(identity, server).unwrap();
            let id = Id::of_pinning(&identity.public_key(), &server);
            let pinning = Pinning { id, identity, peer: &peer, psk: None };
            let limits = Limits::default();
            let (device, session) = tokio::join!(
                connect(near, pinning, &limits),
                self.acceptor.accept_from(far, ([192, 0, 2, 7], 50_311).into())
            );
            let (mut device, mut session) = (device.unwrap(), session.unwrap());
            device.send(&vec![7; sent]).await.unwrap();
            session.recv().await.unwrap();
            [device, session]
        })
    }

    fn run(&self, arguments: &[&str]) -> Assert {
        lowkey(&self.socket(), arguments)
    }
}

fn lowkey(socket: &Path, arguments: &[&str]) -> Assert {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lowkey"));
    command.timeout(Duration::from_secs(60)).env_remove("LOWKEY_ADMIN_LISTEN");
    command.args(arguments).arg(format!("--admin=unix:{}", socket.display())).assert()
}

fn stdout(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

#[test]
fn show_lists_sessions_by_name_as_people_read_them() {
    let site = Site::new(&["pump-8", "pump-7", "pump-9"]);
    assert_eq!(
        stdout(&site.run(&["show"]).success()),
        "0 devices connected; since the server began 0 B received, 0 B sent\n"
    );
    let _sessions = [site.connect(0, 1000), site.connect(1, 2000)];
    let shown = site.run(&["show"]).success().stdout(
        is_match(concat!(
            r"\Apump-7\n",
            r"  mode         KK\n",
            r"  id           0x[0-9a-f]{16}\n",
            r"  key          lkpub1[0-9a-z]{58}\n",
            r"  from         192\.0\.2\.7:50311\n",
            r"  connected    for \d+ s\n",
            r"  last record  \d+ s ago\n",
            r"  received     1\.97 KiB\n",
            r"  sent         0 B\n",
            r"  rekeys       0\n",
            r"  labels       site=north\n",
            r"\npump-8\n",
        ))
        .unwrap(),
    );
    let shown = stdout(&shown);
    assert!(
        shown.ends_with("\n\n2 devices connected; since the server began 2.96 KiB received, 0 B sent\n"),
        "{shown}"
    );
    assert!(!shown.contains("pump-9"));

    let one = stdout(&site.run(&["show", "pump-8"]).success());
    assert!(one.starts_with("pump-8\n") && !one.contains("pump-7"), "{one}");
    site.run(&["show", "pump-9"]).code(3).stderr(contains("\"pump-9\" is not connected; `lowkey doctor`"));
}

#[test]
fn show_json_is_the_servers() {
    let site = Site::new(&["pump-7", "pump-8"]);
    let _sessions = [site.connect(0, 10), site.connect(1, 20)];
    let all: Value = serde_json::from_str(&stdout(&site.run(&["show", "--json"]).success())).unwrap();
    assert_eq!(all["sessions"].as_array().unwrap().len(), 2);
    assert_eq!(all["totals"]["sessions_begun"], 2);
    let one: Value =
        serde_json::from_str(&stdout(&site.run(&["show", "--json", "pump-8"]).success())).unwrap();
    assert_eq!(one["sessions"], Value::Array(vec![all["sessions"][1].clone()]));
}

#[test]
fn names_cannot_steer_a_terminal() {
    let site = Site::new(&["pump-7"]);
    let _session = site.connect(0, 10);
    // No registry takes such a name; what answers may be another server.
    let said = stdout(&site.run(&["show", "--json"]).success()).replace("pump-7", "\u{202e}7-pmup");
    let path = site.folder.path().join("another");
    let listener = UnixListener::bind(&path).unwrap();
    let other = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _request = stream.read(&mut [0; 1000]).unwrap();
        stream.write_all(format!("HTTP/1.1 200 OK\r\n\r\n{said}").as_bytes()).unwrap();
    });
    lowkey(&path, &["show"]).success().stdout(contains("\\u{202e}7-pmup\n"));
    other.join().unwrap();
}

#[test]
fn a_server_that_is_not_there_is_said_to_be_so() {
    let folder = tempfile::tempdir().unwrap();
    let nobody = folder.path().join("admin.sock");
    lowkey(&nobody, &["show"]).code(3).stderr(contains("is a server running, with `listen` under [admin]"));
    drop(UnixListener::bind(&nobody).unwrap());
    lowkey(&nobody, &["doctor"]).code(3).stderr(contains("is a server running"));

    let run = |arguments: &[&str], variable: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lowkey"));
        command.env("LOWKEY_ADMIN_LISTEN", variable).args(arguments).assert()
    };
    run(&["show"], "0.0.0.0:1").code(2).stderr(contains("LOWKEY_ADMIN_LISTEN: 0.0.0.0:1 can be reached"));
    run(&["show", "--admin", "x"], "").code(2).stderr(contains("--admin: write it as unix:PATH"));
    run(&["show"], "127.0.0.1:1").code(3).stderr(contains("127.0.0.1:1: "));
}

#[test]
fn another_program_there_is_not_believed() {
    for answer in [
        "hello",
        "HTTP/1.1 200 OK\r\n\r\n<html>",
        "HTTP/1.1 200 OK\r\n\r\n{\"sessions\": [\"\u{9b}2J\"]}",
        "SSH-2.0-x\r\n\r\n{}",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let listener = UnixListener::bind(&path).unwrap();
        let other = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _request = stream.read(&mut [0; 1000]).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        });
        lowkey(&path, &["show"]).code(3).stderr(contains("that is no admin listener of a Lowkey server"));
        other.join().unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("f"), "").unwrap();
    lowkey(&folder.path().join("f"), &["show"]).code(3);
}
