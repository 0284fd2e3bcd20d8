//! The admin listener: what it answers, to whom, and what a client that behaves badly can do to it.

mod leaving;
mod others;
mod page;
mod pair;
mod reading;
mod send;

use crate::common::services::nobody;
use crate::common::{Party, World, until_end};
use lowkey_gateway::Health;
use lowkey_gateway::admin::{Admin, Endpoint, EndpointError};
use lowkey_host::{Acceptor, Device, Devices, Limits, Listener, Pinned, Server};
use lowkey_registry::keys;
use serde_json::Value;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, duplex};
use tokio::net::{TcpSocket, TcpStream, UnixStream};
use tokio::sync::oneshot;
use tokio::time::timeout;

async fn admin(acceptor: &Acceptor) -> SocketAddr {
    let admin = Admin::bind(&"127.0.0.1:0".parse().unwrap(), acceptor.clone()).await.unwrap();
    let address = admin.endpoint().unwrap().socket_addr().unwrap();
    tokio::spawn(admin.run());
    address
}

/// The same, with a service behind.
async fn admin_of(acceptor: &Acceptor, service: &Health) -> SocketAddr {
    let admin = Admin::bind(&"127.0.0.1:0".parse().unwrap(), acceptor.clone()).await.unwrap();
    let address = admin.endpoint().unwrap().socket_addr().unwrap();
    tokio::spawn(admin.with_service(service.clone()).run());
    address
}

/// Status and body.
async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &str) -> (u16, String) {
    stream.write_all(request.as_bytes()).await.unwrap();
    let answer = String::from_utf8(until_end(&mut stream).await).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer:?}"));
    (head[9..12].parse().unwrap(), body.to_owned())
}

async fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let stream = TcpStream::connect(address).await.unwrap();
    ask(stream, &format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n")).await
}

#[tokio::test]
async fn it_answers_what_it_says_and_nothing_else() {
    let address = admin(&World::new().acceptor()).await;
    for (path, status) in [
        ("/livez", 200),
        ("/metrics", 200),
        ("/sessions", 200),
        ("/registry", 200),
        ("/doctor", 200),
        ("/", 200),
        ("/page", 404),
    ] {
        assert_eq!(get(address, path).await.0, status, "{path}");
    }
    for wrong in ["/doctor?x", "/doctor?about=%", "/doctor?about=%ff"] {
        assert_eq!(get(address, wrong).await.0, 400, "{wrong}");
    }
    for (request, status) in [
        ("POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello", 405),
        ("HEAD /livez HTTP/1.1\r\nHost: localhost:1\r\n\r\n", 200),
        ("GET /sessions HTTP/1.1\r\nHost: [::1]:9100\r\n\r\n", 200),
        ("GET /sessions HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
        ("GET /sessions HTTP/1.1\r\nHost: 192.0.2.1:9100\r\n\r\n", 421),
        ("GET http://evil.example/sessions HTTP/1.1\r\nHost: localhost\r\n\r\n", 421),
        ("GET /sessions HTTP/1.1\r\n\r\n", 421),
    ] {
        let stream = TcpStream::connect(address).await.unwrap();
        assert_eq!(ask(stream, request).await.0, status, "{request}");
    }
}

/// A server whose service refused the first device.
async fn without_its_service() -> (Acceptor, Health, Listener, TcpSocket) {
    let world = World::new();
    let acceptor = world.acceptor();
    let listener = Listener::bind("127.0.0.1:0", acceptor.clone()).await.unwrap();
    let (reserved, forwarder) = nobody();
    forwarder.health().spare(&acceptor);
    let (near, far) = duplex(1000);
    let (device, session) = tokio::join!(world.device().connect(near), acceptor.accept(far));
    let mut device = device.unwrap();
    let leaving = async {
        assert_eq!(device.recv().await.unwrap(), None);
        device.close().await.unwrap();
    };
    let (_, over) = tokio::join!(leaving, forwarder.serve(session.unwrap(), None));
    over.unwrap_err();
    assert!(!forwarder.health().is_up());
    (acceptor, forwarder.health().clone(), listener, reserved)
}

#[tokio::test]
async fn it_is_ready_without_a_service_unless_it_was_told_that_it_is_not() {
    let (acceptor, health, _listener, _reserved) = without_its_service().await;
    assert_eq!(get(admin_of(&acceptor, &health).await, "/readyz").await, (200, "ready\n".to_owned()));

    let other = Admin::bind(&"127.0.0.1:0".parse().unwrap(), acceptor.clone()).await.unwrap();
    let address = other.endpoint().unwrap().socket_addr().unwrap();
    tokio::spawn(other.with_service(health).ready_with_service().run());
    let not_ready = (503, "not ready: the service behind is down\n".to_owned());
    assert_eq!(get(address, "/readyz").await, not_ready);
    assert_eq!(get(address, "/livez").await.0, 200);
}

#[tokio::test]
async fn metrics_say_whether_the_service_is_there_and_what_became_of_sessions_without_it() {
    let (acceptor, health, _listener, _reserved) = without_its_service().await;
    let (mut near, far) = duplex(1000);
    let party = Party::new(acceptor.public_key());
    near.write_all(&party.message_1().0).await.unwrap();
    let (answer, refused) = tokio::join!(async move { until_end(&mut near).await }, acceptor.accept(far));
    assert!(answer == [0, 1, 3] && refused.is_err());
    let metrics = get(admin_of(&acceptor, &health).await, "/metrics").await.1;
    for line in [
        "lowkey_backend_up 0",
        "lowkey_backend_connects_failed_total{reason=\"timed_out\"} 0",
        "lowkey_sessions_ended_total{reason=\"backend\"} 1",
        "lowkey_sessions_ended_total{reason=\"closed\"} 0",
        "lowkey_refusals_total{reason=\"service_down\"} 1",
        "lowkey_refusals_total{reason=\"busy\"} 0",
        "lowkey_attempts_total{outcome=\"refused\"} 1",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} in {metrics}");
    }
    // The device's connect, and ours if there was time for one.
    let refused = metrics.split_once("lowkey_backend_connects_failed_total{reason=\"refused\"} ").unwrap().1;
    assert!(refused.lines().next().unwrap().parse::<u64>().unwrap() >= 1, "{metrics}");
    let echo = get(admin(&World::new().acceptor()).await, "/metrics").await.1;
    assert!(!echo.contains("backend_"), "there is no service");
}

