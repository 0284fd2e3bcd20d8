//! A thousand devices on a network that fails, and a server that restarts under them.
//!
//! The network and all clocks are simulated. Above the channel there is what an application needs that loses
//! nothing: readings have numbers, the server says up to which it has stored them, a device sends those again
//! that it did not hear of. What the server stores survives its restarts, and nothing else does.

use lowkey_host::{Acceptor, Connection, Device, Devices, Error, Identity, Limits, Pinned, connect};
use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use test_support::world::Party;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;
use tokio::time::{interval, sleep, timeout};
use turmoil::net::{TcpListener, TcpStream};

const NETS: usize = 20;
const DEVICES: usize = 1000;
const READINGS: u32 = 12;
const PORT: u16 = 7000;
const SECOND: Duration = Duration::from_secs(1);

/// The server's disk: how many readings of each device are stored, the first of all first.
#[derive(Default)]
struct Store(Mutex<HashMap<String, u32>>);

impl Store {
    /// Stores a reading unless it is there; says how many there are.
    fn keep(&self, device: &str, reading: u32) -> u32 {
        let mut stored = self.0.lock().unwrap();
        let count = stored.entry(device.to_owned()).or_default();
        assert!(reading <= *count, "{device}: reading {reading} came and {count} never did");
        if reading == *count {
            *count += 1;
        }
        *count
    }

    fn count(&self, device: &str) -> u32 {
        self.0.lock().unwrap().get(device).copied().unwrap_or(0)
    }
}

struct Fleet {
    server: Arc<Identity>,
    parties: Vec<Party>,
    registry: Arc<Devices>,
    store: Store,
    again: AtomicUsize,
    connections: AtomicUsize,
}

impl Fleet {
    fn new() -> Self {
        let server = Arc::new(test_support::world::identity());
        let parties: Vec<Party> = (0..DEVICES).map(|_| Party::new(server.public_key())).collect();
        let pinned = parties.iter().enumerate().map(|(n, party)| {
            Pinned::new(Device::new(name(n)).unwrap(), &server, party.identity.public_key()).unwrap()
        });
        let registry = Arc::new(Devices::new(pinned).unwrap());
        let (again, connections) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { server, parties, registry, store: Store::default(), again, connections }
    }
}

fn name(n: usize) -> String {
    format!("device-{n}")
}

/// Accepts, and looks through the sessions four times a second; a listener for a network that is not real.
async fn serve(fleet: Arc<Fleet>) -> turmoil::Result {
    let mut limits = Limits::default();
    limits.max_frame = 256;
    limits.silence = 5 * SECOND;
    limits.answer = 2 * SECOND;
    limits.messages_1_per_second = 400; // fewer than come at once after a restart
    let acceptor = Acceptor::new(Arc::clone(&fleet.server), Arc::clone(&fleet.registry), limits)?;
    let socket = TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT)).await?;
    let mut sweeps = interval(Duration::from_millis(250));
    loop {
        tokio::select! {
            _ = sweeps.tick() => acceptor.sweep(),
            accepted = socket.accept() => {
                let (stream, from) = accepted?;
                let (acceptor, fleet) = (acceptor.clone(), Arc::clone(&fleet));
                tokio::spawn(async move {
                    if let Ok(session) = acceptor.accept_from(stream, from).await {
                        let _ = keep(&fleet, session).await;
                    }
                });
            }
        }
    }
}

/// Stores what comes and says how many readings there are.
async fn keep<Io>(fleet: &Fleet, mut session: Connection<Io>) -> Result<(), Error>
where
    Io: AsyncRead + AsyncWrite + Unpin,
{
    let device = session.device().unwrap().name().to_owned();
    while let Some(message) = session.recv().await? {
        let reading = u32::from_be_bytes(message.try_into().unwrap());
        let stored = fleet.store.keep(&device, reading);
        session.send(&stored.to_be_bytes()).await?;
    }
    session.close().await
}

