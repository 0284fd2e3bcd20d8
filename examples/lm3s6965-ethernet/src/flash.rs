//! The last 4 KB of flash, which are not the program's: a page for whoever makes the device, and two banks of its own.
//!
//! | address | bytes | written by |
//! | --- | --- | --- |
//! | 0x3F000 | 2,048 | whoever makes the device, never by this firmware: the key page; of one that pairs, the label |
//! | 0x3F800 | 2 × 1,024 | this firmware, a word at a time, erased a page at a time: the boot log; of one that pairs, the key store |
//!
//! What the bytes mean is not known here. An erased byte reads 0xFF on the part.
//!
//! QEMU models neither programming nor erasing: both return [`Error::Unchanged`], and what no file was loaded into
//! reads as zeros. `-device loader,file=PAGE,addr=0x3F000,force-raw=on` puts bytes there.
#![allow(unsafe_code)]

use core::ptr;

use cortex_m::{asm, interrupt};

use crate::{
    board::CLOCK_HZ,
    registers::{FMA, FMC, FMD, USECRL},
};

/// The pages behind the program. There is one; who writes has it alone, so that no reference outlives its bytes.
pub struct Flash(());

/// Why a page is not as asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The address is outside the banks or not a multiple of four; nothing was tried.
    Address,
    /// The flash does not read as written: worn out, protected, not erased before, or QEMU.
    Unchanged,
}

/// Bytes of the page that is written when the device is made.
pub const KEY_PAGE: usize = 2_048;
/// Bytes of both banks.
pub const BANKS: usize = 2 * ERASE_PAGE;
/// Bytes the part erases at once.
pub const ERASE_PAGE: usize = 1_024;

impl Flash {
    pub(crate) fn new() -> Self {
        USECRL.write(CLOCK_HZ / 1_000_000 - 1);
        Self(())
    }

    /// The key page, or the label. This firmware cannot change it, so it may be borrowed for good.
    pub fn key_page(&self) -> &'static [u8; KEY_PAGE] {
        // SAFETY: 2 KB of flash that memory.x keeps free of the program; `check` lets no write get there.
        unsafe { &*ptr::with_exposed_provenance(KEY_PAGE_AT) }
    }

    /// Both banks as they are now.
    pub fn banks(&self) -> &[u8; BANKS] {
        // SAFETY: 2 KB of flash that memory.x keeps free of the program; writing wants `&mut self`, so nothing
        // changes while the borrow lives, and ends in a barrier, so nothing read before is taken for what is there.
        unsafe { &*ptr::with_exposed_provenance(BANKS_AT) }
    }

    /// Programs the four bytes at `offset` of the banks. Programming only clears bits.
    ///
    /// # Errors
    /// - [`Error::Address`]: nothing was tried.
    /// - [`Error::Unchanged`]: the word is not `bytes` now; it can be anything with fewer bits set than before.
    pub fn program_word(&mut self, offset: usize, bytes: [u8; 4]) -> Result<(), Error> {
        let address = check(offset, 4)?;
        FMD.write(u32::from_le_bytes(bytes));
        command(address, FMC_WRITE);
        if self.banks().get(offset..offset + 4) == Some(&bytes) { Ok(()) } else { Err(Error::Unchanged) }
    }

    /// Erases the bank at `offset`: all its bytes become 0xFF. Takes 20 ms; the core waits.
    ///
    /// # Errors
    /// - [`Error::Address`]: nothing was tried.
    /// - [`Error::Unchanged`]: the page is not empty now.
    pub fn erase_page(&mut self, offset: usize) -> Result<(), Error> {
        command(check(offset, ERASE_PAGE)?, FMC_ERASE);
        let page = self.banks().get(offset..offset + ERASE_PAGE).unwrap_or(&[]);
        if page.iter().all(|byte| *byte == 0xFF) { Ok(()) } else { Err(Error::Unchanged) }
    }
}

/// The address of a whole `size` at `offset` of the banks: the one gate between a number and the flash controller.
fn check(offset: usize, size: usize) -> Result<u32, Error> {
    if offset >= BANKS || !offset.is_multiple_of(size) {
        return Err(Error::Address);
    }
    Ok((BANKS_AT + offset) as u32) // below 2^18
}

/// Runs one command of the flash controller to its end (data sheet 7.3.2).
fn command(address: u32, what: u32) {
    // An interrupt between address and command could find the controller half told.
    interrupt::free(|_| {
        FMA.write(address);
        FMC.write(FMC_KEY | what);
        while FMC.read() & what != 0 {}
    });
    // Also for the compiler, which does not know that a register write changed memory.
    asm::dsb();
}

const KEY_PAGE_AT: usize = 0x3_F000;
const BANKS_AT: usize = KEY_PAGE_AT + KEY_PAGE;
const FMC_KEY: u32 = 0xA442 << 16;
const FMC_WRITE: u32 = 1 << 0;
const FMC_ERASE: u32 = 1 << 1;
const _: () = assert!(BANKS_AT + BANKS == 0x4_0000, "the banks end where the flash ends");
