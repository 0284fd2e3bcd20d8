//! A side of a connection, in C's functions or in Rust's own.

use lowkey_c::{lowkey_event, lowkey_mode};

/// What both can do; a status or an error is its number or text.
pub(crate) trait Side {
    fn poll(&mut self) -> Result<lowkey_event, String>;
    fn answer(&mut self, mode: lowkey_mode);
    fn accept(&mut self);
    /// How many bytes were taken.
    fn feed(&mut self, bytes: &[u8]) -> Result<usize, String>;
    fn feed_end(&mut self) -> Result<(), String>;
    fn unsent(&mut self) -> Vec<u8>;
    fn sent(&mut self, n: usize);
    /// A piece of a message, and whether it is the last.
    fn take(&mut self) -> (Vec<u8>, bool);
    /// How many bytes of the piece went into a record.
    fn send(&mut self, bytes: &[u8], is_last: bool) -> usize;
    fn ping(&mut self, body: &[u8]);
    fn awaits_pong(&self) -> bool;
    fn close(&mut self);
    fn is_closed(&self) -> bool;
    fn handshake_hash(&self) -> [u8; 32];
    fn peer_key(&self) -> [u8; 32];
    fn our_key(&self) -> [u8; 32];
}

/// The numbers that a side's keys are made of.
pub(crate) const INITIATOR: u8 = 0x11;
pub(crate) const RESPONDER: u8 = 0x22;
pub(crate) const PSK: [u8; 32] = [0x77; 32];
pub(crate) const ID: &[u8; 8] = b"device-7";
/// Bytes of each incoming buffer.
pub(crate) const INCOMING: usize = 300;

pub(crate) fn is_kk(mode: lowkey_mode) -> bool {
    matches!(mode, lowkey_mode::LOWKEY_KK | lowkey_mode::LOWKEY_KKPSK0)
}

pub(crate) fn has_psk(mode: lowkey_mode) -> bool {
    matches!(mode, lowkey_mode::LOWKEY_KKPSK0 | lowkey_mode::LOWKEY_XXPSK0)
}
