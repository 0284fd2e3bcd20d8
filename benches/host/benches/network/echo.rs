//! A message there and back, on streams that stay open.

use crate::peers::{CLIENTS, LONGEST, Lowkey, Peer, TokioRustls};
use host_bench::{Contender, Group, Turns};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

pub(crate) fn print(
    runtime: &Arc<Runtime>,
    lowkey: &Arc<Lowkey>,
    chacha: &Arc<TokioRustls>,
    aes: &Arc<TokioRustls>,
) {
    let mut groups = Vec::new();
    for clients in [1, CLIENTS] {
        for len in [64, 1_024, LONGEST] {
            groups.push(Group {
                name: format!("{len} B, {clients} at once"),
                ours: contender("lowkey", runtime, lowkey, clients, len),
                others: vec![
                    contender("tokio-rustls, ChaCha20", runtime, chacha, clients, len).with_target(1.0),
                    contender("tokio-rustls, AES-256", runtime, aes, clients, len).with_target(None),
                ],
            });
        }
    }
    let turns = Turns {
        count: 101,
        length: Duration::from_millis(20),
        unit: "a second",
        text: |seconds| format!("{:.0}", 1.0 / seconds),
    };
    turns.print("echoes over loopback TCP, records of up to 16,401 bytes", groups);
}

fn contender<P: Peer>(
    name: &'static str,
    runtime: &Arc<Runtime>,
    peer: &Arc<P>,
    clients: usize,
    len: usize,
) -> Contender {
    let (runtime, peer) = (Arc::clone(runtime), Arc::clone(peer));
    let mut streams: Vec<P::Stream> = Vec::new();
    Contender::new(name, move |rounds| {
        runtime.block_on(async {
            while streams.len() < clients {
                streams.push(peer.connect(streams.len()).await);
            }
            let start = Instant::now();
            let share = rounds.div_ceil(clients as u64);
            let mut playing = JoinSet::new();
            for stream in streams.drain(..) {
                playing.spawn(play(stream, len, share));
            }
            streams = playing.join_all().await;
            start.elapsed() * u32::try_from(rounds).unwrap() / u32::try_from(share * clients as u64).unwrap()
        })
    })
}

async fn play<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, len: usize, rounds: u64) -> S {
    let (message, mut answer) = (vec![0x77; len], vec![0; len]);
    for _ in 0..rounds {
        stream.write_all(&message).await.unwrap();
        stream.flush().await.unwrap();
        stream.read_exact(&mut answer).await.unwrap();
    }
    assert_eq!(message, answer);
    stream
}
