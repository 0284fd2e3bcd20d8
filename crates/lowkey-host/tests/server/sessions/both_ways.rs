//! Sessions that send and receive without end: a slow line is told from a device that is gone.

use super::{HOUR, SECOND, TICK, longest, raw};
use lowkey_host::{Connection, Error};
use std::io;
use std::time::Duration;
use test_support::world::World;
use test_support::world::changing::sweeping;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex, split};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

/// Receives and sends without end, and says how receiving ended.
fn both_ways(session: Connection<DuplexStream>) -> JoinHandle<io::Error> {
    let (mut reader, mut writer) = split(session);
    tokio::spawn(async move {
        let sending = tokio::spawn(async move { while writer.write_all(&[7; 10_000]).await.is_ok() {} });
        let mut buffer = [0; 100];
        let error = loop {
            if let Err(error) = reader.read(&mut buffer).await {
                break error;
            }
        };
        sending.abort();
        error
    })
}

fn is_silent(error: io::Error) -> bool {
    matches!(error.downcast(), Ok(Error::Silent))
}

/// Carries `rate` bytes a second.
async fn slowly(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, rate: usize) {
    let mut bytes = vec![0; rate];
    loop {
        let n = from.read(&mut bytes).await.unwrap();
        if n == 0 {
            break; // and the other side finds a truncation
        }
        to.write_all(&bytes[..n]).await.unwrap();
        sleep(SECOND + Duration::from_millis(1)).await; // not when sessions are looked through
    }
}

#[tokio::test(start_paused = true)]
async fn a_device_that_receives_a_long_download_over_a_slow_line_is_not_silent() {
    let world = World::new();
    let acceptor = world.acceptor();
    let (near, near_end) = duplex(256);
    let (far_end, far) = duplex(256);
    let ((from_near, to_near), (from_far, to_far)) = (split(near_end), split(far_end));
    let _up = tokio::spawn(slowly(from_near, to_far, 1000));
    // A record of 4,096 bytes takes longer than a device has to answer.
    let _down = tokio::spawn(slowly(from_far, to_near, 100));
    let (device, session) = tokio::join!(world.device().connect(near), acceptor.accept(far));
    sweeping(&acceptor);
    let session = both_ways(session.unwrap());
    let (mut device, mut buffer) = (device.unwrap(), [0; 1000]);
    let (began, mut received) = (Instant::now(), 0);
    while began.elapsed() < HOUR {
        received += device.read(&mut buffer).await.unwrap();
    }
    assert!(received > 300_000, "{received}");
    assert!(!session.is_finished());
}

#[tokio::test(start_paused = true)]
async fn who_takes_everything_and_answers_nothing_is_found_silent() {
    let world = World::new();
    let acceptor = world.acceptor();
    let (mut device, session) = raw(&world, &acceptor).await;
    sweeping(&acceptor);
    let began = Instant::now();
    let session = both_ways(session);
    let mut buffer = [0; 100];
    while !session.is_finished() {
        sleep(SECOND).await;
        let _ = device.io.read(&mut buffer).await;
        assert!(began.elapsed() < longest(&world), "{:?}", began.elapsed());
    }
    assert!(is_silent(session.await.unwrap()));
}

#[tokio::test(start_paused = true)]
async fn who_takes_nothing_and_says_nothing_ends_as_soon_as_who_is_only_silent() {
    let world = World::new();
    let acceptor = world.acceptor();
    let (_device, session) = raw(&world, &acceptor).await;
    sweeping(&acceptor);
    let began = Instant::now();
    assert!(is_silent(both_ways(session).await.unwrap()));
    let ended = began.elapsed();
    assert!(ended <= world.limits.silence + world.limits.answer + 2 * TICK, "{ended:?}");
}
