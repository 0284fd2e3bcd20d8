//! The C chapter of the book says what is true: its code compiles, and what it quotes of the example is there. So does
//! the C of the README.
//!
//! The word behind `c,` at a code block says what the block belongs to: blocks of one name are one file, from top to
//! bottom. `from-FILE` is a quotation of FILE in one of the examples.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A part of it is copied into programs in C++.
const STRICT: [&str; 8] =
    ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wcast-qual", "-Wc++-compat", "-Werror"];
const QUOTED: &str = "from-";
/// Where the chapter says how the library is made.
const MAKING: &str = "\n## Making the folders\n";

#[test]
fn the_chapter_s_code_compiles_as_c99_without_a_warning() {
    let (chapter, readme) = (chapter(), read("../../README.md"));
    let mut files = BTreeMap::<&str, String>::new();
    let (_, behind) = readme.split_once("\n```c\n").unwrap();
    let (first_page, _) = behind.split_once("\n```").unwrap();
    files.insert("readme", format!("#include \"lowkey_kk.h\"\n\n{first_page}\n"));
    for (name, text) in blocks(&chapter).filter(|(name, _)| !name.starts_with(QUOTED)) {
        files.entry(name).or_default().extend([text, "\n"]);
    }
    assert!(files.len() > 3, "{:?}", files.keys());
    for (name, text) in files {
        // As far as the code: whether somebody looks at a status is not known before.
        run(cc().args(["-S", "-o", "/dev/null"]).arg(written(&format!("chapter-{name}.c"), &text)));
    }
}

#[test]
fn the_chapter_quotes_the_examples_word_for_word() {
    let chapter = chapter();
    for (name, text) in blocks(&chapter).filter_map(|(name, text)| Some((name.strip_prefix(QUOTED)?, text))) {
        let original =
            EXAMPLES.iter().map(|folder| format!("{folder}/{name}")).find(|file| here().join(file).is_file());
        let original = read(&original.unwrap_or_else(|| panic!("no example has {name}")));
        let mut rest = original.lines();
        for line in text.lines() {
            assert!(rest.any(|original| original == line), "{name} has not, or not there: {line}");
        }
    }
}

/// The models know where the log of each driver lies, and fail where it does not.
#[test]
fn the_chapter_s_map_of_flash_has_the_addresses_of_the_drivers() {
    let chapter = chapter();
    let (_, map) = chapter.split_once("| chip | firmware | key page | boot log |").unwrap();
    let (map, _) = map.split_once("\n\n").unwrap();
    let models: Vec<String> = fs::read_dir(here().join("tests/chips"))
        .unwrap()
        .map(|file| fs::read_to_string(file.unwrap().path()).unwrap_or_default())
        .collect();
    let logs: Vec<&str> = models
        .iter()
        .filter_map(|model| Some(model.split_once("#define CHIP_LOG ")?.1.split_once("u\n")?.0))
        .collect();
    assert!(logs.len() > 5, "{logs:?}");
    for log in logs {
        assert!(map.contains(&format!("| `{log}`, `")), "{log}");
    }
}

#[test]
fn the_chapter_speaks_to_people_who_write_c() {
    let chapter = chapter();
    let (before, rest) = chapter.split_once(MAKING).unwrap();
    let after = rest.split_once("\n## ").map_or("", |(_, after)| after);
    for word in ["Rust", "cargo", "crate", "panic", "unsafe", "trait", "slice", "no_std"] {
        let is_said = |text: &str| text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|w| w == word);
        assert!(!is_said(before) && !is_said(after), "{word}");
    }
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn scratch() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

fn written(name: &str, text: &str) -> PathBuf {
    let file = scratch().join(name);
    fs::write(&file, text).unwrap();
    file
}

/// The compiler that `CC` names, or the system's.
fn cc() -> Command {
    let mut cc = Command::new(env::var_os("CC").unwrap_or_else(|| "cc".into()));
    cc.args(STRICT);
    for folder in ["include", "tests/chapter"].iter().chain(&EXAMPLES) {
        cc.arg("-I").arg(here().join(folder));
    }
    cc
}

fn run(command: &mut Command) {
    let done = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
}

fn chapter() -> String {
    read("../../docs/src/c.md")
}

/// A file, from this crate.
fn read(file: &str) -> String {
    let path = here().join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The code blocks in C and of a Makefile, each with its name.
fn blocks(chapter: &str) -> impl Iterator<Item = (&str, &str)> {
    // Every second piece is behind the end of a block, not inside of one.
    chapter.split("\n```").skip(1).step_by(2).filter_map(|block| {
        let (words, text) = block.split_once('\n').unwrap();
        assert!(!["c", "make"].contains(&words), "a block of code that belongs to nothing");
        Some((["c,", "make,"].iter().find_map(|language| words.strip_prefix(language))?, text))
    })
}

/// From this crate.
const EXAMPLES: [&str; 4] = [
    "../../examples/lm3s6965-lwip",
    "../../examples/lm3s6965-lwip/src",
    "../../examples/chips-c/flash",
    "../../examples/chips-c/random",
];
