//! Builds what the demo shows, and starts it.

use std::{
    fs,
    path::{self, Path, PathBuf},
};

use xtask::{
    command::{Command, Result},
    programs::{self, built},
    setup, target, times,
};

use crate::{firmware, pack, steps::Steps, tally};

/// Whose firmware runs on the board.
#[derive(Clone, Copy)]
pub(crate) enum Board<'a> {
    /// The one in Rust, of the workspace in this folder.
    Rust(&'a str),
    /// The one in C, with lwIP.
    C,
}

/// Whether an attacker sits on the wire.
pub(crate) enum Wire {
    Honest,
    Attacked,
}

/// The board, the server, and perhaps an attacker between them.
pub(crate) fn demo(board: Board<'_>, wire: &Wire) -> Result<()> {
    let mut steps = Steps::new();
    setup::ensure([&setup::QEMU])?;
    let firmware = steps.run("build the firmware", || demos(board))?;
    steps.run("build the lowkey command and the backend", programs::build)?;
    if let (Board::C, Wire::Honest) = (board, wire) {
        let firmware = steps.run("build the program of the C chapter", || pack::firmware("first-record"))?;
        steps.run("its first record", || play("first-record", &firmware))?;
    }
    let (name, word) = match wire {
        Wire::Honest => ("demo", "plain"),
        Wire::Attacked => ("demo with an attacker", "mitm"),
    };
    steps.run(name, || play(word, &firmware))
}

/// The firmware of the demo's board.
///
/// # Errors
/// It does not compile.
pub(crate) fn demos(board: Board<'_>) -> Result<PathBuf> {
    match board {
        Board::Rust(folder) => firmware::build_with(folder, FIRMWARE, &["demo"]),
        Board::C => pack::firmware("demo"),
    }
}

/// Plays `word` of the demo with a board that runs `firmware`.
fn play(word: &str, firmware: &Path) -> Result<()> {
    // Those of our own tasks are none of the command.
    Command::new(built("demo"))
        .without_env(|name| name.starts_with("LOWKEY_"))
        .env(tally::SEED, tally::seed())
        .args([word.as_ref(), built("lowkey").as_os_str(), built("tokio-server").as_os_str()])
        .args([firmware])
        .run()
}

/// A blank board, brought together with a server by the code on its label.
pub(crate) fn pair(board: Board<'_>) -> Result<()> {
    let mut steps = Steps::new();
    setup::ensure([&setup::QEMU])?;
    let firmware = steps.run("build the firmware that pairs", || pairing(board))?;
    steps.run("build the lowkey command and the backend", programs::build)?;
    steps.run("a pairing", || play("pair", &firmware))
}

fn pairing(board: Board<'_>) -> Result<PathBuf> {
    match board {
        Board::Rust(folder) => firmware::build_with(folder, "pairing", &["demo"]),
        Board::C => pack::firmware("pairing-demo"),
    }
}

/// A board that pairs, with somebody's own label and for a server of his own: `words` say which, and what he holds.
/// Its flash is kept under the target folder, by the name of the label's file.
pub(crate) fn by_hand(rust: &str, words: &[&str]) -> Result<()> {
    let (mut label, mut board, mut button, mut is_blank) = (None, Board::Rust(rust), "none", false);
    let mut left = words.iter();
    while let Some(word) = left.next() {
        match *word {
            "--label" => label = left.next(),
            "--select" => button = "select",
            "--down" => button = "down",
            "--blank" => is_blank = true,
            "--c" => board = Board::C,
            _ => return Err(format!("board: {word} means nothing here; {BY_HAND}").into()),
        }
    }
    let label = path::absolute(label.ok_or(BY_HAND)?)?;
    if !label.is_file() {
        return Err(format!("board: {}: there is no such file", label.display()).into());
    }
    let language = match board {
        Board::Rust(_) => "rust",
        Board::C => "c",
    };
    let folder = target().join("board").join(label.file_stem().unwrap_or_default()).join(language);
    if is_blank && folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;

    let mut steps = Steps::new();
    setup::ensure([&setup::QEMU])?;
    let firmware = steps.run("build the firmware that pairs", || pairing(board))?;
    steps.run("build the lowkey command and the board's hands", programs::build)?;
    println!("its flash, and what was on its Ethernet: {}", folder.display());
    Command::new(built("demo")).args(["by-hand"]).args([firmware, label, folder]).args([button]).run()
}

/// The firmware of both boards, with readings that have an end.
///
/// # Errors
/// It does not compile.
pub(crate) fn counted(rust: &str) -> Result<[PathBuf; 2]> {
    let what = (rust, FIRMWARE, "counted");
    Ok([firmware::build_set(what, &["demo"], &times::counted())?, pack::firmware("counted")?])
}

/// Both boards before a server that acknowledges, on a line that dies, and in front of a server that hangs, floods and
/// takes nothing.
pub(crate) fn line(rust: &str) -> Result<()> {
    let mut steps = Steps::new();
    setup::ensure([&setup::QEMU])?;
    let boards = steps.run("build the firmware, with short times", || {
        let what = (rust, FIRMWARE, "line");
        Ok([firmware::build_set(what, &["demo"], &times::variables())?, pack::firmware("line")?])
    })?;
    let counted = steps.run("build the firmware, with readings that have an end", || counted(rust))?;
    steps.run("build the lowkey command and the server", programs::build)?;
    let play = |word, boards: [PathBuf; 2]| {
        Command::new(built("demo")).env(tally::SEED, tally::seed()).args([word]).args(boards).run()
    };
    steps.run("numbered", || play("numbered", counted))?;
    steps.run("line", || play("line", boards))
}

const BY_HAND: &str = "usage: cargo xtask board --label FILE [--select | --down] [--blank] [--c]";
const FIRMWARE: &str = "lm3s6965-ethernet";
