//! `tools/lowkey_page.py`: what `lowkey provision` is in Rust, in Python for lines that have no Rust.

mod page;
mod provision;
mod refusals;
mod registry;

use crate::common::Folder;
use serde_json::{Value, json};
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::LazyLock;

/// The modules, in a process that answers questions about them; see `python/driver.py`.
struct Python {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Python {
    /// In this folder. `None` where no Python has what the tools need: `cargo xtask test` installs it and sets
    /// LOWKEY_REQUIRE_TOOLS, and then that is an error.
    fn within(folder: &Folder) -> Option<Self> {
        folder.waits_for("an answer of Python's");
        let mut command = interpreter(folder)?;
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        command.arg(here.join("tests/command/python/driver.py")).arg(tools());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (questions, answers) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Some(Self { child, questions, answers: BufReader::new(answers) })
    }

    /// What it answers, or why it refuses.
    fn ask(&mut self, word: &str, of: impl Into<Value>) -> Result<Value, String> {
        writeln!(self.questions, "{}", json!([word, of.into()])).unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        let answer: Value = serde_json::from_str(&answer).expect("it ended; see above");
        match answer.get("refused") {
            Some(why) => Err(why.as_str().unwrap().to_owned()),
            None => Ok(answer["ok"].clone()),
        }
    }

    /// The exit code of the program and what it says, with these arguments, split at spaces.
    fn run(&mut self, arguments: &str) -> (i64, String) {
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        let answer = self.ask("run", arguments).unwrap();
        (answer[0].as_i64().unwrap(), answer[1].as_str().unwrap().to_owned())
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended
        let _ = self.child.wait();
    }
}

/// Ready for arguments, in this folder. `PYTHON` says which one it is, to try the oldest and the newest.
fn interpreter(folder: &Folder) -> Option<Command> {
    static FOUND: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
        let imports = |python: &&Path| {
            let tried = Command::new(python).args(["-c", IMPORTS]).stderr(Stdio::null()).status();
            tried.is_ok_and(|status| status.success())
        };
        if let Some(given) = env::var_os("PYTHON") {
            return Some(given.into());
        }
        ["python3", "/usr/bin/python3"]
            .map(Path::new)
            .iter()
            .find(|python| imports(python))
            .map(PathBuf::from)
    });
    let Some(python) = &*FOUND else {
        let required = env::var_os("LOWKEY_REQUIRE_TOOLS").is_some_and(|value| value == "1");
        assert!(!required, "no Python has cryptography and TOML");
        println!("SKIPPED: no Python of this machine has the package cryptography, and TOML");
        return None;
    };
    let mut command = folder.program(python);
    command.env("PYTHONDONTWRITEBYTECODE", "1"); // the sources are nobody's to write to
    Some(command)
}

fn tools() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.bytes().filter_map(|byte| char::from(byte).to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

const IMPORTS: &str = "import cryptography\ntry: import tomllib\nexcept ImportError: import tomli";
