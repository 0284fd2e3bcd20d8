//! What is played, and what has to hold in the end. Each is one run; shuttle repeats it in other orders.

use crate::Limits;
use crate::attempts::Attempts;
use crate::connection::{End, Shared, Side};
use crate::familiar::Standing;
use crate::registry::{Live, Pinned, Registry};
use crate::sessions::{NoSeat, Seat, Sessions};
use crate::stats::Counters;
use shuttle::future::block_on;
use shuttle::thread;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::task::Poll;
use std::time::{Duration, SystemTime};

fn sessions(sessions_per_address: usize) -> Arc<Sessions> {
    let long = Duration::from_secs(3600);
    let limits = Limits {
        sessions: 10,
        sessions_per_address,
        silence: long,
        answer: long,
        lifetime: None,
        linger: long,
    };
    Arc::new(Sessions::new(&limits, Arc::new(Counters::default())))
}

fn address() -> Option<SocketAddr> {
    Some(SocketAddr::from(([192, 0, 2, 1], 4000)))
}

/// Waits as a connection does: first it says who waits, then it looks.
fn wait(shared: &Shared, side: Side, until: impl Fn(&Shared) -> bool) {
    block_on(poll_fn(|context| {
        shared.register(side, context.waker());
        if until(shared) { Poll::Ready(()) } else { Poll::Pending }
    }));
}

fn spawn_waiter(shared: &Arc<Shared>, side: Side, until: fn(&Shared) -> bool) -> thread::JoinHandle<()> {
    let shared = Arc::clone(shared);
    thread::spawn(move || wait(&shared, side, until))
}

/// A reader, a writer and one who waits for the end all hear of it, whatever the stream wakes meanwhile.
pub fn an_end_is_noticed_by_all_who_wait() {
    let shared = Arc::new(Shared::default());
    let ended = |shared: &Shared| shared.ended().is_some();
    let waiters = [Side::Reading, Side::Writing, Side::Ending].map(|side| spawn_waiter(&shared, side, ended));
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
}

/// A stop is noticed by a reader and a writer, and an end after it as well.
pub fn a_stop_and_the_end_after_it_are_noticed() {
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
}

/// A PING that is wanted is sent once, by whoever comes first, and a reader that waits is woken for it.
pub fn a_ping_is_taken_once() {
    let shared = Arc::new(Shared::default());
    let reader = spawn_waiter(&shared, Side::Reading, |shared| shared.take_ping());
    shared.want_ping();
    reader.join().unwrap();
    assert!(!shared.take_ping());
}

/// Of sessions of one device that come at once, one is left; nothing is left when all are gone.
pub fn one_session_a_device() {
    let sessions = sessions(1);
    let pinned = Pinned::new("pump", 1);
    let coming: Vec<_> = (0..3)
        .map(|_| {
            let (sessions, pinned) = (Arc::clone(&sessions), Arc::clone(&pinned));
            thread::spawn(move || {
                let shared = Arc::new(Shared::default());
                let seat = sessions.seat(&pinned, 0, address(), &shared);
                (seat.expect("a device takes its own seat again"), shared)
            })
        })
        .collect();
    let seated: Vec<(Seat, Arc<Shared>)> = coming.into_iter().map(|one| one.join().unwrap()).collect();
    assert_eq!(seated.iter().filter(|(_, shared)| shared.ended().is_none()).count(), 1);
    assert_eq!(sessions.len(), 1);
    let other = sessions.seat(&Pinned::new("valve", 2), 0, address(), &Arc::default());
    assert!(other.is_err(), "the address is full");
    let weak: Vec<Weak<Shared>> = seated.iter().map(|(_, shared)| Arc::downgrade(shared)).collect();
    let going: Vec<_> = seated.into_iter().map(|one| thread::spawn(move || drop(one))).collect();
    for one in going {
        one.join().unwrap();
    }
    assert_eq!(sessions.len(), 0);
    assert!(weak.iter().all(|shared| shared.upgrade().is_none()), "something is kept");
    let other = sessions.seat(&Pinned::new("valve", 2), 0, address(), &Arc::default());
    assert!(other.is_ok(), "the address is not free again");
}

