//! Ours divided by theirs, measured in turns.

use crate::{Contender, Group};
use std::time::Duration;

/// How contenders take turns, and in which unit their times are printed.
///
/// The median of the ratios hardly moves with what else the machine does, since a turn of ours has one of theirs
/// beside it.
pub struct Turns {
    /// How many each.
    pub count: usize,
    /// How long one is, about.
    pub length: Duration,
    /// The columns of absolute figures.
    pub unit: &'static str,
    /// Seconds a round, as text in that unit.
    pub text: fn(f64) -> String,
}

impl Turns {
    /// Of a millisecond, for what is done in memory.
    pub const IN_MEMORY: Self =
        Self { count: 801, length: Duration::from_millis(1), unit: "time", text: readable };

    /// Measures and prints the ratios of all groups.
    pub fn print(&self, title: &str, groups: Vec<Group>) {
        let body = if PORTABLE { "portable" } else { "aws-lc" };
        println!(
            "\n{title}: lowkey ({body} body) in turns with others; medians, and quartiles of the ratio of times"
        );
        println!(
            "{:<28}{:>12}   {:<22}{:>12}{:>9}  {:<15}target",
            "",
            format!("lowkey, {}", self.unit),
            "other",
            format!("its {}", self.unit),
            "ratio",
            ""
        );
        for mut group in groups {
            for mut other in group.others {
                let Ratio { ours, theirs, ratio, quartiles } =
                    self.measure(&mut group.ours, &mut other.contender);
                println!(
                    "{:<28}{:>12}   {:<22}{:>12}{ratio:>9.3}  {:<15}{}",
                    group.name,
                    (self.text)(ours),
                    other.contender.name,
                    (self.text)(theirs),
                    format!("{:.3}..{:.3}", quartiles.0, quartiles.1),
                    verdict(ratio, other.target),
                );
            }
        }
    }

    fn measure(&self, ours: &mut Contender, theirs: &mut Contender) -> Ratio {
        let counts = [self.rounds_a_turn(ours), self.rounds_a_turn(theirs)];
        let mut times = [Vec::new(), Vec::new()];
        let mut ratios = Vec::new();
        for turn in 0..self.count {
            let turn_of =
                |contender: &mut Contender, count| (contender.rounds)(count).as_secs_f64() / count as f64;
            // Who goes first changes, so that neither always has the other's caches.
            let (a, b) = if turn % 2 == 0 {
                let a = turn_of(ours, counts[0]);
                (a, turn_of(theirs, counts[1]))
            } else {
                let b = turn_of(theirs, counts[1]);
                (turn_of(ours, counts[0]), b)
            };
            times[0].push(a);
            times[1].push(b);
            ratios.push(a / b);
        }
        let [ours, theirs] = times.map(|times| quantile(times, 2));
        let quartiles = (quantile(ratios.clone(), 1), quantile(ratios.clone(), 3));
        Ratio { ours, theirs, ratio: quantile(ratios, 2), quartiles }
    }

    /// So many that a turn takes as long as it should.
    fn rounds_a_turn(&self, contender: &mut Contender) -> u64 {
        let mut count = 1;
        while count < 1 << 20 && (contender.rounds)(count) < self.length {
            count *= 2;
        }
        count
    }
}

/// Medians over the turns; times in seconds a round.
struct Ratio {
    ours: f64,
    theirs: f64,
    ratio: f64,
    quartiles: (f64, f64),
}

/// The targets are those of the body that a host has by default.
fn verdict(ratio: f64, target: Option<f64>) -> String {
    match target.filter(|_| !PORTABLE) {
        Some(target) if ratio <= target => format!("<= {target:.2}, met"),
        Some(target) => format!("<= {target:.2}, MISSED"),
        None => String::new(),
    }
}

/// The value below which so many quarters of `values` are.
fn quantile(mut values: Vec<f64>, quarters: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() * quarters / 4]
}

fn readable(seconds: f64) -> String {
    if seconds < 1e-6 { format!("{:.1} ns", seconds * 1e9) } else { format!("{:.2} us", seconds * 1e6) }
}

const PORTABLE: bool = cfg!(lowkey_backend = "portable");
