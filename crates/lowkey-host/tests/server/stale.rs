//! A registry that may be out of date for so long that nobody is let in by it.

use lowkey_host::{AcceptError, Cause, Error, Reason, Refusal, Registry};
use std::sync::Arc;
use std::time::Duration;
use test_support::world::log::Log;
use test_support::world::{Party, World, until_end};
use tokio::io::{AsyncWriteExt, duplex};
use tokio::time::advance;

#[tokio::test(start_paused = true)]
async fn protocol_3_while_the_registry_is_stale_everybody_is_busy_known_or_not() {
    let world = World::new();
    let (acceptor, registry) = world.changing();
    let known = world.device().message_1().0;
    let unknown = Party::new(world.server.public_key()).message_1().0;
    let ask = async |first: &[u8]| {
        let (mut near, far) = duplex(1000);
        near.write_all(first).await.unwrap();
        tokio::join!(async move { until_end(&mut near).await }, acceptor.accept(far)).0
    };
    assert_eq!(ask(&unknown).await, [0, 1, 4]);
    registry.becomes_stale();
    for first in [&known, &unknown] {
        assert_eq!(ask(first).await, [0, 1, 3]);
    }
    // What is wrong whoever asks comes first; a pairing is not offered, as no window is open.
    let mut version = known.clone();
    version[2] = 9;
    assert_eq!(ask(&version).await, [0, 1, 1]);
    assert_eq!(ask(b"\x00\x03\x01\x03\x00").await, [0, 1, 2]);
    let stats = acceptor.stats();
    assert_eq!((stats.refused_registry_stale, stats.refused_busy, stats.refused_service_down), (2, 0, 0));
    let causes: Vec<Cause> = acceptor.failures().iter().map(|failure| failure.cause).collect();
    assert_eq!(causes.iter().filter(|cause| **cause == Cause::RegistryStale).count(), 2, "{causes:?}");
    registry.is_fresh();
    let (_device, _session) = world.join_at(&acceptor, 0, 1000).await;
    assert_eq!(acceptor.stats().sessions, 1);
}

#[tokio::test(start_paused = true)]
async fn a_sweep_ends_every_session_while_the_registry_is_stale_and_says_so() {
    Log::begin();
    let world = World::with_devices(3);
    let (acceptor, registry) = world.changing();
    let mut all = Vec::new();
    for n in 0..3 {
        all.push(world.join_at(&acceptor, n, 1000).await);
    }
    acceptor.sweep();
    assert_eq!(acceptor.stats().sessions, 3);
    // One is revoked by what is known before the registry is stale: that is why it ends.
    registry.set(world.without(&[2]));
    registry.becomes_stale();
    acceptor.sweep();
    for (n, (_device, session)) in all.iter_mut().enumerate() {
        let ended = session.recv().await.unwrap_err();
        let as_expected =
            if n == 2 { matches!(ended, Error::Revoked) } else { matches!(ended, Error::Stale) };
        assert!(as_expected, "{n}: {ended}");
    }
    let stats = acceptor.stats();
    assert_eq!((stats.sessions_stale, stats.sessions_revoked, stats.sessions), (2, 1, 0));
    let log = Log::take();
    assert_eq!(log.matches(&format!("reason=\"{}\"", Reason::Stale.as_str())).count(), 2, "{log}");
    // They are back as soon as it is not.
    registry.is_fresh();
    let (_device, _session) = world.join_at(&acceptor, 0, 1000).await;
    acceptor.sweep();
    assert_eq!(acceptor.stats().sessions, 1);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_confirmed_when_the_registry_is_stale_gets_no_seat() {
    let world = World::new();
    let (acceptor, registry) = world.changing();
    let (near, far) = duplex(1000);
    let accepting = async {
        let started = acceptor.start(far).await.unwrap();
        registry.becomes_stale();
        started.accept().await
    };
    let (device, session) = tokio::join!(world.device().connect(near), accepting);
    assert!(matches!(session, Err(AcceptError::Refused(Refusal::BUSY))), "{session:?}");
    assert_eq!(device.unwrap().recv().await.unwrap(), None, "it hears a CLOSE, as for want of a seat");
    let stats = acceptor.stats();
    assert_eq!((stats.refused_registry_stale, stats.confirmed, stats.sessions), (1, 0, 0));
    assert_eq!(acceptor.failures()[0].cause, Cause::RegistryStale);
}

#[tokio::test(start_paused = true)]
async fn a_registry_behind_an_arc_is_as_stale_as_itself_and_others_never_are() {
    let world = World::new();
    let (acceptor, registry) = world.changing();
    assert!(!acceptor.registry().is_stale() && !world.registry().is_stale());
    registry.becomes_stale();
    assert!(Registry::is_stale(&Arc::clone(&registry)) && acceptor.registry().is_stale());
    advance(Duration::from_secs(3600)).await;
    assert!(acceptor.registry().is_stale(), "time alone mends nothing");
}
