//! What the server writes last arrives, whatever the other side has written that nobody reads. On sockets, since it is
//! theirs to take it back.

use lowkey_host::{AcceptError, ChannelError, Refusal};
use lowkey_transport::Part;
use std::io;
use std::task::Poll;
use std::time::Duration;
use test_support::world::{Raw, World, tcp_pair, until_end};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

const SOON: Duration = Duration::from_secs(30);

/// What a device sends without waiting for anything; sockets hold it.
async fn a_lot(device: &mut Raw<'_, TcpStream>) {
    for _ in 0..20 {
        assert!(device.link.send(&[7; 1000]).unwrap().is_ready());
        device.flush().await;
    }
}

/// Reads the next record.
async fn next(device: &mut Raw<'_, TcpStream>) -> Result<Option<Part>, ChannelError> {
    loop {
        match device.link.receive()? {
            Poll::Pending => timeout(SOON, device.read()).await.unwrap(),
            Poll::Ready(received) => return Ok(received),
        }
    }
}

#[tokio::test]
async fn without_a_free_seat_a_device_that_sends_at_once_hears_the_close() {
    let mut world = World::with_devices(2);
    world.limits.sessions = 1;
    let (mut listener, address) = world.listener().await;
    let acceptor = listener.acceptor().clone();
    let accepting = tokio::spawn(async move {
        loop {
            let connection = listener.accept().await;
            tokio::spawn(async move {
                sleep(2 * SOON).await;
                drop(connection);
            });
        }
    });
    let stream = TcpStream::connect(address).await.unwrap();
    let _seated = world.devices[0].connect(stream).await.unwrap();
    while acceptor.stats().sessions == 0 {
        sleep(Duration::from_millis(1)).await;
    }
    let stream = TcpStream::connect(address).await.unwrap();
    let mut device = Raw::unconfirmed(&world.devices[1], stream).await;
    device.flush().await;
    device.link.step().unwrap();
    a_lot(&mut device).await;
    while acceptor.stats().refused_busy == 0 {
        sleep(Duration::from_millis(1)).await;
    }
    a_lot(&mut device).await;
    assert_eq!(next(&mut device).await, Ok(None));
    accepting.abort();
}

#[tokio::test]
async fn a_refusal_arrives_at_who_has_sent_more_than_a_hello() {
    let world = World::new();
    let (mut listener, address) = world.listener().await;
    let acceptor = listener.acceptor().clone();
    let accepting = tokio::spawn(async move { drop(listener.accept().await) });
    let mut stranger = TcpStream::connect(address).await.unwrap();
    // Another version, with data behind its hello.
    stranger.write_all(&[0, 3, 2, 1, 0]).await.unwrap();
    stranger.write_all(&[7; 20_000]).await.unwrap();
    while acceptor.stats().refused_version == 0 {
        sleep(Duration::from_millis(1)).await;
    }
    stranger.write_all(&[7; 20_000]).await.unwrap();
    let mut answer = [0; 3];
    stranger.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, [0, 1, Refusal::VERSION.code()]);
    assert_eq!(stranger.read(&mut answer).await.unwrap(), 0);
    accepting.abort();
}

/// It waits for nothing any more, and is kept for no longer than its deadline.
#[tokio::test(start_paused = true)]
async fn a_stranger_who_stays_after_its_refusal_is_hung_up_on() {
    let world = World::new();
    let acceptor = world.acceptor();
    let (mut stranger, far) = duplex(1000);
    stranger.write_all(&[0, 3, 2, 1, 0]).await.unwrap();
    let accepting = tokio::spawn({
        let acceptor = acceptor.clone();
        async move { acceptor.accept(far).await.map(drop) }
    });
    let began = Instant::now();
    assert_eq!(until_end(&mut stranger).await, [0, 1, 1]);
    assert!(!accepting.is_finished());
    assert_eq!(acceptor.stats().attempts, 0);
    assert!(matches!(accepting.await.unwrap(), Err(AcceptError::Refused(Refusal::VERSION))));
    assert!(began.elapsed() <= Duration::from_secs(3), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_stranger_who_goes_on_sending_after_its_refusal_is_not_listened_to_for_ever() {
    let acceptor = World::new().acceptor();
    let (mut stranger, far) = duplex(1000);
    stranger.write_all(&[0, 3, 2, 1, 0]).await.unwrap();
    let accepting = tokio::spawn(async move { acceptor.accept(far).await.map(drop) });
    let began = Instant::now();
    let mut sent = 0;
    let error = loop {
        match stranger.write(&[7; 1000]).await {
            Ok(n) => sent += n,
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    assert!(sent < 100_000 && began.elapsed() < Duration::from_secs(1), "{sent} in {:?}", began.elapsed());
    assert!(accepting.await.unwrap().is_err());
}

#[tokio::test]
async fn who_finishes_is_heard_by_a_device_that_has_sent_much_and_read_nothing() {
    let world = World::new();
    let acceptor = world.acceptor();
    let (near, far) = tcp_pair().await;
    let (mut device, session) = tokio::join!(Raw::open(world.device(), near), acceptor.accept(far));
    let mut session = session.unwrap();
    a_lot(&mut device).await;
    let finishing = tokio::spawn(async move {
        session.send(b"no more, please").await?;
        session.finish(SOON).await
    });
    assert_eq!(next(&mut device).await, Ok(Some(Part::Last)));
    assert_eq!(device.link.take().unwrap().bytes, b"no more, please");
    a_lot(&mut device).await;
    assert_eq!(next(&mut device).await, Ok(None));
    drop(device);
    finishing.await.unwrap().unwrap();
    assert_eq!(acceptor.stats().sessions, 0);
}
