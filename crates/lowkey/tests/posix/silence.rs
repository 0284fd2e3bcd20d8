//! Peers that say nothing, or nothing that makes sense: nobody waits for ever.

use crate::pair::{Mode, Stage, play, read};
use crate::programs::{Build, Limits::Short, can_run};
use crate::relay::{Act, Way, between, dribble, read_frame};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::mpsc::channel;
use std::thread;

const TIMED_OUT: &str = "timed out";

const BUILDS: [Build; 2] = [Build::Sanitized, Build::Watched];
/// For tests that wait: what they wait for is the same in every build.
const WAITING: [Build; 1] = [Build::Sanitized];

#[test]
fn a_connection_that_says_nothing_or_half_a_hello_holds_the_server_for_a_limited_time() {
    for build in WAITING.into_iter().filter(|build| can_run(*build)) {
        let stage = Stage::new(Mode::KkPsk0);
        let server = stage.server(build, Short);
        for said in [&b""[..], b"\0", b"\0\x3f\x01\x02\x08"] {
            let mut half_open = TcpStream::connect(&server.address).unwrap();
            half_open.write_all(said).unwrap();
            assert_eq!(server.hear(), "server: timed out");
        }
        play(stage.client(build, Short, "device", &server.address), b"hello\n").printed(b"HELLO\n");
        assert_eq!(server.stop(), [""; 0]);
    }
}

#[test]
fn what_is_no_hello_ends_the_connection_at_once() {
    for build in BUILDS.into_iter().filter(|build| can_run(*build)) {
        let stage = Stage::new(Mode::KkPsk0);
        let server = stage.server(build, Short);
        for (said, why) in [
            (&b"GET / HTTP/1.1\r\n\r\n"[..], "frame longer than allowed"),
            (b"\0\0", "frame of length 0"),
            (b"\xff\xff", "frame longer than allowed"),
            (b"\0\x01\x01", "malformed hello"),
            (b"\0\x05\x01\x02\x30ab", "malformed hello"),
            (b"\0\x03\x01\x02\0", "malformed hello"),
        ] {
            let mut stream = TcpStream::connect(&server.address).unwrap();
            dribble(&mut stream, said).unwrap();
            assert_eq!(server.hear(), format!("server: {why}"), "{said:?}");
            // It has hung up and said nothing.
            assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0);
        }
        play(stage.client(build, Short, "device", &server.address), b"hello\n").printed(b"HELLO\n");
        assert_eq!(server.stop(), [""; 0]);
    }
}

#[test]
fn a_server_that_is_none_ends_the_client() {
    for build in BUILDS.into_iter().filter(|build| can_run(*build)) {
        let stage = Stage::new(Mode::KkPsk0);
        for (says, why) in [
            (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], "frame longer than allowed"),
            (b"\0\0", "frame of length 0"),
            (b"\0\x01\x01", "refused: the peer does not speak this version"),
            (b"\0\x01\x02", "refused: the peer does not offer this mode"),
            (b"\0\x01\x03", "refused: the peer is busy"),
            (b"\0\x01\x04", "refused: the peer does not know us by this id, mode and key"),
            (b"\0\x02ab", "handshake message does not open"),
            (b"\0\x30", TIMED_OUT),
            (b"", TIMED_OUT),
        ] {
            if build == Build::Watched && why == TIMED_OUT {
                continue;
            }
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap().to_string();
            let none = thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                read_frame(&mut stream).unwrap();
                dribble(&mut stream, says).unwrap();
                let _ = stream.read(&mut [0; 1]); // until the client goes
            });
            play(stage.client(build, Short, "device", &address), b"hello\n").failed(4, why);
            none.join().unwrap();
        }
    }
}

