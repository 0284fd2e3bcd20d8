//! A stream out of which a service takes messages: each is stored once all the same, whoever is killed when, and
//! however late the device comes again.

use crate::numbered::{
    House, SHORT, begins, forgets_in_its_row, gives, goes_on_through_kills_and_cuts, hears, last, numbers,
    outlive, run, stream,
};
use async_nats::jetstream::stream::{Config, RetentionPolicy};
use lowkey_host::numbered::Unstored;
use test_support::Watchdog;
use test_support::nats::Cable;

/// As an operator makes one, and the registrar has brought up to date.
async fn queue() -> Option<House> {
    let house = House::with(old_queue()).await?;
    let beside = house.bed.registrar().await.create_up(1).await.unwrap();
    assert_eq!(beside.as_deref(), Some("test-last"));
    Some(house)
}

fn old_queue() -> Config {
    stream(|config| {
        config.retention = RetentionPolicy::WorkQueue;
        config.duplicate_window = SHORT;
        config.allow_message_ttl = true;
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_was_taken_before_its_row_was_written_is_stored_once_however_late_its_device_comes() {
    let _watchdog = Watchdog::new();
    let Some(house) = queue().await else { return };
    let cable = Cable::to(house.bed.nats.address()).await;
    let east = house.sink_by(&cable, "east").await;
    let mut begun = begins(&east, run(1)).await;
    gives(&mut *begun.intake, 1..=3).await;
    hears(&mut *begun.intake, 3).await.unwrap();
    cable.cut();
    assert_eq!(house.consume(3).await, [1, 2, 3]);
    forgets_in_its_row(&house, "0101010101010101 - -").await;
    outlive(SHORT).await;
    let mut again = begins(&house.sink("west").await, run(1)).await;
    assert_eq!(again.last, Some(last(3)), "the device is told that it is stored, and does not send it again");
    // It is in the row before anybody hears of it.
    let bucket = house.witness.get_key_value("test-numbers").await.unwrap();
    let row = bucket.get("70756d702d37").await.unwrap().unwrap();
    assert!(row.starts_with(b"0101010101010101 3 "), "{row:?}");
    gives(&mut *again.intake, [4]).await;
    hears(&mut *again.intake, 4).await.unwrap();
    assert_eq!(house.consume(1).await, [4]);
    // Of another run nothing is taken for its own.
    assert_eq!(begins(&house.sink("west").await, run(2)).await.last, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_answer_was_lost_and_that_was_taken_meanwhile_is_stored_once() {
    let _watchdog = Watchdog::new();
    let Some(house) = queue().await else { return };
    let cable = Cable::to(house.bed.nats.address()).await;
    let east = house.sink_by(&cable, "east").await;
    let mut begun = begins(&east, run(1)).await;
    let mut taken = Vec::new();
    for number in 1..=12 {
        gives(&mut *begun.intake, [number]).await;
        // Somewhere between the asking and the answer.
        tokio::time::sleep(std::time::Duration::from_micros(number * 40)).await;
        cable.cut();
        taken.extend(house.consume(1).await);
        outlive(SHORT).await;
        if number % 2 == 0 {
            cable.reset();
        }
        cable.heal();
        hears(&mut *begun.intake, number).await.unwrap();
        taken.extend(house.consume(1).await);
    }
    taken.extend(house.consume(12).await);
    assert_eq!(taken, (1..=12).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_older_of_two_sessions_stores_nothing_more_in_a_queue() {
    let _watchdog = Watchdog::new();
    let Some(house) = queue().await else { return };
    let cable = Cable::to(house.bed.nats.address()).await;
    let east = house.sink_by(&cable, "east").await;
    let mut older = begins(&east, run(1)).await;
    gives(&mut *older.intake, 1..=3).await;
    hears(&mut *older.intake, 3).await.unwrap();
    assert_eq!(house.consume(3).await, [1, 2, 3]);
    // Frozen: what it sends waits in the wire.
    cable.cut();
    gives(&mut *older.intake, 4..=5).await;
    let west = house.sink("west").await;
    let mut newer = begins(&west, run(1)).await;
    assert_eq!(newer.last, Some(last(3)));
    gives(&mut *newer.intake, 4..=6).await;
    hears(&mut *newer.intake, 6).await.unwrap();
    assert_eq!(house.consume(3).await, [4, 5, 6]);
    outlive(SHORT).await;
    cable.heal();
    assert_eq!(hears(&mut *older.intake, u64::MAX).await, Err(Unstored::Moved));
    gives(&mut *newer.intake, [7]).await;
    hears(&mut *newer.intake, 7).await.unwrap();
    assert_eq!(house.consume(1).await, [7]);
    assert_eq!(numbers(&house.stored().await), Vec::<u64>::new());
    assert_eq!(begins(&west, run(1)).await.last, Some(last(7)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_began_before_its_queue_was_brought_up_to_date_stores_nothing_beside_a_newer_one() {
    let _watchdog = Watchdog::new();
    let Some(house) = House::with(old_queue()).await else { return };
    let cable = Cable::to(house.bed.nats.address()).await;
    let east = house.sink_by(&cable, "east").await;
    let mut older = begins(&east, run(1)).await;
    gives(&mut *older.intake, 1..=2).await;
    hears(&mut *older.intake, 2).await.unwrap();
    cable.cut();
    gives(&mut *older.intake, [3]).await;
    let west = house.sink("west").await;
    assert!(west.inspect().await.unwrap().notes.iter().any(|note| note.contains("registry streams")));
    house.bed.registrar().await.create_up(1).await.unwrap();
    assert!(!west.inspect().await.unwrap().notes.iter().any(|note| note.contains("duplicate_window")));
    let mut newer = begins(&west, run(1)).await;
    gives(&mut *newer.intake, [3]).await;
    hears(&mut *newer.intake, 3).await.unwrap();
    assert_eq!(house.consume(3).await, [1, 2, 3]);
    outlive(SHORT).await;
    cable.heal();
    assert_eq!(hears(&mut *older.intake, u64::MAX).await, Err(Unstored::Moved));
    // The other way: a gateway that has looked at it before, and does not know yet, finds the other's mark.
    forgets_in_its_row(&house, "0101010101010101 - -").await;
    assert_eq!(begins(&east, run(1)).await.last, Some(last(3)));
    assert_eq!(numbers(&house.stored().await), Vec::<u64>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_goes_on_in_a_queue_when_nats_was_killed_or_the_wire_broke_in_the_middle() {
    let _watchdog = Watchdog::new();
    let Some(house) = queue().await else { return };
    goes_on_through_kills_and_cuts(house).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_whose_mark_was_taken_or_purged_stores_nothing_beside_a_newer_one() {
    let _watchdog = Watchdog::new();
    let Some(house) = queue().await else { return };
    let [east, west] = [house.sink("east").await, house.sink("west").await];
    let up = house.witness.get_stream("test-up").await.unwrap();
    let mut older = begins(&east, run(1)).await;
    gives(&mut *older.intake, 1..=2).await;
    hears(&mut *older.intake, 2).await.unwrap();
    up.purge().await.unwrap();
    // By itself it goes on.
    gives(&mut *older.intake, [3]).await;
    hears(&mut *older.intake, 3).await.unwrap();
    assert_eq!(house.consume(1).await, [3]);
    let mut newer = begins(&west, run(1)).await;
    assert_eq!(newer.last, Some(last(3)));
    gives(&mut *older.intake, [4]).await;
    assert_eq!(hears(&mut *older.intake, 4).await, Err(Unstored::Moved));
    gives(&mut *newer.intake, [4]).await;
    hears(&mut *newer.intake, 4).await.unwrap();
    assert_eq!(house.consume(1).await, [4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_is_brought_up_to_date_with_all_that_its_operator_has_set() {
    let _watchdog = Watchdog::new();
    let Some(house) = House::with(old_queue()).await else { return };
    let registrar = house.bed.registrar().await;
    let mut old = house.witness.get_stream("test-up").await.unwrap().cached_info().config.clone();
    for _ in 0..2 {
        registrar.create_up(1).await.unwrap();
        let new = house.witness.get_stream("test-up").await.unwrap().cached_info().config.clone();
        assert_eq!(new.subjects, ["test.up.*", "test.mark.*", "test.mark.*.*"]);
        assert!(new.republish.is_some());
        (old.subjects, old.republish) = (new.subjects.clone(), new.republish.clone());
        assert_eq!(old, new);
    }
    let east = house.sink("east").await;
    assert_eq!(east.inspect().await.unwrap().wrong, Vec::<String>::new());
    house.witness.delete_stream("test-last").await.unwrap();
    let wrong = east.inspect().await.unwrap().wrong;
    assert!(wrong.len() == 1 && wrong[0].contains("no stream test-last;"), "{wrong:?}");
    // One that keeps what it has needs nothing beside it.
    house.witness.delete_stream("test-up").await.unwrap();
    assert_eq!(registrar.create_up(1).await.unwrap(), None);
    assert!(house.witness.get_stream("test-last").await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_is_made_whole_and_stays_as_it_is_when_it_is_made_again() {
    let _watchdog = Watchdog::new();
    let Some(house) = House::bare().await else { return };
    let registrar = house.bed.registrar().await;
    let config = async || house.witness.get_stream("test-up").await.unwrap().cached_info().config.clone();
    assert_eq!(registrar.create_queue(1).await.unwrap(), "test-last");
    let made = config().await;
    assert_eq!(made.retention, RetentionPolicy::WorkQueue);
    assert_eq!(made.subjects, ["test.up.*", "test.mark.*", "test.mark.*.*"]);
    let east = house.sink("east").await;
    let inspected = east.inspect().await.unwrap();
    assert_eq!(inspected.wrong, Vec::<String>::new());
    assert!(!inspected.notes.iter().any(|note| note.contains("registry streams")), "{inspected:?}");
    registrar.create_consumer("service").await.unwrap();
    // One that knows of both commands does not undo one by the other.
    assert_eq!(registrar.create_queue(1).await.unwrap(), "test-last");
    assert_eq!(registrar.create_up(1).await.unwrap().as_deref(), Some("test-last"));
    assert_eq!(config().await, made);
    assert!(registrar.create_consumer("another").await.unwrap_err().to_string().contains("consumer"));
    registrar.create_down(1).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_taken_out_of_a_new_queue_is_known_when_its_device_comes_again() {
    let _watchdog = Watchdog::new();
    let Some(house) = House::bare().await else { return };
    house.bed.registrar().await.create_queue(1).await.unwrap();
    let mut first = begins(&house.sink("east").await, run(1)).await;
    gives(&mut *first.intake, 1..=3).await;
    hears(&mut *first.intake, 3).await.unwrap();
    assert_eq!(house.consume(3).await, [1, 2, 3]);
    forgets_in_its_row(&house, "0101010101010101 - -").await;
    assert_eq!(begins(&house.sink("west").await, run(1)).await.last, Some(last(3)));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_queue_is_made_of_a_stream_that_is_none_and_an_older_queue_is_brought_up_to_date() {
    let _watchdog = Watchdog::new();
    let Some(house) = House::with(stream(|_| ())).await else { return };
    let registrar = house.bed.registrar().await;
    let before = house.witness.get_stream("test-up").await.unwrap().cached_info().config.clone();
    let refused = registrar.create_queue(1).await.unwrap_err().to_string();
    assert!(refused.contains("test-up is no queue") && refused.contains("as it was"), "{refused}");
    assert_eq!(house.witness.get_stream("test-up").await.unwrap().cached_info().config, before);
    assert!(house.witness.get_stream("test-last").await.is_err());
    house.witness.delete_stream("test-up").await.unwrap();
    house.witness.create_stream(old_queue()).await.unwrap();
    assert_eq!(registrar.create_queue(1).await.unwrap(), "test-last");
    let new = house.witness.get_stream("test-up").await.unwrap().cached_info().config.clone();
    assert!(new.republish.is_some() && new.duplicate_window == SHORT, "{new:?}");
}
