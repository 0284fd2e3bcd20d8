//! A server as a whole: how it stops, and what becomes of sessions that are ended from outside.

use lowkey_host::{ChannelError, Connection, Error, Limits, Listener, Server, Stopped, connect_tcp, echo};
use lowkey_transport::Part;
use std::future::{Future, pending};
use std::net::SocketAddr;
use std::task::Poll;
use std::time::{Duration, Instant};
use test_support::world::{Raw, World, is_channel, pattern};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// Nothing that comes takes nearly as long, on busy cores either.
const SOON: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

struct Running {
    address: SocketAddr,
    acceptor: lowkey_host::Acceptor,
    stop: oneshot::Sender<()>,
    run: JoinHandle<Stopped>,
}

impl Running {
    async fn new<F>(world: &World, handler: impl FnMut(Connection<TcpStream>) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::of(world.acceptor(), handler).await
    }

    async fn of<F>(
        acceptor: lowkey_host::Acceptor,
        handler: impl FnMut(Connection<TcpStream>) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = Listener::bind("127.0.0.1:0", acceptor.clone()).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let run = tokio::spawn(async move {
            let stopped = async move { stopped.await.unwrap() };
            Server::new(listener).run(handler, stopped).await
        });
        Self { address, acceptor, stop, run }
    }

    async fn call(&self, world: &World, n: usize) -> Connection<TcpStream> {
        connect_tcp(self.address, world.devices[n].pinning(), &Limits::default()).await.unwrap()
    }

    /// Until there are so many.
    async fn sessions(&self, n: u64) {
        while self.acceptor.stats().sessions != n {
            sleep(Duration::from_millis(1)).await;
        }
    }
}

async fn echoing(mut connection: Connection<TcpStream>) {
    let _ = echo(&mut connection).await;
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(SOON, future).await.expect("it takes too long")
}

#[tokio::test]
async fn every_device_hears_a_close_when_the_server_stops() {
    let world = World::with_devices(10);
    let server = Running::new(&world, echoing).await;
    let mut devices = Vec::new();
    for n in 0..10 {
        devices.push(server.call(&world, n).await);
    }
    server.sessions(10).await;
    server.stop.send(()).unwrap();
    for device in &mut devices {
        assert!(soon(device.recv()).await.unwrap().is_none());
        assert!(TcpStream::connect(server.address).await.is_err(), "it still accepts");
        device.close().await.unwrap();
    }
    let stopped = soon(server.run).await.unwrap();
    assert_eq!((stopped.ended, stopped.cut), (10, 0));
}

#[tokio::test]
async fn a_server_without_sessions_stops_at_once_and_waits_for_no_stranger() {
    let world = World::new();
    let mut limits = Limits::default();
    limits.linger = Duration::from_secs(3600);
    let world = World { limits, ..world };
    let server = Running::new(&world, echoing).await;
    let _silent = TcpStream::connect(server.address).await.unwrap();
    while server.acceptor.stats().attempts == 0 {
        sleep(Duration::from_millis(1)).await;
    }
    server.stop.send(()).unwrap();
    let stopped = soon(server.run).await.unwrap();
    assert_eq!((stopped.ended, stopped.cut), (0, 0));
}

#[tokio::test]
async fn what_devices_still_say_is_heard_after_our_close() {
    let world = World::new();
    let (said, mut heard) = mpsc::unbounded_channel();
    let server = Running::new(&world, move |mut connection| {
        let said = said.clone();
        async move {
            while let Ok(Some(message)) = connection.recv().await {
                said.send(message).unwrap();
            }
        }
    })
    .await;
    let mut device = server.call(&world, 0).await;
    server.sessions(1).await;
    server.stop.send(()).unwrap();
    assert!(soon(device.recv()).await.unwrap().is_none());
    for n in 0..100_u32 {
        device.send(&n.to_be_bytes()).await.unwrap();
    }
    device.close().await.unwrap();
    for n in 0..100_u32 {
        assert_eq!(soon(heard.recv()).await.unwrap(), n.to_be_bytes());
    }
    assert_eq!(soon(server.run).await.unwrap().ended, 1);
}

#[tokio::test]
async fn a_message_that_is_half_sent_goes_out_whole_before_the_close() {
    let world = World::new();
    let long = pattern(3, 900_000);
    let message = long.clone();
    let server = Running::new(&world, move |mut connection| {
        let message = message.clone();
        async move {
            connection.send(&message).await.unwrap();
            let next = connection.send(b"next").await.unwrap_err();
            assert!(is_channel(&next, ChannelError::Closed));
            assert!(connection.recv().await.unwrap().is_none());
        }
    })
    .await;
    let mut device = server.call(&world, 0).await;
    server.sessions(1).await;
    // More than a socket holds is on its way, and nobody reads.
    while server.acceptor.sessions()[0].bytes_sent == 0 {
        sleep(Duration::from_millis(1)).await;
    }
    server.stop.send(()).unwrap();
    assert!(soon(device.recv()).await.unwrap().unwrap() == long);
    device.close().await.unwrap();
    let stopped = soon(server.run).await.unwrap();
    assert_eq!((stopped.ended, stopped.cut), (1, 0));
}

