//! The two banks of flash that the device writes, as `lowkey_core` asks for them: for its boot log or its key store.
//!
//! QEMU models no writing. With the feature `demo` each write is said on the serial line and done once the other side
//! has stored it and answers `stored`. At the next start it is in flash.

use lowkey_core::boot_log::{self, Bank, FlashFailed};

use crate::flash::ERASE_PAGE;
pub use place::Banks;

/// What the part programs at once, in bytes.
const WORD: usize = 4;

impl boot_log::Flash for Banks {
    fn unit(&self) -> usize {
        WORD
    }

    fn bank_len(&self) -> usize {
        ERASE_PAGE
    }

    fn read(&mut self, bank: Bank, offset: usize, bytes: &mut [u8]) -> Result<(), FlashFailed> {
        let at = start(bank) + offset;
        bytes.copy_from_slice(self.bytes().get(at..at + bytes.len()).ok_or(FlashFailed)?);
        Ok(())
    }

    fn program(&mut self, bank: Bank, offset: usize, unit: &[u8]) -> Result<(), FlashFailed> {
        self.write(start(bank) + offset, *unit.first_chunk().ok_or(FlashFailed)?)
    }

    /// Programming only clears bits here, whatever was programmed before (data sheet 7.2.3).
    fn clear(&mut self, bank: Bank, offset: usize) -> Result<(), FlashFailed> {
        self.write(start(bank) + offset, [0; WORD])
    }

    fn erase(&mut self, bank: Bank) -> Result<(), FlashFailed> {
        self.wipe(start(bank))
    }
}

/// Where a bank begins.
fn start(bank: Bank) -> usize {
    if bank == Bank::First { 0 } else { ERASE_PAGE }
}

/// In the part's own flash.
#[cfg(not(feature = "demo"))]
mod place {
    use super::{FlashFailed, WORD};
    use crate::flash::{BANKS, Flash};

    /// Both banks; who has them is the only one who writes.
    pub struct Banks(Flash);

    impl Banks {
        /// The banks behind the program.
        pub fn new(flash: Flash) -> Self {
            Self(flash)
        }

        pub(super) fn bytes(&self) -> &[u8; BANKS] {
            self.0.banks()
        }

        pub(super) fn write(&mut self, at: usize, word: [u8; WORD]) -> Result<(), FlashFailed> {
            self.0.program_word(at, word).map_err(|_| FlashFailed)
        }

        pub(super) fn wipe(&mut self, at: usize) -> Result<(), FlashFailed> {
            self.0.erase_page(at).map_err(|_| FlashFailed)
        }
    }
}

/// On the serial line.
#[cfg(feature = "demo")]
mod place {
    use super::{FlashFailed, WORD};
    use crate::{
        flash::{BANKS, ERASE_PAGE, Flash},
        uart::Uart,
    };

    /// Both banks; who has them is the only one who writes.
    pub struct Banks {
        bytes: [u8; BANKS],
        uart: Uart,
    }

    impl Banks {
        /// The banks behind the program.
        #[expect(clippy::needless_pass_by_value, reason = "nobody else may write")]
        pub fn new(flash: Flash) -> Self {
            Self { bytes: *flash.banks(), uart: Uart::of_played_parts() }
        }

        pub(super) fn bytes(&self) -> &[u8; BANKS] {
            &self.bytes
        }

        pub(super) fn write(&mut self, at: usize, word: [u8; WORD]) -> Result<(), FlashFailed> {
            self.uart.text("flash: program ").number(at as u32).text(" ").hex(&word).end();
            self.stored()?;
            let place = self.bytes.get_mut(at..at + WORD).ok_or(FlashFailed)?;
            place.iter_mut().zip(word).for_each(|(bits, byte)| *bits &= byte);
            Ok(())
        }

        pub(super) fn wipe(&mut self, at: usize) -> Result<(), FlashFailed> {
            self.uart.text("flash: erase ").number(at as u32).end();
            self.stored()?;
            self.bytes.get_mut(at..at + ERASE_PAGE).ok_or(FlashFailed)?.fill(0xFF);
            Ok(())
        }

        fn stored(&mut self) -> Result<(), FlashFailed> {
            let mut answer = [0; 6];
            self.uart.read_line(&mut answer);
            if answer == *b"stored" { Ok(()) } else { Err(FlashFailed) }
        }
    }
}
