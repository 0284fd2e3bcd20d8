//! Every reason why a device is refused, by real handshakes: the doctor tells it, the wire and the log do not.

mod past;
#[cfg(unix)]
mod registry;

use crate::common::log::Log;
use crate::common::{Party, Raw, until_end};
use lowkey_gateway::doctor::{Diagnosis, Doctor, Finding, Mend};
use lowkey_gateway::proxy::Networks;
use lowkey_host::text::ShownId;
use lowkey_host::{
    AcceptError, Acceptor, Device, Devices, Id, Identity, Limits, Listener, Peer, Pinned, Psk, Registry,
    Secret, Trouble,
};
use lowkey_registry::keys;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use tokio::io::{AsyncWriteExt, duplex};
use tokio::net::TcpStream;

/// A server with `pump-7` (KK), `pump-8` (KKpsk0, PSK 8), `pump-9` (KKpsk0, PSK 9, id `nine`) and `old` (expired).
struct Site {
    server: Arc<Identity>,
    acceptor: Acceptor,
    pump_7: Party,
    pump_8: Party,
    pump_9: Party,
    old: Party,
}

fn pinned(name: &str, server: &Identity, party: &Party) -> Pinned {
    let device = Device::new(name).unwrap();
    Pinned::new(device, server, party.identity.public_key()).unwrap().with_id(party.id)
}

fn psk(byte: u8) -> Psk {
    Psk::new(Secret::new([byte; 32])).unwrap()
}

impl Site {
    fn new() -> Self {
        Self::with(&Limits::default())
    }

    fn with(limits: &Limits) -> Self {
        let server = Arc::new(crate::common::identity());
        let party = || Party::new(server.public_key());
        let (pump_7, pump_8, old) = (party(), party().with_psk(8), party());
        let pump_9 = party().with_psk(9).with_id(Id::new(b"nine").unwrap());
        let devices = Devices::new([
            pinned("pump-7", &server, &pump_7),
            pinned("pump-8", &server, &pump_8).with_psk(psk(8)),
            pinned("pump-9", &server, &pump_9).with_psk(psk(9)),
            pinned("old", &server, &old).until(SystemTime::UNIX_EPOCH),
        ]);
        let acceptor = Acceptor::new(Arc::clone(&server), devices.unwrap(), limits.clone()).unwrap();
        Self { server, acceptor, pump_7, pump_8, pump_9, old }
    }

    /// What a first frame is answered with.
    async fn answer(&self, first: &[u8]) -> Vec<u8> {
        answer(&self.acceptor, first).await.0
    }

    fn all(&self) -> Diagnosis {
        Doctor::new(self.acceptor.clone(), "/etc/lowkey/devices.toml").diagnose(None)
    }

    fn about(&self, who: &str) -> Vec<Finding> {
        Doctor::new(self.acceptor.clone(), "/etc/lowkey/devices.toml").diagnose(Some(who)).findings
    }

    /// The only finding.
    fn only(&self) -> Finding {
        let diagnosis = self.all();
        assert!(diagnosis.complete);
        let [finding] = &diagnosis.findings[..] else { panic!("{diagnosis:?}") };
        finding.clone()
    }
}

