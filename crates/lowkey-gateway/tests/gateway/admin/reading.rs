//! Those who read along: what they are told, how they come back, and what one who stalls costs.

use super::{ask, get};
use crate::common::World;
use lowkey_gateway::admin::Admin;
use lowkey_gateway::events::Events;
use lowkey_host::Acceptor;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, duplex};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tracing_subscriber::prelude::*;

async fn admin_with(acceptor: &Acceptor, events: &Events) -> SocketAddr {
    let admin = Admin::bind(&"127.0.0.1:0".parse().unwrap(), acceptor.clone()).await.unwrap();
    let address = admin.endpoint().unwrap().socket_addr().unwrap();
    tokio::spawn(admin.with_events(events.clone()).run());
    address
}

/// So many events.
fn happen(events: &Events, times: usize) {
    let subscriber = tracing_subscriber::registry().with(events.layer());
    tracing::subscriber::with_default(subscriber, || {
        for number in 0..times {
            tracing::warn!(name: "lowkey.test", target: "lowkey", number, "something happened");
        }
    });
}

/// One who reads along, behind the head of the answer.
async fn reader(address: SocketAddr, path: &str, header: &str) -> BufReader<TcpStream> {
    let stream = TcpStream::connect(address).await.unwrap();
    let mut reader = BufReader::new(stream);
    let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n{header}\r\n");
    reader.write_all(request.as_bytes()).await.unwrap();
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(reader.read_line(&mut head).await.unwrap(), 0, "{head}");
    }
    assert!(head.starts_with("HTTP/1.0 200 ") && head.contains("content-type: text/event-stream"), "{head}");
    reader
}

/// The next line that begins so, without its beginning.
async fn line(reader: &mut BufReader<TcpStream>, begins: &str) -> Option<String> {
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).await.unwrap_or(0) == 0 {
            return None;
        }
        if let Some(rest) = line.strip_prefix(begins) {
            return Some(rest.trim_end().to_owned());
        }
    }
}

#[tokio::test]
async fn a_session_is_told_whole_and_a_reader_comes_back_where_it_was() {
    let (world, events) = (World::new(), Events::new());
    let acceptor = world.acceptor();
    acceptor.observe(events.clone());
    let address = admin_with(&acceptor, &events).await;
    let mut first = reader(address, "/events", "").await;
    let before = line(&mut first, "id: ").await.unwrap();

    let (near, far) = duplex(10_000);
    let (device, session) = tokio::join!(world.device().connect(near), acceptor.accept(far));
    drop((device.unwrap(), session.unwrap()));
    let confirmed: serde_json::Value =
        serde_json::from_str(&line(&mut first, "data: ").await.unwrap()).unwrap();
    assert_eq!(confirmed["event"], "lowkey.confirmed");
    let between = line(&mut first, "id: ").await.unwrap();
    let ended = line(&mut first, "data: ").await.unwrap();
    drop(first);

    // A browser says it in a header; the address stays the one that it has asked first.
    let header = format!("Last-Event-ID: {before}\r\n");
    let mut again = reader(address, "/events?last=0", &header).await;
    let told: serde_json::Value = serde_json::from_str(&line(&mut again, "data: ").await.unwrap()).unwrap();
    assert_eq!(told, confirmed);
    assert_eq!(line(&mut again, "data: ").await.unwrap(), ended);
    let of: serde_json::Value = serde_json::from_str(&ended).unwrap();
    assert_eq!((&of["event"], &of["session"]), (&"lowkey.ended".into(), &confirmed["session"]));

    // What has happened by now, and no more.
    assert!(between.ends_with("-2"), "{between}");
    let all = get(address, "/events?last=9&end=now").await.1;
    assert_eq!(all.matches("data: ").count(), 2, "{all}");
    let one = get(address, "/events?last=9&end=now&only=lowkey.ended").await.1;
    assert!(one.contains(&ended) && one.matches("data: ").count() == 1, "{one}");
    let rest = get(address, &format!("/events?since={before}&end=now")).await.1;
    assert_eq!(rest.matches("data: ").count(), 2, "{rest}");
    for wrong in ["last=x", "since=1", "since=", "last", "end=later", "name=x"] {
        assert_eq!(get(address, &format!("/events?{wrong}")).await.0, 400, "{wrong}");
    }
}

