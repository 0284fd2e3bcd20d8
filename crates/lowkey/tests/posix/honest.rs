//! Every pairing of C and Rust, with nobody between them but a stream in small pieces.

use crate::pair::{Mode, Server, Stage, play, text};
use crate::programs::{Build, Limits::Usual, can_run, program};
use crate::relay::{between, honestly, relay};
use std::net::TcpListener;
use std::process::Command;

const MODES: [Mode; 2] = [Mode::Kk, Mode::KkPsk0];

/// Records past a rekey, which comes every 1,024, and the longest message that both sides take.
const LONG: (usize, usize) = (3000, 1 << 20);
/// The same for valgrind, to which every piece of a few bytes takes its time.
const LONG_WATCHED: (usize, usize) = (1100, 16 * 1024);

fn upper(bytes: &[u8]) -> Vec<u8> {
    bytes.to_ascii_uppercase()
}

fn lines(count: usize) -> Vec<u8> {
    (0..count).flat_map(|n| format!("line {n}\n").into_bytes()).collect()
}

/// What clients send, each on a connection of its own: nothing, an empty line, a line without an end, records past a
/// rekey, a message of many records behind a short one.
fn inputs(build: Build) -> Vec<Vec<u8>> {
    let (records, large) = if build == Build::Watched { LONG_WATCHED } else { LONG };
    vec![
        Vec::new(),
        b"\n".to_vec(),
        b"one\n\ntwo".to_vec(),
        lines(records),
        [b"short\n", text(large).as_slice(), b"\n"].concat(),
    ]
}

/// What comes back of a line that has no end has one.
fn with_end(mut input: Vec<u8>) -> Vec<u8> {
    if input.last().is_some_and(|last| *last != b'\n') {
        input.push(b'\n');
    }
    input
}

fn c_with_c(build: Build) {
    if !can_run(build) {
        return;
    }
    for mode in MODES {
        let stage = Stage::new(mode);
        let server = stage.server(build, Usual);
        for input in inputs(build) {
            let relay = between(&server.address, honestly());
            let done = play(stage.client(build, Usual, "device", &relay), &input);
            done.printed(&upper(&with_end(input)));
        }
        assert_eq!(server.stop(), [""; 0]);
    }
}

#[test]
fn c_talks_to_c_over_a_stream_of_small_pieces() {
    c_with_c(Build::Plain);
}

#[test]
fn c_talks_to_c_over_a_stream_of_small_pieces_with_sanitizers() {
    c_with_c(Build::Sanitized);
}

#[test]
fn c_talks_to_c_over_a_stream_of_small_pieces_under_valgrind() {
    c_with_c(Build::Watched);
}

fn c_client_with_rust(build: Build) {
    if !can_run(build) {
        return;
    }
    for mode in MODES {
        let stage = Stage::new(mode);
        let server = stage.rust_server();
        for input in inputs(build) {
            let relay = between(&server.address, honestly());
            play(stage.client(build, Usual, "device", &relay), &input).printed(&with_end(input));
        }
    }
}

#[test]
fn a_client_in_c_talks_to_the_server_in_rust() {
    c_client_with_rust(Build::Plain);
}

#[test]
fn a_client_in_c_talks_to_the_server_in_rust_with_sanitizers() {
    c_client_with_rust(Build::Sanitized);
}

#[test]
fn a_client_in_c_talks_to_the_server_in_rust_under_valgrind() {
    c_client_with_rust(Build::Watched);
}

fn rust_with_c_server(build: Build) {
    if !can_run(build) {
        return;
    }
    for mode in MODES {
        let stage = Stage::new(mode);
        stage.lowkey("keygen -o desk.key");
        let (desk, public) = (stage.lowkey("pubkey desk.key"), stage.public());
        let psk = if mode == Mode::KkPsk0 {
            stage.lowkey("keygen --psk -o desk.psk");
            ["desk.psk", "--psk-file desk.psk"]
        } else {
            ["", ""]
        };
        let arguments = format!("127.0.0.1:0 server.key {} {}", desk.trim(), psk[0]);
        let server = Server::start(stage.in_folder(program("server", build, Usual), &arguments));
        for input in inputs(build) {
            let relay = between(&server.address, honestly());
            let command = Command::new(env!("CARGO_BIN_EXE_lowkey"));
            let connect = format!("connect {relay} --key desk.key --server {public} {}", psk[1]);
            // What `lowkey connect` sends are bytes, not lines.
            play(stage.in_folder(command, &connect), &input).printed(&upper(&input));
        }
        assert_eq!(server.stop(), [""; 0]);
    }
}

#[test]
fn the_client_in_rust_talks_to_the_server_in_c() {
    rust_with_c_server(Build::Plain);
}

#[test]
fn the_client_in_rust_talks_to_the_server_in_c_with_sanitizers() {
    rust_with_c_server(Build::Sanitized);
}

#[test]
fn the_client_in_rust_talks_to_the_server_in_c_under_valgrind() {
    rust_with_c_server(Build::Watched);
}

#[test]
fn the_address_in_the_page_is_where_the_client_connects() {
    if !can_run(Build::Plain) {
        return;
    }
    let stage = Stage::new(Mode::KkPsk0);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    stage.provision("pump", &format!("--address {}", listener.local_addr().unwrap()));
    let server = stage.rust_server();
    relay(listener, server.address.clone(), honestly());
    play(stage.client(Build::Plain, Usual, "pump", ""), b"by itself\n").printed(b"by itself\n");
}
