//! §7 on a server: what a device numbers goes to a sink, and is acknowledged once that has stored it.

use crate::bench::{Bench, LINGER, RUN, number, outbox};
use lowkey_host::numbered::{Outbox, PushError, RunId, Unstored};
use lowkey_host::{ChannelError, Error, Event, Fault, Limits, NotStored, Observer, Reason, Untaken, connect};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use test_support::world::World;
use tokio::io::duplex;

/// Why sessions ended.
#[derive(Clone, Default)]
struct Ends(Arc<Mutex<Vec<Reason>>>);

impl Observer for Ends {
    fn observe(&self, event: &Event<'_>) {
        if let Event::Ended(ended) = event {
            self.0.lock().unwrap().push(ended.reason);
        }
    }
}

#[tokio::test]
async fn numbered_7_what_is_acknowledged_is_stored_once_and_in_order_over_cuts() {
    let bench = Bench::new();
    let mut outbox = outbox(2_000);
    let mut pushed = 0_u64;
    for round in 0..20 {
        let mut session = bench.begin(300).await;
        while let Ok(number) = outbox.push(format!("message {}", pushed + 1).as_bytes()) {
            pushed += 1;
            assert_eq!(number, self::number(pushed));
        }
        for _ in 0..round {
            session.device.send_outbox(&mut outbox).await.unwrap();
            if outbox.is_empty() {
                break;
            }
            session.device.recv_acks(&mut outbox).await.unwrap();
        }
        session.cut().await.unwrap_err(); // what is under way may be stored or not
    }
    let mut session = bench.begin(300).await;
    session.settle(&mut outbox).await.unwrap();
    session.device.close().await.unwrap();
    assert_eq!(session.device.recv().await.unwrap(), None);
    session.cut().await.unwrap();
    assert_eq!(bench.shelf.numbers(), (1..=pushed).map(number).collect::<Vec<_>>());
    let (stats, inner) = (bench.acceptor.stats(), bench.shelf.lock());
    assert!(inner.stored.iter().all(|(n, text)| *text == format!("message {}", n & 0xffff).into_bytes()));
    assert_eq!(stats.sessions_numbers, 0);
}

#[tokio::test]
async fn numbered_7_a_device_that_closes_is_told_before_our_close_and_so_when_the_server_stops() {
    for stops in [false, true] {
        let bench = Bench::new();
        let (mut session, mut outbox) = bench.opened(10_000).await;
        bench.shelf.change(|shelf| shelf.holds = true);
        for _ in 0..5 {
            outbox.push(b"last words").unwrap();
        }
        session.device.send_outbox(&mut outbox).await.unwrap();
        while bench.acceptor.stats().messages_taken < 5 {
            tokio::task::yield_now().await;
        }
        if stops {
            bench.acceptor.stop();
        } else {
            session.device.close().await.unwrap();
        }
        tokio::task::yield_now().await;
        bench.shelf.change(|shelf| shelf.holds = false);
        while session.device.recv_acks(&mut outbox).await.unwrap() {}
        assert!(outbox.is_empty(), "every ACK came before the CLOSE");
        assert_eq!(session.device.recv().await.unwrap(), None);
        session.cut().await.unwrap();
        let stats = bench.acceptor.stats();
        assert_eq!((stats.messages_taken, stats.messages_acknowledged), (5, 5));
    }
}

#[tokio::test(start_paused = true)]
async fn numbered_7_a_close_waits_for_what_is_not_stored_for_a_limited_time() {
    let bench = Bench::new();
    let (mut session, mut outbox) = bench.opened(10_000).await;
    bench.shelf.change(|shelf| shelf.holds = true);
    outbox.push(b"never stored").unwrap();
    session.device.send_outbox(&mut outbox).await.unwrap();
    session.device.close().await.unwrap();
    let began = tokio::time::Instant::now();
    assert!(!session.device.recv_acks(&mut outbox).await.unwrap());
    assert_eq!(session.device.recv().await.unwrap(), None);
    assert_eq!(began.elapsed().as_secs(), LINGER.as_secs());
    assert!(!outbox.is_empty());
    session.cut().await.unwrap();
}

