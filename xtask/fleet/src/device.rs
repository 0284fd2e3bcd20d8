//! The boards: real handshakes over TCP, each from an address of its own, and what each fault makes of them.

use crate::{
    fault::Fault,
    roster::{Keys, Member, Roster},
};
use lowkey_host::{Connection, Error, Limits, connect};
use lowkey_transport::Backoff;
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use test_support::Random;
use tokio::{
    net::{TcpSocket, TcpStream},
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
                let keys = Arc::clone(&member.keys);
                let random = Random::from_seed(random.u64());
                let board = Board { keys, from, server, random, backoff: Backoff::new(SHORTEST, LONGEST) };
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

struct Board {
    keys: Arc<Keys>,
    from: Ipv4Addr,
    server: SocketAddr,
    random: Random,
    backoff: Backoff,
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
            let lasted = u32::try_from(begun.elapsed().as_millis()).unwrap_or(u32::MAX);
            let pause = board.backoff.ended(lasted, heard, board.random.u32());
            sleep(Duration::from_millis(pause.into())).await;
        },
    }
}

impl Board {
    /// Tries until it is.
    async fn connected(&mut self) -> Connection<TcpStream> {
        loop {
            let error = match self.connect().await {
                Ok(connection) => return connection,
                Err(error) => error,
            };
            let chance = self.random.u32();
            let pause = match &error {
                Error::Channel(error) => self.backoff.failed(error, chance),
                _ => self.backoff.ended(0, 0, chance),
            };
            sleep(Duration::from_millis(pause.into())).await;
        }
    }

    async fn connect(&self) -> Result<Connection<TcpStream>, Error> {
        let socket = TcpSocket::new_v4()?;
        // Where only one address is loopback, all come from there.
        let _ = socket.bind((self.from, 0).into());
        let stream = socket.connect(self.server).await?;
        connect(stream, self.keys.pinning(), &Limits::default()).await
    }

    /// About so long.
    async fn pause(&mut self, about: Duration) {
        let per_mille = 500 + self.random.below(1000);
        sleep(about * u32::try_from(per_mille).unwrap_or(1000) / 1000).await;
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
/// In milliseconds.
const SHORTEST: u32 = 500;
const LONGEST: u32 = 8_000;
