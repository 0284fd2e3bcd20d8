//! Which registry a server obeys, and when it says so.

use crate::common::{Party, until_end};
use lowkey_gateway::admin::Admin;
use lowkey_host::{Acceptor, Digest, Identity, Limits};
use lowkey_registry::LiveRegistry;
use serde_json::Value;
use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;
use test_support::folder::{device, folder, secret};
use tokio::io::{AsyncWriteExt, duplex};
use tokio::net::TcpStream;

async fn registry(admin: SocketAddr) -> Value {
    let mut stream = TcpStream::connect(admin).await.unwrap();
    stream.write_all(b"GET /registry HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let answer = String::from_utf8(until_end(&mut stream).await).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    serde_json::from_str(body).unwrap()
}

#[tokio::test]
async fn a_registry_is_in_force_once_the_sessions_of_those_it_left_out_have_ended() {
    let (folder, server) = (folder(), Arc::new(Identity::new(secret(1)).unwrap()));
    let path = folder.path().join("devices.toml");
    let parties = [1, 2].map(|_| Party::new(server.public_key()));
    let table = |name: &str, party: &Party| {
        let key = lowkey_registry::keys::encode_public(&party.identity.public_key());
        format!("[[device]]\nname = \"{name}\"\nkey = \"{key}\"\n")
    };
    let both = format!("{}{}", table("a", &parties[0]), table("b", &parties[1]));
    fs::write(&path, &both).unwrap();
    let live = LiveRegistry::load(&path, Arc::clone(&server)).unwrap();
    let acceptor = Acceptor::new(Arc::clone(&server), live.clone(), Limits::default()).unwrap();
    let admin = Admin::bind(&"127.0.0.1:0".parse().unwrap(), acceptor.clone()).await.unwrap();
    let address = admin.endpoint().unwrap().socket_addr().unwrap();
    tokio::spawn(admin.with_registry_file(&path).run());
    let mut sessions = Vec::new();
    for party in &parties {
        let (near, far) = duplex(10_000);
        let (device, session) = tokio::join!(party.connect(near), acceptor.accept(far));
        sessions.push((device.unwrap(), session.unwrap()));
    }
    let now = registry(address).await;
    assert_eq!(now["digest"], Digest::of(&both).to_string());
    assert_eq!(now["path"], path.display().to_string());
    assert_eq!(now["server"], lowkey_registry::keys::encode_public(&server.public_key()));
    assert_eq!(
        (&now["in_force"], &now["sessions_ended"], &now["devices"]),
        (&true.into(), &0.into(), &2.into())
    );
    assert!(now["stale"].is_null());

    // What cannot be loaded is not in force, however long it stands there, and the reason is said.
    fs::write(&path, "[[device]\n").unwrap();
    live.reload().unwrap_err();
    let now = registry(address).await;
    assert_eq!(now["digest"], Digest::of(&both).to_string());
    assert!(now["stale"].as_str().unwrap().contains("devices.toml:1:"), "{now}");

    // Loaded, look-ups obey it; the session of the device that is gone ends with a sweep, and only then is it said.
    let without = table("a", &parties[0]);
    fs::write(&path, &without).unwrap();
    live.reload().unwrap();
    let now = registry(address).await;
    assert_eq!(now["digest"], Digest::of(&without).to_string());
    assert_eq!((&now["in_force"], &now["sessions_ended"]), (&false.into(), &Value::Null));
    assert_eq!(acceptor.in_force().unwrap().sessions_ended, None);
    acceptor.sweep();
    assert!(sessions[1].1.recv().await.is_err(), "it goes on");
    let now = registry(address).await;
    assert_eq!(
        (&now["in_force"], &now["sessions_ended"], &now["devices"]),
        (&true.into(), &1.into(), &1.into())
    );

    // Another text that says the same: no session has to be looked at.
    let commented = format!("# ours\n{without}");
    fs::write(&path, &commented).unwrap();
    live.reload().unwrap();
    let now = registry(address).await;
    assert_eq!(
        (&now["digest"], &now["in_force"]),
        (&Digest::of(&commented).to_string().into(), &true.into())
    );

    // A sweep that had to end nobody says so.
    fs::write(&path, format!("{commented}{}", device("c", 9, ""))).unwrap();
    live.reload().unwrap();
    acceptor.sweep();
    assert_eq!(acceptor.in_force().unwrap().sessions_ended, Some(0));
    assert!(registry(address).await["sessions_ended"] == 0);
}
