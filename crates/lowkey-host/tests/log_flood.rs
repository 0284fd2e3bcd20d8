//! What strangers can have written to the log. Alone in its file: a subscriber is the whole process's.

mod common;

use common::World;
use std::io;
use std::sync::{Arc, Mutex};
use tokio::io::duplex;
use tokio::task::yield_now;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_silent_attempts_is_a_hundred_lines_a_second_and_a_number() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).init();
    let mut world = World::new();
    world.limits.attempts = 1;
    let acceptor = world.acceptor();
    let flood = async |attempts: usize| {
        for _ in 0..attempts {
            let (near, far) = duplex(100);
            let acceptor = acceptor.clone();
            tokio::spawn(async move { acceptor.accept(far).await.map(|_| drop(near)) });
            yield_now().await;
        }
    };
    flood(1000).await;
    tokio::time::advance(std::time::Duration::from_secs(1)).await;
    flood(2).await;
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines = text.lines().filter(|line| line.contains("oldest attempt displaced")).count();
    assert_eq!(acceptor.stats().attempts_displaced, 1001);
    assert_eq!(lines, 102, "{text}");
    assert!(text.contains("attempts displaced without a line attempts=899"), "{text}");
}
