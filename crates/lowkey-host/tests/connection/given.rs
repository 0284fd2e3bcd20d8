//! §7 on a server: what is for a device is given to it until it has acknowledged that.

use crate::bench::{Bench, RUN, number, outbox};
use lowkey_host::numbered::{Last, message_digest};
use std::time::Duration;

#[tokio::test]
async fn numbered_7_what_is_for_a_device_comes_until_it_says_that_it_has_it_whatever_its_length() {
    let (bench, post) = Bench::with_post();
    let texts: Vec<Vec<u8>> = [3, 0, 5_000, 700, 65_535].map(|len| vec![7; len]).to_vec();
    for (n, text) in texts.iter().enumerate() {
        post.add(10 * (n as u64 + 1), text);
    }
    // What it has, kept where the application chooses.
    let mut last = None;
    for (n, text) in texts.iter().enumerate() {
        let mut session = bench.begin(3_000).await;
        assert_eq!(session.device.acks().peer_run, Some(RUN));
        session.device.open_acks(last).unwrap();
        let message = session.device.recv().await.unwrap().unwrap();
        let number = session.device.number().unwrap();
        assert_eq!((number, &message), (10 * (n as u64 + 1), text));
        if n == 0 {
            // One that was not acknowledged comes again.
            session.cut().await.unwrap_err();
            session = bench.begin(3_000).await;
            session.device.open_acks(last).unwrap();
            session.device.recv().await.unwrap().unwrap();
            assert_eq!(session.device.number(), Some(10));
        } else {
            session.device.acknowledge(number).unwrap();
            session.device.flush().await.unwrap();
            post.until_acknowledged(number).await;
        }
        session.cut().await.unwrap_err();
        last = Some(Last { number, digest: message_digest(number, [&message, b""]) });
    }
}

#[tokio::test]
async fn numbered_7_both_directions_are_full_and_neither_waits_for_the_other() {
    let (bench, post) = Bench::with_post();
    for n in 1..=300 {
        post.add(n, &[9; 150]);
    }
    // Smaller than what either side has to say.
    let mut session = bench.begin(200).await;
    let device = &mut session.device;
    device.open_acks(None).unwrap();
    let (mut outbox, mut pushed, mut heard) = (outbox(3_000), 0, 0);
    while heard < 300 || !outbox.is_empty() {
        while pushed < 300 && outbox.push(&[8; 150]).is_ok() {
            pushed += 1;
        }
        if !outbox.is_empty() {
            let _what_is_not_taken_now_goes_with_the_next =
                tokio::time::timeout(Duration::from_millis(1), device.send_outbox(&mut outbox)).await;
        }
        if !device.recv_acks(&mut outbox).await.unwrap() {
            device.recv().await.unwrap().unwrap();
            heard = device.number().unwrap();
            device.acknowledge(heard).unwrap();
        }
    }
    device.flush().await.unwrap();
    post.until_acknowledged(300).await;
    assert_eq!(bench.shelf.numbers(), (1..=300).map(number).collect::<Vec<_>>());
    session.cut().await.unwrap_err();
}

/// What is behind and the device do not fit together: that is said, and the other direction goes on.
#[tokio::test]
async fn numbered_7_a_source_that_gives_nothing_leaves_the_session_as_it_is() {
    let (bench, post) = Bench::with_post();
    post.add(1, b"not for this one");
    let mut session = bench.begin(3_000).await;
    session.device.open_acks(Some(Last { number: 5_000, digest: [1; 8] })).unwrap();
    let mut outbox = outbox(100);
    outbox.push(b"up").unwrap();
    session.settle(&mut outbox).await.unwrap();
    assert_eq!(bench.shelf.numbers(), [number(1)]);
    session.cut().await.unwrap_err();
}

/// No record of §7 carries it to the device: nothing behind it is given either, and the other direction goes on.
#[tokio::test]
async fn numbered_7_a_message_that_is_too_long_to_be_given_holds_up_nothing_that_is_stored() {
    let (bench, post) = Bench::with_post();
    post.add(1, b"short");
    post.add(2, &[7; 65_536]);
    post.add(3, b"behind it");
    let mut session = bench.begin(3_000).await;
    session.device.open_acks(None).unwrap();
    assert_eq!(session.device.recv().await.unwrap().as_deref(), Some(&b"short"[..]));
    let mut outbox = outbox(100);
    outbox.push(b"up").unwrap();
    session.settle(&mut outbox).await.unwrap();
    assert_eq!(bench.shelf.numbers(), [number(1)]);
    session.cut().await.unwrap_err();
}
