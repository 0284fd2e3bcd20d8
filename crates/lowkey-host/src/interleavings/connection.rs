//! A connection that waits, and those who end it from outside.

use super::{explore, wait};
use crate::connection::{End, Shared, Side};
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

fn spawn_waiter(shared: &Arc<Shared>, side: Side, until: fn(&Shared) -> bool) -> thread::JoinHandle<()> {
    let shared = Arc::clone(shared);
    thread::spawn(move || wait(&shared, side, until))
}
