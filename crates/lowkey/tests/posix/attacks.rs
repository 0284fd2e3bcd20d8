//! What a man in the middle can try between the client and the server in C, and what each has to say about it.

use crate::pair::{Mode, Outcome, Server, Stage, play};
use crate::programs::{Build, Limits::Usual, can_run};
use crate::relay::Way::{self, ToClient, ToServer};
use crate::relay::{Act, Tamper, between};
use std::io::Write;
use std::net::TcpStream;

/// What the client sends: frames 2 to 6 to the server, behind message 1 and the confirming PING and before its CLOSE.
/// The answers are frames 1 to 5 to the client, behind message 2 and before the server's CLOSE.
const INPUT: &[u8] = b"alpha\nbeta\ngamma\ndelta\nepsilon\n";
const CLOSE_TO_SERVER: usize = 7;
const CLOSE_TO_CLIENT: usize = 6;

const REFUSED: &str = "refused: the peer does not know us by this id, mode and key";
const REFUSED_VERSION: &str = "refused: the peer does not speak this version";
const REFUSED_MODE: &str = "refused: the peer does not offer this mode";
const HANDSHAKE: &str = "handshake message does not open: other keys, or changed on its way";
const DECLINED: &str = "we refused the peer";
const HELLO: &str = "malformed hello";
const HUNG_UP: &str = "the stream ended during the handshake";
const RECORD: &str = "record does not open: forged, repeated, missing or out of order";
const TRUNCATED: &str = "the stream ended without the peer's close";
const FAILED: &str = "the stream failed";
const TOO_LONG: &str = "frame longer than allowed";
const TOO_SHORT: &str = "frame too short";
const EMPTY: &str = "frame of length 0";

