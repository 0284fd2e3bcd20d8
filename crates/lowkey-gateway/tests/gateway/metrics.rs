//! The metrics' text, read as OpenMetrics 1.0 and Prometheus's text 0.0.4 say, and what must not be in it.

mod queries;

use crate::common::shelf::Shelf;
use crate::common::{Party, World, until_end};
use lowkey_gateway::Health;
use lowkey_gateway::admin::Admin;
use lowkey_host::{Acceptor, Id};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::net::TcpStream;

/// Samples by name and labels, as they are written.
type Samples = BTreeMap<String, f64>;

type Suffixes = &'static [(&'static str, &'static [&'static str])];

const OF_OPEN_METRICS: Suffixes =
    &[("counter", &["_total"]), ("gauge", &[""]), ("histogram", &["_bucket", "_sum", "_count"])];

/// Prometheus's own text describes a counter by its whole name.
const OF_PLAIN: Suffixes =
    &[("counter", &[""]), ("gauge", &[""]), ("histogram", &["_bucket", "_sum", "_count"])];

/// Reads OpenMetrics, strictly: families one after another, each with HELP and TYPE (and a UNIT that ends its name),
/// only the suffixes of its type, no sample twice, no NaN, and `# EOF` at the end.
fn parse(text: &str) -> Samples {
    samples(text.strip_suffix("# EOF\n").expect("no EOF"), OF_OPEN_METRICS)
}

/// Reads Prometheus's text 0.0.4 as strictly, and as its linter wants it: counters end in `_total`, nothing else does.
fn parse_plain(text: &str) -> Samples {
    assert!(text.ends_with('\n') && !text.contains("# EOF") && !text.contains("# UNIT"), "{text}");
    for described in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        assert_eq!(described.ends_with("_total counter"), described.ends_with(" counter"), "{described}");
    }
    samples(text, OF_PLAIN)
}

fn samples(text: &str, suffixes: Suffixes) -> Samples {
    let (mut samples, mut families) = (Samples::new(), BTreeSet::new());
    let (mut family, mut kind, mut described) = (String::new(), String::new(), BTreeSet::new());
    for line in text.lines() {
        assert!(!line.is_empty() && line.trim() == line, "{line:?}");
        if let Some(about) = line.strip_prefix("# ") {
            let mut words = about.splitn(3, ' ');
            let [what, name, rest] = [(); 3].map(|()| words.next().expect(line));
            if name != family {
                assert!(families.insert(name.to_owned()), "{name} is described twice");
                (family, kind) = (name.to_owned(), String::new());
                described.clear();
            }
            assert!(described.insert(what.to_owned()), "{line}");
            match what {
                "HELP" => assert!(rest.len() > 5, "{line}"),
                "TYPE" => kind = rest.to_owned(),
                "UNIT" => assert!(name.ends_with(&format!("_{rest}")), "{line}"),
                _ => panic!("{line}"),
            }
            continue;
        }
        assert!(described.contains("HELP") && described.contains("TYPE"), "{line}");
        let (sample, value) = line.rsplit_once(' ').expect(line);
        let (name, labels) = match sample.split_once('{') {
            Some((name, labels)) => (name, labels.strip_suffix('}').expect(line)),
            None => (sample, ""),
        };
        let suffix = name.strip_prefix(family.as_str()).expect(line);
        let (_, allowed) = suffixes.iter().find(|(known, _)| *known == kind).expect(line);
        assert!(allowed.contains(&suffix), "{line}");
        for label in labels.split(',').filter(|label| !label.is_empty()) {
            let (label, value) = label.split_once('=').expect(line);
            assert!(["outcome", "reason", "version", "le"].contains(&label), "{line}");
            assert!(value.len() > 2 && value.starts_with('"') && value.ends_with('"'), "{line}");
        }
        let value: f64 = value.parse().expect(line);
        assert!(value >= 0.0, "{line}");
        assert_eq!(samples.insert(sample.to_owned(), value), None, "{line}: twice");
    }
    samples
}

/// The type and the text that who accepts this gets.
async fn ask(address: SocketAddr, accept: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET /metrics HTTP/1.1\r\nHost: localhost:9100\r\n{accept}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let head = head.to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 200 ok\r\n"), "{head}");
    let of_type = head.split("\r\n").find_map(|line| line.strip_prefix("content-type: ")).expect(&head);
    (of_type.to_owned(), body.to_owned())
}

