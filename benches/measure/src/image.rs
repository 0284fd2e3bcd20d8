//! What an ELF file will take on the device and what will lie there.

use std::{collections::BTreeMap, fs, path::Path};

use object::{
    LittleEndian, Object, ObjectSection, ObjectSymbol, SectionFlags, SectionKind, elf::SHF_ALLOC,
    read::elf::ElfFile32,
};
use xtask::command::Result;

/// A linked firmware, in bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct Image {
    /// Code, constants and the initial values of statics.
    pub flash: u32,
    /// Statics, zeroed or not; no stack.
    pub ram: u32,
    /// All of `flash`: where each section stands while the program runs, and what is in it.
    pub loaded: Vec<(u32, Vec<u8>)>,
    /// What has a name and a size below the RAM: functions and constants. Each address once.
    pub symbols: BTreeMap<u32, (String, u32)>,
}

impl Image {
    /// Reads the ELF file at `path`.
    ///
    /// # Errors
    /// It cannot be read or is not a little-endian ELF-32 file.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Self::parse(&bytes).map_err(|error| {
            format!("{} is not a little-endian 32-bit ELF file: {error}", path.display()).into()
        })
    }

    fn parse(elf: &[u8]) -> object::Result<Self> {
        let elf = ElfFile32::<LittleEndian>::parse(elf)?;
        let mut image = Self { flash: 0, ram: 0, loaded: Vec::new(), symbols: BTreeMap::new() };
        for section in elf.sections() {
            let SectionFlags::Elf { sh_flags } = section.flags() else { continue };
            if sh_flags & u64::from(SHF_ALLOC) == 0 {
                continue;
            }
            let (address, size) = (section.address() as u32, section.size() as u32);
            if address >= RAM {
                image.ram += size;
            }
            // A static with an initial value is in both; a zeroed one takes no flash.
            if section.kind() != SectionKind::UninitializedData {
                image.flash += size;
                image.loaded.push((address, section.data()?.to_vec()));
            }
        }
        for symbol in elf.symbols() {
            let (address, size) = (symbol.address() as u32, symbol.size() as u32);
            if size != 0 && address < RAM {
                let name = String::from_utf8_lossy(symbol.name_bytes()?).into_owned();
                // The lowest bit of a function's address says that it is Thumb code.
                image.symbols.insert(address & !1, (name, size));
            }
        }
        Ok(image)
    }

    /// The `len` bytes at `address` of the running program, if they are constants or initial values.
    pub fn at(&self, address: u32, len: u32) -> Option<&[u8]> {
        self.loaded.iter().find_map(|(start, content)| {
            let offset = address.checked_sub(*start)? as usize;
            content.get(offset..)?.get(..len as usize)
        })
    }
}

/// Where SRAM begins on every Cortex-M.
const RAM: u32 = 0x2000_0000;

#[cfg(test)]
pub(crate) mod tests {
    use object::elf::{SHT_NOBITS, SHT_STRTAB, SHT_SYMTAB};

    use super::*;

    /// Sections `[kind, flags, address, size]` behind the empty one and that of their names,
    /// which has none; every content is the file's own front.
    pub(crate) fn elf(sections: &[[u32; 4]]) -> Vec<u8> {
        let mut bytes = vec![0; 52];
        bytes[..7].copy_from_slice(b"\x7fELF\x01\x01\x01");
        bytes[0x20..0x24].copy_from_slice(&52_u32.to_le_bytes());
        bytes[0x2E..0x30].copy_from_slice(&40_u16.to_le_bytes());
        bytes[0x30..0x32].copy_from_slice(&(sections.len() as u16 + 2).to_le_bytes());
        bytes[0x32..0x34].copy_from_slice(&1_u16.to_le_bytes());
        for [kind, flags, address, size] in [[0; 4], [SHT_STRTAB, 0, 0, 0]].iter().chain(sections) {
            for word in [&0, kind, flags, address, &0, size, &0, &0, &0, &0] {
                bytes.extend(word.to_le_bytes());
            }
        }
        bytes
    }

    #[test]
    fn image_counts_initial_values_twice_and_zeroed_statics_once() {
        let file = elf(&[
            [1, 2, 0x0000_0000, 36],             // .vector_table
            [1, 6, 0x0000_0024, 100],            // .text
            [1, 3, 0x2000_0000, 32],             // .data
            [SHT_NOBITS, 3, 0x2000_0020, 4_000], // .bss
            [1, 0, 0, 100_000],                  // .debug_info
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
        let mut file = elf(&[[SHT_SYMTAB, 0, 0, 48], [SHT_STRTAB, 0, 0, 10]]);
        let (symbols, names) = (file.len() as u32, file.len() as u32 + 48);
        for (name, address, size) in [(1, 0x101, 12), (7, 0x2000_0000, 4), (1, 0x200, 0)] {
            for word in [name, address, size, 0_u32] {
                file.extend(word.to_le_bytes());
            }
        }
        file.extend(b"\0_main\0x\0\0");
        file[132 + 16..132 + 20].copy_from_slice(&symbols.to_le_bytes());
        file[132 + 24..132 + 28].copy_from_slice(&3_u32.to_le_bytes());
        file[172 + 16..172 + 20].copy_from_slice(&names.to_le_bytes());
        let image = Image::parse(&file).unwrap();
        assert_eq!(image.symbols, BTreeMap::from([(0x100, ("_main".to_owned(), 12))]));
    }

    #[test]
    fn image_refuses_what_is_no_elf_or_cut_short() {
        let file = elf(&[[1, 2, 0, 36]]);
        assert!(Image::parse(&file[..file.len() - 20]).is_err());
        assert!(Image::parse(&elf(&[[1, 2, 0, 236]])).is_err());
        assert!(Image::parse(b"\x7fELF\x02\x01 sixty-four bits").is_err());
        assert!(Image::parse(b"").is_err());
    }
}
