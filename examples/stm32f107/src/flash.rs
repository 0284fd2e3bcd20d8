//! The last 6 KB of flash, which are not the program's: the key page and the boot log.
//!
//! | address | bytes | written by |
//! | --- | --- | --- |
//! | 0x0803E800 | 2,048 | whoever provisions the device, never by this firmware |
//! | 0x0803F000 | 2 × 2,048 | this firmware, a word at a time; erased a page at a time |
//!
//! This part erases 2 KB at once, so each of the three has a page of its own: with less, erasing one would erase
//! another.
//!
//! It programs half-words, and only erased ones (PM0075, "Main Flash memory programming"). The boot log wants no more:
//! it programs nothing twice. A power cut between the halves of a word leaves one of them, which the log allows for.
#![allow(unsafe_code)]

use core::ptr;

use embassy_stm32::{
    Peri,
    flash::{Blocking, FLASH_BASE, Flash, MAX_ERASE_SIZE, WRITE_SIZE},
    peripherals::FLASH,
};
use lowkey_core::boot_log::{self, Bank, FlashFailed};

/// The key page. This firmware cannot change it, so it may be borrowed for good.
pub(crate) fn key_page() -> &'static [u8; PAGE] {
    // SAFETY: 2 KB of flash that memory.x keeps free of the program, and `Log` writes only behind them.
    unsafe { &*ptr::with_exposed_provenance(FLASH_BASE + KEY_PAGE) }
}

/// The two banks behind the key page.
pub(crate) struct Log(Flash<'static, Blocking>);

impl Log {
    /// Whoever holds the flash controller holds the log.
    pub(crate) fn new(flash: Peri<'static, FLASH>) -> Self {
        Self(Flash::new_blocking(flash))
    }
}

impl boot_log::Flash for Log {
    fn unit(&self) -> usize {
        WRITE_SIZE
    }

    fn bank_len(&self) -> usize {
        PAGE
    }

    fn read(&mut self, bank: Bank, offset: usize, bytes: &mut [u8]) -> Result<(), FlashFailed> {
        self.0.blocking_read(place(bank, offset), bytes).map_err(|_| FlashFailed)
    }

    fn program(&mut self, bank: Bank, offset: usize, unit: &[u8]) -> Result<(), FlashFailed> {
        self.0.blocking_write(place(bank, offset), unit).map_err(|_| FlashFailed)
    }

    /// Takes 20 to 40 ms, in which the core stands still.
    fn erase(&mut self, bank: Bank) -> Result<(), FlashFailed> {
        let start = place(bank, 0);
        self.0.blocking_erase(start, start + PAGE as u32).map_err(|_| FlashFailed)
    }
}

/// Where a byte lies, from the start of the flash; whatever the offset, it lies in this bank.
const fn place(bank: Bank, offset: usize) -> u32 {
    let start = match bank {
        Bank::First => LOG,
        Bank::Second => LOG + PAGE,
    };
    (start + offset % PAGE) as u32 // below 2^18
}

/// Bytes the part erases at once.
const PAGE: usize = 2_048;
const KEY_PAGE: usize = 0x3_E800;
const LOG: usize = KEY_PAGE + PAGE;
const _: () = assert!(PAGE == MAX_ERASE_SIZE && WRITE_SIZE == 4, "as embassy-stm32 knows the part");
const _: () = assert!(LOG + 2 * PAGE == 0x4_0000, "the log ends where the flash ends");
