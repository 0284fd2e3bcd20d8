//! Messages that are numbered and acknowledged (protocol §7): what a side does that sends them, and one that stores
//! them.

mod acks;
mod outbox;

pub use acks::Acks;
pub use lowkey_core::numbered::{Retained, RunId};
pub use outbox::{Outbox, PushError};
