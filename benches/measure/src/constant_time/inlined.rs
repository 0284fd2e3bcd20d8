//! Debug information: which functions the instruction at an address was written in.

use addr2line::{Context, gimli};
use object::{LittleEndian, Object, ObjectSection, read::elf::ElfFile32};
use rustc_demangle::demangle;

/// The debug information of a firmware.
pub(super) struct Inlined<'e>(Context<Reader<'e>>);

type Reader<'e> = gimli::EndianSlice<'e, gimli::LittleEndian>;

impl<'e> Inlined<'e> {
    /// Reads it; `None` if there is none.
    ///
    /// # Errors
    /// It makes no sense.
    pub(super) fn read(file: &ElfFile32<'e, LittleEndian>) -> Result<Option<Self>, gimli::Error> {
        if file.section_by_name(".debug_info").is_none() {
            return Ok(None);
        }
        let content = |id: gimli::SectionId| {
            // What is missing or cannot be read is empty, as for debuggers.
            let section = file.section_by_name(id.name()).and_then(|section| section.data().ok());
            Ok::<_, gimli::Error>(Reader::new(section.unwrap_or_default(), gimli::LittleEndian))
        };
        Context::from_dwarf(gimli::Dwarf::load(content)?).map(|context| Some(Self(context)))
    }

    /// The functions around `address` by their names in the sources, the innermost first.
    pub(super) fn at(&self, address: u32) -> Vec<String> {
        let mut names = Vec::new();
        if let Ok(mut frames) = self.0.find_frames(address.into()).skip_all_loads() {
            while let Ok(Some(frame)) = frames.next() {
                let name = frame.function.and_then(|function| Some(function.raw_name().ok()?.into_owned()));
                names.extend(name.map(|name| format!("{:#}", demangle(&name))));
            }
        }
        names
    }
}
