//! The boards on a line that dies, and in front of a server that is slow, hangs, floods and takes nothing. They have
//! been built for it with short times, and each has to come back.

use crate::rude::Kind;
use crate::segment::{Cable, WINDOW};
use crate::stand::{Manners, Stand};
use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};
use xtask::{
    command::Result,
    times::{CONNECT_LIMIT, PATIENCE},
};

/// Tries both boards, side by side.
pub(crate) fn run(rust: &Path, c: &Path) -> Result<()> {
    let start = Instant::now();
    thread::scope(|scope| {
        let boards = [("board in Rust", rust), ("board in C", c)];
        let running = boards.map(|(name, elf)| {
            scope.spawn(move || board(name, elf).inspect_err(|error| eprintln!("line: {error}")))
        });
        running.into_iter().try_for_each(|trials| trials.join().map_err(|_| "a trial panicked")?)
    })?;
    println!("line: both boards came back each time, {:.1} s", start.elapsed().as_secs_f32());
    Ok(())
}

fn board(name: &'static str, elf: &Path) -> Result<()> {
    let mut stand = Stand::set(name, elf)?;
    for (what, trial) in TRIALS {
        stand.say(what);
        trial(&mut stand).map_err(|error| format!("{name}: {what}: {error}"))?;
    }
    Ok(())
}

