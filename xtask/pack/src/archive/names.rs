//! The names in an archive, and which of them there may be.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use super::Machine;
use xtask::command::Result;

/// Global names of an archive.
#[derive(Default)]
pub struct Names {
    defined: BTreeSet<String>,
    needed: BTreeSet<String>,
    /// All of them, local ones as well.
    all: BTreeSet<String>,
    /// A host's arithmetic is that of other people's crates, which may panic.
    is_host: bool,
}

/// The headers of the repository in `root`, in alphabetical order.
///
/// # Errors
/// There is no such folder, or none in it.
pub fn headers(root: &Path) -> Result<Vec<PathBuf>> {
    let folder = root.join(INCLUDE);
    let mut headers = Vec::new();
    for entry in fs::read_dir(&folder)? {
        headers.push(entry?.path());
    }
    headers.retain(|file| file.extension().is_some_and(|end| end == "h"));
    headers.sort_unstable();
    match headers[..] {
        [] => Err(format!("no header in {}", folder.display()).into()),
        _ => Ok(headers),
    }
}

/// The functions that these headers declare.
///
/// # Errors
/// One cannot be read, or two declare the same function.
pub fn declared(root: &Path) -> Result<BTreeSet<String>> {
    let texts: io::Result<Vec<String>> = headers(root)?.iter().map(fs::read_to_string).collect();
    together(&texts?)
}

impl Names {
    /// Reads them.
    ///
    /// # Errors
    /// There is no such archive, or no tool that reads it.
    pub fn of(machine: &Machine, archive: &Path) -> Result<Self> {
        let said = machine.tool("nm").args(["--portability".as_ref(), archive]).quiet()?;
        Ok(Self { is_host: !machine.is_bare(), ..Self::parse(&said) })
    }

    /// From what `nm` says: a line for each, with the name and the letter of its kind.
    fn parse(said: &str) -> Self {
        let mut names = Self::default();
        for line in said.lines() {
            let mut words = line.split(' ');
            let (Some(name), Some(kind)) = (words.next(), words.next()) else { continue };
            names.all.insert(name.to_owned());
            match kind {
                "U" => drop(names.needed.insert(name.to_owned())),
                kind if kind.starts_with(|letter: char| letter.is_ascii_uppercase()) => {
                    names.defined.insert(name.to_owned());
                }
                _ => (),
            }
        }
        names
    }

    /// Whether `declared` is what is defined, with nothing needed; but on a host what every C library has.
    ///
    /// # Errors
    /// What is too many, or missing.
    pub fn check(&self, declared: &BTreeSet<String>) -> Result<()> {
        let complain = |what: &str, names: Vec<&String>| match names[..] {
            [] => Ok(()),
            _ => Err(format!("{what}: {names:?}")),
        };
        complain("the archive lacks what a header declares", declared.difference(&self.defined).collect())?;
        complain(
            "the archive gives others what no header declares",
            self.defined.difference(declared).collect(),
        )?;
        let known = |name: &&String| self.is_host && MEMORY.contains(&name.as_str());
        complain("the archive needs what it does not have", {
            self.needed.iter().filter(|name| !known(name)).collect()
        })?;
        if self.is_host {
            return Ok(());
        }
        let with = |parts: &[&str]| {
            self.all.iter().filter(|name| parts.iter().any(|part| name.contains(part))).collect()
        };
        complain("the archive can panic", with(&PANIC))?;
        complain("the archive has primitives that are not the compact ones", with(&PORTABLE))?;
        Ok(())
    }
}

/// The functions of all headers.
fn together(headers: &[String]) -> Result<BTreeSet<String>> {
    let mut declared = BTreeSet::new();
    for function in headers.iter().flat_map(|header| functions(header)) {
        if let Some(twice) = declared.replace(function) {
            return Err(format!("two headers declare {twice}").into());
        }
    }
    Ok(declared)
}

/// The functions in the text of a header: a name before the bracket of a declaration that begins a line.
pub fn functions(header: &str) -> BTreeSet<String> {
    let declarations =
        header.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_lowercase()));
    let names = declarations.filter_map(|line| {
        let before = line.split_once('(')?.0;
        let name = before.rsplit([' ', '*']).next()?;
        name.starts_with("lowkey_").then(|| name.to_owned())
    });
    names.collect()
}

/// Where the headers are, from the repository's root.
pub const INCLUDE: &str = "crates/lowkey-c/include";
/// What GCC and Clang want of a host, whatever is compiled.
const MEMORY: [&str; 5] = ["memcpy", "memmove", "memset", "memcmp", "bcmp"];
/// Parts of names of what runs when something panics or unwinds.
const PANIC: [&str; 5] = ["panicking", "panic_handler", "rust_begin_unwind", "personality", "unwind_cpp_pr"];
/// What the portable primitives would bring.
const PORTABLE: [&str; 2] = ["4body8portable", "16curve25519_dalek10montgomery"];

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "\
// lowkey_not_this(
typedef int32_t (*lowkey_random)(void *context, uint8_t *out, size_t len);
const char *lowkey_status_text(lowkey_status status);
lowkey_status lowkey_poll(lowkey_channel *channel,
                          lowkey_event *lowkey_nor_this(x));
";

    #[test]
    fn a_header_s_functions_are_found() {
        let names: Vec<String> = functions(HEADER).into_iter().collect();
        assert_eq!(names, ["lowkey_poll", "lowkey_status_text"]);
    }

    #[test]
    fn a_function_is_declared_by_one_header() {
        let other = "lowkey_status lowkey_kk_poll(lowkey_kk *device, lowkey_event *event);\n".to_owned();
        let both = together(&[HEADER.to_owned(), other.clone()]).unwrap();
        assert_eq!(Vec::from_iter(both), ["lowkey_kk_poll", "lowkey_poll", "lowkey_status_text"]);
        assert_eq!(
            together(&[other.clone(), other]).unwrap_err().to_string(),
            "two headers declare lowkey_kk_poll"
        );
    }

    #[test]
    fn an_archive_gives_what_the_header_declares_and_nothing_else() {
        let check =
            |said: &str| Names::parse(said).check(&functions(HEADER)).map_err(|error| error.to_string());
        let good = "a[lowkey.o]:\nlowkey_poll T 1 2\nlowkey_status_text T 3 4\nmemcpy t 5 6\nlocal t 1 2\n";
        assert_eq!(check(good), Ok(()));
        let with = |line: &str| check(&format!("{good}{line}\n")).unwrap_err();
        assert!(with("square T 1 2").contains("square"));
        assert!(with("memset W 1 2").contains("no header declares"));
        assert!(with("memcpy T 1 2").contains("no header declares"));
        assert!(with("memcpy U").contains("needs"));
        assert!(with("__aeabi_memcpy4 U").contains("needs"));
        assert!(with("_ZN4core9panicking5panicE t 1 2").contains("can panic"));
        assert!(with("_ZN13lowkey_crypto4body8portable3dhE t 1 2").contains("compact"));
        assert!(check("lowkey_poll T 1 2\n").unwrap_err().contains("lacks"));
        let on_a_host = |said: &str| {
            Names { is_host: true, ..Names::parse(said) }.check(&functions(HEADER)).map_err(|e| e.to_string())
        };
        assert_eq!(on_a_host(&format!("{good}memcpy U\n")), Ok(()));
        assert!(on_a_host(&format!("{good}malloc U\n")).unwrap_err().contains("needs"));
    }
}
