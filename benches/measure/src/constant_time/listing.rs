//! What `objdump -d` says of an image, searched for instructions whose time depends on their operands.
//!
//! On a Cortex-M3 these are UMULL, SMULL, UMLAL, SMLAL, UDIV and SDIV (TRM r2p1, table 3-1); on a Cortex-M4 UDIV and
//! SDIV alone (TRM r0p1, tables 3-1 and 3-2), and so on a Cortex-M33 with the DSP extension, by one source's word; on
//! cores without them the compiler calls a routine. Four nets, because one hole is enough: the name of the instruction,
//! its encoding, the name of a routine, and whatever lies between the code as data but would be such an instruction if
//! it were executed.

use std::fmt;

/// What must not be in an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Forbidden {
    /// Long multiplies and divisions.
    #[default]
    Both,
    /// Divisions: the core multiplies in a constant time.
    Divisions,
}

impl Forbidden {
    /// What an image must not have, by what it says of its core (`readelf --arch-specific`), and by the cores that its
    /// primitives were chosen for, where it still says so: who has the products of 16 bits on a core with the DSP
    /// extension may doubt its long multiplies.
    pub(super) fn by(attributes: &str, chosen: &[&str]) -> Self {
        let says = |what: &str| attributes.lines().any(|line| line.trim() == what);
        let is_mainline = says("Tag_CPU_arch: v8-M.mainline") || says("Tag_CPU_arch: v8.1-M.mainline");
        let has_dsp = says("Tag_CPU_arch: v7E-M") || is_mainline && says("Tag_DSP_extension: Allowed");
        let are_long = chosen.iter().all(|core| WITH_LONG.contains(core));
        if has_dsp && are_long { Self::Divisions } else { Self::Both }
    }

    /// Whether the instruction of this name is one.
    fn has(self, name: &str) -> bool {
        match self {
            Self::Both => INSTRUCTIONS.iter().any(|begins| name.starts_with(begins)),
            Self::Divisions => DIVISIONS.iter().any(|begins| name.starts_with(begins)),
        }
    }
}

impl fmt::Display for Forbidden {
    /// What is looked for, and what is not.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (instructions, allowed) = match self {
            Self::Both => ("UMULL, SMULL, UMLAL, SMLAL, UDIV, SDIV and their kin", ""),
            Self::Divisions => ("UDIV, SDIV", "long multiplies, of which its primitives are made; "),
        };
        writeln!(f, "  looked for: {instructions}; calls of routines that multiply long or divide")?;
        write!(
            f,
            "  not looked for: {allowed}branches and addresses made of a secret; `cargo xtask constant-time` looks \
             for them in firmware of the same sources"
        )
    }
}

/// Something in an image that must not be there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// Where it is.
    pub(super) address: u32,
    /// The function it is in.
    pub(super) function: String,
    /// What it is.
    pub(super) what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x} in {}: {}", self.address, self.function, self.what)
    }
}

/// What a listing contains.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Searched {
    /// What it was searched for.
    pub(super) forbidden: Forbidden,
    /// The functions it has.
    pub(super) functions: Vec<String>,
    /// Where it has an instruction.
    pub(super) instructions: Vec<u32>,
    /// How many bytes of it are data.
    pub(super) data: usize,
    /// What must not be there.
    pub(super) findings: Vec<Finding>,
    /// The calls of routines that multiply long or divide. Such a routine is a finding itself.
    pub(super) calls: Vec<Finding>,
}