#[tokio::test]
async fn who_does_not_take_the_close_is_cut_at_the_deadline() {
    let mut world = World::new();
    world.limits.linger = SECOND;
    let server = Running::new(&world, echoing).await;
    let mut device = server.call(&world, 0).await;
    server.sessions(1).await;
    let began = Instant::now();
    server.stop.send(()).unwrap();
    let stopped = soon(server.run).await.unwrap();
    assert_eq!((stopped.ended, stopped.cut), (0, 1));
    assert!(began.elapsed() >= SECOND, "{:?}", began.elapsed());
    assert!(soon(device.recv()).await.unwrap().is_none());
    assert_eq!(server.acceptor.stats().sessions, 0);
}

#[tokio::test]
async fn a_device_in_the_middle_of_its_handshake_hears_the_close_behind_it() {
    let mut world = World::with_devices(2);
    world.limits.linger = SOON;
    let server = Running::new(&world, echoing).await;
    let mut first = server.call(&world, 0).await;
    let second = TcpStream::connect(server.address).await.unwrap();
    let mut second = Raw::unconfirmed(&world.devices[1], second).await;
    server.sessions(1).await;
    server.stop.send(()).unwrap();
    assert!(soon(first.recv()).await.unwrap().is_none());
    second.flush().await;
    for _length_and_body in 0..2 {
        soon(second.read()).await;
    }
    assert_eq!(second.link.receive(), Ok(Poll::Ready(None)));
    second.link.close().unwrap();
    second.flush().await;
    first.close().await.unwrap();
    let stopped = soon(server.run).await.unwrap();
    assert_eq!((stopped.ended, stopped.cut), (2, 0));
}

#[tokio::test]
async fn dropping_a_server_ends_everything_at_once() {
    let world = World::new();
    let server = Running::new(&world, echoing).await;
    let mut device = server.call(&world, 0).await;
    device.send(b"there?").await.unwrap();
    soon(device.recv()).await.unwrap();
    server.run.abort();
    let end = soon(device.recv()).await.unwrap_err();
    assert!(is_channel(&end, ChannelError::Truncated), "{end}");
    soon(server.sessions(0)).await;
}

#[tokio::test]
async fn a_handler_that_panics_ends_its_own_session_and_no_other() {
    let world = World::with_devices(2);
    let server = Running::new(&world, |mut connection| async move {
        while let Ok(Some(message)) = connection.recv().await {
            assert_ne!(message, b"bomb", "this panic is part of the test");
            connection.send(&message).await.unwrap();
        }
    })
    .await;
    let (mut bad, mut good) = (server.call(&world, 0).await, server.call(&world, 1).await);
    server.sessions(2).await;
    bad.send(b"bomb").await.unwrap();
    let end = soon(bad.recv()).await.unwrap_err();
    assert!(is_channel(&end, ChannelError::Truncated), "{end}");
    soon(server.sessions(1)).await;
    good.send(b"there?").await.unwrap();
    assert_eq!(soon(good.recv()).await.unwrap().unwrap(), b"there?");
    drop(server.call(&world, 0).await);
}

#[tokio::test]
async fn a_handler_that_waits_for_something_else_is_dropped_when_its_session_ends() {
    let world = World::new();
    let (acceptor, registry) = world.changing();
    let (held, mut dropped) = mpsc::channel::<()>(1);
    let server = Running::of(acceptor, move |connection| {
        let held = held.clone();
        async move {
            let _both = (connection, held);
            pending::<()>().await;
        }
    })
    .await;
    let mut device = server.call(&world, 0).await;
    server.sessions(1).await;
    // Within a second, says `fleet.rs` by a clock that busy cores do not delay.
    registry.set(world.without(&[0]));
    let end = soon(device.recv()).await.unwrap_err();
    assert!(is_channel(&end, ChannelError::Truncated), "{end}");
    server.run.abort();
    assert!(soon(dropped.recv()).await.is_none());
    assert_eq!(server.acceptor.stats().sessions_revoked, 1);
}

#[tokio::test]
async fn a_pinning_that_goes_while_the_server_stops_ends_its_session() {
    let mut world = World::new();
    world.limits.linger = SOON;
    let (acceptor, registry) = world.changing();
    let (ends, mut end) = mpsc::channel(1);
    let server = Running::of(acceptor, move |mut connection| {
        let ends = ends.clone();
        async move { ends.send(connection.recv().await.unwrap_err()).await.unwrap() }
    })
    .await;
    let mut device = server.call(&world, 0).await;
    server.sessions(1).await;
    server.stop.send(()).unwrap();
    assert!(soon(device.recv()).await.unwrap().is_none());
    registry.set(world.without(&[0]));
    assert!(matches!(soon(end.recv()).await, Some(Error::Revoked)));
    let stopped = soon(server.run).await.unwrap();
    assert_eq!((stopped.ended, stopped.cut), (1, 0));
}

#[tokio::test]
async fn a_message_that_will_never_be_whole_keeps_no_server_from_stopping() {
    let mut world = World::new();
    world.limits.linger = SECOND;
    let server = Running::new(&world, echoing).await;
    let stream = TcpStream::connect(server.address).await.unwrap();
    let mut device = Raw::open(world.device(), stream).await;
    assert!(device.link.send_part(b"the beginning", Part::More).unwrap().is_ready());
    device.flush().await;
    server.sessions(1).await;
    server.stop.send(()).unwrap();
    assert_eq!(soon(server.run).await.unwrap().cut, 1);
}
