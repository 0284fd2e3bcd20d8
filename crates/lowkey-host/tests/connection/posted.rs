//! Messages to a device from outside of whoever holds its connection. The clock is one that tests move.

use lowkey_host::{Acceptor, Connection, NotSent, Received, echo};
use lowkey_transport::Part;
use std::task::Poll;
use std::time::Duration;
use test_support::world::changing::sweeping;
use test_support::world::{Raw, World, pattern};
use tokio::io::{DuplexStream, duplex};
use tokio::task::{JoinHandle, yield_now};
use tokio::time::{sleep, timeout};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

fn post(acceptor: &Acceptor, message: &[u8], within: Duration) -> JoinHandle<Result<Received, NotSent>> {
    let (acceptor, message) = (acceptor.clone(), message.to_vec());
    tokio::spawn(async move { acceptor.send("device-0", &message, within).await })
}

/// Receives for ever, as long as the connection lasts.
fn reading(mut connection: Connection<DuplexStream>) -> JoinHandle<Vec<Vec<u8>>> {
    tokio::spawn(async move {
        let mut all = Vec::new();
        while let Ok(Some(message)) = connection.recv().await {
            all.push(message);
        }
        all
    })
}

/// A device below its connection, and the session at the server.
async fn raw<'k>(
    world: &'k World,
    acceptor: &Acceptor,
    room: usize,
) -> (Raw<'k, DuplexStream>, Connection<DuplexStream>) {
    let (near, far) = duplex(room);
    let (raw, session) = tokio::join!(Raw::open(world.device(), near), acceptor.accept(far));
    (raw, session.unwrap())
}

/// The next message that comes to a device below its connection, whose PONGs do not leave by that.
async fn next(device: &mut Raw<'_, DuplexStream>) -> Vec<u8> {
    let mut whole = Vec::new();
    loop {
        if let Poll::Ready(part) = device.link.receive().unwrap() {
            let part = part.expect("no CLOSE");
            whole.extend_from_slice(device.link.take().unwrap().bytes);
            if part == Part::Last {
                return whole;
            }
        } else {
            device.read().await;
        }
    }
}

/// Reads until a PONG is owed.
async fn owes(device: &mut Raw<'_, DuplexStream>) {
    while device.link.unsent().unwrap().is_empty() {
        device.read().await;
        assert_eq!(device.link.receive().unwrap(), Poll::Pending);
    }
}

#[tokio::test(start_paused = true)]
async fn records_4_a_message_from_outside_is_received_once_the_device_has_read_up_to_the_ping_behind_it() {
    let world = World::new();
    let acceptor = world.acceptor();
    let (mut device, session) = raw(&world, &acceptor, 10_000).await;
    let _session = reading(session);
    let sent = post(&acceptor, b"open the valve", HOUR);
    assert_eq!(next(&mut device).await, b"open the valve");
    sleep(SECOND).await;
    assert!(!sent.is_finished(), "it has come, and nobody has said so");
    owes(&mut device).await;
    device.flush().await;
    assert_eq!(sent.await.unwrap().unwrap().after, SECOND);
}

#[tokio::test(start_paused = true)]
async fn messages_from_outside_arrive_in_order_and_the_application_s_own_are_whole() {
    let world = World::new();
    let acceptor = world.acceptor();
    let (mut device, mut session) = world.join_at(&acceptor, 0, 300).await;
    let serving = tokio::spawn(async move { echo(&mut session).await });
    let own: Vec<Vec<u8>> = (0..20).map(|n| pattern(n, 400 * n as usize + 1)).collect();
    let posting = async {
        for n in 0..20_u8 {
            let message = [b"from outside "[..].to_vec(), vec![n]].concat();
            acceptor.send("device-0", &message, HOUR).await.unwrap();
        }
    };
    let (mut echoed, mut outside) = (Vec::new(), Vec::new());
    let playing = async {
        for message in &own {
            device.send(message).await.unwrap();
            device.flush().await.unwrap();
            while echoed.last() != Some(message) {
                let received = device.recv().await.unwrap().unwrap();
                if received.starts_with(b"from outside ") { &mut outside } else { &mut echoed }
                    .push(received);
            }
        }
        while outside.len() < 20 {
            outside.push(device.recv().await.unwrap().unwrap());
        }
        let _ = timeout(SECOND, device.recv()).await; // the PONG of the last
    };
    tokio::join!(playing, posting);
    assert_eq!(echoed, own, "nothing lost, nothing twice, nothing cut");
    let numbers: Vec<u8> = outside.iter().map(|message| *message.last().unwrap()).collect();
    assert_eq!(numbers, (0..20).collect::<Vec<u8>>());
    assert!(!serving.is_finished());
}

