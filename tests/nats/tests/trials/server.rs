//! The server that tests start, and the cable to it.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use test_support::Watchdog;
use test_support::nats::{Cable, NatsServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[tokio::test]
async fn a_server_that_was_killed_comes_back_at_its_address_with_what_it_acknowledged() {
    let _watchdog = Watchdog::new();
    let Some(mut server) = NatsServer::start().await else { return };
    let address = server.address();
    let client = async_nats::connect(server.url()).await.unwrap();
    let bucket = async_nats::jetstream::kv::Config { bucket: "b".into(), ..Default::default() };
    let bucket = async_nats::jetstream::new(client).create_key_value(bucket).await.unwrap();
    bucket.put("key", "value".into()).await.unwrap();
    server.kill().await;
    assert!(TcpStream::connect(address).await.is_err());
    server.resume().await;
    assert_eq!(server.address(), address);
    let client = async_nats::connect(server.url()).await.unwrap();
    let bucket = async_nats::jetstream::new(client).get_key_value("b").await.unwrap();
    assert_eq!(bucket.get("key").await.unwrap().unwrap(), "value");
    server.stop().await;
}

#[tokio::test]
async fn a_frozen_server_answers_when_it_is_thawed() {
    let _watchdog = Watchdog::new();
    let Some(server) = NatsServer::start().await else { return };
    let client = async_nats::connect(server.url()).await.unwrap();
    server.freeze().await;
    let mut answer = tokio::spawn(async move { async_nats::jetstream::new(client).query_account().await });
    // Nothing can come, so this never fails for a slow machine.
    assert!(tokio::time::timeout(Duration::from_millis(50), &mut answer).await.is_err());
    server.thaw().await;
    answer.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_cable_that_is_cut_holds_all_back_until_it_is_healed() {
    let _watchdog = Watchdog::new();
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let cable = Cable::to(server.local_addr().unwrap()).await;
    let mut client = TcpStream::connect(cable.address()).await.unwrap();
    let (mut behind, _) = server.accept().await.unwrap();
    client.write_all(b"a").await.unwrap();
    assert_eq!(behind.read_u8().await.unwrap(), b'a');
    cable.cut();
    client.write_all(b"b").await.unwrap();
    behind.shutdown().await.unwrap();
    let mut byte = [0];
    let heard = async {
        tokio::select! {
            _ = behind.read(&mut byte) => (),
            _ = client.read_u8() => (),
        }
    };
    assert!(tokio::time::timeout(Duration::from_millis(50), heard).await.is_err());
    cable.heal();
    assert_eq!(behind.read_u8().await.unwrap(), b'b');
    assert_eq!(client.read(&mut byte).await.unwrap(), 0);
}

#[tokio::test]
async fn a_cable_that_is_reset_breaks_off_both_sides_even_while_it_is_cut() {
    let _watchdog = Watchdog::new();
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let cable = Cable::to(server.local_addr().unwrap()).await;
    let mut client = TcpStream::connect(cable.address()).await.unwrap();
    let (mut behind, _) = server.accept().await.unwrap();
    cable.cut();
    cable.reset();
    assert!(client.read_u8().await.is_err());
    assert!(behind.read_u8().await.is_err());
}

/// What is written twice in a configuration of nats-server is what was written last, without a word.
#[test]
fn no_two_tenants_have_accounts_of_one_name() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packaging/nats/accounts.sh");
    let mut seen = BTreeSet::new();
    let mut refused = Vec::new();
    for prefix in ["x", "x-y", "x_y", "x-store", "x_store", "x-y_store", "x-service", "x_service"] {
        let mut shell = Command::new("sh");
        let output = shell.arg(&script).arg(prefix).stdin(Stdio::null()).output().unwrap();
        if !output.status.success() {
            refused.push(prefix);
            continue;
        }
        let written = String::from_utf8(output.stdout).unwrap();
        let accounts: Vec<_> = written.lines().filter_map(|line| line.strip_suffix(": {")).collect();
        assert_eq!(accounts.len(), 3, "{written}");
        for account in accounts {
            assert!(seen.insert(account.to_owned()), "{prefix}: {account}");
        }
    }
    assert_eq!(refused, ["x_store", "x-y_store", "x_service"]);
}
