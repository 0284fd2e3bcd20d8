//! NATS goes, and comes back, or comes back as it was before.

use super::bed::{Bed, until};
use lowkey_host::Registry;
use lowkey_nats::{OnStale, Settings};
use std::time::Duration;
use test_support::Watchdog;
use test_support::nats::Cable;

/// nats.rs#1596: a watch that nobody polled never went on after the server was started again. And others leaked
/// hundreds of consumers, one for each attempt.
#[tokio::test(flavor = "multi_thread")]
async fn after_every_restart_of_nats_what_is_written_is_in_force_and_no_consumers_are_left_behind() {
    let _watchdog = Watchdog::new();
    let Some(mut bed) = Bed::new().await else { return };
    let registrar = bed.with(&[2, 3]).await;
    let gateway = bed.reading("a").await;
    for devices in [&[2_u8][..], &[2, 4], &[4]] {
        bed.nats.kill().await;
        bed.nats.resume().await;
        let again = bed.registrar().await;
        bed.push(&again, devices).await;
        until("the change", || bed.known(&gateway) == devices).await;
    }
    drop(registrar);
    let client = async_nats::connect(bed.nats.url()).await.unwrap();
    let stream = async_nats::jetstream::new(client).get_stream("KV_test-registry").await.unwrap();
    let consumers = stream.cached_info().state.consumer_count;
    assert!(consumers <= 8, "{consumers} consumers");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_does_not_see_nats_refuses_in_time_and_obeys_at_once_when_it_does() {
    let _watchdog = Watchdog::new();
    let Some(bed) = Bed::new().await else { return };
    let registrar = bed.with(&[2, 3]).await;
    let cable = Cable::to(bed.nats.address()).await;
    let brief = Settings { max_stale: Duration::from_secs(8), ..bed.settings() };
    let refuses = bed.gateway(&bed.access_by(&cable.url(), "refuses"), &brief);
    let serves =
        bed.gateway(&bed.access_by(&cable.url(), "serves"), &Settings { on_stale: OnStale::Serve, ..brief });
    assert!(refuses.registry.is_stale(), "nobody is let in before it was read");
    refuses.registry.read_once().await;
    serves.registry.read_once().await;
    assert!(!refuses.registry.is_stale() && refuses.registry.trouble().is_none());
    cable.cut();
    bed.push(&registrar, &[2]).await;
    until("it is stale", || refuses.registry.is_stale()).await;
    assert!(!serves.registry.is_stale());
    assert_eq!(bed.known(&serves), [2, 3], "it has seen nothing");
    until("it says so", || serves.registry.trouble().is_some()).await;
    cable.heal();
    until("both obey", || bed.known(&refuses) == [2] && bed.known(&serves) == [2]).await;
    until("it is fresh", || !refuses.registry.is_stale() && refuses.registry.trouble().is_none()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_without_nats_serves_what_was_read_last_only_if_that_was_asked_for() {
    let _watchdog = Watchdog::new();
    let Some(mut bed) = Bed::new().await else { return };
    let registrar = bed.with(&[2, 3]).await;
    let first = bed.gateway(&bed.access("a"), &bed.kept());
    first.registry.read_once().await;
    bed.push(&registrar, &[2]).await;
    until("the change", || bed.known(&first) == [2]).await;
    first.registry.say_goodbye().await;
    let acceptor = first.acceptor.clone();
    drop(first);
    drop(acceptor);
    bed.nats.stop().await;
    for (on_stale, is_stale) in [(OnStale::Refuse, true), (OnStale::Serve, false)] {
        let again = bed.gateway(&bed.access("a"), &Settings { on_stale, ..bed.kept() });
        assert_eq!((bed.known(&again), again.registry.is_stale()), (vec![2], is_stale));
    }
}

/// A backup of NATS brings back who was revoked since.
#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_is_older_than_what_was_read_is_not_taken_until_somebody_says_that_it_is_another() {
    let _watchdog = Watchdog::new();
    let Some(mut bed) = Bed::new().await else { return };
    let registrar = bed.with(&[2, 3]).await;
    bed.nats.stop().await;
    let store = bed.nats.folder().join("store");
    let backup = bed.nats.folder().join("backup");
    copy(&store, &backup);
    bed.nats.resume().await;
    let gateway = bed.reading("a").await;
    let registrar_2 = bed.registrar().await;
    bed.push(&registrar_2, &[2]).await;
    until("the change", || bed.known(&gateway) == [2]).await;
    bed.nats.stop().await;
    std::fs::remove_dir_all(&store).unwrap();
    copy(&backup, &store);
    bed.nats.resume().await;
    let older = || gateway.registry.trouble().is_some_and(|trouble| trouble.what.contains("older"));
    until("it says that it is older", older).await;
    assert_eq!(bed.known(&gateway), [2], "who was revoked stays out");
    let restored = bed.registrar().await;
    let stored = restored.read().await.unwrap();
    restored.begin_anew(&stored).await.unwrap();
    until("what is there now is taken", || bed.known(&gateway) == [2, 3]).await;
    drop((registrar, registrar_2));
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).unwrap()),
        }
    }
}
