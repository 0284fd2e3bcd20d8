//! The headers are what cbindgen makes of the sources; every compiler takes them, and the archive has what they say.

mod compilers;
mod made;

use compilers::Language;
use std::collections::BTreeSet;
use std::path::Path;

const WRITE: &str = "LOWKEY_WRITE_HEADER=1 cargo test -p lowkey-c --test header";

/// A header, and the files of its sources in the order of the header.
pub(crate) struct Header {
    name: &'static str,
    sources: &'static [&'static str],
}

const HEADERS: [Header; 3] = [
    Header {
        name: "lowkey_common.h",
        sources: &[
            "version", "sizes", "status", "event", "stream", "io", "buffers", "random", "page", "boot_log",
            "backoff",
        ],
    },
    Header {
        name: "lowkey.h",
        sources: &[
            "object_sizes",
            "keys",
            "ephemerals",
            "channel",
            "page_keys",
            "begin",
            "bytes",
            "answer",
            "records",
            "callbacks",
            "code",
            "pairing",
            "key_store",
        ],
    },
    Header {
        name: "lowkey_kk.h",
        sources: &[
            "kk/size",
            "kk/device",
            "kk/bytes",
            "kk/records",
            "kk/callbacks",
            "kk/machine/numbered",
            "kk/outbox",
        ],
    },
];

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

impl Header {
    fn path(&self) -> String {
        format!("include/{}", self.name)
    }

    fn text(&self) -> String {
        std::fs::read_to_string(here().join(self.path())).unwrap()
    }
}

/// All headers, one behind the other.
fn headers() -> String {
    HEADERS.iter().map(Header::text).collect()
}

#[test]
fn the_headers_are_made_from_the_sources() {
    for header in &HEADERS {
        let made = made::header(header);
        if std::env::var_os("LOWKEY_WRITE_HEADER").is_some() {
            std::fs::write(here().join(header.path()), &made).unwrap();
        }
        let name = header.name;
        assert!(made == header.text(), "{name} is not what the sources make; write it anew: {WRITE}");
    }
}

/// Every word of the headers is one of C.
#[test]
fn the_headers_speak_to_people_who_write_c() {
    for word in ["Rust", "crate", "panic", "Option", "Result", "&mut", "usize", "slice", "cbindgen", "unsafe"]
    {
        assert!(!headers().contains(word), "{word}");
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
fn each_header_compiles_without_a_warning() {
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
        for path in HEADERS.iter().map(Header::path) {
            // Included, so that what it defines and does not use itself is no macro without a use; and a second time.
            let arguments = [&WARNINGS[..], more, &["-include", &path, &path]].concat();
            if let Some(output) = language.compile(standard, &arguments) {
                let said = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "{path}, {standard}: {said}");
            }
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
        for (mistake, header) in
            (0..=MISTAKES).flat_map(|n| ["-UDEVICE", "-DDEVICE"].map(|header| (n, header)))
        {
            let which = format!("-DMISTAKE={mistake}");
            let arguments =
                ["-Wall", "-Wextra", "-Wpedantic", "-Iinclude", header, &which, "tests/c/mistakes.c"];
            if let Some(output) = language.compile(standard, &arguments) {
                let said = String::from_utf8_lossy(&output.stderr);
                assert_eq!(output.status.success(), mistake == 0, "{mistake}, {standard}, {header}: {said}");
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
    let header = headers();
    let declared: BTreeSet<&str> =
        ["\nlowkey_status ", "\nbool ", "\nint32_t ", "\nuint32_t ", "\nconst char *"]
            .iter()
            .flat_map(|start| names(&header, start, '('))
            .collect();
    let names_of_sources = HEADERS.iter().flat_map(|header| header.sources);
    let read = |name: &&str| std::fs::read_to_string(here().join(format!("src/{name}.rs"))).unwrap();
    let sources: Vec<String> = names_of_sources.map(read).collect();
    let exported = sources.iter().flat_map(|source| names(source, "pub unsafe extern \"C\" fn ", '('));
    let safe = sources.iter().flat_map(|source| names(source, "pub extern \"C\" fn ", '('));
    assert_eq!(exported.chain(safe).collect::<BTreeSet<_>>(), declared);
    let program = std::fs::read_to_string(here().join("tests/c/every_function.c")).unwrap();
    assert_eq!(names(&program, "    F(", ')'), declared);
}

/// How many tests/c/mistakes.c has.
const MISTAKES: u32 = 12;
