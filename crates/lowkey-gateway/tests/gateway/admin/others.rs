//! Gateways that answer for each other: whichever is asked, it says what is so in the whole fleet.

use super::{ask, get};
use crate::common::shelf::Shelf;
use lowkey_gateway::admin::{Admin, Asks, Endpoint, Here, Later, Others};
use lowkey_gateway::events::Events;
use lowkey_gateway::memory::Memory;
use lowkey_host::{Acceptor, Connection, NotSent, Received};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use test_support::world::World;
use tokio::io::DuplexStream;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpStream, UnixStream};
use tracing_subscriber::prelude::*;

/// The other gateway, or what it says in its place.
#[derive(Debug)]
struct Other {
    name: &'static str,
    other: &'static str,
    here: Mutex<Result<Here, String>>,
    acceptor: Acceptor,
}

impl Others for Other {
    fn name(&self) -> &str {
        self.name
    }

    fn ask(&self, question: Asks) -> Later<Vec<(String, Result<String, String>)>> {
        let (here, other) = (self.here.lock().unwrap().clone(), self.other.to_owned());
        let question = question(&other);
        Box::pin(async move {
            let answer = match here {
                Ok(here) => Ok(here.answer(&question).await),
                Err(what) if what.starts_with(['{', '[', '"', '7']) => Ok(what),
                Err(why) => Err(why),
            };
            vec![(other, answer)]
        })
    }

    fn send(&self, device: String, message: Vec<u8>, within: Duration) -> Later<Result<Received, NotSent>> {
        let acceptor = self.acceptor.clone();
        Box::pin(async move { acceptor.send(&device, &message, within).await })
    }
}

/// East and west, of one server and the same devices.
struct Fleet {
    world: World,
    east: Acceptor,
    west: Acceptor,
    /// Where east and west are asked.
    addresses: [SocketAddr; 2],
    /// What east knows of west.
    other: Arc<Other>,
    /// What has happened at each.
    events: [Events; 2],
    folder: tempfile::TempDir,
    /// What stores west's messages.
    shelf: Shelf,
}

impl Fleet {
    async fn new() -> Self {
        let world = World::with_devices(4);
        let (east, west) = (world.acceptor(), world.acceptor());
        let folder = tempfile::tempdir().unwrap();
        let events = [Events::new(), Events::new()];
        let bind = async |acceptor: &Acceptor, events: &Events| {
            let admin = Admin::bind(&"127.0.0.1:0".parse().unwrap(), acceptor.clone()).await.unwrap();
            let memory = Memory::new();
            tokio::spawn(memory.keep(acceptor));
            let admin = admin.with_memory(memory).with_events(events.clone());
            (admin.endpoint().unwrap().socket_addr().unwrap(), admin)
        };
        let ((at_east, of_east), (at_west, of_west)) =
            (bind(&east, &events[0]).await, bind(&west, &events[1]).await);
        let shelf = Shelf::default();
        let of_west = of_west.with_store(shelf.store());
        let other = |name, other, here: &Admin, acceptor: &Acceptor| {
            let (here, acceptor) = (Ok(here.here()).into(), acceptor.clone());
            Arc::new(Other { name, other, here, acceptor })
        };
        let knows_west = other("east", "west", &of_west, &west);
        let knows_east = other("west", "east", &of_east, &east);
        let socket = Endpoint::unix(folder.path().join("admin.sock"));
        let local = Admin::bind(&socket, east.clone()).await.unwrap();
        let others = Arc::clone(&knows_west);
        tokio::spawn(local.with_others(others).run());
        let others = Arc::clone(&knows_west);
        tokio::spawn(of_east.with_others(others).run());
        tokio::spawn(of_west.with_others(knows_east).run());
        Self { world, east, west, addresses: [at_east, at_west], other: knows_west, events, folder, shelf }
    }

    async fn of(&self, path: &str) -> Value {
        of(self.addresses[0], path).await
    }
}

async fn of(address: SocketAddr, path: &str) -> Value {
    let (status, text) = get(address, path).await;
    assert_eq!(status, 200, "{path}: {text}");
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("{path}: {text}"))
}

/// Names, whether they are connected, and where.
fn rows(answer: &Value) -> Vec<(&str, bool, Option<&str>)> {
    let rows = answer["devices"].as_array().unwrap().iter();
    rows.map(|of| (of["device"].as_str().unwrap(), of["session"].is_object(), of["gateway"].as_str()))
        .collect()
}

fn drive(mut connection: Connection<DuplexStream>) {
    tokio::spawn(async move { while let Ok(Some(_)) = connection.recv().await {} });
}

