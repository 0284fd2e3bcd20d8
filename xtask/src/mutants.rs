//! `cargo xtask mutants`: what no test would notice. `cargo-mutants` changes a line, and the tests have to fail.
//!
//! Hours, so it is no step of `test`. What is the same for all is in `.cargo/mutants.toml`, and what has come of it in
//! `tests/mutants.md`.

use std::fs;

use xtask::{
    command::{Command, Result},
    target, tools,
};

/// Files in which one mistake would hurt most, and the tests that have to see it.
struct Scope {
    name: &'static str,
    package: &'static str,
    files: &'static [&'static str],
    /// As arguments of `cargo test`.
    tests: &'static [&'static str],
}

/// Tries every mutant of a scope; the `options` are those of `cargo mutants`.
///
/// # Errors
/// There is no such scope; a mutant that no test has noticed; the tests fail without one.
pub(crate) fn run(name: &str, options: &[&str]) -> Result<()> {
    let scope = SCOPES.iter().find(|scope| scope.name == name).ok_or_else(|| {
        let names: Vec<&str> = SCOPES.iter().map(|scope| scope.name).collect();
        format!("no scope is called `{name}`; there are {}", names.join(", "))
    })?;
    let folder = target().join("mutants").join(name);
    fs::create_dir_all(&folder)?;
    let mutants =
        Command::new(tools::cargo("cargo-mutants", &[])?).args(["mutants", "--package", scope.package]);
    let files = scope.files.iter().map(|file| format!("--file=crates/{}/src/{file}", scope.package));
    let mutants = mutants.args(files).args(["--output".as_ref(), folder.as_path()]).args(options);
    // Not behind a `--`: then all tests would be built for each mutant, and these alone run.
    let mutants = mutants.args(scope.tests.iter().map(|test| format!("--cargo-arg={test}")));
    // What one mutant compiles is the last one's but for a line.
    mutants.without_env(|name| name == "CARGO_INCREMENTAL").run()
}

const SCOPES: [Scope; 11] = [
    Scope { name: "cipher", package: CORE, files: &["cipher.rs", "session.rs", "engine.rs"], tests: &NOISE },
    Scope { name: "noise", package: CORE, files: &["symmetric.rs", "kk.rs", "xx.rs"], tests: &NOISE },
    Scope { name: "kk-device", package: CORE, files: &["kk/device.rs"], tests: &NOISE },
    Scope { name: "page", package: CORE, files: &["page.rs", "page/keys.rs"], tests: &PAGE },
    Scope { name: "boot-log", package: CORE, files: &["boot_log.rs"], tests: &FLASH },
    Scope { name: "key-store", package: CORE, files: &STORE, tests: &FLASH },
    Scope { name: "key-store-banks", package: CORE, files: &["key_store/banks.rs"], tests: &FLASH },
    Scope { name: "key-store-entry", package: CORE, files: &["key_store/entry.rs"], tests: &FLASH },
    Scope { name: "link-state", package: TRANSPORT, files: &["link/state.rs", "keyed.rs"], tests: &ALL },
    Scope { name: "link", package: TRANSPORT, files: &["link.rs", "link/*.rs"], tests: &ALL },
    Scope { name: "records", package: TRANSPORT, files: &RECORDS, tests: &ALL },
];
const STORE: [&str; 3] = ["key_store.rs", "key_store/health.rs", "key_store/run.rs"];
const RECORDS: [&str; 5] = ["record.rs", "incoming.rs", "outgoing.rs", "inlet.rs", "outlet.rs"];
const CORE: &str = "lowkey-core";
const TRANSPORT: &str = "lowkey-transport";
const NOISE: [&str; 5] = ["--lib", "--test=handshake", "--test=device", "--test=snow", "--test=secrets"];
const PAGE: [&str; 3] = ["--lib", "--test=page", "--test=secrets"];
const FLASH: [&str; 2] = ["--lib", "--test=flash"];
const ALL: [&str; 2] = ["--lib", "--tests"];
