//! Handshakes and records on a host: ours, snow's, and the records of bare aws-lc-rs.
//!
//! `cargo bench -p host-bench` first has criterion measure each by itself, then measures ours and another in turns of
//! about a millisecond and prints the median of their ratios, which what else the machine does hardly moves.
//!
//! `RUSTFLAGS='--cfg lowkey_backend="portable"' cargo bench -p host-bench` does it on the portable body.

mod handshake;
mod ratios;
mod records;

use criterion::{Criterion, Throughput};
use std::{
    env,
    time::{Duration, Instant},
};

/// What all contenders of a group do, in their own ways.
struct Group {
    name: String,
    /// Plaintext that one round moves, if that is the measure.
    bytes: Option<u64>,
    ours: Contender,
    others: Vec<Other>,
}

/// Does a number of rounds and says how long that took.
struct Contender {
    name: &'static str,
    rounds: Box<dyn FnMut(u64) -> Duration>,
}

/// Somebody else's contender.
struct Other {
    contender: Contender,
    /// How much of its time ours may take.
    target: Option<f64>,
}

impl Contender {
    fn new(name: &'static str, rounds: impl FnMut(u64) -> Duration + 'static) -> Self {
        Self { name, rounds: Box::new(rounds) }
    }
}

/// The time that `rounds` calls take.
fn timed(rounds: u64, mut round: impl FnMut()) -> Duration {
    let start = Instant::now();
    for _ in 0..rounds {
        round();
    }
    start.elapsed()
}

fn main() {
    let mut groups = vec![handshake::group()];
    for len in [64, 1_024, 16_384] {
        groups.extend([records::sealing(len), records::opening(len)]);
    }
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2))
        .sample_size(50)
        .configure_from_args();
    for group in &mut groups {
        let mut measured = criterion.benchmark_group(&group.name);
        if let Some(bytes) = group.bytes {
            measured.throughput(Throughput::Bytes(bytes));
        }
        let others = group.others.iter_mut().map(|other| &mut other.contender);
        for contender in [&mut group.ours].into_iter().chain(others) {
            measured.bench_function(contender.name, |bencher| bencher.iter_custom(&mut contender.rounds));
        }
        measured.finish();
    }
    criterion.final_summary();
    // Not for a list, a test or a choice of criterion's: those have words behind cargo's own.
    if env::args().skip(1).all(|word| word == "--bench") {
        ratios::print(groups);
    }
}
