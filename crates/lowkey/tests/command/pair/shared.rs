//! `lowkey pair` with servers that share a registry: the device comes to any of them, and the command enters it.

use super::{CODE, Command, board, connects, pair, private};
use crate::shared::Fleet;
use lowkey_core::Fingerprint;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use test_support::world::board::{Board, Stop};

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
