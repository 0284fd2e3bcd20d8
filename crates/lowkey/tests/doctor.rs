//! `lowkey doctor`, with a server in this process.

#![cfg(unix)]

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use lowkey_gateway::admin::{Admin, Endpoint};
use lowkey_host::{
    Acceptor, Device, Devices, Id, Identity, Limits, Peer, Pinned, Pinning, Psk, Secret, connect,
};
use lowkey_registry::keys;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::duplex;
use tokio::runtime::Runtime;

struct Site {
    folder: TempDir,
    acceptor: Acceptor,
    pump: Identity,
    runtime: Runtime,
}

impl Site {
    /// A server that knows `pump 7`, with a PSK.
    fn new() -> Self {
        let server = Arc::new(Identity::new(keys::generate().unwrap()).unwrap());
        let pump = Identity::new(keys::generate().unwrap()).unwrap();
        let pinned = Pinned::new(Device::new("pump 7").unwrap(), &server, pump.public_key()).unwrap();
        let devices = Devices::new([pinned.with_psk(Psk::new(Secret::new([7; 32])).unwrap())]).unwrap();
        let acceptor = Acceptor::new(Arc::clone(&server), devices, Limits::default()).unwrap();
        let site =
            Self { folder: tempfile::tempdir().unwrap(), acceptor, pump, runtime: Runtime::new().unwrap() };
        let address = Endpoint::unix(site.folder.path().join("s"));
        let admin = Admin::bind(&address, site.acceptor.clone());
        let admin = site.runtime.block_on(admin).unwrap().with_registry_file("/srv/my devices.toml");
        site.runtime.spawn(admin.run());
        site
    }

    /// An attempt of `identity`, as KK.
    fn attempt(&self, identity: &Identity) {
        self.runtime.block_on(async {
            let (near, far) = duplex(1 << 16);
            let server = self.acceptor.public_key();
            let peer = Peer::pin(identity, server).unwrap();
            let id = Id::of_pinning(&identity.public_key(), &server);
            let limits = Limits::default();
            let (device, session) = tokio::join!(
                connect(near, Pinning { id, identity, peer: &peer, psk: None }, &limits),
                self.acceptor.accept_from(far, ([192, 0, 2, 7], 50_311).into())
            );
            assert!(device.is_err() && session.is_err());
        });
    }

    fn run(&self, arguments: &[&str]) -> Assert {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lowkey"));
        let socket = format!("--admin=unix:{}", self.folder.path().join("s").display());
        command.timeout(Duration::from_secs(60)).arg("doctor").args(arguments).arg(socket).assert()
    }
}

fn stdout(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

#[test]
fn the_doctor_says_what_why_and_which_command() {
    let site = Site::new();
    assert_eq!(stdout(&site.run(&[]).success()), "no attempt that came to nothing is on record\n");
    site.attempt(&site.pump);
    let said = stdout(&site.run(&["pump 7"]).code(11));
    let id: String = Id::of_pinning(&site.pump.public_key(), &site.acceptor.public_key())
        .as_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let server = keys::encode_public(&site.acceptor.public_key());
    let (_, ago) = said.split_once(" once, ").unwrap();
    let (ago, _) = ago.split_once(" s ago").unwrap();
    assert_eq!(
        said,
        format!(
            "pump 7  refused from 192.0.2.7 once, {ago} s ago (KK, id 0x{id})\n  \
             why  its key is right, but it has no PSK, and its pinning has one\n  \
             run  lowkey provision --rotate --psk --psk-file '/srv/pump 7.psk' --name 'pump 7' --server {server} \
             --registry '/srv/my devices.toml' --output 'pump 7.page'\n"
        )
    );
    // By its id and by its address as well.
    for about in [format!("0x{id}"), "192.0.2.7".to_owned()] {
        let said = stdout(&site.run(&[&about]).code(13));
        assert!(said.starts_with("pump 7  refused"), "{said}");
    }
    site.attempt(&Identity::new(keys::generate().unwrap()).unwrap());
    let said = stdout(&site.run(&[]).code(13));
    assert!(
        said.starts_with("somebody  refused from 192.0.2.7 once") && said.contains("\n\npump 7  "),
        "{said}"
    );
    let nobody = stdout(&site.run(&["pump-8"]).code(12));
    assert!(nobody.starts_with("\"pump-8\"  is no device's name"), "{nobody}");
}

#[test]
fn a_secret_that_stands_there_by_mistake_is_not_repeated() {
    let site = Site::new();
    for arguments in [&["LKSEC1QPZRY9X8"][..], &["--json", "LKSEC1QPZRY9X8"]] {
        let said = stdout(&site.run(arguments).code(12));
        assert!(said.contains("LKSEC1…") && !said.contains("QPZRY"), "{said}");
    }
}

#[test]
fn doctor_json_is_the_servers() {
    let site = Site::new();
    site.attempt(&site.pump);
    let value: Value = serde_json::from_str(&stdout(&site.run(&["--json", "pump 7"]).code(11))).unwrap();
    assert_eq!(value["asked"], "pump 7");
    assert_eq!(value["findings"][0]["kind"], "psk_missing");
    assert_eq!(value["findings"][0]["from"], "192.0.2.7:50311");
}
