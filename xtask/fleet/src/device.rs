//! The boards: real handshakes over TCP, each from an address of its own, and what each fault makes of them.

use crate::{
    fault::Fault,
    roster::{Member, Roster},
};
use fleet::board::Board;
use lowkey_host::Connection;
use std::{net::SocketAddr, time::Duration};
use test_support::Random;
use tokio::{
    net::TcpStream,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

pub(crate) struct Boards(JoinSet<()>);

impl Boards {
    /// Has them come one after another.
    pub(crate) fn begin(roster: &Roster, server: SocketAddr) -> Self {
        let mut boards = JoinSet::new();
        let mut random = Random::new();
        for (n, member) in (0..).zip(roster.members()) {
            let wait = BETWEEN_BOARDS * n;
            let mut board = |from| {
                let random = Random::from_seed(random.u64());
                let board = Board::new(&member.keys, from, server, random, PAUSES);
                boards.spawn(live(board, member.fault, wait));
            };
            board(member.from);
            if member.fault == Some(Fault::Pages) {
                board(Member::twin(member));
            }
        }
        Self(boards)
    }

    /// Cuts all of them off.
    pub(crate) fn end(&mut self) {
        self.0.abort_all();
    }
}

async fn live(mut board: Board, fault: Option<Fault>, wait: Duration) {
    sleep(wait).await;
    match fault {
        Some(Fault::Never) => (),
        Some(Fault::Absent) => {
            let mut connection = board.connected().await;
            let _ = talk(&mut connection, Some(1)).await;
            // Dropped without a CLOSE.
        }
        Some(Fault::Flapping) => loop {
            let mut connection = board.connected().await;
            let _ = talk(&mut connection, Some(1)).await;
            let _ = connection.close().await;
            board.pause(Duration::from_millis(1500)).await;
        },
        Some(Fault::Pages) => loop {
            let mut connection = board.connected().await;
            let _ = talk(&mut connection, None).await;
            board.pause(Duration::from_millis(1500)).await;
        },
        Some(Fault::Slow) => loop {
            let mut connection = board.connected().await;
            let _ = talk(&mut connection, Some(1)).await;
            let _ = connection.stream().readable().await; // the PING, or the end: nobody reads either
            sleep(DEAF).await;
        },
        None | Some(Fault::Keys | Fault::Revoked | Fault::Service) => loop {
            let mut connection = board.connected().await;
            let begun = Instant::now();
            let heard = talk(&mut connection, None).await;
            board.rest(begun.elapsed(), heard).await;
        },
    }
}

/// A reading now and then, so many of them or until the session ends; how many came back.
async fn talk(connection: &mut Connection<TcpStream>, readings: Option<usize>) -> usize {
    let mut heard = 0;
    loop {
        if connection.send(b"21.5 C").await.is_err() {
            return heard;
        }
        let next = Instant::now() + BETWEEN_READINGS;
        loop {
            let left = next.saturating_duration_since(Instant::now());
            match timeout(left, connection.recv()).await {
                Err(_due) => break,
                Ok(Ok(Some(_reading))) => heard += 1,
                Ok(Ok(None)) => {
                    let _ = connection.close().await;
                    return heard;
                }
                Ok(Err(_)) => return heard,
            }
            if readings.is_some_and(|readings| heard >= readings) {
                return heard;
            }
        }
    }
}

const BETWEEN_BOARDS: Duration = Duration::from_millis(2);
const BETWEEN_READINGS: Duration = Duration::from_secs(5);
/// How long a slow board hears nothing, once there is something to hear.
const DEAF: Duration = Duration::from_secs(8);
/// The first and the longest, in milliseconds.
const PAUSES: [u32; 2] = [500, 8_000];
