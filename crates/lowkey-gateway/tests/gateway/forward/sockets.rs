//! What a `Forwarder` promises, with services on TCP and Unix sockets.

use crate::common::services::{expect, nobody, pair, serve, service};
use crate::common::{Raw, World, pattern, tcp_pair};
use lowkey_gateway::forward::{Backend, BackendError, ForwardError, Forwarder};
use lowkey_host::{ChannelError, Connection, Error, Server};
use std::io::ErrorKind;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UnixListener, UnixSocket, UnixStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

const LONG: Duration = Duration::from_secs(60);

fn is_truncation(error: &Error) -> bool {
    match error {
        Error::Channel(ChannelError::Truncated) => true,
        Error::Io(error) => error.kind() == ErrorKind::ConnectionReset,
        _ => false,
    }
}

#[tokio::test]
async fn both_ends_of_both_directions_are_carried_to_a_tcp_service() {
    for device_first in [true, false] {
        let (mut device, server) = pair().await;
        let (socket, forwarder) = service().await;
        let over = serve(forwarder, server);
        let mut backend = socket.accept().await.unwrap().0;
        device.send(b"question").await.unwrap();
        expect(&mut backend, b"question").await;
        if device_first {
            device.close().await.unwrap();
            assert_eq!(backend.read(&mut [0]).await.unwrap(), 0);
            backend.write_all(b"answer").await.unwrap();
            backend.shutdown().await.unwrap();
            assert_eq!(device.recv().await.unwrap().unwrap(), b"answer");
            assert_eq!(device.recv().await.unwrap(), None);
        } else {
            backend.write_all(b"answer").await.unwrap();
            backend.shutdown().await.unwrap();
            assert_eq!(device.recv().await.unwrap().unwrap(), b"answer");
            assert_eq!(device.recv().await.unwrap(), None);
            device.close().await.unwrap();
            assert_eq!(backend.read(&mut [0]).await.unwrap(), 0);
        }
        let forwarded = over.await.unwrap().unwrap();
        assert_eq!((forwarded.to_backend, forwarded.to_device), (8, 6));
    }
}

#[tokio::test]
async fn megabytes_go_both_ways_at_once_to_a_unix_service() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("service.sock");
    let socket = UnixListener::bind(&path).unwrap();
    let forwarder = Forwarder::new(format!("unix:{}", path.display()).parse().unwrap());
    let (device, server) = pair().await;
    let over = serve(forwarder, server);
    let echo = tokio::spawn(async move {
        let (mut from, mut to) = socket.accept().await.unwrap().0.into_split();
        tokio::io::copy(&mut from, &mut to).await.unwrap()
    });
    let (mut from, mut to) = tokio::io::split(device);
    let bytes = pattern(4, 3_000_000);
    let sent = bytes.clone();
    let sending = tokio::spawn(async move {
        to.write_all(&sent).await.unwrap();
        to.shutdown().await.unwrap();
        to
    });
    let mut back = Vec::new();
    timeout(LONG, from.read_to_end(&mut back)).await.unwrap().unwrap();
    assert!(back == bytes);
    sending.await.unwrap();
    assert_eq!(echo.await.unwrap(), 3_000_000);
    let forwarded = over.await.unwrap().unwrap();
    assert_eq!((forwarded.to_backend, forwarded.to_device), (3_000_000, 3_000_000));
}

/// Elsewhere than on Linux the kernel itself has them wait, or refuses them.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_unix_service_with_a_full_queue_is_waited_for_as_one_on_tcp() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("service.sock");
    let socket = UnixSocket::new_stream().unwrap();
    socket.bind(&path).unwrap();
    let socket = socket.listen(1).unwrap();
    let mut waiting = Vec::new();
    let full = loop {
        match UnixStream::connect(&path).await {
            Ok(stream) => waiting.push(stream),
            Err(error) => break error,
        }
    };
    assert_eq!(full.kind(), ErrorKind::WouldBlock);
    let (mut device, server) = pair().await;
    let forwarder = Forwarder::new(format!("unix:{}", path.display()).parse().unwrap());
    let over = serve(forwarder, server);
    device.send(b"hello").await.unwrap();
    assert!(timeout(Duration::from_millis(50), device.recv()).await.is_err(), "no CLOSE");
    assert!(!over.is_finished());
    for _ in &waiting {
        socket.accept().await.unwrap();
    }
    expect(&mut timeout(LONG, socket.accept()).await.unwrap().unwrap().0, b"hello").await;
}

