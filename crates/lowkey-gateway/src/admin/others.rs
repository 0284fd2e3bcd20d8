//! The other gateways of a fleet, as an admin listener needs them.

use lowkey_host::{NotSent, Received};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// Something that comes later.
pub type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What the gateway of a name is asked.
pub type Asks = Box<dyn Fn(&str) -> String + Send + Sync>;

/// The other gateways of a fleet: whoever is asked about devices asks them as well, and answers for all.
pub trait Others: fmt::Debug + Send + Sync {
    /// What the gateway is called that has this listener.
    fn name(&self) -> &str;

    /// Asks each of them what its [`Here`](super::Here) answers to the question that is for the gateway of this name.
    /// Gives their names and answers, or why there is none, for people.
    fn ask(&self, question: Asks) -> Later<Vec<(String, Result<String, String>)>>;

    /// Sends a message to a device that is not connected here, as [`Acceptor::send`](lowkey_host::Acceptor::send) does.
    fn send(&self, device: String, message: Vec<u8>, within: Duration) -> Later<Result<Received, NotSent>>;
}
