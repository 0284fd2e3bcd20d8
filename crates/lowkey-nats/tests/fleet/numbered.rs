//! Devices' numbered messages: each is stored once, in its order, and nothing is acknowledged that is not.

use crate::bed::Bed;
use async_nats::jetstream::consumer::{AckPolicy, pull};
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy};
use async_nats::jetstream::{self, Context};
use futures_util::StreamExt;
use lowkey_host::numbered::{
    Begun, Intake, Last, MOST_OLD_RUNS, Rows, RunId, Sink, Unstored, message_digest,
};
use lowkey_nats::{JetStreamSink, NatsNumbers};
use std::future::poll_fn;
use std::time::Duration;
use test_support::Watchdog;
use test_support::nats::Cable;

pub(crate) const PUMP: &str = "pump-7";

pub(crate) fn run(byte: u8) -> RunId {
    RunId::new([byte; 8])
}

pub(crate) fn last(number: u64) -> Last {
    Last { number, digest: message_digest(number, [text(number).as_bytes(), b""]) }
}

pub(crate) fn text(number: u64) -> String {
    format!("message {number}")
}

/// A nats-server with the buckets and the stream, and a witness that asks it.
pub(crate) struct House {
    pub(crate) bed: Bed,
    pub(crate) witness: Context,
}

impl House {
    async fn new() -> Option<Self> {
        let house = Self::bare().await?;
        house.bed.registrar().await.create_up(1).await.unwrap();
        Some(house)
    }

    /// One with a stream of the operator's own.
    pub(crate) async fn with(stream: Config) -> Option<Self> {
        let house = Self::bare().await?;
        house.witness.create_stream(stream).await.unwrap();
        Some(house)
    }

    pub(crate) async fn bare() -> Option<Self> {
        let bed = Bed::new().await?;
        bed.registrar().await.create(1).await.unwrap();
        let witness = jetstream::new(async_nats::connect(bed.nats.url()).await.unwrap());
        Some(Self { bed, witness })
    }

    pub(crate) async fn sink(&self, name: &str) -> JetStreamSink {
        JetStreamSink::open(&self.bed.access(name), None).await.unwrap()
    }

    pub(crate) async fn sink_by(&self, cable: &Cable, name: &str) -> JetStreamSink {
        JetStreamSink::open(&self.bed.access_by(&cable.url(), name), None).await.unwrap()
    }

    /// What the stream has of all devices, in its order: run, number, text.
    pub(crate) async fn stored(&self) -> Vec<(String, u64, String)> {
        let messages = self.messages().await.into_iter();
        let header = |message: &StreamMessage, name| message.headers.get(name).unwrap().as_str().to_owned();
        let stored = messages.map(|message| {
            let text = String::from_utf8(message.payload.to_vec()).unwrap();
            (header(&message, "Lowkey-Run"), header(&message, "Lowkey-Number").parse().unwrap(), text)
        });
        stored.collect()
    }

    /// The same: device and number.
    pub(crate) async fn stored_of_each(&self) -> Vec<(String, u64)> {
        let messages = self.messages().await.into_iter();
        let header = |message: &StreamMessage, name| message.headers.get(name).unwrap().as_str().to_owned();
        let stored = messages.map(|message| {
            (header(&message, "Lowkey-Device"), header(&message, "Lowkey-Number").parse().unwrap())
        });
        stored.collect()
    }

    async fn messages(&self) -> Vec<StreamMessage> {
        let witness = jetstream::new(async_nats::connect(self.bed.nats.url()).await.unwrap());
        let mut stream = witness.get_stream("test-up").await.unwrap();
        let state = stream.info().await.unwrap().state.clone();
        let mut messages = Vec::new();
        for sequence in state.first_sequence..=state.last_sequence {
            let Ok(message) = stream.get_raw_message(sequence).await else { continue };
            if message.subject.starts_with("test.up.") {
                messages.push(message);
            }
        }
        messages
    }

