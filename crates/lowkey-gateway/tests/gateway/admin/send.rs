//! Messages to devices over the Unix socket: who may, and what is answered.

use super::ask;
use lowkey_gateway::admin::{Admin, Endpoint};
use lowkey_host::{Acceptor, Connection};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use test_support::world::World;
use tokio::io::DuplexStream;
use tokio::net::{TcpStream, UnixStream};

async fn admin(acceptor: &Acceptor, folder: &Path) -> PathBuf {
    let socket = folder.join("admin.sock");
    let admin = Admin::bind(&Endpoint::unix(&socket), acceptor.clone()).await.unwrap();
    tokio::spawn(admin.run());
    socket
}

fn post(body: &str, header: &str) -> String {
    let length = body.len();
    format!("POST /send HTTP/1.1\r\nHost: localhost\r\n{header}Content-Length: {length}\r\n\r\n{body}")
}

fn letter(device: &str, message: &[u8], seconds: u64) -> String {
    let hex = lowkey_host::text::Hex(message).to_string();
    json!({ "device": device, "hex": hex, "seconds": seconds }).to_string()
}

async fn send(socket: &Path, body: &str) -> Value {
    let (status, answer) = ask(UnixStream::connect(socket).await.unwrap(), &post(body, "")).await;
    assert_eq!(status, 200, "{answer}");
    serde_json::from_str(&answer).unwrap()
}

/// Receives one message, and goes on reading.
fn reading(mut connection: Connection<DuplexStream>) -> tokio::sync::oneshot::Receiver<Vec<u8>> {
    let (tell, told) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let first = connection.recv().await.unwrap().unwrap();
        tell.send(first).unwrap();
        let _ = connection.recv().await;
    });
    told
}

#[tokio::test]
async fn a_message_is_received_by_a_device_that_is_there_and_offline_is_said_at_once() {
    let (world, folder) = (World::new(), tempfile::tempdir().unwrap());
    let acceptor = world.acceptor();
    let socket = admin(&acceptor, folder.path()).await;
    let offline = send(&socket, &letter("device-0", b"x", 8)).await;
    assert_eq!((&offline["why"], &offline["sent"]), (&json!("offline"), &json!(false)), "{offline}");
    let (device, mut session) = world.join_at(&acceptor, 0, 10_000).await;
    let most = session.max_data();
    tokio::spawn(async move { while let Ok(Some(_)) = session.recv().await {} });
    let received = reading(device);
    let answer = send(&socket, &letter("device-0", b"open \xffthe valve\0", 8)).await;
    assert_eq!(answer["received"], true, "{answer}");
    assert!(answer["after_milliseconds"].is_u64(), "{answer}");
    assert_eq!(received.await.unwrap(), b"open \xffthe valve\0");
    let long = send(&socket, &letter("device-0", &vec![7; most + 1], 8)).await;
    assert_eq!(long["why"], "too_long", "{long}");
    assert!(long["what"].as_str().unwrap().contains(&most.to_string()), "{long}");
}

#[tokio::test]
async fn a_session_that_nobody_drives_sends_nothing_and_it_is_said_so() {
    let (world, folder) = (World::new(), tempfile::tempdir().unwrap());
    let acceptor = world.acceptor();
    let socket = admin(&acceptor, folder.path()).await;
    let _held = world.join_at(&acceptor, 0, 10_000).await;
    let answer = send(&socket, &letter("device-0", b"x", 1)).await;
    assert_eq!((&answer["why"], &answer["sent"]), (&json!("not_in_time"), &json!(false)), "{answer}");
}

#[tokio::test]
async fn no_page_no_port_and_no_wrong_request_sends_anything() {
    let (world, folder) = (World::new(), tempfile::tempdir().unwrap());
    let acceptor = world.acceptor();
    let socket = admin(&acceptor, folder.path()).await;
    let (mut device, mut session) = world.join_at(&acceptor, 0, 10_000).await;
    tokio::spawn(async move { while let Ok(Some(_)) = session.recv().await {} });
    let whole = letter("device-0", b"x", 8);
    for body in [
        "",
        "{}",
        "[]",
        r#"{"device":"device-0","seconds":8}"#,
        r#"{"device":"device-0","hex":"0","seconds":8}"#,
    ]
    .map(str::to_owned)
    .into_iter()
    .chain([
        whole.replace("78", "7g"),
        whole.replace("78", "+8"),
        whole.replace(":8", ":9"),
        whole.replace(":8", ":0"),
    ])
    .chain([letter("device-0", &vec![7; 70_000], 8)])
    {
        let (status, answer) = ask(UnixStream::connect(&socket).await.unwrap(), &post(&body, "")).await;
        assert_eq!(status, 400, "{body}: {answer}");
    }
    let foreign = post(&whole, "Origin: http://localhost\r\n");
    assert_eq!(ask(UnixStream::connect(&socket).await.unwrap(), &foreign).await.0, 403);
    let get = "GET /send HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_eq!(ask(UnixStream::connect(&socket).await.unwrap(), get).await.0, 405);
    let port = Admin::bind(&"127.0.0.1:0".parse().unwrap(), acceptor.clone()).await.unwrap();
    let address = port.endpoint().unwrap().socket_addr().unwrap();
    tokio::spawn(port.run());
    assert_eq!(ask(TcpStream::connect(address).await.unwrap(), &post(&whole, "")).await.0, 403);
    let nothing = tokio::time::timeout(std::time::Duration::from_millis(10), device.recv()).await;
    assert!(nothing.is_err(), "{nothing:?}");
}
