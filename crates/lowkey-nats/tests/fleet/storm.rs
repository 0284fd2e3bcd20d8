//! Devices that come and go at two gateways, with what is under way left behind, while wires break and NATS is killed:
//! each message that was acknowledged is stored, once and in its order.

use crate::numbered::{House, SHORT, last, run, stream, text};
use lowkey_host::numbered::{Begun, Intake, Sink, Unstored};
use lowkey_nats::JetStreamSink;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use test_support::Watchdog;
use test_support::nats::Cable;
use test_support::random::Random;
use tokio::time::sleep;

#[tokio::test(flavor = "multi_thread")]
async fn what_devices_are_told_is_stored_once_and_in_order_whatever_breaks_meanwhile() {
    let watchdog = Watchdog::new();
    let mut random = Random::new();
    let Some(mut house) = House::with(stream(|config| config.duplicate_window = SHORT)).await else { return };
    let nats = house.bed.nats.address();
    let cables = [Cable::to(nats).await, Cable::to(nats).await];
    let sinks = [house.sink_by(&cables[0], "east").await, house.sink_by(&cables[1], "west").await];
    let sinks = Arc::new(sinks);
    let devices = (0..DEVICES).map(|n| {
        let (sinks, random) = (Arc::clone(&sinks), Random::from_seed(random.u64()));
        tokio::spawn(device(format!("device-{n}"), sinks, random))
    });
    let devices: Vec<_> = devices.collect();
    for round in 0.. {
        if devices.iter().all(tokio::task::JoinHandle::is_finished) {
            break;
        }
        watchdog.waits_for(format!("the devices, in round {round}"));
        let cable = &cables[random.below(2)];
        match random.below(6) {
            0 | 1 => cable.reset(),
            2 | 3 => {
                // For longer than the stream knows ids.
                cable.cut();
                sleep(SHORT * 2).await;
                cable.heal();
            }
            4 => {
                house.bed.nats.kill().await;
                house.bed.nats.resume().await;
            }
            _ => {
                house.bed.nats.freeze().await;
                sleep(SHORT).await;
                house.bed.nats.thaw().await;
            }
        }
        sleep(Duration::from_millis(random.below(400) as u64)).await;
    }
    for device in devices {
        device.await.unwrap();
    }
    let mut stored: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for (device, number) in house.stored_of_each().await {
        stored.entry(device).or_default().push(number);
    }
    assert_eq!(stored.len(), DEVICES);
    for (device, numbers) in stored {
        assert_eq!(numbers, (1..=EACH).collect::<Vec<_>>(), "{device}");
    }
}

/// Sends all its messages, in sessions that it leaves at any moment.
async fn device(name: String, sinks: Arc<[JetStreamSink; 2]>, mut random: Random) {
    let (mut acknowledged, mut highest) = (0, 0);
    let mut left = Vec::new();
    while acknowledged < EACH {
        let Begun { last: there, mut intake } = match sinks[random.below(2)].begin(&name, run(1)).await {
            Ok(begun) => begun,
            Err(Unstored::Failed(_)) => continue,
            Err(other) => panic!("{name}: {other}"),
        };
        let number = there.map_or(0, |there| there.number);
        assert!(number >= acknowledged && number <= highest, "{name}: {acknowledged} {number} {highest}");
        assert!(there.is_none_or(|there| there == last(number)), "{name}");
        acknowledged = number;
        let most = (acknowledged + 1 + random.below(100) as u64).min(EACH);
        let is_patient = random.below(2) == 0;
        let given = session(&mut *intake, &mut acknowledged, most, is_patient).await;
        highest = highest.max(given);
        if random.below(3) > 0 {
            left.push(intake); // its gateway has not heard that it is gone
        }
    }
}

/// Gives the messages up to `most`, and may wait for them. Gives the last that was given.
async fn session(intake: &mut dyn Intake, acknowledged: &mut u64, most: u64, is_patient: bool) -> u64 {
    let mut given = *acknowledged;
    poll_fn(|context| {
        while given < most {
            match intake.poll_ready(context) {
                Poll::Pending => break,
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Ready(Ok(())) => {
                    given += 1;
                    intake.take(given, text(given).into_bytes());
                }
            }
        }
        while let Poll::Ready(stored) = intake.poll_stored(context) {
            match stored {
                Ok(stored) => {
                    assert!(stored > *acknowledged && stored <= given);
                    *acknowledged = stored;
                }
                Err(_) => return Poll::Ready(()),
            }
        }
        let is_over = given == most && (!is_patient || *acknowledged == most);
        if is_over { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    given
}

const DEVICES: usize = 16;
const EACH: u64 = 200;
