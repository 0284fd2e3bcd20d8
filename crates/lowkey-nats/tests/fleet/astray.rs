//! What is sent to a stream and taken by something else, or cannot be sent.

use crate::numbered::{House, PUMP, begins, gives, hears, run, stream};
use async_nats::jetstream::stream::{Config, RetentionPolicy, StorageType};
use lowkey_host::numbered::{Sink, Unstored};
use lowkey_nats::JetStreamSink;
use std::time::Duration;
use test_support::Watchdog;
use tokio::time::{sleep, timeout};

/// The operator replaces the stream by another that takes the same, while a session stores.
#[tokio::test(flavor = "multi_thread")]
async fn what_another_stream_takes_is_not_acknowledged() {
    let _watchdog = Watchdog::new();
    for retention in [RetentionPolicy::WorkQueue, RetentionPolicy::Limits] {
        let made = stream(|config| {
            config.retention = retention;
            config.allow_message_ttl = true;
        });
        let Some(house) = House::with(made).await else { return };
        house.bed.registrar().await.create_up(1).await.unwrap();
        let sink = house.sink("east").await;
        let mut begun = begins(&sink, run(1)).await;
        gives(&mut *begun.intake, [1]).await;
        hears(&mut *begun.intake, 1).await.unwrap();
        house.witness.delete_stream("test-up").await.unwrap();
        let other = Config {
            name: "other".to_owned(),
            subjects: vec!["test.up.*".to_owned(), "test.mark.>".to_owned()],
            storage: StorageType::Memory,
            ..Config::default()
        };
        house.witness.create_stream(other).await.unwrap();
        gives(&mut *begun.intake, [2]).await;
        troubled(&sink).await;
        let heard = timeout(Duration::ZERO, hears(&mut *begun.intake, 2)).await;
        let none = matches!(heard, Err(_) | Ok(Err(Unstored::Failed(_) | Unstored::Moved)));
        assert!(none, "{retention:?}: {heard:?}");
        assert!(sink.begin(PUMP, run(1)).await.is_err(), "{retention:?}");
    }
}

/// NATS would end the connection of the gateway, which all devices' messages go over.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_no_subject_has_room_for_is_refused_before_nats_sees_it() {
    let _watchdog = Watchdog::new();
    let Some(house) = House::with(stream(|_| ())).await else { return };
    let sink = house.sink("east").await;
    let refused = sink.begin(&"n".repeat(1_001), run(1)).await.map(|_| ());
    assert!(matches!(&refused, Err(Unstored::Failed(why)) if why.contains("1000 bytes")), "{refused:?}");
    let longest = "n".repeat(1_000);
    let mut begun = sink.begin(&longest, run(1)).await.unwrap();
    gives(&mut *begun.intake, [1]).await;
    hears(&mut *begun.intake, 1).await.unwrap();
    assert_eq!(sink.trouble(), None);
}

/// Messages go into the stream, and nobody can be told: the operator hears why.
#[tokio::test(flavor = "multi_thread")]
async fn rows_that_cannot_be_written_are_trouble() {
    let _watchdog = Watchdog::new();
    let Some(house) = House::with(stream(|_| ())).await else { return };
    let sink = house.sink("east").await;
    let mut begun = begins(&sink, run(1)).await;
    gives(&mut *begun.intake, [1]).await;
    hears(&mut *begun.intake, 1).await.unwrap();
    // As a permission that is taken away: nobody answers to the row's subject.
    let mut rows = house.witness.get_stream("KV_test-numbers").await.unwrap();
    let config = rows.info().await.unwrap().config.clone();
    let elsewhere = Config { subjects: vec!["elsewhere.>".to_owned()], ..config.clone() };
    house.witness.update_stream(elsewhere).await.unwrap();
    gives(&mut *begun.intake, [2]).await;
    troubled(&sink).await;
    assert!(timeout(Duration::ZERO, hears(&mut *begun.intake, 2)).await.is_err());
    house.witness.update_stream(config).await.unwrap();
    hears(&mut *begun.intake, 2).await.unwrap();
    assert_eq!(sink.trouble(), None);
}

/// Waits until the sink says that it cannot store.
async fn troubled(sink: &JetStreamSink) {
    while sink.trouble().is_none() {
        sleep(Duration::from_millis(20)).await;
    }
}
