//! The probes: what they answer to whoever reaches them, and what strangers can do to them.

use crate::common::services::nobody;
use crate::common::{World, until_end};
use lowkey_gateway::probes::Probes;
use lowkey_host::{Acceptor, Listener};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::net::TcpStream;
use tokio::time::timeout;

async fn probes(acceptor: &Acceptor) -> SocketAddr {
    begin(Probes::bind("127.0.0.1:0", acceptor.clone()).await.unwrap())
}

fn begin(probes: Probes) -> SocketAddr {
    let address = probes.local_addr().unwrap();
    tokio::spawn(probes.run());
    address
}

/// Head and body.
async fn ask(address: SocketAddr, request: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let answer = String::from_utf8(until_end(&mut stream).await).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer:?}"));
    (head.to_ascii_lowercase(), body.to_owned())
}

async fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let (head, body) = ask(address, &format!("GET {path} HTTP/1.1\r\nHost: probed.example\r\n\r\n")).await;
    (head[9..12].parse().unwrap(), body)
}

#[tokio::test]
async fn they_answer_what_names_nobody_and_nothing_else() {
    let acceptor = World::with_devices(2).acceptor();
    let address = probes(&acceptor).await;
    assert_eq!(get(address, "/livez").await, (200, "alive\n".to_owned()));
    assert_eq!(get(address, "/readyz").await, (503, "not ready\n".to_owned()));
    assert_eq!(get(address, "/metrics").await.0, 200);
    for path in
        ["/sessions", "/devices", "/devices?name=device-0", "/registry", "/doctor", "/pair", "/events", "/"]
    {
        let (status, body) = get(address, path).await;
        assert_eq!((status, &*body), (404, "/livez, /readyz, /metrics\n"), "{path}");
    }
    for request in [
        "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
        "PUT /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        "POST /pair/open HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
        "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
        "TRACE /livez HTTP/1.1\r\nHost: x\r\n\r\n",
    ] {
        let (head, _) = ask(address, request).await;
        assert!(
            head.starts_with("http/1.1 405 ") && head.contains("\r\nallow: get, head\r\n"),
            "{request}: {head}"
        );
    }
    let (head, body) = ask(address, "HEAD /metrics HTTP/1.1\r\n\r\n").await;
    assert!(head.starts_with("http/1.1 200 ") && body.is_empty(), "{head}{body}");
}

/// A kubelet asks by the pod's address, Prometheus by whatever name it has for us.
#[tokio::test]
async fn they_answer_under_any_name() {
    let address = probes(&World::new().acceptor()).await;
    for host in ["Host: 10.0.0.7:9100\r\n", "Host: evil.example\r\n", ""] {
        let (head, _) = ask(address, &format!("GET /livez HTTP/1.1\r\n{host}\r\n")).await;
        assert!(head.starts_with("http/1.1 200 "), "{host}: {head}");
    }
}

#[tokio::test]
async fn they_are_ready_as_the_admin_listener_is() {
    let acceptor = World::new().acceptor();
    let (_reserved, forwarder) = nobody();
    let all = |probes: Probes| probes.with_service(forwarder.health().clone());
    let bind = || Probes::bind("127.0.0.1:0", acceptor.clone());
    let address = begin(all(bind().await.unwrap()));
    let strict = begin(all(bind().await.unwrap()).ready_with_service());
    assert_eq!(get(address, "/readyz").await.0, 503);
    let _listener = Listener::bind("127.0.0.1:0", acceptor.clone()).await.unwrap();
    assert_eq!(get(address, "/readyz").await, (200, "ready\n".to_owned()));
    assert_eq!(get(strict, "/readyz").await.0, 200);
    forwarder.look();
    while get(strict, "/readyz").await.0 == 200 {}
    assert_eq!(get(strict, "/readyz").await.1, "not ready: the service behind is down\n");
    assert_eq!(get(address, "/readyz").await.0, 200);
    assert!(get(strict, "/metrics").await.1.contains("\nlowkey_backend_up 0\n"));
}

