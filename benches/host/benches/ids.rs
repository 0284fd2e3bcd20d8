//! Whether the time of a refusal tells which ids are known: strangers with ids of a registry and with ids that nobody
//! has, in turns that chance decides, from their first frame to the answer.
//!
//! `LOWKEY_DEVICES=100000` for a larger registry, `LOWKEY_SEED=2` for another order. What is compared is memory, since
//! the arithmetic is the same: what a known id makes the server read for the first time in a while, an unknown one has
//! to as well.

use lowkey_core::{Id, Identity, PublicKey, Secret};
use lowkey_host::{Acceptor, Device, Devices, Limits, Pinned};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

const ATTEMPTS: usize = 40_000;

fn main() {
    let number =
        |name: &str, default| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(default);
    let (devices, seed) = (number("LOWKEY_DEVICES", 8000), number("LOWKEY_SEED", 1));
    let mut chance = Chance(seed);
    let server = Identity::new(Secret::new([7; 32])).unwrap();
    let ids: Vec<Id> = (0..devices).map(|n| Id::new(&n.to_be_bytes()).unwrap()).collect();
    let pinned = ids.iter().map(|id| {
        let device = Device::new(format!("pump-{}", u64::from_be_bytes(id.as_bytes().try_into().unwrap())));
        Pinned::new(device.unwrap(), &server, PublicKey::new(chance.bytes())).unwrap().with_id(*id)
    });
    let registry = Devices::new(pinned).unwrap();
    let mut limits = Limits::default();
    limits.messages_1_per_second = u32::MAX;
    let acceptor = Acceptor::new(server, registry, limits).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let mut known = Vec::new();
    let mut unknown = Vec::new();
    for n in 0..ATTEMPTS + ATTEMPTS / 10 {
        let (is_known, nth) = (chance.next() & 1 == 0, chance.next() % devices);
        let id = if is_known { nth } else { devices + chance.next() % (1 << 62) };
        let took = runtime.block_on(refused(&acceptor, id, &mut chance));
        if n >= ATTEMPTS / 10 {
            if is_known { &mut known } else { &mut unknown }.push(took);
        }
    }
    println!("ids: a registry of {devices}, {ATTEMPTS} strangers in turns, seed {seed}; known / unknown");
    let [a, b] = [Sample::of(known), Sample::of(unknown)];
    let z = (a.mean - b.mean) / (a.error.powi(2) + b.error.powi(2)).sqrt();
    println!("median:   {:>8.2} us  {:>8.2} us, ratio {:.4}", a.median, b.median, a.median / b.median);
    println!(
        "mean:     {:>8.2} us  {:>8.2} us, ratio {:.4}, difference {:+.0} ns, z {z:+.1}",
        a.mean,
        b.mean,
        a.mean / b.mean,
        (a.mean - b.mean) * 1e3
    );
}

/// How long an attempt under this id takes to be refused, in microseconds.
async fn refused(acceptor: &Acceptor, id: u64, chance: &mut Chance) -> f64 {
    let mut first = vec![0, 3 + 8 + 50, 1, 1, 8];
    first.extend(id.to_be_bytes());
    first.extend(chance.bytes());
    first.extend(&chance.bytes()[..18]);
    let mut line = Line { first, begun: Instant::now(), answered: None };
    acceptor.accept(&mut line).await.unwrap_err();
    let took = line.answered.unwrap() - line.begun;
    assert!(!took.is_zero(), "nothing was measured");
    took.as_secs_f64() * 1e6
}

/// A stream of one first frame, which knows when it was read and when it was answered.
#[derive(Debug)]
struct Line {
    first: Vec<u8>,
    begun: Instant,
    answered: Option<Instant>,
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let n = buf.remaining().min(self.first.len());
        buf.put_slice(&self.first[..n]);
        self.first.drain(..n);
        // Behind the answer it is read on, so that the answer arrives.
        if self.answered.is_none() {
            self.begun = Instant::now();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.answered = Some(Instant::now());
        assert_eq!(buf, [0, 1, 4]);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Times without the slowest twentieth, which is what else the machine did.
struct Sample {
    median: f64,
    mean: f64,
    /// Of the mean.
    error: f64,
}

impl Sample {
    fn of(mut times: Vec<f64>) -> Self {
        times.sort_by(f64::total_cmp);
        times.truncate(times.len() * 19 / 20);
        let len = times.len() as f64;
        let mean = times.iter().sum::<f64>() / len;
        let variance = times.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (len - 1.0);
        Self { median: times[times.len() / 2], mean, error: (variance / len).sqrt() }
    }
}

/// Chance that can be had again: SplitMix64.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn bytes(&mut self) -> [u8; 32] {
        let words = std::array::from_fn::<_, 4, _>(|_| self.next().to_le_bytes());
        words.concat().try_into().unwrap()
    }
}
