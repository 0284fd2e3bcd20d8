//! What goes over a line: handshakes, records, numbered messages, whole connections.

use crate::channel::op as ch;
use crate::keys::{MODES, is_kk};
use crate::link::{Recording, op};
use crate::pair::op as pair_op;
use lowkey_transport::Mode;

pub(super) fn handshakes() -> Vec<Vec<u8>> {
    let mut seeds = vec![];
    for mode in 0..4 {
        // Payload, room, and what arrives: all of it.
        let whole = [&b"\x02xx\x00\x02"[..]; 3].concat();
        seeds.push([&[mode, 0], &whole[..]].concat());
        for message in 0..3 {
            for mutation in 1..9 {
                let mut script = whole.clone();
                script.splice(message * 5 + 4..message * 5 + 5, [0, mutation, 7, 1, 0x55]);
                seeds.push([&[mode, 0], &script[..]].concat());
            }
        }
    }
    seeds
}

pub(super) fn records() -> Vec<Vec<u8>> {
    let calm = [&[0, 0, 40, 2][..]; 20].concat();
    let changed: Vec<u8> = (0..9).flat_map(|mutation| [0, 0, 40, 5, 4, mutation, 9, 1, 1, 2]).collect();
    let shuffled =
        b"\x00\x00\x09\x00\x00\x05\x00\x01\x00\x04\x05\x04\x04\x04\x05\x04\x06\x06\x09\x07\x02ab".to_vec();
    let across = |script: &[u8]| [&[1], script].concat();
    vec![
        [&[0], &calm[..]].concat(),
        across(&calm),
        across(&changed),
        [&[0], &changed[..]].concat(),
        across(&shuffled),
    ]
}

pub(super) fn numbers() -> Vec<Vec<u8>> {
    let push = |text: &[u8]| [&[0, text.len() as u8], text].concat();
    let (first, later) = ([4, 9, 0, 0], |which| [4, which, 0x80]);
    let sends = [2, 3, 2, 3, 2, 3];
    let up = [&[0, 0, 99, 0x80][..], &push(b"one"), &push(&[7; 80]), &first, &sends, &later(0), &later(1)]
        .concat();
    let again = [&up[..], &push(b"two"), &sends, &[4, 1, 0xFF]].concat();
    let down =
        [&[0, 0, 99, 0x80, 7, 0, 4, 1, 3][..], &[5, 0, 5, 2, b'a', b'b'], &[7, 0, 5, 0, 3, 5, 0, 5, 1, 1]]
            .concat();
    let kept = |ops: &[u8]| [&[1, 0, 0, 200], ops].concat();
    vec![
        up,
        again,
        down,
        kept(&[0, 1, 5, 1, 2, 3, 4, 5, 1, 0, 0, 3, 0, 0, 2, 0, 3, 9, 0, 0, 0, 3, 70, 0x91]),
        kept(&[0, 0, 59, 1, 0, 0, 59, 2, 2, 0, 0, 0, 59, 3, 2, 0, 3, 1, 0]),
    ]
}

pub(super) fn links() -> Vec<Vec<u8>> {
    let mut seeds = vec![];
    for mode in MODES {
        for initiates in [false, true] {
            let flags = (mode as u8 - 1) << 1 | u8::from(initiates);
            seeds.push([&[flags], &live(mode)[..]].concat());
            // Sizes, parameters with an item behind them, a payload.
            let sizes = [flags | 16, 0, 9, 0, 9, 0, 80, 1, 1, 44];
            seeds.push([&sizes, &live(mode)[..]].concat());
            seeds.push([&[flags | 32, 5, 0, 70, 9, 1, 1], &live(mode)[..]].concat());
            seeds.push([&[flags | 64, 1, 0], &live(mode)[..]].concat());
            // A message at its limit and one above.
            for len in [11, 12] {
                let limit = [flags | 16, 0, 9, 0, 9, 1, 44, 1, 0, 30, op::EXCHANGE, op::SEAL, 1, 1, 19];
                let rest = [op::EXCHANGE, op::TAKE, op::SEAL, 0, 1, len, op::EXCHANGE, op::TAKE];
                seeds.push([&limit[..], &rest].concat());
            }
            for early in early() {
                seeds.push([&[flags], &early[..]].concat());
            }
            seeds.push([&[flags | 8], &recorded(mode, initiates)[..]].concat());
        }
    }
    seeds
}

