//! The responder: attempts, sessions, and the socket they come from.

mod acceptor;
mod allowance;
mod attempt;
mod attempts;
mod balancers;
mod decoys;
mod ended;
mod error;
mod failures;
mod familiar;
mod finality;
mod gate;
mod group;
mod hold;
mod in_force;
mod info;
mod lazy;
mod listener;
mod observer;
mod order;
mod over;
mod pairing;
mod pairings;
mod posting;
mod quiet;
mod run;
mod seat;
mod session;
mod sessions;
mod source;
mod state;
mod stats;
mod swept;
mod waiting;
mod window;
mod windows;

pub use acceptor::Acceptor;
pub use balancers::{Balancers, ReadSource};
pub use ended::{Ended, Reason};
pub use error::AcceptError;
pub use failures::{Cause, Failure};
pub use in_force::InForce;
pub use info::SessionInfo;
pub use lazy::LazyAccept;
pub use listener::Listener;
pub use observer::{Event, Observer};
pub use pairings::Call;
pub use posting::{NotSent, Received};
pub use run::{Server, Stopped};
pub use stats::{HandshakeTimes, Stats};
pub use window::{Caller, NotOpened, NotPaired, Progress, WindowInfo};
#[cfg(all(test, lowkey_shuttle))]
pub(crate) use {
    attempts::Attempts,
    familiar::Standing,
    hold::Hold,
    seat::Seat,
    sessions::{NoSeat, Sessions},
    windows::Windows,
};
