//! What is written as a stream gathers in records.

use lowkey_host::Connection;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};
use test_support::world::{World, pattern, poll_once};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex};

/// What a record takes on the wire besides its data.
const OVERHEAD: usize = 19;

/// Counts what is written, and in how many pieces.
struct Counted {
    io: DuplexStream,
    counts: Arc<[AtomicUsize; 2]>,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buf)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(context, buf);
        if let Poll::Ready(Ok(n)) = written {
            self.counts[0].fetch_add(1, Relaxed);
            self.counts[1].fetch_add(n, Relaxed);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

struct Scene {
    near: Connection<Counted>,
    far: Connection<DuplexStream>,
    counts: Arc<[AtomicUsize; 2]>,
}

impl Scene {
    async fn set() -> Self {
        let (io, far) = duplex(100_000);
        let counts = Arc::default();
        let (mut near, far) = World::new().join(Counted { io, counts: Arc::clone(&counts) }, far).await;
        near.flush().await.unwrap();
        let scene = Self { near, far, counts };
        scene.counted();
        scene
    }

    /// Pieces and bytes since the last time.
    fn counted(&self) -> (usize, usize) {
        (self.counts[0].swap(0, Relaxed), self.counts[1].swap(0, Relaxed))
    }

    async fn received(&mut self) -> Vec<u8> {
        self.far.recv().await.unwrap().unwrap()
    }
}

#[tokio::test]
async fn small_writes_leave_in_one_record_with_a_flush() {
    let mut scene = Scene::set().await;
    for byte in b"a PUBLISH of MQTT" {
        scene.near.write_all(&[*byte]).await.unwrap();
    }
    assert_eq!(scene.counted(), (0, 0));
    AsyncWriteExt::flush(&mut scene.near).await.unwrap();
    assert_eq!(scene.counted(), (1, 17 + OVERHEAD));
    assert_eq!(scene.received().await, b"a PUBLISH of MQTT");
}

#[tokio::test]
async fn records_are_full_where_there_is_enough() {
    let mut scene = Scene::set().await;
    let (max, bytes) = (scene.near.max_data(), pattern(1, 20_000));
    for piece in bytes.chunks(700) {
        scene.near.write_all(piece).await.unwrap();
    }
    scene.near.shutdown().await.unwrap();
    let mut got = vec![];
    for len in [vec![max; 20_000 / max], vec![20_000 % max]].concat() {
        let message = scene.received().await;
        assert_eq!(message.len(), len);
        got.extend(message);
    }
    assert!(got == bytes);
    assert_eq!(scene.far.recv().await.unwrap(), None);
}

#[tokio::test]
async fn whoever_waits_has_sent_what_it_has() {
    let mut scene = Scene::set().await;
    scene.near.write_all(b"GET ").await.unwrap();
    scene.near.write_all(b"/").await.unwrap();
    assert!(poll_once(scene.near.read(&mut [0; 9])).is_none());
    assert_eq!(scene.received().await, b"GET /");
    scene.near.write_all(b"once more").await.unwrap();
    assert!(poll_once(scene.near.recv()).is_none());
    assert_eq!(scene.received().await, b"once more");
}

#[tokio::test]
async fn whatever_is_called_next_comes_behind_what_was_written() {
    let mut scene = Scene::set().await;
    scene.near.write_all(b"one").await.unwrap();
    scene.near.send(b"two").await.unwrap();
    scene.near.write_all(b"three").await.unwrap();
    scene.near.ping().await.unwrap();
    scene.near.write_all(b"four").await.unwrap();
    scene.near.close().await.unwrap();
    for message in [&b"one"[..], b"two", b"three", b"four"] {
        assert_eq!(scene.received().await, message);
    }
    assert_eq!(scene.far.recv().await.unwrap(), None);
    assert_eq!(scene.near.write(b"x").await.unwrap_err().kind(), std::io::ErrorKind::BrokenPipe);
}