    /// Takes what is there out of a queue.
    pub(crate) async fn consume(&self, most: usize) -> Vec<u64> {
        let stream = self.witness.get_stream("test-up").await.unwrap();
        let config = pull::Config {
            durable_name: Some("service".to_owned()),
            filter_subject: "test.up.*".to_owned(),
            ack_policy: AckPolicy::Explicit,
            ..pull::Config::default()
        };
        let consumer = stream.get_or_create_consumer("service", config).await.unwrap();
        let mut taken = Vec::new();
        let mut batch = consumer.fetch().max_messages(most).messages().await.unwrap();
        while let Some(message) = batch.next().await {
            let message = message.unwrap();
            message.double_ack().await.unwrap();
            let number = message.headers.as_ref().unwrap().get("Lowkey-Number").unwrap();
            taken.push(number.as_str().parse().unwrap());
        }
        taken
    }
}

/// As the registrar makes it, but for this.
pub(crate) fn stream(change: impl FnOnce(&mut Config)) -> Config {
    let mut config = Config {
        name: "test-up".to_owned(),
        subjects: vec!["test.up.*".to_owned(), "test.mark.*".to_owned()],
        discard: DiscardPolicy::New,
        allow_direct: true,
        ..Config::default()
    };
    change(&mut config);
    config
}

/// Of several it takes the later ones while the earlier are stored: where one is refused, it is the last.
pub(crate) async fn gives(intake: &mut dyn Intake, numbers: impl IntoIterator<Item = u64>) {
    for number in numbers {
        poll_fn(|context| intake.poll_ready(context)).await.unwrap();
        intake.take(number, text(number).into_bytes());
    }
}

/// Waits until all up to this number may be acknowledged.
pub(crate) async fn hears(intake: &mut dyn Intake, number: u64) -> Result<(), Unstored> {
    let mut heard = 0;
    while heard < number {
        heard = poll_fn(|context| intake.poll_stored(context)).await?;
    }
    assert_eq!(heard, number);
    Ok(())
}

pub(crate) async fn begins(sink: &JetStreamSink, run: RunId) -> Begun {
    sink.begin(PUMP, run).await.unwrap()
}

/// NATS is killed, and the wire breaks, in the middle of what a session gives; all of it is stored, once and in order.
pub(crate) async fn goes_on_through_kills_and_cuts(mut house: House) {
    let cable = Cable::to(house.bed.nats.address()).await;
    let sink = house.sink_by(&cable, "east").await;
    let mut begun = begins(&sink, run(1)).await;
    let mut next = 1;
    for trouble in 0..6 {
        gives(&mut *begun.intake, next..next + 40).await;
        match trouble % 3 {
            0 => cable.reset(),
            1 => {
                house.bed.nats.kill().await;
                outlive(SHORT).await;
                house.bed.nats.resume().await;
            }
            _ => {
                cable.cut();
                outlive(SHORT).await;
                cable.heal();
            }
        }
        next += 40;
        hears(&mut *begun.intake, next - 1).await.unwrap();
    }
    assert_eq!(numbers(&house.stored().await), (1..next).collect::<Vec<_>>());
}

/// As a gateway leaves it that is killed between the stream's answer and the row.
pub(crate) async fn forgets_in_its_row(house: &House, row: &str) {
    let bucket = house.witness.get_key_value("test-numbers").await.unwrap();
    let there = bucket.entry("70756d702d37").await.unwrap().unwrap();
    bucket.update("70756d702d37", row.to_owned().into(), there.revision).await.unwrap();
}