/// Whoever connects to a loopback address can be any user of the machine.
#[tokio::test]
async fn connections_that_say_nothing_silence_nobody() {
    let address = admin(&World::new().acceptor()).await;
    let mut idle = Vec::new();
    for _ in 0..120 {
        idle.push(TcpStream::connect(address).await.unwrap());
    }
    let answer = timeout(Duration::from_secs(10), get(address, "/livez")).await.expect("it is silenced");
    assert_eq!(answer, (200, "alive\n".to_owned()));
}

#[tokio::test]
async fn it_is_ready_while_a_listener_accepts() {
    let world = World::new();
    let acceptor = world.acceptor();
    let address = admin(&acceptor).await;
    assert_eq!(get(address, "/readyz").await, (503, "not ready\n".to_owned()));
    let listener = Listener::bind("127.0.0.1:0", acceptor.clone()).await.unwrap();
    assert_eq!(get(address, "/readyz").await, (200, "ready\n".to_owned()));

    let device_address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let handler = |mut connection: lowkey_host::Connection<TcpStream>| async move {
        while let Ok(Some(_)) = connection.recv().await {}
    };
    let server = tokio::spawn(Server::new(listener).run(handler, async {
        let _ = stopped.await;
    }));
    let _device = world.device().connect(TcpStream::connect(device_address).await.unwrap()).await.unwrap();
    assert_eq!(get(address, "/readyz").await.0, 200);
    stop.send(()).unwrap();
    while get(address, "/readyz").await.0 == 200 {}
    assert!(!server.is_finished(), "a session lingers");
    assert_eq!(get(address, "/livez").await.0, 200);
    drop(_device);
    server.await.unwrap();
    assert_eq!(acceptor.stats().sessions_stopped, 1);
}

