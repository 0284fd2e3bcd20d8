//! What a connection whose stream takes nothing any more still gives.

use lowkey_host::{Connection, Error};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use test_support::world::{Raw, World, pattern, tcp_pair};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf, duplex, split};
use tokio::time::{Instant, timeout};

const LONG: Duration = Duration::from_secs(60);

/// A stream that takes nothing any more once that is wanted, and gives what it did before.
struct Mute<Io> {
    io: Io,
    is_mute: Arc<AtomicBool>,
}

impl<Io> Mute<Io> {
    fn new(io: Io) -> (Self, Arc<AtomicBool>) {
        let is_mute = Arc::new(AtomicBool::new(false));
        (Self { io, is_mute: Arc::clone(&is_mute) }, is_mute)
    }
}

impl<Io: AsyncRead + Unpin> AsyncRead for Mute<Io> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buf)
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for Mute<Io> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_mute.load(Ordering::Relaxed) {
            return Poll::Ready(Err(io::ErrorKind::HostUnreachable.into()));
        }
        Pin::new(&mut self.io).poll_write(context, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

/// Sends until that fails.
async fn send_in_vain<Io: AsyncRead + AsyncWrite + Unpin>(server: &mut Connection<Io>) -> Error {
    loop {
        if let Err(error) = server.send(b"are you still there?").await {
            return error;
        }
    }
}

fn is_of_the_stream(error: &Error) -> bool {
    matches!(error, Error::Io(_))
}

/// Says something, perhaps closes, and is gone; and then the server notices that it cannot write.
async fn says_and_is_gone<A, B>(mut device: Connection<A>, server: &mut Connection<B>, closes: bool)
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    server.send(b"nobody reads this").await.unwrap();
    server.flush().await.unwrap();
    for len in WORDS {
        device.send(&pattern(len as u64, len)).await.unwrap();
    }
    device.flush().await.unwrap();
    if closes {
        device.close().await.unwrap();
    }
    drop(device);
    assert!(is_of_the_stream(&send_in_vain(server).await));
    assert_eq!(server.handshake_hash(), None, "there are keys left");
}

const WORDS: [usize; 5] = [10, 0, 9000, 1, 4000];

async fn words_come<Io: AsyncRead + AsyncWrite + Unpin>(server: &mut Connection<Io>) {
    for len in WORDS {
        assert!(server.recv().await.unwrap() == Some(pattern(len as u64, len)), "{len} bytes");
    }
}

