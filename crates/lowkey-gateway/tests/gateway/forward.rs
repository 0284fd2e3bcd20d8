//! What `forward` promises about bytes and ends, through pipes in memory.

#[cfg(unix)]
mod health;
mod log;
mod proxy;
#[cfg(unix)]
mod sockets;

use crate::common::{Dribble, Raw, World, pattern, strict};
use lowkey_gateway::forward::{ForwardError, Forwarded, forward};
use lowkey_host::{ChannelError, Connection, Error};
use std::io::ErrorKind;
use std::task::Poll;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex, split};
use tokio::task::JoinHandle;
use tokio::time::{advance, timeout};

const LONG: Duration = Duration::from_secs(600);

type Over = JoinHandle<Result<Forwarded, ForwardError>>;

/// Forwards in a task; the service's end of the pipe, and how it comes out.
fn start<Io>(mut connection: Connection<Io>, room: usize) -> (DuplexStream, Over)
where
    Io: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (service, mut behind) = duplex(room);
    let over = tokio::spawn(async move { forward(&mut connection, &mut behind).await });
    (service, over)
}

async fn ended(over: Over) -> (u64, u64) {
    let forwarded = timeout(LONG, over).await.unwrap().unwrap().unwrap();
    (forwarded.to_backend, forwarded.to_device)
}

async fn all_of(io: &mut (impl AsyncRead + Unpin)) -> Vec<u8> {
    let mut bytes = Vec::new();
    timeout(LONG, io.read_to_end(&mut bytes)).await.unwrap().unwrap();
    bytes
}

#[tokio::test]
async fn a_devices_close_ends_the_services_input_and_the_answer_still_comes() {
    let (mut device, server) = World::new().pair(1000).await;
    let (mut service, over) = start(server, 1000);
    device.send(b"question").await.unwrap();
    device.close().await.unwrap();
    assert_eq!(all_of(&mut service).await, b"question");
    service.write_all(b"answer").await.unwrap();
    assert_eq!(device.recv().await.unwrap().unwrap(), b"answer");
    service.shutdown().await.unwrap();
    assert_eq!(device.recv().await.unwrap(), None);
    assert_eq!(ended(over).await, (8, 6));
}

#[tokio::test]
async fn a_services_end_is_a_close_and_the_device_still_speaks() {
    let (mut device, server) = World::new().pair(1000).await;
    let (mut service, over) = start(server, 1000);
    service.write_all(b"banner").await.unwrap();
    service.shutdown().await.unwrap();
    assert_eq!(device.recv().await.unwrap().unwrap(), b"banner");
    assert_eq!(device.recv().await.unwrap(), None);
    device.send(b"and yet").await.unwrap();
    device.close().await.unwrap();
    assert_eq!(all_of(&mut service).await, b"and yet");
    assert_eq!(ended(over).await, (7, 6));
}

#[tokio::test]
async fn ends_on_both_sides_at_once_and_without_a_byte_are_ends() {
    let (mut device, server) = World::new().pair(1000).await;
    let (mut service, over) = start(server, 1000);
    let (closed, shut) = tokio::join!(device.close(), service.shutdown());
    closed.unwrap();
    shut.unwrap();
    assert_eq!(device.recv().await.unwrap(), None);
    assert_eq!(ended(over).await, (0, 0));
}

/// Both ways at once, with ends; each byte in its place.
async fn carries<Io>(device: Connection<Io>, server: Connection<Io>, room: usize, len: usize)
where
    Io: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (service, over) = start(server, room);
    let (up, down) = (pattern(1, len), pattern(2, len + 17));
    let send = |mut to: Box<dyn AsyncWrite + Send + Unpin>, bytes: Vec<u8>| {
        tokio::spawn(async move {
            to.write_all(&bytes).await.unwrap();
            to.shutdown().await.unwrap();
            to
        })
    };
    let (mut from_server, to_server) = split(device);
    let (mut from_device, to_device) = split(service);
    let _sending = (send(Box::new(to_server), up.clone()), send(Box::new(to_device), down.clone()));
    let (at_service, at_device) = tokio::join!(all_of(&mut from_device), all_of(&mut from_server));
    assert!(at_service == up && at_device == down);
    assert_eq!(ended(over).await, (len as u64, len as u64 + 17));
}

#[tokio::test]
async fn both_ways_at_once_byte_for_byte() {
    let (device, server) = World::new().pair(1 << 16).await;
    carries(device, server, 1 << 16, 3_000_000).await;
}

