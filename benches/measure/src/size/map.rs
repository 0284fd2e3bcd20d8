//! Whose bytes a linked program's flash holds, read from the map that GNU ld writes.

use xtask::command::Result;

/// Bytes of flash by where they come from. Padding before a section counts as the section's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shares {
    /// `liblowkey.a`.
    pub(super) library: u32,
    /// Other archives: what the compiler and its C library bring.
    pub(super) compiler: u32,
    /// Everything else.
    pub(super) program: u32,
}

impl Shares {
    /// Reads the map in `text`.
    ///
    /// # Errors
    /// It is none, or the library has a variable.
    pub(super) fn read(text: &str) -> Result<Self> {
        let (_, map) = text.split_once(BEGIN).ok_or("the linker's map has no sections")?;
        let mut shares = Self::default();
        // The output section that we are in, an input section's name that stands on a line of its own, and the padding
        // behind the last section.
        let (mut output, mut name, mut padding) = ("", "", 0);
        for line in map.lines() {
            let mut words = line.split_whitespace();
            if !line.starts_with(' ') {
                shares.program += std::mem::take(&mut padding);
                output = words.next().unwrap_or_default();
                continue;
            }
            if !line.starts_with(CONTINUED) {
                name = words.next().unwrap_or_default();
            }
            let (Some(_), Some(size), from) = (hex(words.next()), hex(words.next()), words.next()) else {
                continue;
            };
            match (output, name, from) {
                (".text" | ".data", "*fill*", _) => padding += size,
                (".text" | ".data", _, Some(from)) if size > 0 => {
                    *shares.of(from) += size + std::mem::take(&mut padding);
                }
                _ => (),
            }
            if [".data", ".bss"].contains(&output) && size > 0 && from.is_some_and(is_library) {
                return Err(format!("the library has a variable: {name}").into());
            }
            name = "";
        }
        Ok(shares)
    }

    /// All of it.
    pub(super) fn flash(&self) -> u32 {
        self.library + self.compiler + self.program
    }

    fn of(&mut self, file: &str) -> &mut u32 {
        match file {
            file if is_library(file) => &mut self.library,
            file if file.contains(".a(") => &mut self.compiler,
            _ => &mut self.program,
        }
    }
}

fn is_library(file: &str) -> bool {
    file.contains("liblowkey.a(")
}

fn hex(word: Option<&str>) -> Option<u32> {
    u32::from_str_radix(word?.strip_prefix("0x")?, 16).ok()
}

const BEGIN: &str = "Linker script and memory map";
/// How a line begins that tells more of the last one, or names a symbol.
const CONTINUED: &str = "                ";

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: &str = "\
Discarded input sections

 .text.unused   0x00000000     0xffff /a/liblowkey.a(lowkey.o)

Linker script and memory map

LOAD /a/liblowkey.a
.text           0x00000000     0x1234
 *(.vectors)
 .vectors       0x00000000       0x40 /tmp/a.o
 .text.a_name_that_takes_all_of_the_line
                0x00000040       0x50 /a/liblowkey.a(lowkey.o)
                0x00000040                kk_initiator
 .text.short    0x00000090        0xe /a/liblowkey.a(lowkey.o)
 *fill*         0x0000009e        0x2 
 .text.none     0x000000a0        0x0 /tmp/a.o
 .text          0x000000a0       0x10 /lib/libc_nano.a(memcpy.o)
 .rodata.str1.1
                0x000000b0        0x7 /tmp/a.o
                                  0x9 (size before relaxing)
                0x000000b8                        . = ALIGN (0x4)
 *fill*         0x000000b7        0x1 

.data           0x20000000        0x4 load address 0x000000b8
 .data          0x20000000        0x4 /tmp/a.o

.bss            0x20000004      0x100
 .bss.buffer    0x20000004      0x100 /tmp/a.o

.debug_info     0x00000000     0x9999
 .debug_info    0x00000000     0x9999 /a/liblowkey.a(lowkey.o)
";

    #[test]
    fn every_byte_of_flash_is_somebody_s() {
        let shares = Shares::read(MAP).unwrap();
        assert_eq!(shares, Shares { library: 0x5E, compiler: 0x12, program: 0x40 + 7 + 1 + 4 });
        assert_eq!(shares.flash(), 0xB8 + 4);
    }

    #[test]
    fn a_variable_of_the_library_is_refused() {
        let map = MAP.replace("0x100 /tmp/a.o", "0x100 /a/liblowkey.a(lowkey.o)");
        assert!(Shares::read(&map).unwrap_err().to_string().contains(".bss.buffer"));
        assert!(Shares::read("nothing").is_err());
    }
}
