//! Messages as POSTs.

use crate::session::{Bench, Cut, RUN, Session, messages};
use lowkey_host::numbered::{Rows, Unstored};
use lowkey_sinks::{Bounds, Cleartext, HttpSettings, HttpSink, SinkError, Tls, Window};
use std::collections::{HashMap, HashSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use test_support::Random;
use test_support::stores::web::{Post, Reply, Web};
use tokio::io::AsyncReadExt;
use tokio::net::TcpSocket;
use tokio::time::sleep;

impl Bench<HttpSettings> {
    fn try_sink(&self, url: &str) -> Result<HttpSink, SinkError> {
        HttpSink::new(url, self.rows(), self.aside.clone(), &self.settings)
    }

    fn sink(&self, web: &Web) -> HttpSink {
        self.try_sink(&web.url()).unwrap()
    }
}

fn bench() -> Bench<HttpSettings> {
    Bench::new()
}

fn taken(posts: &[Post], device: &str) -> Vec<u64> {
    let of = posts.iter().filter(|post| post.device() == device && (200..300).contains(&post.status));
    of.map(Post::number).collect()
}

/// Says this to the first of each message, and yes from then on.
fn once(
    says: impl Fn(&Post) -> Option<Reply> + Send + Sync + 'static,
) -> impl Fn(&Post) -> Reply + Send + Sync {
    let seen = Mutex::new(HashSet::new());
    move |post| {
        let is_first = seen.lock().unwrap().insert(post.key().to_owned());
        is_first.then(|| says(post)).flatten().unwrap_or(Reply::status(204))
    }
}

#[tokio::test]
async fn a_message_is_a_post_that_says_whose_it_is() {
    let web = Web::start(|_| Reply::status(200)).await;
    let bench = bench();
    let sink = bench.sink(&web);
    let mut session = Session::begin(&sink, "pump-7").await.unwrap();
    assert_eq!(session.last, None);
    session
        .send([((3 << 32) | 1, b"21.5 C".to_vec()), ((3 << 32) | 2, vec![]), (5 << 32, vec![0; 70_000])])
        .await
        .unwrap();
    let posts = web.posts();
    let [first, second, third] = &posts[..] else { panic!("{posts:?}") };
    assert_eq!(first.line, "POST /in?of=devices HTTP/1.1");
    assert_eq!(first.headers["host"], web.address.to_string());
    assert_eq!(first.headers["content-type"], "application/octet-stream");
    assert_eq!(first.headers["lowkey-device"], "pump-7");
    assert_eq!(first.headers["lowkey-run"], "abababababababab");
    assert_eq!(first.headers["lowkey-number"], "12884901889");
    assert_eq!(first.key(), "\"70756d702d37:abababababababab:12884901889\"");
    assert_eq!(first.body, b"21.5 C");
    assert_eq!((&*second.body, second.number()), (&[][..], 12_884_901_890));
    assert_eq!((third.body.len(), third.number()), (70_000, 21_474_836_480));
    assert!(posts.iter().all(|post| post.connection == 0), "over one connection");
    drop(session);
    // The next one begins where this one ended.
    let session = Session::begin(&sink, "pump-7").await.unwrap();
    assert_eq!(session.acknowledged, 5 << 32);
    let standing = sink.standing();
    assert_eq!((standing.taken, standing.again, standing.aside, standing.trouble), (3, 0, 0, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_acknowledged_was_taken_in_order_whatever_the_server_does() {
    let random = Mutex::new(Random::new());
    let web = Web::start(move |_| match random.lock().unwrap().below(8) {
        0 => Reply::status(503),
        1 => Reply::Say(429, "Retry-After: 0\r\n".into(), "slowly".into()),
        2 => Reply::Break,
        3 => Reply::SayAndEnd(200),
        4 => Reply::Hang,
        _ => Reply::status(202),
    })
    .await;
    let mut bench = bench();
    (bench.settings.timeout, bench.settings.connections) = (Duration::from_millis(200), 8);
    let sink = bench.sink(&web);
    let devices = (0..10).map(|n| {
        let sink = sink.clone();
        tokio::spawn(async move {
            let device = format!("device {n}");
            let mut next = 1;
            // A device that comes and goes: what was not acknowledged comes again.
            while next <= 10 {
                let mut session = Session::begin(&sink, &device).await.unwrap();
                next = session.acknowledged + 1;
                let cut = Duration::from_millis(300 + 37 * n);
                let _ = tokio::time::timeout(cut, session.send(messages(next..=10))).await;
                next = session.acknowledged + 1;
            }
        })
    });
    for device in Vec::from_iter(devices) {
        device.await.unwrap();
    }
    let posts = web.posts();
    let mut bodies = HashMap::new();
    for post in &posts {
        assert_eq!(bodies.entry(post.key()).or_insert(&post.body), &&post.body, "one key, one message");
    }
    assert_eq!(bodies.len(), 100);
    for n in 0..10 {
        let device = format!("device {n}");
        let taken = taken(&posts, &device);
        let mut firsts = vec![];
        taken.iter().for_each(|number| {
            if !firsts.contains(number) {
                firsts.push(*number);
            }
        });
        assert_eq!(firsts, Vec::from_iter(1..=10), "{device}: {taken:?}");
        assert_eq!(bench.rows.row(&device).await.unwrap().unwrap().last().unwrap().number, 10);
    }
    assert_eq!(bench.aside.amount().messages, 0);
}

#[tokio::test]
async fn a_gateway_that_is_killed_between_post_and_row_posts_again_with_the_same_key() {
    let web = Web::start(|_| Reply::status(201)).await;
    let bench = bench();
    let rows: Arc<dyn Rows> = Arc::new(Cut(bench.rows.clone()));
    let killed = HttpSink::new(&web.url(), rows, bench.aside.clone(), &bench.settings).unwrap();
    let mut session = Session::begin(&killed, "a").await.unwrap();
    {
        let send = session.send(messages([7]));
        tokio::select! {
            sent = send => panic!("acknowledged without a row: {sent:?}"),
            () = web.wait(1) => (),
        }
    }
    drop((session, killed));
    let sink = bench.sink(&web);
    let mut session = Session::begin(&sink, "a").await.unwrap();
    assert_eq!(session.last, None, "its row was not written");
    session.send(messages([7, 8])).await.unwrap();
    let posts = web.posts();
    assert_eq!(posts.iter().map(Post::number).collect::<Vec<_>>(), [7, 7, 8]);
    assert_eq!((posts[0].key(), &posts[0].body), (posts[1].key(), &posts[1].body));
    assert_ne!(posts[1].key(), posts[2].key());
}

#[tokio::test]
async fn what_the_server_says_is_wrong_with_a_message_sets_that_message_aside() {
    let refusals = [400, 413, 415, 422];
    let web = Web::start(move |post| match refusals.get(post.number() as usize - 1) {
        Some(status) => Reply::Say(*status, String::new(), "\nno such \u{1b}[2J unit\nsecond line".into()),
        None => Reply::status(200),
    })
    .await;
    let bench = bench();
    let sink = bench.sink(&web);
    let mut session = Session::begin(&sink, "a\u{202e}b").await.unwrap();
    session.send(messages(1..=5)).await.unwrap();
    assert_eq!(session.acknowledged, 5);
    let aside = bench.aside.list(None, 10).await.unwrap();
    let of = |n: usize| {
        (aside[n].device.as_str(), aside[n].run, aside[n].number, aside[n].status, aside[n].why.as_str())
    };
    for (n, status) in refusals.into_iter().enumerate() {
        assert_eq!(of(n), ("a\u{202e}b", RUN, n as u64 + 1, status, r"no such \u{1b}[2J unit"));
    }
    assert_eq!(bench.aside.message("a\u{202e}b", RUN, 2).await.unwrap().unwrap(), b"message 2");
    let standing = sink.standing();
    assert_eq!((standing.taken, standing.again, standing.aside), (1, 0, 4));
}

#[tokio::test]
async fn where_there_is_no_room_aside_nothing_is_lost_and_only_that_device_waits() {
    let web = Web::start(|post| Reply::status(if post.device() == "bad" { 400 } else { 200 })).await;
    let bench = Bench::<HttpSettings>::bounded(Bounds { device_messages: 2, ..Bounds::default() });
    let sink = bench.sink(&web);
    let mut bad = Session::begin(&sink, "bad").await.unwrap();
    let mut good = Session::begin(&sink, "good").await.unwrap();
    bad.send(messages(1..=2)).await.unwrap();
    {
        let stuck = bad.send(messages([3]));
        tokio::select! {
            sent = stuck => panic!("acknowledged, and nowhere: {sent:?}"),
            () = web.wait(5) => (), // two were set aside, and the third was offered again
        }
    }
    good.send(messages(1..=3)).await.unwrap();
    let why = format!("{:?}", sink.standing());
    assert!(why.contains("trouble: None"), "others go on: {why}");
    // A person takes one out, and the device goes on by itself.
    assert!(bench.aside.remove("bad", RUN, 1).await.unwrap());
    bad.send([]).await.unwrap();
    assert_eq!(bad.acknowledged, 3);
    let kept = bench.aside.list(Some("bad"), 10).await.unwrap();
    assert_eq!(kept.iter().map(|kept| kept.number).collect::<Vec<_>>(), [2, 3]);
}

#[tokio::test]
async fn what_may_be_the_url_s_or_the_credential_s_fault_throws_nothing_away() {
    let statuses =
        [100 + 301, 403, 404, 405, 407, 408, 409, 410, 425, 429, 301, 302, 307, 308, 500, 501, 502, 504];
    let web = Web::start(once(move |post| {
        let status = statuses[post.number() as usize % statuses.len()];
        Some(Reply::Say(status, "Location: http://127.0.0.1:1/\r\n".into(), String::new()))
    }))
    .await;
    let bench = bench();
    let sink = bench.sink(&web);
    let devices = (0..statuses.len() as u64).map(|n| {
        let sink = sink.clone();
        tokio::spawn(async move {
            let mut session = Session::begin(&sink, &format!("device {n}")).await.unwrap();
            session.send(messages([n + 18])).await.unwrap();
        })
    });
    for device in Vec::from_iter(devices) {
        device.await.unwrap();
    }
    assert_eq!(web.posts().len(), 2 * statuses.len());
    let standing = sink.standing();
    assert_eq!((standing.taken, standing.again, standing.aside), (18, 18, 0));
}

#[tokio::test]
async fn a_server_that_never_answers_keeps_messages_in_the_device() {
    let web = Web::start(|post| if post.device() == "a" { Reply::Hang } else { Reply::status(200) }).await;
    let mut bench = bench();
    bench.settings.timeout = Duration::from_millis(100);
    bench.settings.window = Window { messages: 3, bytes: 1_000 };
    let sink = bench.sink(&web);
    let mut session = Session::begin(&sink, "a").await.unwrap();
    tokio::select! {
        sent = session.send(messages(1..=100)) => panic!("acknowledged: {sent:?}"),
        () = web.wait(3) => (),
    }
    assert_eq!(session.waiting(), 97, "the window is full, and the device keeps the rest");
    assert!(web.posts().iter().all(|post| post.number() == 1), "one at a time, in order");
    let why = sink.standing().trouble.unwrap().why;
    assert_eq!(why, "no answer within 0.1 s");
    // A window that is full of bytes is full.
    let mut long = Session::begin(&sink, "a").await.unwrap();
    tokio::select! {
        sent = long.send((1..=9).map(|number| (number, vec![0; 600]))) => panic!("acknowledged: {sent:?}"),
        () = web.wait(6) => (),
    }
    assert_eq!(long.waiting(), 7);
    // Of others it is no business.
    Session::begin(&sink, "b").await.unwrap().send(messages(1..=20)).await.unwrap();
}

#[tokio::test]
async fn of_a_session_that_has_ended_nothing_is_kept_before_a_server_that_reads_no_more() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(64 * 1024).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let server = socket.listen(16).unwrap();
    let bench = bench();
    let sink = bench.try_sink(&format!("http://{}/", server.local_addr().unwrap())).unwrap();
    // More than the buffers of both sides take.
    let message = vec![7; 64 << 20];
    let mut session = Session::begin(&sink, "a").await.unwrap();
    let mut frozen = tokio::select! {
        sent = session.send([(1, message.clone())]) => panic!("acknowledged: {sent:?}"),
        accepted = async {
            let mut stream = server.accept().await.unwrap().0;
            stream.read_u8().await.unwrap();
            stream
        } => accepted,
    };
    drop(session);
    // What is in those buffers may still come, and then it ends.
    let (mut came, mut some) = (1, vec![0; 1 << 20]);
    while let Ok(len @ 1..) = frozen.read(&mut some).await {
        came += len;
    }
    assert!(came < message.len(), "{came} bytes of it were sent");
}

#[tokio::test]
async fn a_device_may_be_called_anything() {
    let web = Web::start(|_| Reply::status(200)).await;
    let bench = bench();
    let sink = bench.sink(&web);
    let names = [
        "x\r\nAuthorization: Bearer y",
        "a/../b?c#d",
        "\u{202e}ü泵",
        "\"quoted\":1",
        "%41",
        " ",
        &"n".repeat(1_000),
    ];
    for name in names {
        Session::begin(&sink, name).await.unwrap().send(messages([1])).await.unwrap();
    }
    let posts = web.posts();
    assert_eq!(posts.iter().map(Post::device).collect::<Vec<_>>(), names);
    for post in &posts {
        assert!(!post.headers.contains_key("authorization"));
        assert_eq!(post.line, "POST /in?of=devices HTTP/1.1");
    }
    assert_eq!(HashSet::<&str>::from_iter(posts.iter().map(Post::key)).len(), names.len());
    let too_long = Session::begin(&sink, &"n".repeat(1_001)).await.err();
    assert_eq!(too_long, Some(Unstored::Failed("its name is longer than 1000 bytes".to_owned())));
}

#[tokio::test]
async fn a_session_whose_row_another_has_posts_no_more() {
    let web = Web::start(|_| Reply::status(200)).await;
    let bench = bench();
    let sink = bench.sink(&web);
    let mut older = Session::begin(&sink, "a").await.unwrap();
    older.send(messages([1])).await.unwrap();
    let mut newer = Session::begin(&sink, "a").await.unwrap();
    assert_eq!(newer.acknowledged, 1);
    assert_eq!(older.send(messages(2..=9)).await, Err(Unstored::Moved));
    assert_eq!(older.acknowledged, 1);
    newer.send(messages(2..=3)).await.unwrap();
    assert_eq!(older.send(messages(10..=20)).await, Err(Unstored::Moved));
    // One was in the row when it said so, and the one behind it at the server.
    let posts = web.posts();
    assert!(posts.len() <= 5, "{posts:?}");
    assert!(posts.iter().all(|post| post.number() <= 3), "{posts:?}");
}

#[tokio::test]
async fn retry_after_is_honoured() {
    let web = Web::start(once(|_| Some(Reply::Say(503, "Retry-After: 2\r\n".into(), String::new())))).await;
    let bench = bench();
    let sink = bench.sink(&web);
    let begun = Instant::now();
    Session::begin(&sink, "a").await.unwrap().send(messages([1])).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(2));
}

#[tokio::test]
async fn a_connection_that_a_server_has_ended_is_no_failure() {
    let web = Web::start(|_| Reply::SayAndEnd(200)).await;
    let bench = bench();
    let sink = bench.sink(&web);
    let mut session = Session::begin(&sink, "a").await.unwrap();
    for number in 1..=20 {
        session.send(messages([number])).await.unwrap();
    }
    let posts = web.posts();
    assert_eq!(taken(&posts, "a"), Vec::from_iter(1..=20));
    assert_eq!(sink.standing().again, 0, "{posts:?}");
}

#[tokio::test]
async fn devices_share_connections_and_there_are_no_more_than_may_be() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let web = Web::start(|_| Reply::status(200)).await;
    let mut bench = bench();
    bench.settings.connections = 4;
    let sink = bench.sink(&web);
    let devices = (0..50).map(|n| {
        let (sink, now, most) = (sink.clone(), Arc::clone(&now), Arc::clone(&most));
        tokio::spawn(async move {
            most.fetch_max(now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            let mut session = Session::begin(&sink, &format!("device {n}")).await.unwrap();
            session.send(messages(1..=10)).await.unwrap();
            now.fetch_sub(1, Ordering::Relaxed);
        })
    });
    for device in Vec::from_iter(devices) {
        device.await.unwrap();
    }
    assert_eq!(most.load(Ordering::Relaxed), 50, "they were there side by side");
    let connections: HashSet<_> = web.posts().iter().map(|post| post.connection).collect();
    assert!(connections.len() <= 4, "{connections:?}");
}

#[tokio::test]
async fn a_token_is_for_its_user_s_eyes_and_is_read_again_when_it_is_refused() {
    let web = Web::start(|post| match &*post.headers["authorization"] {
        "Bearer second-token" => Reply::status(200),
        _ => Reply::Say(401, String::new(), "expired".into()),
    })
    .await;
    let mut bench = bench();
    let path = bench.secret("token", "first-token\n");
    bench.settings.token = Some(path.clone());
    let sink = bench.sink(&web);
    let mut session = Session::begin(&sink, "a").await.unwrap();
    {
        let send = session.send(messages([1]));
        tokio::select! {
            sent = send => panic!("acknowledged: {sent:?}"),
            () = web.wait(2) => (),
        }
    }
    let standing = sink.standing();
    assert!(standing.trouble.as_ref().unwrap().why.contains("401"), "{standing:?}");
    assert!(!format!("{sink:?}{standing:?}{:?}", bench.settings).contains("first-token"));
    fs::write(&path, "second-token").unwrap();
    session.send([]).await.unwrap();

    let why = |path: &PathBuf| {
        let settings = HttpSettings { token: Some(path.clone()), ..HttpSettings::default() };
        let made = HttpSink::new(&web.url(), bench.rows(), bench.aside.clone(), &settings);
        made.unwrap_err().to_string()
    };
    for (name, text) in [("two", "a b"), ("none", ""), ("control", "a\u{1b}b"), ("letters", "tökén")] {
        let said = why(&bench.secret(name, text));
        assert!(said.ends_with("it is not one word of ASCII letters, a token"), "{said}");
        assert!(text.is_empty() || !said.contains(text), "{said}");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(why(&path).contains("mend that with: chmod 600"));
}

#[test]
fn a_url_that_leads_where_it_must_not_is_an_error_that_says_how_to_write_it() {
    let mut bench = bench();
    let said = |bench: &Bench<HttpSettings>, url: &str| bench.try_sink(url).unwrap_err().to_string();
    assert_eq!(
        said(&bench, "http://10.0.0.1/"),
        "http:// is not encrypted; write https:// for another machine"
    );
    assert_eq!(said(&bench, "https://u:p@a/"), "no password stands in a URL; name a file of credentials");
    assert_eq!(said(&bench, "mqtts://a/"), "write it as https://HOST/…");
    bench.settings.cleartext = Cleartext::Anywhere;
    assert!(bench.try_sink("http://10.0.0.1/").is_ok());
}

#[tokio::test]
async fn https_is_believed_for_the_roots_that_were_named() {
    use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
    let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der()));
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let config = tokio_rustls::rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    let tls = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let web = Web::start_over(|_| Reply::status(200), move |stream| tls.accept(stream)).await;
    let url = web.url().replace("http://", "https://");
    let mut bench = bench();
    let roots = bench.secret("roots.pem", &certified.cert.pem());
    bench.settings.tls.roots = Some(roots);
    let sink = bench.try_sink(&url).unwrap();
    Session::begin(&sink, "a").await.unwrap().send(messages(1..=3)).await.unwrap();

    // The certificate of another, and none of those that the machine trusts.
    let another = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let others = bench.secret("others.pem", &another.cert.pem());
    for (roots, hint) in [(Some(others), "is signed by none of `roots`")] {
        bench.settings.tls = Tls { roots, certificate: None };
        let sink = bench.try_sink(&url).unwrap();
        let mut session = Session::begin(&sink, "b").await.unwrap();
        let why = async {
            loop {
                if let Some(trouble) = sink.standing().trouble {
                    return trouble.why;
                }
                sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::select! {
            sent = session.send(messages([1])) => panic!("acknowledged: {sent:?}"),
            why = why => assert!(why.contains(hint), "{why}"),
        }
    }
    assert!(web.posts().iter().all(|post| post.device() == "a"));
    // Who we are is a file with both, for our eyes only.
    let both = format!("{}{}", certified.cert.pem(), certified.signing_key.serialize_pem());
    let certificate = bench.secret("both.pem", &both);
    bench.settings.tls = Tls { roots: None, certificate: Some(certificate.clone()) };
    fs::set_permissions(&certificate, fs::Permissions::from_mode(0o644)).unwrap();
    let said = bench.try_sink(&url).unwrap_err().to_string();
    assert!(said.contains("chmod 600") || said.contains("has no certificates"), "{said}");
}
