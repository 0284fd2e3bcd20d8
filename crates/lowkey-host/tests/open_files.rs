//! A server that has no files left. Alone in its process, whose limit it lowers.

use lowkey_host::Limits;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::time::{Duration, Instant};
use test_support::world::World;
use test_support::world::log::Log;
use tokio::net::TcpStream;
use tokio::time::timeout;

#[tokio::test]
async fn without_files_left_a_listener_makes_room_and_goes_on() {
    Log::begin();
    let began = Instant::now();
    let world = World::new();
    let (mut listener, address) = world.listener().await;
    let acceptor = listener.acceptor().clone();

    // The system connects these; nobody has accepted them yet.
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    let good = TcpStream::connect(address).await.unwrap();
    let pinning = world.device().pinning();
    let limits = Limits::default();

    // Room for three more.
    let next = std::fs::File::open("/dev/null").unwrap();
    let current = std::os::fd::AsRawFd::as_raw_fd(&next) as u64 + 3;
    drop(next);
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: Some(current), maximum }).unwrap();

    let connecting = lowkey_host::connect(good, pinning, &limits);
    let both = async { tokio::join!(connecting, listener.accept()) };
    let (device, mut session) = timeout(Duration::from_secs(20), both).await.unwrap();
    let mut device = device.unwrap();
    device.send(b"here").await.unwrap();
    device.flush().await.unwrap();
    assert_eq!(session.recv().await.unwrap().unwrap(), b"here");
    let stats = acceptor.stats();
    assert!(stats.accept_errors > 0 && stats.attempts_displaced > 0, "{stats:?}");
    let log = Log::take();
    let lines = log.lines().filter(|line| line.contains("could not accept; pausing")).count() as u64;
    assert!(lines > 0 && lines <= 1 + began.elapsed().as_secs() / 10, "{stats:?}: {log}");
}