/// A session that waits is displaced while it lets go, and while all are told to stop.
pub fn sessions_displace_let_go_and_stop_at_once() {
    let sessions = sessions(10);
    let pinned = Pinned::new("pump", 1);
    let first = Arc::new(Shared::default());
    let seat = sessions.seat(&pinned, 0, address(), &first).expect("all seats are free");
    let waiting = thread::spawn({
        let first = Arc::clone(&first);
        move || {
            wait(&first, Side::Reading, |shared| shared.is_stopping() || shared.ended().is_some());
            drop(seat);
        }
    });
    let stopping = thread::spawn({
        let sessions = Arc::clone(&sessions);
        move || sessions.stop()
    });
    let second = Arc::new(Shared::default());
    let newer = sessions.seat(&pinned, 0, address(), &second);
    waiting.join().unwrap();
    stopping.join().unwrap();
    assert!(newer.is_ok() && second.is_stopping(), "the newer one was not told to stop");
    assert_eq!(sessions.len(), 1);
    drop(newer);
    assert_eq!(sessions.len(), 0);
}

/// A pinning is revoked while its handshake goes on, under two who sweep: the next sweep after it all ends the
/// session, whoever came first.
pub fn a_revoked_pinning_outlives_no_sweep() {
    let sessions = sessions(10);
    let registry = Arc::new(Live::new(vec![Pinned::new("pump", 1)]));
    let handshake = thread::spawn({
        let (sessions, registry) = (Arc::clone(&sessions), Arc::clone(&registry));
        move || {
            let generation = registry.generation();
            let pinned = registry.lookup(&1)?;
            let shared = Arc::new(Shared::default());
            let seat = sessions.seat(&pinned, generation, address(), &shared).ok()?;
            Some((seat, shared))
        }
    });
    let sweeping = thread::spawn({
        let (sessions, registry) = (Arc::clone(&sessions), Arc::clone(&registry));
        move || sessions.sweep(&*registry, SystemTime::UNIX_EPOCH)
    });
    registry.swap(Vec::new());
    sessions.sweep(&*registry, SystemTime::UNIX_EPOCH);
    let session = handshake.join().unwrap();
    sweeping.join().unwrap();
    sessions.sweep(&*registry, SystemTime::UNIX_EPOCH);
    assert_eq!(sessions.len(), 0);
    if let Some((_seat, shared)) = session {
        assert_eq!(shared.ended(), Some(End::Revoked));
    }
}

/// Once it is said that a registry is in force, no session is left of a pinning that is not in it, and none comes:
/// whoever was looked up before has to be looked up again.
pub fn a_registry_in_force_has_no_session_of_a_pinning_that_is_gone() {
    let sessions = sessions(10);
    let registry = Arc::new(Live::new(vec![Pinned::new("pump", 1), Pinned::new("valve", 2)]));
    let first = Arc::new(Shared::default());
    let _seat = sessions.seat(&Pinned::new("pump", 1), 0, address(), &first);
    let handshake = thread::spawn({
        let (sessions, registry) = (Arc::clone(&sessions), Arc::clone(&registry));
        move || {
            let generation = registry.generation();
            let pinned = registry.lookup(&2)?;
            let shared = Arc::new(Shared::default());
            let seat = sessions.seat(&pinned, generation, address(), &shared).ok()?;
            Some((seat, shared))
        }
    });
    let sweeping = thread::spawn({
        let (sessions, registry) = (Arc::clone(&sessions), Arc::clone(&registry));
        move || sessions.sweep(&*registry, SystemTime::UNIX_EPOCH)
    });
    registry.swap(Vec::new());
    let generation = registry.generation();
    let ended = loop {
        match sessions.swept().since(generation) {
            Some(ended) => break ended,
            None => sessions.sweep(&*registry, SystemTime::UNIX_EPOCH),
        }
    };
    // Whatever else goes on, from here on nobody is there.
    let left = sessions.len();
    assert_eq!((left, first.ended()), (0, Some(End::Revoked)));
    let session = handshake.join().unwrap();
    sweeping.join().unwrap();
    assert_eq!(sessions.len(), 0);
    let seated = u64::from(session.is_some());
    assert_eq!(ended, 1 + seated, "it counts those that it ended");
    if let Some((_seat, shared)) = session {
        assert_eq!(shared.ended(), Some(End::Revoked));
    }
}

