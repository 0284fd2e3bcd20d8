//! A service behind that goes down and comes back: what devices hear, and who finds out.

use crate::common::log::Log;
use crate::common::services::{expect, nobody, service};
use crate::common::{Party, World, answer as answer_of, tcp_pair, until_end};
use lowkey_gateway::Unreached;
use lowkey_gateway::forward::{ForwardError, Forwarder};
use lowkey_host::{Acceptor, ChannelError, Connection, Device, Error, Id, Pinned, Refusal, Registry};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

const LONG: Duration = Duration::from_secs(60);

/// A port that stays ours whoever listens: each socket is bound to it, and one that does not listen refuses.
struct Port {
    sockets: Vec<TcpSocket>,
    forwarder: Forwarder,
}

impl Port {
    fn new() -> Self {
        let mut address = "127.0.0.1:0".parse().unwrap();
        let mut bind = || {
            let socket = TcpSocket::new_v4().unwrap();
            socket.set_reuseport(true).unwrap();
            socket.bind(address).unwrap();
            address = socket.local_addr().unwrap();
            socket
        };
        let sockets = vec![bind(), bind(), bind()];
        Self { sockets, forwarder: Forwarder::new(address.to_string().parse().unwrap()) }
    }

    /// Somebody listens, until this is dropped.
    fn open(&mut self) -> TcpListener {
        self.sockets.pop().unwrap().listen(100).unwrap()
    }
}

async fn until_up(forwarder: &Forwarder) {
    let up = async {
        while !forwarder.health().is_up() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(LONG, up).await.expect("nobody finds out that the service is back");
}

/// A device that connects, and what becomes of its session.
async fn connect(
    world: &World,
    acceptor: &Acceptor,
) -> (Result<Connection<TcpStream>, Error>, Option<Connection<TcpStream>>) {
    let (near, far) = tcp_pair().await;
    let (device, session) = tokio::join!(world.device().connect(near), acceptor.accept(far));
    (device, session.ok())
}

/// A session that finds nobody: the device hears a CLOSE.
async fn find_nobody(world: &World, acceptor: &Acceptor, forwarder: &Forwarder) {
    let (device, session) = connect(world, acceptor).await;
    let mut device = device.unwrap();
    let leaving = async {
        assert_eq!(device.recv().await.unwrap(), None);
        device.close().await.unwrap();
    };
    let (_, over) = tokio::join!(leaving, forwarder.serve_tcp(session.unwrap()));
    assert!(matches!(over, Err(ForwardError::Unreachable(_))), "{over:?}");
}

fn is_busy(device: &Result<Connection<TcpStream>, Error>) -> bool {
    matches!(device, Err(Error::Channel(ChannelError::Refused(Refusal::BUSY))))
}

/// A registry that counts how often it is asked.
struct Asked(Arc<AtomicUsize>);

impl Registry for Asked {
    fn lookup(&self, _: &Id) -> Option<Arc<Pinned>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        None
    }
}

#[tokio::test]
async fn protocol_3_while_the_service_is_down_everybody_is_busy_before_anybody_is_looked_up() {
    let (_reserved, forwarder) = nobody();
    let world = World::new();
    find_nobody(&world, &world.acceptor(), &forwarder).await;

    let asked = Arc::new(AtomicUsize::new(0));
    let registry = Asked(Arc::clone(&asked));
    let acceptor = Acceptor::new(Arc::clone(&world.server), registry, world.limits.clone()).unwrap();
    let answer = async |first: &[u8]| {
        let (mut near, far) = duplex(1000);
        near.write_all(first).await.unwrap();
        let (answer, accepted) =
            tokio::join!(async move { until_end(&mut near).await }, acceptor.accept(far));
        accepted.unwrap_err();
        answer
    };
    let (known, unknown) =
        (world.device().message_1().0, Party::new(world.server.public_key()).message_1().0);
    assert_eq!(answer(&known).await, [0, 1, 4], "it was not told that there is a service");
    forwarder.health().spare(&acceptor);
    for first in [&known, &unknown] {
        assert_eq!(answer(first).await, [0, 1, 3]);
    }
    // What is wrong whoever asks comes first.
    let mut version = known.clone();
    version[2] = 9;
    assert_eq!(answer(&version).await, [0, 1, 1]);
    assert_eq!(answer(b"\x00\x03\x01\x03\x00").await, [0, 1, 2]);
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    let stats = acceptor.stats();
    assert_eq!((stats.refused_service_down, stats.refused_busy, stats.refused), (2, 0, 1));
}

#[tokio::test]
async fn our_own_connect_finds_out_that_the_service_is_back_and_devices_are_taken_at_once() {
    Log::begin();
    let mut port = Port::new();
    let forwarder = port.forwarder.clone();
    let world = World::new();
    let acceptor = world.acceptor();
    forwarder.health().spare(&acceptor);
    for round in 1..=2 {
        find_nobody(&world, &acceptor, &forwarder).await;
        let down = forwarder.health().down().unwrap();
        assert_eq!((down.reason, &down.service), (Unreached::Refused, &forwarder.backend.to_string()));
        for _ in 0..10 {
            assert!(is_busy(&connect(&world, &acceptor).await.0));
        }
        let listener = port.open();
        until_up(&forwarder).await;
        assert_eq!(listener.accept().await.unwrap().0.read(&mut [0]).await.unwrap(), 0, "ours has ended");

        let (device, session) = connect(&world, &acceptor).await;
        let mut device = device.unwrap();
        let behind = async {
            device.send(b"21.5 C").await.unwrap();
            device.close().await.unwrap();
            expect(&mut listener.accept().await.unwrap().0, b"21.5 C").await;
        };
        let (_, over) = tokio::join!(behind, forwarder.serve_tcp(session.unwrap()));
        assert_eq!(over.unwrap().to_backend, 6);
        let log = Log::take();
        let address = &forwarder.backend;
        for line in [
            format!(
                " WARN lowkey: service behind is down; devices hear that we are busy service=\"{address}\" \
                 reason=\"refused\" error="
            ),
            format!(" INFO lowkey: service behind takes connections again service=\"{address}\" seconds="),
        ] {
            assert_eq!(log.matches(&line).count(), 1, "{round}: {line} in {log}");
        }
    }
    assert_eq!(acceptor.stats().refused_service_down, 20);
}

