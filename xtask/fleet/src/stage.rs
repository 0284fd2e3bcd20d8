//! The folder with the server's key, its registry and its sockets, and the server in it. Both are gone at the end.

use crate::{arguments::Arguments, roster::Roster};
use fleet::{admin, server};
use lowkey_host::PublicKey;
use lowkey_registry::keys::{encode_public, generate, write_identity};
use serde_json::Value;
use std::{
    error::Error,
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitStatus,
};
use tempfile::TempDir;
use tokio::process::Child;
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
        let (child, address) = server::serve(&self.lowkey, self.folder(), &self.log()).await?;
        Ok(Server { child, address })
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
        let command = &mut server::command(&self.lowkey, self.folder());
        let output = command.args(words).args(["--admin", "unix:admin.sock"]).output().await?;
        let said = [output.stdout, output.stderr].concat();
        Ok((output.status.code(), String::from_utf8_lossy(&said).into_owned()))
    }

    /// Why there is no server any more.
    pub(crate) fn fallen(&self, status: io::Result<ExitStatus>) -> Box<dyn Error + Send + Sync> {
        server::fallen(&self.log(), status)
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
    pub(crate) async fn stop(self) -> Result<()> {
        server::end(self.child).await
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
