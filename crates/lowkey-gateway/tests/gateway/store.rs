//! What stores devices' messages, as operators see it: in the doctor, the metrics, the overview, `/readyz`, `/aside`.

use crate::common::World;
use crate::common::shelf::{RUN, Shelf};
use lowkey_gateway::doctor::{Doctor, Finding, Mend};
use lowkey_gateway::memory::Memory;
use lowkey_gateway::store::{Standing, Store};
use lowkey_host::numbered::{Intake, Sink};
use lowkey_host::{Acceptor, Connection, Fault};
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;
use tokio::io::{DuplexStream, duplex};
use tokio::time::advance;

/// Until all that was taken is stored.
async fn until_stored(intake: &mut dyn Intake, last: u64) {
    while poll_fn(|context| intake.poll_stored(context)).await.unwrap() < last {}
}

async fn is_stuck(intake: &mut dyn Intake) {
    poll_fn(|context| {
        assert!(intake.poll_stored(context).is_pending());
        Poll::Ready(())
    })
    .await;
}

fn why(standing: &Standing) -> &str {
    standing.down.as_ref().map_or("", |down| &down.why)
}

#[tokio::test]
async fn a_device_waits_until_what_it_sent_is_stored_or_it_has_gone() {
    let shelf = Shelf::default();
    let store = shelf.store();
    let mut first = store.begin("a", RUN).await.unwrap().intake;
    let mut second = store.begin("b", RUN).await.unwrap().intake;
    assert_eq!(store.standing().waiting, 0, "nobody has sent anything");
    shelf.fails("503 Service Unavailable");
    (1..=2).for_each(|number| first.take(number, vec![]));
    second.take(1, vec![]);
    is_stuck(&mut *first).await;
    let standing = store.standing();
    assert_eq!((standing.waiting, why(&standing)), (2, "503 Service Unavailable"));
    drop(second);
    assert_eq!(store.standing().waiting, 1, "it has gone");
    shelf.stores();
    poll_fn(|context| first.poll_stored(context)).await.unwrap();
    assert_eq!(store.standing().waiting, 1, "its second message is not stored");
    until_stored(&mut *first, 2).await;
    let standing = store.standing();
    assert_eq!((standing.waiting, standing.down), (0, None));
    // One whose session cannot begin waits for what is stored already.
    shelf.state().holds_beginnings = true;
    let begins = tokio::spawn({
        let store = store.clone();
        async move { store.begin("c", RUN).await.map(drop) }
    });
    while store.standing().waiting == 0 {
        tokio::task::yield_now().await;
    }
    begins.abort();
    assert!(begins.await.unwrap_err().is_cancelled());
    assert_eq!(store.standing().waiting, 0);
}

#[test]
fn how_long_a_store_cannot_store_is_what_its_sink_says() {
    let shelf = Shelf::default();
    let store = shelf.store();
    shelf.fails("no connection to NATS");
    let lasts = |store: &Store| store.standing().down.unwrap().lasts.as_secs();
    assert_eq!(lasts(&store), 0);
    shelf.state().lasts = Duration::from_secs(77);
    assert_eq!(lasts(&store), 77);
}

#[tokio::test(start_paused = true)]
async fn devices_are_kept_waiting_while_one_waits_and_for_a_minute_after() {
    let shelf = Shelf::default();
    let store = shelf.store();
    shelf.fails("503");
    assert!(!store.keeps_devices_waiting(), "nobody knows whether it can");
    let mut intake = store.begin("a", RUN).await.unwrap().intake;
    advance(Duration::from_secs(61)).await;
    assert!(!store.keeps_devices_waiting(), "it has sent nothing");
    intake.take(1, vec![]);
    advance(Duration::from_secs(600)).await;
    assert!(store.keeps_devices_waiting());
    drop(intake);
    advance(Duration::from_secs(59)).await;
    assert!(store.keeps_devices_waiting(), "it comes again");
    advance(Duration::from_secs(2)).await;
    assert!(!store.keeps_devices_waiting(), "a device is let in, and finds out");
    let mut intake = store.begin("a", RUN).await.unwrap().intake;
    intake.take(1, vec![]);
    assert!(store.keeps_devices_waiting());
    shelf.stores();
    assert!(!store.keeps_devices_waiting());
}

fn kinds(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.kind).collect()
}

