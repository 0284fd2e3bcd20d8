//! Inputs to begin with: scripts of undisturbed connections, recorded frames, pages; and the same damaged.

use crate::c_abi::op as c;
use crate::channel::op as ch;
use crate::keys::{MODES, is_kk};
use crate::label::written;
use crate::link::{Recording, op};
use crate::page;
use crate::pair::op as pair_op;
use lowkey_core::Code;
use lowkey_transport::Mode;
use test_support::Random;

/// Seeds for the target of this name.
pub fn of(target: &str) -> Vec<Vec<u8>> {
    let clean = match target {
        "page" => pages(),
        "boot_log" => boots(),
        "key_store" => stores(),
        "label" => labels(),
        "pairing" => pairings(),
        "handshake" => handshakes(),
        "records" => records(),
        "link" => links(),
        "numbered" => numbers(),
        "primitives" => primitives(),
        "c_abi" => channels(),
        "both_headers" => devices(),
        "channel" => deliveries(),
        _ => pairs(),
    };
    let damaged = damage(&clean);
    [clean, damaged, found(target)].concat()
}

/// What libFuzzer has found, each mended since.
fn found(target: &str) -> Vec<Vec<u8>> {
    let inputs: &[&str] = match target {
        "label" => &[
            "004c4f574b45593a09312f575850374737474f4d58373432423737514d434150373444415144373741594541373759474245574d45",
        ],
        "link" => &["001815010105180d03000c0515000105180d0300"],
        _ => &[],
    };
    let byte = |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok());
    inputs.iter().map(|hex| hex.as_bytes().chunks(2).filter_map(byte).collect()).collect()
}

/// Each with bits flipped, cut short, and one behind the other.
fn damage(clean: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut rng = Random::from_seed(1);
    let mut damaged = vec![];
    for seed in clean {
        for _ in 0..4 {
            let mut flipped = seed.clone();
            let bit = rng.below(seed.len() * 8);
            flipped[bit / 8] ^= 1 << (bit % 8);
            damaged.push(flipped);
            damaged.push(seed[..rng.below(seed.len())].to_vec());
            damaged.push([&seed[..], &clean[rng.below(clean.len())][..]].concat());
        }
    }
    damaged
}

fn pages() -> Vec<Vec<u8>> {
    let valid = page::valid();
    let mut contents = b"\x03\x04fuzz\x06host:1\x01".to_vec();
    contents.extend([[5; 32], [1; 32], [9; 32]].concat());
    vec![
        [&[0], &valid[..]].concat(),
        [&[1], &valid[..]].concat(),
        vec![0xff; 345],
        // The peer's key is our own; the shared secret is zero; the id is too long; an unknown flag.
        [&[2, 136, 0, 32], &[9; 32][..], &[168, 0, 32], &[9; 32]].concat(),
        [&[2, 200, 0, 32], &[0; 32][..]].concat(),
        vec![2, 6, 0, 1, 33],
        vec![2, 5, 0, 1, 2],
        contents,
    ]
}