fn limits(change: fn(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    change(&mut limits);
    limits
}

async fn answer(acceptor: &Acceptor, first: &[u8]) -> (Vec<u8>, Result<(), AcceptError>) {
    let (mut near, far) = duplex(1000);
    near.write_all(first).await.unwrap();
    let (answer, accepted) =
        tokio::join!(async move { until_end(&mut near).await }, acceptor.accept_from(far, from()));
    (answer, accepted.map(drop))
}

fn from() -> SocketAddr {
    ([192, 0, 2, 7], 50_311).into()
}

/// The same key pair with something else about it.
fn other(party: &Party, identity: Identity) -> Party {
    let server = party.peer.public_key();
    let peer = Peer::pin(&identity, server).unwrap();
    Party { peer, identity, id: party.id, psk: None }
}

fn stranger(of: &Party) -> Party {
    other(of, crate::common::identity())
}

fn run(finding: &Finding) -> &str {
    match &finding.mend {
        Some(Mend::Run(command) | Mend::Either(command, _)) => command,
        mend => panic!("{mend:?}"),
    }
}

fn advice(finding: &Finding) -> &str {
    match &finding.mend {
        Some(Mend::Do(advice) | Mend::Either(_, advice)) => advice,
        mend => panic!("{mend:?}"),
    }
}

/// Whoever is told nothing but `refused`: the kind, the device, a word of the reason, and the first frame.
fn hidden(site: &mut Site) -> Vec<(&'static str, Option<&'static str>, &'static str, Vec<u8>)> {
    let first = |party: &Party| party.message_1().0;
    let unknown = Party::new(site.server.public_key());
    let elsewhere = Party::new(crate::common::identity().public_key());
    let elsewhere_by_id = {
        let server = crate::common::identity().public_key();
        Party::new(server).with_id(site.pump_9.id).with_psk(9)
    };
    let mut cases = vec![
        ("unknown_key", None, "no registered key", first(&unknown)),
        ("unknown_key", None, "another server's key", first(&elsewhere)),
        ("key_wrong", Some("pump-9"), "another server's key", first(&elsewhere_by_id)),
        ("damaged", Some("pump-7"), "its id names the right keys", first(&stranger(&site.pump_7))),
        ("expired", Some("old"), "has expired", first(&site.old)),
    ];
    let mut with_psk = |byte: Option<u8>, party: fn(&mut Site) -> &mut Party| {
        let party = party(site);
        let before = std::mem::replace(&mut party.psk, byte.map(psk));
        let bytes = party.message_1().0;
        party.psk = before;
        bytes
    };
    cases.extend([
        ("psk_missing", Some("pump-8"), "it has no PSK", with_psk(None, |site| &mut site.pump_8)),
        ("psk_missing", Some("pump-9"), "it has no PSK", with_psk(None, |site| &mut site.pump_9)),
        (
            "psk_superfluous",
            Some("pump-7"),
            "its pinning has none",
            with_psk(Some(1), |site| &mut site.pump_7),
        ),
        ("psk_of_another", Some("pump-7"), "\"pump-8\"", with_psk(Some(8), |site| &mut site.pump_7)),
        ("psk_wrong", Some("pump-8"), "another PSK", with_psk(Some(1), |site| &mut site.pump_8)),
        ("psk_of_another", Some("pump-8"), "\"pump-9\"", with_psk(Some(9), |site| &mut site.pump_8)),
        ("key_wrong", Some("pump-9"), "another PSK", with_psk(Some(1), |site| &mut site.pump_9)),
    ]);
    let mut renamed = |id: &[u8], party: fn(&mut Site) -> &mut Party| {
        let party = party(site);
        let before = std::mem::replace(&mut party.id, Id::new(id).unwrap());
        let bytes = party.message_1().0;
        party.id = before;
        bytes
    };
    cases.extend([
        ("other_id", Some("pump-7"), "registered under the id", renamed(b"seven", |site| &mut site.pump_7)),
        ("other_id", Some("pump-8"), "registered under the id", renamed(b"eight", |site| &mut site.pump_8)),
        (
            "key_of_another",
            Some("pump-8"),
            "under the id of \"pump-9\"",
            renamed(b"nine", |site| &mut site.pump_8),
        ),
    ]);
    cases
}

#[tokio::test]
async fn the_doctor_says_what_neither_the_wire_nor_the_log_does() {
    let mut lines = Vec::new();
    for (n, (kind, device, reason, _)) in hidden(&mut Site::new()).into_iter().enumerate() {
        let mut site = Site::new();
        let (_, _, _, first) = hidden(&mut site).swap_remove(n);
        Log::begin();
        let answer = site.answer(&first).await;
        assert_eq!(answer, [0, 1, 4], "{kind}");
        let claimed = ShownId(Id::new(&first[5..5 + usize::from(first[4])]).unwrap());
        lines.push(
            Log::take().replace(&claimed.to_string(), "ID").replace("KKpsk0", "MODE").replace("KK", "MODE"),
        );

        let finding = site.only();
        assert_eq!((finding.kind, finding.device.as_deref()), (kind, device), "{finding:?}");
        assert_eq!(finding.who, device.unwrap_or("somebody"), "{kind}");
        assert!(finding.why.contains(reason), "{finding:?}");
        assert!(finding.what.starts_with("refused from 192.0.2.7 once, 0 s ago (KK"), "{finding:?}");
        assert_eq!((finding.times, finding.from), (1, Some(from())));
        assert!(finding.mend.is_some(), "{finding:?}");
        if let Some(device) = device {
            let about = site.about(device);
            assert_eq!(about.first().map(|finding| finding.kind), Some(kind), "{device}: {about:?}");
        }
    }
    lines.dedup();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(
        lines[0],
        " INFO lowkey: attempt refused from=192.0.2.7:50311 id=ID mode=\"MODE\" refusal=Refused\n"
    );
}

#[tokio::test]
async fn what_mends_it_can_be_copied() {
    let mut site = Site::new();
    let server = keys::encode_public(&site.server.public_key());
    let cases = hidden(&mut site);
    for (_, _, _, first) in &cases {
        site.answer(first).await;
    }
    let findings = site.all().findings;
    let mend = |kind: &str| findings.iter().find(|finding| finding.kind == kind).unwrap();
    let files = "--registry /etc/lowkey/devices.toml --output";
    assert_eq!(
        run(mend("psk_missing")),
        format!(
            "lowkey provision --rotate --psk --psk-file /etc/lowkey/pump-9.psk --name pump-9 --server {server} {files} pump-9.page"
        )
    );
    assert!(run(mend("key_of_another")).starts_with("lowkey provision --rotate --psk "), "its keys have one");
    assert_eq!(
        run(mend("damaged")),
        format!("lowkey provision --rotate --name pump-7 --server {server} {files} pump-7.page")
    );
    assert_eq!(
        run(mend("unknown_key")),
        format!("lowkey provision --name NAME --server {server} {files} NAME.page")
    );
    // A paired device that was revoked makes its own keys, and takes no page.
    assert!(advice(mend("unknown_key")).contains("`lowkey pair --open`"));
    let key = keys::encode_public(&site.old.identity.public_key());
    let expired = format!("in /etc/lowkey/devices.toml, at the key {key} of \"old\": set `expires`");
    assert!(advice(mend("expired")).starts_with(&expired), "{}", advice(mend("expired")));
    let key = keys::encode_public(&site.pump_8.identity.public_key());
    let id = format!("in /etc/lowkey/devices.toml, at the key {key} of \"pump-8\": id = \"eight\"");
    assert_eq!(advice(mend("other_id")), id);
}

#[tokio::test]
async fn what_is_refused_whoever_asks_is_explained_too() {
    let limits = limits(|limits| limits.messages_1_per_second = 1);
    let site = Site::with(&limits);
    let mut version = site.pump_7.message_1().0;
    version[2] = 2;
    assert_eq!(site.answer(&version).await, [0, 1, 1]);
    assert_eq!(site.only().kind, "version");

    let site = Site::with(&limits);
    for mode in [3, 99] {
        let mut xx = vec![0, 38, 1, mode, 3];
        xx.extend_from_slice(b"abc");
        xx.extend_from_slice(&[9; 32]);
        assert_eq!(site.answer(&xx).await, [0, 1, 2]);
    }
    let findings = site.all().findings;
    assert_eq!(findings.iter().map(|finding| finding.kind).collect::<Vec<_>>(), ["mode", "mode"]);
    assert!(run(&findings[0]).starts_with("lowkey provision --name NAME"));

    let site = Site::with(&limits);
    let stranger = Party::new(site.server.public_key()).message_1().0;
    site.answer(&stranger).await;
    assert_eq!(site.answer(&site.pump_7.message_1().0).await, [0, 1, 3]);
    let busy = site.about("pump-7").remove(0);
    assert_eq!(busy.kind, "busy");
    assert!(busy.why.starts_with("more than 1 messages 1"), "{busy:?}");

    for (first, kind) in [(&b"GET / HTTP/1.1\r\n\r\n"[..], "malformed"), (&[0, 1, 1], "malformed")] {
        let site = Site::new();
        assert_eq!(site.answer(first).await, b"");
        assert_eq!(site.only().kind, kind);
    }
    let site = Site::new();
    let (near, far) = duplex(10);
    drop(near);
    site.acceptor.accept_from(far, from()).await.unwrap_err();
    assert_eq!(site.only().kind, "hung_up");
}

#[tokio::test(start_paused = true)]
async fn a_silent_stranger_and_a_recording_are_told_apart() {
    let site = Site::new();
    let (_near, far) = duplex(1000);
    site.acceptor.accept_from(far, from()).await.unwrap_err();
    let silent = site.only();
    assert_eq!((silent.kind, silent.device), ("timed_out", None));
    assert!(silent.what.starts_with("timed out from 192.0.2.7 once"), "{}", silent.what);

    let site = Site::new();
    for _ in 0..3 {
        let (first, _) = site.pump_7.message_1();
        let (mut near, far) = duplex(1000);
        near.write_all(&first).await.unwrap();
        site.acceptor.accept_from(far, from()).await.unwrap_err();
    }
    let replayed = site.only();
    assert_eq!((replayed.kind, replayed.device.as_deref()), ("unconfirmed", Some("pump-7")));
    assert_eq!((replayed.times, replayed.since.as_secs(), replayed.last.as_secs()), (3, 20, 0));
    assert!(replayed.what.starts_with("not confirmed from 192.0.2.7 3 times in 20 s, the last 0 s ago"));
    assert_eq!(site.about("192.0.2.7")[0].kind, "unconfirmed");
    assert_eq!(site.about("192.0.2.8")[0].kind, "nobody");
}

#[tokio::test(start_paused = true)]
async fn a_ping_or_a_recording_is_nothing_to_mend_of_a_device_that_is_connected_and_was_heard_since() {
    let site = Site::new();
    let (near, far) = duplex(1000);
    let (device, session) = tokio::join!(site.pump_7.connect(near), site.acceptor.accept_from(far, from()));
    let (mut device, mut session) = (device.unwrap(), session.unwrap());
    let (mut near, far) = duplex(1000);
    near.write_all(&site.pump_7.message_1().0).await.unwrap();
    site.acceptor.accept_from(far, from()).await.unwrap_err();
    assert_eq!(site.only().kind, "unconfirmed", "its line may have broken");
    tokio::time::advance(Duration::from_secs(1)).await;
    device.send(b"21.5 C").await.unwrap();
    session.recv().await.unwrap();
    site.acceptor.sweep();
    assert!(site.all().findings.is_empty());
}

#[tokio::test]
async fn an_ipv4_address_in_ipv6_s_clothes_is_the_ipv4_address() {
    let site = Site::new();
    let clothed: SocketAddr = "[::ffff:192.0.2.7]:50311".parse().unwrap();
    let call = async |party: &Party| {
        let (near, far) = duplex(1000);
        tokio::join!(party.connect(near), site.acceptor.accept_from(far, clothed))
    };
    let (_device, session) = call(&site.pump_7).await;
    let session = session.unwrap();
    assert_eq!(session.remote_addr(), Some(from()));
    call(&stranger(&site.pump_8)).await.1.unwrap_err();
    for asked in ["192.0.2.7", "::ffff:192.0.2.7", "[::ffff:192.0.2.7]:1"] {
        let findings = site.about(asked);
        assert_eq!(findings.len(), 2, "{findings:?}");
        assert!(findings.iter().all(|finding| finding.from == Some(from())), "{findings:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_server_says_so() {
    let site = Site::with(&limits(|limits| limits.sessions = 1));
    let connect = async |party: &Party| {
        let (near, far) = duplex(1000);
        tokio::join!(party.connect(near), site.acceptor.accept_from(far, from()))
    };
    let (_device, session) = connect(&site.pump_7).await;
    let (_other, refused) = connect(&site.pump_8).await;
    assert!(session.is_ok() && refused.is_err());
    let findings = site.all().findings;
    assert_eq!(
        findings.iter().map(|finding| finding.kind).collect::<Vec<_>>(),
        ["sessions_full", "sessions_full"]
    );
    assert_eq!((&*findings[0].who, &*findings[0].what), ("this server", "has no seat free: all 1 are taken"));
    assert_eq!(findings[1].device.as_deref(), Some("pump-8"));

    let site = Site::with(&limits(|limits| limits.sessions_per_address = 0));
    let (near, far) = duplex(1000);
    let (_device, refused) = tokio::join!(site.pump_7.connect(near), site.acceptor.accept_from(far, from()));
    assert!(refused.is_err());
    assert_eq!(site.only().kind, "address_full");
}

#[tokio::test(start_paused = true)]
async fn who_is_connected_has_nothing_to_mend_and_who_never_came_is_not_on_record() {
    let mut site = Site::new();
    let wrong = site.pump_8.psk.take();
    site.answer(&site.pump_8.message_1().0).await;
    site.pump_8.psk = wrong;
    assert_eq!(site.about("pump-8")[0].kind, "psk_missing");
    tokio::time::advance(Duration::from_secs(5)).await;

    let (near, far) = duplex(1000);
    let (_device, session) = tokio::join!(site.pump_8.connect(near), site.acceptor.accept_from(far, from()));
    let _session = session.unwrap();
    tokio::time::advance(Duration::from_secs(150)).await;
    for asked in ["pump-8".to_owned(), hex(site.pump_8.id)] {
        let findings = site.about(&asked);
        assert_eq!(findings.len(), 1, "what it came to before is over: {findings:?}");
        assert_eq!((findings[0].kind, &*findings[0].why), ("connected", "nothing to mend"));
        assert!(findings[0].what.starts_with("is connected from 192.0.2.7 for 2 min"), "{findings:?}");
    }
    assert!(site.all().findings.is_empty());
    assert_eq!(site.about("pump-7")[0].kind, "not_seen");
    let mistyped = &site.about("pump-77")[0];
    assert_eq!((mistyped.kind, run(mistyped)), ("nobody", "lowkey doctor pump-7"));
    let nobody = &site.about("boiler")[0];
    assert_eq!(nobody.kind, "nobody");
    assert!(run(nobody).starts_with("lowkey provision --name boiler "), "{nobody:?}");
    for id in ["0x12", "0x70756d702d37", "0x1", "0x"] {
        let nobody = &site.about(id)[0];
        assert_eq!(nobody.kind, "nobody");
        assert!(run(nobody).starts_with("lowkey provision --name NAME "), "{nobody:?}");
    }
}

fn hex(id: Id) -> String {
    id.as_bytes().iter().fold("0x".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

/// A registry that changes.
struct Changing(Mutex<Devices>);

impl Registry for Changing {
    fn lookup(&self, id: &Id) -> Option<Arc<Pinned>> {
        self.0.lock().unwrap().lookup(id)
    }

    fn each(&self, see: &mut dyn FnMut(&Arc<Pinned>)) {
        self.0.lock().unwrap().each(see);
    }

    fn trouble(&self) -> Option<Trouble> {
        Some(Trouble::new("devices.toml:7: no"))
    }
}

#[tokio::test]
async fn what_the_registry_has_mended_since_is_said_to_be() {
    let server = Arc::new(crate::common::identity());
    let registry = Arc::new(Changing(Mutex::default()));
    let acceptor = Acceptor::new(Arc::clone(&server), Arc::clone(&registry), Limits::default()).unwrap();
    let late = Party::new(server.public_key());
    answer(&acceptor, &late.message_1().0).await.1.unwrap_err();
    let doctor = Doctor::new(acceptor, "/etc/lowkey/devices.toml");
    let kinds = || {
        let findings = doctor.diagnose(None).findings;
        findings.iter().map(|finding| finding.kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds(), ["registry", "unknown_key"]);
    *registry.0.lock().unwrap() = Devices::new([pinned("late", &server, &late)]).unwrap();
    assert_eq!(kinds(), ["registry", "mended"]);
}

#[tokio::test]
async fn a_balancer_without_its_header_is_told_apart() {
    let site = Site::new();
    let listener = Listener::bind("127.0.0.1:0", site.acceptor.clone()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut listener = listener.behind(Networks::parse(["127.0.0.0/8"]).unwrap());
    let accepting = tokio::spawn(async move { listener.accept().await });
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&site.pump_7.message_1().0).await.unwrap();
    until_end(&mut stream).await;
    while site.acceptor.stats().failed == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(site.only().kind, "no_header");
    accepting.abort();
}

#[tokio::test]
async fn a_device_that_confirms_is_on_no_record() {
    let site = Site::new();
    let (near, far) = duplex(1000);
    let party = &site.pump_7;
    let (raw, accepted) = tokio::join!(Raw::open(party, near), site.acceptor.accept_from(far, from()));
    drop((raw, accepted.unwrap()));
    assert!(site.all().findings.is_empty());
}
