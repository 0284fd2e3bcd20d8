//! A device has one session in the whole fleet: the newer one.

use super::bed::{Bed, Gateway, until};
use lowkey_host::Registry;
use lowkey_nats::{Forgotten, Lease};
use std::time::Duration;
use test_support::Watchdog;
use test_support::nats::Cable;
use tokio::time::sleep;

/// Which of the devices 2 to 5 have a session there.
fn has(gateway: &Gateway) -> Vec<u8> {
    (2..6).filter(|byte| gateway.acceptor.session(&format!("pump-{byte}")).is_some()).collect()
}

/// Waits until this gateway has the device, for all that it asks.
pub(crate) async fn until_held(byte: u8, asked: &Gateway, by: &str) -> Lease {
    for _ in 0..1200 {
        if let Ok(Some(lease)) = asked.registry.fleet().holder(&format!("pump-{byte}")).await
            && lease.gateway == by
        {
            return lease;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("{by} never has pump-{byte}");
}

async fn until_free(byte: u8, asked: &Gateway) {
    for _ in 0..1200 {
        if asked.registry.fleet().holder(&format!("pump-{byte}")).await.unwrap().is_none() {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("somebody has pump-{byte} for ever");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_comes_to_another_gateway_leaves_the_first_one() {
    let _watchdog = Watchdog::new();
    let Some(bed) = Bed::new().await else { return };
    let _registrar = bed.with(&[2, 3]).await;
    let (a, b) = (bed.reading("a").await, bed.reading("b.*>").await);
    let _stays = bed.comes(3, &a).await;
    let _first = bed.comes(2, &a).await;
    let lease = until_held(2, &b, "a").await;
    assert_eq!(lease.from, Some("192.0.2.2:4000".parse().unwrap()));
    let second = bed.comes(2, &b).await;
    until("the first one ends", || has(&a) == [3]).await;
    assert_eq!((a.acceptor.stats().sessions_moved, b.acceptor.stats().sessions_moved), (1, 0));
    assert_eq!(has(&b), [2]);
    until_held(2, &a, "b.*>").await;
    // And back.
    let _third = bed.comes(2, &a).await;
    until("the second one ends", || has(&b).is_empty()).await;
    until_held(2, &b, "a").await;
    drop(second);
    assert_eq!(has(&a), [2, 3]);
    // What comes again to the same one is displaced there, and not moved.
    let _fourth = bed.comes(2, &a).await;
    until("the third one ends", || a.acceptor.stats().sessions_displaced == 1).await;
    until_held(2, &b, "a").await;
    assert_eq!((a.acceptor.stats().sessions_moved, b.acceptor.stats().sessions_moved), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_was_at_another_gateway_for_a_moment_has_left_the_first_one() {
    let _watchdog = Watchdog::new();
    let Some(bed) = Bed::new().await else { return };
    let _registrar = bed.with(&[2, 3]).await;
    let (a, b) = (bed.reading("a").await, bed.reading("b").await);
    for moved in 1..=5 {
        let _first = bed.comes(2, &a).await;
        until_held(2, &b, "a").await;
        drop(bed.comes(2, &b).await);
        until("the first one ends", || has(&a).is_empty()).await;
        assert_eq!(a.acceptor.stats().sessions_moved, moved);
        until_free(2, &a).await;
    }
    // And if NATS hears of it late.
    drop(bed.comes(3, &b).await);
    until_free(3, &a).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_gone_is_held_by_nobody() {
    let _watchdog = Watchdog::new();
    let Some(bed) = Bed::new().await else { return };
    let _registrar = bed.with(&[2, 3]).await;
    let (a, b) = (bed.reading("a").await, bed.reading("b").await);
    let session = bed.comes(2, &a).await;
    let _other = bed.comes(3, &a).await;
    until_held(2, &b, "a").await;
    until_held(3, &b, "a").await;
    drop(session);
    until_free(2, &b).await;
    a.registry.say_goodbye().await;
    until_free(3, &b).await;
    let names: Vec<String> =
        b.registry.fleet().gateways().into_iter().map(|peer| peer.beat.gateway).collect();
    assert_eq!(names, ["a", "b"]);
}

/// A zombie: it did not see NATS while its device went elsewhere.
#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_did_not_see_nats_does_not_win_a_device_back_with_an_older_session() {
    let _watchdog = Watchdog::new();
    let Some(bed) = Bed::new().await else { return };
    let _registrar = bed.with(&[2, 3]).await;
    let cable = Cable::to(bed.nats.address()).await;
    let (away, there) =
        (bed.gateway(&bed.access_by(&cable.url(), "away"), &bed.settings()), bed.reading("there").await);
    away.registry.read_once().await;
    let _older = bed.comes(2, &away).await;
    let _newer = bed.comes(3, &there).await;
    until_held(2, &there, "away").await;
    until_held(3, &there, "there").await;
    cable.cut();
    // One each way, and neither hears of the other.
    let _newer = (bed.comes(2, &there).await, _newer);
    until_held(2, &there, "there").await;
    sleep(Duration::from_millis(100)).await;
    let _newest = bed.comes(3, &away).await;
    assert_eq!((has(&away), has(&there)), (vec![2, 3], vec![2, 3]));
    cable.heal();
    until("each device has one session", || has(&away) == [3] && has(&there) == [2]).await;
    until_held(2, &there, "there").await;
    until_held(3, &there, "away").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sessions_that_begin_at_once_one_is_left() {
    let _watchdog = Watchdog::new();
    let Some(bed) = Bed::new().await else { return };
    let _registrar = bed.with(&[2]).await;
    let gateways = [bed.reading("a").await, bed.reading("b").await, bed.reading("c").await];
    for _ in 0..5 {
        let [a, b, c] = &gateways;
        let _sessions = tokio::join!(bed.comes(2, a), bed.comes(2, b), bed.comes(2, c));
        let left = || gateways.iter().filter(|gateway| has(gateway) == [2]).count();
        until("one is left", || left() == 1).await;
        sleep(Duration::from_millis(100)).await;
        assert_eq!(left(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn before_its_confirmation_nobody_takes_a_device_from_its_gateway() {
    let _watchdog = Watchdog::new();
    let Some(bed) = Bed::new().await else { return };
    let _registrar = bed.with(&[2, 3]).await;
    let (a, b) = (bed.reading("a").await, bed.reading("b").await);
    let _held = bed.comes(2, &a).await;
    let before = until_held(2, &b, "a").await;
    // A recording of its first message, played to the other one.
    let (bytes, _link) = {
        let device = Box::leak(Box::new(bed.device(2)));
        device.message_1()
    };
    let (mut near, far) = tokio::io::duplex(4096);
    let accepts = tokio::spawn({
        let acceptor = b.acceptor.clone();
        async move { acceptor.accept(far).await.map(drop) }
    });
    tokio::io::AsyncWriteExt::write_all(&mut near, &bytes).await.unwrap();
    let mut answer = [0; 8];
    tokio::io::AsyncReadExt::read_exact(&mut near, &mut answer).await.unwrap();
    drop(near);
    accepts.await.unwrap().unwrap_err();
    // Whatever it would have said has been said by now: this comes behind it.
    let _later = bed.comes(3, &b).await;
    until_held(3, &a, "b").await;
    assert_eq!(until_held(2, &b, "a").await, before);
    assert_eq!((has(&a), a.acceptor.stats().sessions_moved), (vec![2], 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_is_forged_or_no_lease_keeps_no_device_out() {
    let _watchdog = Watchdog::new();
    let Some(bed) = Bed::new().await else { return };
    let _registrar = bed.with(&[2, 3]).await;
    let a = bed.reading("a").await;
    let client = async_nats::connect(bed.nats.url()).await.unwrap();
    let context = async_nats::jetstream::new(client.clone());
    let hex = |name: &str| name.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let ahead = r#"{"from":null,"gateway":"x","over":false,"run":"y","session":9,"since":9000000000000}"#;
    let mut sessions = Vec::new();
    for value in [ahead.as_bytes(), b"{}", b"", &[0xff; 5000]] {
        let subject = format!("$KV.test-live.lease.{}", hex("pump-2"));
        context.publish(subject, value.to_vec().into()).await.unwrap().await.unwrap();
        sessions.push(bed.comes(2, &a).await);
        until_held(2, &a, "a").await;
    }
    // What is no word of a gateway is not heard: no header of ours, one of NATS's own, no JSON.
    let mut headers = async_nats::HeaderMap::new();
    headers.insert("Lowkey", "lease");
    client.publish_with_headers("test.event.78", headers.clone(), vec![0xff; 9000].into()).await.unwrap();
    client.publish("test.event.78", "{}".into()).await.unwrap();
    headers.insert("Nats-Stream", "KV_test-live");
    client.publish_with_headers("test.event.78", headers, "{}".into()).await.unwrap();
    client.flush().await.unwrap();
    sessions.push(bed.comes(3, &a).await);
    until_held(3, &a, "a").await;
    assert_eq!((has(&a), a.acceptor.stats().sessions_moved), (vec![2, 3], 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_of_nats_devices_are_held_by_whom_they_were() {
    let _watchdog = Watchdog::new();
    let Some(mut bed) = Bed::new().await else { return };
    let _registrar = bed.with(&[2, 3]).await;
    let (a, b) = (bed.reading("a").await, bed.reading("b").await);
    let _held = (bed.comes(2, &a).await, bed.comes(3, &b).await);
    until_held(2, &b, "a").await;
    bed.nats.kill().await;
    let _came_meanwhile = bed.comes(3, &a).await;
    bed.nats.resume().await;
    until("each device has one session", || has(&a) == [2, 3] && has(&b).is_empty()).await;
    until_held(2, &b, "a").await;
    until_held(3, &b, "a").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leases_that_cannot_be_taken_are_said_not_to_be_and_keep_no_device_out() {
    let _watchdog = Watchdog::new();
    let Some(bed) = Bed::new().await else { return };
    let registrar = bed.with(&[2]).await;
    let a = bed.reading("a").await;
    let context = async_nats::jetstream::new(async_nats::connect(bed.nats.url()).await.unwrap());
    context.delete_stream("KV_test-live").await.unwrap();
    let _session = bed.comes(2, &a).await;
    until("it says so", || a.registry.trouble().is_some()).await;
    let trouble = a.registry.trouble().unwrap();
    assert!(trouble.what.starts_with("which gateway has a device cannot be written: "), "{}", trouble.what);
    assert_eq!(has(&a), [2]);
    registrar.create(1).await.unwrap();
    until_held(2, &a, "a").await;
    until("it is mended", || a.registry.trouble().is_none()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_gateways_of_one_name_say_so() {
    let _watchdog = Watchdog::new();
    let Some(bed) = Bed::new().await else { return };
    let _registrar = bed.with(&[2]).await;
    let (one, other) = (bed.reading("a").await, bed.reading("b").await);
    assert!(one.registry.trouble().is_none());
    let twin = bed.reading("a").await;
    for gateway in [&one, &twin] {
        until("it says so", || gateway.registry.trouble().is_some()).await;
        assert_eq!(gateway.registry.trouble().unwrap().what, "another gateway says that it is \"a\" as well");
    }
    assert!(other.registry.trouble().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_was_forgotten_while_another_did_not_see_nats_is_forgotten_there_too() {
    let _watchdog = Watchdog::new();
    let Some(bed) = Bed::new().await else { return };
    let registrar = bed.with(&[2]).await;
    let cable = Cable::to(bed.nats.address()).await;
    let (away, gone) =
        (bed.gateway(&bed.access_by(&cable.url(), "away"), &bed.settings()), bed.reading("gone").await);
    away.registry.read_once().await;
    let names = || -> Vec<String> {
        away.registry.fleet().gateways().into_iter().map(|peer| peer.beat.gateway).collect()
    };
    until("both are there", || names() == ["away", "gone"]).await;
    gone.registry.say_goodbye().await;
    drop(gone);
    cable.cut();
    assert_eq!(registrar.forget("gone").await.unwrap(), Forgotten::Done);
    cable.reset();
    cable.heal();
    until("it is forgotten", || names() == ["away"]).await;
}

/// As the book has it done when a stolen key has filled the bucket.
#[tokio::test(flavor = "multi_thread")]
async fn leases_that_somebody_took_away_are_written_again() {
    let _watchdog = Watchdog::new();
    let Some(bed) = Bed::new().await else { return };
    let _registrar = bed.with(&[2]).await;
    let (a, b) = (bed.reading("a").await, bed.reading("b").await);
    let _session = bed.comes(2, &a).await;
    until_held(2, &b, "a").await;
    let context = async_nats::jetstream::new(async_nats::connect(bed.nats.url()).await.unwrap());
    context.get_stream("KV_test-live").await.unwrap().purge().await.unwrap();
    until_held(2, &b, "a").await;
    assert_eq!((has(&a), a.acceptor.stats().sessions_moved), (vec![2], 0));
}
