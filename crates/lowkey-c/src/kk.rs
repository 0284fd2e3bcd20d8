//! `lowkey_kk.h`: the initiator of KK and KKpsk0 as one object.
//!
//! What a device needs that connects to one server, and nothing else: no other role, no pattern that is read from a
//! table, no borrowed objects. `machine` is the connection, `incoming` and `outgoing` its two directions, `message`
//! what callbacks move; the others are the functions of C.

mod bytes;
mod callbacks;
mod device;
mod incoming;
mod machine;
mod message;
mod outgoing;
mod records;
mod size;

pub use bytes::*;
pub use callbacks::*;
pub use device::*;
pub use records::*;
pub use size::*;

use crate::status::lowkey_status::{self, LOWKEY_EXHAUSTED, LOWKEY_RECORD};
use lowkey_core::Error;

/// Copies as much of `from` to the front of `to` as fits; returns how many bytes.
fn fill(to: &mut [u8], from: &[u8]) -> usize {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    to.len().min(from.len())
}

/// Bytes of the prologue: its word, and the hello (protocol §2).
fn prologue_len(id: &[u8]) -> usize {
    id.len().saturating_add(WORD.len() + HELLO_FIXED)
}

/// What an error of the engine means for a record.
fn of_record(error: Error) -> lowkey_status {
    match error {
        Error::Exhausted => LOWKEY_EXHAUSTED,
        _ => LOWKEY_RECORD,
    }
}

/// What the prologue begins with (protocol §2).
const WORD: &[u8; 8] = b"lowkey/1";
/// Bytes of a hello without its id.
const HELLO_FIXED: usize = 3;
/// The longest body of a handshake frame (protocol §1).
const MAX_HANDSHAKE_FRAME: u16 = 160;
/// The longest parameters, and the least `max_frame` in them (protocol §3).
const MAX_PARAMETERS: usize = 64;
const MIN_MAX_FRAME: u16 = lowkey_transport::MIN_MAX_FRAME;
/// What a record adds to its data: the kind and the tag.
const RECORD_OVERHEAD: usize = lowkey_transport::RECORD_OVERHEAD;
const MAX_PING: usize = lowkey_transport::MAX_PING;
/// Kinds of records (protocol §4).
const DATA: u8 = 0;
const MORE: u8 = 1;
const CLOSE: u8 = 2;
const PING: u8 = 3;
const PONG: u8 = 4;
