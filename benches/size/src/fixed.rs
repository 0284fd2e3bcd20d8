//! Keys and randomness that are the same at every run, so that both sides of a recorded handshake
//! can be made apart: the peer's on the host by `size-script`, ours on the board.
//!
//! Only for measuring: whoever knows them knows everything.

use lowkey_core::boot_log::{Bank, Flash, FlashFailed};
use lowkey_core::{Counter, CounterFailed, Entropy, EntropyFailed};

/// The device's static private key.
pub const DEVICE: [u8; 32] = [0x11; 32];
/// The server's static private key.
pub const SERVER: [u8; 32] = [0x22; 32];
/// The pre-shared key, also in place of one made from a pairing code.
pub const PSK: [u8; 32] = [0x33; 32];
/// The code of a pairing.
pub const CODE: [u8; 16] = [0x5a; 16];
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

/// Noise that a key store takes for some: xorshift, from the same state at every run.
pub struct Noise(u32);

impl Noise {
    /// At its beginning.
    pub const fn begun() -> Self {
        Self(1)
    }
}

impl Entropy for Noise {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), EntropyFailed> {
        for byte in out {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 17;
            self.0 ^= self.0 << 5;
            *byte = self.0 as u8;
        }
        Ok(())
    }
}

/// Two banks of flash, in RAM.
pub struct Banks([[u8; BANK]; 2]);

impl Banks {
    /// Zeros: a static of them is not in the image, and is made of nothing on the stack.
    pub const fn zeroed() -> Self {
        Self([[0; BANK]; 2])
    }

    /// Erases both.
    pub fn erased(&mut self) -> &mut Self {
        self.0.as_flattened_mut().fill(0xff);
        self
    }

    fn at(&mut self, bank: Bank, offset: usize, len: usize) -> Result<&mut [u8], FlashFailed> {
        let [first, second] = &mut self.0;
        let bank = if bank == Bank::First { first } else { second };
        bank.get_mut(offset..).and_then(|rest| rest.get_mut(..len)).ok_or(FlashFailed)
    }
}

impl Flash for &mut Banks {
    fn unit(&self) -> usize {
        UNIT
    }

    fn bank_len(&self) -> usize {
        BANK
    }

    fn read(&mut self, bank: Bank, offset: usize, bytes: &mut [u8]) -> Result<(), FlashFailed> {
        let from = self.at(bank, offset, bytes.len())?;
        bytes.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
        Ok(())
    }

    fn program(&mut self, bank: Bank, offset: usize, unit: &[u8]) -> Result<(), FlashFailed> {
        let to = self.at(bank, offset, unit.len())?;
        to.iter_mut().zip(unit).for_each(|(to, from)| *to = *from);
        Ok(())
    }

    fn clear(&mut self, bank: Bank, offset: usize) -> Result<(), FlashFailed> {
        self.at(bank, offset, UNIT)?.fill(0);
        Ok(())
    }

    fn erase(&mut self, bank: Bank) -> Result<(), FlashFailed> {
        self.at(bank, 0, BANK)?.fill(0xff);
        Ok(())
    }
}

const BANK: usize = 1_024;
const UNIT: usize = 4;