/// A mailbox and written bytes over a line that stops anywhere; then each call that takes the rest along, and each end.
fn deliveries() -> Vec<Vec<u8>> {
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

fn labels() -> Vec<Vec<u8>> {
    let code = Code::new(&[7, 0xff, 0x83, 4].repeat(4)).expect("16 bytes");
    let label = written(&code).expect("16 bytes");
    let texts =
        [&*label, "a77y-gbah-76bq-ib77-qmca-p74d-aq ", " lowkey:1/ ", "LOWKEY:2/AAAA", "\u{202e}LKSEC1Q"];
    let read = texts.iter().map(|text| [&[0], text.as_bytes()].concat());
    let typed = (0..20)
        .map(|letter| [&[1], code.expose(), &[letter & 1, letter * 2, letter], &[letter; 51]].concat());
    read.chain(typed).collect()
}

fn boots() -> Vec<Vec<u8>> {
    // Boots that go well, then every place for a cut and for a fault, with and without a reboot.
    let places = (0..10).flat_map(|place| [4, 7, 0x44, 0x47].map(|op| [op, place]));
    let troubles: Vec<u8> = places.flat_map(|trouble| [trouble, trouble, [0, 0]]).flatten().collect();
    let boots = |unit, nature: u8| {
        [&[unit, 0, 0, 1, nature & 1, nature >> 1][..], &[0; 18], &troubles, &[0; 18]].concat()
    };
    (0..9).flat_map(|unit| [boots(unit, unit % 4), boots(unit, 3)]).collect()
}

/// A device's life in changes: made, paired, started, paired anew, reset; undisturbed, with the power cut at one place
/// or another of each, and with rot at the end.
fn stores() -> Vec<Vec<u8>> {
    let life = [0, 6, 1, 6, 2, 6, 6, 1, 4, 6, 5, 7, 0, 1, 2];
    let lives = (0..9).flat_map(|unit| {
        [0, 1, 9, 40].into_iter().flat_map(move |place| {
            let steps = life.iter().flat_map(|op| [*op, 0, u8::from(place > 0), place]);
            let front = [unit, unit & 1, unit >> 1 & 1, unit >> 2 & 1, 0, 1];
            [front.into_iter().chain(steps).collect::<Vec<u8>>()]
        })
    });
    lives.chain([vec![0xff; 40], vec![3; 60]]).collect()
}

/// Pairings, with each frame cut, changed and repeated, the flash cut and broken at one place or another, and a server
/// that cannot store; each with another run behind it.
fn pairings() -> Vec<Vec<u8>> {
    let networks = (0..7).flat_map(|frame| [vec![1, frame], vec![2, frame, 0, 99], vec![3, frame]]);
    let troubles = [4, 8, 12].into_iter().flat_map(|how| [0, 60].map(|place| vec![how, 0, place]));
    let servers = [vec![0x30], vec![0x30, 1, 4]];
    let runs: Vec<Vec<u8>> = networks.chain(troubles).chain(servers).collect();
    let scripts = runs.iter().zip(runs.iter().cycle().skip(7));
    scripts
        .enumerate()
        .map(|(n, (one, next))| {
            let front = [n as u8, (n >> 1) as u8, n as u8 & 1, n as u8 >> 1 & 1, 0, 1];
            [&front[..], one, next].concat()
        })
        .collect()
}

fn handshakes() -> Vec<Vec<u8>> {
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

fn numbers() -> Vec<Vec<u8>> {
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

fn records() -> Vec<Vec<u8>> {
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

fn links() -> Vec<Vec<u8>> {
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

fn pairs() -> Vec<Vec<u8>> {
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

/// Every operation with every kind of number, on odd bytes and texts around a block.
fn primitives() -> Vec<Vec<u8>> {
    let mut seeds = vec![];
    for op in 0..4 {
        for kind in 0..8 {
            for byte in [0, 1, 0x80, 0xED, 0xFF] {
                let (one, other) = (kind, (kind ^ byte) % 8);
                let number = |kind: u8| [&[kind], &[byte; 32][..if kind < 4 { 32 } else { 1 }]].concat();
                let mut seed = [&[op][..], &number(one)].concat();
                match op {
                    // A nonce, data and a text.
                    1 => seed.extend(
                        [&[byte; 12], &[other * 9][..], &[byte; 63][..usize::from(other) * 9]].concat(),
                    ),
                    // A key or none, and two pieces.
                    2 => seed.extend([&[other, byte, 2, 64][..], &[byte; 64], &[other], &[byte; 7]].concat()),
                    _ => seed.extend(number(other)),
                }
                seed.extend([&[op * 40][..], &[byte; 40]].concat());
                seeds.push(seed);
            }
        }
    }
    seeds
}

/// Both ways to drive channels of C's, in every mode, every function among the operations.
fn channels() -> Vec<Vec<u8>> {
    const ONE: u8 = 1 << 6;
    const THIRD: u8 = 2 << 6;
    let turns = [c::TURN, c::TURN | ONE].repeat(6);
    let mut seeds = vec![];
    for mode in 0..4 {
        // Keys as they must be, on an empty script.
        let begin = [c::BEGIN, mode << 1, 0, 0, 0, 0, c::BEGIN | ONE, 0];
        let talk = [
            c::SEND,
            0,
            9,
            0,
            c::PING | ONE,
            5,
            c::SEND_PART | ONE,
            2,
            88,
            1,
            0,
            0,
            c::ASK,
            0,
            c::ASK | ONE,
            0,
        ];
        let run = |manner| [c::RUN, 0, manner, 0, c::RUN | ONE, 0, manner, 0];
        seeds.push([&begin[..], &turns].concat());
        seeds.push(
            [&begin[..], &turns, &talk, &turns, &[c::CLOSE, c::CLOSE | ONE], &turns, &[c::FEED_END]].concat(),
        );
        for manner in [0, 1, 17, 2, 10, 3, 4, 36, 68, 5] {
            let judged = [c::ANSWER | ONE, 0, 0, 0, 0, 0, 0, c::ACCEPT, c::ACCEPT | ONE];
            let opening = [&run(manner)[..], &judged].concat().repeat(6);
            let mail = [
                c::SEND_MESSAGE,
                4,
                0,
                0,
                manner,
                0,
                c::RECV_MESSAGE | ONE,
                0,
                0,
                0,
                0,
                manner,
                0,
                c::FLUSH,
                manner,
                0,
            ];
            seeds.push([&begin[..], &opening, &mail.repeat(3), &[c::CLOSE], &run(manner), &talk].concat());
        }
        // Bytes put where they belong, pieces of any size.
        let piece = [c::SPACE, 0, 0, 0, 0, 99, c::WRITE, 0, 70, 0, 0, 0, c::POLL, 0];
        let other = [c::SPACE | ONE, 0, 0, 0, 0, 99, c::WRITE | ONE, 0, 70, 0, 0, 0, c::POLL | ONE, 0];
        let pieces =
            [&piece[..], &other, &[c::ANSWER | ONE, 0, 0, 0, 0, 0, 0, c::ACCEPT, c::ACCEPT | ONE]].concat();
        seeds.push([&begin[..], &pieces.repeat(5)].concat());
        // An echo, from where it was opened.
        let echo = [c::SEND, 0, 9, 0, c::WRITE, 1, 44, 0, 0, 0, c::FEED | ONE, 1, 44, 0, c::POLL | ONE, 0];
        let taken = [c::TAKE | ONE, 0, 0, 0, 1, c::TURN | ONE, c::TURN];
        seeds.push([&begin[..], &turns, &echo, &taken].concat());
        // A claim that is refused cannot be accepted any more.
        let claim = [c::TURN, c::TURN | ONE, c::TURN, c::TURN, c::FEED | ONE, 1, 44, 0, c::POLL | ONE, 0];
        seeds.push([&begin[..], &claim, &[c::CLOSE | ONE, c::ACCEPT | ONE], &turns].concat());
        // Whatever a responder can do.
        for how in [0x70, 0x71, 0x72, 0x73, 13, 14] {
            for flags in [0, 4, 16, 32, 64, 128] {
                let answer = [c::TURN, c::FEED | ONE, 1, 0, 0, c::POLL | ONE, 0, c::ANSWER | ONE, how, flags];
                seeds.push([&begin[..], &answer, &[0; 4], &turns].concat());
            }
        }
        // Something changed on its way.
        for attack in
            [&[c::FLIP, 0, 9][..], &[c::FLIP | ONE, 0, 99], &[c::DROP | ONE, 3], &[c::INSERT, 2, 0, 9]]
        {
            seeds.push(
                [&begin[..], &[c::TURN], attack, &turns, &talk, &[c::TURN | ONE], attack, &turns].concat(),
            );
            seeds.push([&begin[..], &turns, &talk, &[c::WRITE, 1, 0, 0, 0, 0], attack, &turns].concat());
        }
        // The peer in Rust, in both roles.
        for initiates in [0, 1] {
            let begin = [c::BEGIN | THIRD, mode << 1 | initiates, 0, 0, 0, 0];
            let said = [
                c::PEER | THIRD,
                2,
                c::PEER | THIRD,
                0,
                0,
                9,
                c::PEER | THIRD,
                3,
                c::PEER | THIRD,
                0,
                1,
                200,
            ];
            let ours = [c::SEND | THIRD, 0, 9, 0, c::TURN | THIRD, c::PING | THIRD, 3, c::TURN | THIRD];
            let over =
                [c::PEER | THIRD, 4, c::TURN | THIRD, c::CLOSE | THIRD, c::TURN | THIRD, c::FEED_END | THIRD];
            let turn = [c::TURN | THIRD; 4];
            seeds.push([&begin[..], &turn, &said, &turn, &ours, &over].concat());
        }
        for flags in [8, 16, 32, 64, 128] {
            let begin = [c::BEGIN, mode << 1 | flags, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0];
            seeds.push([&begin[..], &turns].concat());
        }
    }
    // Keys made and wiped, what is no channel, what lies in flash.
    for kind in 0..5 {
        let made: Vec<u8> = (0..16).flat_map(|how| [c::MAKE, kind, 2, how, 1, how]).collect();
        seeds.push(
            [&made[..], &[c::WIPE, kind, 2, c::WIPE, kind, 0, c::DRAW, 0, 0, 0, 3, 7, 7, 7, 40]].concat(),
        );
        seeds.push(vec![c::STRANGE, kind, 3, c::WIPE, 5, 0]);
    }
    for words in [2, 3, 5, 8] {
        for fails in 0..6 {
            seeds.push([&[c::FLASH, words][..], &vec![0; 2 * usize::from(words)], &[fails, 0]].concat());
        }
        seeds.push(
            [&[c::FLASH, words][..], &[3, 1, 2, 3, 4].repeat(2 * usize::from(words)), &[9, 0]].concat(),
        );
    }
    seeds.extend([vec![c::PAGE, 0, 9, 1, 2, 3], vec![c::PAGE, 1], vec![c::PAGE, 2, 0, 40, 1, 99, 1, 144, 1]]);
    seeds
}

/// KK and KKpsk0, opened, then every operation, each with what an application does behind it.
fn devices() -> Vec<Vec<u8>> {
    const ON: u8 = 0xe0;
    let mut seeds = vec![];
    for kinds in [0, 1, 0xff] {
        let open = [kinds, 9, 1, 0, 0, 0, 0, 0, ON, ON];
        for op in 6..32 {
            for argument in [9, 0x45] {
                seeds.push([&open[..], &[op, argument, argument, 0, 0, ON, op, argument, 9, ON]].concat());
            }
        }
        // The peer says DATA in pieces, PING and CLOSE to one that has something unsent.
        seeds.push(
            [&open[..], &[24, 1, 40, 24, 0, 90, 15, 80, 24, 0x41, 5, ON, 13, 24, 0xf0, ON, ON]].concat(),
        );
        // Messages of several records, by callbacks that block.
        let message = [22, 0, 4, 100, 8, 0, 60, 0, 90, 0, 200, 0, 70, 22, 0, 0, ON, 23, 2, 100, 0];
        seeds.push([&open[..], &message.repeat(3)].concat());
    }
    seeds
}
