//! A profile of the hot path: what one record in and one record out cost one side, layer by layer, in time and in
//! allocations.
//!
//! Both sides run on one thread; of what a round trip takes, one side has half. Rekeying, every 1,024 records, is
//! among it.

mod connections;
#[path = "../common/keys.rs"]
mod keys;
mod links;
mod pipe;

use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};

/// Round trips in one turn; so few that a turn is seldom interrupted.
const ROUNDS: u32 = 128;
/// Turns of which the median is printed.
const TURNS: usize = 201;
/// Round trips in which allocations are counted: every direction has four new keys.
const COUNTED: u32 = 4_096;

fn main() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    println!(
        "\nhot path: one record in and one out, on one side; median of the time, all allocations of Rust code"
    );
    println!("{:<44}{:>10}{:>13}{:>13}", "", "length", "time", "allocations");
    for len in [64, 1_024, 16_384] {
        let (mut device, mut server) = links::sessions();
        let mut record = vec![0x77; len + 17];
        row("sealed and opened", len, |n| links::records(&mut device, &mut server, &mut record, n));

        let (mut device, mut server) = links::links();
        let (message, mut buffer) = (vec![0x77; len], vec![0; len]);
        row("through Link", len, |n| links::echo(&mut device, &mut server, &message, &mut buffer, n));

        let (mut device, mut server) = runtime.block_on(connections::over_a_pipe());
        let stream = "through Connection, read and write, in memory";
        row(stream, len, |n| {
            drive(&runtime, connections::streams(&mut device, &mut server, &message, &mut buffer, n));
        });
        let messages = "through Connection, recv and send, in memory";
        row(messages, len, |n| drive(&runtime, connections::messages(&mut device, &mut server, &message, n)));
        let mut heard = Vec::new();
        row("through Connection, recv_into and send, in memory", len, |n| {
            let talk = connections::messages_into(&mut device, &mut server, &message, &mut heard, n);
            drive(&runtime, talk);
        });

        let (mut device, mut server) = runtime.block_on(connections::over_tcp());
        let stream = "through Connection, read and write, TCP";
        row(stream, len, |n| {
            drive(&runtime, connections::streams(&mut device, &mut server, &message, &mut buffer, n));
        });
    }
}

fn drive(runtime: &Runtime, rounds: impl Future<Output = ()>) {
    runtime.block_on(rounds);
}

/// `play` does so many round trips.
fn row(name: &str, len: usize, mut play: impl FnMut(u32)) {
    play(ROUNDS); // grows what grows once
    let mut times: Vec<_> = (0..TURNS)
        .map(|_| {
            let start = Instant::now();
            play(ROUNDS);
            start.elapsed()
        })
        .collect();
    times.sort();
    let allocations = allocation_counter::measure(|| play(COUNTED)).count_total;
    let time = per_side(times[TURNS / 2]);
    println!("{name:<44}{:>10}{:>13}{:>13}", format!("{len} B"), format!("{time:.0} ns"), each(allocations));
}

fn per_side(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9 / f64::from(2 * ROUNDS)
}

fn each(allocations: u64) -> String {
    let records = u64::from(2 * COUNTED);
    match allocations {
        0 => "none".to_owned(),
        n if n < records / 100 => format!("{n} in {records}"),
        n => format!("{:.3}", n as f64 / records as f64),
    }
}
