//! The two programs, built by their Makefile.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// How a program is built and run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Build {
    Plain,
    /// The compiler's checks of memory and of undefined behaviour.
    Sanitized,
    /// Under valgrind, which looks for leaks as well.
    Watched,
}

/// How long a program waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limits {
    Usual,
    /// Two seconds: for tests in which somebody waits in vain.
    Short,
}

/// What no program of ours ends with: a sanitizer or valgrind has found something.
pub(crate) const FOUND: i32 = 99;

/// Whether what builds and runs the programs is there. `cargo xtask test` installs it and sets LOWKEY_REQUIRE_TOOLS,
/// and then it is an error if something is missing.
pub(crate) fn can_run(build: Build) -> bool {
    let valgrind = (build == Build::Watched).then_some("valgrind");
    ["make", "cc"].into_iter().chain(valgrind).all(is_there)
}

fn is_there(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).any(|folder| folder.join(program).is_file());
    if !found {
        assert!(env::var_os("LOWKEY_REQUIRE_TOOLS").is_none_or(|value| value != "1"), "no {program}");
        println!("SKIPPED: this machine has no {program}");
    }
    found
}

/// `client` or `server`, ready for arguments.
pub(crate) fn program(name: &str, build: Build, limits: Limits) -> Command {
    let built = match (build, limits) {
        (Build::Sanitized, Limits::Usual) => &*SANITIZED,
        (Build::Sanitized, Limits::Short) => &*SANITIZED_SHORT,
        (_, Limits::Usual) => &*PLAIN,
        (_, Limits::Short) => &*PLAIN_SHORT,
    };
    let program = built.join(name);
    match build {
        Build::Plain => Command::new(program),
        Build::Sanitized => {
            let mut command = Command::new(program);
            // Valgrind looks for leaks; to do so here needs rights that a container may lack.
            command.env("ASAN_OPTIONS", format!("exitcode={FOUND}:detect_leaks=0"));
            command.env("UBSAN_OPTIONS", format!("exitcode={FOUND}"));
            command
        }
        Build::Watched => {
            let mut command = Command::new("valgrind");
            let exit = format!("--error-exitcode={FOUND}");
            let leaks = ["--leak-check=full", "--show-leak-kinds=all", "--errors-for-leak-kinds=all"];
            // The names of functions are enough for a report; those inlined into them cost a sixth of each start.
            command.args(["--quiet", &exit, "--read-inline-info=no"]).args(leaks).arg(program);
            command
        }
    }
}

/// The programs on a system that gives random numbers once and then no more.
pub(crate) fn without_random(name: &str) -> Command {
    Command::new(WITHOUT_RANDOM.join(name))
}

static PLAIN: LazyLock<PathBuf> = LazyLock::new(|| make("plain", "-O2 -g", USUAL, ""));
static PLAIN_SHORT: LazyLock<PathBuf> = LazyLock::new(|| make("plain-short", "-O2 -g", SHORT, ""));
static SANITIZED: LazyLock<PathBuf> = LazyLock::new(|| make("sanitized", SANITIZERS, USUAL, ""));
static SANITIZED_SHORT: LazyLock<PathBuf> = LazyLock::new(|| make("sanitized-short", SANITIZERS, SHORT, ""));
static WITHOUT_RANDOM: LazyLock<PathBuf> = LazyLock::new(|| {
    // The linker takes this one before the C library's.
    let source = "#include <stddef.h>\n#include <string.h>\n#include <sys/types.h>\n\
        ssize_t getrandom(void *out, size_t len, unsigned flags);\n\
        ssize_t getrandom(void *out, size_t len, unsigned flags) {\n\
        static int calls; (void)flags; if (calls++ > 0) return -1; memset(out, 7, len); return (ssize_t)len; }\n";
    let (file, object) = (scratch().join("no_random.c"), scratch().join("no_random.o"));
    fs::create_dir_all(scratch()).unwrap();
    fs::write(&file, source).unwrap();
    run(Command::new("cc").arg("-c").arg(&file).arg("-o").arg(&object));
    make("without-random", "-O2 -g", USUAL, object.to_str().unwrap())
});

const USUAL: &str = "";
const SHORT: &str = "-DHANDSHAKE_LIMIT=2000 -DPATIENCE=2000";
const SANITIZERS: &str =
    "-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer";

/// What a release for this machine unpacks to: the header and the archive.
static DIST: LazyLock<PathBuf> = LazyLock::new(|| {
    let (dist, library) = (scratch().join("dist"), root().join("crates/lowkey-c"));
    // `lowkey-c/tests/c.rs` finds it there as well.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("archive");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--locked", "--release", "--target-dir"]).arg(&target);
    run(cargo.current_dir(library.join("archive")));
    fs::create_dir_all(dist.join("include")).unwrap();
    fs::create_dir_all(dist.join("lib")).unwrap();
    for header in ["lowkey_common.h", "lowkey.h", "lowkey_kk.h"] {
        fs::copy(library.join("include").join(header), dist.join("include").join(header)).unwrap();
    }
    fs::copy(target.join("release/liblowkey.a"), dist.join("lib/liblowkey.a")).unwrap();
    dist
});

/// Builds both programs into a folder of that name.
fn make(name: &str, flags: &str, limits: &str, with: &str) -> PathBuf {
    let out = scratch().join(name);
    let set = |name: &str, value: &OsStr| [OsStr::new(name), OsStr::new("="), value].into_iter().collect();
    let variables: [std::ffi::OsString; 5] = [
        set("LOWKEY", DIST.as_os_str()),
        set("OUT", out.as_os_str()),
        set("CFLAGS", flags.as_ref()),
        set("CPPFLAGS", limits.as_ref()),
        set("LDFLAGS", with.as_ref()),
    ];
    let mut make = Command::new("make");
    // Anew each time: make does not know that the archive is another one, or the flags.
    make.args(["--always-make", "--silent", "--directory"])
        .arg(root().join("examples/posix-c"))
        .args(variables);
    // Those of a make that runs us are none of this one's.
    run(make.env_remove("MAKEFLAGS").env_remove("MFLAGS"));
    out
}

fn run(command: &mut Command) {
    let done = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?}: {}\n{said}", done.status);
}

fn scratch() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("posix")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
