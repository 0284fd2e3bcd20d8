//! What is made of the engine's own: a pinning of a device's keys, an error of an engine's.

use crate::error::Error;
use crate::link::Pinning;
use lowkey_core::page::Keys;

impl<'k> Pinning<'k> {
    /// The pinning that a device's key page describes.
    pub fn of(keys: &'k Keys) -> Self {
        Self { id: *keys.id(), identity: keys.identity(), peer: keys.peer(), psk: keys.psk() }
    }
}

impl From<lowkey_core::Error> for Error {
    /// What an error of the engine means before a handshake, where keys and ephemerals are made, and inside one: so `?`
    /// carries it on. Not what it means for a record that a program opens by itself, without a channel: a tag that is wrong
    /// becomes [`Error::Handshake`] here, and a channel gives [`Error::Record`] for it.
    fn from(error: lowkey_core::Error) -> Self {
        match error {
            lowkey_core::Error::BlankKey => Self::BlankKey,
            error => Self::in_handshake(error),
        }
    }
}
