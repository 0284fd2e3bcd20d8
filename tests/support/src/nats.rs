//! A nats-server with JetStream, and a cable to it that can be cut.
//!
//! It writes to its store before it says that it has, which is not its default: what was acknowledged is there when it
//! comes back.

mod cable;

pub use cable::Cable;

use crate::tools::{self, Port};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// A server, and what it keeps. It ends with the value.
#[derive(Debug)]
pub struct NatsServer {
    program: PathBuf,
    folder: TempDir,
    port: Port,
    child: Option<Child>,
}

impl NatsServer {
    /// One that lets everybody do everything; [`None`] where there is no nats-server, which is said.
    pub async fn start() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let store = folder.path().join("store");
        let config = format!("jetstream {{ store_dir: {store:?}, sync_interval: always }}\n");
        fs::write(folder.path().join(CONFIG), config).expect("its folder");
        Self::start_in(folder).await
    }

    /// One that is configured by the file [`CONFIG`] in `folder`, all but for its address.
    ///
    /// # Panics
    /// It does not like the file.
    pub async fn start_in(folder: TempDir) -> Option<Self> {
        let program = tools::find("nats-server")?;
        let mut server = Self { program, folder, port: Port::hold(), child: None };
        server.resume().await;
        Some(server)
    }

    /// Where it listens, for as long as this value is there.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// The same, as clients take it.
    pub fn url(&self) -> String {
        format!("nats://{}", self.address())
    }

    /// Its process, while it runs.
    pub fn process(&self) -> Option<u32> {
        self.child.as_ref().and_then(Child::id)
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
        let [ip, port] = [self.address().ip().to_string(), self.address().port().to_string()];
        command.args(["--addr", &ip, "--port", &port, "--config"]).arg(self.folder.path().join(CONFIG));
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
        let id = self.process().expect("it runs");
        tokio::task::spawn_blocking(move || tools::freeze(id)).await.expect("it stands still");
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
        let id = self.process().expect("it runs").to_string();
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

/// Fills the operator's recipe in, `packaging/nats`, as the book says: its files into `folder`, ready for
/// [`NatsServer::start_in`]. `tenants` are prefixes with their lists of users, `certificate` is the server's, with its
/// key.
///
/// # Panics
/// The recipe has changed, or its script refuses a list.
pub fn recipe(folder: &Path, tenants: &[(&str, &str)], certificate: [&str; 2]) {
    let packaged = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packaging/nats");
    let mut config = fs::read_to_string(packaged.join(CONFIG)).expect("the recipe");
    let moved = [("/etc/nats/tls/server.pem", "server.pem"), ("/etc/nats/tls/server.key", "server.key")];
    for (place, name) in moved.into_iter().chain([("/var/lib/nats", "store")]) {
        assert!(config.contains(place), "no {place} in the recipe");
        config = config.replace(place, &folder.join(name).to_string_lossy());
    }
    for ((_, name), pem) in moved.into_iter().zip(certificate) {
        fs::write(folder.join(name), pem).expect("its folder");
    }
    let mut includes = String::new();
    for (prefix, users) in tenants {
        fs::write(folder.join("users"), users).expect("its folder");
        let users = fs::File::open(folder.join("users")).expect("its folder");
        let mut script = std::process::Command::new("sh");
        script.arg(packaged.join("accounts.sh")).arg(prefix).stdin(users);
        let written = script.output().expect("a shell");
        assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
        fs::write(folder.join(format!("{prefix}.conf")), written.stdout).expect("its folder");
        includes += &format!("include \"{prefix}.conf\"\n");
    }
    let include = "include \"lowkey.conf\"\n";
    assert!(config.contains(include), "no {include} in the recipe");
    fs::write(folder.join(CONFIG), config.replace(include, &includes)).expect("its folder");
}
