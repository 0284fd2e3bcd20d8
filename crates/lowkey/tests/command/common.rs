//! A folder with keys and a registry, and a server in it.

use assert_cmd::assert::Assert;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use test_support::{Watchdog, tools};

/// All of them.
pub(crate) const COMMANDS: [&str; 20] = [
    "keygen",
    "pubkey",
    "provision",
    "revoke",
    "serve",
    "check",
    "connect",
    "ping",
    "page",
    "generate",
    "show",
    "list",
    "doctor",
    "events",
    "code",
    "label",
    "pair",
    "send",
    "registry",
    "aside",
];

/// A folder with a server's key, a device's, and a registry.
pub(crate) struct Folder(TempDir, Watchdog);

impl Folder {
    pub(crate) fn empty() -> Self {
        Self(tempfile::tempdir().unwrap(), Watchdog::new())
    }

    pub(crate) fn new() -> Self {
        let folder = Self::empty();
        folder.run("keygen -o server.key").success();
        folder.run("keygen -o device.key").success();
        let device = folder.public("device.key");
        folder.write("devices.toml", &format!("[[device]]\nname = \"desk\"\nkey = \"{device}\"\n"));
        folder
    }

    /// Says what is waited for, in case it never comes.
    pub(crate) fn waits_for(&self, what: &str) {
        self.1.waits_for(what);
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// `program` in this folder, with nothing from outside that the command would listen to.
    pub(crate) fn program(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.0.path());
        for (name, _) in std::env::vars_os() {
            let ours = ["LOWKEY_", "RUST_LOG", "NOTIFY_SOCKET", "LISTEN_", "WATCHDOG_"];
            if ours.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
                command.env_remove(name);
            }
        }
        command
    }

    /// `arguments` are split at spaces.
    pub(crate) fn command(&self, arguments: &str) -> assert_cmd::Command {
        self.1.waits_for(format!("`lowkey {arguments}`, or what comes behind it"));
        let mut command = self.program(env!("CARGO_BIN_EXE_lowkey"));
        command.args(arguments.split_whitespace());
        let mut command = assert_cmd::Command::from_std(command);
        command.timeout(Duration::from_secs(300));
        command
    }

    pub(crate) fn run(&self, arguments: &str) -> Assert {
        self.command(arguments).assert()
    }

    pub(crate) fn public(&self, key: &str) -> String {
        let printed = self.run(&format!("pubkey {key}")).success();
        String::from_utf8(printed.get_output().stdout.clone()).unwrap().trim().to_owned()
    }

    pub(crate) fn serve(&self) -> Server {
        self.serve_with("--key server.key --devices devices.toml --listen 127.0.0.1:0 --echo", &[])
    }

    pub(crate) fn serve_with(&self, arguments: &str, variables: &[(&str, &str)]) -> Server {
        self.1.waits_for(format!("`lowkey serve {arguments}`, or what comes behind it"));
        let mut command = self.program(env!("CARGO_BIN_EXE_lowkey"));
        command.arg("serve").args(arguments.split_whitespace()).envs(variables.iter().copied());
        Server::start(command, self.public("server.key"))
    }

    /// The same, with its log in the file `log`.
    pub(crate) fn serve_logging(&self, arguments: &str) -> Server {
        self.1.waits_for(format!("`lowkey serve {arguments}`, or what comes behind it"));
        let mut command = self.program(env!("CARGO_BIN_EXE_lowkey"));
        command.arg("serve").args(arguments.split_whitespace());
        command.stderr(fs::File::create(self.path("log")).unwrap());
        Server::start_logging(command, self.public("server.key"))
    }

    pub(crate) fn connect(&self, server: &Server) -> assert_cmd::Command {
        self.command(&format!("connect {} --key device.key --server {}", server.address, server.key))
    }

    /// A device that is connected and stays so until its input ends.
    pub(crate) fn device(&self, address: &str, key: &str) -> Device {
        self.1.waits_for("a device that is connected, or what comes behind it");
        let mut command = self.program(env!("CARGO_BIN_EXE_lowkey"));
        command.args(["connect", address, "--key", "device.key", "--server", key]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let input = child.stdin.take();
        Device { child, input }
    }
}

pub(crate) struct Device {
    pub(crate) child: Child,
    /// Gone, the device closes its direction.
    pub(crate) input: Option<ChildStdin>,
}

impl Drop for Device {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended
        let _ = self.child.wait();
    }
}

pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
    pub(crate) key: String,
}

impl Server {
    pub(crate) fn start(mut command: Command, key: String) -> Self {
        command.stderr(Stdio::piped());
        Self::start_logging(command, key)
    }

    /// The same; its log goes where the command says.
    pub(crate) fn start_logging(mut command: Command, key: String) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let Some(address) = line.strip_prefix("listening on ") else {
            let mut said = String::new();
            child.stderr.take().map(|mut log| log.read_to_string(&mut said).unwrap());
            panic!("it does not listen: {line}{said}");
        };
        Self { child, address: address.trim().to_owned(), key }
    }

    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// Stops it where it is, until [`Self::signal`] lets it go on.
    pub(crate) fn freeze(&self) {
        tools::freeze(self.child.id());
    }

    /// The exit code and the log, unless that goes elsewhere, once it has ended.
    pub(crate) fn wait(mut self) -> (Option<i32>, String) {
        let mut log = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            stderr.read_to_string(&mut log).unwrap();
        }
        (self.child.wait().unwrap().code(), log)
    }

    /// Sends a signal that ends it at once; how it ended.
    #[cfg(target_os = "linux")]
    pub(crate) fn killed_by(mut self, signal: &str) -> std::process::ExitStatus {
        self.signal(signal);
        self.child.wait().unwrap()
    }

    /// Sends a signal and waits.
    pub(crate) fn end(self, signal: &str) -> (Option<i32>, String) {
        self.signal(signal);
        self.wait()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended
        let _ = self.child.wait();
    }
}
