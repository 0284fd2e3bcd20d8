//! 10,000 authenticated connections that are idle, then all of them beside a crowd that stalls and misbehaves.
//!
//! The server, its good devices and the crowd are a process each. Prints the memory of an idle connection, and how
//! long the good devices wait for an echo with the crowd and without it.

mod crowd;
mod devices;
#[path = "../common/keys.rs"]
mod keys;
mod process;
mod server;
mod stranger;
mod ways;

use process::Child;
use server::Report;
use std::env;
use std::time::Duration;

/// Well-behaved devices: the numbers from 1 on.
const GOOD: u32 = 10_000;
/// Of the crowd, those who stall in the handshake and those who misbehave; the numbers after the good ones'.
const STALLED: u32 = 1_000;
const BAD: u32 = 1_000;
/// The longest frame of the server and of its devices.
const MAX_FRAME: u16 = 1_024;
/// How long echoes are timed, and how often each device sends one in that time.
const TIMED: Duration = Duration::from_secs(20);
const EVERY: Duration = Duration::from_secs(5);
/// What an idle connection is to stay below, in bytes.
const TARGET: u64 = 8 * 1_024;

fn main() {
    process::raise_file_limit(u64::from(GOOD) + 1_000);
    let mut arguments = env::args().skip(1);
    match arguments.next().as_deref() {
        Some("server") => server::run(),
        Some("crowd") => crowd::run(&arguments.next().unwrap()),
        _ => conduct(),
    }
}

/// The good devices are this process's.
fn conduct() {
    let mut server = Child::start(&["server"]);
    let address = server.line();
    let devices = devices::Devices::new(&address);
    devices.connect(1, 1); // what the server allocates once
    let before = Report::ask(&mut server);
    devices.connect(2, GOOD);
    let idle = Report::ask(&mut server);
    assert_eq!(idle.sessions, u64::from(GOOD));
    let each = (idle.memory - before.memory) / u64::from(GOOD - 1);
    let verdict = if each < TARGET { "met" } else { "MISSED" };
    println!("\n{GOOD} idle authenticated connections, frames of up to {MAX_FRAME} bytes");
    println!("resident memory of the server, each    {each:>9} B   < {TARGET} B, {verdict}");

    println!("\n{GOOD} devices send 64 bytes every {} s: how long the echo takes", EVERY.as_secs());
    println!("{:<55}{:>9}{:>12}{:>17}", "", "echoes", "median", "99th percentile");
    let alone = devices.time_echoes();
    row("alone", &alone);
    let mut crowd = Child::start(&["crowd", &address]);
    assert_eq!(crowd.line(), "ready");
    let beside = devices.time_echoes();
    row(&format!("beside {STALLED} that stall and {BAD} that misbehave"), &beside);
    let after = Report::ask(&mut server);
    crowd.ask("stop");
    println!("the crowd: {}", crowd.line());
    println!(
        "the server: {} kB in all, {} sessions; {}",
        after.memory / 1_024,
        after.sessions,
        after.counted
    );
    assert!(after.sessions >= u64::from(GOOD));
}

fn row(name: &str, waits: &[Duration]) {
    let at = |percent: usize| format!("{:.2} ms", waits[waits.len() * percent / 100].as_secs_f64() * 1e3);
    println!("{name:<55}{:>9}{:>12}{:>17}", waits.len(), at(50), at(99));
}
