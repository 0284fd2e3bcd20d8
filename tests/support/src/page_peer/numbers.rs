//! §7 by the page: the side that numbers messages, the side that acknowledges them, and what neither may say.

use super::{MORE, PageRecords, parameters};
use snow::params::HashChoice;
use snow::resolvers::{CryptoResolver, DefaultResolver};

/// §7: a number and the last piece of a message.
pub const NUMBERED: u8 = 0x80;
/// §7: up to this number all is stored.
pub const ACK: u8 = 0x81;

/// A run.
pub const RUN: [u8; 8] = *b"a run...";
/// Another one.
pub const OTHER_RUN: [u8; 8] = *b"another.";
/// The start of a device whose messages have each [`number`].
pub const BOOT: u32 = 7;
/// §7: the first ACK of a receiver that has nothing.
pub const NONE: [u8; 16] = [0; 16];

/// §3: `max_frame`, and what a side shows that numbers messages of this run, and that acknowledges.
pub fn parameters_with(max_frame: u16, run: Option<[u8; 8]>, acks: bool) -> Vec<u8> {
    let run = run.map_or(vec![], |run| [&[1, 8], &run[..]].concat());
    let acks: &[u8] = if acks { &[2, 0] } else { &[] };
    [&parameters(max_frame), &run[..], acks].concat()
}

/// §7: boot ‖ count.
pub fn number(count: u64) -> u64 {
    (u64::from(BOOT) << 32) | count
}

/// §7: the body of a NUMBERED.
pub fn numbered(number: u64, data: &[u8]) -> Vec<u8> {
    [&number.to_be_bytes()[..], data].concat()
}

/// §7: the body of an ACK behind the first.
pub fn ack(number: u64) -> [u8; 8] {
    number.to_be_bytes()
}

/// §7: the body of the first ACK of a receiver whose last message is this one.
pub fn first_ack(number: u64, message: &[u8]) -> Vec<u8> {
    [ack(number), digest(number, message)].concat()
}

/// §7: BLAKE2s-256("lowkey message" ‖ number (8) ‖ the message), its first 8 bytes.
pub fn digest(number: u64, message: &[u8]) -> [u8; 8] {
    let mut hash = DefaultResolver.resolve_hash(&HashChoice::Blake2s).unwrap();
    let mut digest = [0; 32];
    [&b"lowkey message"[..], &number.to_be_bytes(), message].iter().for_each(|part| hash.input(part));
    hash.result(&mut digest);
    *digest.first_chunk().unwrap()
}

impl PageRecords {
    /// The records in these frames.
    pub fn open_all(&mut self, mut frames: Vec<u8>) -> Vec<(u8, Vec<u8>)> {
        let mut records = vec![];
        while !frames.is_empty() {
            records.push(self.open(&mut frames));
        }
        records
    }

    /// The numbered messages in these frames, and nothing else is there: each with its number, put together of pieces
    /// that say something.
    pub fn messages(&mut self, frames: Vec<u8>) -> Vec<(u64, Vec<u8>)> {
        let (mut messages, mut pieces) = (vec![], vec![]);
        for (kind, body) in self.open_all(frames) {
            match kind {
                MORE => {
                    assert!(!body.is_empty(), "an empty piece");
                    pieces.extend(body);
                }
                NUMBERED => {
                    let (number, end) = body.split_first_chunk().expect("a number");
                    pieces.extend(end);
                    messages.push((u64::from_be_bytes(*number), std::mem::take(&mut pieces)));
                }
                kind => panic!("a record of kind {kind:#x}"),
            }
        }
        assert_eq!(pieces, [], "of a message that does not end");
        messages
    }
}

/// Lengths of messages around those that fill one record, or two, of which each carries `most` bytes.
pub fn lengths(most: usize) -> [usize; 10] {
    [0, 1, most - 9, most - 8, most - 7, most, most + 1, 2 * most - 8, 2 * most, 3_000]
}

/// Kinds and bodies that say nothing where not both sides have shown their item.
pub fn ignored() -> [(u8, Vec<u8>); 4] {
    let one = numbered(1, b"x");
    [(ACK, b"?".to_vec()), (ACK, NONE.to_vec()), (NUMBERED, b"short".to_vec()), (NUMBERED, one)]
}

/// First ACKs that say to a sender that its numbers went back. All that it has is the message `kept`, its first.
pub fn went_back() -> [(Vec<u8>, &'static str); 3] {
    [
        (first_ack(number(2), b"the next one"), "a number that we would give next"),
        (first_ack(u64::MAX, b"?"), "a number far above"),
        (first_ack(number(1), b"another text"), "another message of this number"),
    ]
}

/// ACKs one behind the other of which the last cannot be. Their sender has two messages, and what may go out behind
/// those before has gone.
pub fn wrong_acks() -> [(Vec<Vec<u8>>, &'static str); 7] {
    let none = || NONE.to_vec();
    [
        (vec![ack(0).to_vec()], "a first one of 8 bytes"),
        (vec![vec![]], "without a number"),
        (vec![vec![0; 17]], "too long"),
        (vec![none(), none()], "a second one of 16 bytes"),
        (vec![none(), vec![0; 7]], "a later one of 7 bytes"),
        (vec![none(), vec![0; 9]], "a later one of 9 bytes"),
        (vec![none(), ack(number(3)).to_vec()], "above the highest that was sent"),
    ]
}

/// A NUMBERED that cannot be.
pub struct WrongNumbered {
    /// What its receiver has said in its first ACK, if it has: a number, and any digest; 0 is none.
    pub opened: Option<u64>,
    /// Numbers of messages that have come before.
    pub came: Vec<u64>,
    /// Its body.
    pub body: Vec<u8>,
    /// What is wrong with it.
    pub why: &'static str,
}

/// All of them.
pub fn wrong_numbered() -> [WrongNumbered; 6] {
    let wrong = |opened, came: &[u64], body, why| WrongNumbered { opened, came: came.to_vec(), body, why };
    [
        wrong(None, &[], numbered(1, b"x"), "before our first ACK"),
        wrong(Some(0), &[], b"7 bytes".to_vec(), "shorter than its number"),
        wrong(Some(0), &[], numbered(0, b"x"), "number 0"),
        wrong(Some(5), &[], numbered(5, b"x"), "not above the first ACK"),
        wrong(Some(5), &[6, 9], numbered(9, b"x"), "the same again"),
        wrong(Some(0), &[u64::MAX], numbered(1, b"x"), "behind the highest there is"),
    ]
}
