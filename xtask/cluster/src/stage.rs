//! The folder in which all of it lies, the registry, and the commands of whoever runs the cluster.

use crate::roster::Roster;
use fleet::server;
use lowkey_host::PublicKey;
use lowkey_registry::keys::{encode_public, generate, write_identity};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};
use tempfile::TempDir;
use test_support::nats::NatsServer;
use tokio::process::Child;
use xtask::command::Result;

pub(crate) struct Stage {
    folder: TempDir,
    pub(crate) lowkey: PathBuf,
    server: PublicKey,
    /// Where the registry is that they share.
    registry: String,
}

/// What a command said, and how it ended.
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) text: String,
}

impl Stage {
    /// With a key for the gateways.
    ///
    /// # Errors
    /// The folder or the key cannot be written.
    pub(crate) fn new(lowkey: PathBuf, nats: &NatsServer) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("lowkey-cluster-").tempdir()?;
        let server = write_identity(&folder.path().join("server.key"), &generate()?)?;
        Ok(Self { folder, lowkey, server, registry: registry(&nats.url()) })
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn server_key(&self) -> PublicKey {
        self.server
    }

    /// Writes the registry's file.
    ///
    /// # Errors
    /// The folder is gone.
    pub(crate) fn enrol(&self, roster: &Roster) -> Result<()> {
        Ok(fs::write(self.folder().join(REGISTRY), roster.registry())?)
    }

    /// Brings the file to NATS, and asks no gateway whether it obeys.
    ///
    /// # Errors
    /// What the command said.
    pub(crate) async fn push(&self) -> Result<()> {
        self.lowkey(&["registry", "push", REGISTRY, &self.registry, "--no-wait"]).await?.well()
    }

    /// Has the streams be as a gateway wants them.
    ///
    /// # Errors
    /// What the command said.
    pub(crate) async fn streams(&self) -> Result<()> {
        self.lowkey(&["registry", "streams", &self.registry]).await?.well()
    }

    /// Writes what is in NATS to this file.
    ///
    /// # Errors
    /// What the command said.
    pub(crate) async fn pull(&self, file: &str) -> Result<()> {
        self.lowkey(&["registry", "pull", &self.registry, file]).await?.well()
    }

    /// Changes the registry that the gateways share; how they stand to it is in what is said, after `wait` at most.
    ///
    /// # Errors
    /// The command cannot be run.
    pub(crate) async fn change(&self, words: &[&str], wait: &str) -> Result<Said> {
        let server = encode_public(&self.server);
        let of = ["--registry", &self.registry, "--server", &server, "--wait", wait];
        self.lowkey(&[words, &of].concat()).await
    }

    /// Starts `lowkey pair --open` for a device with the code in this file, at this gateway's admin listener; what it
    /// says can be read.
    ///
    /// # Errors
    /// It cannot be run.
    pub(crate) fn pair(&self, name: &str, code: &str, admin: &str) -> Result<Child> {
        let words = ["pair", "--open", "--name", name, "--code", code, "--admin", admin];
        let mut command = server::command(&self.lowkey, self.folder());
        command.args(words).args(["--registry", &self.registry]).stderr(Stdio::piped());
        Ok(command.spawn()?)
    }

    /// Runs the command.
    ///
    /// # Errors
    /// It cannot be run.
    pub(crate) async fn lowkey(&self, words: &[&str]) -> Result<Said> {
        let output = server::command(&self.lowkey, self.folder()).args(words).output().await?;
        let text = [output.stdout, output.stderr].concat();
        Ok(Said { code: output.status.code(), text: String::from_utf8_lossy(&text).into_owned() })
    }
}

impl Said {
    /// # Errors
    /// It ended with a failure.
    pub(crate) fn well(self) -> Result<()> {
        if self.code == Some(0) { Ok(()) } else { Err(self.text.into()) }
    }
}

/// The registry that a NATS at this address has.
pub(crate) fn registry(nats: &str) -> String {
    format!("{nats}/{PREFIX}")
}

/// The registry's file.
pub(crate) const REGISTRY: &str = "devices.toml";
/// What the names of all that it has in NATS begin with.
pub(crate) const PREFIX: &str = "lowkey";
