//! A nats-server, a registry in it, and gateways.

use lowkey_host::{Acceptor, Connection, Id, Identity, Limits, Peer, Registry};
use lowkey_nats::{Access, Credentials, InForce, NatsRegistry, OnStale, Registrar, Settings, Waits};
use lowkey_registry::keys;
use lowkey_registry::rows::Sheet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;
use tempfile::TempDir;
use test_support::folder::{folder, public, secret};
use test_support::nats::NatsServer;
use test_support::world::Party;
use tokio::io::{DuplexStream, duplex};
use tokio::task::JoinHandle;

pub(crate) struct Bed {
    pub(crate) nats: NatsServer,
    pub(crate) folder: TempDir,
    pub(crate) server: Arc<Identity>,
}

/// A gateway, for as long as it is held.
pub(crate) struct Gateway {
    pub(crate) registry: NatsRegistry,
    pub(crate) acceptor: Acceptor,
    keeps: JoinHandle<()>,
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.keeps.abort(); // without a goodbye
    }
}

impl Bed {
    pub(crate) async fn new() -> Option<Self> {
        let nats = NatsServer::start().await?;
        let server = Arc::new(Identity::new(secret(1)).unwrap());
        Some(Self { nats, folder: folder(), server })
    }

    pub(crate) fn access(&self, name: &str) -> Access {
        self.access_by(&self.nats.url(), name)
    }

    pub(crate) fn access_by(&self, url: &str, name: &str) -> Access {
        let address = format!("{url}/test").parse().unwrap();
        Access { address, credentials: Credentials::None, roots: None, name: name.to_owned() }
    }

    pub(crate) async fn registrar(&self) -> Registrar {
        Registrar::connect(&self.access("registrar")).await.unwrap()
    }

    /// A registrar of a registry with these devices, by the bytes of their keys.
    pub(crate) async fn with(&self, devices: &[u8]) -> Registrar {
        let registrar = self.registrar().await;
        registrar.create(1).await.unwrap();
        self.push(&registrar, devices).await;
        registrar
    }

    /// Has these devices in the registry, and no others; the revision.
    pub(crate) async fn push(&self, registrar: &Registrar, devices: &[u8]) -> u64 {
        let old = registrar.read().await.unwrap();
        let revision = registrar.write(&old, &self.sheet(devices), &mut 0).await.unwrap();
        revision.unwrap_or(old.revision)
    }

    pub(crate) fn sheet(&self, devices: &[u8]) -> Sheet {
        let server = self.server.public_key();
        let mut text = format!("server = {:?}\n", keys::encode_public(&server));
        for byte in devices {
            let key = keys::encode_public(&public(*byte));
            text += &format!("[[device]]\nname = \"pump-{byte}\"\nkey = {key:?}\n\n");
        }
        Sheet::of(&text, Path::new("devices.toml"), &server).unwrap()
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings {
            folder: None,
            psk_folder: self.folder.path().to_owned(),
            max_stale: Settings::MAX_STALE,
            on_stale: OnStale::Refuse,
        }
    }

    pub(crate) fn kept(&self) -> Settings {
        Settings { folder: Some(PathBuf::from(self.folder.path())), ..self.settings() }
    }

    pub(crate) fn gateway(&self, access: &Access, settings: &Settings) -> Gateway {
        // The file of one that was before is free once its last task has ended.
        let open = || NatsRegistry::open(access.clone(), settings.clone(), Arc::clone(&self.server));
        let registry =
            (0..200).find_map(|_| open().map_err(|_| sleep(Duration::from_millis(50))).ok()).unwrap();
        let acceptor = Acceptor::new(Arc::clone(&self.server), registry.clone(), Limits::default()).unwrap();
        let keeps = tokio::spawn(registry.keep(&acceptor));
        Gateway { registry, acceptor, keeps }
    }

    /// One that has read the registry.
    pub(crate) async fn reading(&self, name: &str) -> Gateway {
        let gateway = self.gateway(&self.access(name), &self.settings());
        gateway.registry.read_once().await;
        gateway
    }

    /// The device of this byte.
    pub(crate) fn device(&self, byte: u8) -> Party {
        let server = self.server.public_key();
        let identity = Identity::new(secret(byte)).unwrap();
        let peer = Peer::pin(&identity, server).unwrap();
        let id = Id::of_pinning(&identity.public_key(), &server);
        Party { identity, peer, id, psk: None }
    }

    /// The device of this byte comes to a gateway; both ends of its session.
    pub(crate) async fn comes(&self, byte: u8, gateway: &Gateway) -> [Connection<DuplexStream>; 2] {
        let (near, far) = duplex(4096);
        let device = self.device(byte);
        let from = Some(SocketAddr::from(([192, 0, 2, byte], 4000)));
        let accepts = async { gateway.acceptor.start_from(far, from).await.unwrap().accept().await };
        let (device, server) = tokio::join!(device.connect(near), accepts);
        [device.unwrap(), server.unwrap()]
    }

    /// Which of the keys 2 to 9 are in force.
    pub(crate) fn known(&self, gateway: &Gateway) -> Vec<u8> {
        let id = |byte: u8| Id::of_pinning(&public(byte), &self.server.public_key());
        (2..10).filter(|byte| gateway.registry.lookup(&id(*byte)).is_some()).collect()
    }

    pub(crate) async fn in_force(&self, registrar: &Registrar, revision: u64) -> InForce {
        registrar.in_force(revision, Waits::For(Duration::from_secs(60))).await.unwrap()
    }
}

/// Waits for something that comes.
pub(crate) async fn until(what: &str, is: impl Fn() -> bool) {
    for _ in 0..1200 {
        if is() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it never comes: {what}");
}