/// Searches the output of `objdump -d`.
pub(super) fn search(listing: &str, forbidden: Forbidden) -> Searched {
    let mut searched = Searched { forbidden, ..Searched::default() };
    let mut function = String::from("no function");
    let mut data = Data::default();
    for line in listing.lines() {
        if let Some(name) = label(line) {
            name.clone_into(&mut function);
            searched.functions.push(function.clone());
            if names_a_routine(name) {
                let finding = Finding::new(address(line).unwrap_or(0), name, A_ROUTINE);
                searched.findings.push(finding);
            }
        }
        let Some(Line { address, code, mnemonic, operands }) = Line::parse(line) else { continue };
        if mnemonic.starts_with('.') {
            searched.data += code.len();
            if let Some((at, word)) = data.find(address, &code, forbidden) {
                let what = format!("data that would be executed as {word}");
                searched.findings.push(Finding::new(at, &function, &what));
            }
            continue;
        }
        searched.instructions.push(address);
        data = Data::default();
        let encoded = match code[..] {
            [a, b, c, d] => long([u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])]),
            _ => None,
        };
        let found = || Finding::new(address, &function, &format!("{mnemonic} {operands}"));
        if encoded.is_some_and(|name| forbidden.has(name)) || forbidden.has(mnemonic) {
            searched.findings.push(found());
        }
        if mnemonic.starts_with('b')
            && operands.split_once('<').is_some_and(|(_, name)| names_a_routine(name))
        {
            searched.calls.push(found());
        }
    }
    searched
}

impl Finding {
    fn new(address: u32, function: &str, what: &str) -> Self {
        Self { address, function: function.to_owned(), what: what.trim_end().to_owned() }
    }
}

fn names_a_routine(name: &str) -> bool {
    ROUTINES.iter().any(|routine| name.contains(routine))
}

/// `00000124 <name>:`
fn label(line: &str) -> Option<&str> {
    line.split_once(" <")?.1.strip_suffix(">:")
}

fn address(line: &str) -> Option<u32> {
    u32::from_str_radix(line.split([' ', ':']).find(|word| !word.is_empty())?, 16).ok()
}

/// `    1f0e:⇥fbb0 f0f1 ⇥udiv⇥r0, r0, r1`
struct Line<'l> {
    address: u32,
    /// As it lies in memory.
    code: Vec<u8>,
    mnemonic: &'l str,
    operands: &'l str,
}

impl<'l> Line<'l> {
    fn parse(line: &'l str) -> Option<Self> {
        let mut columns = line.split('\t');
        let address = u32::from_str_radix(columns.next()?.trim().strip_suffix(':')?, 16).ok()?;
        // Each group is a byte, halfword or word, shown with its highest byte first.
        let mut code = Vec::new();
        for group in columns.next()?.split_whitespace() {
            let value = u32::from_str_radix(group, 16).ok()?;
            code.extend(&value.to_le_bytes()[..group.len() / 2]);
        }
        Some(Self {
            address,
            code,
            mnemonic: columns.next()?.trim(),
            operands: columns.next().unwrap_or_default(),
        })
    }
}

/// Bytes between the code, one behind the other.
#[derive(Default)]
struct Data {
    /// The address behind the last byte.
    end: u32,
    /// The last halfword, if the next bytes follow it.
    last: Option<u16>,
}

impl Data {
    /// The first place up to the end of `bytes` where two halfwords are an instruction that must not be there.
    fn find(&mut self, address: u32, bytes: &[u8], forbidden: Forbidden) -> Option<(u32, &'static str)> {
        if address != self.end || !address.is_multiple_of(2) {
            self.last = None;
        }
        self.end = address + bytes.len() as u32;
        let mut found = None;
        for (at, pair) in (address..).step_by(2).zip(bytes.chunks_exact(2)) {
            let half = u16::from_le_bytes([pair[0], pair[1]]);
            let name = self.last.replace(half).and_then(|last| long([last, half]));
            if let Some(name) = name.filter(|name| forbidden.has(name)) {
                found = found.or(Some((at - 2, name)));
            }
        }
        found
    }
}

