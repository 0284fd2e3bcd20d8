//! include/lowkey.h is what cbindgen makes of the sources; every compiler takes it, and the archive has what it says.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

const WRITE: &str = "LOWKEY_WRITE_HEADER=1 cargo test -p lowkey-c --test header";

/// The files in the order of the header.
const SOURCES: [&str; 13] = [
    "sizes",
    "status",
    "keys",
    "entropy",
    "page",
    "boot_log",
    "channel",
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
    let config = cbindgen::Config::from_file(here().join("cbindgen.toml")).unwrap();
    let builder = SOURCES.iter().fold(cbindgen::Builder::new().with_config(config), |builder, name| {
        builder.with_src(here().join(format!("src/{name}.rs")))
    });
    let mut made = Vec::new();
    builder.generate().unwrap().write(&mut made);
    let made = String::from_utf8(made).unwrap();
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

/// What a tool says; nothing if there is no such tool, unless LOWKEY_REQUIRE_TOOLS is 1.
fn ask(tool: &str, arguments: &[&str]) -> Option<Output> {
    match Command::new(tool).args(arguments).current_dir(here()).output() {
        Ok(output) => Some(output),
        Err(error) => {
            assert!(
                std::env::var_os("LOWKEY_REQUIRE_TOOLS").is_none_or(|value| value != "1"),
                "{tool}: {error}"
            );
            eprintln!("not tried, there is no {tool}");
            None
        }
    }
}

/// By name, not `-Weverything`: what that means is another thing with each version, and so what a test of it says. All of
/// these are known to gcc 11 and 12 and to clang 13 to 22, the oldest and the newest that Debian 12 has.
const WARNINGS: [&str; 20] = [
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wcast-align",
    "-Wcast-qual",
    "-Wconversion",
    "-Wdouble-promotion",
    "-Wenum-compare",
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
    for (variable, usual, language, standard, more) in [
        ("CC", "cc", "c", "-std=c99", &["-Wstrict-prototypes", "-Wmissing-prototypes"][..]),
        ("CC", "cc", "c", "-std=c11", &["-Wstrict-prototypes", "-Wmissing-prototypes"]),
        ("CXX", "c++", "c++", "-std=c++11", &["-Wold-style-cast", "-Wextra-semi"]),
        ("CXX", "c++", "c++", "-std=c++17", &["-Wold-style-cast", "-Wextra-semi"]),
    ] {
        let tool = std::env::var(variable).unwrap_or_else(|_| usual.to_owned());
        // Included, so that what it defines and does not use itself is no macro without a use; and a second time.
        let file = ["-Werror", "-fsyntax-only", "-include", "include/lowkey.h", "include/lowkey.h"];
        let arguments = [&["-x", language, standard][..], &WARNINGS, more, &file].concat();
        if let Some(output) = ask(&tool, &arguments) {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{tool} {standard}: {said}");
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
    let declared: BTreeSet<&str> = ["\nlowkey_status ", "\nbool ", "\nint32_t ", "\nconst char *"]
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