#[tokio::test]
async fn a_service_that_is_down_is_a_close_to_the_device() {
    let (_reserved, forwarder) = nobody();
    let (mut device, server) = pair().await;
    // More than is read before the connection is refused: none of it may take the CLOSE back.
    device.send(&pattern(1, 50_000)).await.unwrap();
    let over = serve(forwarder, server);
    assert_eq!(timeout(LONG, device.recv()).await.unwrap().unwrap(), None);
    device.close().await.unwrap();
    let error = over.await.unwrap().unwrap_err();
    assert!(
        matches!(&error, ForwardError::Unreachable(error) if error.kind() == ErrorKind::ConnectionRefused)
    );
}

#[tokio::test]
async fn a_unix_service_that_is_down_is_a_close_to_the_device() {
    let directory = tempfile::tempdir().unwrap();
    let forwarder = Forwarder::new(format!("unix:{}/none.sock", directory.path().display()).parse().unwrap());
    let (mut device, server) = pair().await;
    let over = serve(forwarder, server);
    assert_eq!(device.recv().await.unwrap(), None);
    device.close().await.unwrap();
    assert!(matches!(over.await.unwrap(), Err(ForwardError::Unreachable(_))));
}

/// A service that does not answer: on Linux nobody is answered once as many wait as it said.
#[cfg(target_os = "linux")]
async fn deaf_service() -> (TcpListener, [TcpStream; 2], Forwarder) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let socket = socket.listen(1).unwrap();
    let address = socket.local_addr().unwrap();
    let waiting = [TcpStream::connect(address).await.unwrap(), TcpStream::connect(address).await.unwrap()];
    (socket, waiting, Forwarder::new(address.to_string().parse().unwrap()))
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_service_that_does_not_answer_in_time_is_a_close_to_the_device() {
    let (_socket, _waiting, mut forwarder) = deaf_service().await;
    forwarder.connect_timeout = Duration::from_millis(10);
    let (mut device, server) = pair().await;
    let over = serve(forwarder, server);
    assert_eq!(device.recv().await.unwrap(), None);
    device.close().await.unwrap();
    let error = over.await.unwrap().unwrap_err();
    assert!(matches!(&error, ForwardError::Unreachable(error) if error.kind() == ErrorKind::TimedOut));
    assert_eq!(error.to_string(), "the service behind cannot be reached: no answer within 10ms");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn while_a_service_does_not_answer_pings_are_answered_and_a_device_that_vanishes_is_noticed() {
    let (_socket, _waiting, mut forwarder) = deaf_service().await;
    forwarder.connect_timeout = 2 * LONG;
    let world = World::new();
    let (near, far) = tcp_pair().await;
    let acceptor = world.acceptor();
    let (mut device, server) = tokio::join!(Raw::open(world.device(), near), acceptor.accept(far));
    let over = serve(forwarder, server.unwrap());
    assert!(device.link.ping(b"there?").unwrap().is_ready());
    device.flush().await;
    while device.link.awaits_pong() {
        timeout(LONG, device.read()).await.unwrap();
        assert!(device.link.receive().unwrap().is_pending());
    }
    drop(device);
    let error = timeout(LONG, over).await.unwrap().unwrap().unwrap_err();
    assert!(matches!(&error, ForwardError::Device(error) if is_truncation(error)), "{error:?}");
}

/// A device that has its PONG knows that a service was there for what it had sent before.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_ping_behind_data_is_not_answered_where_no_service_takes_the_data() {
    let (_socket, _waiting, mut forwarder) = deaf_service().await;
    forwarder.connect_timeout = Duration::from_millis(300);
    let world = World::new();
    let (near, far) = tcp_pair().await;
    let acceptor = world.acceptor();
    let (mut device, server) = tokio::join!(Raw::open(world.device(), near), acceptor.accept(far));
    assert!(device.link.send(b"report").unwrap().is_ready());
    device.flush().await;
    assert!(device.link.ping(b"taken?").unwrap().is_ready());
    device.flush().await;
    let over = serve(forwarder, server.unwrap());
    while device.link.receive().unwrap() != Poll::Ready(None) {
        timeout(LONG, device.read()).await.unwrap();
    }
    assert!(device.link.awaits_pong());
    drop(device);
    assert!(matches!(over.await.unwrap(), Err(ForwardError::Unreachable(_))));
}

