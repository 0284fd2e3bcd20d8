//! The PROXY protocol with its inventor: a real HAProxy in front of a server, and as the service behind it.

use crate::common::World;
use lowkey_gateway::forward::Forwarder;
use lowkey_gateway::proxy::Networks;
use std::time::Duration;
use tempfile::TempDir;
use test_support::tools;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::process::{Child, Command};
use tokio::time::timeout;

const LONG: Duration = Duration::from_secs(60);

/// HAProxy with these sections.
async fn haproxy(folder: &TempDir, sections: &str) -> Option<Child> {
    let program = tools::find("haproxy")?;
    let config = folder.path().join("haproxy.cfg");
    // Without `master-worker` it says nothing when it is ready.
    let text = format!(
        "global\n master-worker\ndefaults\n timeout connect 5s\n timeout client 60s\n timeout server 60s\n{sections}"
    );
    std::fs::write(&config, text).unwrap();
    let mut command = Command::new(program);
    command.arg("-f").arg(config);
    Some(timeout(LONG, tools::start(command, "Loading success")).await.unwrap())
}

/// A web service that answers with the address it believes the client to have.
const WEB: &str = "frontend web\n mode http\n bind SOCKET accept-proxy\n \
                   http-request return status 200 content-type text/plain lf-string \"%[src] %[src_port]\"\n";

#[tokio::test]
async fn a_web_service_behind_haproxy_answers_a_device_with_the_devices_own_address() {
    let folder = tempfile::tempdir().unwrap();
    let web = folder.path().join("web.sock").display().to_string();
    let Some(_haproxy) = haproxy(&folder, &WEB.replace("SOCKET", &format!("unix@{web}"))).await else {
        return;
    };
    for loopback in ["127.0.0.1:0", "[::1]:0"] {
        let world = World::new();
        let mut listener = lowkey_host::Listener::bind(loopback, world.acceptor()).await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let ours = stream.local_addr().unwrap();
        let (device, connection) = tokio::join!(world.device().connect(stream), listener.accept());
        let mut device = device.unwrap();
        let mut forwarder = Forwarder::new(format!("unix:{web}").parse().unwrap());
        forwarder.send_proxy = true;
        let serving = tokio::spawn(async move { forwarder.serve_tcp(connection).await });
        device.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();
        device.shutdown().await.unwrap();
        let mut answer = String::new();
        timeout(LONG, device.read_to_string(&mut answer)).await.unwrap().unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.ends_with(&format!("\r\n\r\n{} {}", ours.ip(), ours.port())), "{answer}");
        serving.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_device_that_comes_through_haproxy_has_its_own_address() {
    for options in ["", "proxy-v2-options crc32c", "proxy-v2-options crc32c,unique-id"] {
        let world = World::new();
        let (listener, address) = world.listener().await;
        let mut listener = listener.behind(Networks::parse(["127.0.0.0/8"]).unwrap());
        let folder = tempfile::tempdir().unwrap();
        let front = folder.path().join("front.sock").display().to_string();
        // The first hop stands for the network between: it says that the device is at 192.0.2.7.
        let sections = format!(
            "listen balancer\n mode tcp\n bind unix@{front} accept-proxy\n unique-id-format pump\n \
             server lowkey {address} send-proxy-v2 {options}\n"
        );
        let Some(_haproxy) = haproxy(&folder, &sections).await else { return };
        let mut stream = UnixStream::connect(&front).await.unwrap();
        stream.write_all(b"PROXY TCP4 192.0.2.7 198.51.100.1 4711 7000\r\n").await.unwrap();
        let both = async { tokio::join!(world.device().connect(stream), listener.accept()) };
        let (device, mut connection) = timeout(LONG, both).await.unwrap();
        assert_eq!(connection.remote_addr(), Some("192.0.2.7:4711".parse().unwrap()));
        device.unwrap().send(b"hello").await.unwrap();
        assert_eq!(connection.recv().await.unwrap().unwrap(), b"hello");
    }
}