#[tokio::test]
async fn a_failed_write_ends_both_directions_with_its_error_and_wipes_both_keys() {
    let (device, mut server) = World::new().pair(1000).await;
    assert!(server.handshake_hash().is_some());
    drop(device);
    let Error::Io(first) = send_in_vain(&mut server).await else { panic!("the stream had an error") };
    assert_eq!(first.kind(), io::ErrorKind::BrokenPipe);
    assert_eq!(server.handshake_hash(), None, "there are keys left");
    for error in [server.recv().await.unwrap_err(), server.send(b"x").await.unwrap_err()] {
        let Error::Io(error) = error else { panic!("another error than the first: {error}") };
        assert!(Arc::ptr_eq(&first, &error));
    }
    assert_eq!(server.read(&mut [0; 8]).await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    assert_eq!(server.shutdown().await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
}

#[tokio::test]
async fn a_device_that_has_closed_and_is_gone_is_heard_to_its_close_after_a_failed_write() {
    let (device, mut server) = World::new().pair(1 << 16).await;
    says_and_is_gone(device, &mut server, true).await;
    words_come(&mut server).await;
    assert_eq!(server.recv().await.unwrap(), None);
    assert_eq!(server.recv().await.unwrap(), None, "an end stays an end");
    assert!(is_of_the_stream(&server.send(b"x").await.unwrap_err()));
}

/// The runtime has not looked at the socket when the write fails: nobody has waited since.
#[tokio::test]
async fn a_device_that_has_closed_and_is_gone_is_heard_on_a_socket_that_nobody_has_looked_at() {
    let (near, far) = tcp_pair().await;
    near.set_nodelay(true).unwrap(); // what has not left when it is gone never comes
    let (device, mut server) = World::new().join(near, far).await;
    says_and_is_gone(device, &mut server, true).await;
    words_come(&mut server).await;
    assert_eq!(server.recv().await.unwrap(), None);
}

#[tokio::test]
async fn a_device_that_is_gone_without_a_close_is_heard_and_that_is_no_end() {
    let (device, mut server) = World::new().pair(1 << 16).await;
    says_and_is_gone(device, &mut server, false).await;
    words_come(&mut server).await;
    for _ in 0..2 {
        assert!(is_of_the_stream(&server.recv().await.unwrap_err()));
    }
}

#[tokio::test]
async fn last_words_are_bytes_for_who_reads_bytes() {
    for closes in [true, false] {
        let (device, mut server) = World::new().pair(1 << 16).await;
        says_and_is_gone(device, &mut server, closes).await;
        let mut came = Vec::new();
        let end = server.read_to_end(&mut came).await;
        assert!(came == WORDS.map(|len| pattern(len as u64, len)).concat());
        assert_eq!(end.is_ok(), closes);
    }
}

/// More than a task of the runtime may read in one go.
#[tokio::test]
async fn a_device_that_had_much_to_say_is_heard_to_its_end() {
    let (mut device, mut server) = World::new().pair(1 << 20).await;
    for n in 0..240 {
        device.send(&pattern(n, 4000)).await.unwrap();
    }
    device.close().await.unwrap();
    drop(device);
    assert!(is_of_the_stream(&send_in_vain(&mut server).await));
    for n in 0..240 {
        assert!(server.recv().await.unwrap() == Some(pattern(n, 4000)), "message {n}");
    }
    assert_eq!(server.recv().await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_only_takes_nothing_any_more_is_not_listened_to_for_long() {
    let (near, far) = duplex(1000);
    let (far, is_mute) = Mute::new(far);
    let (mut device, server) = World::new().join(near, far).await;
    let (mut reader, mut writer) = split(server);
    let reading = tokio::spawn(async move {
        let mut came = Vec::new();
        let end = reader.read_to_end(&mut came).await;
        (came, end.unwrap_err().kind())
    });
    device.send(b"before").await.unwrap();
    device.flush().await.unwrap();
    is_mute.store(true, Ordering::Relaxed);
    let began = Instant::now();
    writer.write_all(b"x").await.unwrap();
    assert_eq!(writer.flush().await.unwrap_err().kind(), io::ErrorKind::HostUnreachable);
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    device.send(b"too late").await.unwrap();
    device.flush().await.unwrap();
    // Who waited to receive was told as well.
    let read = timeout(LONG, reading).await.expect("nobody told the reader");
    assert_eq!(read.unwrap(), (b"before".to_vec(), io::ErrorKind::HostUnreachable));
}

#[tokio::test]
async fn last_words_end_where_a_record_does_not_open() {
    let world = World::new();
    let (near, far) = duplex(10_000);
    let acceptor = world.acceptor();
    let (mut device, server) = tokio::join!(Raw::open(world.device(), near), acceptor.accept(far));
    let mut server = server.unwrap();
    assert!(device.link.send(b"before").unwrap().is_ready());
    device.flush().await;
    assert!(device.link.send(b"changed").unwrap().is_ready());
    let mut record = device.link.unsent().unwrap().to_vec();
    *record.last_mut().unwrap() ^= 1;
    device.io.write_all(&record).await.unwrap();
    drop(device);
    assert!(is_of_the_stream(&send_in_vain(&mut server).await));
    assert_eq!(server.recv().await.unwrap().unwrap(), b"before");
    assert!(is_of_the_stream(&server.recv().await.unwrap_err()));
}
