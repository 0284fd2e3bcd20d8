//! Calls back into C. What a callback may do, and for how long its context is valid, stands in the header, at the type
//! that is named where it is called.

use crate::stream::{LOWKEY_IO_WOULD_BLOCK, Stream};
use core::ffi::c_void;
use embedded_io::ErrorKind;
use lowkey_core::boot_log::{Bank, Flash, FlashFailed};
use lowkey_core::{Entropy, EntropyFailed, Id, Peer, PinStore, PublicKey};

/// A random callback.
pub(crate) struct Random {
    /// None before it is set, which fails.
    pub(crate) fill: Option<unsafe extern "C" fn(*mut c_void, *mut u8, usize) -> i32>,
    pub(crate) context: *mut c_void,
}

impl Entropy for Random {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), EntropyFailed> {
        let fill = self.fill.ok_or(EntropyFailed)?;
        // SAFETY: `lowkey_random`.
        let failed = unsafe { fill(self.context, out.as_mut_ptr(), out.len()) };
        if failed == 0 { Ok(()) } else { Err(EntropyFailed) }
    }
}

/// The callbacks of a flash.
pub(crate) struct Banks {
    pub(crate) context: *mut c_void,
    pub(crate) unit: usize,
    pub(crate) bank_len: usize,
    pub(crate) read: unsafe extern "C" fn(*mut c_void, u32, usize, *mut u8, usize) -> i32,
    pub(crate) program: unsafe extern "C" fn(*mut c_void, u32, usize, *const u8, usize) -> i32,
    pub(crate) erase: unsafe extern "C" fn(*mut c_void, u32) -> i32,
}

impl Flash for Banks {
    fn unit(&self) -> usize {
        self.unit
    }

    fn bank_len(&self) -> usize {
        self.bank_len
    }

    fn read(&mut self, bank: Bank, offset: usize, bytes: &mut [u8]) -> Result<(), FlashFailed> {
        // SAFETY: `lowkey_flash`.
        done(unsafe { (self.read)(self.context, number(bank), offset, bytes.as_mut_ptr(), bytes.len()) })
    }

    fn program(&mut self, bank: Bank, offset: usize, unit: &[u8]) -> Result<(), FlashFailed> {
        // SAFETY: `lowkey_flash`.
        done(unsafe { (self.program)(self.context, number(bank), offset, unit.as_ptr(), unit.len()) })
    }

    fn erase(&mut self, bank: Bank) -> Result<(), FlashFailed> {
        // SAFETY: `lowkey_flash`.
        done(unsafe { (self.erase)(self.context, number(bank)) })
    }
}

/// The callbacks of a flash that may be able to make zeros of a unit.
pub(crate) struct StoreBanks {
    pub(crate) banks: Banks,
    /// None where it cannot.
    pub(crate) clear: Option<unsafe extern "C" fn(*mut c_void, u32, usize, usize) -> i32>,
}

impl Flash for StoreBanks {
    fn unit(&self) -> usize {
        self.banks.unit
    }

    fn bank_len(&self) -> usize {
        self.banks.bank_len
    }

    fn read(&mut self, bank: Bank, offset: usize, bytes: &mut [u8]) -> Result<(), FlashFailed> {
        self.banks.read(bank, offset, bytes)
    }

    fn program(&mut self, bank: Bank, offset: usize, unit: &[u8]) -> Result<(), FlashFailed> {
        self.banks.program(bank, offset, unit)
    }

    fn clear(&mut self, bank: Bank, offset: usize) -> Result<(), FlashFailed> {
        let clear = self.clear.ok_or(FlashFailed)?;
        // SAFETY: `lowkey_clear`.
        done(unsafe { clear(self.banks.context, number(bank), offset, self.banks.unit) })
    }

    fn erase(&mut self, bank: Bank) -> Result<(), FlashFailed> {
        self.banks.erase(bank)
    }
}

fn number(bank: Bank) -> u32 {
    match bank {
        Bank::First => 0,
        Bank::Second => 1,
    }
}

fn done(failed: i32) -> Result<(), FlashFailed> {
    if failed == 0 { Ok(()) } else { Err(FlashFailed) }
}

/// The three callbacks of a pin store.
#[derive(Clone, Copy)]
pub(crate) struct Pins {
    pub(crate) context: *mut c_void,
    pub(crate) store: unsafe extern "C" fn(*mut c_void, *const u8, *const u8, *const u8) -> i32,
    pub(crate) finalise: unsafe extern "C" fn(*mut c_void, *const u8, *const u8),
    pub(crate) remove: unsafe extern "C" fn(*mut c_void, *const u8, *const u8),
}

/// A pin store has not stored a key.
pub(crate) struct NotStored;

impl PinStore for Pins {
    type Error = NotStored;

    fn store(&mut self, peer: &Peer, code: &Id) -> Result<(), NotStored> {
        let (key, shared, code) = (peer.public_key(), peer.shared_secret().expose(), code.as_bytes());
        // SAFETY: `lowkey_pin_store`.
        let failed =
            unsafe { (self.store)(self.context, key.as_bytes().as_ptr(), shared.as_ptr(), code.as_ptr()) };
        if failed == 0 { Ok(()) } else { Err(NotStored) }
    }

    fn finalise(&mut self, peer: &PublicKey, code: &Id) -> Result<(), NotStored> {
        // SAFETY: `lowkey_pin_store`.
        unsafe { (self.finalise)(self.context, peer.as_bytes().as_ptr(), code.as_bytes().as_ptr()) };
        Ok(())
    }

    fn remove(&mut self, peer: &PublicKey, code: &Id) -> Result<(), NotStored> {
        // SAFETY: `lowkey_pin_store`.
        unsafe { (self.remove)(self.context, peer.as_bytes().as_ptr(), code.as_bytes().as_ptr()) };
        Ok(())
    }
}

/// The two callbacks of a stream.
#[derive(Clone, Copy)]
pub(crate) struct Io {
    pub(crate) context: *mut c_void,
    pub(crate) read: unsafe extern "C" fn(*mut c_void, *mut u8, usize) -> i32,
    pub(crate) write: unsafe extern "C" fn(*mut c_void, *const u8, usize) -> i32,
}

impl Stream for Io {
    fn read(&mut self, space: &mut [u8]) -> Result<usize, ErrorKind> {
        // SAFETY: `lowkey_io`.
        moved(unsafe { (self.read)(self.context, space.as_mut_ptr(), space.len()) }, space.len())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        // SAFETY: `lowkey_io`.
        match moved(unsafe { (self.write)(self.context, bytes.as_ptr(), bytes.len()) }, bytes.len())? {
            0 => Err(ErrorKind::WriteZero),
            n => Ok(n),
        }
    }
}

/// What a callback says that it moved, of `asked` bytes.
fn moved(said: i32, asked: usize) -> Result<usize, ErrorKind> {
    match usize::try_from(said) {
        Ok(n) if n <= asked => Ok(n),
        Err(_) if said == LOWKEY_IO_WOULD_BLOCK => Err(ErrorKind::TimedOut),
        _ => Err(ErrorKind::Other),
    }
}