#[tokio::test]
async fn numbered_7_what_cannot_be_stored_ends_the_session_without_an_ack() {
    for (fails, reason) in [
        (Unstored::Replaced, Reason::Backend(Fault::Numbers(Untaken::Replaced))),
        (Unstored::TooManyRuns, Reason::Backend(Fault::Numbers(Untaken::TooManyRuns))),
        (Unstored::Failed("the disk is full".to_owned()), Reason::Backend(Fault::NotStored)),
        (Unstored::Moved, Reason::Moved),
    ] {
        let (bench, ends) = (Bench::new(), Ends::default());
        bench.acceptor.observe(ends.clone());
        let (mut session, mut outbox) = bench.opened(10_000).await;
        outbox.push(b"x").unwrap();
        session.device.send_outbox(&mut outbox).await.unwrap();
        bench.shelf.change(|shelf| shelf.fails = Some(fails.clone()));
        let heard = session.device.recv_acks(&mut outbox).await;
        assert!(!matches!(heard, Ok(true)) || session.device.acks().up_to == Some(number(1)), "{fails}");
        let ended = session.cut().await;
        assert!(matches!(ended, Err(NotStored::Unstored(ref error)) if *error == fails), "{ended:?}");
        assert_eq!(ends.0.lock().unwrap().as_slice(), [reason]);
    }
}

#[tokio::test]
async fn numbered_7_a_run_that_was_replaced_is_not_taken_again() {
    let bench = Bench::new();
    let other = RunId::new(*b"another.");
    let runs = [(RUN, true), (other, true), (RUN, false), (other, true)];
    for (n, (run, is_taken)) in runs.into_iter().enumerate() {
        let mut limits = Limits::default();
        limits.run = Some(run);
        let mut session = bench.begin_with(10_000, &limits).await;
        let mut outbox = Outbox::new(vec![0; 2_000], run, n as u32 + 1);
        outbox.push(b"x").unwrap();
        assert_eq!(session.settle(&mut outbox).await.is_ok(), is_taken, "{n}");
        assert_eq!(outbox.is_empty(), is_taken);
        session.cut().await.unwrap_err();
    }
    assert_eq!(bench.shelf.lock().stored.len(), 3);
}

#[tokio::test]
async fn numbered_7_a_device_that_numbers_nothing_is_let_go_of_and_nothing_of_it_is_stored() {
    for sends in [false, true] {
        let bench = Bench::new();
        let mut session = if sends {
            let mut session = bench.begin(10_000).await;
            session.device.send(b"without a number").await.unwrap();
            session
        } else {
            bench.begin_with(10_000, &Limits::default()).await
        };
        assert_eq!(session.device.recv().await.unwrap(), None, "a CLOSE");
        assert!(matches!(session.cut().await, Err(NotStored::NotNumbered)));
        assert_eq!((bench.acceptor.stats().sessions_numbers, bench.shelf.lock().stored.len()), (1, 0));
    }
}

#[tokio::test]
async fn numbered_7_a_sink_that_takes_nothing_fills_the_outbox_and_nothing_else() {
    let bench = Bench::new();
    let (mut session, mut outbox) = bench.opened(400).await;
    bench.shelf.change(|shelf| shelf.holds = true);
    let mut pushed = 0;
    while outbox.push(&[7; 90]).is_ok() {
        pushed += 1;
    }
    assert_eq!(outbox.push(&[7; 90]), Err(PushError::Full));
    let blocked =
        tokio::time::timeout(Duration::from_millis(50), session.device.send_outbox(&mut outbox)).await;
    assert!(blocked.is_err(), "{pushed} messages do not fit into what is between");
    bench.shelf.change(|shelf| shelf.holds = false);
    session.settle(&mut outbox).await.unwrap();
    assert_eq!(bench.shelf.numbers(), (1..=pushed).map(number).collect::<Vec<_>>());
    session.cut().await.unwrap_err();
}

#[tokio::test]
async fn numbered_7_a_server_that_acknowledges_nothing_says_so_to_the_device() {
    let world = World::new();
    let acceptor = world.acceptor();
    let (near, far) = duplex(10_000);
    let mut limits = Limits::default();
    limits.run = Some(RUN);
    let device = connect(near, world.device().pinning(), &limits);
    let (device, session) = tokio::join!(device, acceptor.accept(far));
    let (mut device, mut session) = (device.unwrap(), session.unwrap());
    let mut outbox = outbox(100);
    outbox.push(b"x").unwrap();
    assert!(!device.acks().are_given);
    let sent = device.send_outbox(&mut outbox).await;
    assert!(matches!(sent, Err(Error::Channel(ChannelError::NotAcknowledged))));
    device.send(b"still there").await.unwrap();
    device.flush().await.unwrap();
    assert_eq!(session.recv().await.unwrap().as_deref(), Some(&b"still there"[..]));
    assert_eq!(session.number(), None);
}
