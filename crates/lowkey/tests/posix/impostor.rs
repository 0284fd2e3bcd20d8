//! An attacker with keys of its own, which nobody has pinned.

use crate::pair::{Mode, Stage, play};
use crate::programs::{Build, Limits::Usual, can_run};
use crate::relay::{Act, Way, between, read_frame};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use test_support::impostor::Impostor;

fn impostor(build: Build) {
    if !can_run(build) {
        return;
    }
    let stage = Stage::new(Mode::KkPsk0);
    let server = stage.server(build, Usual);
    let overheard = Arc::new(Mutex::new((Vec::new(), Vec::new())));
    let listening = Arc::clone(&overheard);
    let listen = move |way, _, frame: Vec<u8>| {
        let mut heard = listening.lock().unwrap();
        if way == Way::ToServer { &mut heard.0 } else { &mut heard.1 }.push(frame.clone());
        Act::Pass(vec![frame])
    };
    let relay = between(&server.address, Box::new(listen));
    play(stage.client(build, Usual, "device", &relay), b"hello\n").printed(b"HELLO\n");
    let (to_server, to_client) = overheard.lock().unwrap().clone();
    let mut impostor = Impostor::new().unwrap();

    // In the device's place.
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.write_all(&impostor.message_1(&to_server[0]).unwrap()).unwrap();
    assert_eq!(read_frame(&mut stream).unwrap(), [0, 1, 4]);
    assert!(server.hear().starts_with("server: handshake message does not open"));

    // The device's whole conversation, once more.
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.write_all(&to_server.concat()).unwrap();
    let answer = read_frame(&mut stream).unwrap();
    assert!(server.hear().starts_with("server: record does not open"));
    assert_eq!((answer.len(), stream.read(&mut [0; 1]).unwrap()), (52, 0), "nothing behind message 2");

    // In the server's place.
    for message_2 in [impostor.message_2(&to_server[0]).unwrap(), to_client[0].clone(), to_server[0].clone()]
    {
        let answer = move |way, number, frame| match (way, number) {
            (Way::ToServer, 0) => Act::Answer(message_2.clone()),
            _ => Act::Pass(vec![frame]),
        };
        let relay = between(&server.address, Box::new(answer));
        play(stage.client(build, Usual, "device", &relay), b"secret\n")
            .failed(4, "handshake message does not open: other keys, or changed on its way");
        assert_eq!(server.hear(), "server: the stream ended during the handshake");
    }
    play(stage.client(build, Usual, "device", &server.address), b"after\n").printed(b"AFTER\n");
    assert_eq!(server.stop(), [""; 0]);
}

#[test]
fn an_impostor_and_a_replay_get_nothing() {
    impostor(Build::Plain);
}

#[test]
fn an_impostor_and_a_replay_get_nothing_with_sanitizers() {
    impostor(Build::Sanitized);
}

#[test]
fn an_impostor_and_a_replay_get_nothing_under_valgrind() {
    impostor(Build::Watched);
}
