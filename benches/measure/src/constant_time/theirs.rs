//! `cargo xtask constant-time --elf FIRMWARE`: the first gate for a firmware that somebody else has made, in which
//! there is more than a channel. Looked at is what is ours in it.
//!
//! A function is found by its symbol: the functions of our crates, those of the headers for C, and what `core` and the
//! crates that compare and wipe secrets have compiled for types of ours. What the compiler has put into functions of
//! the firmware's own has no symbol; debug information says which instructions these are.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    path::Path,
};

use object::{Architecture, LittleEndian, Object, ObjectSymbol, SymbolKind, read::elf::ElfFile32};
use pack::archive;
use rustc_demangle::demangle;
use xtask::{command::Result, root, setup};

use super::{
    disassembled,
    inlined::Inlined,
    listing::{Finding, Forbidden, Searched},
};

/// Looks at what is ours in the firmware `elf`, and says what was looked for and what was not.
///
/// # Errors
/// It cannot be read, has no symbols, nothing of lowkey-crypto or lowkey-core, the portable primitives, or not all that
/// a channel computes with; how many instructions of ours take a time of their own.
pub fn of_a_firmware(elf: &Path) -> Result<()> {
    let looked = look(elf).map_err(|error| format!("{}: {error}", elf.display()))?;
    print!("{}:\n{looked}", elf.display());
    match looked.findings.len() {
        0 => Ok(()),
        found => Err(format!("{found} instructions of ours take a time of their own").into()),
    }
}

/// Makes sure that what is inlined is seen, in a firmware that has something of ours inlined and debug information.
///
/// # Errors
/// It is not seen; as [`of_a_firmware`].
pub(super) fn sees_what_is_inlined(elf: &Path) -> Result<()> {
    let looked = look(elf)?;
    match looked.inlined.iter().flat_map(BTreeMap::values).sum::<usize>() {
        0 => Err("nothing that is inlined is seen in a firmware with debug information".into()),
        inlined => {
            println!("  of that {inlined} instructions of ours inlined into functions of others");
            Ok(())
        }
    }
}

fn look(elf: &Path) -> Result<Looked> {
    let bytes = fs::read(elf)?;
    let file = read(&bytes)?;
    setup::ensure([&setup::ARM_OBJDUMP])?;
    let searched = disassembled(elf)?;
    let inlined = Inlined::read(&file).map_err(|error| format!("its debug information: {error}"))?;
    let inlined_at = |address| inlined.as_ref().map_or_else(Vec::new, |inlined| inlined.at(address));
    let parts = Parts {
        functions: functions(&file)?,
        declared: archive::declared(&root())?,
        inlined: inlined.is_some().then_some(&inlined_at),
    };
    Ok(parts.look(&searched)?)
}

fn read(bytes: &[u8]) -> std::result::Result<ElfFile32<'_, LittleEndian>, String> {
    let file =
        ElfFile32::parse(bytes).map_err(|error| format!("no little-endian 32-bit ELF file: {error}"))?;
    match file.architecture() {
        Architecture::Arm => Ok(file),
        other => Err(format!("it is for {other:?}, and not for Arm")),
    }
}

/// A function by its name in the sources: from its first address to the one behind its last.
struct Function {
    start: u32,
    end: u32,
    name: String,
}

/// What has a name, a size and code, by address.
fn functions(file: &ElfFile32<'_, LittleEndian>) -> std::result::Result<Vec<Function>, String> {
    let named = file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.size() != 0);
    let function = |name: &str, address: u64, size: u64| {
        // The lowest bit of a function's address says that it is Thumb code.
        let start = address as u32 & !1;
        Function { start, end: start.saturating_add(size as u32), name: format!("{:#}", demangle(name)) }
    };
    let mut functions: Vec<Function> = named
        .filter_map(|symbol| Some(function(symbol.name().ok()?, symbol.address(), symbol.size())))
        .collect();
    functions.sort_unstable_by_key(|function| function.start);
    match functions[..] {
        [] => Err("it has no symbols: look at what the linker wrote, before `strip`".to_owned()),
        _ => Ok(functions),
    }
}

