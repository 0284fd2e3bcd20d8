//! A server of this process with thousands of devices, a service behind and an admin listener.

use crate::devices::{Board, Crew};
use lowkey_gateway::admin::Admin;
use lowkey_gateway::events::Events;
use lowkey_gateway::forward::Forwarder;
use lowkey_gateway::memory::Memory;
use lowkey_host::{Acceptor, Identity, Limits, Listener, Server};
use lowkey_registry::LiveRegistry;
use lowkey_registry::keys::generate;
use std::cell::Cell;
use std::fs;
use std::future::pending;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::net::TcpSocket;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tracing_subscriber::prelude::*;
use xtask::command::Result;

pub(crate) struct Site {
    runtime: Runtime,
    acceptor: Acceptor,
    crew: Crew,
    folder: TempDir,
    address: SocketAddr,
    admin: JoinHandle<()>,
    forwarder: Forwarder,
    /// Where the service behind will listen, until it does.
    service: Cell<Option<TcpSocket>>,
}

impl Site {
    /// With so many devices, one of which has a name that is hostile to HTML.
    pub(crate) fn begin(devices: usize) -> Result<Self> {
        let runtime = Runtime::new()?;
        let entered = runtime.enter();
        let events = Events::new();
        tracing_subscriber::registry().with(events.layer()).try_init()?;
        let server = Arc::new(Identity::new(generate()?)?);
        let crew = Crew::new(devices, &server.public_key())?;
        let folder = tempfile::tempdir()?;
        let file = registry_in(&folder);
        fs::write(&file, crew.registry(|_| true))?;
        let registry = LiveRegistry::load(&file, Arc::clone(&server))?;
        runtime.spawn(registry.watch());
        let acceptor = Acceptor::new(server, registry, Limits::default())?;
        let memory = Memory::new();
        runtime.spawn(memory.keep(&acceptor));
        acceptor.observe(events.clone());
        let socket = TcpSocket::new_v4()?;
        socket.bind(([127, 0, 0, 1], 0).into())?;
        let forwarder = Forwarder::new(socket.local_addr()?.to_string().parse()?);
        let admin = runtime.block_on(Admin::bind(&"127.0.0.1:0".parse()?, acceptor.clone()))?;
        let address = admin.endpoint()?.socket_addr().ok_or("not at an address")?;
        let admin = admin.with_registry_file(&file).with_memory(memory).with_events(events);
        let admin = admin.with_service(forwarder.health().clone());
        let admin = runtime.spawn(async move { match admin.run().await {} });
        // Boards come over pipes in memory; it is who listens that looks through their sessions.
        let listener = runtime.block_on(Listener::bind("127.0.0.1:0", acceptor.clone()))?;
        runtime.spawn(Server::new(listener).run(async |board| drop(board), pending::<()>()));
        drop(entered);
        let service = Cell::new(Some(socket));
        Ok(Self { runtime, acceptor, crew, folder, address, admin, forwarder, service })
    }

    pub(crate) fn address(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// The board connects, from this address.
    pub(crate) fn connect(&self, number: usize, from: &str) -> Result<Board> {
        let from = from.parse()?;
        self.runtime.block_on(self.crew.connect(&self.acceptor, number, from))
    }

    /// Boards come and go for so many seconds, as many as make so many events in each; how many there were.
    pub(crate) fn churn(&self, events: u32, seconds: u32) -> Result<u32> {
        self.runtime.block_on(self.crew.churn(&self.acceptor, events, seconds))
    }

    pub(crate) fn sessions(&self) -> u64 {
        self.acceptor.stats().sessions
    }

    /// The registry without this device, put into the place of the old one.
    pub(crate) fn revoke(&self, name: &str) -> Result<()> {
        let new = self.folder.path().join("new");
        fs::write(&new, self.crew.registry(|of| of != name))?;
        Ok(fs::rename(new, registry_in(&self.folder))?)
    }

    /// The server finds out that nobody is behind it.
    pub(crate) fn service_goes_down(&self) {
        let _entered = self.runtime.enter();
        self.forwarder.look();
    }

    pub(crate) fn service_comes_back(&self) -> Result<()> {
        let _entered = self.runtime.enter();
        let listener = self.service.take().ok_or("it is there")?.listen(16)?;
        self.runtime.spawn(async move {
            let _listens = listener;
            pending::<()>().await;
        });
        Ok(())
    }

    /// The admin listener ends, with all who read along.
    pub(crate) fn end_admin(&self) {
        self.admin.abort();
    }
}

fn registry_in(folder: &TempDir) -> PathBuf {
    folder.path().join("devices.toml")
}
