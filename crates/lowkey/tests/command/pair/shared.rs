//! `lowkey pair` with servers that share a registry: the device comes to any of them, and the command enters it.

use super::{CODE, Command, board, connects, pair, private, run};
use crate::shared::Fleet;
use lowkey_core::Fingerprint;
use lowkey_transport::Error;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use test_support::world::board::{Board, Stop, settle, until_claim};
use tokio::net::{TcpListener, TcpStream};

fn fleet() -> Option<Fleet> {
    let fleet = Fleet::new()?;
    private(&fleet.folder, "code.txt", CODE);
    fleet.push().success();
    Some(fleet)
}

fn open(fleet: &Fleet, server: &str) -> String {
    format!(
        "pair --open --name pump-7 --code code.txt --admin unix:{server}.sock --registry {}",
        fleet.registry()
    )
}

#[test]
fn pairing_at_another_server_than_the_one_that_was_asked_is_in_force_on_all_of_them() {
    let Some(fleet) = fleet() else { return };
    let folder = &fleet.folder;
    let (a, b) = (fleet.gateway("a"), fleet.gateway("b"));
    let board = board(folder, 77);
    let fingerprint = Fingerprint::of(&board.key()).to_string();
    for server in [&b, &a] {
        let pairing = Command::begin(folder, &open(&fleet, "a"));
        fleet.until_open("b");
        pair(&board, &server.address, Stop::Never).unwrap();
        let (exit, said) = pairing.end();
        assert_eq!(exit, Some(0), "{said}");
        let shown = format!("a device has shown the code; its fingerprint: {fingerprint}\n");
        assert_eq!(said.matches(&shown).count(), 1, "{said}");
        assert!(
            said.contains("paired: \"pump-7\", key lkpub1") && said.ends_with("in force: 2 gateways\n"),
            "{said}"
        );
        assert!(connects(folder, &a) && connects(folder, &b));
        folder.run(&format!("registry pull {}", fleet.registry())).stdout(contains("pending").not());
        folder.run("pair --list --admin unix:a.sock").success().stdout(contains("no device has come").not());
        // Another device with this code is told whose it is, by every server.
        let other = open(&fleet, "b").replace("pump-7", "pump-8");
        folder.run(&other).code(9).stderr(contains("\"pump-7\"'s already"));
        let of = format!("--registry {} --server {} --wait 60s", fleet.registry(), a.key);
        folder.run(&format!("revoke pump-7 {of}")).success();
        assert!(!connects(folder, &a));
    }
    drop(fleet.runtime);
}

/// A photographed label: the operator learns of the other device, whichever server that has come to.
#[test]
fn pairing_two_devices_at_two_servers_the_one_that_lost_is_said_and_the_exit_code_is_its_own() {
    let Some(fleet) = fleet() else { return };
    let folder = &fleet.folder;
    let (a, b) = (fleet.gateway("a"), fleet.gateway("b"));
    let pairing = Command::begin(folder, &open(&fleet, "a"));
    fleet.until_open("b");
    let (winner, loser) = (Board::new(), board(folder, 77));
    run(async {
        let psk = winner.code.psk();
        let mut link = winner.link(&psk);
        let mut io = TcpStream::connect(&a.address).await.unwrap();
        until_claim(&mut io, &mut link).await.unwrap();
        while !folder_has(&fleet, "pending = true").await {}
        let other = TcpStream::connect(&b.address).await.unwrap();
        assert_eq!(loser.pair(other, Stop::Never).await, Err(Error::NotWelcome));
        link.accept().unwrap();
        settle(&mut io, &mut link, Stop::Never).await.unwrap();
    });
    let (exit, said) = pairing.end();
    let lost = Fingerprint::of(&loser.key()).to_string();
    let told = format!("another device has shown the code, and was told no; its fingerprint: {lost}\n");
    assert!(exit == Some(10) && said.matches(&told).count() == 1, "{exit:?} {said}");
    assert!(
        said.contains("in force: 2 gateways\nlowkey: two devices have this code; the other one"),
        "{said}"
    );
    drop(fleet.runtime);
}

/// Whether this stands in the registry.
async fn folder_has(fleet: &Fleet, what: &str) -> bool {
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let pulled = fleet.folder.run(&format!("registry pull {}", fleet.registry())).success();
    String::from_utf8_lossy(&pulled.get_output().stdout).contains(what)
}

#[test]
fn pairing_a_device_that_waits_is_called_by_the_server_that_is_asked_and_in_force_on_all() {
    let Some(fleet) = fleet() else { return };
    let folder = &fleet.folder;
    let (_a, b) = (fleet.gateway("a"), fleet.gateway("b"));
    let board = board(folder, 77);
    let listener = run(TcpListener::bind("127.0.0.1:0")).unwrap().into_std().unwrap();
    let call = open(&fleet, "a").replace("--open", &listener.local_addr().unwrap().to_string());
    let answering = std::thread::spawn(move || {
        run(async {
            let listener = TcpListener::from_std(listener).unwrap();
            board.answer(listener.accept().await.unwrap().0, Stop::Never).await.map(drop)
        })
    });
    folder.run(&call).success().stderr(contains("paired: \"pump-7\"").and(contains("in force: 2 gateways")));
    answering.join().unwrap().unwrap();
    assert!(connects(folder, &b));
    drop(fleet.runtime);
}

#[test]
fn pairing_without_the_registry_that_the_server_shares_is_refused_and_so_is_one_that_it_does_not() {
    let Some(fleet) = fleet() else { return };
    let folder = &fleet.folder;
    let _a = fleet.gateway("a");
    let without = open(&fleet, "a").replace(&format!(" --registry {}", fleet.registry()), "");
    folder.run(&without).code(2).stderr(contains("cannot write it; say --registry nats://"));
    folder.run(&format!("{without} --registry devices.toml")).code(2).stderr(contains("leave it out"));
    let _file = folder.serve_with(
        "--key server.key --devices devices.toml --listen 127.0.0.1:0 --echo --admin unix:file.sock",
        &[],
    );
    folder.run(&open(&fleet, "file")).code(2).stderr(contains("file.sock has the registry /"));
    let serve = format!(
        "serve --key server.key --nats {} --nats-name b --listen 127.0.0.1:0 --echo --pair-window 5m --pair-name x \
         --pair-code code.txt",
        fleet.registry()
    );
    folder.run(&serve).code(2).stderr(contains("open the window by `lowkey pair --registry`"));
    drop(fleet.runtime);
}

#[test]
fn pairing_that_is_interrupted_closes_the_window_at_all_servers() {
    let Some(fleet) = fleet() else { return };
    let folder = &fleet.folder;
    let (_a, b) = (fleet.gateway("a"), fleet.gateway("b"));
    let pairing = Command::begin(folder, &open(&fleet, "a"));
    fleet.until_open("b");
    let interrupted =
        std::process::Command::new("kill").args(["-INT", &pairing.child.id().to_string()]).status();
    assert!(interrupted.unwrap().success());
    let (exit, said) = pairing.end();
    assert!(exit == Some(4) && said.contains("interrupted; the window is closed"), "{said}");
    fleet.until_listed("b", "closed");
    pair(&Board::new(), &b.address, Stop::Never).unwrap_err();
    drop(fleet.runtime);
}