pub(super) fn pairs() -> Vec<Vec<u8>> {
    const OTHER: u8 = 0x80;
    let turns = [pair_op::TURN, pair_op::TURN | OTHER].repeat(20);
    let mut seeds = vec![];
    for mode in 0..4 {
        let begin = |judge| [mode, judge, 0, 140, 0, 140, 1, 44, 0, 9, 1, 9, 0, 70];
        let mut talk = vec![];
        for (len, size) in [(0, 0), (9, 1), (700, 5), (1_900, 30)] {
            for side in [0, OTHER] {
                let [high, low] = u16::to_be_bytes(len);
                talk.extend([pair_op::SEND | side, high, low, size, pair_op::PING | side, 5]);
            }
        }
        seeds.push(begin(0).to_vec());
        seeds.push([&begin(1)[..], &turns].concat());
        seeds.push([&begin(2)[..], &turns].concat());
        seeds.push([&begin(0)[..], &turns, &talk, &turns, &[pair_op::CLOSE], &turns].concat());
        // More than 1,024 records one way.
        let many = [pair_op::SEND, 7, 0, 0];
        seeds.push([&begin(0)[..], &turns, &many].concat());
        for attack in pair_op::FLIP..pair_op::COUNT {
            for side in [0, OTHER] {
                let steps = [attack | side, 0, 5, 0, 5];
                seeds.push([&begin(0)[..], &turns[..2], &steps, &turns].concat());
                let sent = [
                    pair_op::STAGE,
                    pair_op::WRITE,
                    255,
                    pair_op::STAGE | OTHER,
                    pair_op::WRITE | OTHER,
                    255,
                ];
                seeds.push([&begin(0)[..], &turns, &talk, &sent, &sent, &steps, &turns].concat());
            }
        }
    }
    seeds
}

/// A mailbox and written bytes over a line that stops anywhere; then each call that takes the rest along, and each end.
pub(super) fn deliveries() -> Vec<Vec<u8>> {
    let mut seeds = vec![];
    for room in [1, 150, 255] {
        for next in
            [ch::FLUSH, ch::RECV, ch::SEND, ch::PING, ch::WRITE, ch::CLOSE, ch::BREAK, ch::RENEW, ch::REPLACE]
        {
            let begin = [0, 99, 0, 0, ch::POST, 0, 200, ch::POST, 0, 9, ch::ROOM, 1, 0, room, ch::DELIVER];
            let goes_on = [ch::ROOM, 0, next, 0, 40, ch::ROOM, 0, ch::DELIVER, ch::DELIVER | 0x80, ch::FLUSH];
            seeds.push([&begin[..], &goes_on].concat());
        }
        let bytes =
            [0, 9, 0, 9, ch::WRITE, 0, 5, ch::WRITE, 0, 90, ch::ROOM, 1, 0, room, ch::ASK, 7, ch::RECV];
        seeds.push([&bytes[..], &[ch::WRITE, 0, 200, ch::SEND, 9, ch::ROOM, 0, ch::FLUSH]].concat());
    }
    seeds
}