async fn scrape(address: SocketAddr) -> (String, Samples) {
    let (of_type, text) = ask(address, "").await;
    assert_eq!(of_type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    let samples = parse(&text);
    (text, samples)
}

async fn admin(acceptor: &Acceptor) -> SocketAddr {
    begin(Admin::bind(&"127.0.0.1:0".parse().unwrap(), acceptor.clone()).await.unwrap())
}

/// The same, before a service and what stores, which no server has both of.
async fn with_service(acceptor: &Acceptor) -> SocketAddr {
    let admin = Admin::bind(&"127.0.0.1:0".parse().unwrap(), acceptor.clone()).await.unwrap();
    begin(admin.with_service(Health::default()).with_store(Shelf::default().store()))
}

fn begin(admin: Admin) -> SocketAddr {
    let address = admin.endpoint().unwrap().socket_addr().unwrap();
    tokio::spawn(admin.run());
    address
}

#[tokio::test]
async fn metrics_are_openmetrics_from_the_beginning() {
    let world = World::with_devices(3);
    let (_, samples) = scrape(admin(&world.acceptor()).await).await;
    assert_eq!(samples["lowkey_sessions"], 0.0);
    assert_eq!(samples["lowkey_sessions_limit"], 10_000.0);
    assert_eq!(samples["lowkey_registry_pinnings"], 3.0);
    assert_eq!(samples["lowkey_attempts_total{outcome=\"confirmed\"}"], 0.0);
    assert_eq!(samples["lowkey_handshake_seconds_bucket{le=\"+Inf\"}"], 0.0);
}

#[tokio::test]
async fn who_asks_for_prometheus_s_own_text_gets_the_same_numbers_in_it() {
    let address = with_service(&World::with_devices(3).acceptor()).await;
    let (of_type, plain) = ask(address, "Accept: text/plain; version=0.0.4\r\n").await;
    assert_eq!(of_type, "text/plain; version=0.0.4; charset=utf-8");
    assert_eq!(parse_plain(&plain), scrape(address).await.1);
    let (of_type, _) = ask(address, "Accept: text/plain;q=0.5, application/openmetrics-text\r\n").await;
    assert!(of_type.starts_with("application/openmetrics-text;"), "{of_type}");
}

/// Prometheus's own linter, where it is installed; what it finds fault with, the parser above does as well.
#[tokio::test]
async fn promtool_finds_no_fault_with_the_metrics() {
    let address = with_service(&World::with_devices(3).acceptor()).await;
    let (_, plain) = ask(address, "Accept: text/plain\r\n").await;
    let promtool = Command::new("promtool").args(["check", "metrics"]).stdin(Stdio::piped()).spawn();
    let Ok(mut promtool) = promtool else {
        println!("SKIPPED: this machine has no promtool");
        return;
    };
    promtool.stdin.take().unwrap().write_all(plain.as_bytes()).unwrap();
    assert!(promtool.wait().unwrap().success());
}

#[tokio::test]
async fn metrics_add_up_and_name_nobody() {
    let mut world = World::with_devices(2);
    let id = Id::new(b"the-id-of-pump-1").unwrap();
    let one = world.devices.remove(1);
    world.devices.push(one.with_id(id));
    let acceptor = world.acceptor();
    let address = admin(&acceptor).await;
    let from: SocketAddr = ([192, 0, 2, 77], 50_123).into();
    let connect = async |party: &Party| {
        let (near, far) = duplex(10_000);
        let (device, session) = tokio::join!(party.connect(near), acceptor.accept_from(far, from));
        (device.unwrap(), session.unwrap())
    };
    let refuse = async |first: &[u8]| {
        let (mut near, far) = duplex(1000);
        near.write_all(first).await.unwrap();
        let (_, refused) =
            tokio::join!(async move { until_end(&mut near).await }, acceptor.accept_from(far, from));
        refused.unwrap_err();
    };
    refuse(&Party::new(world.server.public_key()).message_1().0).await;
    let mut version = world.device().message_1().0;
    version[2] = 9;
    refuse(&version).await;
    refuse(b"\x00\x03\x01\x03\x00").await;
    refuse(b"GET / HTTP/1.1\r\n\r\n").await;

    let (mut device, mut session) = connect(world.device()).await;
    let (other_device, other) = connect(&world.devices[1]).await;
    device.send(&[7; 1000]).await.unwrap();
    session.recv().await.unwrap();
    session.send(b"yes").await.unwrap();
    device.recv().await.unwrap();
    drop((other_device, other));
    let (before, _) = (scrape(address).await.1, ());
    let again = connect(world.device()).await;
    // What goes over a session counts until it is let go of, displaced or not.
    drop((device, session));

    let (text, samples) = scrape(address).await;
    let stats = acceptor.stats();
    let sum = |family: &str| -> f64 {
        samples.iter().filter(|(name, _)| name.starts_with(family)).map(|(_, value)| value).sum()
    };
    assert_eq!(samples["lowkey_attempts_begun_total"], 7.0);
    assert_eq!(sum("lowkey_attempts_total{"), 7.0, "every attempt is over, and in one place");
    assert_eq!(sum("lowkey_refusals_total{"), samples["lowkey_attempts_total{outcome=\"refused\"}"]);
    assert_eq!(samples["lowkey_refusals_total{reason=\"version\"}"], 1.0);
    assert_eq!(samples["lowkey_refusals_total{reason=\"mode\"}"], 1.0);
    assert_eq!(samples["lowkey_refusals_total{reason=\"refused\"}"], 1.0);
    assert_eq!(samples["lowkey_attempts_total{outcome=\"failed\"}"], 1.0);
    assert_eq!(samples["lowkey_attempts_total{outcome=\"confirmed\"}"], 3.0);
    assert_eq!(samples["lowkey_handshake_seconds_count"], 3.0);
    assert_eq!(samples["lowkey_sessions"], 1.0);
    assert_eq!(sum("lowkey_sessions_ended_total{"), 2.0);
    assert_eq!(samples["lowkey_sessions_ended_total{reason=\"closed\"}"], 1.0);
    assert_eq!(samples["lowkey_sessions_ended_total{reason=\"displaced\"}"], 1.0);
    assert_eq!(samples["lowkey_received_bytes_total"], stats.bytes_received as f64);
    assert_eq!(samples["lowkey_sent_bytes_total"], stats.bytes_sent as f64);
    assert_eq!(samples["lowkey_records_sent_total"], stats.records_sent as f64);
    assert!(stats.bytes_received > 1000 && stats.bytes_sent >= 3 + 19 && stats.records_received >= 2);
    for (name, value) in before.iter().filter(|(name, _)| name.contains("_total")) {
        assert!(samples[name] >= *value, "{name} fell");
    }
    drop(again);

    let hex: String = id.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    for secret in ["device-0", "device-1", "the-id-of-pump-1", &hex, "192.0.2", "50123", "lkpub1"] {
        assert!(!text.contains(secret), "{secret} is in the metrics");
    }
}
