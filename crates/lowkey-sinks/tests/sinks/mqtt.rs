//! Messages as PUBLISH of QoS 1, before a broker that does what a test wants.

use crate::session::{Bench, Cut, Session, messages};
use lowkey_host::numbered::Rows;
use lowkey_sinks::{MqttSettings, MqttSink, SinkError, Unsubscribed};
use std::collections::{HashMap, HashSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use test_support::Random;
use test_support::stores::broker::{Broker, Published, Say};
use tokio::time::sleep;

impl Bench<MqttSettings> {
    pub(crate) fn try_sink(&self, url: &str) -> Result<MqttSink, SinkError> {
        MqttSink::new(url, self.rows(), self.aside.clone(), &self.settings)
    }

    fn sink(&self, broker: &Broker) -> MqttSink {
        self.try_sink(&broker.url()).unwrap()
    }
}

pub(crate) fn bench() -> Bench<MqttSettings> {
    Bench::new()
}

const YES: Say = Say::Ack(0, "");

/// The numbers of a device, each where it came first.
fn firsts<'p>(published: impl IntoIterator<Item = &'p Published>, device: &str) -> Vec<u64> {
    let mut firsts = vec![];
    for published in published.into_iter().filter(|published| published.device() == device) {
        if !firsts.contains(&published.number()) {
            firsts.push(published.number());
        }
    }
    firsts
}

/// Says this to each message where it comes first, and yes from then on.
fn once(
    says: impl Fn(&Published) -> Say + Send + Sync + 'static,
) -> impl Fn(&Published) -> Say + Send + Sync {
    let seen = Mutex::new(HashSet::new());
    move |published| {
        let is_first = seen.lock().unwrap().insert((published.device().to_owned(), published.number()));
        if is_first { says(published) } else { YES }
    }
}

