//! `cargo xtask test --busy`: every test with a deadline, a race or a port, again and again, while all cores are kept
//! busy by something else. Not a part of `test`: it takes an hour.

use std::{
    hint,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use xtask::{
    command::{Command, Result},
    programs,
};

use crate::{
    checks,
    show::{self, Board, Wire},
    steps::Steps,
    tally::{self, Tally},
};

/// Runs them all, round by round; the first failure ends it, and says its seed.
pub(crate) fn test(rust: &str) -> Result<()> {
    let mut steps = Steps::new();
    steps.run("the programs that tests play with", checks::test_tools)?;
    steps.run("build", || {
        programs::build()?;
        Command::cargo().args(["test", "--quiet", "--no-run"]).args(SUITES).run()
    })?;
    let _busy = Busy::begin()?;
    let mut tally = Tally::default();
    for round in 1..=ROUNDS {
        let of = format!("round {round} of {ROUNDS}");
        tally += steps.run(&format!("tests, {of}"), || tally::run(&SUITES, "."))?;
        for (name, board) in [("Rust", Board::Rust(rust)), ("C", Board::C)] {
            steps.run(&format!("the demo in {name}, {of}"), || show::demo(board, &Wire::Honest))?;
            let attacked = format!("the demo in {name} with an attacker, {of}");
            steps.run(&attacked, || show::demo(board, &Wire::Attacked))?;
            steps.run(&format!("a pairing in {name}, {of}"), || show::pair(board))?;
        }
        steps.run(&format!("both boards on a line that dies, {of}"), || show::line(rust))?;
    }
    println!("\n{tally}");
    Ok(())
}

/// As many threads as there are cores, which do nothing as fast as they can until this is dropped.
struct Busy {
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Busy {
    fn begin() -> Result<Self> {
        let over = Arc::new(AtomicBool::new(false));
        let spin = || {
            let over = Arc::clone(&over);
            thread::spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    hint::spin_loop();
                }
            })
        };
        let threads = (0..thread::available_parallelism()?.get()).map(|_| spin()).collect();
        Ok(Self { over, threads })
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // It has nothing that could fail.
            let _ = thread.join();
        }
    }
}

const ROUNDS: u32 = 10;
/// The crates whose tests have deadlines, races and ports.
const SUITES: [&str; 14] = [
    "--package",
    "lowkey-host",
    "--package",
    "lowkey-registry",
    "--package",
    "lowkey-gateway",
    "--package",
    "lowkey-sinks",
    "--package",
    "lowkey",
    "--package",
    "lowkey-transport",
    "--lib",
    "--tests",
];