/// A device comes by its new pinning while its old one is taken away: the new session stays.
pub fn a_new_pinning_is_not_revoked_with_the_old_one() {
    let sessions = sessions(10);
    let (old, new) = (Pinned::new("pump", 1), Pinned::new("pump", 2));
    let registry = Arc::new(Live::new(vec![Arc::clone(&old), Arc::clone(&new)]));
    let before = Arc::new(Shared::default());
    let _old_seat = sessions.seat(&old, 0, address(), &before);
    let coming = thread::spawn({
        let (sessions, registry) = (Arc::clone(&sessions), Arc::clone(&registry));
        move || {
            let shared = Arc::new(Shared::default());
            loop {
                let generation = registry.generation();
                let pinned = registry.lookup(&2).expect("it was there all the time");
                match sessions.seat(&pinned, generation, address(), &shared) {
                    Err(NoSeat::Outdated) => continue, // as an attempt does
                    seat => return (seat, shared),
                }
            }
        }
    });
    registry.swap(vec![new]);
    sessions.sweep(&*registry, SystemTime::UNIX_EPOCH);
    let (seat, after) = coming.join().unwrap();
    sessions.sweep(&*registry, SystemTime::UNIX_EPOCH);
    assert!(seat.is_ok() && after.ended().is_none());
    assert!(matches!(before.ended(), Some(End::Displaced | End::Revoked)));
    assert_eq!(sessions.len(), 1);
}

/// Attempts come and go at once: there are never more than may be, and each that was displaced hears of it.
pub fn attempts_displace_each_other() {
    let attempts = Arc::new(Attempts::new(2, 2));
    let source = address().map(|address| address.ip().into());
    let coming: Vec<_> = (0..4)
        .map(|n| {
            let attempts = Arc::clone(&attempts);
            thread::spawn(move || {
                let (place, displaced) = attempts.enter(source.filter(|_| n % 2 == 0), Standing::Stranger);
                assert!(attempts.len() <= 2);
                (place, displaced)
            })
        })
        .collect();
    let entered: Vec<_> = coming.into_iter().map(|one| one.join().unwrap()).collect();
    assert_eq!(entered.iter().map(|(_, displaced)| displaced).sum::<u64>(), 2);
    let left: Vec<bool> = entered.iter().map(|(place, _)| block_on(place.hold(async {})).is_some()).collect();
    assert_eq!(left.iter().filter(|left| **left).count(), 2);
    drop(entered);
    assert_eq!(attempts.len(), 0);
}

/// Message 1 of some opens while others come: who was displaced meanwhile has no place among those who wait for a
/// confirmation, who has one there keeps it, and of two with the same ephemeral one has.
pub fn attempts_move_on_while_others_come() {
    let attempts = Arc::new(Attempts::new(3, 3));
    let source = address().map(|address| address.ip().into());
    let opening: Vec<_> = (0..2)
        .map(|_| {
            let attempts = Arc::clone(&attempts);
            thread::spawn(move || {
                let (mut place, _) = attempts.enter(source, Standing::Stranger);
                let moved = place.opened(Standing::Familiar, [7; 32]).is_some();
                (place, moved)
            })
        })
        .collect();
    let coming: Vec<_> = (0..3)
        .map(|_| {
            let attempts = Arc::clone(&attempts);
            thread::spawn(move || {
                let (place, _) = attempts.enter(source, Standing::Stranger);
                assert!(attempts.len() <= 3);
                drop(place);
            })
        })
        .collect();
    let opened: Vec<_> = opening.into_iter().map(|one| one.join().unwrap()).collect();
    for one in coming {
        one.join().unwrap();
    }
    assert!(opened.iter().filter(|(_, moved)| *moved).count() <= 1, "the same ephemeral twice");
    for (place, moved) in &opened {
        if *moved {
            assert!(block_on(place.hold(async {})).is_some(), "displaced by one who waits for less");
        }
    }
    drop(opened);
    assert_eq!(attempts.len(), 0);
}
