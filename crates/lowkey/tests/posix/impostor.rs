//! An attacker with keys of its own, which nobody has pinned.

use crate::pair::{Mode, Stage, play};
use crate::programs::{Build, Limits::Usual, can_run};
use crate::relay::{Act, Way, between, read_frame};
use lowkey_core::{
    Counter, CounterFailed, Entropy, EntropyFailed, Ephemerals, Identity, Peer, Psk, Secret, kk,
};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

#[path = "../../../../tests/support/random.rs"]
mod random;
use random::Random;

/// What an attacker draws.
struct Drawn(Random);

impl Entropy for Drawn {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), EntropyFailed> {
        self.0.fill(out);
        Ok(())
    }
}

impl Drawn {
    fn secret(&mut self) -> Secret<32> {
        let mut secret = Secret::zeroed();
        self.0.fill(secret.expose_mut());
        secret
    }
}

struct FirstBoot;

impl Counter for FirstBoot {
    fn next(&mut self) -> Result<u64, CounterFailed> {
        Ok(0)
    }
}

/// Everything an attacker can make up by itself.
struct Impostor {
    identity: Identity,
    accomplice: Identity,
    psk: Psk,
    ephemerals: Ephemerals<Drawn>,
}

impl Impostor {
    fn new() -> Self {
        let mut drawn = Drawn(Random::new());
        let [own, accomplice, psk, hedge] = std::array::from_fn(|_| drawn.secret());
        Self {
            identity: Identity::new(own).unwrap(),
            accomplice: Identity::new(accomplice).unwrap(),
            psk: Psk::new(psk).unwrap(),
            ephemerals: Ephemerals::new(drawn, hedge, &mut FirstBoot).unwrap(),
        }
    }

    /// hello ‖ message 1 in the name of a device whose first frame was overheard, with our keys.
    fn message_1(&mut self, overheard: &[u8]) -> Vec<u8> {
        let hello = hello_of(overheard);
        let peer = Peer::pin(&self.identity, self.accomplice.public_key()).unwrap();
        let mut message = [0; 50];
        let initiator = kk::Initiator::new(&self.identity, &peer, Some(&self.psk), &prologue(hello));
        let (_, len) = initiator.write_message_1(&mut self.ephemerals, &[4, 0], &mut message).unwrap();
        frame(&[hello, &message[..len]].concat())
    }

    /// A message 2 for a device whose first frame was overheard: well formed, with our keys.
    fn message_2(&mut self, overheard: &[u8]) -> Vec<u8> {
        let prologue = prologue(hello_of(overheard));
        let (here, there) = (&self.identity, &self.accomplice);
        let at_there = Peer::pin(there, here.public_key()).unwrap();
        let at_here = Peer::pin(here, there.public_key()).unwrap();
        let (mut message_1, mut message_2) = ([0; 50], [0; 50]);
        let made_up = kk::Initiator::new(there, &at_there, Some(&self.psk), &prologue);
        made_up.write_message_1(&mut self.ephemerals, &[4, 0], &mut message_1).unwrap();
        let responder = kk::Responder::new(here, &at_here, Some(&self.psk), &prologue);
        let (responder, _) = responder.read_message_1(&mut message_1).unwrap();
        responder.write_message_2(&mut self.ephemerals, &[4, 0], &mut message_2).unwrap();
        frame(&message_2)
    }
}

/// The hello inside a first frame: version, mode, the id with its length.
fn hello_of(frame: &[u8]) -> &[u8] {
    &frame[2..5 + usize::from(frame[4])]
}

fn prologue(hello: &[u8]) -> Vec<u8> {
    [b"lowkey/1", hello].concat()
}

fn frame(body: &[u8]) -> Vec<u8> {
    [&(body.len() as u16).to_be_bytes(), body].concat()
}

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
    let mut impostor = Impostor::new();

    // In the device's place.
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.write_all(&impostor.message_1(&to_server[0])).unwrap();
    assert_eq!(read_frame(&mut stream).unwrap(), [0, 1, 4]);
    assert!(server.hear().starts_with("server: handshake message does not open"));

    // The device's whole conversation, once more.
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.write_all(&to_server.concat()).unwrap();
    let answer = read_frame(&mut stream).unwrap();
    assert!(server.hear().starts_with("server: record does not open"));
    assert_eq!((answer.len(), stream.read(&mut [0; 1]).unwrap()), (52, 0), "nothing behind message 2");

    // In the server's place.
    for message_2 in [impostor.message_2(&to_server[0]), to_client[0].clone(), to_server[0].clone()] {
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
