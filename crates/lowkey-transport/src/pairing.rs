//! Pairing with a code (protocol §6), without I/O: what a side pairs with, what a responder answers, and what is stored
//! when. [`blocking::Channel::pair`](crate::blocking::Channel::pair) and its kin move the bytes for it.

mod error;
mod keeper;
mod window;

pub use error::PairError;
pub use keeper::Keeper;
pub use window::Window;

use lowkey_core::{Id, Identity, Psk};

/// What a side pairs with: who it is, and the code that the other side has to know.
///
/// Both of the code's are made from a [`Code`](lowkey_core::Code), by its `name` and its `psk`.
#[derive(Clone, Copy, Debug)]
pub struct Pairing<'k> {
    /// The code's public name.
    pub code: Id,
    /// The PSK that is made from the code.
    pub psk: &'k Psk,
    /// Our static key pair.
    pub identity: &'k Identity,
}
