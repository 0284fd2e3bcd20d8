//! Keys in a folder, a client and a server that use them, in C and in Rust.

use crate::programs::{Build, FOUND, Limits, program};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use test_support::Watchdog;

/// How long anything may take; nothing that passes takes nearly as long.
pub(crate) const DEADLINE: Duration = Duration::from_secs(300);

/// Which mode a pair uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Kk,
    KkPsk0,
}

/// A folder with `server.key`, a device's `device.page`, the registry `devices.toml` and in KKpsk0 `device.psk`.
pub(crate) struct Stage {
    folder: TempDir,
    mode: Mode,
    _watchdog: Watchdog,
}

/// How a program ended, and what it said.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) output: Vec<u8>,
    pub(crate) said: String,
}

impl Stage {
    pub(crate) fn new(mode: Mode) -> Self {
        let stage = Self { folder: tempfile::tempdir().unwrap(), mode, _watchdog: Watchdog::new() };
        stage.lowkey("keygen -o server.key");
        stage.provision("device", "");
        stage
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Another device, with its page, its place in the registry, and in KKpsk0 its PSK.
    pub(crate) fn provision(&self, name: &str, more: &str) {
        let server = self.public();
        let psk = if self.mode == Mode::KkPsk0 { "--psk" } else { "" };
        self.lowkey(&format!(
            "provision --name {name} --server {server} --registry devices.toml --no-wait -o {name}.page {psk} {more}"
        ));
    }

    /// The server's public key.
    pub(crate) fn public(&self) -> String {
        self.lowkey("pubkey server.key").trim().to_owned()
    }

    /// The public key of a device in the registry.
    pub(crate) fn device(&self, name: &str) -> String {
        let registry = fs::read_to_string(self.path("devices.toml")).unwrap();
        let (_, table) = registry.split_once(&format!("name = \"{name}\"")).unwrap();
        let (_, key) = table.split_once("key = \"").unwrap();
        key.split('"').next().unwrap().to_owned()
    }

    /// What the command prints; `arguments` are split at spaces.
    pub(crate) fn lowkey(&self, arguments: &str) -> String {
        let done = self.in_folder(Command::new(env!("CARGO_BIN_EXE_lowkey")), arguments).output().unwrap();
        assert!(done.status.success(), "{arguments}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    }

    /// `program` in the folder, with nothing from outside that the command would listen to.
    pub(crate) fn in_folder(&self, mut program: Command, arguments: &str) -> Command {
        program.current_dir(self.folder.path()).args(arguments.split_whitespace());
        for (name, _) in std::env::vars_os() {
            let ours = ["LOWKEY_", "RUST_LOG", "NOTIFY_SOCKET", "LISTEN_", "WATCHDOG_"];
            if ours.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
                program.env_remove(name);
            }
        }
        program
    }

    /// The arguments of the server in C, for the device of that name.
    pub(crate) fn server_arguments(&self, device: &str) -> String {
        let psk = if self.mode == Mode::KkPsk0 { format!("{device}.psk") } else { String::new() };
        format!("127.0.0.1:0 server.key {} {psk}", self.device(device))
    }

    /// The server in C.
    pub(crate) fn server(&self, build: Build, limits: Limits) -> Server {
        Server::start(self.in_folder(program("server", build, limits), &self.server_arguments("device")))
    }

    /// The server in Rust.
    pub(crate) fn rust_server(&self) -> Server {
        let command = Command::new(env!("CARGO_BIN_EXE_lowkey"));
        let serve = "serve --key server.key --devices devices.toml --listen 127.0.0.1:0 --echo";
        Server::start(self.in_folder(command, serve))
    }

    /// The client in C, with the page of the device of that name.
    pub(crate) fn client(&self, build: Build, limits: Limits, device: &str, to: &str) -> Command {
        self.in_folder(program("client", build, limits), &format!("{device}.page {to}"))
    }
}

/// Runs a program to its end, with that input.
pub(crate) fn play(command: Command, input: &[u8]) -> Outcome {
    let mut command = assert_cmd::Command::from_std(command);
    let done = command.write_stdin(input).timeout(DEADLINE).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_ne!(done.status.code(), Some(FOUND), "{said}");
    assert_ne!(done.status.code(), None, "it crashed, or hung: {}\n{said}", done.status);
    Outcome { code: done.status.code(), output: done.stdout, said }
}

impl Outcome {
    /// It ended well and printed this.
    pub(crate) fn printed(&self, output: &[u8]) {
        assert_eq!((self.code, self.said.as_str()), (Some(0), ""));
        assert!(self.output == output, "{} bytes of {}", self.output.len(), output.len());
    }

    /// It ended with this code and with one line, which holds this.
    pub(crate) fn failed(&self, code: i32, why: &str) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert!(self.said.contains(why) && self.said.lines().count() == 1, "not {why:?}: {self:?}");
    }
}

/// A server that runs.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
    said: Receiver<String>,
}

impl Server {
    pub(crate) fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (say, said) = channel();
        let log = BufReader::new(child.stderr.take().unwrap());
        thread::spawn(move || log.lines().map_while(Result::ok).try_for_each(|line| say.send(line)));
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let Some(address) = line.trim().strip_prefix("listening on ") else {
            panic!("it does not listen: {line}{:?}", said.iter().collect::<Vec<_>>());
        };
        let address = address.to_owned();
        Self { child, address, said }
    }

    /// The next line that it says.
    pub(crate) fn hear(&self) -> String {
        self.said.recv_timeout(DEADLINE).expect("it says nothing")
    }

    /// Tells it to stop, and sees that it does so well. What it has said since it was heard last.
    pub(crate) fn stop(mut self) -> Vec<String> {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let start = Instant::now();
        let code = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status.code(),
                None if start.elapsed() > DEADLINE => panic!("it does not stop"),
                None => thread::sleep(Duration::from_millis(5)),
            }
        };
        let said: Vec<String> = self.said.iter().collect();
        assert_eq!(code, Some(0), "{said:?}");
        said
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended
        let _ = self.child.wait();
    }
}

/// As many bytes of text without an end of line, different everywhere.
pub(crate) fn text(len: usize) -> Vec<u8> {
    (0..len as u32).map(|n| b'a' + ((n.wrapping_mul(2_654_435_761) >> 24) % 26) as u8).collect()
}

/// Reads exactly as many bytes.
pub(crate) fn read(stream: &mut impl Read, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    stream.read_exact(&mut bytes).unwrap();
    bytes
}