#[tokio::test]
async fn sessions_and_the_doctor_speak_json() {
    let world = World::new();
    let server = Arc::clone(&world.server);
    let name = "pump \"7\" ü";
    let device = Device::new(name).unwrap().with_label("site", "north\\").unwrap();
    let pinned = Pinned::new(device, &server, world.device().identity.public_key()).unwrap();
    let acceptor = Acceptor::new(server, Devices::new([pinned]).unwrap(), Limits::default()).unwrap();
    let address = admin(&acceptor).await;
    let from: SocketAddr = "[2001:db8::7]:50311".parse().unwrap();
    let (near, far) = duplex(1000);
    let (device, session) = tokio::join!(world.device().connect(near), acceptor.accept_from(far, from));
    let (mut device, mut session) = (device.unwrap(), session.unwrap());
    device.send(b"21.5 C").await.unwrap();
    session.recv().await.unwrap();

    let value: Value = serde_json::from_str(&get(address, "/sessions").await.1).unwrap();
    let one = &value["sessions"][0];
    assert_eq!(value["sessions"].as_array().unwrap().len(), 1);
    assert_eq!((one["device"].as_str(), one["labels"]["site"].as_str()), (Some(name), Some("north\\")));
    assert_eq!((one["from"].as_str(), one["mode"].as_str()), (Some("[2001:db8::7]:50311"), Some("KK")));
    let id: String = world.device().id.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(one["id"], format!("0x{id}"));
    assert_eq!(one["key"], keys::encode_public(&world.device().identity.public_key()));
    for field in ["rekeys", "sent_bytes", "records_sent"] {
        assert_eq!(one[field].as_u64(), Some(0), "{field}");
    }
    for field in ["connected_seconds", "last_record_seconds"] {
        assert!(one[field].as_u64().is_some_and(|seconds| seconds < 600), "{field}");
    }
    // An empty PING is the confirming record, before the count of bytes begins.
    assert_eq!((one["received_bytes"].as_u64(), one["records_received"].as_u64()), (Some(6 + 19), Some(2)));
    assert_eq!(value["totals"]["received_bytes"], one["received_bytes"]);
    assert_eq!(
        (value["server"]["accepting"].as_bool(), value["totals"]["sessions"].as_u64()),
        (Some(false), Some(1))
    );

    let stranger = Party::new(world.server.public_key()).message_1().0;
    let (mut near, far) = duplex(1000);
    near.write_all(&stranger).await.unwrap();
    let (_, refused) =
        tokio::join!(async move { until_end(&mut near).await }, acceptor.accept_from(far, from));
    refused.unwrap_err();
    let value: Value = serde_json::from_str(&get(address, "/doctor").await.1).unwrap();
    let one = &value["findings"][0];
    assert_eq!((value["asked"].is_null(), value["complete"].as_bool()), (true, Some(true)));
    assert_eq!((one["kind"].as_str(), one["times"].as_u64()), (Some("unknown_key"), Some(1)));
    assert!(one["run"].as_str().unwrap().starts_with("lowkey provision "));
    assert!(one["advice"].as_str().unwrap().contains("`lowkey pair --open`"));
    let asked = get(address, "/doctor?about=pump%20%227%22%20%c3%bc").await.1;
    let value: Value = serde_json::from_str(&asked).unwrap();
    assert_eq!(
        (value["asked"].as_str(), value["findings"][0]["kind"].as_str()),
        (Some(name), Some("connected"))
    );
}

#[tokio::test]
async fn devices_are_those_that_are_asked_for_with_their_pinnings_if_wanted() {
    let world = World::with_devices(2);
    let soon = SystemTime::now() + Duration::from_secs(90_000);
    let pinned = |n: usize, name: &str| {
        let device = Device::new(name).unwrap();
        Pinned::new(device, &world.server, world.devices[n].identity.public_key()).unwrap()
    };
    let devices = Devices::new([pinned(0, "pump-7"), pinned(1, "pump-8").until(soon)]).unwrap();
    let acceptor = Acceptor::new(Arc::clone(&world.server), devices, Limits::default()).unwrap();
    let address = admin(&acceptor).await;
    let (near, far) = duplex(1000);
    let (device, session) = tokio::join!(world.device().connect(near), acceptor.accept(far));
    let _there = (device.unwrap(), session.unwrap());
    let ask = async |question: &str| -> Vec<Value> {
        let (status, answer) = get(address, &format!("/devices{question}")).await;
        assert_eq!(status, 200, "{question}: {answer}");
        let answer: Value = serde_json::from_str(&answer).unwrap();
        if !question.contains("name=") {
            assert_eq!(answer["server"]["registered"], 2, "of all, whoever is asked for");
        }
        answer["devices"].as_array().unwrap().clone()
    };
    for (question, names) in [
        ("", &["pump-7", "pump-8"][..]),
        ("?state=registered", &["pump-7", "pump-8"]),
        ("?state=connected", &["pump-7"]),
        ("?state=absent", &["pump-8"]),
        ("?state=removed", &[]),
        ("?state=absent&with=pinnings", &["pump-8"]),
    ] {
        let devices = ask(question).await;
        assert_eq!(
            devices.iter().map(|of| of["device"].as_str().unwrap()).collect::<Vec<_>>(),
            names,
            "{question}"
        );
        assert_eq!(devices.iter().any(|of| of.get("pinnings").is_some()), question.contains("with="));
    }
    let one = &ask("?name=pump-8&with=pinnings").await[0];
    let pinning = &one["pinnings"][0];
    assert_eq!((one["history"].is_array(), pinning["mode"].as_str()), (true, Some("KK")));
    assert_eq!(pinning["key"], keys::encode_public(&world.devices[1].identity.public_key()));
    assert!((80_000..=90_000).contains(&pinning["expires_seconds_left"].as_u64().unwrap()), "{one}");
    assert!(pinning["expires"].as_str().unwrap().ends_with('Z') && pinning["pending"] == false, "{one}");
    for wrong in
        ["?state=x", "?state=", "?with=keys", "?name=a&name=b", "?x=1", "?name", "?state=absent&state=absent"]
    {
        assert_eq!(get(address, &format!("/devices{wrong}")).await.0, 400, "{wrong}");
    }
}