#[tokio::test]
async fn the_doctor_says_why_since_when_how_many_wait_and_what_is_set_aside() {
    let (shelf, acceptor) = (Shelf::default(), World::with_devices(2).acceptor());
    let store = shelf.store();
    let doctor = Doctor::new(acceptor, "devices.toml").with_store(store.clone());
    assert!(doctor.diagnose(None).findings.is_empty());
    shelf.fails("503 Service Unavailable: try later");
    shelf.state().lasts = Duration::from_secs(300);
    let mut intake = store.begin("device-0", RUN).await.unwrap().intake;
    intake.take(1, vec![]);
    let findings = doctor.diagnose(None).findings;
    let [down] = &findings[..] else { panic!("{findings:?}") };
    assert_eq!((down.kind, &*down.who), ("store_down", "what stores"));
    assert_eq!(down.what, "at https://in.example/ cannot store, for 5 min now; one device waits");
    assert!(down.why.contains("the last try came to: 503 Service Unavailable: try later; "), "{}", down.why);
    assert_eq!(down.since, Duration::from_secs(300));
    // Also to who asks about a device that waits, or may.
    assert!(kinds(&doctor.diagnose(Some("device-0")).findings).contains(&"store_down"));
    assert!(!kinds(&doctor.diagnose(Some("192.0.2.1")).findings).contains(&"store_down"));
    shelf.stores();
    until_stored(&mut *intake, 1).await;
    assert!(doctor.diagnose(None).findings.is_empty());

    shelf.sets_aside("device-0", 1, b"21.5 X");
    let one = &doctor.diagnose(None).findings[0];
    let what = "has refused one message of one device for good; it is set aside, where less than 1 % of the room is taken";
    assert_eq!(one.what, what);
    assert!(one.why.contains("what it said is wrong with it") && one.why.contains("it is acknowledged"));
    shelf.sets_aside("device-0", 2, b"21.5 X");
    let findings = doctor.diagnose(None).findings;
    let [aside] = &findings[..] else { panic!("{findings:?}") };
    assert_eq!((aside.kind, &*aside.who), ("set_aside", "what stores"));
    let what = "has refused 2 messages of one device for good; they are set aside, where less than 1 % of the room is taken";
    assert_eq!(aside.what, what);
    assert!(matches!(&aside.mend, Some(Mend::Either(run, _)) if run == "lowkey aside list"));
    shelf.state().full = vec!["device-0".to_owned()];
    assert_eq!(kinds(&doctor.diagnose(None).findings), ["aside_full", "set_aside"]);
    let findings = doctor.diagnose(Some("device-0")).findings;
    let of_it: Vec<&Finding> =
        findings.iter().filter(|of| ["aside_full", "set_aside"].contains(&of.kind)).collect();
    assert_eq!(of_it.len(), 2, "{findings:?}");
    for finding in of_it {
        assert_eq!((&*finding.who, finding.device.as_deref()), ("device-0", Some("device-0")));
        let run = "lowkey aside list device-0";
        assert!(matches!(&finding.mend, Some(Mend::Either(command, _)) if command == run), "{finding:?}");
    }
    let others = doctor.diagnose(Some("device-1")).findings;
    assert!(!kinds(&others).iter().any(|kind| kind.contains("aside")), "{others:?}");
}

#[tokio::test]
async fn a_device_that_is_connected_and_waits_for_what_stores_is_told_of_in_its_own_first_lines() {
    let (shelf, world) = (Shelf::default(), World::with_devices(2));
    let (store, acceptor) = (shelf.store(), world.acceptor());
    let doctor = Doctor::new(acceptor.clone(), "devices.toml").with_store(store.clone());
    let (mut sessions, mut intakes) = (Vec::new(), Vec::new());
    for device in &world.devices {
        let (near, far) = duplex(10_000);
        let (device, session) = tokio::join!(device.connect(near), acceptor.accept(far));
        sessions.push((device.unwrap(), session.unwrap()));
    }
    shelf.fails("503");
    for name in ["device-0", "device-1"] {
        intakes.push(store.begin(name, RUN).await.unwrap().intake);
    }
    intakes[0].take(1, vec![]);
    let first = |name: &str| doctor.diagnose(Some(name)).findings.swap_remove(0);
    let waits = first("device-0");
    assert_eq!((waits.kind, waits.device.as_deref()), ("connected", Some("device-0")));
    assert_eq!(waits.why, "what it has numbered waits: what stores cannot store");
    assert_eq!(first("device-1").why, "nothing to mend", "it waits for nothing");
    shelf.stores();
    until_stored(&mut *intakes[0], 1).await;
    assert_eq!(first("device-0").why, "nothing to mend");
}

