//! What a stranger cannot see, counted from inside.

use super::*;
use crate::entropy::random;
use crate::limits::Limits;
use crate::registry::counted::MULTIPLICATIONS;
use crate::registry::{Device, Devices, Registry};
use crate::server::{Acceptor, Caller};
use lowkey_core::{Code, Id, Identity, Psk};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};
use tokio::io::{AsyncWriteExt, duplex};

#[tokio::test]
async fn randomness_is_drawn_for_unknown_ids_as_for_known_ones() {
    let server = Arc::new(Identity::new(random().unwrap()).unwrap());
    let known = Identity::new(random().unwrap()).unwrap();
    let device = Pinned::new(Device::new("pump").unwrap(), &server, known.public_key()).unwrap();
    let id = device.id();
    let acceptor =
        Acceptor::new(Arc::clone(&server), Devices::new([device]).unwrap(), Limits::default()).unwrap();
    for id in [id.as_bytes(), b"nobody's"] {
        let mut first = vec![0, 11 + 48, 1, 1, 8];
        first.extend_from_slice(id);
        first.extend_from_slice(&[9; 48]);
        let (mut near, far) = duplex(1000);
        near.write_all(&first).await.unwrap();
        let lazy = acceptor.start(far).await.unwrap();
        assert!(lazy.ephemerals.is_some());
    }
}

/// Devices, some of them cold, and whether that is over.
struct Warming(Devices, Arc<AtomicBool>);

impl Registry for Warming {
    fn lookup(&self, id: &Id) -> Option<Arc<Pinned>> {
        self.0.lookup(id)
    }

    fn is_warm(&self) -> bool {
        self.1.load(Ordering::Relaxed)
    }
}

#[tokio::test(start_paused = true)] // refusals wait for strangers to hang up
async fn whoever_comes_takes_one_multiplication_while_it_is_warmed_and_none_after() {
    let server = Arc::new(Identity::new(random().unwrap()).unwrap());
    let key = || Identity::new(random().unwrap()).unwrap().public_key();
    let device = |name: &str| Arc::new(Device::new(name).unwrap());
    let id = |id: &str| Id::new(id.as_bytes()).unwrap();
    let past = SystemTime::now() - Duration::from_secs(1);
    let psk = || Psk::new(random().unwrap()).unwrap();
    let cold = |name: &str| Pinned::cold(device(name), id(name), &server.public_key(), key()).unwrap();
    let devices = Devices::new([
        Pinned::new(device("warm"), &server, key()).unwrap().with_id(id("warm")),
        cold("cold"),
        Pinned::new(device("over"), &server, key()).unwrap().with_id(id("over")).until(past),
        cold("cold, over").until(past),
        Pinned::new(device("mode"), &server, key()).unwrap().with_id(id("mode")).with_psk(psk()),
        cold("cold, mode").with_psk(psk()),
    ]);
    let warm = Arc::new(AtomicBool::new(false));
    let registry = Warming(devices.unwrap(), Arc::clone(&warm));
    let acceptor = Acceptor::new(Arc::clone(&server), registry, Limits::default()).unwrap();
    // The first round warms what is cold, which makes no difference in the second.
    for (all_warm, expected) in [(false, 1), (false, 1), (true, 0)] {
        warm.store(all_warm, Ordering::Relaxed);
        for id in ["warm", "cold", "over", "cold, over", "mode", "cold, mode", "nobody"] {
            let len = u8::try_from(id.len()).unwrap();
            let mut first = vec![0, 3 + len + 48, 1, 1, len];
            first.extend_from_slice(id.as_bytes());
            first.extend_from_slice(&[9; 48]);
            let (mut near, far) = duplex(1000);
            near.write_all(&first).await.unwrap();
            let before = MULTIPLICATIONS.get();
            let refused = acceptor.accept(far).await.unwrap_err();
            assert!(matches!(refused, AcceptError::Refused(Refusal::REFUSED)), "{id}");
            assert_eq!(MULTIPLICATIONS.get() - before, expected, "{id}");
        }
    }
}

/// It may be out of date; how often it was asked for an id.
struct Stale(AtomicU64);

impl Registry for Stale {
    fn lookup(&self, _: &Id) -> Option<Arc<Pinned>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        None
    }

    fn is_stale(&self) -> bool {
        true
    }

    fn is_warm(&self) -> bool {
        false
    }
}

#[tokio::test(start_paused = true)]
async fn by_a_registry_that_is_stale_nothing_is_looked_up_or_computed_for_anybody() {
    let server = Arc::new(Identity::new(random().unwrap()).unwrap());
    let registry = Arc::new(Stale(AtomicU64::new(0)));
    let acceptor = Acceptor::new(server, Arc::clone(&registry), Limits::default()).unwrap();
    let code = Code::new(&[7; 16]).unwrap();
    let minute = Duration::from_secs(60);
    acceptor.state.windows.open(&code, "pump", minute, Caller::Device).unwrap();
    let name = code.name();
    for (mode, id) in [(1, &b"pump"[..]), (2, b"pump"), (4, name.as_bytes())] {
        let len = u8::try_from(id.len()).unwrap();
        let mut first = vec![0, 3 + len + 48, 1, mode, len];
        first.extend_from_slice(id);
        first.extend_from_slice(&[9; 48]);
        let (mut near, far) = duplex(1000);
        near.write_all(&first).await.unwrap();
        let before = MULTIPLICATIONS.get();
        let refused = acceptor.accept(far).await.unwrap_err();
        assert!(matches!(refused, AcceptError::Refused(Refusal::BUSY)), "{mode}: {refused}");
        assert_eq!((MULTIPLICATIONS.get() - before, registry.0.load(Ordering::Relaxed)), (0, 0), "{mode}");
    }
    assert_eq!(acceptor.stats().refused_registry_stale, 3);
}