#[tokio::test]
async fn a_message_is_a_publish_that_says_whose_it_is() {
    let broker = Broker::start(|_| YES).await;
    let bench = bench();
    let sink = bench.sink(&broker);
    let mut session = Session::begin(&sink, "pump-7").await.unwrap();
    session
        .send([((3 << 32) | 1, b"21.5 C".to_vec()), ((3 << 32) | 2, vec![]), (5 << 32, vec![0; 70_000])])
        .await
        .unwrap();
    let published = broker.published();
    let [first, second, third] = &published[..] else { panic!("{published:?}") };
    assert_eq!((&*first.topic, first.qos, &*first.payload), ("fleet/up/pump-7", 1, &b"21.5 C"[..]));
    assert_eq!(first.content_type, "application/octet-stream");
    let user = [("device", "pump-7"), ("run", "abababababababab"), ("number", "12884901889")];
    assert_eq!(first.user, user.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    assert_eq!((&*second.payload, second.number()), (&[][..], 12_884_901_890));
    assert_eq!((third.payload.len(), third.number()), (70_000, 21_474_836_480));
    assert!(published.iter().all(|published| published.connection == 0), "over one connection");
    let standing = sink.standing();
    assert_eq!((standing.taken, standing.again, standing.aside, standing.trouble), (3, 0, 0, None));
    drop((session, sink));
    let sink = bench.sink(&broker);
    assert_eq!(Session::begin(&sink, "pump-7").await.unwrap().acknowledged, 5 << 32);
    let [(first, None, None), ..] = &broker.logins()[..] else { panic!("{:?}", broker.logins()) };
    assert!(first.starts_with("lowkey-") && first.len() == 19, "{first}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_acknowledged_was_taken_in_order_whatever_the_broker_does() {
    let random = Mutex::new(Random::new());
    let broker = Broker::start(move |_| match random.lock().unwrap().below(40) {
        0..=3 => Say::Ack(0x97, "slowly"),
        4 => Say::Close,
        5 => Say::Nothing,
        6 => Say::Disconnect(0x89),
        7..20 => Say::AckSoon,
        _ => Say::Ack(0, "with a reason"),
    })
    .await;
    let mut bench = bench();
    bench.settings.timeout = Duration::from_millis(300);
    let sink = bench.sink(&broker);
    let devices = (0..10).map(|n| {
        let sink = sink.clone();
        tokio::spawn(async move {
            let device = format!("device-{n}");
            let mut next = 1;
            // A device that comes and goes: what was not acknowledged comes again.
            while next <= 10 {
                let mut session = Session::begin(&sink, &device).await.unwrap();
                next = session.acknowledged + 1;
                let cut = Duration::from_millis(500 + 37 * n);
                let _ = tokio::time::timeout(cut, session.send(messages(next..=10))).await;
                next = session.acknowledged + 1;
            }
        })
    });
    for device in Vec::from_iter(devices) {
        device.await.unwrap();
    }
    let published = broker.published();
    let mut payloads = HashMap::new();
    for published in &published {
        let key = (published.device(), published.number());
        assert_eq!(payloads.entry(key).or_insert(&published.payload), &&published.payload);
    }
    for n in 0..10 {
        let device = format!("device-{n}");
        assert_eq!(firsts(&published, &device), Vec::from_iter(1..=10), "{device}");
        assert_eq!(bench.rows.row(&device).await.unwrap().unwrap().last().unwrap().number, 10);
    }
    assert_eq!(bench.aside.amount().messages, 0);
}

#[tokio::test]
async fn a_message_whose_puback_is_lost_comes_again_over_another_connection() {
    let broker =
        Broker::start(once(|published| if published.number() == 2 { Say::Nothing } else { YES })).await;
    let mut bench = bench();
    bench.settings.timeout = Duration::from_secs(3); // for what is answered, too, and that comes once
    let sink = bench.sink(&broker);
    let mut session = Session::begin(&sink, "a").await.unwrap();
    session.send(messages(1..=3)).await.unwrap();
    let published = broker.published();
    let came = published.iter().map(|published| (published.number(), published.connection > 0));
    assert_eq!(came.collect::<Vec<_>>(), [(1, false), (2, false), (2, true), (3, true)]);
    assert_eq!((&published[1].user, &published[1].payload), (&published[2].user, &published[2].payload));
}

#[tokio::test]
async fn a_gateway_that_is_killed_between_puback_and_row_publishes_again_with_the_same_name() {
    let broker = Broker::start(|_| YES).await;
    let bench = bench();
    let rows: Arc<dyn Rows> = Arc::new(Cut(bench.rows.clone()));
    let killed = MqttSink::new(&broker.url(), rows, bench.aside.clone(), &bench.settings).unwrap();
    let mut session = Session::begin(&killed, "a").await.unwrap();
    tokio::select! {
        sent = session.send(messages([7])) => panic!("acknowledged without a row: {sent:?}"),
        () = broker.wait(1) => (),
    }
    drop((session, killed));
    let sink = bench.sink(&broker);
    Session::begin(&sink, "a").await.unwrap().send(messages([7, 8])).await.unwrap();
    let published = broker.published();
    assert_eq!(published.iter().map(Published::number).collect::<Vec<_>>(), [7, 7, 8]);
    assert_eq!((&published[0].user, &published[0].payload), (&published[1].user, &published[1].payload));
}

#[tokio::test]
async fn mqtt_3_4_2_1_reason_codes_say_what_becomes_of_a_message() {
    let codes = [0x83, 0x90, 0x99, 0x80, 0x87, 0x91, 0x97];
    let broker = Broker::start(once(move |published| match codes.get(published.number() as usize - 1) {
        Some(code) => Say::Ack(*code, "no such unit"),
        None => YES,
    }))
    .await;
    let bench = bench();
    let sink = bench.sink(&broker);
    let mut session = Session::begin(&sink, "a").await.unwrap();
    session.send(messages(1..=8)).await.unwrap();
    let aside = bench.aside.list(None, 10).await.unwrap();
    let aside: Vec<_> = aside.iter().map(|kept| (kept.number, kept.status, &*kept.why)).collect();
    assert_eq!(aside, [(1, 0x83, "no such unit"), (2, 0x90, "no such unit"), (3, 0x99, "no such unit")]);
    let taken = broker.published().into_iter().filter(|published| published.code == Some(0));
    assert_eq!(taken.map(|published| published.number()).collect::<Vec<_>>(), [4, 5, 6, 7, 8]);
    let standing = sink.standing();
    assert_eq!((standing.taken, standing.again, standing.aside), (5, 4, 3));
}

#[tokio::test]
async fn a_message_that_nobody_subscribes_to_waits_or_is_acknowledged_as_was_said() {
    let broker = Broker::start(once(|_| Say::Ack(0x10, ""))).await;
    let mut bench = bench();
    let sink = bench.sink(&broker);
    Session::begin(&sink, "a").await.unwrap().send(messages([1])).await.unwrap();
    assert_eq!((broker.published().len(), sink.standing().again), (2, 1));
    bench.settings.unsubscribed = Unsubscribed::Acknowledge;
    let sink = bench.sink(&broker);
    Session::begin(&sink, "b").await.unwrap().send(messages([1])).await.unwrap();
    assert_eq!((broker.published().len(), sink.standing().again), (3, 0));
}

#[tokio::test]
async fn a_message_that_a_broker_ends_connections_over_goes_alone_and_then_aside() {
    // One says how much it takes, the other ends the connection.
    let broker =
        Broker::start(|published| if published.payload.len() > 500 { Say::Disconnect(0x95) } else { YES })
            .await;
    let bench = bench();
    let sink = bench.sink(&broker);
    let mut bad = Session::begin(&sink, "bad").await.unwrap();
    let mut good = Session::begin(&sink, "good").await.unwrap();
    let long = vec![(1, vec![7; 501]), (2, b"short".to_vec())];
    let (sent, others) = tokio::join!(bad.send(long.clone()), good.send(messages(1..=50)));
    sent.unwrap();
    others.unwrap();
    assert_eq!(firsts(&broker.published(), "good"), Vec::from_iter(1..=50));

    broker.greet(Some((0, vec![0x27, 0, 0, 1, 0x90]))); // Maximum Packet Size: 400
    let sink = bench.sink(&broker);
    let before = broker.published().len();
    Session::begin(&sink, "too long").await.unwrap().send(long).await.unwrap();
    assert_eq!(broker.published().len(), before + 1);
    for device in ["bad", "too long"] {
        let aside = bench.aside.list(Some(device), 10).await.unwrap();
        let [kept] = &aside[..] else { panic!("{aside:?}") };
        assert_eq!((kept.number, kept.status, kept.bytes), (1, 0x95, 501), "{}", kept.why);
    }
}

#[tokio::test]
async fn a_message_that_a_broker_never_answers_keeps_no_others_from_going_on() {
    let broker =
        Broker::start(|published| if published.device() == "bad" { Say::Nothing } else { YES }).await;
    let mut bench = bench();
    bench.settings.timeout = Duration::from_millis(200);
    let sink = bench.sink(&broker);
    let mut bad = Session::begin(&sink, "bad").await.unwrap();
    let mut good = Session::begin(&sink, "good").await.unwrap();
    let others = async {
        // Three times it was under way with others, or alone.
        for number in 1.. {
            good.send(messages([number])).await.unwrap();
            if broker.published().iter().filter(|published| published.device() == "bad").count() >= 3 {
                return number;
            }
        }
        0
    };
    tokio::select! {
        sent = bad.send(messages([1])) => panic!("acknowledged: {sent:?}"),
        number = others => assert_eq!(firsts(&broker.published(), "good"), Vec::from_iter(1..=number)),
    }
    good.send(messages(1_000_000..1_000_050)).await.unwrap();
    assert_eq!(bench.aside.amount().messages, 0);
}

#[tokio::test]
async fn a_device_that_hangs_up_and_comes_again_ends_no_more_connections_than_one_that_stays() {
    let broker = Broker::start(|published| if published.device() == "bad" { Say::Close } else { YES }).await;
    let bench = bench();
    let sink = bench.sink(&broker);
    let waits = || async {
        let is_said = |why: &str| why.contains("of this device, which waits");
        while !sink.standing().trouble.is_some_and(|trouble| is_said(&trouble.why)) {
            sleep(Duration::from_millis(10)).await;
        }
    };
    // Each has a message over which the broker closes the connection, and hangs up. After the third it waits, for 8 s;
    // on a machine that takes longer than that over what follows, for twice as long, and so on.
    for n in 1.. {
        let mut bad = Session::begin(&sink, "bad").await.unwrap();
        tokio::select! {
            sent = bad.send(messages([n])) => panic!("acknowledged: {sent:?}"),
            () = broker.wait(n as usize) => assert!(n < 8, "{n} connections have ended"),
            () = waits() => break,
        }
    }
    // Of others it is no business.
    Session::begin(&sink, "good").await.unwrap().send(messages(1..=20)).await.unwrap();
    assert_eq!(firsts(&broker.published(), "good"), Vec::from_iter(1..=20));
}

#[tokio::test]
async fn a_device_may_be_called_anything() {
    let broker = Broker::start(|_| YES).await;
    let bench = bench();
    let sink = bench.sink(&broker);
    let names = ["a/b", "+", "#", "$SYS/x", "\u{202e}ü\u{1}\0", "%2F", ".."];
    for name in names {
        Session::begin(&sink, name).await.unwrap().send(messages([1])).await.unwrap();
    }
    let topics = ["a%2Fb", "%2B", "%23", "%24SYS%2Fx", "%E2%80%AE%C3%BC%01%00", "%252F", ".."];
    for (published, topic) in broker.published().iter().zip(topics) {
        assert_eq!((published.topic.strip_prefix("fleet/up/"), published.device()), (Some(topic), topic));
    }
}

#[tokio::test]
async fn mqtt_3_3_4_no_more_is_under_way_than_the_broker_takes() {
    let broker = Broker::start(|_| Say::AckSoon).await;
    broker.greet(Some((0, vec![0x21, 0, 3]))); // Receive Maximum
    let bench = bench();
    let sink = bench.sink(&broker);
    let devices = (0..12).map(|n| {
        let sink = sink.clone();
        tokio::spawn(async move {
            let mut session = Session::begin(&sink, &format!("device-{n}")).await.unwrap();
            session.send(messages(1..=3)).await.unwrap();
        })
    });
    for device in Vec::from_iter(devices) {
        device.await.unwrap();
    }
    assert!(*broker.most.lock().unwrap() <= 3);
    assert_eq!((broker.published().len(), sink.standing().again), (36, 0));
}

#[tokio::test]
async fn mqtt_3_1_2_10_a_broker_is_asked_whether_it_is_there_and_one_that_is_silent_is_left() {
    let broker = Broker::start(|_| YES).await;
    broker.greet(Some((0, vec![0x13, 0, 1]))); // Server Keep Alive: 1 s
    let mut bench = bench();
    bench.settings.timeout = Duration::from_millis(300);
    let sink = bench.sink(&broker);
    broker.wait_for_pings(3).await;
    broker.is_silent.store(true, Ordering::Relaxed);
    broker.wait_for_connections(2).await;
    while sink.standing().trouble.is_none() {
        sleep(Duration::from_millis(10)).await;
    }
    broker.is_silent.store(false, Ordering::Relaxed);
    // It answers again, which is seen though no device says anything.
    while sink.standing().trouble.is_some() {
        sleep(Duration::from_millis(10)).await;
    }
    Session::begin(&sink, "a").await.unwrap().send(messages([1])).await.unwrap();
}

#[tokio::test]
async fn a_message_of_a_session_that_has_ended_is_not_published_when_the_broker_comes_back() {
    let broker = Broker::start(|_| YES).await;
    broker.greet(Some((0x88, vec![]))); // server unavailable
    let bench = bench();
    let sink = bench.sink(&broker);
    let mut ended = Session::begin(&sink, "a").await.unwrap();
    tokio::select! {
        sent = ended.send(messages([1])) => panic!("acknowledged: {sent:?}"),
        () = broker.wait_for_connections(2) => (),
    }
    drop(ended);
    broker.greet(Some((0, vec![])));
    Session::begin(&sink, "a").await.unwrap().send([(2, b"newer".to_vec())]).await.unwrap();
    assert_eq!(broker.published().iter().map(Published::number).collect::<Vec<_>>(), [2]);
}

#[tokio::test]
async fn a_login_is_for_its_user_s_eyes_and_is_read_for_each_connection() {
    let broker = Broker::start(|_| YES).await;
    broker.greet(Some((0x86, vec![]))); // bad user name or password
    let mut bench = bench();
    let path = bench.secret("login", "gateway\nfirst-word\n");
    (bench.settings.login, bench.settings.client) = (Some(path.clone()), Some("gateway-1".to_owned()));
    let sink = bench.sink(&broker);
    let mut session = Session::begin(&sink, "a").await.unwrap();
    tokio::select! {
        sent = session.send(messages([1])) => panic!("acknowledged: {sent:?}"),
        () = broker.wait_for_connections(2) => (),
    }
    let standing = sink.standing();
    let why = &standing.trouble.as_ref().unwrap().why;
    assert!(why.contains("bad user name or password (0x86); `login` says who we are"), "{why}");
    assert!(!format!("{sink:?}{standing:?}{:?}", bench.settings).contains("first-word"));
    fs::write(&path, "gateway\nsecond word").unwrap();
    broker.greet(Some((0, vec![])));
    session.send([]).await.unwrap();
    let said = |word: &str| ("gateway-1".to_owned(), Some("gateway".to_owned()), Some(word.to_owned()));
    assert_eq!(
        (&broker.logins()[0], broker.logins().last()),
        (&said("first-word"), Some(&said("second word")))
    );

    let why = |path: &Path| {
        let settings = MqttSettings { login: Some(path.to_owned()), ..MqttSettings::default() };
        MqttSink::new(&broker.url(), bench.rows(), bench.aside.clone(), &settings).unwrap_err().to_string()
    };
    for text in ["", "\nword", "a\nb\nc"] {
        let said = why(&bench.secret("wrong", text));
        assert!(said.contains("it is not a line with a user name, and one with a password"), "{said}");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(why(&path).contains("mend that with: chmod 600"));
}

#[tokio::test]
async fn a_broker_that_never_answers_keeps_messages_in_the_device() {
    let broker = Broker::start(|_| YES).await;
    broker.greet(None);
    let mut bench = bench();
    bench.settings.timeout = Duration::from_millis(100);
    let sink = bench.sink(&broker);
    let mut session = Session::begin(&sink, "a").await.unwrap();
    tokio::select! {
        sent = session.send(messages(1..=100)) => panic!("acknowledged: {sent:?}"),
        () = broker.wait_for_connections(2) => (),
    }
    assert_eq!(session.waiting(), 100 - bench.settings.window.messages);
    assert_eq!(sink.standing().trouble.unwrap().why, "no answer within 0.1 s");
    broker.greet(Some((0, vec![])));
    session.send([]).await.unwrap();
    assert_eq!(firsts(&broker.published(), "a"), Vec::from_iter(1..=100));
}

#[test]
fn a_url_that_leads_where_it_must_not_is_an_error_that_says_how_to_write_it() {
    let bench = bench();
    let said = |url: &str| bench.try_sink(url).unwrap_err().to_string();
    assert_eq!(said("mqtt://10.0.0.1/"), "mqtt:// is not encrypted; write mqtts:// for another machine");
    assert_eq!(said("mqtts://u:p@a/"), "no password stands in a URL; name a file of credentials");
    for url in ["mqtt://localhost/a+b", "mqtt://localhost/$SYS", "mqtt://localhost?x"] {
        assert!(said(url).starts_with("the prefix of topics"), "{url}");
    }
}