#[tokio::test]
async fn metrics_are_those_of_the_last_second_and_name_nobody() {
    let world = World::with_devices(2);
    let acceptor = world.acceptor();
    let address = probes(&acceptor).await;
    let (near, far) = duplex(10_000);
    let from: SocketAddr = ([192, 0, 2, 77], 50_123).into();
    let (device, session) = tokio::join!(world.device().connect(near), acceptor.accept_from(far, from));
    let _session = (device.unwrap(), session.unwrap());
    let metrics = loop {
        let (_, metrics) = get(address, "/metrics").await;
        if metrics.contains("\nlowkey_sessions 1\n") {
            break metrics;
        }
    };
    for secret in ["device-0", "device-1", "192.0.2", "50123", "lkpub1"] {
        assert!(!metrics.contains(secret), "{secret}");
    }
    let plain = "GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: text/plain;version=0.0.4\r\n\r\n";
    let (head, body) = ask(address, plain).await;
    assert!(head.contains("\r\ncontent-type: text/plain; version=0.0.4; charset=utf-8"), "{head}");
    assert!(body.contains("\n# TYPE lowkey_attempts_total counter\n"), "{body}");
}

#[tokio::test]
async fn strangers_who_say_nothing_or_nonsense_silence_nobody() {
    let address = probes(&World::new().acceptor()).await;
    let mut idle = Vec::new();
    for n in 0..300 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        if n % 3 == 0 {
            let _ = stream.write_all(b"GET /metrics HT").await; // it may be ended by now
        }
        idle.push(stream);
    }
    let answer = timeout(Duration::from_secs(60), get(address, "/livez")).await.expect("they are silenced");
    assert_eq!(answer.0, 200);
    let long = format!("GET /livez HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(100_000));
    let many = format!("GET /livez HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(1000));
    for request in [&b"\x00\x01\x02\r\n\r\n"[..], &[0xff; 4000], long.as_bytes(), many.as_bytes()] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let _ = stream.write_all(request).await;
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let _ = timeout(Duration::from_secs(60), stream.read_to_end(&mut answer)).await.unwrap();
        assert!(!answer.starts_with(b"HTTP/1.1 200"), "{:?}", String::from_utf8_lossy(&answer));
    }
    assert_eq!(get(address, "/livez").await.0, 200);
}

#[tokio::test]
async fn an_address_that_is_taken_is_an_error() {
    let first = Probes::bind("127.0.0.1:0", World::new().acceptor()).await.unwrap();
    let again = Probes::bind(first.local_addr().unwrap(), World::new().acceptor()).await;
    assert_eq!(again.unwrap_err().kind(), io::ErrorKind::AddrInUse);
}

/// Devices hear that we are busy, so a balancer should send them elsewhere.
#[tokio::test]
async fn they_are_not_ready_while_the_registry_lets_nobody_in() {
    let world = World::new();
    let (acceptor, registry) = world.changing();
    let _listener = Listener::bind("127.0.0.1:0", acceptor.clone()).await.unwrap();
    let address = probes(&acceptor).await;
    assert_eq!(get(address, "/readyz").await.0, 200);
    registry.becomes_stale();
    let body = "not ready: the registry may be out of date, and nobody is let in\n".to_owned();
    assert_eq!(get(address, "/readyz").await, (503, body));
    assert_eq!(get(address, "/livez").await.0, 200, "a restart mends nothing");
    let (near, far) = duplex(10_000);
    let (device, session) = tokio::join!(world.device().connect(near), acceptor.accept(far));
    assert!(device.is_err() && session.is_err());
    let metrics = get(address, "/metrics").await.1;
    for sample in ["lowkey_registry_lets_nobody_in 1", "lowkey_refusals_total{reason=\"registry_stale\"} 1"] {
        assert!(metrics.contains(&format!("\n{sample}\n")), "{sample}: {metrics}");
    }
    registry.is_fresh();
    assert_eq!(get(address, "/readyz").await.0, 200);
}