#[tokio::test]
async fn devices_are_shown_where_they_are_whichever_gateway_is_asked() {
    let fleet = Fleet::new().await;
    let _zero = fleet.world.join_at(&fleet.east, 0, 4000).await;
    let _one = fleet.world.join_at(&fleet.west, 1, 4000).await;
    let two = fleet.world.join_at(&fleet.west, 2, 4000).await;
    drop(two);
    for address in fleet.addresses {
        let answer = of(address, "/devices").await;
        let expected = [
            ("device-0", true, Some("east")),
            ("device-1", true, Some("west")),
            ("device-2", false, Some("west")),
            ("device-3", false, None),
        ];
        assert_eq!(rows(&answer), expected, "{answer}");
        assert_eq!(answer["server"]["registered"], 4);
        assert_eq!(answer["server"]["gateways"].as_array().unwrap().len(), 2);
        let connected = of(address, "/devices?state=connected").await;
        assert_eq!(rows(&connected), expected[..2]);
        let absent = of(address, "/devices?state=absent&with=pinnings").await;
        assert_eq!(rows(&absent), expected[2..]);
        assert!(absent["devices"][0]["pinnings"][0]["key"].is_string(), "{absent}");
        let one = of(address, "/devices?name=device-2").await;
        assert_eq!(rows(&one), expected[2..3]);
        assert_eq!(
            (&one["devices"][0]["sessions"], &one["devices"][0]["registered"]),
            (&json!(1), &json!(true))
        );
        assert_eq!(one["devices"][0]["history"][0]["gateway"], "west", "{one}");
        let sessions = of(address, "/sessions").await;
        let seats = sessions["sessions"].as_array().unwrap();
        let seats: Vec<_> = seats.iter().map(|of| (of["device"].as_str(), of["gateway"].as_str())).collect();
        assert_eq!(seats, [(Some("device-0"), Some("east")), (Some("device-1"), Some("west"))]);
        assert_eq!(sessions["totals"]["sessions_begun"], 3);
        let overview = of(address, "/overview").await;
        assert_eq!((&overview["totals"]["sessions"], &overview["devices"]), (&json!(2), &json!(4)));
        assert_eq!(overview["gateways"].as_array().unwrap().len(), 2, "{overview}");
    }
}

#[tokio::test]
async fn a_device_that_goes_from_one_gateway_to_the_other_has_one_row_with_what_both_remember() {
    let fleet = Fleet::new().await;
    let first = fleet.world.join_at(&fleet.east, 0, 4000).await;
    let number = fleet.east.session("device-0").unwrap().number;
    let _second = fleet.world.join_at(&fleet.west, 0, 4000).await;
    fleet.east.end_moved("device-0", number, None);
    drop(first);
    for address in fleet.addresses {
        let answer = of(address, "/devices?name=device-0").await;
        assert_eq!(rows(&answer), [("device-0", true, Some("west"))], "{answer}");
        assert_eq!(answer["devices"][0]["sessions"], 2);
        let found = of(address, "/doctor?about=device-0").await;
        let kinds: Vec<_> = found["findings"].as_array().unwrap().iter().map(|of| &of["kind"]).collect();
        assert_eq!(kinds, ["connected"], "{found}");
        assert_eq!(found["findings"][0]["gateway"], "west");
    }
}

