//! Ours divided by theirs, measured in turns.

use crate::{Contender, Group};
use std::time::Duration;

/// Measures and prints the ratios of all groups.
pub(crate) fn print(groups: Vec<Group>) {
    let body = if PORTABLE { "portable" } else { "aws-lc" };
    println!("\nlowkey ({body} body) in turns with others: medians, and quartiles of the ratio");
    println!(
        "{:<20}{:>12}   {:<12}{:>12}{:>9}  {:<15}target",
        "", "lowkey", "other", "its time", "ratio", ""
    );
    for mut group in groups {
        for mut other in group.others {
            let Turns { ours, theirs, ratio, quartiles } = Turns::of(&mut group.ours, &mut other.contender);
            let target = match other.target.filter(|_| !PORTABLE) {
                Some(target) if ratio <= target => format!("<= {target:.2}, met"),
                Some(target) => format!("<= {target:.2}, MISSED"),
                None => String::new(),
            };
            println!(
                "{:<20}{:>12}   {:<12}{:>12}{ratio:>9.3}  {:<15}{target}",
                group.name,
                readable(ours),
                other.contender.name,
                readable(theirs),
                format!("{:.3}..{:.3}", quartiles.0, quartiles.1),
            );
        }
    }
}

/// Medians over the turns; times in seconds a round.
struct Turns {
    ours: f64,
    theirs: f64,
    ratio: f64,
    quartiles: (f64, f64),
}

impl Turns {
    fn of(ours: &mut Contender, theirs: &mut Contender) -> Self {
        let counts = [rounds_a_turn(ours), rounds_a_turn(theirs)];
        let mut times = [Vec::new(), Vec::new()];
        let mut ratios = Vec::new();
        for turn in 0..TURNS {
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
        Self { ours, theirs, ratio: quantile(ratios, 2), quartiles }
    }
}

/// So many that a turn takes about a millisecond.
fn rounds_a_turn(contender: &mut Contender) -> u64 {
    let mut count = 1;
    while count < 1 << 20 && (contender.rounds)(count) < TURN {
        count *= 2;
    }
    count
}

/// The value below which so many quarters of `values` are.
fn quantile(mut values: Vec<f64>, quarters: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() * quarters / 4]
}

fn readable(seconds: f64) -> String {
    if seconds < 1e-6 { format!("{:.1} ns", seconds * 1e9) } else { format!("{:.2} us", seconds * 1e6) }
}

/// The targets are those of the other body, which a host has by default.
const PORTABLE: bool = cfg!(lowkey_backend = "portable");
const TURNS: usize = 801;
const TURN: Duration = Duration::from_millis(1);