/// Has all its readings stored, however long that takes.
async fn device(fleet: Arc<Fleet>, n: usize) {
    let mut known = 0; // stored, for all the device knows
    let mut sent = 0;
    let mut jitter = n as u64 + 1;
    let mut pause = Duration::from_millis(100);
    while known < READINGS {
        let before = known;
        let _ = connected(&fleet, n, &mut known, &mut sent).await;
        pause = if known > before { Duration::from_millis(100) } else { (pause * 2).min(4 * SECOND) };
        jitter = jitter.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        sleep(pause / 2 + pause.mul_f64((jitter >> 40) as f64 / (1 << 24) as f64)).await;
    }
}

/// One connection's worth: a reading a second, and an answer to each.
async fn connected(
    fleet: &Fleet,
    n: usize,
    known: &mut u32,
    sent: &mut u32,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    const PATIENCE: Duration = Duration::from_secs(3);
    let stream = timeout(PATIENCE, TcpStream::connect(("server", PORT))).await??;
    let mut limits = Limits::default();
    limits.max_frame = 256;
    let pinning = fleet.parties[n].pinning();
    let mut connection = timeout(PATIENCE, connect(stream, pinning, &limits)).await??;
    fleet.connections.fetch_add(1, Ordering::Relaxed);
    while *known < READINGS {
        if *known < *sent {
            fleet.again.fetch_add(1, Ordering::Relaxed);
        }
        timeout(PATIENCE, connection.send(&known.to_be_bytes())).await??;
        *sent = (*sent).max(*known + 1);
        let Some(answer) = timeout(PATIENCE, connection.recv()).await?? else { return Ok(()) };
        let stored = u32::from_be_bytes(answer.try_into().unwrap());
        assert!(stored > *known && stored <= fleet.store.count(&name(n)), "said to be stored and is not");
        *known = stored;
        sleep(SECOND).await;
    }
    Ok(timeout(PATIENCE, connection.close()).await??)
}

type Happens = fn(&mut turmoil::Sim<'_>);

#[test]
fn a_thousand_devices_come_back_to_a_server_that_restarts_and_no_reading_is_lost_or_kept_twice() {
    let fleet = Arc::new(Fleet::new());
    let mut network = turmoil::Builder::new()
        .simulation_duration(300 * SECOND)
        .tick_duration(Duration::from_millis(20))
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(Duration::from_millis(150))
        .tcp_capacity(4 * DEVICES)
        .rng_seed(4)
        .build();
    let served = Arc::clone(&fleet);
    network.host("server", move || serve(Arc::clone(&served)));
    for net in 0..NETS {
        let fleet = Arc::clone(&fleet);
        network.client(format!("net-{net}"), async move {
            let mut devices: JoinSet<()> =
                (net..DEVICES).step_by(NETS).map(|n| device(Arc::clone(&fleet), n)).collect();
            while let Some(over) = devices.join_next().await {
                over?;
            }
            Ok(())
        });
    }
    // What happens, and when, in seconds.
    let mut script: Vec<(u64, Happens)> = vec![
        (3, |network| network.crash("server")),
        (5, |network| network.bounce("server")),
        (8, |network| network.hold("net-1", "server")),
        (9, |network| network.partition("net-2", "server")),
        (9, |network| network.partition_oneway("server", "net-3")),
        (10, |network| network.release("net-1", "server")),
        (12, |network| network.crash("server")),
        (12, |network| network.bounce("server")),
        (20, |network| network.repair("net-2", "server")),
        (20, |network| network.repair_oneway("server", "net-3")),
    ];
    script.reverse();
    while !network.step().unwrap() {
        while script.last().is_some_and(|(at, _)| network.elapsed() >= *at as u32 * SECOND) {
            let (_, happens) = script.pop().unwrap();
            happens(&mut network);
        }
    }
    assert!(script.is_empty(), "over before all had happened");
    for n in 0..DEVICES {
        assert_eq!(fleet.store.count(&name(n)), READINGS, "{}", name(n));
    }
    // Two restarts: everybody came back twice at least, and some answers were lost on the way.
    let connections = fleet.connections.load(Ordering::Relaxed);
    assert!(connections >= 3 * DEVICES, "{connections}");
    assert!(fleet.again.load(Ordering::Relaxed) > 0);
}
