//! A server on tokio's paused clock, fleets that are a second away from it, and strangers beside them.
//!
//! The acceptor, the handshakes and the limits are the real ones; lines are pipes, and who is far away sleeps for as
//! long as its bytes would travel. Chance is seeded, and the seed is printed.

use lowkey_host::{AcceptError, Acceptor, Connection, Limits, Stats};
use lowkey_transport::Step;
use std::convert::Infallible;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use test_support::Random;
use test_support::world::{Party, World};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

pub(crate) const ROUND_TRIP: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);

/// When a device says its first frame: right behind its connection, or half a round trip later (its address had to be
/// believed first, or message 1 had yet to be made).
#[derive(Clone, Copy, Debug)]
pub(crate) enum FirstFrame {
    AtOnce,
    Later,
}

/// What strangers do once they are connected.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Strangers {
    /// Nothing, and come back when they are displaced.
    Silent,
    /// They say hello with an id that nobody has, hear the refusal, and come back.
    Talking,
}

/// A server and those who call it.
pub(crate) struct Scene {
    world: Arc<World>,
    acceptor: Acceptor,
    seed: u64,
    callers: JoinSet<()>,
}

/// What became of a fleet.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) name: String,
    pub(crate) seed: u64,
    pub(crate) devices: usize,
    /// When each was confirmed, in order; those who were not are missing.
    pub(crate) confirmed: Vec<Duration>,
    pub(crate) attempts: u64,
    pub(crate) stats: Stats,
}

impl Scene {
    pub(crate) fn new(devices: usize, limits: Limits, seed: u64) -> Self {
        let world = Arc::new(World { limits, ..World::with_devices(devices) });
        let acceptor = world.acceptor();
        Self { world, acceptor, seed, callers: JoinSet::new() }
    }

    /// So many strangers, each from one of these addresses, each back again within a round trip.
    pub(crate) fn strangers(&mut self, count: usize, what: Strangers, from: impl Fn(usize) -> IpAddr) {
        let (hello, _link) = Party::new(self.world.server.public_key()).message_1();
        let hello: Arc<[u8]> = hello.into();
        for n in 0..count {
            let (acceptor, hello) = (self.acceptor.clone(), Arc::clone(&hello));
            let (from, mut chance) = (SocketAddr::new(from(n), 1000), Chance::new(self.seed, usize::MAX - n));
            self.callers.spawn(async move {
                loop {
                    sleep(chance.between(ROUND_TRIP / 2, ROUND_TRIP * 3 / 2)).await;
                    let (mut near, far) = duplex(1000);
                    if let Strangers::Talking = what {
                        near.write_all(&hello).await.unwrap();
                    }
                    let _ = acceptor.accept_from(far, from).await;
                }
            });
        }
    }

    /// All devices come at the same moment, after a power cut say, and again after 0.5 to 1.5 s until they are in.
    pub(crate) async fn fleet(
        mut self,
        name: &str,
        first_frame: FirstFrame,
        from: impl Fn(usize) -> IpAddr,
        at_most: Duration,
    ) -> Outcome {
        sleep(3 * ROUND_TRIP).await; // strangers are at home by then
        let began = Instant::now();
        let mut fleet = JoinSet::new();
        for n in 0..self.world.devices.len() {
            let (world, acceptor) = (Arc::clone(&self.world), self.acceptor.clone());
            let (from, mut chance) = (SocketAddr::new(from(n), 2000), Chance::new(self.seed, n));
            fleet.spawn(async move {
                let mut attempts = 0;
                sleep(chance.between(Duration::ZERO, 100 * MILLISECOND)).await;
                loop {
                    attempts += 1;
                    if let Ok(session) = attempt(&world.devices[n], &acceptor, from, first_frame).await {
                        return (began.elapsed(), attempts, session);
                    }
                    sleep(chance.between(ROUND_TRIP / 2, ROUND_TRIP * 3 / 2)).await;
                }
            });
        }
        let mut outcome = self.outcome(name);
        let mut sessions = Vec::new();
        let all = async {
            while let Some(device) = fleet.join_next().await {
                let (when, attempts, session) = device.unwrap();
                outcome.confirmed.push(when);
                outcome.attempts += attempts;
                sessions.push(session);
            }
        };
        let _ = timeout(at_most, all).await;
        self.callers.abort_all();
        outcome.stats = self.acceptor.stats();
        outcome
    }

