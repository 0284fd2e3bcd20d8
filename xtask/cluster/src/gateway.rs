//! A gateway: `lowkey serve` in a folder of its own, at addresses that stay, with a cable of its own to NATS.

use crate::{
    service::Service,
    stage::{Stage, registry},
};
use fleet::{
    admin,
    server::{self, Signal},
};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitStatus,
    time::Duration,
};
use test_support::{
    nats::{Cable, NatsServer},
    tools::{self, Port},
};
use tokio::process::Child;
use xtask::command::Result;

pub(crate) struct Gateway {
    pub(crate) name: &'static str,
    folder: PathBuf,
    lowkey: PathBuf,
    devices: Port,
    probes: Port,
    /// For how long it goes on when it does not see NATS.
    max_stale: Duration,
    cable: Cable,
    child: Option<Child>,
    /// Whether it stores numbered messages in NATS, in place of a service.
    stores: bool,
    _service: Service,
}

impl Gateway {
    /// # Errors
    /// Its folder cannot be made.
    pub(crate) async fn new(
        name: &'static str,
        stage: &Stage,
        nats: &NatsServer,
        max_stale: Duration,
    ) -> Result<Self> {
        let folder = stage.folder().join(name);
        fs::create_dir_all(folder.join("state"))?;
        let service = Service::begin(&folder.join("service.sock"), name)?;
        let (devices, probes, cable) = (Port::hold(), Port::hold(), Cable::to(nats.address()).await);
        let gateway = Self {
            name,
            folder,
            lowkey: stage.lowkey.clone(),
            devices,
            probes,
            max_stale,
            cable,
            child: None,
            stores: false,
            _service: service,
        };
        Ok(gateway)
    }

    /// Has it find its devices there, from its next start on.
    ///
    /// # Errors
    /// Its folder cannot be written.
    pub(crate) fn configure(&self, devices: Devices<'_>) -> Result<()> {
        Ok(fs::write(self.folder.join("lowkey.toml"), self.configuration(devices))?)
    }

    /// Has it store devices' numbered messages in NATS, from its next configuration on.
    pub(crate) fn store(&mut self) {
        self.stores = true;
    }

    /// Whether it was started and has not been ended.
    pub(crate) const fn is_there(&self) -> bool {
        self.child.is_some()
    }

    /// Where the balancer sends devices.
    pub(crate) fn address(&self) -> SocketAddr {
        self.devices.address()
    }

    /// Where it says whether it is ready.
    pub(crate) fn probes(&self) -> SocketAddr {
        self.probes.address()
    }

    /// Between it and NATS.
    pub(crate) fn cable(&self) -> &Cable {
        &self.cable
    }

    /// Where it writes what happens.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join("serve.log")
    }

    /// Where its admin listener is, as commands in the cluster's folder take it.
    pub(crate) fn admin(&self) -> String {
        format!("unix:{}/admin.sock", self.name)
    }

    /// Starts it, and waits until it listens.
    ///
    /// # Errors
    /// It does not; its log says why.
    pub(crate) async fn begin(&mut self) -> Result<()> {
        let begun = server::serve(&self.lowkey, &self.folder, &self.log()).await;
        let (child, _) = begun.map_err(|error| format!("gateway {}: {error}", self.name))?;
        self.child = Some(child);
        Ok(())
    }

    /// Ends it as a power cut does; returns when it is gone.
    ///
    /// # Errors
    /// It does not run.
    pub(crate) async fn kill(&mut self) -> Result<()> {
        Ok(self.child.take().ok_or("it does not run")?.kill().await?)
    }

    /// Ends it as systemd does; returns when it is gone.
    ///
    /// # Errors
    /// It does not run.
    pub(crate) async fn stop(&mut self) -> Result<ExitStatus> {
        let mut child = self.child.take().ok_or("it does not run")?;
        server::tell(&child, Signal::TERM);
        Ok(child.wait().await?)
    }

    /// Stops it where it is: its connections stay, and nothing answers.
    pub(crate) fn freeze(&self) {
        tools::freeze(self.child.as_ref().and_then(Child::id).expect("it runs"));
    }

    /// Lets it go on.
    pub(crate) fn thaw(&self) {
        self.tell(Signal::CONT);
    }

    fn tell(&self, signal: Signal) {
        if let Some(child) = &self.child {
            server::tell(child, signal);
        }
    }

    /// What it says of the whole fleet: each session's device and gateway, by their names.
    ///
    /// # Errors
    /// It does not answer.
    pub(crate) async fn sessions(&self) -> Result<BTreeSet<(String, String)>> {
        let said = admin::json(&self.folder.join("admin.sock"), "/sessions").await?;
        let sessions = said["sessions"].as_array().ok_or("no list of sessions")?;
        let field = |of: &Value, name: &str| of[name].as_str().unwrap_or_default().to_owned();
        Ok(sessions.iter().map(|session| (field(session, "device"), field(session, "gateway"))).collect())
    }

    /// All that gateways are told.
    fn configuration(&self, devices: Devices<'_>) -> String {
        let (listen, probes, name) = (self.address(), self.probes(), self.name);
        let (registry, stale) = (registry(&self.cable.url()), self.max_stale.as_secs());
        let (file, shared) = match devices {
            Devices::File(file) => (format!("devices = \"../{file}\""), String::new()),
            Devices::Shared => {
                let shared = format!("[nats]\nregistry = \"{registry}\"\nname = \"{name}\"");
                (String::new(), format!("{shared}\nmax_stale = \"{stale}s\"\non_stale = \"refuse\""))
            }
        };
        let forward = if self.stores { registry.as_str() } else { "unix:service.sock" };
        format!(
            "key = \"../server.key\"
state = \"state\"
listen = \"{listen}\"
forward = \"{forward}\"
accept_proxy = [\"127.0.0.0/8\"]
{file}
{shared}
[sessions]
linger = \"1s\"
[admin]
listen = \"unix:admin.sock\"
[probes]
listen = \"{probes}\"
"
        )
    }
}

/// Where a gateway finds its devices.
#[derive(Clone, Copy)]
pub(crate) enum Devices<'a> {
    /// In this file of the cluster's folder: it is a server like any other.
    File(&'a str),
    /// In what all gateways share.
    Shared,
}

/// The end of a file, for whoever asks why.
pub(crate) fn tail(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    // Devices that are out go on trying.
    let lines: Vec<&str> = text.lines().filter(|line| !line.contains("attempt refused")).collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n  ")
}

const LINES: usize = 12;
