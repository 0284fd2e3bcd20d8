//! A connection that waits, and those who end it from outside.

use super::{explore, wait};
use crate::connection::{End, Fate, NotTaken, Shared, Side};
use shuttle::thread;
use std::sync::Arc;

/// A reader, a writer and one who waits for the end all hear of it, whatever the stream wakes meanwhile.
#[test]
fn an_end_is_noticed_by_all_who_wait() {
    explore(|| {
        let shared = Arc::new(Shared::default());
        let ended = |shared: &Shared| shared.ended().is_some();
        let waiters =
            [Side::Reading, Side::Writing, Side::Ending].map(|side| spawn_waiter(&shared, side, ended));
        let stream = thread::spawn({
            let shared = Arc::clone(&shared);
            move || shared.wake_both()
        });
        let other = thread::spawn({
            let shared = Arc::clone(&shared);
            move || shared.end(End::Silent)
        });
        shared.end(End::Revoked);
        for waiter in waiters {
            waiter.join().unwrap();
        }
        stream.join().unwrap();
        other.join().unwrap();
    });
}

/// A stop is noticed by a reader and a writer, and an end after it as well.
#[test]
fn a_stop_and_the_end_after_it_are_noticed() {
    explore(|| {
        let shared = Arc::new(Shared::default());
        let waiters = [Side::Reading, Side::Writing].map(|side| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                wait(&shared, side, |shared| shared.is_stopping() || shared.ended().is_some());
                wait(&shared, side, |shared| shared.ended().is_some());
            })
        });
        let stopping = thread::spawn({
            let shared = Arc::clone(&shared);
            move || shared.stop()
        });
        shared.end(End::Lifetime);
        for waiter in waiters {
            waiter.join().unwrap();
        }
        stopping.join().unwrap();
        assert_eq!(shared.ended(), Some(End::Lifetime));
    });
}

/// A PING that is wanted is sent once, by whoever comes first, and a reader that waits is woken for it.
#[test]
fn a_ping_is_taken_once() {
    explore(|| {
        let shared = Arc::new(Shared::default());
        let reader = spawn_waiter(&shared, Side::Reading, |shared| shared.take_ping());
        shared.want_ping();
        reader.join().unwrap();
        assert!(!shared.take_ping());
    });
}

/// A message is posted while the connection ends and while somebody drives it: whoever posted it hears what became of
/// it, and whoever drives is woken for it.
#[test]
fn whoever_posts_a_message_hears_of_it_whatever_ends_meanwhile() {
    explore(|| {
        let shared = Arc::new(Shared::default());
        let driver = spawn_waiter(&shared, Side::Reading, |shared| {
            shared.posted().is_any() || shared.ended().is_some()
        });
        let ending = thread::spawn({
            let shared = Arc::clone(&shared);
            move || shared.end(End::Moved)
        });
        let posted = shared.post(b"x");
        driver.join().unwrap();
        ending.join().unwrap();
        match posted {
            Ok((_, mut told)) => assert_eq!(told.try_recv(), Ok(Fate::Unsent)),
            Err(why) => assert_eq!(why, NotTaken::Closed),
        }
        assert!(shared.post(b"y").is_err());
    });
}

/// The same without an end: the wake-up is not lost.
#[test]
fn whoever_drives_is_woken_for_a_message_from_outside() {
    explore(|| {
        let shared = Arc::new(Shared::default());
        let driver = spawn_waiter(&shared, Side::Writing, |shared| shared.posted().is_any());
        let _told = shared.post(b"x").expect("there is room");
        driver.join().unwrap();
    });
}

fn spawn_waiter(shared: &Arc<Shared>, side: Side, until: fn(&Shared) -> bool) -> thread::JoinHandle<()> {
    let shared = Arc::clone(shared);
    thread::spawn(move || wait(&shared, side, until))
}
