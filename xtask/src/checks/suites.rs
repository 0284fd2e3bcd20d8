//! The tests of the workspace, in parts that run side by side: what plays with programs mostly waits for them.

use std::collections::BTreeSet;

use xtask::{
    command::{Command, Result},
    programs::ONE_BUILD,
};

use crate::tally;

/// Builds all of them.
///
/// # Errors
/// What does not compile.
pub(super) fn build() -> Result<()> {
    let build = |what: &[&str]| Command::cargo().args(["test", "--quiet", "--no-run"]).args(what).run();
    build(&[&WITH_TESTS[..], &["--lib", "--bins", "--tests"]].concat())?;
    PORTABLE.iter().try_for_each(|what| build(&portably(what)))
}

/// Runs all but those [`of_programs`], and the examples in documents.
///
/// # Errors
/// A test failed.
pub(super) fn most() -> Result<()> {
    let metadata = Command::cargo().args(["metadata", "--format-version=1", "--no-deps", "--locked"]);
    let metadata = metadata.quiet()?;
    let others = names(&metadata).into_iter().filter(|name| !OF_PROGRAMS.contains(name));
    let others = others.flat_map(|name| ["--test", name]);
    let most = WITH_TESTS.into_iter().chain(["--lib", "--bins"]).chain(others);
    tally::run(&most.collect::<Vec<_>>(), ".")?;
    tally::run(&[&WITH_TESTS[..], &["--doc"]].concat(), ".").map(drop)
}

/// Runs those that spend their time with programs in C, with the command, or with tools of others.
///
/// # Errors
/// A test failed.
pub(super) fn of_programs() -> Result<()> {
    let suites = OF_PROGRAMS.into_iter().flat_map(|name| ["--test", name]);
    tally::run(&WITH_TESTS.into_iter().chain(suites).collect::<Vec<_>>(), ".").map(drop)
}

/// Runs those that see other primitives than aws-lc's once more, with the portable ones.
///
/// # Errors
/// A test failed.
pub(super) fn portable() -> Result<()> {
    PORTABLE.iter().try_for_each(|what| tally::run(&portably(what), ".").map(drop))
}

/// The arguments that build `what` without aws-lc.
fn portably(what: &[&'static str]) -> Vec<&'static str> {
    [&ONE_BUILD[..], &["--no-default-features"], what].concat()
}

/// The names in `tests` folders, of all packages that cargo's `metadata` has.
fn names(metadata: &str) -> BTreeSet<&str> {
    let after = metadata.split("\"kind\":[\"test\"]").skip(1);
    after.filter_map(|rest| rest.split_once("\"name\":\"")?.1.split('"').next()).collect()
}

/// Which packages have tests: not the one of the benches, and what they compare with takes long to compile.
pub(super) const WITH_TESTS: [&str; 3] = ["--workspace", "--exclude", "host-bench"];
/// By themselves they take as long as all others together.
const OF_PROGRAMS: [&str; 4] = ["c", "chapter", "command", "posix"];

/// The device's crates; of the host what runs on the primitives: the rest does not know which they are; and what shows
/// in memory only, and only where something is optimised.
const PORTABLE: [&[&str]; 3] = [
    &["--package", "lowkey-crypto", "--package", "lowkey-core", "--package", "lowkey-transport"],
    &[
        "--package",
        "lowkey-host",
        "--package",
        "lowkey-registry",
        "--lib",
        "--test",
        "connection",
        "--test",
        "provisioning",
    ],
    &[
        "--config",
        "profile.dev.package.lowkey-transport.opt-level=1",
        // With these as well, all that it stands on is built already.
        "--package",
        "lowkey-crypto",
        "--package",
        "lowkey-core",
        "--package",
        "lowkey-transport",
        "--test",
        "in_place",
        "--",
        "--include-ignored",
    ],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suites_are_the_targets_that_cargo_calls_tests() {
        let metadata = r#"{"targets":[{"kind":["lib"],"name":"a"},{"kind":["test"],"crate_types":["bin"],"name":"b"},
            {"kind":["bin"],"name":"c"}]},{"targets":[{"kind":["test"],"crate_types":["bin"],"name":"d"}]}"#;
        assert_eq!(Vec::from_iter(names(metadata)), ["b", "d"]);
    }
}
