//! Gateways speak for each other, and for nobody else.

use super::bed::{Bed, Gateway, until};
use super::held::until_held;
use async_nats::HeaderMap;
use lowkey_host::{Connection, NotSent, Received, echo};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use test_support::Watchdog;
use tokio::io::DuplexStream;

/// What a device has received.
type Messages = Arc<Mutex<Vec<Vec<u8>>>>;

/// Drives both ends of a session until it ends.
fn drive([mut device, mut server]: [Connection<DuplexStream>; 2]) -> Messages {
    let messages = Messages::default();
    let heard = Arc::clone(&messages);
    tokio::spawn(async move {
        let _ = echo(&mut server).await;
    });
    tokio::spawn(async move {
        while let Ok(Some(message)) = device.recv().await {
            heard.lock().unwrap().push(message);
        }
    });
    messages
}

const WITHIN: Duration = Duration::from_secs(8);

fn answers(gateway: &Gateway, text: &'static str) {
    gateway.registry.fleet().answer_by(move |asked| Box::pin(async move { format!("{text} to {asked}") }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_reaches_a_device_from_any_gateway_and_from_whoever_owns_the_registry() {
    let _watchdog = Watchdog::new();
    let Some(bed) = Bed::new().await else { return };
    let registrar = bed.with(&[2, 3]).await;
    let (a, b) = (bed.reading("a").await, bed.reading("b").await);
    let heard = drive(bed.comes(2, &a).await);
    until_held(2, &b, "a").await;
    b.registry.fleet().send("pump-2", b"from b", WITHIN).await.unwrap();
    // Whichever of the two takes that.
    for n in 0..10 {
        registrar.send("pump-2", &[n; 500], WITHIN).await.unwrap();
    }
    let all: Vec<Vec<u8>> = [b"from b".to_vec()].into_iter().chain((0..10).map(|n| vec![n; 500])).collect();
    until("all messages", || heard.lock().unwrap().len() == all.len()).await;
    assert_eq!(*heard.lock().unwrap(), all);
    let asked = Instant::now();
    assert_eq!(b.registry.fleet().send("pump-3", b"x", WITHIN).await, Err(NotSent::Offline));
    assert_eq!(registrar.send("pump-3", b"x", WITHIN).await, Err(NotSent::Offline));
    assert_eq!(registrar.send("nobody.*", b"x", WITHIN).await, Err(NotSent::Offline));
    assert!(asked.elapsed() < WITHIN, "it is said at once");
    let long = vec![0; 60_000];
    assert!(matches!(registrar.send("pump-2", &long, WITHIN).await, Err(NotSent::TooLong(_))));
    assert!(matches!(b.registry.fleet().send("pump-2", &long, WITHIN).await, Err(NotSent::TooLong(_))));
    // Gone without a goodbye: its lease stands, and once its tasks have ended nobody hears for it.
    drop(a);
    let brief = Duration::from_secs(1);
    until_offline(async || b.registry.fleet().send("pump-2", b"x", brief).await).await;
    drop(b);
    until_offline(async || registrar.send("pump-2", b"x", brief).await).await;
}

/// Waits until a device is said to be offline; what is asked in the last moment of a gateway is not answered.
async fn until_offline(send: impl AsyncFn() -> Result<Received, NotSent>) {
    loop {
        match send().await {
            Err(NotSent::Offline) => return,
            Err(NotSent::Unanswered | NotSent::Ended) => (),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_asks_all_others_and_says_who_does_not_answer() {
    let _watchdog = Watchdog::new();
    let Some(bed) = Bed::new().await else { return };
    let _registrar = bed.with(&[2]).await;
    let (a, b, c) = (bed.reading("a").await, bed.reading("b.*>").await, bed.reading("c").await);
    answers(&a, "a");
    answers(&b, "b");
    let long: &'static str = Box::leak("c".repeat(3 << 20).into_boxed_str());
    answers(&c, long);
    let fleet = a.registry.fleet();
    let others = || fleet.gateways().iter().filter(|peer| peer.is_there()).count();
    until("all are there", || others() == 3).await;
    let said = fleet.ask(|_| "/x".to_owned(), WITHIN).await;
    let expected = [("b.*>", "b to /x".to_owned()), ("c", format!("{long} to /x"))];
    assert_eq!(said, expected.map(|(name, text)| (name.to_owned(), Ok(text))));
    c.registry.say_goodbye().await;
    drop(b);
    until("c is gone", || others() == 2).await;
    let said = fleet.ask(|_| "/x".to_owned(), Duration::from_secs(1)).await;
    let [(name, Err(why))] = &said[..] else { panic!("{said:?}") };
    assert!(name == "b.*>" && why.starts_with("it does not answer"), "{why}");
}

/// Whoever has a gateway's credential of NATS, and not the server's key.
#[tokio::test(flavor = "multi_thread")]
async fn who_has_not_the_server_s_key_is_not_answered_and_sends_nothing() {
    let _watchdog = Watchdog::new();
    let Some(bed) = Bed::new().await else { return };
    let _registrar = bed.with(&[2]).await;
    let (a, b) = (bed.reading("a").await, bed.reading("b").await);
    answers(&a, "a");
    let heard = drive(bed.comes(2, &a).await);
    until_held(2, &b, "a").await;
    let client = async_nats::connect(bed.nats.url()).await.unwrap();
    let mut overheard = client.subscribe("test.ask.>").await.unwrap();
    client.flush().await.unwrap();
    b.registry.fleet().send("pump-2", b"a secret", WITHIN).await.unwrap();
    let question = futures_util::StreamExt::next(&mut overheard).await.unwrap();
    assert!(!question.payload.windows(6).any(|part| part == b"pump-2"), "what is asked is sealed");
    let mut answered = client.subscribe("_INBOX.thief").await.unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("Lowkey", "ask");
    let plain = r#"{"at":0,"device":"pump-2","hex":"00","milliseconds":1000}"#.into();
    for payload in [question.payload.clone(), plain, vec![0; 100].into(), vec![0; 500_000].into()] {
        let inbox = "_INBOX.thief".to_owned();
        client.publish_with_reply_and_headers("test.ask.61", inbox, headers.clone(), payload).await.unwrap();
    }
    // To a device's own subject: what has no header of ours, or one of NATS's own, is not for it.
    let mut stored = HeaderMap::new();
    stored.insert("Lowkey", "send");
    stored.insert("Nats-Stream", "KV_test-live");
    let subject = "test.to.70756d702d32";
    client.publish_with_reply(subject, "_INBOX.thief", "x".into()).await.unwrap();
    client.publish_with_reply_and_headers(subject, "_INBOX.thief", stored, "x".into()).await.unwrap();
    client.flush().await.unwrap();
    // What comes later is answered, and all that was before it was not.
    b.registry.fleet().send("pump-2", b"later", WITHIN).await.unwrap();
    until("both", || heard.lock().unwrap().len() == 2).await;
    assert_eq!(*heard.lock().unwrap(), [b"a secret".to_vec(), b"later".to_vec()]);
    assert!(
        tokio::time::timeout(Duration::ZERO, futures_util::StreamExt::next(&mut answered)).await.is_err()
    );
}

/// The names of where the client hears all else, its registry among that, are one sequence. Whoever has the credential
/// of a gateway that is asked could otherwise have things delivered there.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_asked_does_not_learn_where_a_gateway_hears_anything_else() {
    let _watchdog = Watchdog::new();
    let Some(bed) = Bed::new().await else { return };
    let _registrar = bed.with(&[2]).await;
    let (a, b) = (bed.reading("a").await, bed.reading("b").await);
    answers(&b, "b");
    let fleet = a.registry.fleet();
    until("both are there", || fleet.gateways().iter().filter(|peer| peer.is_there()).count() == 2).await;
    let client = async_nats::connect(bed.nats.url()).await.unwrap();
    let mut overheard = client.subscribe("test.ask.62").await.unwrap();
    client.flush().await.unwrap();
    let mut inboxes = Vec::new();
    for _ in 0..2 {
        assert_eq!(fleet.ask(|_| "/x".to_owned(), WITHIN).await.len(), 1);
        let question = futures_util::StreamExt::next(&mut overheard).await.unwrap();
        let inbox = question.reply.unwrap().to_string();
        inboxes.push(inbox.strip_prefix("_INBOX.61.").unwrap().to_owned());
    }
    // Names of one sequence begin alike.
    assert_ne!(inboxes[0][..12], inboxes[1][..12], "{inboxes:?}");
}

/// Devices that take nothing keep no message to another waiting, until nobody waits for its answer any more.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_does_not_wait_for_devices_that_take_nothing() {
    let _watchdog = Watchdog::new();
    let Some(bed) = Bed::new().await else { return };
    let devices: Vec<u8> = (2..100).collect();
    let registrar = bed.with(&devices).await;
    let a = bed.reading("a").await;
    answers(&a, "a");
    let heard = drive(bed.comes(2, &a).await);
    let client = async_nats::connect(bed.nats.url()).await.unwrap();
    let mut silent = Vec::new();
    for byte in 3..100 {
        silent.push(bed.comes(byte, &a).await);
        let mut headers = HeaderMap::new();
        headers.insert("Lowkey", "send");
        headers.insert("Lowkey-Seconds", "8");
        let name: String = format!("pump-{byte}").bytes().map(|byte| format!("{byte:02x}")).collect();
        let (subject, inbox) = (format!("test.to.{name}"), "_INBOX.nobody");
        client.publish_with_reply_and_headers(subject, inbox, headers, "x".into()).await.unwrap();
    }
    client.flush().await.unwrap();
    let brief = Duration::from_secs(3);
    registrar.send("pump-2", b"x", brief).await.unwrap();
    // Nor does what another gateway asks.
    let b = bed.reading("b").await;
    let fleet = b.registry.fleet();
    until_held(99, &b, "a").await;
    let sends = |byte: u8| {
        let fleet = fleet.clone();
        tokio::spawn(async move { fleet.send(&format!("pump-{byte}"), b"y", WITHIN).await })
    };
    let sent: Vec<_> = (3..100).map(sends).collect();
    tokio::time::sleep(Duration::from_millis(300)).await; // to be in the way, if they can be
    fleet.send("pump-2", b"y", brief).await.unwrap();
    let said = fleet.ask(|_| "/x".to_owned(), WITHIN).await;
    assert_eq!(said, [("a".to_owned(), Ok("a to /x".to_owned()))]);
    assert_eq!(*heard.lock().unwrap(), [b"x".to_vec(), b"y".to_vec()]);
    sent.iter().for_each(tokio::task::JoinHandle::abort);
}
