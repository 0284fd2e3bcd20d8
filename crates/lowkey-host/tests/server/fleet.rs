//! Many devices at once: keys that rotate and a device that is revoked, while all of them are busy.

use lowkey_host::{
    Acceptor, ChannelError, Device, Devices, Error, Limits, Listener, Pinned, Server, connect, connect_tcp,
    echo,
};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use test_support::world::changing::{Changing, sweeping};
use test_support::world::{Party, World};
use tokio::io::duplex;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

const DEVICES: usize = 10_000;
const READINGS: u32 = 5;
const REVOKED: usize = 4321;
const SECOND: Duration = Duration::from_secs(1);

/// What became of a device that sends a reading a second and hears each of them again.
async fn readings(world: Arc<World>, acceptor: Acceptor, n: usize) -> Result<(), (Error, Instant)> {
    let (near, far) = duplex(1000);
    let serving = tokio::spawn(async move {
        let mut session = acceptor.accept(far).await.unwrap();
        drop(acceptor);
        (echo(&mut session).await, Instant::now())
    });
    let mut device = connect(near, world.devices[n].pinning(), &small()).await.unwrap();
    let begin = Instant::now() + SECOND + Duration::from_micros(100) * n as u32;
    let talking = async {
        for reading in 0..READINGS {
            sleep_until(begin + reading * SECOND).await;
            device.send(&reading.to_be_bytes()).await?;
            let heard = device.recv().await?;
            assert_eq!(heard.as_deref(), Some(&reading.to_be_bytes()[..]));
        }
        device.close().await?;
        assert!(device.recv().await?.is_none());
        Ok(())
    };
    let talked: Result<(), Error> = talking.await;
    match (serving.await.unwrap(), talked) {
        ((Ok(()), _), Ok(())) => Ok(()),
        ((Err(error), ended), Err(Error::Channel(ChannelError::Truncated) | Error::Io(_))) => {
            Err((error, ended))
        }
        other => panic!("device {n}: {other:?}"),
    }
}

/// How long it takes to look through the sessions, on a clock that nobody moves.
fn swept(acceptor: &Acceptor) -> Duration {
    let began = std::time::Instant::now();
    acceptor.sweep();
    began.elapsed()
}

fn small() -> Limits {
    let mut limits = Limits::default();
    limits.max_frame = 256;
    // They come all at once.
    limits.attempts = DEVICES;
    limits.messages_1_per_second = 1_000_000;
    limits
}

#[tokio::test(start_paused = true)]
async fn one_of_ten_thousand_is_revoked_while_all_are_sending_and_nobody_else_notices() {
    let world = Arc::new(World { limits: small(), ..World::with_devices(DEVICES) });
    let (acceptor, registry) = world.changing();
    sweeping(&acceptor);
    let mut devices = JoinSet::new();
    let mut revoked = None;
    for n in 0..DEVICES {
        let readings = readings(Arc::clone(&world), acceptor.clone(), n);
        if n == REVOKED {
            revoked = Some(tokio::spawn(readings));
        } else {
            devices.spawn(readings);
        }
    }
    sleep(3 * SECOND).await;
    assert_eq!(acceptor.stats().sessions, DEVICES as u64);
    let quiet = swept(&acceptor);
    let rest = world.without(&[REVOKED]);
    let began = Instant::now();
    registry.set(rest);
    println!("{DEVICES} sessions looked through in {quiet:?}, after a change in {:?}", swept(&acceptor));
    let (error, ended) = revoked.unwrap().await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Revoked), "{error}");
    assert!(ended - began <= SECOND, "{:?}", ended - began);
    assert!(!devices.is_empty(), "they are not busy any more");
    while let Some(device) = devices.join_next().await {
        device.unwrap().unwrap();
    }
    let stats = acceptor.stats();
    assert_eq!((stats.confirmed, stats.accepted), (DEVICES as u64, DEVICES as u64));
    assert_eq!((stats.sessions_revoked, stats.sessions_silent, stats.sessions_displaced), (1, 0, 0));
    assert_eq!(stats.sessions, 0);
}

const ROTATING: usize = 30;
const ROTATIONS: usize = 4;

