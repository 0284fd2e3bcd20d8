//! Lowkey channels over any embedded-io or embedded-io-async stream.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(any(test, doc))]
extern crate std;

pub mod asynch;
pub mod blocking;
mod control;
mod error;
pub mod handshake;
mod hello;
mod inbox;
mod incoming;
mod limits;
mod link;
mod mailbox;
mod outbox;
mod outgoing;
mod parameters;
mod record;
mod refusal;
#[cfg(test)]
mod tests;

pub use error::Error;
pub use hello::{Hello, Mode, VERSION};
pub use incoming::Receive;
pub use limits::{
    Buffer, Buffers, MAX_HANDSHAKE_FRAME, MAX_PING, MIN_INCOMING, MIN_MAX_FRAME, MIN_OUTGOING,
    RECORD_OVERHEAD,
};
pub use link::{Link, Pinning, Settled, Step};
pub use mailbox::{Mailbox, PostError};
pub use record::{Fragment, Part};
pub use refusal::Refusal;
