//! What is written is in force where a gateway says so, and nowhere else.

use super::bed::{Bed, until};
use lowkey_host::{Identity, Registry};
use lowkey_nats::{Forgotten, NatsError, OnStale, Registrar, Settings, Standing, Waits};
use std::sync::Arc;
use std::time::Duration;
use test_support::Watchdog;
use test_support::folder::secret;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_is_in_force_on_every_gateway_when_all_have_said_so() {
    let _watchdog = Watchdog::new();
    let Some(bed) = Bed::new().await else { return };
    let registrar = bed.with(&[2, 3]).await;
    let gateways = [bed.reading("a").await, bed.reading("b").await, bed.reading("c.*>").await];
    for devices in [&[2_u8][..], &[2, 4, 5], &[5], &[]] {
        let revision = bed.push(&registrar, devices).await;
        let stands = bed.in_force(&registrar, revision).await;
        assert!(stands.is_everywhere() && stands.obey() == 3, "{stands:?}");
        for gateway in &gateways {
            assert_eq!(bed.known(gateway), devices);
            assert!(gateway.registry.revision() >= revision);
        }
    }
    // Gateways have said that they are there since: that is no change that anybody has to obey.
    let same = bed.push(&registrar, &[]).await;
    let stands = registrar.in_force(same, Waits::No).await.unwrap();
    assert!(stands.is_everywhere() && stands.obey() == 3, "{stands:?}");
}

/// A gateway that read what was written in that moment took it for older than it was, and said so for ever.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_while_a_gateway_reads_is_in_force_and_it_says_so() {
    let _watchdog = Watchdog::new();
    let Some(bed) = Bed::new().await else { return };
    let registrar = bed.with(&[2, 3]).await;
    for turn in 0..120 {
        let devices: &[u8] = if turn % 2 == 0 { &[2] } else { &[2, 3] };
        let (old, new) = (registrar.read().await.unwrap(), bed.sheet(devices));
        let gateway = bed.gateway(&bed.access(&format!("a-{turn}")), &bed.settings());
        let begun = std::time::Instant::now();
        while begun.elapsed() < Duration::from_micros(turn * 25) {
            tokio::task::yield_now().await;
        }
        let revision = registrar.write(&old, &new, &mut 0).await.unwrap().unwrap();
        gateway.registry.read_once().await;
        let stands = registrar.in_force(revision, Waits::For(Duration::from_secs(20))).await.unwrap();
        assert!(stands.is_everywhere(), "turn {turn}: {revision} {stands:?} {:?}", bed.known(&gateway));
        assert_eq!(bed.known(&gateway), devices, "turn {turn}");
        gateway.registry.say_goodbye().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_is_gone_without_goodbye_is_named_until_it_has_surely_stopped() {
    let _watchdog = Watchdog::new();
    let Some(bed) = Bed::new().await else { return };
    let registrar = bed.with(&[2, 3]).await;
    let _there = bed.reading("there").await;
    let brief = Settings { max_stale: Duration::from_secs(1), ..bed.settings() };
    let gone = bed.gateway(&bed.access("gone"), &brief);
    let serves = bed.gateway(&bed.access("serves"), &Settings { on_stale: OnStale::Serve, ..brief });
    let left = bed.reading("left").await;
    gone.registry.read_once().await;
    serves.registry.read_once().await;
    left.registry.say_goodbye().await;
    drop((gone, serves, left));
    let revision = bed.push(&registrar, &[2]).await;
    let stored = registrar.read().await.unwrap();
    let last = stored.beats["gone"].1.max(stored.beats["serves"].1);
    // By a clock that is moved: that of the answer, not ours.
    let at = |seconds| stored.in_force(revision, last + seconds).gateways;
    assert_eq!(
        (at(3)["left"], at(3)["gone"], at(3)["serves"]),
        (Standing::Over, Standing::Behind, Standing::Behind)
    );
    assert!(matches!(at(900)["serves"], Standing::Gone(_)), "it may serve for ever");
    assert!(matches!(at(16)["gone"], Standing::Gone(_)));
    assert_eq!(at(900)["gone"], Standing::Over);
    let stands = registrar.in_force(revision, Waits::No).await.unwrap();
    assert!(!stands.is_everywhere());
    assert!(stands.others().any(|(name, _)| name == "serves"));
    assert!(matches!(registrar.forget("there").await.unwrap(), Forgotten::IsThere(_)));
    assert!(matches!(registrar.forget("gone").await.unwrap(), Forgotten::IsThere(_)), "not for long enough");
    assert_eq!(registrar.forget("nobody").await.unwrap(), Forgotten::Unknown);
    assert_eq!(registrar.forget("left").await.unwrap(), Forgotten::Done);
    assert!(!registrar.read().await.unwrap().beats.contains_key("left"));
    assert_eq!(registrar.forget("left").await.unwrap(), Forgotten::Unknown);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_another_hand_takes_out_its_own_device_alone() {
    let _watchdog = Watchdog::new();
    let Some(bed) = Bed::new().await else { return };
    let registrar = bed.with(&[2, 3]).await;
    let gateway = bed.reading("a").await;
    let client = async_nats::connect(bed.nats.url()).await.unwrap();
    let context = async_nats::jetstream::new(client);
    let hex = |name: &str| name.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    for (key, value) in [
        (format!("device.{}", hex("pump-2")), vec![0xff, 0xfe]),
        ("device.zz".to_owned(), b"x".to_vec()),
        ("beat.7a".to_owned(), b"{}".to_vec()),
        ("other".to_owned(), vec![b'x'; 30_000]),
    ] {
        let sent = context.publish(format!("$KV.test-registry.{key}"), value.into()).await.unwrap();
        sent.await.unwrap();
    }
    until("the row goes", || bed.known(&gateway) == [3]).await;
    let stored = registrar.read().await.unwrap();
    assert_eq!(stored.faulty.len(), 1);
    let mut written = 0;
    registrar.write(&stored, &bed.sheet(&[2, 3]), &mut written).await.unwrap();
    until("it is mended", || bed.known(&gateway) == [2, 3]).await;
    assert_eq!(written, 1);
}

/// A gateway with another server's key would be asked by the balancer to serve devices, all of which it refuses.
#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_with_another_key_than_the_registry_is_for_follows_nothing_and_is_not_counted() {
    let _watchdog = Watchdog::new();
    let Some(mut bed) = Bed::new().await else { return };
    let registrar = bed.with(&[2]).await;
    let _ours = bed.reading("ours").await;
    let stored = registrar.read().await.unwrap();
    Registrar::is_for(&stored, &bed.server.public_key()).unwrap();
    bed.server = Arc::new(Identity::new(secret(99)).unwrap());
    let error = Registrar::is_for(&stored, &bed.server.public_key()).unwrap_err();
    assert!(matches!(error, NatsError::Foreign(_)), "{error}");
    let foreign = bed.gateway(&bed.access("foreign"), &bed.settings());
    let said =
        || foreign.registry.trouble().is_some_and(|of| of.what.contains("it is for the server lkpub1"));
    until("it says so", said).await;
    assert!(foreign.registry.is_stale());
    assert_eq!(registrar.read().await.unwrap().beats.into_keys().collect::<Vec<_>>(), ["ours"]);
}