#[tokio::test(start_paused = true)]
async fn a_message_from_outside_waits_for_the_end_of_one_that_is_half_sent() {
    let world = World::new();
    let acceptor = world.acceptor();
    let (mut device, mut session) = raw(&world, &acceptor, 100).await;
    let long = pattern(7, 30_000);
    let own = long.clone();
    let serving = tokio::spawn(async move {
        session.send(&own).await.unwrap();
        session.send(b"and this").await.unwrap();
        session.recv().await
    });
    yield_now().await;
    let sent = post(&acceptor, b"from outside", HOUR);
    assert_eq!(next(&mut device).await, long);
    let (one, two) = (next(&mut device).await, next(&mut device).await);
    let mut both = [one, two];
    both.sort();
    assert_eq!(both, [b"and this".to_vec(), b"from outside".to_vec()]);
    owes(&mut device).await;
    device.flush().await;
    sent.await.unwrap().unwrap();
    serving.abort();
}

#[tokio::test(start_paused = true)]
async fn what_is_gathered_goes_before_a_message_from_outside_and_is_no_part_of_it() {
    use tokio::io::AsyncWriteExt;
    let world = World::new();
    let acceptor = world.acceptor();
    let (device, mut session) = world.join_at(&acceptor, 0, 10_000).await;
    session.write_all(b"gathered").await.unwrap();
    let (device, sent) = (reading(device), post(&acceptor, b"from outside", HOUR));
    yield_now().await;
    let waiting = timeout(SECOND, session.recv()).await;
    assert!(waiting.is_err(), "{waiting:?}");
    sent.await.unwrap().unwrap();
    session.close().await.unwrap();
    assert_eq!(device.await.unwrap(), [b"gathered".to_vec(), b"from outside".to_vec()]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_without_a_session_or_beyond_one_record_or_while_many_wait() {
    let world = World::new();
    let acceptor = world.acceptor();
    assert_eq!(acceptor.send("device-0", b"x", HOUR).await, Err(NotSent::Offline));
    let (mut device, mut session) = world.join_at(&acceptor, 0, 100_000).await;
    let most = session.max_data();
    assert_eq!(acceptor.send("device-0", &vec![0; most + 1], HOUR).await, Err(NotSent::TooLong(most)));
    // Nobody drives the session.
    let waiting: Vec<_> = (0..8).map(|n| post(&acceptor, &[n], 2 * SECOND)).collect();
    yield_now().await;
    assert_eq!(acceptor.send("device-0", b"x", HOUR).await, Err(NotSent::Busy));
    for sent in waiting {
        assert_eq!(sent.await.unwrap(), Err(NotSent::NotInTime));
    }
    // And one whose caller has gone.
    assert!(timeout(SECOND, acceptor.send("device-0", b"gone", HOUR)).await.is_err());
    // What was said not to be sent is not, and there is room again.
    let sent = post(&acceptor, &vec![7; most], HOUR);
    let received = async { timeout(SECOND, device.recv()).await.unwrap().unwrap().unwrap() };
    let (received, quiet) = tokio::join!(received, timeout(2 * SECOND, session.recv()));
    assert!(received == vec![7; most] && quiet.is_err());
    tokio::select! {
        nothing = device.recv() => panic!("{nothing:?}"),
        nothing = session.recv() => panic!("{nothing:?}"),
        sent = sent => drop(sent.unwrap().unwrap()),
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_is_the_answer_to_its_own_message_only() {
    let world = World::new();
    let acceptor = world.acceptor();
    let (mut device, session) = raw(&world, &acceptor, 10_000).await;
    let _session = reading(session);
    let first = post(&acceptor, b"first", SECOND);
    assert_eq!(next(&mut device).await, b"first");
    owes(&mut device).await;
    assert_eq!(first.await.unwrap(), Err(NotSent::Unanswered));
    let second = post(&acceptor, b"second", HOUR);
    // The answer to the first comes when the second has left already.
    device.flush().await;
    assert_eq!(next(&mut device).await, b"second");
    owes(&mut device).await;
    sleep(SECOND).await;
    assert!(!second.is_finished(), "the PONG of the first is none of the second");
    device.flush().await;
    second.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_reads_is_waited_for_in_vain_and_costs_the_stream_nothing() {
    let world = World::new();
    let acceptor = world.acceptor();
    let (mut device, mut session) = world.join_at(&acceptor, 0, 10_000).await;
    let sent = post(&acceptor, b"from outside", SECOND);
    yield_now().await;
    session.send(b"own").await.unwrap(); // it writes, and does not read
    session.flush().await.unwrap();
    let mut received = vec![device.recv().await.unwrap().unwrap(), device.recv().await.unwrap().unwrap()];
    received.sort();
    assert_eq!(received, [b"from outside".to_vec(), b"own".to_vec()]);
    device.send(b"answer").await.unwrap();
    device.flush().await.unwrap();
    assert_eq!(sent.await.unwrap(), Err(NotSent::Unanswered));
    assert_eq!(session.recv().await.unwrap().unwrap(), b"answer");
    let (_session, device) = (reading(session), reading(device));
    acceptor.send("device-0", b"again", SECOND).await.unwrap();
    assert!(!device.is_finished());
}

#[tokio::test(start_paused = true)]
async fn a_silence_that_is_asked_about_and_an_application_that_asks_are_not_mixed_up_with_it() {
    let world = World::new();
    let acceptor = world.acceptor();
    let (mut device, mut session) = raw(&world, &acceptor, 10_000).await;
    sweeping(&acceptor);
    session.ping().await.unwrap();
    let _session = reading(session);
    let sent = post(&acceptor, b"from outside", 2 * world.limits.silence);
    // Its PING waits for the PONG of the application's, and the sweep's counts as asked.
    assert_eq!(next(&mut device).await, b"from outside");
    sleep(world.limits.silence + SECOND).await;
    assert!(!sent.is_finished());
    device.flush().await;
    owes(&mut device).await;
    sleep(SECOND).await;
    assert!(!sent.is_finished(), "that was the application's");
    device.flush().await;
    loop {
        // The sweep may ask as well, before or behind.
        if sent.is_finished() {
            break;
        }
        if timeout(SECOND, device.read()).await.is_ok() {
            assert_eq!(device.link.receive().unwrap(), Poll::Pending);
            device.flush().await;
        }
    }
    sent.await.unwrap().unwrap();
    assert_eq!(acceptor.stats().sessions, 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_when_the_session_ends_hears_whether_its_message_had_left() {
    let world = World::new();
    let acceptor = world.acceptor();
    for ends in 0..4 {
        let (mut device, session) = raw(&world, &acceptor, 10_000).await;
        let session = reading(session);
        let left = post(&acceptor, b"left", HOUR);
        assert_eq!(next(&mut device).await, b"left");
        owes(&mut device).await;
        let waits = post(&acceptor, b"waits", HOUR);
        yield_now().await;
        let mut newer = None;
        match ends {
            0 => newer = Some(world.join_at(&acceptor, 0, 1000).await),
            1 => assert!(acceptor.end_moved("device-0", acceptor.sessions()[0].number, None)),
            2 => drop(device),
            _ => session.abort(),
        }
        assert_eq!(left.await.unwrap(), Err(NotSent::Ended), "{ends}");
        assert_eq!(waits.await.unwrap(), Err(NotSent::Offline), "{ends}");
        drop(newer);
        session.abort();
    }
    // One that a handler holds and does not drive has ended all the same.
    let (_device, _held) = raw(&world, &acceptor, 10_000).await;
    let waits = post(&acceptor, b"waits", HOUR);
    yield_now().await;
    assert!(acceptor.end_moved("device-0", acceptor.sessions()[0].number, None));
    assert_eq!(waits.await.unwrap(), Err(NotSent::Offline));
}

#[tokio::test(start_paused = true)]
async fn behind_our_close_nothing_is_sent_and_what_had_left_is_still_answered() {
    let world = World::new();
    let acceptor = world.acceptor();
    let (mut device, session) = raw(&world, &acceptor, 10_000).await;
    let _session = reading(session);
    let left = post(&acceptor, b"left", HOUR);
    assert_eq!(next(&mut device).await, b"left");
    owes(&mut device).await;
    let waits = post(&acceptor, b"waits", HOUR);
    yield_now().await;
    acceptor.stop();
    assert_eq!(waits.await.unwrap(), Err(NotSent::Offline));
    assert_eq!(acceptor.send("device-0", b"late", HOUR).await, Err(NotSent::Offline));
    assert!(!left.is_finished());
    device.flush().await;
    left.await.unwrap().unwrap();
}
