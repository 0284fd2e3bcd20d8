//! How the headers are made: cbindgen writes what the sources declare, what compilers are to watch over is put in the
//! place of its plain numbers, and all of it into the header's frame.

use super::{Header, here};

/// The header's text.
pub(crate) fn header(header: &Header) -> String {
    let config = cbindgen::Config::from_file(here().join("cbindgen.toml")).unwrap();
    let builder =
        header.sources.iter().fold(cbindgen::Builder::new().with_config(config), |builder, name| {
            builder.with_src(here().join(format!("src/{name}.rs")))
        });
    let mut made = Vec::new();
    builder.generate().unwrap().write(&mut made);
    let declarations = watched(&with_types_of_their_own(&String::from_utf8(made).unwrap()));
    let frame = std::fs::read_to_string(here().join("header").join(header.name)).unwrap();
    assert!(frame.contains(DECLARATIONS), "{}", header.name);
    with_the_version(&frame.replace(DECLARATIONS, declarations.trim()))
}

/// The numbers that the header's frame leaves open are those of the crate.
fn with_the_version(header: &str) -> String {
    let version = [
        ("@VERSION@", env!("CARGO_PKG_VERSION")),
        ("@MAJOR@", env!("CARGO_PKG_VERSION_MAJOR")),
        ("@MINOR@", env!("CARGO_PKG_VERSION_MINOR")),
        ("@PATCH@", env!("CARGO_PKG_VERSION_PATCH")),
    ];
    version.iter().fold(header.to_owned(), |header, (mark, number)| header.replace(mark, number))
}

/// An enumeration is a type of its own in C99 as well, where cbindgen makes a number of 32 bits of it.
fn with_types_of_their_own(header: &str) -> String {
    let mut header = header.to_owned();
    while let Some((before, rest)) = header.split_once(SIZED) {
        let (text, name) = before.rsplit_once("enum ").unwrap();
        let number = NUMBER.replace("NAME", name);
        assert!(rest.contains(&number), "cbindgen writes {name} in another way");
        let rest = rest.replacen(&number, &format!("LOWKEY_ENUM_TYPE({name});\n"), 1);
        header = format!("{text}LOWKEY_ENUM({name}){rest}");
    }
    assert!(!header.contains("typedef int32_t lowkey_"), "cbindgen writes enumerations in another way");
    header
}

/// Every function that gives a status is to be asked for it; but those that wipe, which can fail for a NULL only.
fn watched(header: &str) -> String {
    let is_watched =
        |line: &str| STATUS.iter().any(|kind| line.starts_with(kind)) && !line.contains("_wipe(");
    let lines =
        header.split_inclusive('\n').map(|line| if is_watched(line) { [WATCH, line] } else { ["", line] });
    lines.flatten().collect()
}

/// Where a frame wants them.
const DECLARATIONS: &str = "@DECLARATIONS@";
/// A lowkey_random gives its status as a number.
const STATUS: [&str; 2] = ["lowkey_status ", "int32_t "];
const WATCH: &str = "LOWKEY_MUST_USE\n";
/// What cbindgen writes behind the name of an enumeration of 32 bits,
const SIZED: &str = "
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
";
/// and behind all of it.
const NUMBER: &str = "#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum NAME NAME;
#else
typedef int32_t NAME;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus
";
