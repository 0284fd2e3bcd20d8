//! `liblowkey.a` of this machine, built once for all tests that link it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// Where it is.
pub(crate) static ARCHIVE: LazyLock<PathBuf> = LazyLock::new(|| {
    // `lowkey/tests/posix` finds it there as well.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("archive");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--locked", "--release", "--target-dir"]).arg(&target);
    run(cargo.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("archive")));
    target.join("release/liblowkey.a")
});

/// Runs it to its end, which has to be a good one.
pub(crate) fn run(command: &mut Command) {
    let done = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?}: {}\n{said}", done.status);
}

/// The compiler that `CC` names, or the system's.
pub(crate) fn cc() -> Command {
    Command::new(env::var_os("CC").unwrap_or_else(|| "cc".into()))
}