#[test]
fn a_client_that_waits_for_an_answer_gives_up_and_so_does_the_server() {
    for build in WAITING.into_iter().filter(|build| can_run(*build)) {
        let stage = Stage::new(Mode::KkPsk0);
        let server = stage.server(build, Short);
        // The handshake and its confirmation pass, and nothing behind them.
        let relay = between(
            &server.address,
            Box::new(|way, number, frame| match (way, number) {
                (Way::ToServer, 0 | 1) | (Way::ToClient, 0) => Act::Pass(vec![frame]),
                _ => Act::Pass(Vec::new()),
            }),
        );
        let mut client = stage.client(build, Short, "device", &relay);
        let mut client = client.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        client.stdin.as_mut().unwrap().write_all(b"hello\n").unwrap();
        let mut said = String::new();
        client.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!((client.wait().unwrap().code(), said), (Some(5), format!("client: {relay}: timed out\n")));
        let heard = server.hear();
        // Whether its PING or the client's patience was over first.
        let ends = ["server: timed out", "server: the stream ended without the peer's close"];
        assert!(ends.contains(&heard.as_str()), "{heard}");
        assert_eq!(server.stop(), [""; 0]);
    }
}

#[test]
fn a_client_that_has_nothing_to_say_asks_and_ends_when_the_line_has_died() {
    for build in WAITING.into_iter().filter(|build| can_run(*build)) {
        let stage = Stage::new(Mode::KkPsk0);
        let server = stage.rust_server();
        let (seen, sees) = channel();
        let relay = between(
            &server.address,
            Box::new(move |way, number, frame| match (way, number) {
                (Way::ToServer, 0 | 1) | (Way::ToClient, 0) => Act::Pass(vec![frame]),
                _ => {
                    seen.send(way).unwrap();
                    Act::Pass(Vec::new())
                }
            }),
        );
        let mut client = stage.client(build, Short, "device", &relay);
        let mut client = client.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        client.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!((client.wait().unwrap().code(), said), (Some(5), format!("client: {relay}: timed out\n")));
        // Its PING, and nothing else.
        assert_eq!(sees.try_iter().collect::<Vec<_>>(), [Way::ToServer]);
    }
}

#[test]
fn a_client_that_is_asked_while_it_has_nothing_to_say_is_still_there() {
    for build in WAITING.into_iter().filter(|build| can_run(*build)) {
        let stage = Stage::new(Mode::KkPsk0);
        let server = stage.server(build, Short);
        let (seen, sees) = channel();
        let relay = between(
            &server.address,
            Box::new(move |way, number, frame| {
                if way == Way::ToClient {
                    seen.send(number).unwrap();
                }
                Act::Pass(vec![frame])
            }),
        );
        let mut client = stage.client(build, Short, "device", &relay);
        let mut client = client.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        // Message 2 and two PINGs: by the second, a peer that does not answer would have been given up.
        assert_eq!(sees.iter().take(3).collect::<Vec<_>>(), [0, 1, 2]);
        client.stdin.as_mut().unwrap().write_all(b"still here\n").unwrap();
        assert_eq!(read(client.stdout.as_mut().unwrap(), 11), b"STILL HERE\n");
        drop(client.stdin.take());
        assert_eq!(client.wait().unwrap().code(), Some(0));
        assert_eq!(server.stop(), [""; 0]);
    }
}

#[test]
fn a_server_that_stops_says_so_to_a_client_that_is_waiting_for_a_line() {
    for build in BUILDS.into_iter().filter(|build| can_run(*build)) {
        let stage = Stage::new(Mode::KkPsk0);
        let server = stage.rust_server();
        let mut client = stage.client(build, Short, "device", &server.address);
        let mut client = client.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        client.stdin.as_mut().unwrap().write_all(b"hello\n").unwrap();
        assert_eq!(read(client.stdout.as_mut().unwrap(), 6), b"hello\n");
        let said = server.stop();
        assert!(!said.iter().any(|line| line.contains("broken")), "{said:?}");
        assert_eq!(client.wait().unwrap().code(), Some(0));
    }
}