/// A firmware, and what tells whose a part of it is.
struct Parts<'f> {
    functions: Vec<Function>,
    /// The functions of the headers for C.
    declared: BTreeSet<String>,
    /// For an address the functions whose instruction is there, the innermost first; with debug information only.
    inlined: Option<&'f dyn Fn(u32) -> Vec<String>>,
}

/// Whose an address is.
enum Whose<'p> {
    Ours(&'static str, &'p str),
    /// Of a function of ours inside one that is not.
    Inlined(String, &'p str),
    Others,
}

impl Parts<'_> {
    /// Looks through the code. What lies between it is data, as the file itself says.
    ///
    /// # Errors
    /// What was not there to be looked at.
    fn look(&self, searched: &Searched) -> std::result::Result<Looked, String> {
        let mut looked = Looked { forbidden: searched.forbidden, ..Looked::default() };
        let mut names: BTreeSet<String> = BTreeSet::new();
        for function in &self.functions {
            if let Some(title) = self.title(&function.name)
                && names.insert(function.name.clone())
            {
                looked.ours.entry(title).or_default().0 += 1;
            }
        }
        looked.inlined = self.inlined.map(|_| BTreeMap::new());
        for address in &searched.instructions {
            match self.whose(*address) {
                Whose::Ours(title, _) => looked.ours.entry(title).or_default().1 += 1,
                Whose::Inlined(ours, within) => {
                    names.insert(ours);
                    let counts = looked.inlined.get_or_insert_default();
                    *counts.entry(within.to_owned()).or_default() += 1;
                }
                Whose::Others => (),
            }
        }
        for Finding { address, what, .. } in searched.findings.iter().chain(&searched.calls) {
            if !searched.instructions.contains(address) {
                continue;
            }
            let within = match self.whose(*address) {
                Whose::Ours(_, name) => name.to_owned(),
                Whose::Inlined(ours, within) => format!("{within}, from {ours}"),
                Whose::Others => continue,
            };
            looked.findings.push(format!("{address:#x} in {within}: {what}"));
        }
        let by_name =
            [CRYPTO, CORE].iter().filter_map(|title| looked.ours.get(title)).map(|(_, count)| count);
        if by_name.chain(looked.inlined.iter().flat_map(BTreeMap::values)).sum::<usize>() == 0 {
            return Err("nothing in it is lowkey-crypto's or lowkey-core's by name".to_owned());
        }
        if let Some(name) = names.iter().find(|name| name.contains(PORTABLE)) {
            return Err(format!("its primitives are the portable ones, which multiply long: {name}"));
        }
        let is_there = |parts: &[&str]| names.iter().any(|name| parts.iter().any(|part| name.contains(part)));
        match PRIMITIVES.iter().find(|(_, parts)| !is_there(parts)) {
            Some((title, _)) => Err(format!("nothing in it is ours by name that computes {title}")),
            None => Ok(looked),
        }
    }

    fn whose(&self, address: u32) -> Whose<'_> {
        let begun = self.functions.partition_point(|function| function.start <= address);
        let function = self.functions[..begun].last().filter(|function| address < function.end);
        let name = function.map_or("no function", |function| &function.name);
        if let Some(title) = self.title(name) {
            return Whose::Ours(title, name);
        }
        let frames = self.inlined.map(|inlined| inlined(address)).unwrap_or_default();
        match frames.into_iter().find(|frame| self.title(frame).is_some()) {
            Some(ours) => Whose::Inlined(ours, name),
            None => Whose::Others,
        }
    }

    /// What a function of this name is a part of, if it is ours.
    fn title(&self, name: &str) -> Option<&'static str> {
        if self.declared.contains(name) {
            return Some(HEADERS);
        }
        // `lowkey_core::kk::begin`, `<&mut lowkey_core::Id as Trait>::f`
        let mut path = name.trim_start_matches(['<', '&', '*', '[', '(']);
        for word in ["mut ", "const ", "dyn "] {
            path = path.strip_prefix(word).unwrap_or(path);
        }
        let (root, _) = path.split_once("::")?;
        if let Some((_, title)) = CRATES.iter().find(|(name, _)| *name == root) {
            return Some(title);
        }
        let is_for_ours = OF_OTHERS.contains(&root) && TYPES.iter().any(|start| name.contains(start));
        is_for_ours.then_some(FOR_OURS)
    }
}