/// The session ends because of that.
fn not_stored(mut session: Connection<DuplexStream>) {
    session.blame(Fault::NotStored);
}

async fn join(world: &World, acceptor: &Acceptor) -> Connection<DuplexStream> {
    let (near, far) = duplex(10_000);
    let (device, session) = tokio::join!(world.devices[0].connect(near), acceptor.accept(far));
    drop(device.unwrap());
    session.unwrap()
}

#[tokio::test]
async fn that_something_was_not_stored_is_over_when_that_device_is_acknowledged_again_and_not_before() {
    let (shelf, world) = (Shelf::default(), World::with_devices(2));
    let (store, acceptor, memory) = (shelf.store(), world.acceptor(), Memory::new());
    acceptor.observe(memory.clone());
    let doctor = Doctor::new(acceptor.clone(), "devices.toml").with_store(store.clone()).with_memory(memory);
    let found = || doctor.diagnose(None).findings.iter().map(|of| of.kind).collect::<Vec<_>>();

    // It was not heard what is stored of it.
    shelf.state().breaks = true;
    let session = join(&world, &acceptor).await;
    store.begin("device-0", RUN).await.map(drop).unwrap_err();
    not_stored(session);
    assert_eq!(found(), ["not_stored"]);
    shelf.state().breaks = false;
    shelf.state().holds_beginnings = true;
    let session = join(&world, &acceptor).await;
    let (newer, older) = (store.begin("device-0", RUN), store.begin("device-1", RUN));
    assert_eq!(found(), ["not_stored"], "it is there, and nothing is acknowledged");
    shelf.stores();
    drop(older.await.unwrap());
    assert_eq!(found(), ["not_stored"], "another device is acknowledged");
    let begun = newer.await.unwrap();
    assert!(found().is_empty(), "it has heard what is stored");
    drop((begun, session));
    assert!(found().is_empty(), "and has gone");

    // A message was not stored.
    let mut older = store.begin("device-0", RUN).await.unwrap().intake;
    let session = join(&world, &acceptor).await;
    let mut intake = store.begin("device-0", RUN).await.unwrap().intake;
    intake.take(1, vec![]);
    shelf.state().breaks = true;
    poll_fn(|context| intake.poll_stored(context)).await.unwrap_err();
    not_stored(session);
    drop(intake);
    shelf.state().breaks = false;
    assert_eq!(found(), ["not_stored"]);
    let session = join(&world, &acceptor).await;
    let mut intake = store.begin("device-0", RUN).await.unwrap().intake;
    assert!(found().is_empty());
    // What becomes of a session that this one has taken the place of is nothing of it.
    shelf.state().breaks = true;
    poll_fn(|context| older.poll_stored(context)).await.unwrap_err();
    drop(older);
    shelf.state().breaks = false;
    assert!(found().is_empty());
    intake.take(1, vec![]);
    until_stored(&mut *intake, 1).await;
    drop((intake, session));
    assert!(found().is_empty());
}

#[cfg(feature = "admin")]
mod shown {
    use super::*;
    use lowkey_gateway::admin::{Admin, Endpoint};
    use lowkey_gateway::probes::Probes;
    use lowkey_host::Listener;
    use serde_json::{Value, json};
    use std::net::SocketAddr;
    use std::path::Path;
    use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
    use tokio::net::{TcpStream, UnixStream};