#[tokio::test]
async fn a_device_that_does_not_take_the_close_keeps_nothing_open() {
    let (_reserved, forwarder) = nobody();
    let (_device, server) = pair().await;
    // From here on only: a clock that jumps while sockets are at work lets any deadline pass.
    tokio::time::pause();
    let limit = forwarder.connect_timeout + forwarder.linger * 2;
    let over = timeout(limit, forwarder.serve(server, None)).await.unwrap();
    assert!(matches!(over, Err(ForwardError::Unreachable(_))));
}

#[tokio::test]
async fn what_a_device_says_and_closes_before_the_service_is_there_arrives() {
    let (mut device, server) = pair().await;
    device.send(b"21.5 C").await.unwrap();
    device.close().await.unwrap();
    let (socket, forwarder) = service().await;
    let over = serve(forwarder, server);
    let mut backend = socket.accept().await.unwrap().0;
    let mut bytes = Vec::new();
    backend.read_to_end(&mut bytes).await.unwrap();
    assert_eq!(bytes, b"21.5 C");
    drop(backend);
    assert_eq!(device.recv().await.unwrap(), None);
    over.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_service_that_resets_is_a_truncation_to_the_device() {
    let (mut device, server) = pair().await;
    let (socket, forwarder) = service().await;
    let over = serve(forwarder, server);
    let mut backend = socket.accept().await.unwrap().0;
    backend.write_all(b"half an ans").await.unwrap();
    assert_eq!(device.recv().await.unwrap().unwrap(), b"half an ans");
    backend.set_zero_linger().unwrap();
    drop(backend);
    assert!(is_truncation(&device.recv().await.unwrap_err()));
    assert!(matches!(over.await.unwrap(), Err(ForwardError::Backend(_))));
}

#[tokio::test]
async fn a_device_that_vanishes_is_a_reset_to_the_service_and_no_end() {
    let (mut device, server) = pair().await;
    let (socket, forwarder) = service().await;
    let over = serve(forwarder, server);
    let mut backend = socket.accept().await.unwrap().0;
    device.send(b"half a wo").await.unwrap();
    expect(&mut backend, b"half a wo").await;
    drop(device);
    assert_eq!(backend.read(&mut [0]).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(matches!(over.await.unwrap(), Err(ForwardError::Device(error)) if is_truncation(&error)));
}

#[tokio::test]
async fn a_session_that_is_cut_off_is_a_reset_to_the_service_and_a_truncation_to_the_device() {
    let (mut device, server) = pair().await;
    let (socket, forwarder) = service().await;
    let over = serve(forwarder, server);
    let mut backend = socket.accept().await.unwrap().0;
    device.send(b"hello").await.unwrap();
    expect(&mut backend, b"hello").await;
    over.abort();
    assert_eq!(backend.read(&mut [0]).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(is_truncation(&device.recv().await.unwrap_err()));
}

/// Devices of one server, all behind one forwarder.
struct Devices {
    devices: Vec<Connection<TcpStream>>,
    _serving: JoinHandle<()>,
}

impl Devices {
    async fn connect(n: usize, forwarder: Forwarder) -> Self {
        let world = World::with_devices(n);
        let (mut listener, address) = world.listener().await;
        let forwarder = Arc::new(forwarder);
        let serving = tokio::spawn(async move {
            loop {
                let connection = listener.accept().await;
                let forwarder = Arc::clone(&forwarder);
                tokio::spawn(async move { forwarder.serve(connection, None).await });
            }
        });
        let mut devices = Vec::new();
        for party in &world.devices {
            let stream = TcpStream::connect(address).await.unwrap();
            devices.push(party.connect(stream).await.unwrap());
        }
        Self { devices, _serving: serving }
    }
}

#[tokio::test]
async fn a_service_that_reads_nothing_stops_its_own_device_and_no_other() {
    let (socket, forwarder) = service().await;
    let mut all = Devices::connect(3, forwarder).await;
    let mut streams = Vec::new();
    for (n, device) in all.devices.iter_mut().enumerate() {
        device.send(&[n as u8]).await.unwrap();
        let mut stream = socket.accept().await.unwrap().0;
        expect(&mut stream, &[n as u8]).await;
        streams.push(stream);
    }
    let mut stuck = all.devices.remove(0);
    let deaf = streams.remove(0);
    let flood = tokio::spawn(async move {
        // Far more than all buffers on the way hold.
        for _ in 0..64_000 {
            stuck.send(&[0; 1000]).await?;
        }
        Ok::<_, Error>(())
    });
    for round in 0..200_u32 {
        for (device, stream) in all.devices.iter_mut().zip(&mut streams) {
            let message = round.to_be_bytes();
            device.send(&message).await.unwrap();
            expect(stream, &message).await;
            stream.write_all(&message).await.unwrap();
            assert_eq!(timeout(LONG, device.recv()).await.unwrap().unwrap().unwrap(), message);
        }
    }
    assert!(!flood.is_finished());
    drop(deaf);
    assert!(flood.await.unwrap().is_err(), "its device hears that the service has gone");
}

#[tokio::test]
async fn a_server_that_stops_ends_both_sides_in_order() {
    let world = World::new();
    let (listener, address) = world.listener().await;
    let (socket, forwarder) = service().await;
    let forwarder = Arc::new(forwarder);
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(async move {
        let handler = move |connection: Connection<TcpStream>| {
            let forwarder = Arc::clone(&forwarder);
            async move {
                let _ = forwarder.serve_tcp(connection).await; // it is in the log
            }
        };
        let stop = async { stopped.await.unwrap_or_default() };
        Server::new(listener).run(handler, stop).await
    });
    let stream = TcpStream::connect(address).await.unwrap();
    let mut device = world.device().connect(stream).await.unwrap();
    let mut backend = socket.accept().await.unwrap().0;
    stop.send(()).unwrap();
    assert_eq!(timeout(LONG, device.recv()).await.unwrap().unwrap(), None);
    device.send(b"farewell").await.unwrap();
    device.close().await.unwrap();
    expect(&mut backend, b"farewell").await;
    assert_eq!(backend.read(&mut [0]).await.unwrap(), 0);
    drop(backend);
    let stopped = running.await.unwrap();
    assert_eq!((stopped.ended, stopped.cut), (1, 0));
}

#[tokio::test]
async fn a_service_of_one_address_is_reached_as_ever() {
    let service = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let backend: Backend = service.local_addr().unwrap().to_string().parse().unwrap();
    let (stream, accepted) = tokio::join!(backend.connect(), service.accept());
    stream.unwrap().write_all(b"hello").await.unwrap();
    let (mut accepted, _) = accepted.unwrap();
    let mut heard = [0; 5];
    accepted.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"hello");
}

#[test]
fn what_is_no_service_says_how_one_is_written() {
    for text in [
        "",
        "1883",
        ":1883",
        "host:",
        "host:0",
        "host:65536",
        "host:+1",
        "::1:1883",
        "[::1]",
        "[::1:1883",
        "[host]:1",
        "unix:",
        "http://host:80",
        "a b:1",
    ] {
        let error: BackendError = text.parse::<Backend>().unwrap_err();
        assert!(error.to_string().starts_with(&format!("{text:?} is no service; write it like ")), "{text}");
    }
}