#[tokio::test]
async fn both_ways_at_once_through_pipes_of_seven_bytes() {
    let (device, server) = World::new().pair(7).await;
    carries(device, server, 7, 30_000).await;
}

#[tokio::test]
async fn both_ways_at_once_in_dribs_and_drabs() {
    let (near, far) = duplex(3);
    let (device, server) = World::new().join(Dribble::new(near), Dribble::new(far)).await;
    carries(device, server, 5, 10_000).await;
}

#[tokio::test]
async fn both_ways_at_once_on_a_stream_that_remembers_one_waker() {
    let (near, far) = strict(64);
    let (device, server) = World::new().join(near, far).await;
    carries(device, server, 64, 100_000).await;
}

#[tokio::test]
async fn both_ways_at_once_with_the_shortest_and_the_longest_frames() {
    for max_frame in [160, u16::MAX] {
        let mut world = World::new();
        world.limits.max_frame = max_frame;
        let (device, server) = world.pair(1 << 16).await;
        carries(device, server, 1 << 16, 200_000).await;
    }
}

#[tokio::test]
async fn a_device_that_vanishes_is_an_error_after_all_that_it_said() {
    let (mut device, server) = World::new().pair(1000).await;
    let (mut service, over) = start(server, 1000);
    device.send(b"last words").await.unwrap();
    drop(device);
    let error = over.await.unwrap().unwrap_err();
    assert!(matches!(error, ForwardError::Device(Error::Channel(ChannelError::Truncated))), "{error:?}");
    assert_eq!(all_of(&mut service).await, b"last words");
}

/// A service whose stream fails after what it has said.
struct Failing {
    said: &'static [u8],
}

impl AsyncRead for Failing {
    fn poll_read(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        buf: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        buf.put_slice(std::mem::take(&mut self.said));
        let failed = buf.filled().is_empty();
        Poll::Ready(if failed { Err(ErrorKind::ConnectionReset.into()) } else { Ok(()) })
    }
}

#[tokio::test]
async fn a_service_that_breaks_off_is_an_error_after_all_that_it_said_and_no_close() {
    let (mut device, mut server) = World::new().pair(1000).await;
    let mut service = tokio::io::join(Failing { said: b"half an ans" }, tokio::io::sink());
    let error = forward(&mut server, &mut service).await.unwrap_err();
    assert!(matches!(&error, ForwardError::Backend(error) if error.kind() == ErrorKind::ConnectionReset));
    drop(server);
    assert_eq!(device.recv().await.unwrap().unwrap(), b"half an ans");
    let error = device.recv().await.unwrap_err();
    assert!(matches!(error, Error::Channel(ChannelError::Truncated)), "{error:?}");
}

