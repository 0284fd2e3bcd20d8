//! `lowkey show`, with a server in this process.

#![cfg(unix)]

mod golden;

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use lowkey_gateway::admin::{Admin, Endpoint};
use lowkey_gateway::memory::Memory;
use lowkey_host::{
    Acceptor, Connection, Device, Devices, Id, Identity, Limits, Peer, Pinned, Pinning, connect,
};
use lowkey_registry::keys;
use predicates::str::{contains, is_match};
use serde_json::Value;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use std::{fs, io::Read, io::Write, thread};
use tempfile::TempDir;
use tokio::io::{DuplexStream, duplex};
use tokio::runtime::Runtime;

/// A server with an admin socket.
struct Site {
    folder: TempDir,
    acceptor: Acceptor,
    memory: Memory,
    devices: Vec<Identity>,
    runtime: Runtime,
}

impl Site {
    fn new(names: &[&str]) -> Self {
        Self::ending(names, |_| None)
    }

    /// With the moment at which a device's key ends.
    fn ending(names: &[&str], ends: impl Fn(&str) -> Option<SystemTime>) -> Self {
        let server = Arc::new(Identity::new(keys::generate().unwrap()).unwrap());
        let devices: Vec<Identity> =
            names.iter().map(|_| Identity::new(keys::generate().unwrap()).unwrap()).collect();
        let pinned = names.iter().zip(&devices).map(|(name, device)| {
            let named = Device::new(*name).unwrap().with_label("site", "north").unwrap();
            let pinned = Pinned::new(named, &server, device.public_key()).unwrap();
            match ends(name) {
                Some(end) => pinned.until(end),
                None => pinned,
            }
        });
        let acceptor =
            Acceptor::new(Arc::clone(&server), Devices::new(pinned).unwrap(), Limits::default()).unwrap();
        let memory = Memory::new();
        acceptor.observe(memory.clone());
        let site = Self {
            folder: tempfile::tempdir().unwrap(),
            acceptor,
            memory,
            devices,
            runtime: Runtime::new().unwrap(),
        };
        let address = Endpoint::unix(site.socket());
        let admin = Admin::bind(&address, site.acceptor.clone());
        let admin = site.runtime.block_on(admin).unwrap();
        site.runtime.spawn(admin.with_memory(site.memory.clone()).run());
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

    /// What a person sees.
    fn on_a_terminal(&self, arguments: &str, columns: u16) -> String {
        let program = env!("CARGO_BIN_EXE_lowkey");
        let line =
            format!("stty cols {columns}; {program} {arguments} --admin=unix:{}", self.socket().display());
        let mut command = Command::new("script");
        command.timeout(Duration::from_secs(60)).env("NO_COLOR", "1").env("TERM", "xterm");
        // Without `-e`: whoever is absent is an exit code of its own.
        stdout(&command.args(["-qc", &line, "/dev/null"]).assert()).replace('\r', "")
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
fn show_lists_who_is_connected_a_line_each_for_programs() {
    let site = Site::new(&["pump-8", "pump-7", "valve", "pump-9"]);
    assert_eq!(stdout(&site.run(&["show"]).success()), "");
    let _sessions = [site.connect(0, 1000), site.connect(1, 2000), site.connect(2, 10)];
    let line = |name: &str, bytes: usize| format!(r"{name}\t\d+\t192\.0\.2\.7:50311\tKK\t{bytes}\t0\t\d+\n");
    let [pump_7, pump_8, valve] = [line("pump-7", 2019), line("pump-8", 1019), line("valve", 29)];
    let shows = |arguments: &[&str], lines: &[&str]| {
        let expected = format!(r"\A{}\z", lines.concat());
        site.run(&[&["show"], arguments].concat()).success().stdout(is_match(expected).unwrap());
    };
    shows(&[], &[&pump_7, &pump_8, &valve]);
    shows(&["pump-*"], &[&pump_7, &pump_8]);
    shows(&["valve", "pump-?"], &[&pump_7, &pump_8, &valve]);
    shows(&["--label", "site=north", "--sort", "in"], &[&pump_7, &pump_8, &valve]);
    shows(&["--sort", "in", "v*", "pump-8"], &[&pump_8, &valve]);
    shows(&["--label=site=south"], &[]);
    site.run(&["show", "--label", "north"]).code(2).stderr(contains("write it as LABEL=VALUE"));
    site.run(&["show", "--sort", "colour"]).code(2);
}

#[test]
fn show_absent_lists_who_is_not_connected_since_when_and_why() {
    let site = Site::new(&["pump-7", "pump-8", "pump-9"]);
    drop(site.connect(0, 1000));
    let _there = site.connect(1, 10);
    let absent = stdout(&site.run(&["show", "--absent"]).success());
    let [gone, never] = &absent.lines().collect::<Vec<_>>()[..] else { panic!("{absent}") };
    let gone: Vec<&str> = gone.split('\t').collect();
    assert_eq!((gone[0], gone[2], gone[3], gone[4]), ("pump-7", "192.0.2.7:50311", "closed", ""));
    assert!(gone[1].parse::<u32>().is_ok(), "{absent}");
    assert_eq!(*never, "pump-9\t\t\t\t");
}

#[test]
fn show_says_all_of_one_device_and_by_exit_code_whether_it_is_there() {
    let site = Site::new(&["pump-7", "pump-8", "pump-9"]);
    let _session = site.connect(0, 2000);
    site.run(&["show", "pump-7"]).success().stdout(
        is_match(concat!(
            r"\Apump-7\n",
            r"  connected    for \d+ s\n",
            r"  from         192\.0\.2\.7:50311\n",
            r"  last record  \d+ s ago\n",
            r"  received     1\.97 KiB\n",
            r"  sent         0 B\n",
            r"  mode         KK\n",
            r"  id           0x[0-9a-f]{16}\n",
            r"  key          lkpub1[0-9a-z]{58}\n",
            r"  rekeys       0\n",
            r"  sessions     1, the first \d+ s ago\n",
            r"  labels       site=north\n",
            r"  history      \d+ s ago: connected\n\z",
        ))
        .unwrap(),
    );
    drop(site.connect(1, 10));
    let absent = site.run(&["show", "pump-8"]).code(11);
    let absent = absent.stderr(contains("\"pump-8\" is not connected; `lowkey doctor`"));
    absent.stdout(
        is_match(concat!(
            r"\Apump-8\n",
            r"  absent       for \d+ s\n",
            r"  last from    192\.0\.2\.7:50311\n",
            r"  last end     closed, after \d+ s\n",
            r"  sessions     1, the first \d+ s ago\n",
            r"  labels       site=north\n",
            r"  history      \d+ s ago: ended, closed, after \d+ s\n",
            r"               \d+ s ago: connected\n\z",
        ))
        .unwrap(),
    );
    let never = site.run(&["show", "pump-9"]).code(11);
    never.stdout(contains("never seen, as far as this server remembers"));
    let unknown = site.run(&["show", "pmup-7"]).code(12);
    unknown.stderr(contains("no device is called \"pmup-7\", and none was; \"pump-7\" is one"));
}

#[test]
fn show_json_is_the_server_s_of_those_that_were_asked_for() {
    let site = Site::new(&["pump-7", "pump-8"]);
    let _session = site.connect(0, 10);
    let json = |arguments: &[&str]| -> Value {
        serde_json::from_str(&stdout(&site.run(&[&["show", "--json"], arguments].concat()).success()))
            .unwrap()
    };
    let (there, absent) = (json(&[]), json(&["--absent"]));
    assert_eq!(there["server"]["registered"], 2);
    let devices = there["devices"].as_array().unwrap();
    assert_eq!((devices.len(), &devices[0]["device"]), (1, &Value::from("pump-7")));
    assert_eq!(devices[0]["session"]["received_bytes"], 29);
    assert_eq!(absent["devices"][0]["device"], "pump-8");
    assert_eq!(absent["devices"][0]["last_seen_seconds_ago"], Value::Null);
    let one = json(&["pump-7"]);
    assert_eq!((&one["device"], &one["history"][0]["what"]), (&"pump-7".into(), &"connected".into()));
}

#[test]
fn show_on_a_terminal_is_a_table_that_fits_it() {
    let site = Site::new(&[
        "pump-7",
        "a-valve-with-a-name-that-is-longer-than-any-terminal-would-be-wide-and-on-and-on",
    ]);
    let _sessions = [site.connect(0, 1000), site.connect(1, 2000)];
    let on_a_terminal = |columns| site.on_a_terminal("show", columns);
    let shown = on_a_terminal(80);
    let lines: Vec<&str> = shown.lines().collect();
    let [heading, valve, pump, sum] = lines[..] else { panic!("{shown}") };
    assert!(heading.starts_with("NAME") && heading.ends_with("LAST"), "{shown}");
    assert!(
        valve.starts_with("a-valve-with-a-name") && valve.contains('…') && pump.contains("1019 B"),
        "{shown}"
    );
    assert!(lines.iter().all(|line| line.chars().count() <= 80), "{shown}");
    assert_eq!(sum, "2 of 2 devices connected");
    assert!(on_a_terminal(200).contains("and-on-and-on  "));
}

#[test]
fn a_name_goes_before_the_pattern_that_it_looks_like() {
    let site = Site::new(&["*", "pump-?", "pump-7"]);
    let _sessions = [site.connect(0, 1000), site.connect(1, 2000), site.connect(2, 10)];
    site.run(&["show", "*"]).success().stdout(is_match(r"\A\*\n  connected    for \d+ s\n").unwrap());
    site.run(&["show", "pump-?"])
        .success()
        .stdout(is_match(r"\Apump-\?\n  connected    for \d+ s\n").unwrap());
    let two = stdout(&site.run(&["show", "*", "pump-7"]).success());
    assert_eq!(two.lines().map(|line| line.split('\t').next().unwrap()).collect::<Vec<_>>(), ["*", "pump-7"]);
    assert_eq!(stdout(&site.run(&["show", "pump-*"]).success()).lines().count(), 2);
}

#[test]
fn nobody_has_no_name() {
    let site = Site::new(&["a", "b7"]);
    for command in ["show", "doctor"] {
        site.run(&[command, ""]).code(2).stderr(contains("a name, and not nothing"));
    }
}

#[test]
fn show_absent_of_one_name_says_whether_it_is_absent() {
    let site = Site::new(&["pump-7", "pump-8"]);
    let _there = site.connect(0, 10);
    site.run(&["show", "--absent", "pump-8"]).success().stdout("pump-8\t\t\t\t\n");
    site.run(&["show", "--absent", "pump-7"]).success().stdout("");
    site.run(&["show", "--absent", "pmup-7"]).code(12).stderr(contains("\"pump-7\" is one"));
    site.run(&["show", "--label", "site=south", "pump-7"]).success().stdout("");
}

#[test]
fn list_joins_the_registry_with_what_is_remembered() {
    let site = Site::new(&["pump-7", "pump-8", "pump-9"]);
    drop(site.connect(1, 10));
    let _there = site.connect(0, 10);
    let listed = stdout(&site.run(&["list"]).success());
    let rows: Vec<Vec<&str>> = listed.lines().map(|line| line.split('\t').collect()).collect();
    let [pump_7, pump_8, pump_9] = &rows[..] else { panic!("{listed}") };
    assert_eq!((pump_7[0], pump_7[1]), ("pump-7", "connected"));
    assert_eq!(pump_7[3..], ["192.0.2.7:50311", "KK", "", "site=north"]);
    assert_eq!((pump_8[1], pump_8[3], pump_8[6]), ("absent", "192.0.2.7:50311", "site=north"));
    assert!(pump_8[2].parse::<u32>().is_ok(), "{listed}");
    assert_eq!(pump_9[..], ["pump-9", "never", "", "", "KK", "", "site=north"]);
    let names = |arguments: &[&str]| {
        let listed = stdout(&site.run(&[&["list"], arguments].concat()).success());
        listed.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&["--sort", "seen"]), ["pump-9", "pump-8", "pump-7"]);
    assert_eq!(names(&["pump-?", "--label", "site=north"]).len(), 3);
    assert_eq!(names(&["--label", "site=south"]), [""; 0]);
    let json: Value =
        serde_json::from_str(&stdout(&site.run(&["list", "--json", "pump-9"]).success())).unwrap();
    assert_eq!(json["devices"][0]["pinnings"][0]["mode"], "KK");
}

#[test]
fn list_expiring_shows_keys_that_end_soon_the_first_first() {
    let day = Duration::from_secs(86_400);
    let site = Site::ending(&["never", "later", "soon", "ended"], |name| match name {
        "never" => None,
        "later" => Some(SystemTime::now() + 60 * day),
        "soon" => Some(SystemTime::now() + 10 * day),
        _ => Some(SystemTime::now() - day),
    });
    let rows = |arguments: &[&str]| {
        let listed = stdout(&site.run(&[&["list"], arguments].concat()).success());
        let cells = |line: &str| {
            let cells: Vec<&str> = line.split('\t').collect();
            (cells[0].to_owned(), cells[5].ends_with('Z'))
        };
        listed.lines().map(cells).collect::<Vec<_>>()
    };
    let named = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), true)).collect::<Vec<_>>();
    assert_eq!(rows(&["--expiring", "30d"]), named(&["ended", "soon"]));
    assert_eq!(rows(&["--expiring", "90d"]), named(&["ended", "soon", "later"]));
    assert_eq!(rows(&[]).len(), 4);
    site.run(&["list", "--expiring", "soon"]).code(2).stderr(contains("as 30d or 12h"));
}

