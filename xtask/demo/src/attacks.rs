//! What a man in the middle can try, and what each side has to say about it.

use crate::relay::{Act, Tamper, Way};
use Way::{ToDevice, ToServer};
use demo::timeline::Who;

/// An attack on one connection of the board.
pub(crate) struct Attack {
    pub(crate) name: String,
    pub(crate) tamper: Tamper,
    /// Lines that have to be said: by whom, and parts of which each has one.
    pub(crate) must: Vec<(Who, &'static [&'static str])>,
    /// Lines that would mean that the attack succeeded.
    pub(crate) must_not: Vec<(Who, &'static [&'static str])>,
}

/// What the board says when a channel is open, and when there is none.
pub(crate) const BOARD_OPEN: &[&str] = &["channel open"];
pub(crate) const BOARD_REFUSED: &[&str] = &["no channel: refused"];
pub(crate) const BOARD_HANDSHAKE: &[&str] = &["no channel: handshake message does not open"];
const BOARD_RECORD: &[&str] = &["record does not open"];
/// A stream that was cut: whether TCP carries that as an end or as a reset is decided by who is faster, and so by how
/// busy the cores are. Either is told apart from an end that the peer has sealed.
const BOARD_CUT: &[&str] =
    &["the stream ended without the peer's close", "the stream failed", "the connection was cut"];
const BOARD_HUNG_UP: &[&str] =
    &["during the handshake", "no channel: the stream failed", "no channel: the connection was cut"];
/// What the board says of an end that the server has sealed.
pub(crate) const BOARD_CLOSED: &[&str] = &["the server closed the channel"];
/// What the board says last of every attempt.
pub(crate) const BOARD_AGAIN: &[&str] = &["again in"];
/// What the server says.
pub(crate) const SERVER_CONFIRMED: &[&str] = &["session confirmed"];
pub(crate) const SERVER_ENDED: &[&str] = &["session ended"];
pub(crate) const SERVER_REFUSED: &[&str] = &["attempt refused"];
const SERVER_VERSION: &[&str] = &["refusal=Version"];
const SERVER_MODE: &[&str] = &["refusal=Mode"];
const SERVER_HELLO: &[&str] = &["malformed hello"];
pub(crate) const SERVER_UNCONFIRMED: &[&str] = &["attempt not confirmed"];
const SERVER_RECORD: &[&str] = &["record does not open"];
pub(crate) const SERVER_CUT: &[&str] = &["the stream ended without the peer's close", "the stream failed"];
/// What the server says last of every connection.
pub(crate) const SERVER_OVER: &[&str] =
    &["session ended", "attempt refused", "attempt not confirmed", "attempt failed", "attempt timed out"];

/// Where in a frame.
#[derive(Clone, Copy)]
enum At {
    Length,
    Byte(usize),
    Bits(usize, u8),
    Last,
}