/// What happens, and what has to come of it.
type Named = (&'static str, fn(&mut Stand) -> Result<()>);

const TRIALS: [Named; 8] = [
    ("message 2 takes longer than the time for a handshake that was set", slow_handshake),
    ("the server takes a message more slowly than its patience is long", slow_upload),
    ("the line is cut while readings are sent", silent_line),
    ("the server hangs, and its TCP goes on to take readings", hung_server),
    ("the server takes nothing and floods", flood),
    ("the server goes on to send behind the board's CLOSE", last_messages),
    ("the board's CLOSE is lost on its first way", last_words),
    ("the line is cut while nothing is sent", idle_line),
];

fn slow_handshake(stand: &mut Stand) -> Result<()> {
    let message_2 = stand.await_message_1()?;
    let mark = stand.mark();
    for byte in message_2 {
        stand.give(&[byte]);
        // Each comes well within the limit, and all of them never would, also by a clock that loses most of its ticks.
        let next = Instant::now() + CONNECT_LIMIT / 3;
        let has_ended = |stand: &Stand| stand.has_said(mark, "no channel: the stream timed out");
        stand.until("the next byte", |stand| Ok(has_ended(stand) || Instant::now() >= next))?;
        if has_ended(stand) {
            // The last that it says of this connection: what comes then is of the next one.
            return stand.hear(mark, AGAIN);
        }
    }
    Err("the board waited for all of it".into())
}

fn slow_upload(stand: &mut Stand) -> Result<()> {
    stand.accept_as(Manners::TakesNothing)?;
    let (mark, begun) = (stand.mark(), Instant::now());
    while stand.messages.is_empty() {
        stand.take(100)?;
        stand.idle(PATIENCE / 8)?;
    }
    if begun.elapsed() < PATIENCE {
        return Err("the message was too short to show anything".into());
    }
    let message = stand.messages.remove(0);
    stand.send(Kind::Data, &message)?;
    stand.manners = Manners::Echoes;
    stand.hear(mark, "every byte right")?;
    if stand.has_said(mark, AGAIN) { Err("it was given up on the way".into()) } else { Ok(()) }
}

fn silent_line(stand: &mut Stand) -> Result<()> {
    stand.order("period 800", "asked for a reading every 800 ms")?;
    stand.reading_behind(Duration::from_millis(400))?; // what has waited for room before that is gone
    stand.send(Kind::Data, b"creport")?;
    let lost_before = stand.lost()?;
    let begun = Instant::now();
    let first = stand.reading()?;
    stand.cable(Cable::Cut);
    given_up(stand, begun)?;
    let last = stand.last_reading().unwrap_or(first); // others may have come before the line was cut
    stand.cable(Cable::Whole);
    stand.accept()?;
    let next = stand.reading()?;
    stand.send(Kind::Data, b"creport")?;
    let lost = stand.lost()?.saturating_sub(lost_before);
    stand.say(&format!("reading {last} came before, {next} after; the board says that it has lost {lost}"));
    // In C nothing is forgotten before the server's TCP has acknowledged it; in Rust it is counted.
    let missing = next.saturating_sub(last + 1);
    if stand.is_in_c() && missing > 0 || missing > lost {
        Err("readings were lost in silence".into())
    } else {
        Ok(())
    }
}

fn hung_server(stand: &mut Stand) -> Result<()> {
    let begun = Instant::now();
    stand.order("period 300", "asked for a reading every 300 ms")?;
    stand.manners = Manners::Hangs;
    given_up(stand, begun)
}

fn flood(stand: &mut Stand) -> Result<()> {
    stand.accept()?;
    stand.manners = Manners::TakesNothing;
    block(stand)?;
    stand.order("period 100000", "asked for a reading every 100000 ms")?;
    stand.say("the board is blocked, and has seen a command; the server takes what it has sent");
    stand.manners = Manners::Echoes;
    stand.send(Kind::Ping, b"the last one")?;
    stand.until("an answer to the last PING", |stand| Ok(stand.last_pong == b"the last one"))?;
    stand.say("it has answered; now the server floods until it is given up");
    let begun = Instant::now();
    stand.manners = Manners::TakesNothing;
    block(stand)?;
    stand.manners = Manners::Floods;
    given_up(stand, begun)
}

/// Asks so often that the board cannot get rid of its answers. It has to read on nevertheless.
fn block(stand: &mut Stand) -> Result<()> {
    for _ in 0..PINGS {
        stand.send(Kind::Ping, &[b'?'; 32])?;
    }
    stand.until("the board reads on", |stand| Ok(stand.is_acknowledged()))
}

fn last_messages(stand: &mut Stand) -> Result<()> {
    let mark = stand.mark();
    stand.accept()?;
    stand.order("close", "asked to close")?;
    stand.until("the board's CLOSE", |stand| Ok(stand.has_closed))?;
    for _ in 0..20 {
        stand.send(Kind::Data, &[b'x'; 500])?;
    }
    stand.send(Kind::Close, b"")?;
    stand.hear(mark, CLOSED)?;
    stand.until("the end of the board's direction", Stand::has_ended)?;
    stand.hang_up(mark)
}

fn last_words(stand: &mut Stand) -> Result<()> {
    let mark = stand.mark();
    stand.accept()?;
    stand.cable(Cable::Deaf);
    stand.send(Kind::Close, b"")?;
    stand.hear(mark, CLOSED)?;
    stand.hear(mark, AGAIN)?;
    stand.cable(Cable::Whole);
    stand.until("the board's CLOSE", |stand| Ok(stand.has_closed))?;
    stand.until("the end of the board's direction", Stand::has_ended)?;
    stand.hang_up(mark)
}

fn idle_line(stand: &mut Stand) -> Result<()> {
    let begun = Instant::now();
    stand.accept()?;
    stand.idle(SETTLED)?;
    stand.cable(Cable::Cut);
    given_up(stand, begun)
}

/// Waits until the board gives the channel up, which it may not do before its time; that begins after `begun`, and the
/// clock of the emulated board loses ticks, and gains none.
fn given_up(stand: &mut Stand, begun: Instant) -> Result<()> {
    let mark = stand.mark();
    stand.hear(mark, "the stream timed out")?;
    stand.hear(mark, AGAIN)?;
    let is_early = begun.elapsed() + TICK < PATIENCE;
    if is_early { Err("it was given up before its time".into()) } else { Ok(()) }
}

/// What the board says of an end that the server has sealed, and last of every attempt.
const CLOSED: &str = "the server closed the channel";
const AGAIN: &str = "again in";
/// More than have room for their answers: in our window, and in the board's buffers behind it.
const PINGS: usize = 200;
const PONG: usize = 2 + 1 + 32 + 16;
const BUFFERS: usize = 8 * 1_024;
const _: () = assert!(PINGS * PONG > WINDOW + BUFFERS);
/// As finely as the boards count.
const TICK: Duration = Duration::from_millis(1);
/// More than a board takes to send what waits, less than the time between two readings.
const SETTLED: Duration = Duration::from_millis(200);
