//! Every way to stall and to misbehave: the protocol's list of what ends an attempt or a channel.

use crate::MAX_FRAME;
use crate::stranger::{CLOSE, DATA, MORE, PING, Stranger, frame};

/// What is said, and how far the stranger behaves before.
pub(crate) struct Way {
    pub(crate) name: &'static str,
    pub(crate) before: Before,
    pub(crate) bytes: fn(&mut Stranger<'_>) -> Vec<u8>,
    pub(crate) end: End,
}

#[derive(Clone, Copy)]
pub(crate) enum Before {
    Nothing,
    Handshake,
    Confirmation,
}

/// Who ends it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The server, which has something to object to or has waited for long enough.
    Server,
    /// The stranger hangs up.
    Stranger,
}

/// What is said before a silence.
pub(crate) const STALLS: [Way; 6] = [
    way("nothing", Before::Nothing, |_| vec![]),
    way("half a length", Before::Nothing, |_| vec![0]),
    way("a length", Before::Nothing, |_| vec![0, 61]),
    way("half a first frame", Before::Nothing, |it| it.first_frame()[..30].to_vec()),
    way("message 1", Before::Handshake, |_| vec![]),
    way("half a confirmation", Before::Handshake, |it| it.record(PING, b"")[..9].to_vec()),
];

pub(crate) const BAD: [Way; 42] = [
    way("a frame of length 0", Before::Nothing, |_| vec![0, 0]),
    way("a frame too long for a handshake", Before::Nothing, |_| vec![0, 161]),
    way("the longest frame", Before::Nothing, |_| vec![0xff, 0xff]),
    way("garbage", Before::Nothing, |_| [&[0, 61][..], &[0xa5; 61]].concat()),
    way("a page of the web", Before::Nothing, |_| b"GET / HTTP/1.1\r\nHost: lowkey\r\n\r\n".to_vec()),
    way("another version", Before::Nothing, |it| changed(it, 2, 2)),
    way("an unknown mode", Before::Nothing, |it| changed(it, 3, 9)),
    way("pairing, which is not offered", Before::Nothing, |it| changed(it, 3, 3)),
    way("another mode than the pinning's", Before::Nothing, |it| changed(it, 3, 2)),
    way("an unknown id", Before::Nothing, |it| changed(it, 5, 0)),
    way("no id", Before::Nothing, |_| frame(&[1, 1, 0])),
    way("an id cut off", Before::Nothing, |_| frame(&[1, 1, 8, 1, 2, 3])),
    way("an id too long", Before::Nothing, |_| frame(&[&[1, 1, 33][..], &[7; 83]].concat())),
    way("half a hello", Before::Nothing, |_| frame(&[1, 1])),
    way("a refusal instead of a hello", Before::Nothing, |_| frame(&[4])),
    way("a hello without a message 1", Before::Nothing, |it| frame(&it.hello())),
    way("half a message 1", Before::Nothing, |it| frame(&[it.hello(), vec![9; 20]].concat())),
    way("a message 1 with a flipped bit", Before::Nothing, |it| changed(it, 20, 0x55)),
    way("a recorded message 1", Before::Nothing, |it| it.recorded.concat()),
    way("no parameters", Before::Nothing, |it| frame(&it.first(&[]))),
    way("frames of at most 63 bytes", Before::Nothing, |it| frame(&it.first(&[0, 63]))),
    way("a parameter cut off", Before::Nothing, |it| frame(&it.first(&[4, 0, 5, 9]))),
    hang_up("hung up in message 1", Before::Nothing, |it| it.first_frame()[..30].to_vec()),
    hang_up("hung up before the confirmation", Before::Handshake, |_| vec![]),
    hang_up("hung up in the confirmation", Before::Handshake, |it| it.record(PING, b"")[..9].to_vec()),
    way("a confirmation with a flipped bit", Before::Handshake, |it| flipped(it, PING, b"")),
    way("a confirmation of an unknown kind", Before::Handshake, |it| it.record(5, b"")),
    way("a confirmation out of order", Before::Handshake, second_first),
    way("an empty frame among records", Before::Confirmation, |_| vec![0, 0]),
    way("a record too long", Before::Confirmation, |_| (MAX_FRAME + 1).to_be_bytes().to_vec()),
    way("a record shorter than its tag", Before::Confirmation, |_| frame(&[7; 16])),
    way("a record without a kind", Before::Confirmation, |it| it.sealed(&[])),
    way("a record of an unknown kind", Before::Confirmation, |it| it.record(0x7f, b"")),
    way("a damaged record", Before::Confirmation, |it| flipped(it, DATA, b"damaged")),
    way("a record twice", Before::Confirmation, |it| it.record(DATA, b"twice").repeat(2)),
    way("records out of order", Before::Confirmation, second_first),
    way("a PING too long", Before::Confirmation, |it| it.record(PING, &[1; 33])),
    way("a CLOSE within a message", Before::Confirmation, |it| {
        [it.record(MORE, b"half"), it.record(CLOSE, b"")].concat()
    }),
    way("a record after the CLOSE", Before::Confirmation, |it| {
        [it.record(CLOSE, b""), it.record(DATA, b"late")].concat()
    }),
    way("a message too long", Before::Confirmation, |it| {
        (0..17).flat_map(|_| it.record(MORE, &[7; MAX_FRAME as usize - 17])).collect()
    }),
    hang_up("hung up in a record", Before::Confirmation, |it| it.record(DATA, b"cut off")[..9].to_vec()),
    hang_up("hung up without a CLOSE", Before::Confirmation, |_| vec![]),
];

const fn way(name: &'static str, before: Before, bytes: fn(&mut Stranger<'_>) -> Vec<u8>) -> Way {
    Way { name, before, bytes, end: End::Server }
}

const fn hang_up(name: &'static str, before: Before, bytes: fn(&mut Stranger<'_>) -> Vec<u8>) -> Way {
    Way { name, before, bytes, end: End::Stranger }
}

/// A first frame of which one byte is another one.
fn changed(it: &mut Stranger<'_>, at: usize, byte: u8) -> Vec<u8> {
    let mut first = it.first_frame();
    first[at] = if first[at] == byte { !byte } else { byte };
    first
}

fn flipped(it: &mut Stranger<'_>, kind: u8, body: &[u8]) -> Vec<u8> {
    let mut record = it.record(kind, body);
    record[2] ^= 1;
    record
}

fn second_first(it: &mut Stranger<'_>) -> Vec<u8> {
    let first = it.record(PING, b"");
    [it.record(PING, b""), first].concat()
}
