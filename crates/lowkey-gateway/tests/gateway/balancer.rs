//! A listener behind a balancer that speaks the PROXY protocol, version 2.

use crate::common::{World, until_end};
use lowkey_gateway::proxy::{Addresses, Header, Networks};
use lowkey_host::{Listener, Stats};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

const DEVICE: &str = "203.0.113.9:50123";

async fn behind(world: &World, networks: &str) -> (Listener, SocketAddr) {
    let (listener, address) = world.listener().await;
    (listener.behind(Networks::parse([networks]).unwrap()), address)
}

fn header(source: &str) -> Header {
    let addresses =
        Addresses { source: source.parse().unwrap(), destination: "192.0.2.1:7000".parse().unwrap() };
    Header::new(Some(addresses), None).unwrap()
}

/// Listens until what is counted satisfies `enough`.
async fn until(mut listener: Listener, enough: impl Fn(&Stats) -> bool) {
    let acceptor = listener.acceptor().clone();
    for _ in 0..200 {
        let _ = timeout(Duration::from_millis(50), listener.accept()).await;
        if enough(&acceptor.stats()) {
            return;
        }
    }
    panic!("{:?}", acceptor.stats());
}

#[tokio::test]
async fn a_device_is_whom_the_balancer_names() {
    let world = World::new();
    let (mut listener, address) = behind(&world, "127.0.0.0/8").await;
    let calling = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(header(DEVICE).as_bytes()).await.unwrap();
        world.device().connect(stream).await.unwrap()
    };
    let (_device, connection) = tokio::join!(calling, listener.accept());
    assert_eq!(connection.remote_addr(), Some(DEVICE.parse().unwrap()));
    let sessions = listener.acceptor().sessions();
    assert_eq!(sessions[0].from, Some(DEVICE.parse().unwrap()));
}

#[tokio::test]
async fn a_device_whose_ipv4_address_is_in_ipv6_s_clothes_has_the_ipv4_address() {
    let world = World::new();
    let (mut listener, address) = behind(&world, "127.0.0.0/8").await;
    let (source, destination) = ("[::ffff:203.0.113.9]:50123", "[2001:db8::1]:7000");
    let addresses = Addresses { source: source.parse().unwrap(), destination: destination.parse().unwrap() };
    let calling = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(Header::new(Some(addresses), None).unwrap().as_bytes()).await.unwrap();
        world.device().connect(stream).await.unwrap()
    };
    let (_device, connection) = tokio::join!(calling, listener.accept());
    assert_eq!(connection.remote_addr(), Some(DEVICE.parse().unwrap()));
}

#[tokio::test]
async fn a_balancer_without_a_header_is_hung_up_on_and_counted() {
    let world = World::new();
    let (listener, address) = behind(&world, "127.0.0.0/8").await;
    let calling = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(&world.device().message_1().0).await.unwrap();
        assert!(until_end(&mut stream).await.is_empty());
    };
    tokio::join!(calling, until(listener, |stats| stats.failed == 1));
}

#[tokio::test]
async fn a_header_from_elsewhere_is_not_believed() {
    let world = World::new();
    let (listener, address) = behind(&world, "192.0.2.0/24").await;
    let calling = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(header(DEVICE).as_bytes()).await.unwrap();
        assert!(until_end(&mut stream).await.is_empty());
    };
    tokio::join!(calling, until(listener, |stats| stats.failed == 1));
}

#[tokio::test]
async fn limits_hold_for_the_address_behind_the_balancer() {
    let mut world = World::new();
    world.limits.attempts_per_address = 1;
    let (listener, address) = behind(&world, "127.0.0.0/8").await;
    let mut silent = Vec::new();
    for source in ["203.0.113.1:1", "203.0.113.2:1", "203.0.113.1:2"] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(header(source).as_bytes()).await.unwrap();
        silent.push(stream);
    }
    until(listener, |stats| (stats.attempts, stats.attempts_displaced) == (2, 1)).await;
}

#[tokio::test]
async fn a_balancer_that_never_finishes_its_header_ends_at_the_deadline() {
    let mut world = World::new();
    world.limits.handshake = Duration::from_millis(200);
    let (listener, address) = behind(&world, "127.0.0.0/8").await;
    let calling = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(&header(DEVICE).as_bytes()[..20]).await.unwrap();
        assert!(until_end(&mut stream).await.is_empty());
    };
    tokio::join!(calling, until(listener, |stats| stats.timed_out == 1));
}
