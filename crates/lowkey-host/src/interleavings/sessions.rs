//! The table of sessions: devices that come and go, and pinnings that are revoked meanwhile.

use super::{address, explore, wait};
use crate::connection::{End, Shared, Side};
use crate::limits::Limits;
use crate::registry::{Device, Devices, Pinned, Registry};
use crate::server::{NoSeat, Seat, Sessions};
use lowkey_core::{Id, Identity, Secret};
use shuttle::sync::RwLock;
use shuttle::thread;
use std::sync::{Arc, LazyLock, Weak};
use std::time::{Duration, SystemTime};

/// Of sessions of one device that come at once, one is left; nothing is left when all are gone.
#[test]
fn one_session_a_device() {
    explore(|| {
        let sessions = sessions(1);
        let pinned = &*PUMP;
        let coming: Vec<_> = (0..3)
            .map(|_| {
                let sessions = Arc::clone(&sessions);
                thread::spawn(move || {
                    let shared = Arc::new(Shared::default());
                    let seat = sessions.seat(pinned, 0, address(), &shared);
                    (seat.expect("a device takes its own seat again"), shared)
                })
            })
            .collect();
        let seated: Vec<(Seat, Arc<Shared>)> = coming.into_iter().map(|one| one.join().unwrap()).collect();
        assert_eq!(seated.iter().filter(|(_, shared)| shared.ended().is_none()).count(), 1);
        assert_eq!(sessions.len(), 1);
        let other = sessions.seat(&VALVE, 0, address(), &Arc::default());
        assert!(other.is_err(), "the address is full");
        let weak: Vec<Weak<Shared>> = seated.iter().map(|(_, shared)| Arc::downgrade(shared)).collect();
        let going: Vec<_> = seated.into_iter().map(|one| thread::spawn(move || drop(one))).collect();
        for one in going {
            one.join().unwrap();
        }
        assert_eq!(sessions.len(), 0);
        assert!(weak.iter().all(|shared| shared.upgrade().is_none()), "something is kept");
        let other = sessions.seat(&VALVE, 0, address(), &Arc::default());
        assert!(other.is_ok(), "the address is not free again");
    });
}

/// A session that waits is displaced while it lets go, and while all are told to stop.
#[test]
fn sessions_displace_let_go_and_stop_at_once() {
    explore(|| {
        let sessions = sessions(10);
        let pinned = &*PUMP;
        let first = Arc::new(Shared::default());
        let seat = sessions.seat(pinned, 0, address(), &first).expect("all seats are free");
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
        let newer = sessions.seat(pinned, 0, address(), &second);
        waiting.join().unwrap();
        stopping.join().unwrap();
        assert!(newer.is_ok() && second.is_stopping(), "the newer one was not told to stop");
        assert_eq!(sessions.len(), 1);
        drop(newer);
        assert_eq!(sessions.len(), 0);
    });
}

/// A pinning is revoked while its handshake goes on, under two who sweep: the next sweep after it all ends the
/// session, whoever came first.
#[test]
fn a_revoked_pinning_outlives_no_sweep() {
    explore(|| {
        let sessions = sessions(10);
        let registry = Live::new(&[&PUMP]);
        let handshake = thread::spawn({
            let (sessions, registry) = (Arc::clone(&sessions), Arc::clone(&registry));
            move || {
                let generation = registry.generation();
                let pinned = registry.lookup(&PUMP.id())?;
                let shared = Arc::new(Shared::default());
                let seat = sessions.seat(&pinned, generation, address(), &shared).ok()?;
                Some((seat, shared))
            }
        });
        let sweeping = thread::spawn({
            let (sessions, registry) = (Arc::clone(&sessions), Arc::clone(&registry));
            move || sessions.sweep(&*registry, SystemTime::UNIX_EPOCH)
        });
        registry.swap(&[]);
        sessions.sweep(&*registry, SystemTime::UNIX_EPOCH);
        let session = handshake.join().unwrap();
        sweeping.join().unwrap();
        sessions.sweep(&*registry, SystemTime::UNIX_EPOCH);
        assert_eq!(sessions.len(), 0);
        if let Some((_seat, shared)) = session {
            assert_eq!(shared.ended(), Some(End::Revoked));
        }
    });
}

