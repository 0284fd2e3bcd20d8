//! Numbered messages for devices: whichever gateway a device is at, it is given the same, in their order, and none
//! again that it has acknowledged.

use crate::bed::Bed;
use async_nats::jetstream::{self, Context};
use lowkey_host::numbered::{Last, NotGiven, Outlet, Source, message_digest};
use lowkey_nats::JetStreamSource;
use std::future::poll_fn;
use test_support::Watchdog;
use test_support::nats::Cable;

const PUMP: &str = "pump-7";

struct House {
    bed: Bed,
    service: Context,
}

impl House {
    async fn new() -> Option<Self> {
        let bed = Bed::new().await?;
        let registrar = bed.registrar().await;
        registrar.create(1).await.unwrap();
        registrar.create_down(1).await.unwrap();
        let service = jetstream::new(async_nats::connect(bed.nats.url()).await.unwrap());
        Some(Self { bed, service })
    }

    async fn source(&self, name: &str) -> JetStreamSource {
        let source = JetStreamSource::open(&self.bed.access(name), None).await.unwrap();
        source.seen().await;
        source
    }

    /// Sends a message to the pump; its number.
    async fn sends(&self, text: &str) -> u64 {
        self.sends_to(PUMP, text).await
    }

    async fn sends_to(&self, device: &str, text: &str) -> u64 {
        let token: String = device.bytes().map(|byte| format!("{byte:02x}")).collect();
        let sent = self.service.publish(format!("test.dn.{token}"), text.to_owned().into()).await.unwrap();
        sent.await.unwrap().sequence
    }

    /// Waits until a row says this of the pump.
    async fn recorded(&self, number: u64) {
        let bucket = self.service.get_key_value("test-numbers").await.unwrap();
        loop {
            let row = bucket.get("70756d702d37-down").await.unwrap().unwrap_or_default();
            if String::from_utf8_lossy(&row).contains(&format!(" {number} ")) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
}

async fn begins(source: &JetStreamSource, last: Option<Last>) -> Result<Box<dyn Outlet>, NotGiven> {
    source.begin(PUMP, source.run().unwrap(), last).await
}

async fn next(outlet: &mut dyn Outlet) -> Result<(u64, String), NotGiven> {
    let (number, message) = poll_fn(|context| outlet.poll_next(context)).await?;
    Ok((number, String::from_utf8(message).unwrap()))
}

fn last(number: u64, text: &str) -> Last {
    Last { number, digest: message_digest(number, [text.as_bytes(), b""]) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_given_what_it_has_not_acknowledged_by_whichever_gateway_and_what_comes_while_it_is_there()
 {
    let _watchdog = Watchdog::new();
    let Some(house) = House::new().await else { return };
    let [east, west] = [house.source("east").await, house.source("west").await];
    assert_eq!(east.run(), west.run());
    let first = house.sends("a").await;
    house.sends_to("other", "not for it").await;
    let second = house.sends("b").await;
    let mut at_east = begins(&east, None).await.unwrap();
    assert_eq!(next(&mut *at_east).await, Ok((first, "a".to_owned())));
    assert_eq!(next(&mut *at_east).await, Ok((second, "b".to_owned())));
    at_east.acknowledge(first);
    let third = house.sends("c").await;
    assert_eq!(next(&mut *at_east).await, Ok((third, "c".to_owned())));
    // It says that it has had the first, and then moves.
    let mut at_west = begins(&west, Some(last(first, "a"))).await.unwrap();
    for (number, text) in [(second, "b"), (third, "c")] {
        assert_eq!(next(&mut *at_west).await, Ok((number, text.to_owned())));
    }
    for n in 0..50 {
        let number = house.sends(&n.to_string()).await;
        assert_eq!(next(&mut *at_west).await, Ok((number, n.to_string())));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_has_forgotten_what_it_acknowledged_is_not_given_it_again() {
    let _watchdog = Watchdog::new();
    let Some(house) = House::new().await else { return };
    let east = house.source("east").await;
    let numbers = [house.sends("a").await, house.sends("b").await, house.sends("c").await];
    let mut outlet = begins(&east, None).await.unwrap();
    for _ in numbers {
        next(&mut *outlet).await.unwrap();
    }
    outlet.acknowledge(numbers[1]);
    drop(outlet);
    house.recorded(numbers[1]).await;
    let mut outlet = begins(&house.source("west").await, None).await.unwrap();
    assert_eq!(next(&mut *outlet).await, Ok((numbers[2], "c".to_owned())));
    // What it says in its first ACK is recorded as well.
    drop(begins(&east, Some(last(numbers[2], "c"))).await.unwrap());
    house.recorded(numbers[2]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_has_heard_what_is_not_there_is_given_nothing() {
    let _watchdog = Watchdog::new();
    let Some(house) = House::new().await else { return };
    let east = house.source("east").await;
    let number = house.sends("a").await;
    for has in [last(number, "b"), last(number + 1, "a"), last(u64::MAX, "a")] {
        assert_eq!(begins(&east, Some(has)).await.map(drop), Err(NotGiven::WentBack), "{has:?}");
    }
    begins(&east, Some(last(number, "a"))).await.map(drop).unwrap();
    // What has been dropped can be any.
    house.service.get_stream("test-dn").await.unwrap().purge().await.unwrap();
    begins(&east, Some(last(number, "b"))).await.map(drop).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_made_anew_is_another_run_and_nothing_of_it_is_given_under_the_old_one() {
    let _watchdog = Watchdog::new();
    let Some(house) = House::new().await else { return };
    let east = house.source("east").await;
    let before = east.run().unwrap();
    let number = house.sends("a").await;
    let mut outlet = begins(&east, None).await.unwrap();
    next(&mut *outlet).await.unwrap();
    outlet.acknowledge(number);
    house.recorded(number).await;
    house.service.delete_stream("test-dn").await.unwrap();
    house.bed.registrar().await.create_down(1).await.unwrap();
    assert_eq!(next(&mut *outlet).await, Err(NotGiven::AnotherRun));
    assert_eq!(next(&mut *outlet).await, Err(NotGiven::AnotherRun));
    assert_ne!(east.run(), Some(before));
    assert_eq!(east.begin(PUMP, before, None).await.map(drop), Err(NotGiven::AnotherRun));
    // Its numbers begin anew.
    assert_eq!(house.sends("b").await, number);
    let mut outlet = begins(&east, None).await.unwrap();
    assert_eq!(next(&mut *outlet).await, Ok((number, "b".to_owned())));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_given_what_was_sent_while_its_gateway_was_cut_off_or_nats_away() {
    let _watchdog = Watchdog::new();
    let Some(mut house) = House::new().await else { return };
    let cable = Cable::to(house.bed.nats.address()).await;
    let east = JetStreamSource::open(&house.bed.access_by(&cable.url(), "east"), None).await.unwrap();
    east.seen().await;
    let mut outlet = begins(&east, None).await.unwrap();
    let first = house.sends("a").await;
    assert_eq!(next(&mut *outlet).await, Ok((first, "a".to_owned())));
    cable.cut();
    cable.reset();
    let second = house.sends("b").await;
    cable.heal();
    assert_eq!(next(&mut *outlet).await, Ok((second, "b".to_owned())));
    outlet.acknowledge(second);
    house.bed.nats.kill().await;
    house.bed.nats.resume().await;
    house.service = jetstream::new(async_nats::connect(house.bed.nats.url()).await.unwrap());
    let third = house.sends("c").await;
    assert_eq!(next(&mut *outlet).await, Ok((third, "c".to_owned())));
    outlet.acknowledge(third);
    house.recorded(third).await;
}
