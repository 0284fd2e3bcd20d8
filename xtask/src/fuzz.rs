//! `cargo xtask fuzz`: how long libFuzzer has looked for inputs that break a promise, target by target; and with the
//! name of one, longer.
//!
//! `fuzz/runs.txt` has a line for each run that found nothing: the day, the target, libFuzzer's own seconds and inputs.
//! This verb adds it, and nothing else does.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader},
    process::{self, Stdio},
};

use xtask::{
    command::{Command, Result},
    root, target,
    toolchain::{host, program_of},
    tools,
};

/// Prints the table.
///
/// # Errors
/// The file of runs has another form.
pub(crate) fn print() -> Result<()> {
    print!("{}", table(&targets()?, &fs::read_to_string(root().join(RUNS))?)?);
    Ok(())
}

/// Has libFuzzer look for so many minutes, and adds that to the file.
///
/// # Errors
/// There is no such target, or no nightly compiler; it has found something, and has said where the input lies.
pub(crate) fn run(name: &str, minutes: &str) -> Result<()> {
    let minutes: u64 = minutes.parse().map_err(|_| format!("not a number of minutes: {minutes}"))?;
    if !targets()?.iter().any(|known| known == name) {
        return Err(format!("no fuzz target is called `{name}`; `cargo xtask fuzz` names them").into());
    }
    Command::cargo_in(FOLDER).args(["run", "--quiet", "--example", "seeds"]).run()?;
    let found = look(build(name)?, name, minutes)?;
    let day = Command::new("date").args(["--utc", "+%F"]).quiet()?;
    let line = format!("{} {name} {} {}\n", day.trim(), found.seconds, found.inputs);
    print!("{line}");
    let runs = fs::read_to_string(root().join(RUNS))?;
    Ok(fs::write(root().join(RUNS), runs + &line)?)
}

/// Builds the target for libFuzzer.
fn build(name: &str) -> Result<process::Command> {
    let folder = target().join("fuzz");
    // AddressSanitizer is for what calls C; without it everything else runs several times as fast.
    let sanitizer = if OF_C.contains(&name) { "address" } else { "none" };
    let cargo_fuzz = program_of(NIGHTLY, tools::cargo("cargo-fuzz", &[])?).within(FOLDER);
    let build = cargo_fuzz.args(["build", "--sanitizer", sanitizer, "--target-dir"]).args([&folder]);
    build.args([name]).env("RUSTFLAGS", "--cfg lowkey_testing").run()?;
    Ok(process::Command::new(folder.join(host()?).join("release").join(name)))
}

/// Runs it, shows what it says, and returns what it has done.
fn look(mut libfuzzer: process::Command, name: &str, minutes: u64) -> Result<Run> {
    let folder = root().join(FOLDER);
    let artifacts = folder.join("artifacts").join(name);
    fs::create_dir_all(&artifacts)?;
    libfuzzer.current_dir(&folder).arg(folder.join("corpus").join(name));
    libfuzzer
        .args(["-max_len=2048", "-print_final_stats=1"])
        .arg(format!("-max_total_time={}", minutes * 60));
    libfuzzer.arg(format!("-artifact_prefix={}/", artifacts.display()));
    let mut child = libfuzzer.stdin(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let mut run = None;
    for line in child.stderr.take().map(BufReader::new).into_iter().flat_map(BufRead::lines) {
        let line = line?;
        println!("{line}");
        run = run.or(Run::of(&line));
    }
    match (child.wait()?.success(), run) {
        (true, Some(run)) => Ok(run),
        _ => Err(format!("{name}: what it has found is in {}", artifacts.display()).into()),
    }
}

/// What libFuzzer has done without finding anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Run {
    seconds: u64,
    inputs: u64,
}

impl Run {
    /// From a line like `Done 2097152 runs in 61 second(s)`.
    fn of(line: &str) -> Option<Self> {
        let (inputs, rest) = line.strip_prefix("Done ")?.split_once(" runs in ")?;
        let seconds = rest.strip_suffix(" second(s)")?;
        Some(Self { seconds: seconds.parse().ok()?, inputs: inputs.parse().ok()? })
    }
}

/// The names of all targets.
fn targets() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root().join(FOLDER).join("fuzz_targets"))? {
        names.extend(entry?.path().file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort_unstable();
    Ok(names)
}

/// A line for each target, with the sum of its `runs`.
fn table(targets: &[String], runs: &str) -> Result<String> {
    let mut sums: BTreeMap<&str, (Run, &str)> = BTreeMap::new();
    for line in runs.lines().filter(|line| !line.starts_with('#')) {
        let [day, name, seconds, inputs] = line.split(' ').collect::<Vec<_>>()[..] else {
            return Err(format!("{RUNS}: not a day, a target, seconds and inputs: {line}").into());
        };
        let (sum, last) = sums.entry(name).or_default();
        sum.seconds += seconds.parse::<u64>()?;
        sum.inputs += inputs.parse::<u64>()?;
        *last = (*last).max(day);
    }
    let mut text = format!("{:<14} {:>7} {:>14}  last\n", "target", "hours", "inputs");
    for name in targets {
        let (Run { seconds, inputs }, last) = sums.get(&**name).copied().unwrap_or((Run::default(), "never"));
        let hours = format!("{}.{:02}", seconds / 3_600, seconds % 3_600 / 36);
        text += &format!("{name:<14} {hours:>7} {inputs:>14}  {last}\n");
    }
    Ok(text)
}

const FOLDER: &str = "fuzz";
const RUNS: &str = "fuzz/runs.txt";
const NIGHTLY: &str = "nightly";
/// The targets that call functions of C.
const OF_C: [&str; 2] = ["both_headers", "c_abi"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_the_sum_of_the_runs_and_a_target_without_one_has_none() {
        let targets = ["link", "page"].map(str::to_owned);
        let runs = "# day target seconds inputs\n2026-11-28 page 3600 5\n2026-11-27 page 1801 6\n";
        let table = table(&targets, runs).unwrap();
        let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(rows[1..], [vec!["link", "0.00", "0", "never"], vec!["page", "1.50", "11", "2026-11-28"]]);
        assert!(super::table(&targets, "2026-11-28 page 3600\n").is_err());
    }

    #[test]
    fn a_run_is_what_libfuzzer_says_of_it() {
        assert_eq!(
            Run::of("Done 2097152 runs in 61 second(s)"),
            Some(Run { seconds: 61, inputs: 2_097_152 })
        );
        assert_eq!(Run::of("#2097152 DONE cov: 93 ft: 300"), None);
    }
}
