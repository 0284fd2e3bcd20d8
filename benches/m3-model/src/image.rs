//! What the model needs of an ELF file: what lies where, and what it is called.

use std::collections::HashMap;

use object::{
    Endianness, Object, ObjectSymbol, SymbolKind,
    elf::{EM_ARM, FileHeader32, PT_LOAD},
    read::elf::{ElfFile, FileHeader, ProgramHeader},
};
use rustc_demangle::demangle;

/// A linked program.
#[derive(Default)]
pub(crate) struct Image {
    pub(crate) segments: Vec<Segment>,
    pub(crate) functions: Functions,
    symbols: HashMap<String, u32>,
}

/// Bytes, where they are stored and where the program expects them.
pub(crate) struct Segment {
    pub(crate) stored: u32,
    pub(crate) used: u32,
    pub(crate) bytes: Vec<u8>,
}

impl Image {
    /// Reads an ELF file for ARM, or says what is wrong with it.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
        let file = ElfFile::<FileHeader32<Endianness>>::parse(bytes).map_err(|error| error.to_string())?;
        let endian = file.endian();
        if file.raw_header().e_machine(endian) != EM_ARM || endian != Endianness::Little {
            return Err("not for a little-endian ARM".to_owned());
        }
        let mut image = Self::default();
        for header in file.raw_header().program_headers(endian, bytes).map_err(|error| error.to_string())? {
            if header.p_type(endian) == PT_LOAD && header.p_filesz(endian) != 0 {
                let content =
                    header.data(endian, bytes).map_err(|()| "a segment lies outside of the file")?;
                let (stored, used) = (header.p_paddr(endian), header.p_vaddr(endian));
                image.segments.push(Segment { stored, used, bytes: content.to_vec() });
            }
        }
        let mut functions = Vec::new();
        for symbol in file.symbols().filter(ObjectSymbol::is_definition) {
            let (Ok(name), Ok(address)) = (symbol.name(), u32::try_from(symbol.address())) else { continue };
            // $t, $d and $a mark code and data; they are no names.
            if name.is_empty() || name.starts_with('$') {
                continue;
            }
            let readable = format!("{:#}", demangle(name));
            if symbol.kind() == SymbolKind::Text {
                let size = u32::try_from(symbol.size()).unwrap_or(0);
                functions.push(Function { start: address & !1, size, name: readable.clone() });
            }
            image.symbols.insert(readable, address);
            image.symbols.insert(name.to_owned(), address);
        }
        image.functions = Functions::new(functions);
        Ok(image)
    }

    /// The address of what is called `name`, mangled or not.
    pub(crate) fn symbol(&self, name: &str) -> Option<u32> {
        self.symbols.get(name).copied()
    }
}

/// A function's place and name.
pub(crate) struct Function {
    pub(crate) start: u32,
    pub(crate) size: u32,
    pub(crate) name: String,
}

/// The functions by address.
#[derive(Default)]
pub(crate) struct Functions(Vec<Function>);

impl Functions {
    fn new(mut functions: Vec<Function>) -> Self {
        // Of several names for one place the longest function counts.
        functions.sort_by(|a, b| (a.start, b.size, &a.name).cmp(&(b.start, a.size, &b.name)));
        functions.dedup_by_key(|function| function.start);
        Self(functions)
    }

    /// The number of the function that `address` is in. Hand-written ones often have no size: theirs goes up to
    /// the next function.
    pub(crate) fn at(&self, address: u32) -> Option<usize> {
        let index = self.0.partition_point(|function| function.start <= address).checked_sub(1)?;
        let function = &self.0[index];
        (function.size == 0 || address - function.start < function.size).then_some(index)
    }

    pub(crate) fn get(&self, index: usize) -> Option<&Function> {
        self.0.get(index)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}
