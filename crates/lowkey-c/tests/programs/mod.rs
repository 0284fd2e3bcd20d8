//! The programs of tests/c: built by every compiler and with what it checks, linked with the archive, and run.

use crate::archive::{ARCHIVE, cc, run};
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// What initiates in a program: with a device it tests `lowkey_kk.h` where that has what `lowkey.h` has.
#[derive(Clone, Copy)]
pub(crate) enum Initiator {
    Channel,
    Device,
}

/// Plays it in every build, with each of these arguments, or once without any.
pub(crate) fn play(name: &str, initiator: Initiator, arguments: &[&OsStr]) {
    let builds = Build::ALL.into_iter().filter(|build| build.plays(name));
    for build in builds.filter(|build| is_there(build.compiler().get_program())) {
        let program = build.program(name, initiator);
        let mut starts: Vec<_> =
            arguments.iter().map(|argument| build.start(&program, &[argument])).collect();
        if starts.is_empty() {
            starts.push(build.start(&program, &[]));
        }
        starts.iter_mut().for_each(run);
    }
}

/// Where programs and their files are.
pub(crate) fn scratch() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("lowkey-c");
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// How a program is built.
#[derive(Clone, Copy, Debug)]
enum Build {
    Plain,
    /// With the compiler's checks of memory and of undefined behaviour in C. What the archive does with memory, they
    /// do not see: valgrind does.
    Sanitized,
    Cpp,
    Clang,
}

impl Build {
    const ALL: [Self; 4] = [Self::Plain, Self::Sanitized, Self::Cpp, Self::Clang];

    fn compiler(self) -> Command {
        match self {
            Self::Plain => cc(),
            Self::Sanitized => Command::new("cc"), // another one may lack what it links for that
            Self::Cpp => Command::new(env::var_os("CXX").unwrap_or_else(|| "c++".into())),
            Self::Clang => Command::new("clang"),
        }
    }

    /// All of them play all but what takes long.
    fn plays(self, name: &str) -> bool {
        name != LONGEST || matches!(self, Self::Plain | Self::Sanitized)
    }

    /// For the linker as well.
    fn checks(self) -> &'static [&'static str] {
        match self {
            Self::Sanitized => &["-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
            _ => &[],
        }
    }

    fn language(self) -> &'static [&'static str] {
        match self {
            Self::Plain => &["-std=c99", "-O1"],
            Self::Sanitized => &["-std=c99", "-g"],
            Self::Cpp => &["-x", "c++", "-std=c++11"],
            Self::Clang => &["-std=c99"],
        }
    }

    fn program(self, name: &str, initiator: Initiator) -> PathBuf {
        static DONE: [[OnceLock<Vec<PathBuf>>; 2]; 4] = [const { [const { OnceLock::new() }; 2] }; 4];
        let parts = DONE[self as usize][initiator as usize]
            .get_or_init(|| PARTS.iter().map(|part| self.object(part, initiator)).collect());
        let object = self.object(name, initiator);
        let program = object.with_extension("");
        let mut linker = self.compiler();
        linker.args(self.checks()).arg(object).args(parts).arg(&*ARCHIVE);
        run(linker.arg("-o").arg(&program));
        program
    }

    fn object(self, name: &str, initiator: Initiator) -> PathBuf {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let (define, of) = match initiator {
            Initiator::Channel => (None, "channel"),
            Initiator::Device => (Some("-DDEVICE"), "device"),
        };
        let object = scratch().join(format!("{name}-{of}-{self:?}.o"));
        let mut compiler = self.compiler();
        compiler.args(STRICT).args(self.language()).args(self.checks()).args(define);
        compiler.arg("-I").arg(here.join("include")).arg("-c").arg(here.join(format!("tests/c/{name}.c")));
        run(compiler.arg("-o").arg(&object));
        object
    }

    fn start(self, program: &Path, arguments: &[&OsStr]) -> Command {
        let mut start = Command::new(program);
        // To look for leaks needs rights that a container may lack; there is no heap.
        start.args(arguments).env("ASAN_OPTIONS", "detect_leaks=0");
        start
    }
}

/// Plays it under valgrind, which sees what the archive does with memory, and what it makes of bytes that nobody wrote.
pub(crate) fn watch(name: &str, initiator: Initiator) {
    if is_there(VALGRIND.as_ref()) {
        let program = Build::Plain.program(name, initiator);
        run(Command::new(VALGRIND)
            .args(["--quiet", "--error-exitcode=99", "--leak-check=full"])
            .arg(program));
    }
}

/// Whether this machine has the program. `cargo xtask test` installs it and sets LOWKEY_REQUIRE_TOOLS, and then it is
/// an error if it is missing.
fn is_there(program: &OsStr) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).any(|folder| folder.join(program).is_file());
    if !found {
        assert!(env::var_os("LOWKEY_REQUIRE_TOOLS").is_none_or(|value| value != "1"), "no {program:?}");
        println!("SKIPPED: this machine has no {program:?}");
    }
    found
}

const STRICT: [&str; 6] = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wcast-qual", "-Werror"];
/// What every program has.
const PARTS: [&str; 4] = ["side", "either", "calls", "wire"];
const LONGEST: &str = "damage";
const VALGRIND: &str = "valgrind";
