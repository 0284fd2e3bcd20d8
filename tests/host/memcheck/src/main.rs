//! Does any branch, or any address, depend on a secret? Valgrind's memcheck tells of each that depends on memory
//! without a value, wherever that has been copied and computed to; so what is secret is declared to be without a value.
//! (Langley's ctgrind; memcheck manual, §4.6.)
//!
//! Without arguments every check of [`checks`] runs in a valgrind of its own, and each report must be one of
//! [`VERDICTS`], which the protocol makes public. The two planted leaks must be reported.
//!
//! It sees the algorithms as this machine runs them: the primitives in Rust, not their assembly, and no instruction
//! whose time depends on its operands. For these there are the other gates of `cargo xtask constant-time`.

mod checks;
mod handshakes;
mod planted;
mod primitives;
mod report;
mod valgrind;

use std::{
    collections::BTreeSet,
    env, fs,
    process::{Command, ExitCode, Stdio},
};

use checks::{CHECKS, Check};
use report::Report;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let done = match env::args().nth(1) {
        None => all(),
        Some(name) => inside(&name),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("memcheck: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs every check under valgrind and judges what that reports.
fn all() -> Result<()> {
    let mut bad = 0;
    for check in CHECKS {
        let reports = watch(check.name)?;
        let (verdicts, leaks): (Vec<&Report>, Vec<_>) =
            reports.iter().partition(|report| report.is_verdict());
        // One line of source can be many places in the program.
        let places: BTreeSet<String> = leaks.iter().map(ToString::to_string).collect();
        let planted = check.planted.is_some();
        let as_expected = match check.planted {
            None => leaks.is_empty(),
            Some(kind) => leaks.iter().any(|leak| leak.what == kind),
        };
        bad += usize::from(!as_expected);
        let name = if planted { format!("planted: {}", check.name) } else { check.name.to_owned() };
        println!("  {name:<38} {}", said(planted, as_expected, verdicts.len()));
        if !as_expected || planted {
            places.iter().for_each(|place| println!("      {place}"));
        }
    }
    if bad == 0 { Ok(()) } else { Err(format!("{bad} of the lines above are not as they should be").into()) }
}

fn said(planted: bool, as_expected: bool, verdicts: usize) -> String {
    match (planted, as_expected, verdicts) {
        (true, true, _) => "caught:".to_owned(),
        (true, false, _) => "NOT CAUGHT".to_owned(),
        (false, false, _) => "depends on a secret:".to_owned(),
        (false, true, 0) => "no branch and no address depends on a secret".to_owned(),
        (false, true, n) => format!("no branch and no address but {n} on public verdicts"),
    }
}

/// Runs one check in a valgrind; returns what that reported.
fn watch(name: &str) -> Result<Vec<Report>> {
    let file = env::temp_dir().join(format!("lowkey-memcheck-{}.xml", std::process::id()));
    let mut xml = std::ffi::OsString::from("--xml-file=");
    xml.push(&file);
    let output = Command::new("valgrind")
        .args(["--quiet", "--error-limit=no", "--num-callers=40", "--leak-check=no", "--xml=yes"])
        // Exact for the adds and compares that optimisers make of masks.
        .arg("--expensive-definedness-checks=yes")
        .arg(xml)
        .arg(env::current_exe()?)
        .arg(name)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("valgrind cannot be started: {error}"))?;
    let reports = fs::read_to_string(&file);
    // It may never have been written, which the next line tells.
    let _ = fs::remove_file(&file);
    if !output.status.success() {
        return Err(format!("{name}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(report::parse(&reports?))
}

/// Runs one check; valgrind watches.
fn inside(name: &str) -> Result<()> {
    if !valgrind::is_here() {
        return Err("without valgrind nothing would be seen".into());
    }
    let check: &Check = CHECKS.iter().find(|check| check.name == name).ok_or("no such check")?;
    (check.run)()
}
