//! include/lowkey.h is what cbindgen makes of the sources; every compiler takes it, and the archive has what it says.

mod compilers;
mod made;

use compilers::Language;
use std::collections::BTreeSet;
use std::path::Path;

const WRITE: &str = "LOWKEY_WRITE_HEADER=1 cargo test -p lowkey-c --test header";

/// The files in the order of the header.
const SOURCES: [&str; 17] = [
    "version",
    "sizes",
    "stream",
    "status",
    "event",
    "keys",
    "entropy",
    "page",
    "boot_log",
    "channel",
    "page_keys",
    "begin",
    "bytes",
    "answer",
    "records",
    "callbacks",
    "backoff",
];

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn header() -> String {
    std::fs::read_to_string(here().join("include/lowkey.h")).unwrap()
}

#[test]
fn the_header_is_made_from_the_sources() {
    let made = made::header();
    if std::env::var_os("LOWKEY_WRITE_HEADER").is_some() {
        std::fs::write(here().join("include/lowkey.h"), &made).unwrap();
    }
    assert!(made == header(), "include/lowkey.h is not what the sources make; write it anew: {WRITE}");
}

/// Every word of the header is one of C.
#[test]
fn the_header_speaks_to_people_who_write_c() {
    for word in ["Rust", "crate", "panic", "Option", "Result", "&mut", "usize", "slice", "cbindgen", "unsafe"]
    {
        assert!(!header().contains(word), "{word}");
    }
}

/// By name, not `-Weverything`: what that means is another thing with each version, and so what a test of it says. All
/// of these are known to gcc 11 and 12 and to clang 13 to 22, the oldest and the newest that Debian 12 has.
const WARNINGS: [&str; 21] = [
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wcast-align",
    "-Wcast-qual",
    "-Wconversion",
    "-Wdouble-promotion",
    "-Wenum-compare",
    "-Wenum-conversion",
    "-Wfloat-equal",
    "-Wformat=2",
    "-Wmissing-declarations",
    "-Wpacked",
    "-Wredundant-decls",
    "-Wshadow",
    "-Wsign-conversion",
    "-Wswitch-enum",
    "-Wundef",
    "-Wunused",
    "-Wunused-macros",
    "-Wwrite-strings",
];

#[test]
fn the_header_compiles_without_a_warning() {
    let (c, cpp) = (
        &["-Wc++-compat", "-Wstrict-prototypes", "-Wmissing-prototypes"][..],
        &["-Wold-style-cast", "-Wextra-semi"][..],
    );
    for (language, standard, more) in [
        (Language::C, "-std=c99", c),
        (Language::C, "-std=c11", c),
        (Language::C, "-std=c2x", c),
        (Language::Cpp, "-std=c++11", cpp),
        (Language::Cpp, "-std=c++17", cpp),
        (Language::Cpp, "-std=c++20", cpp),
    ] {
        // Included, so that what it defines and does not use itself is no macro without a use; and a second time.
        let arguments = [&WARNINGS[..], more, &["-include", "include/lowkey.h", "include/lowkey.h"]].concat();
        if let Some(output) = language.compile(standard, &arguments) {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{standard}: {said}");
        }
    }
}

/// A status is no event and no refusal, and somebody looks at it.
#[test]
fn a_compiler_finds_statuses_that_are_mixed_up_or_dropped() {
    for (language, standard) in [
        (Language::C, "-std=c99"),
        (Language::C, "-std=c2x"),
        (Language::Cpp, "-std=c++11"),
        (Language::Cpp, "-std=c++17"),
    ] {
        for mistake in 0..=MISTAKES {
            let which = format!("-DMISTAKE={mistake}");
            let arguments = ["-Wall", "-Wextra", "-Wpedantic", "-Iinclude", &which, "tests/c/mistakes.c"];
            if let Some(output) = language.compile(standard, &arguments) {
                let said = String::from_utf8_lossy(&output.stderr);
                assert_eq!(output.status.success(), mistake == 0, "{mistake}, {standard}: {said}");
            }
        }
    }
}

/// The names between `start` and `end`.
fn names<'t>(text: &'t str, start: &str, end: char) -> BTreeSet<&'t str> {
    text.split(start).skip(1).filter_map(|rest| rest.split_once(end)).map(|(name, _)| name).collect()
}

#[test]
fn one_program_names_every_function() {
    let header = header();
    let declared: BTreeSet<&str> =
        ["\nlowkey_status ", "\nbool ", "\nint32_t ", "\nuint32_t ", "\nconst char *"]
            .iter()
            .flat_map(|start| names(&header, start, '('))
            .collect();
    let sources = SOURCES.map(|name| std::fs::read_to_string(here().join(format!("src/{name}.rs"))).unwrap());
    let exported = sources.iter().flat_map(|source| names(source, "pub unsafe extern \"C\" fn ", '('));
    let safe = sources.iter().flat_map(|source| names(source, "pub extern \"C\" fn ", '('));
    assert_eq!(exported.chain(safe).collect::<BTreeSet<_>>(), declared);
    let program = std::fs::read_to_string(here().join("tests/c/every_function.c")).unwrap();
    assert_eq!(names(&program, "    F(", ')'), declared);
}

/// How many tests/c/mistakes.c has.
const MISTAKES: u32 = 12;
