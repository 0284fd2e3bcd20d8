//! What strangers can have written to the log.

mod common;

use common::World;
use common::log::Log;
use tokio::io::duplex;
use tokio::task::yield_now;

#[tokio::test(start_paused = true)]
async fn a_flood_of_silent_attempts_is_a_hundred_lines_a_second_and_a_number() {
    Log::begin();
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
    let text = Log::take();
    let lines = text.lines().filter(|line| line.contains(": attempt displaced")).count();
    assert_eq!(acceptor.stats().attempts_displaced, 1001);
    assert_eq!(lines, 102, "{text}");
    assert!(text.contains("attempts displaced without a line attempts=899"), "{text}");
}