/// Once it is said that a registry is in force, no session is left of a pinning that is not in it, and none comes:
/// whoever was looked up before has to be looked up again.
#[test]
fn a_registry_in_force_has_no_session_of_a_pinning_that_is_gone() {
    explore(|| {
        let sessions = sessions(10);
        let registry = Live::new(&[&PUMP, &VALVE]);
        let first = Arc::new(Shared::default());
        let _seat = sessions.seat(&PUMP, 0, address(), &first);
        let handshake = thread::spawn({
            let (sessions, registry) = (Arc::clone(&sessions), Arc::clone(&registry));
            move || {
                let generation = registry.generation();
                let pinned = registry.lookup(&VALVE.id())?;
                let shared = Arc::new(Shared::default());
                let seat = sessions.seat(&pinned, generation, address(), &shared).ok()?;
                Some((seat, shared))
            }
        });
        let sweeping = thread::spawn({
            let (sessions, registry) = (Arc::clone(&sessions), Arc::clone(&registry));
            move || sessions.sweep(&*registry, SystemTime::UNIX_EPOCH)
        });
        registry.swap(&[]);
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
    });
}

/// A device comes by its new pinning while its old one is taken away: the new session stays.
#[test]
fn a_new_pinning_is_not_revoked_with_the_old_one() {
    explore(|| {
        let sessions = sessions(10);
        let (old, new) = (&*PUMP, &*NEW_PUMP);
        let registry = Live::new(&[old, new]);
        let before = Arc::new(Shared::default());
        let _old_seat = sessions.seat(old, 0, address(), &before);
        let coming = thread::spawn({
            let (sessions, registry) = (Arc::clone(&sessions), Arc::clone(&registry));
            move || {
                let shared = Arc::new(Shared::default());
                loop {
                    let generation = registry.generation();
                    let pinned = registry.lookup(&new.id()).expect("it was there all the time");
                    match sessions.seat(&pinned, generation, address(), &shared) {
                        Err(NoSeat::Outdated) => continue, // as an attempt does
                        seat => return (seat, shared),
                    }
                }
            }
        });
        registry.swap(&[new]);
        sessions.sweep(&*registry, SystemTime::UNIX_EPOCH);
        let (seat, after) = coming.join().unwrap();
        sessions.sweep(&*registry, SystemTime::UNIX_EPOCH);
        assert!(seat.is_ok() && after.ended().is_none());
        assert!(matches!(before.ended(), Some(End::Displaced | End::Revoked)));
        assert_eq!(sessions.len(), 1);
    });
}

fn sessions(sessions_per_address: usize) -> Arc<Sessions> {
    let long = Duration::from_secs(3600);
    let limits = Limits {
        sessions: 10,
        sessions_per_address,
        silence: long,
        answer: long,
        lifetime: None,
        linger: long,
        ..Limits::default()
    };
    Arc::new(Sessions::new(&limits, Arc::default()))
}

/// The pinnings of now, and how often they changed: one lock around both, as in a registry that is read again.
struct Live(RwLock<(u64, Devices)>);

impl Live {
    fn new(pinnings: &[&Arc<Pinned>]) -> Arc<Self> {
        Arc::new(Self(RwLock::new((0, devices(pinnings)))))
    }

    fn swap(&self, pinnings: &[&Arc<Pinned>]) {
        let mut current = self.0.write().unwrap();
        *current = (current.0 + 1, devices(pinnings));
    }
}

impl Registry for Live {
    fn lookup(&self, id: &Id) -> Option<Arc<Pinned>> {
        self.0.read().unwrap().1.lookup(id)
    }

    fn generation(&self) -> u64 {
        self.0.read().unwrap().0
    }
}

fn devices(pinnings: &[&Arc<Pinned>]) -> Devices {
    pinnings.iter().map(|pinned| Arc::clone(pinned)).collect()
}

static PUMP: LazyLock<Arc<Pinned>> = LazyLock::new(|| pinned("pump", 1));
/// With another key.
static NEW_PUMP: LazyLock<Arc<Pinned>> = LazyLock::new(|| pinned("pump", 2));
static VALVE: LazyLock<Arc<Pinned>> = LazyLock::new(|| pinned("valve", 3));

fn pinned(name: &str, key: u8) -> Arc<Pinned> {
    let identity = |key| Identity::new(Secret::new([key; 32])).unwrap();
    let device = Device::new(name).unwrap();
    Arc::new(Pinned::new(device, &identity(0x5e), identity(key).public_key()).unwrap())
}
