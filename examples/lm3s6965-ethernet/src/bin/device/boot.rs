//! What happens once at a start: the key page is read, and the boot log counts.

use lm3s6965_ethernet::{
    address::Address,
    flash::{ERASE_PAGE, Flash},
    uart::Uart,
};
use lowkey_core::{
    Entropy, Ephemerals, SeedEntropy,
    boot_log::{self, Bank, BootLog, FlashFailed},
    page::Page,
};

use crate::Device;

/// A device that may make ephemerals.
pub(crate) struct Start<'f> {
    pub(crate) device: Device<'f>,
    pub(crate) ephemerals: Ephemerals<SeedEntropy>,
}

/// Reads the key page and counts this start.
///
/// # Errors
/// What is wrong with the page or the log, for people.
pub(crate) fn start(flash: Flash, uart: &mut Uart) -> Result<Start<'static>, &'static str> {
    let page = Page::read(flash.key_page()).map_err(|error| error.as_str())?;
    let server = Address::read(page.address()).ok_or("key page: the address is not an IPv4 host:port")?;
    let keys = page.load().map_err(|_| "key page: the server's key cannot be pinned")?;

    // This part has no generator. What differs from start to start is in the boot log; both go into each ephemeral.
    let mut entropy = SeedEntropy::new(page.seed()).map_err(|_| "key page: the seed is blank")?;
    let mut log = BootLog::new(Log::new(flash, uart));
    let counted = log.count().unwrap_or_default();
    entropy.stir(&counted.to_be_bytes());
    let mut tcp_seed = [0; 8];
    let drawn = entropy.fill(&mut tcp_seed);
    let ephemerals = Ephemerals::new(entropy, page.hedge(), &mut log);
    let (Ok(()), Ok(ephemerals)) = (drawn, ephemerals) else {
        return Err("boot log: damaged, or the flash failed");
    };
    let device = Device { page, keys, server, tcp_seed: u64::from_le_bytes(tcp_seed) };
    Ok(Start { device, ephemerals })
}

/// What the part programs at once, in bytes.
const WORD: usize = 4;

/// Where a bank begins in the log.
fn place(bank: Bank) -> usize {
    if bank == Bank::First { 0 } else { ERASE_PAGE }
}

fn copy(log: &[u8], at: usize, bytes: &mut [u8]) -> Result<(), FlashFailed> {
    bytes.copy_from_slice(log.get(at..at + bytes.len()).ok_or(FlashFailed)?);
    Ok(())
}

#[cfg(not(feature = "demo"))]
use flash_log::Log;
#[cfg(feature = "demo")]
use played_log::Log;

/// The boot log in the part's own flash.
#[cfg(not(feature = "demo"))]
mod flash_log {
    use super::{Bank, ERASE_PAGE, Flash, FlashFailed, Uart, WORD, boot_log, copy, place};

    pub(super) struct Log(Flash);

    impl Log {
        pub(super) fn new(flash: Flash, _uart: &mut Uart) -> Self {
            Self(flash)
        }
    }

    impl boot_log::Flash for Log {
        fn unit(&self) -> usize {
            WORD
        }

        fn bank_len(&self) -> usize {
            ERASE_PAGE
        }

        fn read(&mut self, bank: Bank, offset: usize, bytes: &mut [u8]) -> Result<(), FlashFailed> {
            copy(self.0.log(), place(bank) + offset, bytes)
        }

        fn program(&mut self, bank: Bank, offset: usize, unit: &[u8]) -> Result<(), FlashFailed> {
            let word = *unit.first_chunk().ok_or(FlashFailed)?;
            self.0.program_word(place(bank) + offset, word).map_err(|_| FlashFailed)
        }

        fn erase(&mut self, bank: Bank) -> Result<(), FlashFailed> {
            self.0.erase_page(place(bank)).map_err(|_| FlashFailed)
        }
    }
}

/// The boot log where flash cannot be written, as in QEMU: each write is said on the serial line and done once the
/// other side has stored it and answers `stored`. At the next start it is in flash.
#[cfg(feature = "demo")]
mod played_log {
    use lm3s6965_ethernet::flash::LOG;

    use super::{Bank, ERASE_PAGE, Flash, FlashFailed, Uart, WORD, boot_log, copy, place};

    pub(super) struct Log<'u> {
        bytes: [u8; LOG],
        uart: &'u mut Uart,
    }

    impl<'u> Log<'u> {
        pub(super) fn new(flash: Flash, uart: &'u mut Uart) -> Self {
            Self { bytes: *flash.log(), uart }
        }

        fn stored(&mut self) -> Result<(), FlashFailed> {
            let mut answer = [0; 6];
            self.uart.read_line(&mut answer);
            if answer == *b"stored" { Ok(()) } else { Err(FlashFailed) }
        }
    }

    impl boot_log::Flash for Log<'_> {
        fn unit(&self) -> usize {
            WORD
        }

        fn bank_len(&self) -> usize {
            ERASE_PAGE
        }

        fn read(&mut self, bank: Bank, offset: usize, bytes: &mut [u8]) -> Result<(), FlashFailed> {
            copy(&self.bytes, place(bank) + offset, bytes)
        }

        fn program(&mut self, bank: Bank, offset: usize, unit: &[u8]) -> Result<(), FlashFailed> {
            let at = place(bank) + offset;
            self.uart.text("flash: program ").number(at as u32).text(" ").hex(unit).end();
            self.stored()?;
            let place = self.bytes.get_mut(at..at + unit.len()).ok_or(FlashFailed)?;
            place.copy_from_slice(unit);
            Ok(())
        }

        fn erase(&mut self, bank: Bank) -> Result<(), FlashFailed> {
            let at = place(bank);
            self.uart.text("flash: erase ").number(at as u32).end();
            self.stored()?;
            self.bytes.get_mut(at..at + ERASE_PAGE).ok_or(FlashFailed)?.fill(0xFF);
            Ok(())
        }
    }
}