/// What comes before its turn, or not at all.
fn early() -> Vec<Vec<u8>> {
    let send =
        [op::STAGE, 0, 0, 9, 0, op::WRITE_ALL, op::PING, 1, 7, op::WRITE_ALL, op::CLOSE, op::WRITE_ALL];
    let first = [op::CARRY, op::FILL_ALL, op::STEP, op::ANSWER, 0, op::WRITE_ALL];
    let data = [op::SEAL, 0, 1, 9, op::EXCHANGE, op::RECEIVE];
    let close = [op::SEAL_CONTROL, 2, 0, op::EXCHANGE, op::RECEIVE];
    // Bytes gather, a PONG comes to be owed, more gather, and a CLOSE ends it.
    let asked = [op::SEAL_CONTROL, 0, 3, 1, 2, 3, op::CARRY, op::FILL_ALL, op::RECEIVE];
    let gather = [op::GATHER, 1, 9, op::GATHER, 1, 3];
    let end = [
        op::WRITE_ALL,
        op::GATHER,
        1,
        4,
        op::SEAL_GATHERED,
        op::WRITE,
        7,
        op::GATHER,
        0,
        3,
        0,
        op::WRITE_ALL,
    ];
    let welcome = [op::ACCEPT, op::WRITE_ALL, op::SEAL_CONTROL, 0, 0, op::EXCHANGE];
    vec![
        [&first[..], &send].concat(),
        [&[op::EXCHANGE], &data[..], &send].concat(),
        [&[op::EXCHANGE], &welcome[..], &data].concat(),
        [&[op::EXCHANGE], &welcome[..], &[op::ACCEPT, op::WRITE_ALL], &data].concat(),
        [&[op::EXCHANGE, op::SEAL, 1, 1, 9, op::EXCHANGE, op::TAKE], &close[..]].concat(),
        [&[op::EXCHANGE], &close[..], &data].concat(),
        [&[op::EXCHANGE, op::END], &data[..]].concat(),
        // A PONG that nobody asked for, longer than any PING can be.
        [&[op::EXCHANGE, op::SEAL_CONTROL, 1, 40], &[7; 40][..], &[op::EXCHANGE, op::RECEIVE], &data]
            .concat(),
        [&[op::EXCHANGE], &gather[..], &asked, &gather, &end, &[op::CLOSE, op::WRITE_ALL]].concat(),
        [&[op::EXCHANGE], &gather[..], &asked, &[op::SEAL_GATHERED], &end, &[op::GATHER, 1, 1]].concat(),
        [&[op::EXCHANGE], &gather[..], &[op::CLOSE, op::WRITE_ALL, op::SEAL_GATHERED, op::WRITE_ALL]]
            .concat(),
    ]
}

/// Both sides of a connection, every kind of record, every way to take one.
fn live(mode: Mode) -> Vec<u8> {
    let mut script = vec![op::EXCHANGE];
    if is_kk(mode) {
        for take in [&[op::TAKE][..], &[op::READ, 5, op::READ, 99], &[op::ASSEMBLE, 3, 0]] {
            script.extend([op::SEAL, 1, 1, 19, op::EXCHANGE]);
            script.extend(take);
            script.extend([op::SEAL, 0, 1, 9, op::EXCHANGE]);
            script.extend(take);
        }
        script.extend([op::SEAL_CONTROL, 0, 4, b'p', b'i', b'n', b'g', op::EXCHANGE]);
        script.extend([op::PING, 4, b'p', b'o', b'n', b'g', op::EXCHANGE]);
        script.extend([op::SEAL_CONTROL, 1, 4, b'p', b'o', b'n', b'g', op::EXCHANGE, op::ASK]);
        script.extend([op::STAGE, 0, 2, 88, 1, op::WRITE, 40, op::EXCHANGE, op::STAGE, 1, 0, 9, 0]);
        script.extend([op::EXCHANGE, op::SEAL_ANY, 2, 0x90, 1, op::EXCHANGE]);
    } else {
        script.extend([
            op::ACCEPT,
            op::WRITE_ALL,
            op::SEAL_CONTROL,
            0,
            0,
            op::EXCHANGE,
            op::ACCEPT,
            op::EXCHANGE,
        ]);
    }
    script.extend([op::CLOSE, op::WRITE_ALL, op::SEAL_CONTROL, 2, 0, op::EXCHANGE, op::RECEIVE, op::END]);
    script
}

/// A recorded stream as raw bytes, and the calls that take it in.
fn recorded(mode: Mode, initiates: bool) -> Vec<u8> {
    let mut script = vec![op::WRITE_ALL];
    for piece in Recording::of(mode, initiates).stream.chunks(100) {
        script.extend([op::RAW, piece.len() as u8]);
        script.extend(piece);
        script.extend([op::FILL_ALL, op::STEP, op::ANSWER, 0, op::WRITE_ALL, op::ACCEPT, op::WRITE_ALL]);
        for _ in 0..4 {
            script.extend([op::FILL_ALL, op::STEP, op::TAKE, op::ACCEPT, op::WRITE_ALL]);
        }
    }
    script.extend([op::RECEIVE, op::CLOSE, op::WRITE_ALL]);
    script
}
