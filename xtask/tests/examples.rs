//! Examples that must not compile fail for the reason that they name.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The files below `folder` that can hold examples: Rust and Markdown.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            sources(&path, found);
        } else if [Some("rs"), Some("md")].contains(&path.extension().and_then(OsStr::to_str)) {
            found.push(path);
        }
    }
}

/// The lines of `text` that begin an example that must not compile.
fn must_not_compile(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().map(|line| line.trim_start().trim_start_matches(['/', '!', ' ']));
    lines.filter_map(|line| line.strip_prefix("```")).filter(|line| line.contains("compile_fail"))
}

fn names_an_error(fence: &str) -> bool {
    fence
        .split(',')
        .any(|word| word.strip_prefix('E').is_some_and(|code| code.len() == 4 && code.parse::<u16>().is_ok()))
}

#[test]
fn every_example_that_must_not_compile_names_its_error() {
    let mut files = Vec::new();
    sources(&xtask::root(), &mut files);
    let mut seen = 0;
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for fence in must_not_compile(&text) {
            assert!(names_an_error(fence), "{}: {fence}", file.display());
            seen += 1;
        }
    }
    assert!(seen >= 12, "the promises of lowkey-core are among them");
    assert!(must_not_compile("//! ```compile_fail\n").all(|fence| !names_an_error(fence)));
    assert_eq!(must_not_compile("    /// ```should_panic,compile_fail\n").count(), 1);
}

/// What the rustdoc of `cargo xtask test` says of an example with the error E0425 that names this one.
fn try_example(error: &str) -> Output {
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("example-{error}.rs"));
    fs::write(&scratch, format!("//! ```compile_fail,{error}\n//! let _ = missing;\n//! ```\n")).unwrap();
    let mut rustdoc = Command::new(xtask::root().join("xtask/rustdoc.sh"));
    rustdoc.args(["--test", "--edition", "2024"]).arg(scratch).output().unwrap()
}

#[test]
fn an_example_that_fails_for_another_reason_than_it_names_fails() {
    let right = try_example("E0425");
    assert!(right.status.success(), "{}", String::from_utf8_lossy(&right.stdout));
    let wrong = try_example("E0451");
    let said = String::from_utf8_lossy(&wrong.stdout);
    assert!(!wrong.status.success() && said.contains("error codes were not found"), "{said}");
}
