//! What the threads of a server share, played in every order that a scheduler thinks of.
//!
//! The files of `lowkey-host` that hold shared state are compiled here with shuttle's locks and atomics in place
//! of the standard library's; around them stands as little as they need. A wake-up that is lost is a
//! deadlock to shuttle, which prints the schedule that leads there.
#![allow(dead_code)] // the files have more than is played

#[path = "../../../crates/lowkey-host/src/server/attempts.rs"]
mod attempts;
mod connection;
#[path = "../../../crates/lowkey-host/src/server/familiar.rs"]
mod familiar;
#[path = "../../../crates/lowkey-host/src/server/fault.rs"]
mod fault;
#[path = "../../../crates/lowkey-host/src/server/group.rs"]
mod group;
#[path = "../../../crates/lowkey-host/src/server/info.rs"]
mod info;
#[path = "../../../crates/lowkey-host/src/server/lines.rs"]
mod lines;
#[path = "../../../crates/lowkey-host/src/server/order.rs"]
mod order;
#[path = "../../../crates/lowkey-host/src/server/quiet.rs"]
mod quiet;
mod registry;
pub mod scenarios;
#[path = "../../../crates/lowkey-host/src/server/sessions.rs"]
mod sessions;
#[path = "../../../crates/lowkey-host/src/server/source.rs"]
mod source;
mod stats;
#[path = "../../../crates/lowkey-host/src/server/swept.rs"]
mod swept;
#[path = "../../../crates/lowkey-host/src/server/waiting.rs"]
mod waiting;

pub(crate) use info::SessionInfo;

use std::time::Duration;

/// The locks and atomics of what is played here.
mod sync {
    pub(crate) use shuttle::sync::{Mutex, MutexGuard, atomic};
}

/// What a session may be told that it ended with.
pub(crate) enum Error {
    Displaced,
    Revoked,
    Silent,
    Lifetime,
}

/// The limits that sessions know.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) sessions: usize,
    pub(crate) sessions_per_address: usize,
    pub(crate) silence: Duration,
    pub(crate) answer: Duration,
    pub(crate) lifetime: Option<Duration>,
    pub(crate) linger: Duration,
}
