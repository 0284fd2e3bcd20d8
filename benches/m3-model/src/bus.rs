//! Memory and peripherals by address (ARMv7-M's memory map; no bit-band aliases).

use crate::{board::Board, console::Console, fault::Cause, options::Options, system::System, timing::Core};

/// Everything that has an address.
pub(crate) struct Bus {
    flash: Vec<u8>,
    /// Where it is besides at zero.
    flash_alias: u32,
    ram: Vec<u8>,
    ram_at: u32,
    board: Board,
    system: System,
    pub(crate) console: Console,
    strict: bool,
}

impl Bus {
    /// Erased flash, zeroed RAM.
    pub(crate) fn new(options: &Options, console: Console) -> Self {
        let (flash_alias, ram_at) = match options.core {
            Core::CortexM3 | Core::CortexM4 => (FLASH_ALIAS, RAM),
            Core::CortexM33 => (SECURE_FLASH, SECURE_RAM),
        };
        Self {
            flash: vec![0xFF; options.flash],
            flash_alias,
            ram: vec![0; options.ram],
            ram_at: options.ram_at.unwrap_or(ram_at),
            board: Board::default(),
            system: System::new(options.core),
            console,
            strict: options.strict,
        }
    }

    /// Peripherals as after power-on; memory stays.
    pub(crate) fn reset(&mut self) {
        self.board = Board::default();
        self.system = self.system.reset();
    }

    /// The address behind the last byte of RAM.
    pub(crate) fn ram_end(&self) -> u32 {
        self.ram_at + self.ram.len() as u32
    }

    /// Where `address` is in flash, for either of its two places.
    pub(crate) fn flash_offset(&self, address: u32) -> Option<usize> {
        let alias = self.flash_alias;
        let offset = if address >= alias { address - alias } else { address } as usize;
        (offset < self.flash.len()).then_some(offset)
    }

    pub(crate) fn flash_len(&self) -> usize {
        self.flash.len()
    }

    /// The bytes from `address` on, in flash or RAM.
    pub(crate) fn bytes(&self, address: u32, len: usize) -> Option<&[u8]> {
        let (memory, offset) = match self.flash_offset(address) {
            Some(offset) => (&self.flash, offset),
            None => (&self.ram, address.checked_sub(self.ram_at)? as usize),
        };
        memory.get(offset..)?.get(..len)
    }

    /// A copy of the bytes from `from` up to `to`; none if they are not all there.
    pub(crate) fn between(&self, from: u32, to: u32) -> Vec<u8> {
        self.bytes(from, to.saturating_sub(from) as usize).unwrap_or_default().to_vec()
    }

    /// As [`bytes`](Self::bytes), to be written by whoever loads a program; the program itself cannot write to flash.
    pub(crate) fn bytes_mut(&mut self, address: u32, len: usize) -> Option<&mut [u8]> {
        let (memory, offset) = match self.flash_offset(address) {
            Some(offset) => (&mut self.flash, offset),
            None => (&mut self.ram, address.checked_sub(self.ram_at)? as usize),
        };
        memory.get_mut(offset..)?.get_mut(..len)
    }

    pub(crate) fn halfword(&self, address: u32) -> Option<u16> {
        self.bytes(address, 2).map(|bytes| u16::from_le_bytes([bytes[0], bytes[1]]))
    }

    pub(crate) fn word(&self, address: u32) -> Option<u32> {
        self.bytes(address, 4).map(|bytes| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    /// Reads `size` bytes (1, 2 or 4) as the program does.
    #[inline]
    pub(crate) fn read(&mut self, address: u32, size: u32, now: u64) -> Result<u32, Cause> {
        let read = match size {
            1 => self.bytes(address, 1).map(|bytes| u32::from(bytes[0])),
            2 => self.halfword(address).map(u32::from),
            _ => self.word(address),
        };
        if let Some(value) = read {
            return Ok(value);
        }
        let value = self.read_register(address & !3, now).ok_or(Cause::Read(address))?;
        let shifted = value >> (8 * (address & 3));
        Ok(if size == 4 { shifted } else { shifted & ((1 << (8 * size)) - 1) })
    }

    /// Writes `size` bytes (1, 2 or 4) as the program does.
    #[inline]
    pub(crate) fn write(&mut self, address: u32, size: u32, value: u32, now: u64) -> Result<(), Cause> {
        if let Some(offset) = address.checked_sub(self.ram_at) {
            let len = size as usize;
            if let Some(bytes) = self.ram.get_mut(offset as usize..).and_then(|rest| rest.get_mut(..len)) {
                bytes.copy_from_slice(&value.to_le_bytes()[..len]);
                return Ok(());
            }
        }
        match address {
            PERIPHERALS..PERIPHERALS_END if Board::has(address) => {
                self.board.write(address, value, &mut self.console);
            }
            PERIPHERALS..PERIPHERALS_END if !self.strict => {}
            PRIVATE..PRIVATE_END => self.system.write(address, value, now),
            _ => return Err(Cause::Write(address)),
        }
        Ok(())
    }

    fn read_register(&mut self, address: u32, now: u64) -> Option<u32> {
        match address {
            PERIPHERALS..PERIPHERALS_END if Board::has(address) => Some(self.board.read(address)),
            PERIPHERALS..PERIPHERALS_END if !self.strict => Some(0),
            PRIVATE..PRIVATE_END => Some(self.system.read(address, now)),
            _ => None,
        }
    }
}

/// Where an STM32 shows its flash; the same bytes are at zero.
const FLASH_ALIAS: u32 = 0x0800_0000;
const RAM: u32 = 0x2000_0000;
/// Code and RAM as a core with TrustZone sees them after its start, on Arm's MPS2 with the image AN505, which QEMU has.
const SECURE_FLASH: u32 = 0x1000_0000;
const SECURE_RAM: u32 = 0x3800_0000;
const PERIPHERALS: u32 = 0x4000_0000;
const PERIPHERALS_END: u32 = 0x6000_0000;
const PRIVATE: u32 = 0xE000_0000;
const PRIVATE_END: u32 = 0xE010_0000;
