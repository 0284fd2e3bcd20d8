//! The responder: attempts, sessions, and the socket they come from.

mod acceptor;
mod attempt;
mod error;
mod gate;
mod lines;
mod listener;
mod sessions;
mod stats;

pub use acceptor::{Acceptor, LazyAccept};
pub use error::AcceptError;
pub use listener::Listener;
pub(crate) use sessions::Seat;
pub use stats::Stats;