#[tokio::test]
async fn a_service_that_takes_no_more_is_an_error_after_what_it_said() {
    let (mut device, server) = World::new().pair(1000).await;
    let (mut service, over) = start(server, 1000);
    service.write_all(b"go away").await.unwrap();
    drop(service);
    // A pipe that is dropped ends; writing to it breaks.
    assert_eq!(device.recv().await.unwrap().unwrap(), b"go away");
    assert_eq!(device.recv().await.unwrap(), None);
    device.send(b"but").await.unwrap();
    let error = over.await.unwrap().unwrap_err();
    assert!(matches!(&error, ForwardError::Backend(error) if error.kind() == ErrorKind::BrokenPipe));
    assert!(device.recv().await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_device_that_hangs_up_after_its_close_has_ended() {
    let world = World::new();
    let (near, far) = duplex(1000);
    let acceptor = world.acceptor();
    let (mut device, server) = tokio::join!(Raw::open(world.device(), near), acceptor.accept(far));
    let (mut service, over) = start(server.unwrap(), 1000);
    device.link.close().unwrap();
    device.flush().await;
    drop(device);
    assert_eq!(all_of(&mut service).await, b"");
    service.shutdown().await.unwrap();
    assert_eq!(ended(over).await, (0, 0), "our CLOSE was for nobody");
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_a_device_that_has_hung_up_is_the_devices_error_and_what_it_sent_is_kept() {
    let world = World::new();
    let (near, far) = duplex(1000);
    let acceptor = world.acceptor();
    let (mut device, server) = tokio::join!(Raw::open(world.device(), near), acceptor.accept(far));
    let (mut service, over) = start(server.unwrap(), 4);
    assert!(device.link.send(b"a slow service").unwrap().is_ready());
    device.flush().await;
    device.link.close().unwrap();
    device.flush().await;
    drop(device);
    service.write_all(b"so").await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(all_of(&mut service).await, b"a slow service");
    let error = over.await.unwrap().unwrap_err();
    assert!(matches!(error, ForwardError::Device(Error::Io(_))), "{error:?}");
}

#[tokio::test]
async fn pings_are_answered_while_nobody_says_anything() {
    let world = World::new();
    let (near, far) = duplex(1000);
    let acceptor = world.acceptor();
    let (mut device, server) = tokio::join!(Raw::open(world.device(), near), acceptor.accept(far));
    let (_service, _over) = start(server.unwrap(), 1000);
    assert!(device.link.ping(b"there?").unwrap().is_ready());
    device.flush().await;
    while device.link.awaits_pong() {
        timeout(LONG, device.read()).await.unwrap();
        assert_eq!(device.link.receive(), Ok(Poll::Pending));
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_takes_nothing_hides_nothing_that_ends_the_session() {
    let world = World::new();
    let acceptor = world.acceptor();
    let (near, far) = duplex(1000);
    let (device, server) = tokio::join!(world.device().connect(near), acceptor.accept(far));
    let mut device = device.unwrap();
    let (_service, over) = start(server.unwrap(), 10);
    let flood = tokio::spawn(async move { while device.send(&[7; 500]).await.is_ok() {} });
    advance(Duration::from_secs(1)).await;
    assert!(!flood.is_finished() && !over.is_finished());
    let (near, far) = duplex(1000);
    let (_newer, server) = tokio::join!(world.device().connect(near), acceptor.accept(far));
    let error = timeout(LONG, over).await.unwrap().unwrap().unwrap_err();
    assert!(matches!(error, ForwardError::Device(Error::Displaced)), "{error:?}");
    flood.await.unwrap();
    drop(server);
}

#[tokio::test(start_paused = true)]
async fn a_device_that_has_closed_is_not_silent_while_the_service_thinks() {
    let world = World::new();
    let acceptor = world.acceptor();
    let (near, far) = duplex(1000);
    let (device, server) = tokio::join!(world.device().connect(near), acceptor.accept(far));
    let mut device = device.unwrap();
    let (mut service, over) = start(server.unwrap(), 1000);
    let wait = Duration::from_secs(1);
    tokio::time::sleep(wait).await; // the connection waits for the device by now
    device.close().await.unwrap();
    assert_eq!(all_of(&mut service).await, b"");
    let answer = tokio::spawn(async move { device.recv().await });
    for _ in 0..300 {
        tokio::time::sleep(wait).await;
        acceptor.sweep();
    }
    service.write_all(b"at last").await.unwrap();
    service.shutdown().await.unwrap();
    assert_eq!(answer.await.unwrap().unwrap().unwrap(), b"at last");
    assert_eq!(ended(over).await, (0, 7));
}

#[tokio::test(start_paused = true)]
async fn a_device_is_not_silent_while_the_service_takes_nothing() {
    let world = World::new();
    let acceptor = world.acceptor();
    let (near, far) = duplex(1000);
    let (device, server) = tokio::join!(world.device().connect(near), acceptor.accept(far));
    let mut device = device.unwrap();
    let (mut service, over) = start(server.unwrap(), 10);
    let wait = Duration::from_secs(1);
    tokio::time::sleep(wait).await;
    let sent = pattern(5, 100_000);
    let flood = {
        let sent = sent.clone();
        tokio::spawn(async move {
            device.send(&sent).await.unwrap();
            device.close().await.unwrap();
            device
        })
    };
    for _ in 0..300 {
        tokio::time::sleep(wait).await;
        acceptor.sweep();
    }
    assert!(!flood.is_finished());
    assert!(all_of(&mut service).await == sent);
    service.shutdown().await.unwrap();
    assert_eq!(ended(over).await, (100_000, 0));
    flood.await.unwrap();
}

#[tokio::test]
async fn a_stopping_server_has_the_device_close_and_the_service_end() {
    let world = World::new();
    let acceptor = world.acceptor();
    let (near, far) = duplex(1000);
    let (device, server) = tokio::join!(world.device().connect(near), acceptor.accept(far));
    let mut device = device.unwrap();
    let (mut service, over) = start(server.unwrap(), 1000);
    device.send(b"before").await.unwrap();
    device.flush().await.unwrap();
    acceptor.stop();
    assert_eq!(device.recv().await.unwrap(), None);
    service.write_all(b"too late").await.unwrap();
    device.send(b" and after").await.unwrap();
    device.close().await.unwrap();
    assert_eq!(all_of(&mut service).await, b"before and after");
    assert_eq!(ended(over).await, (16, 0));
}
