//! Keys and randomness that are the same at every run, so that both sides of a recorded handshake
//! can be made apart: the peer's on the host by `size-script`, ours on the board.
//!
//! Only for measuring: whoever knows them knows everything.

use lowkey_core::{Counter, CounterFailed, Entropy, EntropyFailed};

/// The device's static private key.
pub const DEVICE: [u8; 32] = [0x11; 32];
/// The server's static private key.
pub const SERVER: [u8; 32] = [0x22; 32];
/// The pre-shared key, also in place of one made from a pairing code.
pub const PSK: [u8; 32] = [0x33; 32];
/// The device's hedge secret; the server's is the complement.
pub const HEDGE: [u8; 32] = [0x44; 32];
/// The pinning's id.
pub const ID: &[u8; 8] = b"size-row";
/// Length of the message that goes each way, in bytes.
pub const MESSAGE: usize = 64;

/// An entropy source that is stuck, and a counter that is always at its first boot.
pub struct Stuck;

impl Entropy for Stuck {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), EntropyFailed> {
        out.fill(0x55);
        Ok(())
    }
}

impl Counter for Stuck {
    fn next(&mut self) -> Result<u64, CounterFailed> {
        Ok(1)
    }
}