/// The long multiply or division with this encoding (ARMv7-M, A5.3.17; the DSP extension's as well), if its registers
/// are such that a core would execute it.
fn long([first, second]: [u16; 2]) -> Option<&'static str> {
    if first & 0xFF80 != 0xFB80 {
        return None;
    }
    let (low, high) = (second >> 12, second >> 8 & 15);
    let name = match (first >> 4 & 7, second >> 4 & 15) {
        (1, 15) => return (low == 15).then_some("sdiv"),
        (3, 15) => return (low == 15).then_some("udiv"),
        (0, 0) => "smull",
        (2, 0) => "umull",
        (4, 0) => "smlal",
        (4, 8..=13) => "smlal of halves",
        (5, 12 | 13) => "smlsld",
        (6, 0) => "umlal",
        (6, 6) => "umaal",
        _ => return None,
    };
    (low != high && ![low, high].iter().any(|register| matches!(register, 13 | 15))).then_some(name)
}

/// How the names of the instructions begin: SMLALBB and UMULLNE as well.
const INSTRUCTIONS: [&str; 10] =
    ["umull", "umlal", "umaal", "smull", "smlal", "smlsl", "smmul", "smml", "udiv", "sdiv"];
/// Those of them that divide.
const DIVISIONS: [&str; 2] = ["udiv", "sdiv"];
/// The cores whose primitives are of long multiplies, as an image's symbols have them.
const WITH_LONG: [&str; 2] = ["cortex_m4", "cortex_m33_dsp"];
const A_ROUTINE: &str = "a routine that multiplies long or divides";
/// What names of routines contain (Run-time ABI for the Arm Architecture, §4.3; the names that libgcc and
/// compiler-builtins have for the same).
const ROUTINES: [&str; 13] = [
    "__aeabi_lmul",
    "__aeabi_idiv",
    "__aeabi_uidiv",
    "__aeabi_ldiv",
    "__aeabi_uldiv",
    "__muldi3",
    "__multi3",
    "__mulsi3",
    "__div",
    "__mod",
    "__udiv",
    "__umod",
    "specialized_div_rem",
];

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "\nimage:     file format elf32-littlearm\n\n\nDisassembly of section .text:\n\n";

    fn found(listing: &str) -> Vec<String> {
        found_on(Forbidden::Both, listing)
    }

    fn found_on(forbidden: Forbidden, listing: &str) -> Vec<String> {
        search(&(HEAD.to_owned() + listing), forbidden).findings.iter().map(Finding::to_string).collect()
    }

    #[test]
    fn every_long_multiply_and_division_is_found_with_its_function() {
        let listing = "00001f00 <uart::number>:\n\
            \x20   1f0e:\tfbb0 f0f1 \tudiv\tr0, r0, r1\n\
            \x20   1f12:\tfb91 f2f3 \tsdiv\tr2, r1, r3\n\
            00001f40 <<field::Element as core::ops::Mul>::mul>:\n\
            \x20   1fb8:\tfba3 0300 \tumull\tr0, r3, r3, r0\n\
            \x20   1fbc:\tfb83 0300 \tsmull\tr0, r3, r3, r0\n\
            \x20   1fc0:\tfbe6 0309 \tumlal\tr0, r3, r6, r9\n\
            \x20   1fc4:\tfbc6 0309 \tsmlal\tr0, r3, r6, r9\n\
            \x20   1fc8:\tfbe6 0369 \tumaal\tr0, r3, r6, r9\n\
            \x20   1fcc:\tfbc6 0389 \tsmlalbb\tr0, r3, r6, r9\n\
            \x20   1fd0:\tfb51 f002 \tsmmul\tr0, r1, r2\n";
        assert_eq!(
            found(listing),
            [
                "0x1f0e in uart::number: udiv r0, r0, r1",
                "0x1f12 in uart::number: sdiv r2, r1, r3",
                "0x1fb8 in <field::Element as core::ops::Mul>::mul: umull r0, r3, r3, r0",
                "0x1fbc in <field::Element as core::ops::Mul>::mul: smull r0, r3, r3, r0",
                "0x1fc0 in <field::Element as core::ops::Mul>::mul: umlal r0, r3, r6, r9",
                "0x1fc4 in <field::Element as core::ops::Mul>::mul: smlal r0, r3, r6, r9",
                "0x1fc8 in <field::Element as core::ops::Mul>::mul: umaal r0, r3, r6, r9",
                "0x1fcc in <field::Element as core::ops::Mul>::mul: smlalbb r0, r3, r6, r9",
                "0x1fd0 in <field::Element as core::ops::Mul>::mul: smmul r0, r1, r2",
            ]
        );
    }

    #[test]
    fn on_a_core_that_multiplies_in_a_constant_time_divisions_alone_are_found() {
        let listing = "00000100 <f>:\n\
            \x20    100:\tfbe6 0369 \tumaal\tr0, r3, r6, r9\n\
            \x20    104:\tfba3 0300 \t\t\t@ <UNDEFINED> instruction: 0xfba30300\n\
            \x20    108:\tfbb0 f0f1 \tudiv\tr0, r0, r1\n\
            \x20    10c:\tfb91 f2f3 \t\t\t@ <UNDEFINED> instruction: 0xfb91f2f3\n";
        assert_eq!(found_on(Forbidden::Divisions, listing).len(), 2);
        assert_eq!(found(listing).len(), 4);
    }

    /// By one line of the attributes, or two, and by the symbols.
    fn by(arch: &str, chosen: &[&str]) -> Forbidden {
        Forbidden::by(&format!("File Attributes\n  Tag_CPU_arch: {arch}\n"), chosen)
    }

    #[test]
    fn long_multiplies_are_allowed_on_cores_whose_attributes_say_that_they_have_the_dsp_extension() {
        assert_eq!(by("v7E-M", &[]), Forbidden::Divisions);
        for other in ["v7", "v6S-M", "v8-M.mainline", "v7E-M.other"] {
            assert_eq!(by(other, &[]), Forbidden::Both);
        }
        assert_eq!(by("v8-M.mainline\n  Tag_DSP_extension: Allowed", &[]), Forbidden::Divisions);
        assert_eq!(by("v7\n  Tag_DSP_extension: Allowed", &[]), Forbidden::Both);
        // A Cortex-M55.
        assert_eq!(by("v8.1-M.mainline\n  Tag_DSP_extension: Allowed", &[]), Forbidden::Divisions);
        assert_eq!(by("v8.1-M.mainline", &[]), Forbidden::Both);
    }

    /// SECURITY.md: whoever doubts a core's long multiplies has the products of 16 bits, and none is linked.
    #[test]
    fn where_products_of_16_bits_were_chosen_long_multiplies_are_found_whatever_the_attributes_allow() {
        let m33 = "v8-M.mainline\n  Tag_DSP_extension: Allowed";
        assert_eq!(by("v7E-M", &["cortex_m4"]), Forbidden::Divisions);
        assert_eq!(by(m33, &["cortex_m33_dsp"]), Forbidden::Divisions);
        for (arch, chosen) in [("v7E-M", "cortex_m3"), ("v7E-M", "any_in_rust"), (m33, "cortex_m33")] {
            assert_eq!(by(arch, &[chosen]), Forbidden::Both, "{arch} {chosen}");
        }
        // Of two versions of the library in one image.
        assert_eq!(by("v7E-M", &["cortex_m4", "cortex_m3"]), Forbidden::Both);
    }

    #[test]
    fn short_multiplies_and_everything_else_are_welcome() {
        let listing = "00000100 <f>:\n\
            \x20    100:\tfb01 f002 \tmul.w\tr0, r1, r2\n\
            \x20    104:\tfb01 0002 \tmla\tr0, r1, r2, r0\n\
            \x20    108:\tfb01 0012 \tmls\tr0, r1, r2, r0\n\
            \x20    10c:\t4348      \tmuls\tr0, r1\n\
            \x20    10e:\tfab0 f080 \tclz\tr0, r0\n\
            \x20    112:\tf7ff fff5 \tbl\t100 <f>\n";
        let (functions, findings) = (vec!["f".to_owned()], Vec::new());
        let instructions = vec![0x100, 0x104, 0x108, 0x10C, 0x10E, 0x112];
        let expected = Searched { functions, instructions, findings, ..Searched::default() };
        assert_eq!(search(listing, Forbidden::Both), expected);
    }

    #[test]
    fn an_encoding_is_found_whatever_objdump_calls_it() {
        let listing = "00000100 <f>:\n\
            \x20    100:\tfba3 0300 \t\t\t@ <UNDEFINED> instruction: 0xfba30300\n\
            \x20    104:\tfbe6 0369 \tdcd\t0xfbe60369\n";
        assert_eq!(found(listing).len(), 2);
    }

    #[test]
    fn routines_in_place_of_instructions_are_found() {
        let listing = "00000100 <__aeabi_uldivmod>:\n\
            \x20    100:\t4770      \tbx\tlr\n\
            00000102 <compiler_builtins::int::udiv::__udivmoddi4>:\n\
            00000104 <__aeabi_memcpy4>:\n\
            \x20    104:\t4770      \tbx\tlr\n";
        assert_eq!(
            found(listing),
            [
                "0x100 in __aeabi_uldivmod: a routine that multiplies long or divides",
                "0x102 in compiler_builtins::int::udiv::__udivmoddi4: a routine that multiplies long or divides",
            ]
        );
    }

    #[test]
    fn a_call_of_such_a_routine_is_known_by_where_it_is() {
        let listing = "00000100 <f>:\n\
            \x20    100:\tf000 f810 \tbl\t124 <__aeabi_uldivmod>\n\
            \x20    104:\tf000 b80e \tb.w\t124 <____aeabi_uldivmod_veneer>\n\
            \x20    108:\tf000 f80c \tbl\t124 <__aeabi_memcpy>\n\
            \x20    10c:\t4802      \tldr\tr0, [pc, #8]\t@ (118 <__aeabi_uldivmod>)\n";
        let calls = search(listing, Forbidden::Both).calls;
        assert_eq!(calls.iter().map(|call| call.address).collect::<Vec<_>>(), [0x100, 0x104]);
        assert_eq!(calls[0].to_string(), "0x100 in f: bl 124 <__aeabi_uldivmod>");
    }

    #[test]
    fn data_that_could_be_executed_is_found_and_other_data_is_not() {
        let harmless = "00000120 <f>:\n\
            \x20    120:\t20000148 \t.word\t0x20000148\n\
            \x20    124:\tfba3ffff \t.word\t0xfba3ffff\n\
            \x20    128:\t0001      \t.short\t0x0001\n\
            \x20    12a:\t42        \t.byte\t0x42\n\
            \x20    12c:\t00000000 \t.word\t0x00000000\n";
        let (functions, findings) = (vec!["f".to_owned()], Vec::new());
        assert_eq!(
            search(harmless, Forbidden::Both),
            Searched { functions, data: 15, findings, ..Searched::default() }
        );
        // As one word, across two words, and in two halfwords.
        let executable = "00000120 <f>:\n\
            \x20    120:\t0300fba3 \t.word\t0x0300fba3\n\
            \x20    124:\tfbb00000 \t.word\t0xfbb00000\n\
            \x20    128:\t0000f0f1 \t.word\t0x0000f0f1\n\
            \x20    12c:\tfbe6      \t.short\t0xfbe6\n\
            \x20    12e:\t0309      \t.short\t0x0309\n";
        assert_eq!(
            found(executable),
            [
                "0x120 in f: data that would be executed as umull",
                "0x126 in f: data that would be executed as udiv",
                "0x12c in f: data that would be executed as umlal",
            ]
        );
    }
}
