//! Keys that do not fit, files that are none, and a system without random numbers.

use crate::pair::{Mode, Server, Stage, play};
use crate::programs::{Build, Limits::Usual, can_run, program, without_random};
use lowkey_core::page::{Contents, Fields};
use lowkey_core::{Id, PublicKey, Secret};
use std::fs;
use std::net::TcpListener;
use tokio::net::TcpSocket;

const REFUSED: &str = "refused: the peer does not know us by this id, mode and key";
const HANDSHAKE: &str = "handshake message does not open: other keys, or changed on its way";
const DECLINED: &str = "we refused the peer";

/// A client with the page of that device, at a server in C that knows another one: what both say.
fn at_another_server(build: Build, stage: &Stage, device: &str, said: &str) {
    let server = stage.server(build, Usual);
    play(stage.client(build, Usual, device, &server.address), b"secret\n").failed(4, REFUSED);
    assert_eq!(server.hear(), format!("server: {said}"));
    play(stage.client(build, Usual, "device", &server.address), b"after\n").printed(b"AFTER\n");
    assert_eq!(server.stop(), [""; 0]);
}

fn wrong_keys(build: Build) {
    if !can_run(build) {
        return;
    }
    // Another id: each pinning's default one is made of its keys.
    for (mode, name, more) in [(Mode::Kk, "other", ""), (Mode::KkPsk0, "named", "--id some-id")] {
        let stage = Stage::new(mode);
        stage.provision(name, more);
        at_another_server(build, &stage, name, DECLINED);
    }
    // Under the id that is known: another key; the same key with another PSK, and without one.
    let stage = Stage::new(Mode::KkPsk0);
    let page = fs::read(stage.path("device.page")).unwrap();
    let right = Fields::read(&page).unwrap();
    let (ours, psk) = (Secret::new(*right.private_key), Secret::new(*right.psk.unwrap()));
    let others = [Secret::new([7; 32]), Secret::new([8; 32])];
    for (static_key, psk) in [(&others[0], Some(&psk)), (&ours, Some(&others[1])), (&ours, None)] {
        let contents = Contents {
            id: Id::new(right.id).unwrap(),
            address: "",
            static_key,
            peer: PublicKey::new(*right.peer),
            hedge: &others[0],
            seed: &others[1],
            psk,
        };
        fs::write(stage.path("wrong.page"), contents.encode().unwrap().expose()).unwrap();
        at_another_server(build, &stage, "wrong", HANDSHAKE);
    }
    // A page with one bit changed is none.
    let mut damaged = page.clone();
    damaged[200] ^= 1;
    fs::write(stage.path("wrong.page"), &damaged).unwrap();
    let client = stage.client(build, Usual, "wrong", "127.0.0.1:1");
    play(client, b"").failed(1, "wrong.page: key page: damaged, its check does not match");
    // One of which the protocol prints the private key protects nothing.
    let known = Contents {
        id: Id::new(right.id).unwrap(),
        address: "",
        static_key: &Secret::new([0x11; 32]),
        peer: PublicKey::new(*right.peer),
        hedge: &others[0],
        seed: &others[1],
        psk: None,
    };
    fs::write(stage.path("wrong.page"), known.encode().unwrap().expose()).unwrap();
    let client = stage.client(build, Usual, "wrong", "127.0.0.1:1");
    play(client, b"").failed(1, "wrong.page: its keys are printed in Lowkey's documentation");
}

#[test]
fn keys_that_do_not_fit_are_refused_and_the_server_goes_on() {
    wrong_keys(Build::Plain);
}

#[test]
fn keys_that_do_not_fit_are_refused_with_sanitizers() {
    wrong_keys(Build::Sanitized);
}

#[test]
fn keys_that_do_not_fit_are_refused_under_valgrind() {
    wrong_keys(Build::Watched);
}

#[test]
fn the_server_in_rust_refuses_a_client_in_c_that_it_does_not_know() {
    if !can_run(Build::Plain) {
        return;
    }
    let stage = Stage::new(Mode::Kk);
    fs::write(stage.path("devices.toml"), "# nobody\n").unwrap();
    let server = stage.rust_server();
    play(stage.client(Build::Plain, Usual, "device", &server.address), b"x\n").failed(4, REFUSED);
}

#[test]
fn files_that_are_none_and_nobody_there_are_said_with_their_exit_code() {
    if !can_run(Build::Sanitized) {
        return;
    }
    let stage = Stage::new(Mode::KkPsk0);
    let client = |device: &str, to: &str| play(stage.client(Build::Sanitized, Usual, device, to), b"x\n");
    client("device", "127.0.0.1:1 more").failed(2, "usage: client PAGE-FILE [HOST:PORT]");
    client("missing", "").failed(1, "missing.page: No such file or directory");
    fs::write(stage.path("short.page"), b"LKPG").unwrap();
    client("short", "").failed(1, "short.page: key page: too short");
    fs::write(stage.path("blank.page"), [0xff; 344]).unwrap();
    client("blank", "").failed(1, "blank.page: key page: blank, this device has not been provisioned");
    fs::copy(stage.path("server.key"), stage.path("key.page")).unwrap();
    client("key", "").failed(1, "key.page: key page: too short");
    client("device", "nowhere").failed(3, "nowhere: this is not host:port");
    client("device", "").failed(3, "this is not host:port");
    // Bound, so that nobody else gets it, and not listening.
    let nobody = TcpSocket::new_v4().unwrap();
    nobody.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let nobody = (nobody.local_addr().unwrap(), nobody);
    client("device", &nobody.0.to_string()).failed(3, &format!("{}: Connection refused", nobody.0));

    let key = stage.device("device");
    let (others, last) = key.split_at(key.len() - 1);
    let mistyped = format!("{others}{}", if last == "q" { "p" } else { "q" });
    let server =
        |arguments: &str| play(stage.in_folder(program("server", Build::Sanitized, Usual), arguments), b"");
    server("127.0.0.1:0").failed(2, "usage: server HOST:PORT KEY-FILE DEVICE-PUBLIC-KEY [PSK-FILE]");
    server(&format!("127.0.0.1:0 server.key {mistyped}")).failed(1, "this is no public key, or mistyped");
    server(&format!("127.0.0.1:0 device.psk {key}")).failed(1, "device.psk: this is not the key file");
    server(&format!("127.0.0.1:0 server.key {key} server.key"))
        .failed(1, "server.key: this is not the key file");
    server(&format!("127.0.0.1:0 missing.key {key}")).failed(1, "missing.key: No such file or directory");
    let own = stage.public();
    server(&format!("127.0.0.1:0 server.key {own}"))
        .failed(1, "the peer's static key is our own or of low order");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap();
    server(&format!("{taken} server.key {key}")).failed(3, &format!("{taken}: Address already in use"));
}

#[test]
fn without_random_numbers_there_is_no_handshake() {
    if !can_run(Build::Plain) {
        return;
    }
    let stage = Stage::new(Mode::KkPsk0);
    let client = stage.in_folder(without_random("client"), "device.page 127.0.0.1:1");
    play(client, b"x\n").failed(1, "the random callback failed");
    let arguments = stage.server_arguments("device");
    let server = Server::start(stage.in_folder(without_random("server"), &arguments));
    let client = stage.client(Build::Plain, Usual, "device", &server.address);
    play(client, b"x\n").failed(4, "the stream ended during the handshake");
    assert_eq!(server.hear(), "server: the random callback failed");
    assert_eq!(server.stop(), [""; 0]);
}