#[tokio::test]
async fn one_who_stalls_is_told_how_many_were_missed_and_holds_nobody_up() {
    const MANY: usize = 60_000;
    let events = Events::new();
    let address = admin_with(&World::new().acceptor(), &events).await;
    let mut slow = reader(address, "/events", "").await;
    happen(&events, MANY);
    // Others are answered meanwhile.
    assert_eq!(get(address, "/livez").await.0, 200);
    let (mut told, mut missed) = (0, 0);
    while told + missed < MANY {
        let event: serde_json::Value =
            serde_json::from_str(&line(&mut slow, "data: ").await.unwrap()).unwrap();
        match event["events"].as_u64() {
            Some(events) => {
                assert_eq!(event["event"], "lowkey.missed");
                missed += usize::try_from(events).unwrap();
            }
            None => told += 1,
        }
    }
    assert_eq!(told + missed, MANY);
    assert!(missed > 0 && told >= 16_384, "{told} told, {missed} missed");
}

#[tokio::test]
async fn there_are_so_many_readers_and_one_who_leaves_makes_room() {
    let address = admin_with(&World::new().acceptor(), &Events::new()).await;
    let mut readers = Vec::new();
    for _ in 0..16 {
        readers.push(reader(address, "/events", "").await);
    }
    assert_eq!(get(address, "/events").await.0, 503);
    assert_eq!(get(address, "/livez").await.0, 200, "they take no seat of those who ask");
    readers.clear();
    // The server sees it when it sees it.
    loop {
        let stream = TcpStream::connect(address).await.unwrap();
        if ask(stream, "GET /events?end=now HTTP/1.1\r\nHost: localhost\r\n\r\n").await.0 == 200 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn one_who_takes_what_comes_may_stay_and_hears_something_now_and_then() {
    let events = Events::new();
    let address = admin_with(&World::new().acceptor(), &events).await;
    let mut patient = reader(address, "/events", "").await;
    for _ in 0..20 {
        assert_eq!(line(&mut patient, ":").await.unwrap(), "");
    }
    happen(&events, 1);
    assert!(line(&mut patient, "data: ").await.unwrap().contains("\"number\":0"));
}

#[tokio::test(start_paused = true)]
async fn one_who_takes_nothing_for_a_minute_is_cut_off() {
    let events = Events::new();
    let address = admin_with(&World::new().acceptor(), &events).await;
    let mut stalled = reader(address, "/events", "").await;
    line(&mut stalled, "id: ").await.unwrap();
    // More than sockets hold, time and again, for as long as a reader is given and longer.
    for _ in 0..10 {
        happen(&events, 16_384);
        tokio::time::sleep(Duration::from_secs(15)).await;
    }
    let mut rest = Vec::new();
    // As a rest that ends, or as a reset, whichever the sockets make of it.
    let end = timeout(Duration::from_secs(600), stalled.read_to_end(&mut rest)).await;
    assert!(end.is_ok(), "nobody has cut it off");
    assert!(rest.len() < 16 << 20, "what sockets hold, and no more: {}", rest.len());
}

#[tokio::test]
async fn a_server_without_events_says_so() {
    let address = super::admin(&World::new().acceptor()).await;
    assert_eq!(get(address, "/events").await, (501, "this server keeps no events\n".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn one_whom_nothing_concerns_hears_something_now_and_then_however_much_happens() {
    let events = Events::new();
    let address = admin_with(&World::new().acceptor(), &events).await;
    let mut picky = reader(address, "/events?only=lowkey.ended", "").await;
    let first = line(&mut picky, "id: ").await.unwrap();
    let busy = tokio::spawn({
        let events = events.clone();
        async move {
            loop {
                happen(&events, 1);
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    });
    // As long as `lowkey events` waits.
    let heard = timeout(Duration::from_secs(45), line(&mut picky, "id: ")).await.expect("it hears nothing");
    assert_ne!(heard.unwrap(), first, "it comes back to where it was long ago");
    busy.abort();
}
