//! Devices that speak MQTT 3.1.1 with a real broker, Debian's mosquitto, through the channel.

use crate::common::{World, pattern};
use lowkey_gateway::forward::Forwarder;
use lowkey_host::Connection;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use test_support::tools;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

const LONG: Duration = Duration::from_secs(60);

/// A broker on a Unix socket and on a TCP port.
struct Broker {
    process: Child,
    unix: String,
    tcp: String,
    _folder: TempDir,
    _port: TcpSocket,
}

impl Broker {
    async fn start() -> Option<Self> {
        let program = tools::find("mosquitto")?;
        // Bound and not listening, it keeps the port from everybody else who asks for any.
        let port = TcpSocket::new_v4().unwrap();
        port.set_reuseaddr(true).unwrap();
        port.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let tcp = port.local_addr().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let unix = folder.path().join("mqtt.sock");
        let config = folder.path().join("mosquitto.conf");
        // Started by root it would become another user, who may not write into the folder.
        let text = format!(
            "user root\npersistence false\nlog_dest stderr\nallow_anonymous true\n\
             listener {} 127.0.0.1\nlistener 0 {}\n",
            tcp.port(),
            unix.display()
        );
        std::fs::write(&config, text).unwrap();
        let mut command = Command::new(program);
        command.arg("-c").arg(config);
        let process = timeout(LONG, tools::start(command, " running")).await.unwrap();
        let unix = format!("unix:{}", unix.display());
        Some(Self { process, unix, tcp: tcp.to_string(), _folder: folder, _port: port })
    }
}

/// A Lowkey server in front of a service.
struct Server {
    world: World,
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Server {
    async fn start(backend: &str) -> Self {
        let world = World::with_devices(2);
        let (mut listener, address) = world.listener().await;
        let forwarder = Arc::new(Forwarder::new(backend.parse().unwrap()));
        let serving = tokio::spawn(async move {
            loop {
                let connection = listener.accept().await;
                let forwarder = Arc::clone(&forwarder);
                tokio::spawn(async move { forwarder.serve_tcp(connection).await });
            }
        });
        Self { world, address, serving }
    }

    async fn device(&self, n: usize) -> Connection<TcpStream> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        self.world.devices[n].connect(stream).await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// MQTT 3.1.1, as little of it as these tests need.
struct Mqtt(Connection<TcpStream>);

impl Mqtt {
    /// §3.1, with a last will under `will`.
    async fn connect(connection: Connection<TcpStream>, client: &str, will: &str) -> Self {
        let mut mqtt = Self(connection);
        let flags = 0b0000_0110; // a will, a clean session
        let body =
            [&text("MQTT")[..], &[4, flags, 0, 60], &text(client), &text(will), &text("gone")].concat();
        mqtt.send(0x10, &body).await;
        assert_eq!(mqtt.receive().await, (0x20, vec![0, 0]), "CONNACK");
        mqtt
    }

    /// §3.8
    async fn subscribe(&mut self, topic: &str) {
        self.send(0x82, &[&[0, 1][..], &text(topic), &[0]].concat()).await;
        assert_eq!(self.receive().await, (0x90, vec![0, 1, 0]), "SUBACK");
    }

    /// §3.3, at least once
    async fn publish(&mut self, topic: &str, payload: &[u8]) {
        self.send(0x32, &[&text(topic)[..], &[0, 7], payload].concat()).await;
        assert_eq!(self.receive().await, (0x40, vec![0, 7]), "PUBACK");
    }

    async fn next(&mut self, topic: &str) -> Vec<u8> {
        let (kind, body) = self.receive().await;
        assert_eq!(kind, 0x30, "PUBLISH");
        body.strip_prefix(&text(topic)[..]).unwrap().to_vec()
    }

    /// §3.14, and both ends of the stream
    async fn disconnect(mut self) {
        self.send(0xe0, &[]).await;
        self.0.close().await.unwrap();
        assert_eq!(timeout(LONG, self.0.recv()).await.unwrap().unwrap(), None);
    }

    async fn send(&mut self, kind: u8, body: &[u8]) {
        let mut packet = vec![kind];
        let mut len = body.len();
        while len >= 0x80 {
            packet.push(len as u8 | 0x80);
            len >>= 7;
        }
        packet.push(len as u8);
        packet.extend_from_slice(body);
        self.0.write_all(&packet).await.unwrap();
        self.0.flush().await.unwrap();
    }

    async fn receive(&mut self) -> (u8, Vec<u8>) {
        let packet = async {
            let kind = self.0.read_u8().await.unwrap();
            let mut len = 0;
            for shift in [0, 7, 14, 21] {
                let byte = self.0.read_u8().await.unwrap();
                len |= usize::from(byte & 0x7f) << shift;
                if byte & 0x80 == 0 {
                    break;
                }
            }
            let mut body = vec![0; len];
            self.0.read_exact(&mut body).await.unwrap();
            (kind, body)
        };
        timeout(LONG, packet).await.unwrap()
    }
}

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u16).to_be_bytes(), text.as_bytes()].concat()
}

#[tokio::test]
async fn two_devices_publish_and_subscribe_through_the_channel() {
    let Some(broker) = Broker::start().await else { return };
    for backend in [&broker.tcp, &broker.unix] {
        let server = Server::start(backend).await;
        let mut display = Mqtt::connect(server.device(0).await, "display", "none").await;
        display.subscribe("cellar/pump-7").await;
        let mut pump = Mqtt::connect(server.device(1).await, "pump-7", "none").await;
        for len in [0, 1, 6, 127, 128, 1000, 300_000] {
            let payload = pattern(len as u64, len);
            pump.publish("cellar/pump-7", &payload).await;
            assert!(display.next("cellar/pump-7").await == payload, "{len} bytes");
        }
        pump.disconnect().await;
        display.disconnect().await;
    }
}

#[tokio::test]
async fn a_device_that_vanishes_has_its_last_will_published_and_one_that_disconnects_has_not() {
    let Some(broker) = Broker::start().await else { return };
    let server = Server::start(&broker.tcp).await;
    let mut display = Mqtt::connect(server.device(0).await, "display", "none").await;
    display.subscribe("wills").await;
    Mqtt::connect(server.device(1).await, "orderly", "wills").await.disconnect().await;
    let vanishing = Mqtt::connect(server.device(1).await, "vanishing", "wills").await;
    display.send(0xc0, &[]).await;
    assert_eq!(display.receive().await, (0xd0, vec![]), "PINGRESP, and no will before it");
    drop(vanishing);
    assert_eq!(display.next("wills").await, b"gone");
}

#[tokio::test]
async fn a_broker_that_has_stopped_is_a_close_to_devices() {
    let Some(mut broker) = Broker::start().await else { return };
    let server = Server::start(&broker.tcp).await;
    let connected = Mqtt::connect(server.device(0).await, "display", "none").await;
    broker.process.kill().await.unwrap();
    for mut device in [connected.0, server.device(1).await] {
        assert_eq!(timeout(LONG, device.recv()).await.unwrap().unwrap(), None);
    }
}
