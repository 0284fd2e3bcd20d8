//! A listener among strangers: silent ones, many of them, and one good device.

use lowkey_host::{ChannelError, Connection, Error, Listener};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use test_support::world::{Party, World, until_end};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// Nothing that comes takes nearly as long, on busy cores either.
const SOON: Duration = Duration::from_secs(60);

/// Both ends of each connection are ours: two files each.
fn raise_open_files(wanted: u64) {
    let limit = getrlimit(Resource::Nofile);
    let maximum = limit.maximum.unwrap_or(u64::MAX);
    assert!(maximum >= wanted, "this test opens {wanted} files and the hard limit is {maximum}");
    let current = Some(limit.current.unwrap_or(u64::MAX).max(wanted));
    setrlimit(Resource::Nofile, Rlimit { current, maximum: limit.maximum }).unwrap();
}

async fn call(address: SocketAddr, party: &Party) -> Result<Connection<TcpStream>, Error> {
    lowkey_host::connect_tcp(address, party.pinning(), &lowkey_host::Limits::default()).await
}

/// Accepts and echoes for ever.
fn echo(mut listener: Listener) {
    tokio::spawn(async move {
        loop {
            let mut connection = listener.accept().await;
            tokio::spawn(async move { lowkey_host::echo(&mut connection).await });
        }
    });
}

async fn says_and_hears(connection: &mut Connection<TcpStream>) {
    connection.send(b"there?").await.unwrap();
    let answer = timeout(SOON, connection.recv()).await.unwrap().unwrap();
    assert_eq!(answer.unwrap(), b"there?");
}

async fn silent_connections_keep_nobody_waiting(attempts: usize) {
    const SILENT: usize = 1000;
    raise_open_files(5000);
    let mut world = World::new();
    world.limits.attempts = attempts;
    world.limits.attempts_per_address = attempts;
    let (listener, address) = world.listener().await;
    let acceptor = listener.acceptor().clone();
    echo(listener);
    let mut silent = Vec::new();
    for _ in 0..SILENT {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    let begun = Instant::now();
    let mut good = call(address, world.device()).await.unwrap();
    says_and_hears(&mut good).await;
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
    let stats = acceptor.stats();
    assert_eq!((stats.accepted, stats.confirmed), (SILENT as u64 + 1, 1));
    assert_eq!(stats.attempts_displaced, (SILENT + 1).saturating_sub(attempts) as u64);
    drop(silent);
    says_and_hears(&mut good).await;
}

#[tokio::test]
async fn a_thousand_silent_connections_keep_a_good_device_waiting_for_less_than_five_seconds() {
    silent_connections_keep_nobody_waiting(2000).await;
}

#[tokio::test]
async fn a_thousand_silent_connections_do_not_get_past_a_limit_of_ten() {
    silent_connections_keep_nobody_waiting(10).await;
}

#[tokio::test]
async fn load_the_first_and_the_newest_attempt_stay_and_those_between_make_room() {
    let mut world = World::new();
    world.limits.attempts = 2;
    let (listener, address) = world.listener().await;
    let acceptor = listener.acceptor().clone();
    echo(listener);
    let mut strangers = Vec::new();
    for n in 1..=4 {
        strangers.push(TcpStream::connect(address).await.unwrap());
        while acceptor.stats().accepted < n {
            sleep(Duration::from_millis(1)).await;
        }
    }
    for between in &mut strangers[1..3] {
        assert_eq!(timeout(SOON, until_end(between)).await.unwrap(), b"");
    }
    for n in [0, 3] {
        let mut byte = [0];
        assert!(timeout(Duration::from_millis(100), strangers[n].read(&mut byte)).await.is_err(), "cut off");
    }
    let mut good = call(address, world.device()).await.unwrap();
    says_and_hears(&mut good).await;
    let stats = acceptor.stats();
    assert_eq!((stats.attempts_displaced, stats.abandoned), (3, 3));
}

#[tokio::test]
async fn there_is_room_for_at_least_one_attempt() {
    let mut world = World::new();
    world.limits.attempts = 0;
    let (listener, address) = world.listener().await;
    echo(listener);
    says_and_hears(&mut call(address, world.device()).await.unwrap()).await;
}

#[tokio::test]
async fn sessions_full_closes_one_more_device_and_keeps_the_others() {
    let mut world = World::with_devices(2);
    world.limits.sessions = 1;
    let (listener, address) = world.listener().await;
    echo(listener);
    let mut first = call(address, &world.devices[0]).await.unwrap();
    says_and_hears(&mut first).await;
    let mut second = call(address, &world.devices[1]).await.unwrap();
    assert!(timeout(SOON, second.recv()).await.unwrap().unwrap().is_none());
    says_and_hears(&mut first).await;
}

#[tokio::test]
async fn tcp_asks_a_silent_peer_whether_it_is_there() {
    let world = World::new();
    let (mut listener, address) = world.listener().await;
    let (_device, session) = tokio::join!(call(address, world.device()), listener.accept());
    assert!(socket2::SockRef::from(session.stream()).keepalive().unwrap());
}

#[tokio::test]
async fn a_device_that_calls_again_displaces_itself() {
    let world = World::new();
    let (mut listener, address) = world.listener().await;
    let (first, at_first) = tokio::join!(call(address, world.device()), listener.accept());
    let (mut first, mut at_first) = (first.unwrap(), at_first);
    let waiting = tokio::spawn(async move { at_first.recv().await });
    let (second, mut at_second) = tokio::join!(call(address, world.device()), listener.accept());
    let mut second = second.unwrap();
    assert!(matches!(timeout(SOON, waiting).await.unwrap().unwrap(), Err(Error::Displaced)));
    let error = timeout(SOON, first.recv()).await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Channel(ChannelError::Truncated) | Error::Io(_)), "{error}");
    second.send(b"new").await.unwrap();
    assert_eq!(at_second.recv().await.unwrap().unwrap(), b"new");
    assert_eq!(listener.acceptor().stats().sessions, 1);
}