/// What there was to look at, and what was found.
#[derive(Debug, Default, PartialEq, Eq)]
struct Looked {
    /// How many functions and instructions, by what they are a part of.
    ours: BTreeMap<&'static str, (usize, usize)>,
    /// Instructions of ours by the function of others that has them inside; nothing is known without debug information.
    inlined: Option<BTreeMap<String, usize>>,
    forbidden: Forbidden,
    findings: Vec<String>,
}

impl fmt::Display for Looked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (title, (functions, instructions)) in &self.ours {
            writeln!(f, "  {title}: {functions} functions, {instructions} instructions")?;
        }
        match &self.inlined {
            Some(inlined) => {
                let sum: usize = inlined.values().sum();
                writeln!(
                    f,
                    "  inlined into {} functions of others: {sum} instructions of ours",
                    inlined.len()
                )?;
                for (name, count) in inlined {
                    writeln!(f, "      {count} in {name}")?;
                }
            }
            None => writeln!(f, "{NOT_KNOWN}")?,
        }
        writeln!(f, "{}", self.forbidden)?;
        writeln!(f, "  {} found", self.findings.len())?;
        self.findings.iter().try_for_each(|finding| writeln!(f, "      {finding}"))
    }
}

const CRYPTO: &str = "lowkey-crypto";
const CORE: &str = "lowkey-core";
/// Our crates for devices, by the name that the compiler gives them.
const CRATES: [(&str, &str); 4] = [
    ("lowkey_crypto", CRYPTO),
    ("lowkey_core", CORE),
    ("lowkey_transport", "lowkey-transport"),
    ("lowkey_c", "lowkey-c"),
];
const HEADERS: &str = "the headers for C";
const FOR_OURS: &str = "of other crates, for types of ours";
/// Crates whose generic functions handle secrets, when they are compiled for types of these.
const OF_OTHERS: [&str; 3] = ["core", "subtle", "zeroize"];
const TYPES: [&str; 2] = ["lowkey_crypto::", "lowkey_core::"];
/// How the portable body is called.
const PORTABLE: &str = "lowkey_crypto::body::portable";
/// Parts of the names of what every channel computes with.
const PRIMITIVES: [(&str, &[&str]); 4] = [
    ("X25519", &["::x25519::", "::field::"]),
    ("ChaCha20", &["::chacha20::"]),
    ("Poly1305", &["::poly1305::"]),
    ("BLAKE2s", &["::blake2s::"]),
];
const NOT_KNOWN: &str = "  inlined into functions of others: not known and not looked at, for the file has no debug \
                         information; `debug = true` in the build profile gives it some, which the flash does not see";

#[cfg(test)]
mod tests {
    use super::{super::listing::search, *};
    use crate::image::tests::elf;

