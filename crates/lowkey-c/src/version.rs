//! Which version of the library this is. The header has the same numbers as macros, which `tests/header` makes of the
//! same version.

/// The version of the library that is linked, as a number: LOWKEY_VERSION of the header that belongs to it. A program
/// that compares the two finds out if it was compiled with the header of another one.
#[unsafe(no_mangle)]
pub extern "C" fn lowkey_version() -> u32 {
    VERSION
}

const VERSION: u32 = part(env!("CARGO_PKG_VERSION_MAJOR")) * 1_000_000
    + part(env!("CARGO_PKG_VERSION_MINOR")) * 1_000
    + part(env!("CARGO_PKG_VERSION_PATCH"));

/// A part of the version; one that is none does not compile.
const fn part(text: &str) -> u32 {
    match u32::from_str_radix(text, 10) {
        Ok(number) if number < 1_000 => number,
        _ => panic!("a part of a version has one to three digits"),
    }
}