pub(crate) fn numbers(stored: &[(String, u64, String)]) -> Vec<u64> {
    stored.iter().map(|(_, number, _)| *number).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_stored_in_their_order_and_the_next_session_begins_where_the_last_was_acknowledged() {
    let _watchdog = Watchdog::new();
    let Some(house) = House::new().await else { return };
    let sink = house.sink("east").await;
    let Begun { last: none, mut intake } = begins(&sink, run(1)).await;
    assert_eq!(none, None);
    let numbers_given: Vec<u64> = (1..=200).map(|number| number * 3).collect();
    gives(&mut *intake, numbers_given.iter().copied()).await;
    hears(&mut *intake, 600).await.unwrap();
    let stored = house.stored().await;
    assert_eq!(numbers(&stored), numbers_given);
    assert!(stored.iter().all(|(run, number, said)| run == "0101010101010101" && *said == text(*number)));
    for name in ["east", "west"] {
        let begun = begins(&house.sink(name).await, run(1)).await;
        assert_eq!(begun.last, Some(last(600)));
    }
    // Another device's are its own.
    assert_eq!(sink.begin("pump", run(1)).await.unwrap().last, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_stored_and_in_no_row_yet_is_known_to_the_next_session() {
    let _watchdog = Watchdog::new();
    let Some(house) = House::with(stream(|config| config.duplicate_window = SHORT)).await else { return };
    let cable = Cable::to(house.bed.nats.address()).await;
    let east = house.sink_by(&cable, "east").await;
    let mut begun = begins(&east, run(1)).await;
    gives(&mut *begun.intake, 1..=3).await;
    hears(&mut *begun.intake, 3).await.unwrap();
    forgets_in_its_row(&house, &format!("0101010101010101 2 {}", digest(2))).await;
    cable.cut();
    outlive(SHORT).await;
    let mut again = begins(&house.sink("west").await, run(1)).await;
    assert_eq!(again.last, Some(last(3)));
    // It is in the row before anybody hears of it: what is consumed now is not forgotten.
    let bucket = house.witness.get_key_value("test-numbers").await.unwrap();
    let row = bucket.get("70756d702d37").await.unwrap().unwrap();
    assert_eq!(row, format!("0101010101010101 3 {}", digest(3)));
    gives(&mut *again.intake, [4]).await;
    hears(&mut *again.intake, 4).await.unwrap();
    assert_eq!(numbers(&house.stored().await), [1, 2, 3, 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_older_of_two_sessions_stores_nothing_more_whatever_it_had_under_way_or_still_gives() {
    let _watchdog = Watchdog::new();
    let Some(house) = House::with(stream(|config| config.duplicate_window = SHORT)).await else { return };
    let cable = Cable::to(house.bed.nats.address()).await;
    let east = house.sink_by(&cable, "east").await;
    let mut older = begins(&east, run(1)).await;
    gives(&mut *older.intake, 1..=3).await;
    hears(&mut *older.intake, 3).await.unwrap();
    // Frozen: what it sends waits in the wire.
    cable.cut();
    gives(&mut *older.intake, 4..=9).await;
    let mut newer = begins(&house.sink("west").await, run(1)).await;
    assert_eq!(newer.last, Some(last(3)));
    gives(&mut *newer.intake, 4..=6).await;
    hears(&mut *newer.intake, 6).await.unwrap();
    outlive(SHORT).await;
    cable.heal();
    let moved = hears(&mut *older.intake, u64::MAX).await;
    assert_eq!(moved, Err(Unstored::Moved));
    assert_eq!(poll_fn(|context| older.intake.poll_ready(context)).await, Err(Unstored::Moved));
    gives(&mut *newer.intake, 7..=8).await;
    hears(&mut *newer.intake, 8).await.unwrap();
    assert_eq!(numbers(&house.stored().await), (1..=8).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_forgets_what_is_consumed_gets_nothing_twice_from_a_session_that_wakes_up() {
    let _watchdog = Watchdog::new();
    let queue = stream(|config| {
        config.retention = RetentionPolicy::WorkQueue;
        config.duplicate_window = SHORT;
    });
    let Some(house) = House::with(queue).await else { return };
    let cable = Cable::to(house.bed.nats.address()).await;
    let east = house.sink_by(&cable, "east").await;
    let mut older = begins(&east, run(1)).await;
    gives(&mut *older.intake, 1..=3).await;
    hears(&mut *older.intake, 3).await.unwrap();
    assert_eq!(house.consume(3).await, [1, 2, 3]);
    cable.cut();
    gives(&mut *older.intake, 4..=5).await;
    let mut newer = begins(&house.sink("west").await, run(1)).await;
    assert_eq!(newer.last, Some(last(3)), "the row has it, the stream does not");
    gives(&mut *newer.intake, 4..=5).await;
    hears(&mut *newer.intake, 5).await.unwrap();
    assert_eq!(house.consume(2).await, [4, 5]);
    outlive(SHORT).await;
    cable.heal();
    assert_eq!(hears(&mut *older.intake, u64::MAX).await, Err(Unstored::Moved));
    gives(&mut *newer.intake, [6]).await;
    hears(&mut *newer.intake, 6).await.unwrap();
    assert_eq!(house.consume(1).await, [6]);
    assert_eq!(numbers(&house.stored().await), Vec::<u64>::new());
    let begun = begins(&house.sink("west").await, run(1)).await;
    assert_eq!(begun.last, Some(last(6)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_was_consumed_before_its_row_was_written_is_not_stored_again_while_its_id_is_known() {
    let _watchdog = Watchdog::new();
    let queue = stream(|config| config.retention = RetentionPolicy::WorkQueue);
    let Some(house) = House::with(queue).await else { return };
    let east = house.sink("east").await;
    let mut begun = begins(&east, run(1)).await;
    gives(&mut *begun.intake, 1..=3).await;
    hears(&mut *begun.intake, 3).await.unwrap();
    forgets_in_its_row(&house, "0101010101010101 - -").await;
    assert_eq!(house.consume(3).await, [1, 2, 3]);
    let mut again = begins(&house.sink("west").await, run(1)).await;
    assert_eq!(again.last, None);
    gives(&mut *again.intake, 1..=4).await;
    hears(&mut *again.intake, 4).await.unwrap();
    assert_eq!(house.consume(1).await, [4]);
    assert_eq!(numbers(&house.stored().await), Vec::<u64>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_goes_on_when_nats_was_killed_or_the_wire_broke_in_the_middle() {
    let _watchdog = Watchdog::new();
    let Some(house) = House::with(stream(|config| config.duplicate_window = SHORT)).await else { return };
    goes_on_through_kills_and_cuts(house).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_marks_anew_where_all_that_it_stored_is_gone_and_another_that_was_there_is_not_forgotten() {
    let _watchdog = Watchdog::new();
    let Some(house) = House::new().await else { return };
    let [east, west] = [house.sink("east").await, house.sink("west").await];
    let up = house.witness.get_stream("test-up").await.unwrap();
    let mut begun = begins(&east, run(1)).await;
    gives(&mut *begun.intake, 1..=3).await;
    hears(&mut *begun.intake, 3).await.unwrap();
    up.purge().await.unwrap();
    gives(&mut *begun.intake, 4..=5).await;
    hears(&mut *begun.intake, 5).await.unwrap();
    assert_eq!(numbers(&house.stored().await), [4, 5]);
    let mut newer = begins(&west, run(1)).await;
    gives(&mut *newer.intake, 6..=7).await;
    hears(&mut *newer.intake, 7).await.unwrap();
    up.purge().await.unwrap();
    gives(&mut *begun.intake, [6]).await;
    assert_eq!(hears(&mut *begun.intake, 6).await, Err(Unstored::Moved));
    assert_eq!(numbers(&house.stored().await), Vec::<u64>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_replaced_is_never_taken_again_and_takes_nothing_from_who_stores() {
    let _watchdog = Watchdog::new();
    let Some(house) = House::new().await else { return };
    let sink = house.sink("east").await;
    // A device that was stolen says the highest number there is; its successor has new keys.
    let mut stolen = begins(&sink, run(0)).await;
    gives(&mut *stolen.intake, [u64::MAX]).await;
    hears(&mut *stolen.intake, u64::MAX).await.unwrap();
    let mut successor = begins(&sink, run(1)).await;
    assert_eq!(successor.last, None);
    gives(&mut *successor.intake, [1]).await;
    hears(&mut *successor.intake, 1).await.unwrap();
    let again = sink.begin(PUMP, run(0)).await.map(drop);
    assert_eq!(again, Err(Unstored::Replaced));
    gives(&mut *successor.intake, [2]).await;
    hears(&mut *successor.intake, 2).await.unwrap();
    // What is under way of a run that is replaced meanwhile is not acknowledged.
    gives(&mut *stolen.intake, []).await;
    for next in 2..=MOST_OLD_RUNS as u8 {
        assert_eq!(begins(&sink, run(next)).await.last, None, "{next}");
    }
    let more = sink.begin(PUMP, run(99)).await.map(drop);
    assert_eq!(more, Err(Unstored::TooManyRuns));
    let registrar = house.bed.registrar().await;
    assert_eq!(registrar.forget_old_runs(PUMP).await.unwrap(), Some(MOST_OLD_RUNS));
    assert_eq!(registrar.forget_old_runs("nobody").await.unwrap(), None);
    assert_eq!(begins(&sink, run(99)).await.last, None);
    gives(&mut *successor.intake, [3]).await;
    assert_eq!(hears(&mut *successor.intake, 3).await, Err(Unstored::Moved));
    assert_eq!(numbers(&house.stored().await), [u64::MAX, 1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_full_is_said_and_nothing_is_acknowledged() {
    let _watchdog = Watchdog::new();
    let Some(house) = House::with(stream(|config| config.max_messages = 4)).await else { return };
    let mut begun = begins(&house.sink("east").await, run(1)).await;
    gives(&mut *begun.intake, 1..=4).await;
    let heard = hears(&mut *begun.intake, 4).await;
    assert!(matches!(&heard, Err(Unstored::Failed(why)) if why.contains("maximum messages")), "{heard:?}");
    assert_eq!(numbers(&house.stored().await), [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_writes_a_row_over_anothers_is_told_and_one_whose_answer_was_lost_is_not() {
    let _watchdog = Watchdog::new();
    let Some(house) = House::bare().await else { return };
    let cable = Cable::to(house.bed.nats.address()).await;
    let near = NatsNumbers::open(&house.bed.access_by(&cable.url(), "east")).await.unwrap();
    let far = NatsNumbers::open(&house.bed.access("west")).await.unwrap();
    let mut older = near.begin(PUMP, run(1)).await.unwrap();
    older.write(last(1)).await.unwrap();
    // Broken in the middle of a write, wherever that is: it is written, and ours.
    for number in 2..=20 {
        let mut write = older.write(last(number));
        let broken = tokio::time::timeout(Duration::from_micros(number * 50), &mut write).await;
        if broken.is_err() {
            cable.reset();
            write.await.unwrap();
        }
    }
    let mut newer = far.begin(PUMP, run(1)).await.unwrap();
    assert_eq!(newer.last(), Some(last(20)));
    newer.write(last(21)).await.unwrap();
    assert_eq!(older.write(last(22)).await, Err(Unstored::Moved));
    assert_eq!(far.begin(PUMP, run(1)).await.unwrap().last(), Some(last(21)));
    far.begin(PUMP, run(2)).await.unwrap();
    assert_eq!(near.begin(PUMP, run(1)).await.map(drop), Err(Unstored::Replaced));
    assert_eq!(newer.write(last(22)).await, Err(Unstored::Moved));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_stream_takes_is_not_taken_for_stored() {
    let _watchdog = Watchdog::new();
    let Some(house) = House::with(stream(|config| config.name = "other".to_owned())).await else { return };
    house.witness.create_stream(stream(|config| config.subjects = vec!["x".to_owned()])).await.unwrap();
    let begun = house.sink("east").await.begin(PUMP, run(1)).await.map(drop);
    assert!(matches!(&begun, Err(Unstored::Failed(why)) if why.contains("other")), "{begun:?}");
}

fn digest(number: u64) -> String {
    last(number).digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Waits until the stream has forgotten all ids.
pub(crate) async fn outlive(window: Duration) {
    tokio::time::sleep(window * 3).await;
}

pub(crate) const SHORT: Duration = Duration::from_millis(200);
