//! The same before mosquitto: it comes and goes, has limits and an access list, and is believed by its certificate.

use crate::mqtt::bench;
use crate::session::{RUN, Session, messages};
use lowkey_sinks::Unsubscribed;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use test_support::stores::broker::Subscriber;
use test_support::tools::{self, Port};
use tokio::process::{Child, Command};
use tokio::time::sleep;

/// mosquitto, which shares no code with ours.
struct Mosquitto {
    port: Port,
    child: Option<Child>,
    config: PathBuf,
    program: PathBuf,
}

impl Mosquitto {
    /// [`None`]: it is not there, which was said.
    async fn start(folder: &Path, more: &str) -> Option<Self> {
        let program = tools::find("mosquitto")?;
        let port = Port::hold();
        let config = folder.join("mosquitto.conf");
        let user = "user root\n"; // of the test's: its own has no way into the folder
        let listener =
            format!("listener {} 127.0.0.1\nallow_anonymous true\n{user}{more}", port.address().port());
        fs::write(&config, listener).unwrap();
        let mut mosquitto = Self { port, child: None, config, program };
        mosquitto.resume().await;
        Some(mosquitto)
    }

    async fn resume(&mut self) {
        let mut command = Command::new(&self.program);
        command.arg("-c").arg(&self.config);
        self.child = Some(tools::start(command, "running").await);
    }

    async fn kill(&mut self) {
        self.child.take().unwrap().kill().await.unwrap();
    }

    fn url(&self) -> String {
        format!("mqtt://{}/fleet/", self.port.address())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mosquitto_has_all_that_is_acknowledged_also_when_it_was_gone() {
    let mut bench = bench();
    bench.settings.timeout = Duration::from_secs(5);
    let Some(mut mosquitto) = Mosquitto::start(bench.folder.path(), "").await else { return };
    let sink = bench.try_sink(&mosquitto.url()).unwrap();
    let devices: Vec<_> = (0..20)
        .map(|n| {
            let sink = sink.clone();
            tokio::spawn(async move {
                let mut session = Session::begin(&sink, &format!("device-{n}")).await.unwrap();
                session.send(messages(1..=20)).await.unwrap();
            })
        })
        .collect();
    // Nobody subscribes, and so nothing is acknowledged.
    while sink.standing().again < 20 {
        sleep(Duration::from_millis(10)).await;
    }
    mosquitto.kill().await;
    mosquitto.resume().await;
    assert_eq!(sink.standing().taken, 0);
    let mut subscriber = Subscriber::new(mosquitto.port.address()).await;
    let mut had = vec![];
    while had.len() < 400 {
        let published = subscriber.next().await;
        let key = (published.device().to_owned(), published.number());
        assert_eq!(published.payload, format!("message {}", published.number()).into_bytes());
        // One that was under way when the broker was killed comes once more.
        if !had.contains(&key) {
            had.push(key);
        }
    }
    for device in devices {
        device.await.unwrap();
    }
    for n in 0..20 {
        let device = format!("device-{n}");
        let numbers = had.iter().filter(|(of, _)| *of == device).map(|(_, number)| *number);
        assert_eq!(numbers.collect::<Vec<_>>(), Vec::from_iter(1..=20), "{device}");
    }
    assert_eq!(sink.standing().taken, 400);
}

#[tokio::test]
async fn mosquitto_s_limits_set_a_message_aside_and_its_access_list_does_not() {
    let bench = bench();
    let list = bench.secret("acl", "topic readwrite fleet/up/good\ntopic read #\n");
    let more = format!("message_size_limit 1000\nacl_file {}\n", list.display());
    let Some(mosquitto) = Mosquitto::start(bench.folder.path(), &more).await else { return };
    let sink = bench.try_sink(&mosquitto.url()).unwrap();
    let mut subscriber = Subscriber::new(mosquitto.port.address()).await;
    let mut good = Session::begin(&sink, "good").await.unwrap();
    good.send([(1, vec![0; 1_001]), (2, b"short".to_vec())]).await.unwrap();
    assert_eq!(subscriber.next().await.number(), 2);
    let aside = bench.aside.list(None, 10).await.unwrap();
    println!("mosquitto: {aside:?}");
    let [kept] = &aside[..] else { panic!("{aside:?}") };
    assert_eq!((&*kept.device, kept.run, kept.number), ("good", RUN, 1));

    let mut denied = Session::begin(&sink, "denied").await.unwrap();
    let is_said = async {
        while !sink.standing().trouble.is_some_and(|trouble| trouble.why.contains("not authorized (0x87)")) {
            sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        sent = denied.send(messages([1])) => panic!("acknowledged: {sent:?}"),
        () = is_said => (),
    }
    assert_eq!(bench.aside.amount().messages, 1);
}

#[tokio::test]
async fn mosquitto_is_believed_by_its_certificate_and_believes_ours() {
    let mut bench = bench();
    let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (certified.cert.pem(), certified.signing_key.serialize_pem());
    let roots = bench.secret("cert.pem", &certificate);
    bench.secret("key.pem", &key);
    let path = |name: &str| bench.folder.path().join(name).display().to_string();
    let cert = path("cert.pem");
    let more =
        format!("certfile {cert}\ncafile {cert}\nkeyfile {}\nrequire_certificate true\n", path("key.pem"));
    let Some(mosquitto) = Mosquitto::start(bench.folder.path(), &more).await else { return };
    let url = mosquitto.url().replace("mqtt://", "mqtts://");
    bench.settings.unsubscribed = Unsubscribed::Acknowledge;
    bench.settings.tls.roots = Some(roots);
    let nobody = bench.try_sink(&url).unwrap();
    let mut session = Session::begin(&nobody, "nobody").await.unwrap();
    let is_said = async {
        while nobody.standing().trouble.is_none() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        sent = session.send(messages([1])) => panic!("acknowledged: {sent:?}"),
        () = is_said => (),
    }
    bench.settings.tls.certificate = Some(bench.secret("both.pem", &format!("{certificate}{key}")));
    let sink = bench.try_sink(&url).unwrap();
    Session::begin(&sink, "a").await.unwrap().send(messages(1..=3)).await.unwrap();
    assert_eq!((sink.standing().taken, nobody.standing().taken), (3, 0));
}