    async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &str) -> (u16, String) {
        stream.write_all(request.as_bytes()).await.unwrap();
        let answer = String::from_utf8(crate::common::until_end(&mut stream).await).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer:?}"));
        (head[9..12].parse().unwrap(), body.to_owned())
    }

    async fn get(address: SocketAddr, path: &str) -> (u16, String) {
        let stream = TcpStream::connect(address).await.unwrap();
        ask(stream, &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await
    }

    async fn tell(socket: &Path, request: &str, body: &Value) -> (u16, Value) {
        let (body, stream) = (body.to_string(), UnixStream::connect(socket).await.unwrap());
        let len = body.len();
        let request = format!("{request} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len}\r\n\r\n{body}");
        let (status, answer) = ask(stream, &request).await;
        (status, serde_json::from_str(&answer).unwrap_or(Value::Null))
    }

    async fn over_tcp(acceptor: &Acceptor) -> (Admin, SocketAddr) {
        let admin = Admin::bind(&"127.0.0.1:0".parse().unwrap(), acceptor.clone()).await.unwrap();
        let address = admin.endpoint().unwrap().socket_addr().unwrap();
        (admin, address)
    }

    #[tokio::test]
    async fn readyz_says_503_while_devices_wait_for_it_if_it_was_told_to() {
        let (shelf, acceptor) = (Shelf::default(), World::new().acceptor());
        let store = shelf.store();
        let _listener = Listener::bind("127.0.0.1:0", acceptor.clone()).await.unwrap();
        let (admin, lenient) = over_tcp(&acceptor).await;
        tokio::spawn(admin.with_store(store.clone()).run());
        let (admin, strict) = over_tcp(&acceptor).await;
        tokio::spawn(admin.with_store(store.clone()).ready_with_service().run());
        let probes = Probes::bind("127.0.0.1:0", acceptor.clone()).await.unwrap();
        let probed = probes.local_addr().unwrap();
        tokio::spawn(probes.with_store(store.clone()).ready_with_service().run());
        shelf.fails("503");
        assert_eq!(get(strict, "/readyz").await.0, 200, "nobody waits");
        let mut intake = store.begin("a", RUN).await.unwrap().intake;
        intake.take(1, vec![]);
        let not_ready = (503, "not ready: what stores cannot store, and devices wait\n".to_owned());
        assert_eq!(get(strict, "/readyz").await, not_ready);
        assert_eq!(get(probed, "/readyz").await, not_ready);
        assert_eq!(get(lenient, "/readyz").await, (200, "ready\n".to_owned()));
        assert!(get(probed, "/metrics").await.1.contains("\nlowkey_store_up 0\n"));
        shelf.stores();
        until_stored(&mut *intake, 1).await;
        assert_eq!(get(strict, "/readyz").await.0, 200);
        assert_eq!(get(probed, "/readyz").await.0, 200);
    }

    #[tokio::test]
    async fn metrics_and_the_overview_say_the_same_of_it() {
        let (shelf, acceptor) = (Shelf::default(), World::new().acceptor());
        let store = shelf.store();
        let (admin, address) = over_tcp(&acceptor).await;
        tokio::spawn(admin.with_store(store.clone()).run());
        let overview = || async {
            let of: Value = serde_json::from_str(&get(address, "/overview").await.1).unwrap();
            of["store"].clone()
        };
        let of = overview().await;
        assert_eq!(
            (&of["up"], &of["error"], &of["devices_waiting"]),
            (&json!(true), &Value::Null, &json!(0))
        );
        shelf.fails("503");
        shelf.state().lasts = Duration::from_secs(7);
        shelf.state().full = vec!["a".to_owned()];
        shelf.sets_aside("a", 1, b"21.5 X");
        let mut intake = store.begin("a", RUN).await.unwrap().intake;
        intake.take(2, vec![]);
        let aside = json!({
            "bytes": 6, "bytes_limit": 64 << 20, "devices": 1, "full": ["a"], "messages": 1, "messages_limit": 10_000,
        });
        let expected = json!({
            "aside": aside, "devices_waiting": 1, "down_seconds": 7, "error": "503",
            "name": "https://in.example/", "up": false,
        });
        assert_eq!(overview().await, expected);
        let metrics = get(address, "/metrics").await.1;
        for line in [
            "lowkey_store_up 0",
            "lowkey_store_devices_waiting 1",
            "lowkey_aside_messages 1",
            "lowkey_aside_messages_limit 10000",
            "lowkey_aside_bytes 6",
            "lowkey_aside_limit_bytes 67108864",
            "lowkey_aside_devices_full 1",
        ] {
            assert!(metrics.lines().any(|found| found == line), "{line} in {metrics}");
        }
        let (admin, without) = over_tcp(&acceptor).await;
        tokio::spawn(admin.run());
        let metrics = get(without, "/metrics").await.1;
        assert!(!metrics.contains("lowkey_store") && !metrics.contains("lowkey_aside"), "there is none");
        let none = "this server sets nothing aside; one that forwards over HTTP or MQTT does\n";
        assert_eq!(get(without, "/aside").await, (501, none.to_owned()));
    }

    #[tokio::test]
    async fn what_is_set_aside_is_listed_for_all_and_read_and_let_go_of_by_operators_alone() {
        let (shelf, acceptor) = (Shelf::default(), World::new().acceptor());
        for (of, number) in [("a b", 1), ("a b", u64::MAX), ("c", 1)] {
            shelf.sets_aside(of, number, b"\0\x1b[2J");
        }
        let (admin, address) = over_tcp(&acceptor).await;
        tokio::spawn(admin.with_store(shelf.store()).run());
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("admin.sock");
        let admin = Admin::bind(&Endpoint::unix(&socket), acceptor.clone()).await.unwrap();
        tokio::spawn(admin.with_store(shelf.store()).run());

        let listed: Value = serde_json::from_str(&get(address, "/aside?device=a%20b").await.1).unwrap();
        let messages = listed["messages"].as_array().unwrap();
        let numbers: Vec<&str> = messages.iter().map(|of| of["number"].as_str().unwrap()).collect();
        assert_eq!(numbers, ["1", "18446744073709551615"]);
        let first = &messages[0];
        assert_eq!((&first["device"], &first["run"]), (&json!("a b"), &json!("abababababababab")));
        assert_eq!((&first["status"], &first["why"]), (&json!(422), &json!("no such unit")));
        assert_eq!((&first["bytes"], &first["at"]), (&json!(5), &json!("2001-09-09T01:46:40Z")));
        assert!(!listed.to_string().contains("001b5b"), "not what it has said");
        assert_eq!((&listed["held"]["messages"], &listed["error"]), (&json!(3), &Value::Null));
        assert_eq!(get(address, "/aside?name=a").await.0, 400);

        let message = "/aside/message?device=a%20b&run=abababababababab&number=1";
        let free = |body: Value| {
            let socket = socket.clone();
            async move { tell(&socket, "POST /aside/free", &body).await }
        };
        assert_eq!(get(address, message).await.0, 403, "over TCP anybody asks");
        let stream = TcpStream::connect(address).await.unwrap();
        let post = "POST /aside/free HTTP/1.1\r\nHost: localhost\r\nContent-Length: 27\r\n\r\n{\"device\":\"c\",\"all\":true}  ";
        assert_eq!(ask(stream, post).await.0, 403);
        let stream = UnixStream::connect(&socket).await.unwrap();
        let (status, bytes) =
            ask(stream, &format!("GET {message} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await;
        assert_eq!((status, &*bytes), (200, "{\"error\":null,\"hex\":\"001b5b324a\"}\n"));
        for (wrong, status) in [
            ("GET /aside/message?device=a", 400),
            ("GET /aside/message?device=a&run=ab&number=1", 400),
            ("GET /aside/message?device=a&run=abababababababab&number=-1", 400),
            ("GET /aside/free", 405),
            ("POST /aside", 405),
            ("GET /aside/else", 405),
        ] {
            let stream = UnixStream::connect(&socket).await.unwrap();
            let request = format!("{wrong} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
            assert_eq!(ask(stream, &request).await.0, status, "{wrong}");
        }
        for wrong in [
            json!({ "device": "a b" }),
            json!({ "all": true }),
            json!({ "device": "a b", "all": true, "number": "1" }),
            json!({ "device": "a b", "run": "abababababababab" }),
            json!({ "device": "a b", "run": "abababababababab", "number": 1 }),
        ] {
            assert_eq!(free(wrong.clone()).await.0, 400, "{wrong}");
        }
        let one = json!({ "device": "a b", "run": "abababababababab", "number": "1" });
        assert_eq!(free(one.clone()).await, (200, json!({ "error": null, "freed": 1 })));
        assert_eq!(free(one).await.1["freed"], 0);
        assert_eq!(free(json!({ "device": "a b", "all": true })).await.1["freed"], 1);
        let left: Vec<String> = shelf.state().aside.iter().map(|(of, _)| of.device.clone()).collect();
        assert_eq!(left, ["c"]);
    }
}
