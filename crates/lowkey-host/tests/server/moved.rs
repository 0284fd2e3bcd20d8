//! Sessions whose device has gone to another server of the fleet.

use lowkey_host::{Acceptor, Error, Event, Observer, Reason};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use test_support::world::World;
use test_support::world::log::Log;
use tokio::time::timeout;

/// Writes down how sessions end, and who took over.
#[derive(Clone, Default)]
struct Clerk(Arc<Mutex<Vec<Heard>>>);

type Heard = (u64, Reason, Option<SocketAddr>);

impl Observer for Clerk {
    fn observe(&self, event: &Event<'_>) {
        if let Event::Ended(ended) = event {
            self.0.lock().unwrap().push((ended.info.number, ended.reason, ended.by));
        }
    }
}

fn number(acceptor: &Acceptor) -> u64 {
    acceptor.sessions()[0].number
}

#[tokio::test(start_paused = true)]
async fn a_session_that_has_moved_ends_at_once_and_is_told_and_counted_once() {
    Log::begin();
    let world = World::new();
    let (acceptor, clerk) = (world.acceptor(), Clerk::default());
    acceptor.observe(clerk.clone());
    let (mut device, mut session) = world.join_at(&acceptor, 0, 1000).await;
    let (moved, by) = (number(&acceptor), "192.0.2.8:50000".parse().unwrap());
    let waiting = tokio::spawn(async move { session.recv().await });
    assert!(acceptor.end_moved("device-0", moved, Some(by)));
    assert!(!acceptor.end_moved("device-0", moved, Some(by)), "it was ended already");
    assert!(matches!(waiting.await.unwrap(), Err(Error::Moved)));
    let stats = acceptor.stats();
    assert_eq!((stats.sessions_moved, stats.sessions, stats.confirmed), (1, 0, 1));
    assert_eq!((stats.sessions_displaced, stats.sessions_closed), (0, 0));
    assert_eq!(*clerk.0.lock().unwrap(), [(moved, Reason::Moved, Some(by))]);
    let log = Log::take();
    assert_eq!(log.matches("reason=\"moved\" by=192.0.2.8:50000").count(), 1, "{log}");
    assert!(device.recv().await.is_err(), "no CLOSE: it has its other session");
}

#[tokio::test(start_paused = true)]
async fn only_the_session_of_that_number_moves_and_a_newer_one_of_the_device_stays() {
    let world = World::with_devices(2);
    let acceptor = world.acceptor();
    let (_device, _session) = world.join_at(&acceptor, 0, 1000).await;
    let older = number(&acceptor);
    let (mut device, mut session) = world.join_at(&acceptor, 0, 1000).await;
    assert!(!acceptor.end_moved("device-0", older, None), "it was displaced");
    assert!(!acceptor.end_moved("device-1", number(&acceptor), None), "it is not that device's");
    assert!(!acceptor.end_moved("nobody", 0, None));
    device.send(b"still here").await.unwrap();
    device.flush().await.unwrap();
    assert_eq!(session.recv().await.unwrap().unwrap(), b"still here");
    assert_eq!((acceptor.stats().sessions, acceptor.stats().sessions_moved), (1, 0));
}

/// Its device may come back here before the older session is let go of.
#[tokio::test(start_paused = true)]
async fn the_seat_of_a_session_that_has_moved_is_free_though_somebody_holds_it() {
    let mut world = World::with_devices(2);
    world.limits.sessions = 1;
    let acceptor = world.acceptor();
    let (_device, held) = world.join_at(&acceptor, 0, 1000).await;
    assert!(acceptor.end_moved("device-0", number(&acceptor), None));
    let (_other, _session) =
        timeout(Duration::from_secs(1), world.join_at(&acceptor, 1, 1000)).await.unwrap();
    drop(held);
    assert_eq!((acceptor.stats().sessions, acceptor.stats().sessions_moved), (1, 1));
}