/// The devices' keys: as many as there are rotations, and one.
struct Rotation {
    world: World,
    keys: Vec<Vec<Party>>,
    devices: Vec<Arc<Device>>,
    /// The key that devices take for their next connection.
    current: AtomicUsize,
    /// The key by which each is connected.
    using: Vec<AtomicUsize>,
    over: AtomicBool,
}

impl Rotation {
    fn new() -> Self {
        let world = World::with_devices(0);
        let key = || Party::new(world.server.public_key());
        let keys = (0..ROTATING).map(|_| (0..=ROTATIONS).map(|_| key()).collect()).collect();
        let devices = (0..ROTATING).map(|n| Arc::new(Device::new(format!("device-{n}")).unwrap())).collect();
        Self {
            world,
            keys,
            devices,
            current: AtomicUsize::new(0),
            using: (0..ROTATING).map(|_| AtomicUsize::new(usize::MAX)).collect(),
            over: AtomicBool::new(false),
        }
    }

    /// A registry in which each device has these keys.
    fn with(&self, keys: &[usize]) -> Devices {
        let pinnings = (0..ROTATING).flat_map(|n| keys.iter().map(move |key| (n, key)));
        let pinned = pinnings.map(|(n, key)| {
            let device = Arc::clone(&self.devices[n]);
            Pinned::new(device, &self.world.server, self.keys[n][*key].identity.public_key()).unwrap()
        });
        Devices::new(pinned).unwrap()
    }

    /// Connects, speaks and is answered, again and again.
    async fn device(&self, n: usize, address: SocketAddr) -> usize {
        let mut connections = 0;
        while !self.over.load(Ordering::SeqCst) {
            let key = self.current.load(Ordering::SeqCst);
            let pinning = self.keys[n][key].pinning();
            let mut connection = connect_tcp(address, pinning, &Limits::default()).await.unwrap();
            connection.send(b"there?").await.unwrap();
            assert_eq!(connection.recv().await.unwrap().unwrap(), b"there?");
            self.using[n].store(key, Ordering::SeqCst);
            connections += 1;
            if connections % 2 == 0 {
                connection.close().await.unwrap();
            }
        }
        connections
    }

    async fn all_use(&self, key: usize) {
        while self.using.iter().any(|using| using.load(Ordering::SeqCst) != key) {
            sleep(Duration::from_millis(1)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_rotate_under_load_and_no_handshake_is_refused() {
    let rotation = Arc::new(Rotation::new());
    let registry = Changing::new(rotation.with(&[0]));
    // All come from one address, and as fast as they can: that they are too many is another matter.
    let mut limits = Limits::default();
    (limits.messages_1_per_second, limits.messages_1_per_second_per_address) = (u32::MAX, u32::MAX);
    let acceptor = Acceptor::new(Arc::clone(&rotation.world.server), Arc::clone(&registry), limits).unwrap();
    let listener = Listener::bind("127.0.0.1:0", acceptor.clone()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let handler = |mut connection| async move {
        let _ = echo(&mut connection).await;
    };
    let server =
        tokio::spawn(async move { Server::new(listener).run(handler, std::future::pending()).await });
    let mut devices = JoinSet::new();
    for n in 0..ROTATING {
        let rotation = Arc::clone(&rotation);
        devices.spawn(async move { rotation.device(n, address).await });
    }
    let rotating = async {
        rotation.all_use(0).await;
        for key in 1..=ROTATIONS {
            registry.set(rotation.with(&[key - 1, key]));
            rotation.current.store(key, Ordering::SeqCst);
            rotation.all_use(key).await;
            registry.set(rotation.with(&[key]));
            sleep(Duration::from_millis(300)).await; // a sweep looks all sessions up again
        }
        rotation.over.store(true, Ordering::SeqCst);
    };
    let mut connections = 0;
    timeout(600 * SECOND, async {
        rotating.await;
        while let Some(device) = devices.join_next().await {
            connections += device.unwrap();
        }
    })
    .await
    .unwrap();
    let stats = acceptor.stats();
    assert!(connections >= ROTATING * (ROTATIONS + 1));
    assert_eq!((stats.accepted, stats.confirmed), (connections as u64, connections as u64));
    assert_eq!((stats.refused, stats.refused_busy, stats.sessions_revoked), (0, 0, 0));
    server.abort();
}