#[tokio::test]
async fn a_service_that_breaks_every_session_off_is_not_down_and_the_sessions_are_counted_as_its_doing() {
    let (socket, forwarder) = service().await;
    let world = World::new();
    let acceptor = world.acceptor();
    forwarder.health().spare(&acceptor);
    for _ in 0..20 {
        let (device, session) = connect(&world, &acceptor).await;
        let reset = async {
            socket.accept().await.unwrap().0.set_zero_linger().unwrap();
            let mut device = device.unwrap();
            let (_a_close_or_a_truncation, _) = (device.recv().await, device.close().await);
        };
        let (_, over) = tokio::join!(reset, forwarder.serve_tcp(session.unwrap()));
        // The reset may come before the connect is seen to have succeeded.
        assert!(matches!(over, Err(ForwardError::Backend(_) | ForwardError::Unreachable(_))), "{over:?}");
    }
    assert!(forwarder.health().is_up());
    let stats = acceptor.stats();
    assert_eq!((stats.sessions_backend, stats.sessions_closed, stats.refused_service_down), (20, 0, 0));
}

#[tokio::test]
async fn a_name_that_fits_into_no_header_says_nothing_about_the_service() {
    let (_socket, mut forwarder) = service().await;
    forwarder.send_proxy = true;
    let world = World::new();
    let party = world.device();
    let device = Device::new("n".repeat(256)).unwrap();
    let pinned = Pinned::new(device, &world.server, party.identity.public_key()).unwrap();
    let devices = lowkey_host::Devices::new([pinned]).unwrap();
    let acceptor = Acceptor::new(Arc::clone(&world.server), devices, world.limits.clone()).unwrap();
    find_nobody(&world, &acceptor, &forwarder).await;
    assert!(forwarder.health().is_up());
    assert_eq!(acceptor.stats().sessions_backend, 1);
}

#[tokio::test]
async fn our_own_connection_says_so_if_it_may_and_ends_as_it_should() {
    let (socket, forwarder) = service().await;
    forwarder.look();
    let mut heard = Vec::new();
    socket.accept().await.unwrap().0.read_to_end(&mut heard).await.unwrap();
    assert_eq!(heard, b"");

    let (socket, mut forwarder) = service().await;
    forwarder.send_proxy = true;
    forwarder.look();
    let mut stream = socket.accept().await.unwrap().0;
    // One that greets whoever comes is heard out, and not answered with a reset.
    stream.write_all(b"220 ready\r\n").await.unwrap();
    stream.read_to_end(&mut heard).await.unwrap();
    let header = ppp::v2::Header::try_from(&heard[..]).unwrap();
    assert_eq!((header.command, header.len()), (ppp::v2::Command::Local, heard.len()));
    assert_eq!(header.addresses, ppp::v2::Addresses::Unspecified);
}

#[tokio::test]
async fn a_unix_service_whose_socket_is_not_there_is_down_until_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("service.sock");
    let forwarder = Forwarder::new(format!("unix:{}", path.display()).parse().unwrap());
    let world = World::new();
    find_nobody(&world, &world.acceptor(), &forwarder).await;
    assert_eq!(forwarder.health().down().unwrap().reason, Unreached::Refused);
    let _listener = tokio::net::UnixListener::bind(&path).unwrap();
    until_up(&forwarder).await;
}

/// On Linux nobody is answered once as many wait as a listener said.
#[cfg(target_os = "linux")]
#[tokio::test(start_paused = true)]
async fn a_device_that_does_not_wait_for_a_silent_service_has_us_wait_in_its_place() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let socket = socket.listen(1).unwrap();
    let address = socket.local_addr().unwrap();
    let _waiting = [TcpStream::connect(address).await.unwrap(), TcpStream::connect(address).await.unwrap()];
    let forwarder = Forwarder::new(address.to_string().parse().unwrap());
    let world = World::new();

    let serve = async |patience: Duration| {
        let (device, session) = world.pair(1000).await;
        let leaving = async {
            sleep(patience).await;
            drop(device);
        };
        let (_, over) = tokio::join!(leaving, forwarder.serve(session, None));
        assert!(matches!(over, Err(ForwardError::Device(_))), "{over:?}");
    };
    serve(Duration::from_millis(500)).await;
    sleep(LONG).await;
    assert!(forwarder.health().is_up(), "who goes at once says nothing about the service");
    serve(Duration::from_secs(2)).await;
    sleep(forwarder.connect_timeout + Duration::from_secs(1)).await;
    assert_eq!(forwarder.health().down().unwrap().reason, Unreached::TimedOut);
}

#[tokio::test]
async fn a_server_without_a_service_is_never_busy_for_one() {
    let world = World::new();
    let (refused, _, stats) = answer_of(&world, &Party::new(world.server.public_key()).message_1().0).await;
    assert_eq!((&refused[..], stats.refused_service_down), (&[0, 1, 4][..], 0));
}
