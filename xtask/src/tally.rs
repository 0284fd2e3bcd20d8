//! Runs test binaries and adds up what their runner says.

use std::fmt;
use xtask::command::{Command, Result};

/// What the test runner has counted so far.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    passed: usize,
    failed: usize,
    ignored: usize,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.ignored)
    }
}

impl Tally {
    /// Adds a line like `test result: ok. 3 passed; 0 failed; 1 ignored; …`; any other is none of ours.
    fn add(&mut self, line: &str) {
        let Some((_, counts)) = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". "))
        else {
            return;
        };
        for part in counts.split("; ") {
            let Some((number, what)) = part.split_once(' ') else { continue };
            let number: usize = number.parse().unwrap_or(0);
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => (),
            }
        }
    }
}

/// Runs `cargo test` with these arguments in a folder; every line is shown, and the counts are added up. A test that
/// does without a program that is missing fails here.
///
/// # Errors
/// A test failed, or did not compile.
pub(crate) fn run(arguments: &[&str], folder: &str, tally: &mut Tally) -> Result<()> {
    let test =
        Command::cargo().args(["test"]).args(arguments).env("LOWKEY_REQUIRE_TOOLS", "1").within(folder);
    test.lines(|line| {
        println!("{line}");
        tally.add(line);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_adds_up_what_the_runner_says_and_nothing_else() {
        let mut tally = Tally::default();
        tally.add(
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.00s",
        );
        tally.add("test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out");
        tally.add("test passed ... ok");
        assert_eq!(tally, Tally { passed: 7, failed: 2, ignored: 1 });
        assert_eq!(tally.to_string(), "7 passed, 2 failed, 1 skipped");
    }
}