    /// Devices come one by one, so many a second, and try once each.
    pub(crate) async fn stream(
        self,
        name: &str,
        first_frame: FirstFrame,
        from: IpAddr,
        per_second: f64,
        seconds: u32,
    ) -> Outcome {
        let from = SocketAddr::new(from, 2000);
        let mut chance = Chance::new(self.seed, 0);
        let mut attempts = JoinSet::new();
        attempt(&self.world.devices[0], &self.acceptor, from, first_frame).await.unwrap();
        let began = Instant::now();
        let mut n = 0;
        let mut outcome = self.outcome(name);
        while began.elapsed() < seconds * ROUND_TRIP {
            sleep(Duration::from_secs_f64(-(1.0 - chance.fraction()).ln() / per_second)).await;
            let (world, acceptor) = (Arc::clone(&self.world), self.acceptor.clone());
            n = (n + 1) % world.devices.len();
            outcome.attempts += 1;
            attempts.spawn(async move {
                let session = attempt(&world.devices[n], &acceptor, from, first_frame).await;
                session.map(|_gone_again| began.elapsed())
            });
        }
        outcome.devices = outcome.attempts.try_into().unwrap();
        while let Some(attempt) = attempts.join_next().await {
            outcome.confirmed.extend(attempt.unwrap());
        }
        outcome.stats = self.acceptor.stats();
        outcome
    }

    fn outcome(&self, name: &str) -> Outcome {
        Outcome {
            name: name.to_owned(),
            seed: self.seed,
            devices: self.world.devices.len(),
            confirmed: Vec::new(),
            attempts: 0,
            stats: Stats::default(),
        }
    }
}

/// One attempt of a device that is [`ROUND_TRIP`] away: the server's end of the session, and the device's.
async fn attempt(
    device: &Party,
    acceptor: &Acceptor,
    from: SocketAddr,
    first_frame: FirstFrame,
) -> Result<(Connection<DuplexStream>, DuplexStream), AcceptError> {
    sleep(ROUND_TRIP).await; // to be connected
    let (mut near, far) = duplex(1000);
    let accepting = tokio::spawn({
        let acceptor = acceptor.clone();
        async move { acceptor.accept_from(far, from).await }
    });
    let (bytes, mut link) = device.message_1();
    if let FirstFrame::Later = first_frame {
        sleep(ROUND_TRIP / 2).await;
    }
    let _ = near.write_all(&bytes).await;
    while let Ok(Step::Read) = link.step() {
        match near.read(link.space()).await {
            Ok(n) if n > 0 => drop(link.on_read(Ok::<_, Infallible>(n))),
            _ => break,
        }
    }
    sleep(ROUND_TRIP / 2).await; // message 2, a refusal or the end is there
    let Ok(confirming @ [_, ..]) = link.unsent() else {
        drop(near); // who is refused, or displaced, hangs up
        return accepting.await.unwrap().and(Err(AcceptError::TimedOut));
    };
    sleep(ROUND_TRIP / 2).await;
    let _ = near.write_all(confirming).await;
    accepting.await.unwrap().map(|session| (session, near))
}

impl Outcome {
    /// Whether all were confirmed within this time.
    pub(crate) fn all_within(&self, time: Duration) -> bool {
        self.share() == 1.0 && self.confirmed.last().is_some_and(|last| *last <= time)
    }

    /// The share of those who were confirmed.
    pub(crate) fn share(&self) -> f64 {
        self.confirmed.len() as f64 / self.devices as f64
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, seed, devices, confirmed, attempts, stats } = self;
        let at = |quarters: usize| {
            let nth = (devices * quarters).div_ceil(4).saturating_sub(1);
            confirmed.get(nth).map_or("never".to_owned(), |when| format!("{:.1} s", when.as_secs_f64()))
        };
        write!(
            f,
            "{name} (seed {seed}): {} of {devices} confirmed, a quarter after {}, half {}, all {}; {:.1} attempts each; \
             {} of {} attempts displaced, {} busy",
            confirmed.len(),
            at(1),
            at(2),
            at(4),
            *attempts as f64 / confirmed.len().max(1) as f64,
            stats.attempts_displaced,
            stats.accepted,
            stats.refused_busy
        )
    }
}

/// Chance that can be had again.
struct Chance(Random);

impl Chance {
    fn new(seed: u64, whose: usize) -> Self {
        Self(Random::from_seed(seed ^ (whose as u64).wrapping_mul(0xd1b5_4a32_d192_ed03)))
    }

    /// At least 0, less than 1.
    fn fraction(&mut self) -> f64 {
        (self.0.u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn between(&mut self, from: Duration, to: Duration) -> Duration {
        from + (to - from).mul_f64(self.fraction())
    }
}