/// Every attack on a connection's bytes.
pub(crate) fn all() -> Vec<Attack> {
    let mut attacks = Vec::new();
    for (field, at, board, server) in [
        ("frame length", At::Length, BOARD_REFUSED, SERVER_REFUSED),
        ("version", At::Byte(0), BOARD_REFUSED, SERVER_VERSION),
        ("mode, to one that does not exist", At::Byte(1), BOARD_REFUSED, SERVER_MODE),
        ("mode, to the one without a PSK", At::Bits(1, 3), BOARD_REFUSED, SERVER_REFUSED),
        ("id length", At::Byte(2), BOARD_HUNG_UP, SERVER_HELLO),
        ("id", At::Byte(3), BOARD_REFUSED, SERVER_REFUSED),
        ("ephemeral key", At::Byte(11), BOARD_REFUSED, SERVER_REFUSED),
        ("parameters", At::Byte(43), BOARD_REFUSED, SERVER_REFUSED),
        ("tag", At::Last, BOARD_REFUSED, SERVER_REFUSED),
    ] {
        attacks.push(Attack {
            name: format!("change message 1: {field}"),
            tamper: flip(ToServer, 0, at),
            must: vec![(Who::Board, board), (Who::Server, server)],
            must_not: vec![(Who::Board, BOARD_OPEN), (Who::Server, SERVER_CONFIRMED)],
        });
    }
    attacks.push(Attack {
        name: "send the board its own message 1 back".into(),
        tamper: at_frame(ToServer, 0, Act::Answer),
        must: vec![(Who::Board, BOARD_HANDSHAKE)],
        must_not: vec![(Who::Board, BOARD_OPEN), (Who::Server, SERVER_CONFIRMED)],
    });
    for (field, at) in [
        ("frame length", At::Length),
        ("ephemeral key", At::Byte(0)),
        ("parameters", At::Byte(32)),
        ("tag", At::Last),
    ] {
        attacks.push(Attack {
            name: format!("flip a bit of message 2: {field}"),
            tamper: flip(ToDevice, 0, at),
            must: vec![(Who::Board, BOARD_HANDSHAKE), (Who::Server, SERVER_UNCONFIRMED)],
            must_not: vec![(Who::Board, BOARD_OPEN), (Who::Server, SERVER_CONFIRMED)],
        });
    }
    for (field, at) in [("frame length", At::Length), ("kind", At::Byte(0)), ("tag", At::Last)] {
        attacks.push(Attack {
            name: format!("flip a bit of the confirming record: {field}"),
            tamper: flip(ToServer, 1, at),
            must: vec![(Who::Server, SERVER_UNCONFIRMED)],
            must_not: vec![(Who::Server, SERVER_CONFIRMED)],
        });
        attacks
            .push(to_server(format!("flip a bit of a record to the server: {field}"), flip(ToServer, 3, at)));
        attacks
            .push(to_board(format!("flip a bit of a record to the board: {field}"), flip(ToDevice, 3, at)));
    }
    for (way, on) in [(ToServer, to_server as fn(String, Tamper) -> Attack), (ToDevice, to_board)] {
        let whom = if way == ToServer { "server" } else { "board" };
        attacks.push(on(format!("repeat a record to the {whom}"), repeat(way)));
        attacks.push(on(format!("leave a record to the {whom} out"), leave_out(way)));
        attacks.push(on(format!("swap two records to the {whom}"), swap(way)));
    }
    attacks.push(Attack {
        name: "cut both off in the middle of a record".into(),
        tamper: at_frame(ToServer, 3, |frame| Act::CutAfter(frame[..frame.len() / 2].to_vec())),
        must: vec![(Who::Server, SERVER_CUT), (Who::Board, BOARD_CUT)],
        must_not: vec![(Who::Board, BOARD_CLOSED)],
    });
    attacks
}

/// An attack on a record that the server has to notice.
fn to_server(name: String, tamper: Tamper) -> Attack {
    Attack { name, tamper, must: vec![(Who::Server, SERVER_RECORD)], must_not: Vec::new() }
}

/// An attack on a record that the board has to notice.
fn to_board(name: String, tamper: Tamper) -> Attack {
    Attack {
        name,
        tamper,
        must: vec![(Who::Board, BOARD_RECORD)],
        must_not: vec![(Who::Board, BOARD_CLOSED)],
    }
}

/// Passes everything but one frame.
pub(crate) fn at_frame(
    way: Way,
    number: usize,
    mut act: impl FnMut(Vec<u8>) -> Act + Send + 'static,
) -> Tamper {
    Box::new(
        move |this_way, this_number, frame| {
            if this_way == way && this_number == number { act(frame) } else { Act::Pass(vec![frame]) }
        },
    )
}

fn flip(way: Way, number: usize, at: At) -> Tamper {
    at_frame(way, number, move |mut frame| {
        match at {
            // The lowest bit that is set: the frame becomes shorter, so nobody waits for bytes that never come.
            At::Length => {
                let length = u16::from_be_bytes([frame[0], frame[1]]);
                let shorter = length & (length - 1);
                frame[..2].copy_from_slice(&shorter.to_be_bytes());
            }
            At::Byte(offset) => frame[2 + offset] ^= 0x40,
            At::Bits(offset, bits) => frame[2 + offset] ^= bits,
            At::Last => *frame.last_mut().expect("a frame has a length") ^= 1,
        }
        Act::Pass(vec![frame])
    })
}

fn repeat(way: Way) -> Tamper {
    at_frame(way, 3, |frame| Act::Pass(vec![frame.clone(), frame]))
}

fn leave_out(way: Way) -> Tamper {
    at_frame(way, 3, |_| Act::Pass(Vec::new()))
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
