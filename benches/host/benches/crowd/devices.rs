//! The well-behaved devices.

use crate::keys::{self, Client};
use crate::{EVERY, GOOD, MAX_FRAME, TIMED};
use lowkey_host::{Connection, Error, Limits, connect_tcp};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout_at};

/// Handshakes at once.
const AT_ONCE: usize = 64;

/// Devices that listen, and send when echoes are timed.
pub(crate) struct Devices {
    runtime: Runtime,
    address: Arc<str>,
    round: watch::Sender<Option<Round>>,
}

/// From when to when echoes are timed, and where the times go.
#[derive(Clone)]
struct Round {
    begin: Instant,
    end: Instant,
    waits: Arc<Mutex<Vec<Duration>>>,
}

impl Devices {
    pub(crate) fn new(address: &str) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        Self { runtime, address: address.into(), round: watch::Sender::new(None) }
    }

    /// Connects the devices with these numbers; they stay.
    pub(crate) fn connect(&self, first: u32, last: u32) {
        let server = keys::server().public_key();
        let permits = Arc::new(Semaphore::new(AT_ONCE));
        let mut connecting = JoinSet::new();
        let _inside = self.runtime.enter();
        for number in first..=last {
            let (address, permits) = (Arc::clone(&self.address), Arc::clone(&permits));
            let rounds = self.round.subscribe();
            connecting.spawn(async move {
                let _permit = permits.acquire().await.unwrap();
                let mut connection = open(&address, &Client::new(number, server)).await;
                echo(&mut connection).await.unwrap(); // the server has seated it
                tokio::spawn(live(connection, number, rounds));
            });
        }
        self.runtime.block_on(connecting.join_all());
    }

    /// How long each echo took, in order; every device has sent some.
    pub(crate) fn time_echoes(&self) -> Vec<Duration> {
        let begin = Instant::now();
        let round = Round { begin, end: begin + TIMED, waits: Arc::default() };
        self.round.send_replace(Some(round.clone()));
        // The last ones may wait for their echoes.
        self.runtime.block_on(async { sleep_until(round.end + EVERY).await });
        let mut waits = std::mem::take(&mut *round.waits.lock().unwrap());
        waits.sort();
        let expected = u128::from(GOOD) * TIMED.as_millis() / EVERY.as_millis();
        assert_eq!(waits.len() as u128, expected, "echoes are missing");
        waits
    }
}

async fn open(address: &str, client: &Client) -> Connection<TcpStream> {
    let mut limits = Limits::default();
    limits.max_frame = MAX_FRAME;
    connect_tcp(address, client.pinning(), &limits).await.unwrap()
}

/// Listens; while echoes are timed it sends one every now and then, at moments of its own.
async fn live(
    mut connection: Connection<TcpStream>,
    number: u32,
    mut rounds: watch::Receiver<Option<Round>>,
) {
    loop {
        tokio::select! {
            received = connection.recv() => panic!("device {number} was told {received:?}"),
            changed = rounds.changed() => if changed.is_err() { return },
        }
        let Some(round) = rounds.borrow_and_update().clone() else { continue };
        let mut next = round.begin + EVERY * (number - 1) / GOOD;
        while next < round.end {
            let received = timeout_at(next, connection.recv()).await;
            assert!(received.is_err(), "device {number} was told {received:?}");
            let start = Instant::now();
            if let Err(error) = echo(&mut connection).await {
                panic!("device {number}: {error}");
            }
            round.waits.lock().unwrap().push(start.elapsed());
            next += EVERY;
        }
    }
}

async fn echo(connection: &mut Connection<TcpStream>) -> Result<(), Error> {
    connection.send(&[0x77; 64]).await?;
    connection.flush().await?;
    assert_eq!(connection.recv().await?.as_deref(), Some(&[0x77; 64][..]));
    Ok(())
}