#[tokio::test]
async fn the_doctor_asks_all_gateways() {
    let fleet = Fleet::new().await;
    let _one = fleet.world.join_at(&fleet.west, 1, 4000).await;
    let two = fleet.world.join_at(&fleet.west, 2, 4000).await;
    drop(two);
    let kinds = |found: &Value| {
        let found = found["findings"].as_array().unwrap().clone();
        found.iter().map(|of| of["kind"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for address in fleet.addresses {
        for (about, expected) in [
            ("device-1", "connected"),
            ("device-2", "closed"),
            ("device-3", "not_seen"),
            ("nobody", "nobody"),
        ] {
            let found = of(address, &format!("/doctor?about={about}")).await;
            assert_eq!(kinds(&found), [expected], "{found}");
        }
    }
}

#[tokio::test]
async fn a_gateway_that_does_not_answer_or_answers_nonsense_is_said_to() {
    let fleet = Fleet::new().await;
    let _zero = fleet.world.join_at(&fleet.east, 0, 4000).await;
    let nonsense =
        r#"{"devices":7,"findings":[1,null],"sessions":[[]],"windows":"x","totals":[],"complete":1}"#;
    for said in ["it is \u{1b}[2J gone", nonsense, "{", "[]", "[[]]", "\"x\"", "7"] {
        *fleet.other.here.lock().unwrap() = Err(said.to_owned());
        let devices = fleet.of("/devices").await;
        assert_eq!(rows(&devices)[0], ("device-0", true, Some("east")), "{devices}");
        let error = &devices["server"]["gateways"][1]["error"];
        assert_eq!(error.is_string(), said != nonsense, "{devices}");
        assert_eq!(fleet.of("/sessions").await["totals"]["sessions"], 1);
        assert_eq!(fleet.of("/overview").await["totals"]["sessions"], 1);
        let found = fleet.of("/doctor").await;
        assert!(!found.to_string().contains('\u{1b}'));
        let first = &found["findings"][0];
        assert_eq!(first["kind"] == "gateway_silent", said != nonsense, "{found}");
        let found = fleet.of("/doctor?about=device-0").await;
        assert_eq!(found["findings"][0]["kind"], "connected", "{found}");
    }
}

#[tokio::test]
async fn a_gateway_that_cannot_store_is_named_whichever_is_asked() {
    let fleet = Fleet::new().await;
    fleet.shelf.fails("503 Service Unavailable");
    for address in fleet.addresses {
        let overview = of(address, "/overview").await;
        let gateways = overview["gateways"].as_array().unwrap().iter();
        let stores: Vec<_> = gateways.map(|of| (of["name"].as_str().unwrap(), &of["store_up"])).collect();
        assert!(stores.contains(&("west", &json!(false))), "{stores:?}");
        assert!(stores.contains(&("east", &Value::Null)), "{stores:?}");
        let found = of(address, "/doctor").await;
        let [down] = &found["findings"].as_array().unwrap()[..] else { panic!("{found}") };
        assert_eq!((&down["kind"], &down["gateway"]), (&json!("store_down"), &json!("west")));
    }
    fleet.shelf.stores();
    assert_eq!(fleet.of("/doctor").await["findings"], json!([]));
}

#[tokio::test]
async fn a_message_goes_to_a_device_of_another_gateway() {
    let fleet = Fleet::new().await;
    let (mut device, server) = fleet.world.join_at(&fleet.west, 1, 4000).await;
    drive(server);
    let receives = tokio::spawn(async move {
        let message = device.recv().await.unwrap().unwrap();
        let _ = device.recv().await;
        message
    });
    let letter = json!({ "device": "device-1", "hex": "00ff", "seconds": 8 }).to_string();
    let post = format!("POST /send HTTP/1.0\r\nContent-Length: {}\r\n\r\n{letter}", letter.len());
    let socket = UnixStream::connect(fleet.folder.path().join("admin.sock")).await.unwrap();
    let (status, answer) = ask(socket, &post).await;
    assert_eq!((status, answer.contains("\"received\":true")), (200, true), "{answer}");
    drop(fleet);
    receives.abort();
}

/// Something happens there.
fn happens(events: &Events, number: u32) {
    let subscriber = tracing_subscriber::registry().with(events.layer());
    tracing::subscriber::with_default(subscriber, || {
        tracing::warn!(name: "lowkey.backend_down", target: "lowkey", number, "something happened");
    });
}

/// Where and what, of each event.
fn said(lines: &[String]) -> Vec<(String, u64)> {
    let events = lines.iter().filter_map(|line| line.strip_prefix("data: "));
    let events = events.map(|json| serde_json::from_str(json).unwrap());
    let said = |of: Value| (of["gateway"].as_str().unwrap().to_owned(), of["number"].as_u64().unwrap());
    events.map(said).collect()
}

#[tokio::test]
async fn events_of_all_gateways_are_told_in_the_order_of_their_times_and_as_they_happen() {
    let fleet = Fleet::new().await;
    let [east, west] = &fleet.events;
    for n in [0, 2, 4] {
        happens(east, n);
        happens(west, n + 1);
    }
    let (_, text) = get(fleet.addresses[0], "/events?last=2&end=now").await;
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let expected = [("east", 2), ("west", 3), ("east", 4), ("west", 5)].map(|(at, n)| (at.to_owned(), n));
    assert_eq!(said(&lines), expected, "{text}");
    let none = get(fleet.addresses[1], "/events?last=9&end=now&only=lowkey.other").await.1;
    assert!(!none.contains("data:"), "{none}");
    // One who stays.
    let mut stays = BufReader::new(TcpStream::connect(fleet.addresses[0]).await.unwrap());
    stays.write_all(b"GET /events?last=1 HTTP/1.0\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut lines = Vec::new();
    for (count, number) in [(2, 6), (3, 7), (4, 8)] {
        while said(&lines).len() < count {
            let mut line = String::new();
            assert!(stays.read_line(&mut line).await.unwrap() > 0, "it has ended");
            lines.push(line.trim_end().to_owned());
        }
        happens(if number == 7 { east } else { west }, number);
    }
    let expected = [("east", 4), ("west", 5), ("west", 6), ("east", 7)].map(|(at, n)| (at.to_owned(), n));
    assert_eq!(said(&lines), expected, "{lines:?}");
    // One that does not answer takes nothing from what is known here.
    *fleet.other.here.lock().unwrap() = Err("it is gone".to_owned());
    let (_, text) = get(fleet.addresses[0], "/events?last=1&end=now").await;
    assert!(text.contains("\"number\":7"), "{text}");
}
