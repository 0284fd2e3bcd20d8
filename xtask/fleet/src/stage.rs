//! The folder with the server's key, its registry and its sockets, and the server in it. Both are gone at the end.

use crate::{admin, arguments::Arguments, roster::Roster};
use lowkey_host::PublicKey;
use lowkey_registry::keys::{encode_public, generate, write_identity};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::{
    env,
    error::Error,
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};
use xtask::command::Result;

pub(crate) struct Stage {
    folder: TempDir,
    server: PublicKey,
    /// The command.
    lowkey: PathBuf,
}

pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Stage {
    /// # Errors
    /// The folder or the key cannot be written.
    pub(crate) fn new(lowkey: PathBuf) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("lowkey-fleet-").tempdir()?;
        let server = write_identity(&folder.path().join("server.key"), &generate()?)?;
        fs::create_dir(folder.path().join("state"))?;
        Ok(Self { folder, server, lowkey })
    }

    pub(crate) fn server_key(&self) -> PublicKey {
        self.server
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn admin(&self) -> PathBuf {
        self.folder().join("admin.sock")
    }

    pub(crate) fn service(&self) -> PathBuf {
        self.folder().join("service.sock")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.folder().join("serve.log")
    }

    /// Starts `lowkey serve` and waits until it listens.
    ///
    /// # Errors
    /// It does not.
    pub(crate) async fn serve(&self, arguments: &Arguments, roster: &Roster) -> Result<Server> {
        fs::write(self.folder().join("devices.toml"), roster.registry())?;
        fs::write(self.folder().join("lowkey.toml"), configuration(arguments))?;
        let mut child = self
            .command()
            .args(["serve", "--config", "lowkey.toml"])
            .stdout(Stdio::piped())
            .stderr(fs::File::create(self.log())?)
            .spawn()?;
        let mut said = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut said).await?;
        }
        let Some(address) = said.trim().strip_prefix("listening on ") else {
            return Err(self.fallen(child.wait().await));
        };
        Ok(Server { child, address: address.parse()? })
    }

    /// What the server answers.
    ///
    /// # Errors
    /// It does not.
    pub(crate) async fn ask(&self, path: &str) -> Result<Value> {
        admin::json(&self.admin(), path).await
    }

    /// The same, of what is no JSON.
    ///
    /// # Errors
    /// It does not.
    pub(crate) async fn ask_text(&self, path: &str) -> Result<String> {
        admin::text(&self.admin(), path).await
    }

    /// Takes a device out of the registry, until the server obeys that.
    ///
    /// # Errors
    /// What the command said.
    pub(crate) async fn revoke(&self, name: &str) -> Result<()> {
        let server = encode_public(&self.server);
        let words = ["revoke", name, "--registry", "devices.toml", "--server", &server];
        let (code, said) = self.lowkey(&words).await?;
        if code == Some(0) { Ok(()) } else { Err(format!("lowkey revoke {name}: {said}").into()) }
    }

    /// Runs the command beside the server; its exit code and what it said.
    ///
    /// # Errors
    /// It cannot be run.
    pub(crate) async fn lowkey(&self, words: &[&str]) -> Result<(Option<i32>, String)> {
        let output = self.command().args(words).args(["--admin", "unix:admin.sock"]).output().await?;
        let said = [output.stdout, output.stderr].concat();
        Ok((output.status.code(), String::from_utf8_lossy(&said).into_owned()))
    }

    /// The command, with nothing from outside that it would listen to.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.lowkey);
        for (name, _) in env::vars_os() {
            let ours = ["LOWKEY_", "RUST_LOG", "NOTIFY_SOCKET"];
            if ours.iter().any(|ours| name.to_string_lossy().starts_with(ours)) {
                command.env_remove(name);
            }
        }
        command.current_dir(self.folder()).stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Why there is no server any more.
    pub(crate) fn fallen(&self, status: io::Result<ExitStatus>) -> Box<dyn Error + Send + Sync> {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let last = lines[lines.len().saturating_sub(LAST_LINES)..].join("\n  ");
        match status {
            Ok(status) => format!("the server has ended: {status}\n  {last}").into(),
            Err(error) => error.into(),
        }
    }
}

impl Server {
    pub(crate) fn process(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }

    /// Until it ends by itself.
    pub(crate) async fn ends(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// As systemd would; at once if that takes too long.
    ///
    /// # Errors
    /// It cannot be ended.
    pub(crate) async fn stop(mut self) -> Result<()> {
        if let Some(process) = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
            let _ = kill_process(process, Signal::TERM); // it may have ended
        }
        if timeout(PATIENCE, self.child.wait()).await.is_err() {
            self.child.kill().await?;
        }
        Ok(())
    }
}

fn configuration(arguments: &Arguments) -> String {
    let (sessions, silence) = (arguments.devices.max(10_000), arguments.silence.as_secs());
    format!(
        "key = \"server.key\"
devices = \"devices.toml\"
state = \"state\"
listen = \"127.0.0.1:0\"
forward = \"unix:service.sock\"
[limits]
sessions = {sessions}
sessions_per_address = {sessions}
[sessions]
silence = \"{silence}s\"
answer = \"{silence}s\"
linger = \"1s\"
[admin]
listen = \"unix:admin.sock\"
"
    )
}

const PATIENCE: Duration = Duration::from_secs(10);
const LAST_LINES: usize = 10;
