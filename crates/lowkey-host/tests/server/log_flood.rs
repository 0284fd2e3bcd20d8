//! What strangers and devices can have written to the log.

use lowkey_host::Acceptor;
use std::time::Duration;
use test_support::world::World;
use test_support::world::log::Log;
use tokio::io::duplex;
use tokio::task::yield_now;
use tokio::time::advance;

const SECOND: Duration = Duration::from_secs(1);

fn count(text: &str, line: &str) -> usize {
    text.lines().filter(|found| found.contains(line)).count()
}

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
    advance(SECOND).await;
    flood(2).await;
    let text = Log::take();
    assert_eq!(acceptor.stats().attempts_displaced, 1001);
    assert_eq!(count(&text, "attempt displaced"), 102, "{text}");
    assert!(text.contains("WARN lowkey: lines left out of=\"lowkey.attempt_displaced\" lines=899"), "{text}");
}

/// A device that connects and goes, again and again.
async fn come_and_go(world: &World, acceptor: &Acceptor, times: usize) {
    for _ in 0..times {
        let (near, far) = duplex(1000);
        let (device, session) = tokio::join!(world.device().connect(near), acceptor.accept(far));
        drop((device.unwrap(), session.unwrap()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_sessions_is_a_hundred_lines_a_second_of_each_kind_and_a_number_though_nothing_follows() {
    Log::begin();
    let world = World::new();
    let acceptor = world.acceptor();
    come_and_go(&world, &acceptor, 300).await;
    acceptor.sweep();
    let text = Log::take();
    assert_eq!((count(&text, "session confirmed"), count(&text, "session ended")), (100, 100), "{text}");
    assert_eq!(count(&text, "left out"), 0, "the second is not over: {text}");
    advance(SECOND).await;
    acceptor.sweep();
    let text = Log::take();
    for of in ["lowkey.confirmed", "lowkey.ended"] {
        let line = format!("INFO lowkey: lines left out of=\"{of}\" lines=200");
        assert_eq!(count(&text, &line), 1, "{text}");
    }
    advance(SECOND).await;
    acceptor.sweep();
    assert_eq!(Log::take(), "");
}

#[tokio::test(start_paused = true)]
async fn what_was_left_out_is_said_when_the_server_is_gone_at_the_latest() {
    Log::begin();
    let world = World::new();
    let acceptor = world.acceptor();
    come_and_go(&world, &acceptor, 107).await;
    drop(acceptor);
    let text = Log::take();
    assert_eq!(count(&text, "lines left out of=\"lowkey.ended\" lines=7"), 1, "{text}");
}
