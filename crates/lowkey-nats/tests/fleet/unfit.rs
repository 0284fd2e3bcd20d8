//! Streams that do not store devices' messages, or must not: what is said of them.

use crate::numbered::{House, PUMP, begins, gives, hears, numbers, run, stream};
use async_nats::jetstream::stream::{Config, DiscardPolicy};
use lowkey_host::numbered::{Sink, Unstored};
use lowkey_nats::JetStreamSink;
use test_support::Watchdog;

/// By a session that may have begun.
async fn is_refused(sink: &JetStreamSink, number: u64) -> String {
    let refused = match sink.begin(PUMP, run(1)).await {
        Ok(mut begun) => {
            gives(&mut *begun.intake, [number]).await;
            hears(&mut *begun.intake, number).await.unwrap_err()
        }
        Err(error) => error,
    };
    let Unstored::Failed(why) = refused else { panic!("{refused:?}") };
    why
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_missing_or_full_is_trouble_until_a_message_is_stored() {
    let _watchdog = Watchdog::new();
    let Some(house) = House::bare().await else { return };
    let sink = house.sink("east").await;
    let why = is_refused(&sink, 1).await;
    assert_eq!(sink.trouble().map(|of| of.why), Some(why), "no stream");
    house.witness.create_stream(stream(|config| config.max_messages = 2)).await.unwrap();
    let mut begun = begins(&sink, run(1)).await;
    assert_eq!(sink.trouble(), None, "it is there");
    gives(&mut *begun.intake, [1]).await;
    hears(&mut *begun.intake, 1).await.unwrap();
    for _ in 0..2 {
        let why = is_refused(&sink, 2).await;
        assert!(why.contains("maximum messages"), "{why}");
        assert_eq!(sink.trouble().map(|of| of.why), Some(why), "a full stream");
    }
    house.witness.update_stream(stream(|config| config.max_messages = 9)).await.unwrap();
    // It takes a session's mark, by which no message is stored.
    let mut begun = begins(&sink, run(1)).await;
    gives(&mut *begun.intake, [2]).await;
    hears(&mut *begun.intake, 2).await.unwrap();
    assert_eq!(sink.trouble(), None, "there is room");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_would_lose_messages_is_refused_and_one_that_may_is_told() {
    let _watchdog = Watchdog::new();
    let Some(house) = House::bare().await else { return };
    let registrar = house.bed.registrar().await;
    let sink = house.sink("east").await;
    let missing = sink.inspect().await.unwrap_err().to_string();
    assert!(missing.contains("no stream test-up; `lowkey registry streams`"), "{missing}");
    let wrong = stream(|config| config.subjects.push("test.dn.*".to_owned()));
    house.witness.create_stream(wrong).await.unwrap();
    let refused = registrar.create_up(1).await.unwrap_err().to_string();
    assert!(refused.contains("test.dn.*"), "{refused}");
    let found = sink.inspect().await.unwrap().wrong;
    assert!(found.len() == 1 && found[0].starts_with("the stream test-up: it takes"), "{found:?}");
    house.witness.delete_stream("KV_test-numbers").await.unwrap();
    let missing = sink.inspect().await.unwrap_err().to_string();
    assert!(missing.contains("no stream KV_test-numbers; `lowkey registry streams`"), "{missing}");
    registrar.create_numbers(1).await.unwrap();
    let old = stream(|config| {
        config.discard = DiscardPolicy::Old;
        config.max_messages = 9;
    });
    house.witness.update_stream(old).await.unwrap();
    registrar.create_up(1).await.unwrap();
    let notes = sink.inspect().await.unwrap().notes;
    assert!(notes.iter().any(|note| note.contains("discard")), "{notes:?}");
}

/// Why such streams are refused.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_has_room_for_one_message_of_a_device_drops_it_or_takes_no_second_session() {
    let _watchdog = Watchdog::new();
    let one = |config: &mut Config| config.max_messages_per_subject = 1;
    let Some(house) = House::with(stream(one)).await else { return };
    let mut begun = begins(&house.sink("east").await, run(1)).await;
    gives(&mut *begun.intake, 1..=2).await;
    hears(&mut *begun.intake, 2).await.unwrap();
    assert_eq!(numbers(&house.stored().await), [2], "1 was acknowledged");
    let refusing = stream(|config| {
        one(config);
        config.discard_new_per_subject = true;
    });
    house.witness.update_stream(refusing).await.unwrap();
    let refused = house.sink("west").await.begin(PUMP, run(1)).await.map(drop);
    assert!(matches!(&refused, Err(Unstored::Failed(why)) if why.contains("per subject")), "{refused:?}");
}