/// As `lowkey show | head -1` has it.
#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let site = Site::new(&["pump-7"]);
    let _session = site.connect(0, 10);
    for arguments in [&["show"][..], &["show", "--json"], &["doctor"], &["--help"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_lowkey"));
        command.env("LOWKEY_ADMIN_LISTEN", format!("unix:{}", site.socket().display()));
        let ended = command.args(arguments).stdout(writer).output().unwrap();
        assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), &b""[..]), "{arguments:?}");
    }
}

#[test]
fn show_again_and_again_does_not_scroll_a_short_terminal() {
    let names: Vec<String> = (0..40).map(|n| format!("pump-{n}")).collect();
    let site = Site::new(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let program = env!("CARGO_BIN_EXE_lowkey");
    for (what, last) in [("--absent", "40 of 40 devices not connected"), ("pump-7 --label site=north", "")] {
        let show = format!("{program} show --watch=1 {what} --admin=unix:{}", site.socket().display());
        let line = format!("stty cols 80 rows 12; exec {show}");
        let mut script = std::process::Command::new("script");
        script.env("NO_COLOR", "1").env("TERM", "xterm").args(["-qec", &line, "/dev/null"]);
        let mut script = script.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let (mut output, mut shown) = (script.stdout.take().unwrap(), Vec::new());
        // Until the second screen begins.
        let screens = |shown: &[u8]| String::from_utf8_lossy(shown).replace('\r', "").matches(CLEAR).count();
        while screens(&shown) < 2 {
            let mut some = [0; 1000];
            let n = output.read(&mut some).unwrap();
            assert_ne!(n, 0, "it ended: {}", String::from_utf8_lossy(&shown));
            shown.extend_from_slice(&some[..n]);
        }
        script.kill().unwrap();
        script.wait().unwrap();
        let shown = String::from_utf8_lossy(&shown).replace('\r', "");
        let screen = shown.split(CLEAR).nth(1).unwrap();
        // The line below the last is the cursor's.
        assert!(screen.lines().count() < 12 && screen.contains(last), "{screen}");
    }
}

const CLEAR: &str = "\x1b[H\x1b[2J";

#[test]
fn names_cannot_steer_a_terminal() {
    let site = Site::new(&["pump-7"]);
    let _session = site.connect(0, 10);
    // No registry takes such a name; what answers may be another server.
    let said = stdout(&site.run(&["show", "--json"]).success()).replace("pump-7", "\u{202e}7-pmup");
    assert!(said.contains('\u{202e}'));
    let path = site.folder.path().join("another");
    let listener = UnixListener::bind(&path).unwrap();
    let other = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _request = stream.read(&mut [0; 1000]).unwrap();
        stream.write_all(format!("HTTP/1.1 200 OK\r\n\r\n{said}").as_bytes()).unwrap();
    });
    lowkey(&path, &["show"]).success().stdout(contains("\\u{202e}7-pmup\t"));
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
