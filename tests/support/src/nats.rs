//! A nats-server with JetStream, and a cable to it that can be cut.
//!
//! It writes to its store before it says that it has, which is not its default: what was acknowledged is there when it
//! comes back.

mod cable;

pub use cable::Cable;

use crate::tools;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tokio::net::TcpSocket;
use tokio::process::{Child, Command};

/// A server, and what it keeps. It ends with the value.
#[derive(Debug)]
pub struct NatsServer {
    program: PathBuf,
    folder: TempDir,
    address: SocketAddr,
    /// Bound, and nobody listens on it: while the server is gone the port is nobody else's.
    _held: TcpSocket,
    child: Option<Child>,
}

impl NatsServer {
    /// One that lets everybody do everything; [`None`] where there is no nats-server, which is said.
    pub async fn start() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join(CONFIG), "jetstream { sync_interval: always }\n").expect("its folder");
        Self::start_in(folder).await
    }

    /// One that is configured by the file [`CONFIG`] in `folder`, all but for its address and its store.
    ///
    /// # Panics
    /// It does not like the file.
    pub async fn start_in(folder: TempDir) -> Option<Self> {
        let program = tools::find("nats-server")?;
        let held = TcpSocket::new_v4().expect("a socket");
        held.set_reuseaddr(true).expect("an option");
        held.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a port");
        let address = held.local_addr().expect("its address");
        let mut server = Self { program, folder, address, _held: held, child: None };
        server.resume().await;
        Some(server)
    }

    /// Where it listens, for as long as this value is there.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same, as clients take it.
    pub fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// What it was given, and what it keeps.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts it again at the same address, with what it has kept; returns when it is ready.
    ///
    /// # Panics
    /// It runs, or ends at once.
    pub async fn resume(&mut self) {
        assert!(self.child.is_none(), "it runs");
        let mut command = Command::new(&self.program);
        let [ip, port] = [self.address.ip().to_string(), self.address.port().to_string()];
        command.args(["--addr", &ip, "--port", &port, "--config"]).arg(self.folder.path().join(CONFIG));
        command.arg("--store_dir").arg(self.folder.path().join("store"));
        self.child = Some(tools::start(command, "Server is ready").await);
    }

    /// Ends it as an operator does; returns when it is gone.
    pub async fn stop(&mut self) {
        self.signal("-TERM").await;
        self.gone().await;
    }

    /// Ends it as a power cut of its machine does, but for what the machine had not written yet.
    pub async fn kill(&mut self) {
        self.signal("-KILL").await;
        self.gone().await;
    }

    /// Stops it where it is: its connections stay, and nothing answers.
    pub async fn freeze(&self) {
        self.signal("-STOP").await;
    }

    /// Lets it go on.
    pub async fn thaw(&self) {
        self.signal("-CONT").await;
    }

    /// Has it read its file again.
    pub async fn reload(&self) {
        self.signal("-HUP").await;
    }

    async fn signal(&self, name: &str) {
        let id = self.child.as_ref().and_then(Child::id).expect("it runs").to_string();
        let sent = Command::new("kill").args([name, &id]).status().await.expect("the program kill");
        assert!(sent.success(), "kill {name}: {sent}");
    }

    async fn gone(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.wait().await.expect("a child");
    }
}

/// The name of its file.
pub const CONFIG: &str = "nats-server.conf";
