//! include/lowkey.h is what cbindgen makes of the sources.

use std::path::Path;

/// The files in the order of the header.
const SOURCES: [&str; 12] = [
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
];

#[test]
fn the_header_is_made_from_the_sources() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(here.join("cbindgen.toml")).unwrap();
    let builder = SOURCES.iter().fold(cbindgen::Builder::new().with_config(config), |builder, name| {
        builder.with_src(here.join(format!("src/{name}.rs")))
    });
    let mut made = Vec::new();
    builder.generate().unwrap().write(&mut made);
    let (made, path) = (String::from_utf8(made).unwrap(), here.join("include/lowkey.h"));
    if std::env::var_os("LOWKEY_WRITE_HEADER").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap();
    assert!(
        made == committed,
        "include/lowkey.h is not what the sources make: LOWKEY_WRITE_HEADER=1 cargo test -p lowkey-c --test header"
    );
}
