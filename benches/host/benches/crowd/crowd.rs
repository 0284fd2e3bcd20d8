//! Those who stall and those who misbehave, in a process of their own.

use crate::keys::{self, Client};
use crate::stranger::{Stranger, dial};
use crate::ways::{self, Before, End, Way};
use crate::{BAD, GOOD, STALLED};
use std::io::{self, stdin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::sync::Semaphore;
use tokio::time::{interval, sleep, timeout};

/// How often one of those who misbehave does so.
const AGAIN: Duration = Duration::from_secs(1);
/// How long a stranger that was hung up on rests before it stalls again.
const REST: Duration = Duration::from_millis(500);
/// The server's deadline for a handshake is 10 s; nothing may take longer.
const DEADLINE: Duration = Duration::from_secs(15);

/// What has happened.
struct Seen {
    stalls: AtomicU64,
    ways: [AtomicU64; ways::BAD.len()],
    kept: Mutex<Vec<&'static str>>,
    once: Semaphore,
}

/// Says when everybody has begun; stops at a line and says what happened.
pub(crate) fn run(address: &str) {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let seen = Arc::new(Seen {
        stalls: AtomicU64::new(0),
        ways: [const { AtomicU64::new(0) }; ways::BAD.len()],
        kept: Mutex::default(),
        once: Semaphore::new(0),
    });
    let server = keys::server().public_key();
    for number in GOOD + 1..=GOOD + STALLED + BAD {
        let (address, seen) = (address.to_owned(), Arc::clone(&seen));
        runtime.spawn(async move {
            let client = Client::new(number, server);
            sleep(AGAIN * (number % BAD) / BAD).await; // not all at one moment
            if number <= GOOD + STALLED {
                stall(&client, &address, number, &seen).await;
            } else {
                misbehave(&client, &address, number, &seen).await;
            }
        });
    }
    let _everybody = runtime.block_on(seen.once.acquire_many(STALLED + BAD)).unwrap();
    println!("ready");
    stdin().lines().next();
    let done: Vec<u64> = seen.ways.iter().map(|count| count.load(Ordering::Relaxed)).collect();
    let (all, ways) = (done.iter().sum::<u64>(), done.len());
    assert!(done.iter().all(|count| *count > 0), "a way was left out");
    let kept = seen.kept.lock().unwrap();
    assert!(kept.is_empty(), "the server kept a connection after {kept:?}");
    let stalls = seen.stalls.load(Ordering::Relaxed);
    println!("{all} bad attempts and records in {ways} ways, {stalls} stalls");
}

async fn stall(client: &Client, address: &str, number: u32, seen: &Seen) {
    let mut stranger = Stranger::new(client);
    let from = number as usize % ways::STALLS.len();
    for (round, way) in ways::STALLS.iter().cycle().skip(from).enumerate() {
        seen.stalls.fetch_add(1, Ordering::Relaxed);
        let begun = begin(&mut stranger, address, way).await;
        if round == 0 {
            seen.once.add_permits(1);
        }
        if let Ok(stream) = begun {
            end(stream, way, seen).await;
        }
        sleep(REST).await;
    }
}

async fn misbehave(client: &Client, address: &str, number: u32, seen: &Seen) {
    let mut stranger = Stranger::new(client);
    let mut again = interval(AGAIN);
    // Something to be played again.
    let _cut_off = begin(&mut stranger, address, &ways::BAD[ways::BAD.len() - 1]).await;
    seen.once.add_permits(1);
    for (way, count) in ways::BAD.iter().zip(&seen.ways).cycle().skip(number as usize % ways::BAD.len()) {
        again.tick().await;
        if let Ok(stream) = begin(&mut stranger, address, way).await {
            end(stream, way, seen).await;
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Behaves for so long, and then does not. An error: a newer attempt displaced this one.
async fn begin(stranger: &mut Stranger<'_>, address: &str, way: &Way) -> io::Result<TcpStream> {
    let mut stream = dial(address).await?;
    if matches!(way.before, Before::Handshake | Before::Confirmation) {
        stranger.handshake(&mut stream).await?;
    }
    if matches!(way.before, Before::Confirmation) {
        stranger.confirm(&mut stream).await?;
    }
    stream.write_all(&(way.bytes)(stranger)).await?;
    Ok(stream)
}

async fn end(mut stream: TcpStream, way: &Way, seen: &Seen) {
    if way.end == End::Stranger {
        return;
    }
    let mut rest = Vec::new();
    if timeout(DEADLINE, stream.read_to_end(&mut rest)).await.is_err() {
        seen.kept.lock().unwrap().push(way.name);
    }
}