#[test]
fn it_listens_to_this_machine_alone() {
    for refused in ["0.0.0.0:9100", "[::]:9100", "192.0.2.1:9100", "[::ffff:192.0.2.1]:9100"] {
        assert_eq!(refused.parse::<Endpoint>(), Err(EndpointError::NotLoopback(refused.parse().unwrap())));
    }
    for unreadable in ["", "9100", "localhost:9100", "unix:", "127.0.0.1"] {
        assert_eq!(unreadable.parse::<Endpoint>(), Err(EndpointError::Unreadable), "{unreadable}");
    }
    for fine in ["127.0.0.1:9100", "[::1]:9100", "127.8.8.8:1", "unix:/run/x", "unix:x"] {
        assert_eq!(fine.parse::<Endpoint>().unwrap().to_string(), fine);
    }
}

#[tokio::test]
async fn a_unix_socket_is_for_its_owner_and_group_and_gone_afterwards() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("admin.sock");
    let address = Endpoint::unix(&path);
    let acceptor = World::new().acceptor();
    let bind = || Admin::bind(&address, acceptor.clone());

    let admin = bind().await.unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "nothing else is left");
    assert_eq!(bind().await.unwrap_err().kind(), io::ErrorKind::AddrInUse);
    let running = tokio::spawn(admin.run());
    let stream = UnixStream::connect(&path).await.unwrap();
    assert_eq!(ask(stream, "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").await.0, 200);
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    assert!(!path.exists());

    // One that a killed server left.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(std::fs::symlink_metadata(&path).unwrap().file_type().is_socket());
    let admin = bind().await.unwrap();
    // Somebody else's by now: not ours to remove.
    std::fs::remove_file(&path).unwrap();
    let _others = std::os::unix::net::UnixListener::bind(&path).unwrap();
    drop(admin);
    assert!(path.exists());

    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, "precious").unwrap();
    assert_eq!(bind().await.unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
    assert!(
        Admin::bind(&Endpoint::unix(directory.path().join("no/admin.sock")), acceptor.clone()).await.is_err()
    );
}

#[tokio::test]
async fn garbage_and_endless_headers_are_hung_up_on() {
    let address = admin(&World::new().acceptor()).await;
    for garbage in [&b"\x00\x01\x02\r\n\r\n"[..], b"GET\r\n\r\n", &[0xff; 4000], b"GET / HTTP/9.9\r\n\r\n"] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(garbage).await.unwrap();
        stream.shutdown().await.unwrap();
        let answer = timeout(Duration::from_secs(60), until_end(&mut stream)).await.unwrap();
        assert!(
            answer.is_empty() || answer.starts_with(b"HTTP/1.1 4"),
            "{:?}",
            String::from_utf8_lossy(&answer)
        );
    }
    let long = format!("GET /livez HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(100_000));
    let many = format!("GET /livez HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "X: y\r\n".repeat(1000));
    for request in [long, many] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let _ = stream.write_all(request.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = timeout(Duration::from_secs(60), stream.read_to_end(&mut answer)).await.unwrap();
        assert!(!answer.starts_with(b"HTTP/1.1 200"), "{:?}", String::from_utf8_lossy(&answer));
    }
    assert_eq!(get(address, "/livez").await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn those_who_dawdle_do_not_keep_others_out() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let admin = Admin::bind(&Endpoint::unix(&path), World::new().acceptor()).await.unwrap();
    let _running = tokio::spawn(admin.run());
    let mut dawdlers = Vec::new();
    for n in 0..100 {
        let mut stream = UnixStream::connect(&path).await.unwrap();
        if n % 2 == 0 {
            stream.write_all(b"GET /livez HT").await.unwrap();
        }
        dawdlers.push(stream);
    }
    let stream = UnixStream::connect(&path).await.unwrap();
    let began = tokio::time::Instant::now();
    assert_eq!(ask(stream, "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").await.0, 200);
    // Eight at once, two seconds each.
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    for mut stream in dawdlers {
        assert!(!until_end(&mut stream).await.starts_with(b"HTTP/1.1 200"));
    }
}
