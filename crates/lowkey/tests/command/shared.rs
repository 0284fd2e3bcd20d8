//! Two servers that share a registry over NATS: what is pushed is in force on both, and a file comes back as it went.

mod changed;

use crate::common::{Folder, Server};
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use std::io::{Read, Write};
use test_support::nats::NatsServer;
use tokio::runtime::Runtime;

pub(crate) struct Fleet {
    pub(crate) folder: Folder,
    nats: NatsServer,
    pub(crate) runtime: Runtime,
}

impl Fleet {
    /// Nothing where there is no nats-server, which is said.
    pub(crate) fn new() -> Option<Self> {
        let runtime = Runtime::new().unwrap();
        let nats = runtime.block_on(NatsServer::start())?;
        let folder = Folder::new();
        let key = folder.public("server.key");
        folder
            .write("devices.toml", &format!("# ours\nserver = \"{key}\"\n\n{}", folder.read("devices.toml")));
        Some(Self { folder, nats, runtime })
    }

    pub(crate) fn registry(&self) -> String {
        format!("{}/fleet", self.nats.url())
    }

    pub(crate) fn push(&self) -> assert_cmd::assert::Assert {
        self.folder.run(&format!("registry push devices.toml {} --wait 60s", self.registry()))
    }

    pub(crate) fn gateway(&self, name: &str) -> Server {
        let arguments = format!(
            "--key server.key --nats {} --nats-name {name} --listen 127.0.0.1:0 --echo --admin unix:{name}.sock",
            self.registry()
        );
        self.folder.serve_with(&arguments, &[])
    }
}

impl Fleet {
    /// Waits until a window is open at this server.
    pub(crate) fn until_open(&self, server: &str) {
        self.until_listed(server, "open; no device has come");
    }