struct Attack {
    name: String,
    tamper: Tamper,
    /// How the client ends, and what it says.
    client: (i32, &'static str),
    /// What the server says. It has perhaps taken and answered everything before the client notices: then nothing.
    server: Option<&'static str>,
}

/// Where in a frame.
#[derive(Clone, Copy)]
enum At {
    /// The lowest bit of the length that is set: shorter, so that nobody waits for bytes that never come.
    Length,
    Byte(usize),
    Bits(usize, u8),
    Last,
}

fn all() -> Vec<Attack> {
    [on_message_1(), on_message_2(), on_records(), on_lengths(), on_ends()].into_iter().flatten().collect()
}

fn attack(
    name: impl Into<String>,
    client: (i32, &'static str),
    server: &'static str,
    tamper: Tamper,
) -> Attack {
    Attack { name: name.into(), tamper, client, server: Some(server) }
}

fn on_message_1() -> Vec<Attack> {
    [
        ("length", At::Length, (4, REFUSED), HANDSHAKE),
        ("version", At::Byte(0), (4, REFUSED_VERSION), DECLINED),
        ("mode, to one that does not exist", At::Byte(1), (4, REFUSED_MODE), DECLINED),
        ("mode, to the one without a PSK", At::Bits(1, 3), (4, REFUSED), HANDSHAKE),
        ("mode, to pairing", At::Bits(1, 1), (4, REFUSED_MODE), DECLINED),
        ("id length", At::Byte(2), (4, HUNG_UP), HELLO),
        ("id", At::Byte(3), (4, REFUSED), DECLINED),
        ("ephemeral key", At::Byte(11), (4, REFUSED), HANDSHAKE),
        ("parameters", At::Byte(43), (4, REFUSED), HANDSHAKE),
        ("tag", At::Last, (4, REFUSED), HANDSHAKE),
    ]
    .map(|(field, at, client, server)| {
        attack(format!("change message 1: {field}"), client, server, flip(ToServer, 0, at))
    })
    .into()
}

fn on_message_2() -> Vec<Attack> {
    let bits = [At::Length, At::Byte(0), At::Byte(32), At::Last].into_iter().enumerate();
    bits.map(|(n, at)| {
        attack(format!("change message 2, {n}"), (4, HANDSHAKE), HUNG_UP, flip(ToClient, 0, at))
    })
    .collect()
}

fn on_records() -> Vec<Attack> {
    let mut attacks = Vec::new();
    for (field, at) in [("length", At::Length), ("kind", At::Byte(0)), ("tag", At::Last)] {
        let why = if field == "length" { TOO_SHORT } else { RECORD };
        attacks.push(attack(
            format!("change the confirming record: {field}"),
            (5, TRUNCATED),
            why,
            flip(ToServer, 1, at),
        ));
        for (what, to_server, to_client) in
            [("a message", 3, 2), ("the CLOSE", CLOSE_TO_SERVER, CLOSE_TO_CLIENT)]
        {
            let why = if (field, what) == ("length", "the CLOSE") { TOO_SHORT } else { RECORD };
            attacks.push(at_server(&format!("change {what}: {field}"), why, flip(ToServer, to_server, at)));
            attacks.push(at_client(&format!("change {what}: {field}"), why, flip(ToClient, to_client, at)));
        }
    }
    for way in [ToServer, ToClient] {
        let on = if way == ToServer { at_server } else { at_client };
        attacks.push(on(
            "repeat a record",
            RECORD,
            at(way, 3, |frame| Act::Pass(vec![frame.clone(), frame])),
        ));
        attacks.push(on("leave a record out", RECORD, at(way, 3, |_| Act::Pass(Vec::new()))));
        attacks.push(on("swap two records", RECORD, swap(way)));
        attacks.push(on(
            "put noise in a record's place",
            RECORD,
            at(way, 3, |mut frame| {
                frame[2..].fill(0x5a);
                Act::Pass(vec![frame])
            }),
        ));
        attacks.push(on("send a record back", RECORD, Box::new(reflect(way))));
    }
    attacks
}

/// A frame longer than both sides allow, one of nothing, and one of a byte.
fn on_lengths() -> Vec<Attack> {
    let length = |way, number, length: u16| {
        at(way, number, move |mut frame| {
            frame[..2].copy_from_slice(&length.to_be_bytes());
            Act::Pass(vec![frame])
        })
    };
    let mut attacks = Vec::new();
    for (value, why) in [(u16::MAX, TOO_LONG), (4097, TOO_LONG), (0, EMPTY)] {
        let name = format!("a length of {value}");
        attacks.push(attack(format!("{name} in message 1"), (4, HUNG_UP), why, length(ToServer, 0, value)));
        attacks.push(attack(format!("{name} in message 2"), (4, why), HUNG_UP, length(ToClient, 0, value)));
        attacks.push(at_server(&name, why, length(ToServer, 4, value)));
        attacks.push(at_client(&name, why, length(ToClient, 4, value)));
    }
    attacks.push(at_server("a length of 1", TOO_SHORT, length(ToServer, 4, 1)));
    attacks.push(at_client("a length of 1", TOO_SHORT, length(ToClient, 4, 1)));
    attacks
}

fn on_ends() -> Vec<Attack> {
    let cut = |way, number, half: bool| {
        at(way, number, move |frame| {
            Act::CutAfter(if half { frame[..frame.len() / 2].to_vec() } else { Vec::new() })
        })
    };
    let mut attacks = vec![
        attack("cut in message 1", (4, HUNG_UP), HUNG_UP, cut(ToServer, 0, true)),
        attack("cut in message 2", (4, HUNG_UP), HUNG_UP, cut(ToClient, 0, true)),
        // The client knows its server by then; the server does not know the client.
        attack("cut before the confirming record", (5, TRUNCATED), HUNG_UP, cut(ToServer, 1, false)),
        attack("cut in the middle of a record", (5, TRUNCATED), TRUNCATED, cut(ToServer, 4, true)),
        attack("cut between two records", (5, TRUNCATED), TRUNCATED, cut(ToServer, 4, false)),
        attack(
            "swallow the client's CLOSE",
            (5, TRUNCATED),
            TRUNCATED,
            cut(ToServer, CLOSE_TO_SERVER, false),
        ),
    ];
    for half in [true, false] {
        attacks.push(at_client("cut an answer", TRUNCATED, cut(ToClient, 4, half)));
        attacks.push(at_client("cut the server's CLOSE", TRUNCATED, cut(ToClient, CLOSE_TO_CLIENT, half)));
    }
    attacks
}

/// An attack that the server has to notice; the client sees that it has gone.
fn at_server(name: &str, why: &'static str, tamper: Tamper) -> Attack {
    attack(format!("{name}, to the server"), (5, TRUNCATED), why, tamper)
}

/// An attack that the client has to notice.
fn at_client(name: &str, why: &'static str, tamper: Tamper) -> Attack {
    Attack { name: format!("{name}, to the client"), tamper, client: (5, why), server: None }
}

/// Passes everything but one frame.
fn at(way: Way, number: usize, mut act: impl FnMut(Vec<u8>) -> Act + Send + 'static) -> Tamper {
    Box::new(
        move |this_way, this_number, frame| {
            if this_way == way && this_number == number { act(frame) } else { Act::Pass(vec![frame]) }
        },
    )
}

fn flip(way: Way, number: usize, place: At) -> Tamper {
    at(way, number, move |mut frame| {
        match place {
            At::Length => {
                let length = u16::from_be_bytes([frame[0], frame[1]]);
                frame[..2].copy_from_slice(&(length & (length - 1)).to_be_bytes());
            }
            At::Byte(offset) => frame[2 + offset] ^= 0x40,
            At::Bits(offset, bits) => frame[2 + offset] ^= bits,
            At::Last => *frame.last_mut().unwrap() ^= 1,
        }
        Act::Pass(vec![frame])
    })
}

fn swap(way: Way) -> Tamper {
    let mut held = None;
    Box::new(move |this_way, number, frame| match (this_way == way, number) {
        (true, 3) => {
            held = Some(frame);
            Act::Pass(Vec::new())
        }
        (true, 4) => Act::Pass([frame].into_iter().chain(held.take()).collect()),
        _ => Act::Pass(vec![frame]),
    })
}

/// Puts what came from the receiver in the place of a record to it.
fn reflect(way: Way) -> impl FnMut(Way, usize, Vec<u8>) -> Act + Send {
    let mut theirs = vec![0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    move |this_way, number, frame| {
        if this_way != way && number > 0 {
            theirs.clone_from(&frame);
        }
        Act::Pass(vec![if this_way == way && number == 3 { theirs.clone() } else { frame }])
    }
}

fn attacks(build: Build) {
    if !can_run(build) {
        return;
    }
    let stage = Stage::new(Mode::KkPsk0);
    let server = stage.server(build, Usual);
    for Attack { name, tamper, client: (code, said), server: heard } in all() {
        println!("{name}");
        let relay = between(&server.address, tamper);
        // Valgrind takes its time to begin; it watches whoever has to notice.
        let client = if heard.is_some() && build == Build::Watched { Build::Plain } else { build };
        let done = play(stage.client(client, Usual, "device", &relay), INPUT);
        done.failed(code, ends(&done.said, said));
        delivered_nothing_wrong(&done);
        match heard {
            Some(heard) => {
                let line = server.hear();
                assert_eq!(line, format!("server: {}", ends(&line, heard)));
            }
            // It has seen an end, if it was not done.
            None => until_marked(&server).iter().for_each(|line| {
                assert_eq!(line, &format!("server: {}", ends(line, TRUNCATED)));
            }),
        }
    }
    play(stage.client(build, Usual, "device", &server.address), INPUT).printed(&INPUT.to_ascii_uppercase());
    assert_eq!(server.stop(), [""; 0]);
}

/// `expected`; where that is an end of the stream, TCP may have made a reset of it.
fn ends(line: &str, expected: &'static str) -> &'static str {
    let is_end = [TRUNCATED, HUNG_UP].contains(&expected);
    if is_end && line.trim_end().ends_with(FAILED) { FAILED } else { expected }
}

/// What the server has said up to now: until it complains of a frame that we send it ourselves.
fn until_marked(server: &Server) -> Vec<String> {
    TcpStream::connect(&server.address).unwrap().write_all(b"\0\0").unwrap();
    std::iter::repeat_with(|| server.hear()).take_while(|line| !line.ends_with(EMPTY)).collect()
}

/// What was printed are whole answers, the first ones.
fn delivered_nothing_wrong(done: &Outcome) {
    assert!(INPUT.to_ascii_uppercase().starts_with(&done.output), "{done:?}");
    assert!(done.output.last().is_none_or(|last| *last == b'\n'), "{done:?}");
}

#[test]
fn no_attack_gets_through() {
    attacks(Build::Plain);
}

#[test]
fn no_attack_gets_through_with_sanitizers() {
    attacks(Build::Sanitized);
}

#[test]
fn no_attack_gets_through_under_valgrind() {
    attacks(Build::Watched);
}
