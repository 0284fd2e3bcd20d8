//! The folder in which all of it lies, the registry, and the commands of whoever runs the cluster.

use crate::roster::Roster;
use fleet::server;
use lowkey_host::PublicKey;
use lowkey_registry::keys::{encode_public, generate, write_identity};
use std::{
    fs,
    path::{Path, PathBuf},
};
use tempfile::TempDir;
use xtask::command::Result;

pub(crate) struct Stage {
    folder: TempDir,
    pub(crate) lowkey: PathBuf,
    server: PublicKey,
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
    pub(crate) fn new(lowkey: PathBuf) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("lowkey-cluster-").tempdir()?;
        let server = write_identity(&folder.path().join("server.key"), &generate()?)?;
        Ok(Self { folder, lowkey, server })
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

    /// Brings the file's state to NATS; how the gateways stand to it is in what is said.
    ///
    /// # Errors
    /// There is no such command.
    pub(crate) async fn push(&self, nats: &str, more: &[&str]) -> Result<Said> {
        self.lowkey(&[&["registry", "push", REGISTRY, nats], more].concat()).await
    }

    /// Takes a device, or one of its keys, out of the file.
    ///
    /// # Errors
    /// What the command said.
    pub(crate) async fn take_out(&self, name: &str, more: &[&str]) -> Result<()> {
        let server = encode_public(&self.server);
        let words = ["revoke", name, "--registry", REGISTRY, "--server", &server, "--no-wait"];
        self.lowkey(&[&words, more].concat()).await?.well()
    }

    /// Gives a device new keys beside its old ones, in the file; they are in the key page `page`.
    ///
    /// # Errors
    /// What the command said.
    pub(crate) async fn rotate(&self, name: &str, page: &str) -> Result<()> {
        let server = encode_public(&self.server);
        let who = ["provision", "--rotate", "--name", name, "--server", &server];
        let whereto = ["--registry", REGISTRY, "--no-wait", "-o", page];
        self.lowkey(&[&who[..], &whereto].concat()).await?.well()
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

const REGISTRY: &str = "devices.toml";
