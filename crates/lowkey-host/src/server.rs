//! The responder: attempts, sessions, and the socket they come from.

mod acceptor;
mod attempt;
mod attempts;
mod decoys;
mod error;
mod familiar;
mod fault;
mod gate;
mod group;
mod in_force;
mod info;
mod lazy;
mod lines;
mod listener;
mod order;
mod quiet;
mod records;
mod run;
mod sessions;
mod source;
mod state;
mod stats;
mod swept;
mod waiting;

pub use acceptor::Acceptor;
pub use error::AcceptError;
pub(crate) use fault::Fault;
pub use in_force::InForce;
pub use info::SessionInfo;
pub use lazy::LazyAccept;
pub use listener::Listener;
pub(crate) use records::{Cause, FirstFrame, Record};
pub use run::{Server, Stopped};
pub(crate) use sessions::Seat;
#[cfg(feature = "admin")]
pub(crate) use stats::STEPS;
pub use stats::Stats;
#[cfg(all(test, lowkey_shuttle))]
pub(crate) use {
    attempts::Attempts,
    familiar::Standing,
    sessions::{NoSeat, Sessions},
};
