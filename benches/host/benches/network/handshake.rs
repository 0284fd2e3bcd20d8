//! Complete handshakes a second: a TCP connection, the handshake, and one byte that has come back.

use crate::peers::{CLIENTS, Lowkey, Peer, TokioRustls};
use host_bench::{Contender, Group, Turns};
use socket2::SockRef;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

pub(crate) fn print(runtime: &Arc<Runtime>, lowkey: &Arc<Lowkey>, tls: &Arc<TokioRustls>) {
    let group = Group {
        name: format!("{CLIENTS} clients at once"),
        ours: contender("lowkey", runtime, lowkey),
        others: vec![contender("tokio-rustls", runtime, tls).with_target(1.0)],
    };
    let turns = Turns {
        count: 41,
        length: Duration::from_millis(100),
        unit: "a second",
        text: |seconds| format!("{:.0}", 1.0 / seconds),
    };
    turns.print("handshakes over loopback TCP", vec![group]);
}

fn contender<P: Peer>(name: &'static str, runtime: &Arc<Runtime>, peer: &Arc<P>) -> Contender {
    let (runtime, peer) = (Arc::clone(runtime), Arc::clone(peer));
    Contender::new(name, move |rounds| runtime.block_on(play(&peer, rounds)))
}

/// So many handshakes, by clients that each begin a new one when the last is done.
async fn play<P: Peer>(peer: &Arc<P>, rounds: u64) -> Duration {
    let left = Arc::new(AtomicU64::new(rounds));
    let start = Instant::now();
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let (peer, left) = (Arc::clone(peer), Arc::clone(&left));
        clients.spawn(async move {
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok() {
                let mut stream = peer.connect(client).await;
                stream.write_all(&[7]).await.unwrap();
                stream.flush().await.unwrap();
                assert_eq!(stream.read_u8().await.unwrap(), 7);
                // A reset instead of an end: ports in TIME_WAIT would run out.
                SockRef::from(P::socket(&stream)).set_linger(Some(Duration::ZERO)).unwrap();
            }
        });
    }
    clients.join_all().await;
    start.elapsed()
}