    /// Functions of 16 bytes each, one behind the other from 0x100 on.
    fn parts<'f>(names: &[&str], inlined: Option<&'f dyn Fn(u32) -> Vec<String>>) -> Parts<'f> {
        let function =
            |(start, name): (u32, &&str)| Function { start, end: start + 16, name: (*name).to_owned() };
        let functions = (0x100..).step_by(16).zip(names).map(function).collect();
        Parts { functions, declared: BTreeSet::from(["lowkey_poll".to_owned()]), inlined }
    }

    #[test]
    fn a_function_is_ours_by_the_crate_that_its_name_begins_with() {
        let parts = parts(&[], None);
        let names = [
            ("lowkey_crypto::body::compact::field::thumb2::product", Some(CRYPTO)),
            ("<lowkey_core::engine::Engine>::draw", Some(CORE)),
            ("<&mut lowkey_core::keys::Id as core::fmt::Debug>::fmt", Some(CORE)),
            ("<[lowkey_crypto::secret::Secret<32>] as theirs::Trait>::f", Some(CRYPTO)),
            ("lowkey_poll", Some(HEADERS)),
            ("core::ptr::drop_in_place::<lowkey_core::session::Session>", Some(FOR_OURS)),
            ("theirs::send::<lowkey_core::session::Session>", None),
            ("lowkey_corelle::f", None),
            ("lowkey_core", None),
            ("main", None),
        ];
        for (name, title) in names {
            assert_eq!(parts.title(name), title, "{name}");
        }
    }

    const LISTING: &str = "00000100 <theirs>:\n\
        \x20    100:\tfbb0 f0f1 \tudiv\tr0, r0, r1\n\
        \x20    104:\tfba3 0300 \tumull\tr0, r3, r3, r0\n\
        00000110 <ours>:\n\
        \x20    110:\t4348      \tmuls\tr0, r1\n\
        \x20    112:\tf7ff fff5 \tbl\t200 <__aeabi_lmul>\n\
        \x20    118:\t0800fb86 \t.word\t0x0800fb86\n\
        00000200 <__aeabi_lmul>:\n\
        \x20    200:\tfba3 0300 \tumull\tr0, r3, r3, r0\n";
    const NAMES: [&str; 5] = [
        "theirs::main",
        "lowkey_crypto::x25519::ladder",
        "lowkey_crypto::body::compact::chacha20::xor",
        "lowkey_crypto::body::compact::poly1305::block",
        "lowkey_crypto::body::compact::blake2s::compress",
    ];

    #[test]
    fn of_a_firmware_only_what_is_ours_has_to_take_the_same_time() {
        let looked = parts(&NAMES, None).look(&search(LISTING, Forbidden::Both)).unwrap();
        assert_eq!(looked.ours, BTreeMap::from([(CRYPTO, (4, 2))]));
        assert_eq!(looked.findings, ["0x112 in lowkey_crypto::x25519::ladder: bl 200 <__aeabi_lmul>"]);
        assert!(looked.to_string().contains(NOT_KNOWN));
    }

    #[test]
    fn of_what_others_do_what_is_inlined_there_from_ours_counts() {
        let frames = |address| match address {
            0x104 => {
                ["core::num::wide", "lowkey_core::engine::draw", "theirs::main"].map(str::to_owned).to_vec()
            }
            _ => vec!["theirs::main".to_owned()],
        };
        let looked = parts(&NAMES, Some(&frames)).look(&search(LISTING, Forbidden::Both)).unwrap();
        assert_eq!(looked.inlined, Some(BTreeMap::from([("theirs::main".to_owned(), 1)])));
        let first = "0x104 in theirs::main, from lowkey_core::engine::draw: umull r0, r3, r3, r0";
        assert_eq!(looked.findings[0], first);
        assert!(!looked.to_string().contains(NOT_KNOWN));
    }

    #[test]
    fn what_was_looked_for_is_what_is_said() {
        let said = |forbidden| parts(&NAMES, None).look(&search(LISTING, forbidden)).unwrap().to_string();
        assert!(
            said(Forbidden::Both)
                .contains("looked for: UMULL, SMULL, UMLAL, SMLAL, UDIV, SDIV and their kin")
        );
        let divisions = said(Forbidden::Divisions);
        assert!(divisions.contains("looked for: UDIV, SDIV; "), "{divisions}");
        assert!(divisions.contains("not looked for: long multiplies, "), "{divisions}");
    }

    #[test]
    fn a_firmware_with_nothing_of_ours_or_not_all_of_it_is_refused() {
        let refused =
            |names: &[&str]| parts(names, None).look(&search(LISTING, Forbidden::Both)).unwrap_err();
        let nothing = refused(&["theirs::main", "lowkey_transport::link::step"]);
        assert_eq!(nothing, "nothing in it is lowkey-crypto's or lowkey-core's by name");
        assert_eq!(refused(&NAMES[..4]), "nothing in it is ours by name that computes BLAKE2s");
    }

    #[test]
    fn the_portable_primitives_are_refused_although_others_compute_there() {
        let names = [&NAMES[..2], &["lowkey_crypto::body::portable::x25519::dh"]].concat();
        let error = parts(&names, None).look(&search(LISTING, Forbidden::Both)).unwrap_err();
        assert!(error.starts_with("its primitives are the portable ones"), "{error}");
    }

    #[test]
    fn a_file_that_cannot_be_looked_at_is_refused_with_what_is_wrong() {
        assert!(read(b"text").unwrap_err().starts_with("no little-endian 32-bit ELF file"));
        let mut file = elf(&[[1, 6, 0x100, 52]]);
        assert_eq!(read(&file).unwrap_err(), "it is for Unknown, and not for Arm");
        file[0x12] = 40;
        assert!(functions(&read(&file).unwrap()).err().unwrap().starts_with("it has no symbols"));
    }
}
