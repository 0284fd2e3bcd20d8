//! Runs test binaries and adds up what their runner says.

use std::hash::{BuildHasher, RandomState};
use std::ops::AddAssign;
use std::sync::LazyLock;
use std::time::Duration;
use std::{env, fmt};
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

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
    }
}

impl Tally {
    /// Adds a line with `test result: ok. 3 passed; 0 failed; 1 ignored; …` in it; any other is none of ours. cargo
    /// says on standard error what it runs, a word at a time, and a word may stand before it by then.
    pub(crate) fn add(&mut self, line: &str) {
        let counts = line.split_once("test result: ").and_then(|(_, rest)| rest.split_once(". "));
        let Some((_, counts)) = counts else { return };
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
/// does without a program that is missing fails here, and so does an example that fails to compile for another reason
/// than it names. All random values follow from one seed.
///
/// # Errors
/// A test failed, did not end, or did not compile.
pub(crate) fn run(arguments: &[&str], folder: &str) -> Result<Tally> {
    let cargo = if folder == "." { Command::cargo() } else { Command::cargo_in(folder) };
    count(cargo, arguments)
}

/// The same in the workspace with our crates compiled by `compiler`, a script: flags in the environment would have all
/// others compiled anew as well.
///
/// # Errors
/// As [`run`].
pub(crate) fn run_by(compiler: &str, arguments: &[&str]) -> Result<Tally> {
    count(Command::cargo().env("RUSTC_WORKSPACE_WRAPPER", xtask::root().join(compiler)), arguments)
}

fn count(cargo: Command, arguments: &[&str]) -> Result<Tally> {
    let seed = seed();
    println!("{SEED}={seed}");
    let test = cargo.args(["test"]).args(arguments);
    let test = test.env("RUSTDOC", xtask::root().join("xtask/rustdoc.sh"));
    let test = test.env("LOWKEY_REQUIRE_TOOLS", "1").env(SEED, &seed).silence(SILENCE);
    let (mut tally, mut slow) = (Tally::default(), Slow::default());
    let done = test.lines(|line| {
        println!("{line}");
        tally.add(line);
        slow.add(line);
    });
    done.map(|()| tally).map_err(|error| format!("{error}{slow}").into())
}

/// The seed of this run's random values: the one that was given, or drawn once.
pub(crate) fn seed() -> String {
    static DRAWN: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(SEED));
    env::var(SEED).unwrap_or_else(|_| DRAWN.to_string())
}

/// Tests of which the runner says that they take long, and not yet that they are over.
#[derive(Debug, Default)]
struct Slow(Vec<String>);

impl Slow {
    /// Takes a line like `test NAME has been running for over 60 seconds`, or `test NAME ... ok`.
    fn add(&mut self, line: &str) {
        let Some((name, rest)) = line.strip_prefix("test ").and_then(|rest| rest.split_once(' ')) else {
            return;
        };
        if rest.starts_with("has been running") {
            self.0.push(name.to_owned());
        } else {
            self.0.retain(|slow| slow != name);
        }
    }
}

impl fmt::Display for Slow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, "; not over by then: {}", self.0.join(", ")) }
    }
}

/// Random values in tests follow from it (`tests/support/src/random.rs`).
pub(crate) const SEED: &str = "LOWKEY_TEST_SEED";
/// Longer than any test takes, on busy cores and under valgrind.
const SILENCE: Duration = Duration::from_secs(1_800);

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
        tally.add("test result: none");
        tally.add("     Runningtest result: ok. 35 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out");
        assert_eq!(tally, Tally { passed: 42, failed: 2, ignored: 1 });
        assert_eq!(tally.to_string(), "42 passed, 2 failed, 1 skipped");
    }

    #[test]
    fn a_run_that_does_not_end_says_which_tests_were_not_over() {
        let mut slow = Slow::default();
        assert_eq!(slow.to_string(), "");
        for name in ["one", "two", "three"] {
            slow.add(&format!("test {name} has been running for over 60 seconds"));
        }
        slow.add("test two ... ok");
        assert_eq!(slow.to_string(), "; not over by then: one, three");
    }

    #[test]
    fn a_program_that_says_nothing_is_ended_with_what_it_waits_for() {
        let begun = std::time::Instant::now();
        let mut heard = Vec::new();
        let shell = Command::new("sh").args(["-c", "echo begun; sleep 1000; echo \"ended: $?\""]);
        let error =
            shell.silence(Duration::from_secs(2)).lines(|line| heard.push(line.to_owned())).unwrap_err();
        assert!(error.to_string().ends_with("said nothing for 2 s"), "{error}");
        assert_eq!(heard, ["begun", "ended: 137"]);
        assert!(begun.elapsed() < Duration::from_secs(900));
    }
}