#[tokio::test]
async fn a_hundred_devices_at_once_are_all_served() {
    raise_open_files(2000);
    let world = std::sync::Arc::new(World::with_devices(100));
    let (listener, address) = world.listener().await;
    let acceptor = listener.acceptor().clone();
    echo(listener);
    let calls: Vec<_> = (0..100)
        .map(|n| {
            let world = std::sync::Arc::clone(&world);
            tokio::spawn(async move {
                let mut connection = call(address, &world.devices[n]).await.unwrap();
                says_and_hears(&mut connection).await;
                connection
            })
        })
        .collect();
    let mut open = Vec::new();
    for call in calls {
        open.push(timeout(SOON, call).await.unwrap().unwrap());
    }
    assert_eq!(acceptor.stats().sessions, 100);
    drop(open);
    while acceptor.stats().sessions > 0 {
        sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn a_port_in_use_is_an_error() {
    let world = World::new();
    let (_listener, address) = world.listener().await;
    let error = Listener::bind(address, world.acceptor()).await.err().unwrap();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
}

#[tokio::test]
async fn an_accept_that_is_dropped_loses_no_connection() {
    let world = World::new();
    let (mut listener, address) = world.listener().await;
    let calling = async {
        let mut connection = call(address, world.device()).await.unwrap();
        connection.send(b"there?").await.unwrap();
        connection.flush().await.unwrap();
        connection
    };
    let accepting = async {
        loop {
            if let Ok(connection) = timeout(Duration::from_micros(100), listener.accept()).await {
                return connection;
            }
        }
    };
    let (_device, mut connection) = timeout(SOON, async { tokio::join!(calling, accepting) }).await.unwrap();
    assert_eq!(connection.recv().await.unwrap().unwrap(), b"there?");
}

#[tokio::test]
async fn a_dropped_listener_lets_go_of_attempts_and_keeps_sessions() {
    let world = World::new();
    let (mut listener, address) = world.listener().await;
    let (device, mut session) = tokio::join!(call(address, world.device()), listener.accept());
    let mut device = device.unwrap();
    let mut silent = TcpStream::connect(address).await.unwrap();
    assert!(timeout(Duration::from_millis(50), listener.accept()).await.is_err());
    drop(listener);
    assert_eq!(timeout(SOON, until_end(&mut silent)).await.unwrap(), b"");
    device.send(b"still").await.unwrap();
    assert_eq!(session.recv().await.unwrap().unwrap(), b"still");
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn an_ipv4_address_is_one_on_a_socket_of_both_families() {
    let world = World::new();
    let Ok(mut listener) = Listener::bind("[::]:0", world.acceptor()).await else {
        return; // no IPv6 here
    };
    let port = listener.local_addr().unwrap().port();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let (_device, session) = tokio::join!(call(address, world.device()), listener.accept());
    assert!(session.remote_addr().unwrap().is_ipv4());
}

/// What waits there stands in front of every PING.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_device_that_reads_nothing_has_little_waiting_in_the_kernel() {
    let world = World::new();
    let (mut listener, address) = world.listener().await;
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let stream = socket.connect(address).await.unwrap();
    let (device, mut session) = tokio::join!(world.device().connect(stream), listener.accept());
    let _device = device.unwrap();
    let sending = async { while session.send(&[7; 1000]).await.is_ok() {} };
    assert!(timeout(Duration::from_secs(1), sending).await.is_err());
    let taken = listener.acceptor().sessions()[0].bytes_sent;
    assert!(taken < 64 * 1024, "{taken}");
}