    /// Waits until `lowkey pair --list` says this of this server.
    pub(crate) fn until_listed(&self, server: &str, what: &str) {
        let list = format!("pair --list --admin unix:{server}.sock");
        self.folder.waits_for(what);
        loop {
            let output = self.folder.command(&list).output().unwrap();
            if String::from_utf8_lossy(&output.stdout).contains(what) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
}

#[test]
fn what_is_pushed_is_in_force_on_every_server_and_revoked_devices_are_gone_when_the_command_says_so() {
    let Some(fleet) = Fleet::new() else { return };
    let (folder, registry) = (&fleet.folder, fleet.registry());
    folder.run(&format!("registry pull {registry}")).code(1).stderr(contains("no such registry yet"));
    fleet.push().success().stderr(
        contains("1 device: 1 new, 0 taken out, 0 changed")
            .and(contains("no server follows this registry yet")),
    );
    let check = format!("check --key server.key --nats {registry} --nats-name a --listen 127.0.0.1:0 --echo");
    folder.run(&check).success().stdout(contains("ok: 1 device,"));
    let (a, b) = (fleet.gateway("a"), fleet.gateway("b"));
    for server in [&a, &b] {
        folder.connect(server).write_stdin("x").assert().success().stdout("x");
    }
    let mut device = folder.device(&b.address, &b.key);
    device.input.as_mut().unwrap().write_all(b"x").unwrap();
    device.child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();

    let devices = folder.read("devices.toml");
    folder.run(&format!("registry pull {registry}")).success().stdout(devices.clone());
    folder.run(&format!("registry diff devices.toml {registry}")).success().stdout("");
    let (head, _) = devices.split_once("[[device]]").unwrap();
    folder.write("devices.toml", head);
    folder.run(&format!("registry diff devices.toml {registry}")).code(7).stdout("- desk\n");
    fleet.push().success().stderr(contains("1 taken out").and(contains("in force: 2 gateways")));
    for server in [&a, &b] {
        folder.connect(server).assert().code(4);
    }
    assert_eq!(device.child.wait().unwrap().code(), Some(5));

    folder.write("devices.toml", &devices);
    fleet.push().success().stderr(contains("in force: 2 gateways"));
    folder.connect(&a).write_stdin("x").assert().success().stdout("x");
    // One that stops in order is not waited for.
    assert_eq!(b.end("-TERM").0, Some(0));
    folder.write("devices.toml", head);
    fleet.push().success().stderr(contains("in force: 1 gateway"));
    // One that is killed may go on elsewhere, for all that anybody knows.
    assert!(!a.killed_by("-KILL").success());
    folder.write("devices.toml", &devices);
    let brief = format!("registry push devices.toml {registry} --wait 1s");
    folder.run(&brief).code(7).stderr(contains("not in force everywhere: \"a\""));
    let forget = |name: &str| folder.run(&format!("registry forget {registry} {name}"));
    forget("a").code(7).stderr(contains("\"a\" is there: it was heard"));
    forget("c").code(2).stderr(contains("no server is called \"c\""));
    forget("b").success().stderr(contains("forgotten: \"b\""));
    drop(fleet.runtime);
}

/// A command that changes a file at a server that has none says where its registry is.
fn asked_nothing(folder: &Folder, command: &str, registry: &str) {
    let before = folder.read("devices.toml");
    folder.run(command).code(7).stderr(contains(format!("say --registry {registry}")));
    folder.write("devices.toml", &before);
}

#[test]
fn whichever_server_is_asked_it_answers_for_all_of_them() {
    let Some(fleet) = Fleet::new() else { return };
    let folder = &fleet.folder;
    fleet.push().success();
    let (a, b) = (fleet.gateway("a"), fleet.gateway("b"));
    let mut device = folder.device(&b.address, &b.key);
    device.input.as_mut().unwrap().write_all(b"x").unwrap();
    device.child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    let asked = |command: &str| folder.run(&format!("{command} --admin unix:a.sock"));
    // Until both know of each other, and one has the lease.
    let sent = loop {
        let sent = asked("send desk --text hello");
        if sent.get_output().status.success() {
            break sent;
        }
        sent.code(11);
    };
    sent.stdout(contains("received by desk's channel"));
    let mut heard = [0; 5];
    device.child.stdout.as_mut().unwrap().read_exact(&mut heard).unwrap();
    assert_eq!(&heard, b"hello");
    // The habit of one server.
    let revoke = format!("revoke desk --registry devices.toml --server {} --admin unix:a.sock", a.key);
    asked_nothing(folder, &revoke, &fleet.registry());
    asked("show desk").success().stdout(contains("gateway      b").and(contains("connected    for")));
    asked("show").success().stdout(contains("desk\t").and(contains("\tb\n")));
    asked("list").success().stdout(contains("desk\tconnected").and(contains("\tb\n")));
    asked("doctor desk").success().stdout(contains("desk  is connected").and(contains("  at   b\n")));
    // To the other one: the older session ends as moved.
    folder.connect(&a).write_stdin("x").assert().success();
    assert!(!device.child.wait().unwrap().success());
    // One that is gone without a word is said to be silent.
    assert!(!b.killed_by("-KILL").success());
    asked("doctor").code(13).stdout(contains("the gateway \"b\"  does not say what it knows"));
    asked("show").success().stderr(contains("the gateway \"b\" does not say what it knows"));
    drop((a, fleet.runtime));
}

#[test]
fn a_file_that_would_take_out_many_is_pushed_only_by_whoever_says_so() {
    let Some(fleet) = Fleet::new() else { return };
    let (folder, registry) = (&fleet.folder, fleet.registry());
    let all = folder.read("devices.toml");
    for n in 0..8 {
        folder.run(&format!("keygen -o {n}.key")).success();
        let key = folder.public(&format!("{n}.key"));
        let devices = folder.read("devices.toml");
        folder.write("devices.toml", &format!("{devices}[[device]]\nname = \"{n}\"\nkey = \"{key}\"\n"));
    }
    fleet.push().success();
    folder.write("devices.toml", &all);
    fleet.push().code(2).stderr(contains("nothing was written: it would take out 8 of 9 devices"));
    let pushed = folder.run(&format!("registry push devices.toml {registry} --take-out"));
    pushed.success().stderr(contains("8 taken out"));
    drop(fleet.runtime);
}

#[test]
fn what_is_wrong_with_a_shared_registry_is_said_before_anything_is_asked() {
    let folder = Folder::new();
    let serve = "check --key server.key --listen 127.0.0.1:0 --echo";
    for (arguments, what) in [
        ("--nats nats://127.0.0.1:1/x", "`nats.name` is missing"),
        ("--nats nats://10.0.0.1:1/x --nats-name a", "nats:// is not encrypted"),
        ("--nats nats://127.0.0.1:1/x --nats-name a --devices devices.toml", "a server has one registry"),
    ] {
        folder.run(&format!("{serve} {arguments}")).code(2).stderr(contains(what));
    }
    let nobody = "nats://127.0.0.1:1/x";
    folder
        .run(&format!("registry pull {nobody}"))
        .code(3)
        .stderr(contains("no connection to NATS").and(contains("at nats://127.0.0.1:1/x")));
    folder.run(&format!("registry push devices.toml {nobody}")).code(2).stderr(contains("--server"));
    folder.write("seed", "SUnothing\n");
    std::fs::set_permissions(folder.path("seed"), std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .unwrap();
    let exposed = folder.run(&format!("registry pull {nobody} --credentials seed"));
    exposed.code(1).stderr(contains("seed").and(contains("SUnothing").not()));
}
