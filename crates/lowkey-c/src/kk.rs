//! `lowkey_kk.h`: the initiator of KK and KKpsk0 as one object.
//!
//! What a device needs that connects to one server, and nothing else: no other role, no pattern that is read from a
//! table, no borrowed objects. `machine` is the channel; the others are the functions of C.

mod bytes;
mod callbacks;
mod device;
mod hello;
mod machine;
mod outbox;
mod page;
mod records;
mod size;

pub use bytes::*;
pub use callbacks::*;
pub use device::*;
pub use machine::lowkey_outbox;
pub use outbox::*;
pub use records::*;
pub use size::*;

/// Copies as much of `from` to the front of `to` as fits; returns how many bytes.
fn fill(to: &mut [u8], from: &[u8]) -> usize {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    to.len().min(from.len())
}

/// The smallest `max_frame` that may be announced (protocol §3).
const MIN_MAX_FRAME: u16 = lowkey_transport::MIN_MAX_FRAME;
