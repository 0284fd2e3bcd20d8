//! What an ELF file will take on the device and what will lie there, read from its section headers (ELF-32, System V
//! ABI chapter 4).

use std::{collections::BTreeMap, fs, path::Path};

use crate::command::Result;

/// A linked firmware, in bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Image {
    /// Code, constants and the initial values of statics.
    pub(crate) flash: u32,
    /// Statics, zeroed or not; no stack.
    pub(crate) ram: u32,
    /// All of `flash`: where each section stands while the program runs, and what is in it.
    pub(crate) loaded: Vec<(u32, Vec<u8>)>,
    /// What has a name and a size below the RAM: functions and constants. Each address once.
    pub(crate) symbols: BTreeMap<u32, (String, u32)>,
}

impl Image {
    /// Reads the ELF file at `path`.
    ///
    /// # Errors
    /// It cannot be read or is not a little-endian ELF-32 file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Self::parse(&bytes).ok_or_else(|| format!("{} is not a 32-bit ELF file", path.display()).into())
    }

    fn parse(elf: &[u8]) -> Option<Self> {
        if elf.get(..6)? != b"\x7fELF\x01\x01" {
            return None;
        }
        let table = word(elf, 0x20)?;
        let size = usize::from(half(elf, 0x2E)?);
        let count = usize::from(half(elf, 0x30)?);
        let mut image = Self { flash: 0, ram: 0, loaded: Vec::new(), symbols: BTreeMap::new() };
        let header_of = |index: usize| table as usize + index * size;
        for header in (0..count).map(header_of) {
            let (kind, flags) = (word(elf, header + 4)?, word(elf, header + 8)?);
            let (address, offset) = (word(elf, header + 12)?, word(elf, header + 16)?);
            let size = word(elf, header + 20)?;
            if kind == SYMBOLS {
                let names = word(elf, header_of(word(elf, header + 24)? as usize) + 16)?;
                let symbols = elf.get(offset as usize..)?.get(..size as usize)?;
                image.symbols =
                    symbols.chunks_exact(16).filter_map(|symbol| named(elf, names, symbol)).collect();
            }
            if flags & ALLOCATED == 0 {
                continue;
            }
            if address >= RAM {
                image.ram += size;
            }
            // A static with an initial value is in both; a zeroed one takes no flash.
            if kind != NO_BITS {
                image.flash += size;
                let content = elf.get(offset as usize..)?.get(..size as usize)?;
                image.loaded.push((address, content.to_vec()));
            }
        }
        Some(image)
    }

    /// The `len` bytes at `address` of the running program, if they are constants or initial values.
    pub(crate) fn at(&self, address: u32, len: u32) -> Option<&[u8]> {
        self.loaded.iter().find_map(|(start, content)| {
            let offset = address.checked_sub(*start)? as usize;
            content.get(offset..)?.get(..len as usize)
        })
    }
}

/// The address, name and size of a symbol of the program, with its name in the strings at `names`.
fn named(elf: &[u8], names: u32, symbol: &[u8]) -> Option<(u32, (String, u32))> {
    let (name, address, size) = (word(symbol, 0)?, word(symbol, 4)?, word(symbol, 8)?);
    if size == 0 || address >= RAM {
        return None;
    }
    let name = elf.get(names.checked_add(name)? as usize..)?.split(|byte| *byte == 0).next()?;
    // The lowest bit of a function's address says that it is Thumb code.
    Some((address & !1, (String::from_utf8_lossy(name).into_owned(), size)))
}

fn word(elf: &[u8], at: usize) -> Option<u32> {
    elf.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}

fn half(elf: &[u8], at: usize) -> Option<u16> {
    elf.get(at..at + 2)?.try_into().ok().map(u16::from_le_bytes)
}

const SYMBOLS: u32 = 2;
const ALLOCATED: u32 = 2;
const NO_BITS: u32 = 8;
/// Where SRAM begins on every Cortex-M.
const RAM: u32 = 0x2000_0000;

#[cfg(test)]
mod tests {
    use super::*;

    /// Sections `[kind, flags, address, size]`; every content is the file's own front.
    fn elf(sections: &[[u32; 4]]) -> Vec<u8> {
        let mut bytes = vec![0; 52];
        bytes[..6].copy_from_slice(b"\x7fELF\x01\x01");
        bytes[0x20..0x24].copy_from_slice(&52_u32.to_le_bytes());
        bytes[0x2E..0x30].copy_from_slice(&40_u16.to_le_bytes());
        bytes[0x30..0x32].copy_from_slice(&(sections.len() as u16).to_le_bytes());
        for [kind, flags, address, size] in sections {
            for word in [&0, kind, flags, address, &0, size, &0, &0, &0, &0] {
                bytes.extend(word.to_le_bytes());
            }
        }
        bytes
    }

    #[test]
    fn image_counts_initial_values_twice_and_zeroed_statics_once() {
        let file = elf(&[
            [1, 2, 0x0000_0000, 36],          // .vector_table
            [1, 6, 0x0000_0024, 100],         // .text
            [1, 3, 0x2000_0000, 32],          // .data
            [NO_BITS, 3, 0x2000_0020, 4_000], // .bss
            [1, 0, 0, 100_000],               // .debug_info
        ]);
        let image = Image::parse(&file).unwrap();
        assert_eq!((image.flash, image.ram), (168, 4_032));
    }

    #[test]
    fn image_finds_constants_where_the_program_does() {
        let image = Image::parse(&elf(&[[1, 6, 0x100, 52], [1, 3, 0x2000_0000, 8]])).unwrap();
        assert_eq!(image.at(0x101, 3), Some(&b"ELF"[..]));
        assert_eq!(image.at(0x2000_0000, 4), Some(&b"\x7fELF"[..]));
        assert_eq!(image.at(0x100 + 50, 3), None);
        assert_eq!(image.at(0xFF, 1), None);
    }

    #[test]
    fn image_has_the_names_of_what_is_in_flash() {
        let mut file = elf(&[[2, 0, 0, 48], [3, 0, 0, 10]]);
        let (symbols, names) = (file.len() as u32, file.len() as u32 + 48);
        for (name, address, size) in [(1, 0x101, 12), (7, 0x2000_0000, 4), (1, 0x200, 0)] {
            for word in [name, address, size, 0_u32] {
                file.extend(word.to_le_bytes());
            }
        }
        file.extend(b"\0_main\0x\0\0");
        file[52 + 16..52 + 20].copy_from_slice(&symbols.to_le_bytes());
        file[52 + 24..52 + 28].copy_from_slice(&1_u32.to_le_bytes());
        file[92 + 16..92 + 20].copy_from_slice(&names.to_le_bytes());
        let image = Image::parse(&file).unwrap();
        assert_eq!(image.symbols, BTreeMap::from([(0x100, ("_main".to_owned(), 12))]));
    }

    #[test]
    fn image_refuses_what_is_no_elf_or_cut_short() {
        let file = elf(&[[1, 2, 0, 36]]);
        assert_eq!(Image::parse(&file[..file.len() - 20]), None);
        assert_eq!(Image::parse(&elf(&[[1, 2, 0, 236]])), None);
        assert_eq!(Image::parse(b"\x7fELF\x02\x01 sixty-four bits"), None);
        assert_eq!(Image::parse(b""), None);
    }
}
