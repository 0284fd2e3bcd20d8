//! What the benchmarks share: contenders, and turns that they take.
//!
//! The programs are in `benches`; `cargo xtask bench` runs all of them.

mod turns;

pub use turns::Turns;

use std::time::{Duration, Instant};

/// What all contenders do, in their own ways.
pub struct Group {
    /// What it is.
    pub name: String,
    /// Lowkey.
    pub ours: Contender,
    /// Whom it is measured against.
    pub others: Vec<Other>,
}

/// Does a number of rounds and says how long that took.
pub struct Contender {
    /// Who it is.
    pub name: &'static str,
    /// So many rounds.
    pub rounds: Box<dyn FnMut(u64) -> Duration>,
}

/// Somebody else's contender.
pub struct Other {
    /// Who, and what it does.
    pub contender: Contender,
    /// How much of its time ours may take.
    pub target: Option<f64>,
}

impl Contender {
    /// `name`, and what does its rounds.
    pub fn new(name: &'static str, rounds: impl FnMut(u64) -> Duration + 'static) -> Self {
        Self { name, rounds: Box::new(rounds) }
    }

    /// Somebody else, of whose time ours may take so much.
    pub fn with_target(self, target: impl Into<Option<f64>>) -> Other {
        Other { contender: self, target: target.into() }
    }
}

/// The time that `rounds` calls take.
pub fn timed(rounds: u64, mut round: impl FnMut()) -> Duration {
    let start = Instant::now();
    for _ in 0..rounds {
        round();
    }
    start.elapsed()
}

/// How many bytes of memory this process has, where the system says so.
pub fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}
