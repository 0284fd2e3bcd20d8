//! Whom every finding is about.

use super::diagnose::MOST_LEFT_OUT;
use super::*;
use crate::health::Unreached;
use crate::memory::{Past, Remembered};
use crate::store::{Aside, Held, Says, Which};
use lowkey_host::numbered::{Begun, Later, RunId, SetAside, Sink, Unstored};
use lowkey_host::{
    Cause, Device, Devices, Hello, Identity, LeftOut, Limits, Paired, Pinned, Registry, Trouble, Untaken,
    entropy,
};
use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

/// A registry with everything that can be wrong with one.
struct Troubled(Devices);

impl Registry for Troubled {
    fn lookup(&self, id: &Id) -> Option<Arc<Pinned>> {
        self.0.lookup(id)
    }

    fn each(&self, see: &mut dyn FnMut(&Arc<Pinned>)) {
        self.0.each(see);
    }

    fn trouble(&self) -> Option<Trouble> {
        Some(Trouble::new("devices.toml:7: no"))
    }

    fn left_out(&self) -> Vec<LeftOut> {
        let out = |n: usize| {
            let id = Id::new(&n.to_be_bytes()).unwrap();
            let key = Identity::new(entropy::random().unwrap()).unwrap().public_key();
            LeftOut::new(format!("out-{n}"), (id, key), (n, 1), "no such file")
        };
        (0..=MOST_LEFT_OUT).map(out).collect()
    }
}

/// A server that has no seats, whose clock is wrong, and which knows `pump-7`.
fn acceptor() -> (Acceptor, Hello) {
    let server = Arc::new(Identity::new(entropy::random().unwrap()).unwrap());
    let key = Identity::new(entropy::random().unwrap()).unwrap().public_key();
    let pump = Pinned::new(Device::new("pump-7").unwrap(), &server, key).unwrap();
    let hello = Hello { mode: Mode::Kk, id: Some(pump.id()) };
    let mut limits = Limits::default();
    limits.sessions = 0;
    let registry = Troubled(Devices::new([pump]).unwrap());
    (Acceptor::with_clock(server, registry, limits, || SystemTime::UNIX_EPOCH).unwrap(), hello)
}

fn doctor(acceptor: &Acceptor) -> Doctor {
    Doctor::new(acceptor.clone(), "/etc/lowkey/devices.toml")
}

/// What is found out about everybody when this attempt alone has failed.
fn of_one(acceptor: &Acceptor, hello: Option<Hello>, cause: Cause, frame: &[u8]) -> Finding {
    let failures = vec![Failure::new(None, hello, cause, frame)];
    doctor(acceptor).look_at(failures).diagnose(None).findings.pop().unwrap()
}

/// Whom an attempt is about that claims the id of `pump-7`, and that came to nothing for this cause.
fn whom(cause: Cause) -> &'static str {
    match cause {
        // It has shown the device's key, or the service was the device's already.
        Cause::Unconfirmed | Cause::NoSeat | Cause::NoSeatOfAddress | Cause::Unreached | Cause::BrokenOff => {
            "pump-7"
        }
        Cause::NotStored | Cause::Numbers(_) => "pump-7",
        // It was refused whoever it was; the claim is all that there is.
        Cause::Load | Cause::ServiceDown | Cause::RegistryStale => "pump-7",
        // Under its id nothing opened.
        Cause::UnknownId | Cause::OtherMode | Cause::Expired | Cause::NotOpened => "pump-7",
        Cause::Version
        | Cause::Mode
        | Cause::TimedOut
        | Cause::Displaced
        | Cause::Malformed
        | Cause::NoWindow
        | Cause::NotPaired
        | Cause::NoHeader
        | Cause::HungUp
        | Cause::Application
        | Cause::Entropy => SOMEBODY,
        new => panic!("{new:?}: say here whom it is about"),
    }
}

#[test]
fn every_finding_is_about_the_right_one_and_nobody_is_somebody_who_is_no_device() {
    let mut kinds = BTreeSet::new();
    let mut seen = |finding: &Finding, who: &str| {
        assert_eq!(finding.who, who, "{finding:?}");
        assert!(finding.device.as_deref().is_none_or(|device| device == who), "{finding:?}");
        assert!(!finding.what.is_empty() && !finding.what.starts_with(who), "{finding:?}");
        kinds.insert(finding.kind);
    };
    // A whole frame under the device's id that no key opens.
    let frame = [9; 200];
    let (acceptor, hello) = acceptor();
    for cause in Cause::ALL {
        seen(&of_one(&acceptor, Some(hello), cause, &frame), whom(cause));
        let nobodys = Hello { mode: Mode::Kk, id: Id::new(b"nobody's") };
        seen(&of_one(&acceptor, Some(nobodys), cause, &frame), SOMEBODY);
        seen(&of_one(&acceptor, None, cause, &[]), SOMEBODY);
    }

    let pairing = Hello { mode: Mode::XxPsk0, ..hello };
    for cause in [Cause::Mode, Cause::NotOpened] {
        let finding = of_one(&acceptor, Some(pairing), cause, &frame);
        let code = format!("(XXpsk0, code {})", lowkey_registry::show_code_name(&pairing.id.unwrap()));
        assert!(finding.what.ends_with(&code), "{finding:?}");
        seen(&finding, SOMEBODY);
    }

    let health = Health::default();
    let error = io::Error::from(io::ErrorKind::ConnectionRefused);
    health.failed(health.trial(), "127.0.0.1:1883", Unreached::Refused, &error);
    let doctor = doctor(&acceptor).with_service(health);
    for finding in doctor.diagnose(None).findings {
        let who = match finding.kind {
            "service_down" => SERVICE,
            "sessions_full" | "clock" => SERVER,
            "registry" => REGISTRY,
            "left_out" => finding.device.as_deref().unwrap_or(REGISTRY),
            kind => panic!("{kind}"),
        };
        seen(&finding, who);
    }
    let of_store = doctor_of_store(&acceptor);
    for (asked, who) in [(None, store::STORE), (Some("pump-7"), "pump-7")] {
        let findings = of_store.diagnose(asked).findings;
        let about: Vec<&Finding> = findings.iter().filter(|of| STORE_KINDS.contains(&of.kind)).collect();
        assert_eq!(about.len(), STORE_KINDS.len(), "{findings:?}");
        for finding in about {
            seen(finding, if finding.kind == "store_down" { store::STORE } else { who });
        }
    }
    for (asked, who) in [("pump-7", "pump-7"), ("0x12", "\"0x12\""), ("192.0.2.1", "\"192.0.2.1\"")] {
        let findings = doctor.diagnose(Some(asked)).findings;
        seen(findings.iter().rfind(|finding| finding.kind != "registry").unwrap(), who);
    }

    let ends = [
        "closed",
        "broken",
        "silent",
        "lifetime",
        "revoked",
        "displaced",
        "moved",
        "stale",
        "stopped",
        "backend unreached",
        "",
    ];
    let case = doctor.look_at(Vec::new());
    for finding in ends.map(|why| past::absent("pump-7", Some(&ended(why)), None, &case)) {
        seen(&finding, "pump-7");
    }
    seen(&past::absent("pump-7", None, Some(SystemTime::now()), &case), "pump-7");

    // The rest are about the device that they name: tests/doctor.rs has each of them by a real handshake.
    kinds.extend(["connected", "damaged", "expired", "key_of_another", "key_wrong", "mended", "other_id"]);
    kinds.extend(["flaps", "replaced", "two_boards"]);
    kinds.extend(["psk_missing", "psk_of_another", "psk_superfluous", "psk_wrong"]);
    let book = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/src/operations.md"))
        .unwrap();
    let table = book.split_once("| finding | why |").unwrap().1.split_once("\n\n").unwrap().0;
    let first = |row: &str| row.split('|').nth(1).unwrap_or_default().to_owned();
    let cells: Vec<String> = table.lines().map(first).collect();
    let listed: BTreeSet<&str> = cells.iter().flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    assert_eq!(kinds, listed);
}

const STORE_KINDS: [&str; 3] = ["store_down", "aside_full", "set_aside"];

/// A store that cannot store, and has no room to set more of `pump-7` aside.
#[derive(Debug)]
struct Full;

fn doctor_of_store(acceptor: &Acceptor) -> Doctor {
    doctor(acceptor).with_store(Store::new(Arc::new(Full), Arc::new(Full)))
}

impl Sink for Full {
    fn begin<'a>(&'a self, _: &'a str, _: RunId) -> Later<'a, Result<Begun, Unstored>> {
        Box::pin(std::future::pending())
    }
}

impl Says for Full {
    fn name(&self) -> String {
        "https://in.example/".to_owned()
    }

    fn trouble(&self) -> Option<lowkey_host::numbered::Trouble> {
        Some(lowkey_host::numbered::Trouble { lasts: Duration::ZERO, why: "503".to_owned() })
    }

    fn runs(&self) -> Option<String> {
        Some("/var/lib/low key".to_owned())
    }

    fn aside(&self) -> Option<Arc<dyn Aside>> {
        Some(Arc::new(Self))
    }
}

impl Aside for Full {
    fn held(&self) -> Held {
        let full = vec!["pump-7".to_owned()];
        Held { messages: 1, bytes: 1, devices: 1, full, most_messages: 10, most_bytes: 10 }
    }

    fn messages_of(&self, _: &str) -> u64 {
        1
    }

    fn list<'a>(&'a self, _: Option<&'a str>) -> Later<'a, Result<Vec<SetAside>, String>> {
        Box::pin(std::future::pending())
    }

    fn message<'a>(&'a self, _: &'a str, _: RunId, _: u64) -> Later<'a, Result<Option<Vec<u8>>, String>> {
        Box::pin(std::future::pending())
    }

    fn free<'a>(&'a self, _: &'a str, _: Which) -> Later<'a, Result<u64, String>> {
        Box::pin(std::future::pending())
    }
}

/// A device whose last session ended so.
fn ended(why: &'static str) -> Remembered {
    let at = SystemTime::now();
    Remembered {
        first_seen: Some(at),
        last_seen: Some(at),
        from: None,
        sessions: 1,
        ended: Some(Past { at, what: "ended", why, lasted: Duration::from_secs(60) }),
        displaced: None,
        backend: None,
        refused: None,
        paired: None,
        removed: None,
        history: Vec::new(),
    }
}

/// By an attempt that is on record, and by what is remembered once it is not.
#[test]
fn each_reason_why_numbers_are_not_taken_has_a_finding_of_its_own_with_what_mends_it() {
    let (acceptor, hello) = acceptor();
    let of_store = doctor_of_store(&acceptor);
    let rotate = format!(
        "lowkey provision --rotate --name pump-7 --server {} --registry /etc/lowkey/devices.toml --output pump-7.page",
        lowkey_registry::keys::encode_public(&acceptor.public_key())
    );
    let forget = "lowkey registry forget-runs '/var/lib/low key' pump-7";
    for (untaken, word, kind, why, run) in [
        (Untaken::Missing, "not numbered", "not_numbered", "it does not number its messages", None),
        (Untaken::NotRising, "numbers", "numbers", "a number that does not rise", None),
        (Untaken::Replaced, "run replaced", "run_replaced", "another has taken the place of", Some(&*rotate)),
        (
            Untaken::TooManyRuns,
            "too many runs",
            "too_many_runs",
            "one more run after 16 others",
            Some(forget),
        ),
    ] {
        let failures = vec![Failure::new(None, Some(hello), Cause::Numbers(untaken), &[])];
        let on_record = of_store.look_at(failures).diagnose(None).findings.pop().unwrap();
        let case = of_store.look_at(Vec::new());
        let remembered = past::absent("pump-7", Some(&ended(word)), None, &case);
        for finding in [on_record, remembered] {
            assert_eq!((finding.kind, finding.who.as_str()), (kind, "pump-7"), "{finding:?}");
            assert!(finding.why.contains(why), "{finding:?}");
            let command = match &finding.mend {
                Some(Mend::Run(command) | Mend::Either(command, _)) => Some(&**command),
                _ => None,
            };
            assert_eq!(command, run, "{finding:?}");
        }
    }
}

#[test]
fn a_device_that_hung_up_on_a_server_that_stores_may_have_had_a_reason_that_it_alone_knows() {
    let (acceptor, _) = acceptor();
    let advice = |doctor: &Doctor, why| {
        let case = doctor.look_at(Vec::new());
        format!("{:?}", past::absent("pump-7", Some(&ended(why)), None, &case).mend)
    };
    for why in ["closed", "broken"] {
        assert!(advice(&doctor_of_store(&acceptor), why).contains("its numbers went back"));
        assert!(!advice(&doctor(&acceptor), why).contains("went back"), "nothing is numbered here");
    }
    assert!(!advice(&doctor_of_store(&acceptor), "silent").contains("went back"));
}

#[test]
fn a_device_without_a_service_behind_need_not_have_its_power_checked() {
    let (acceptor, _) = acceptor();
    let health = Health::default();
    let doctor = doctor(&acceptor).with_service(health.clone());
    let advice = || -> Vec<String> {
        let findings = doctor.diagnose(Some("pump-7")).findings;
        findings
            .iter()
            .map(|finding| format!("{} {} {:?}", finding.who, finding.what, finding.mend))
            .collect()
    };
    assert!(advice().concat().contains("power"));
    let error = io::Error::from_raw_os_error(111);
    health.failed(health.trial(), "127.0.0.1:1883", Unreached::Refused, &error);
    let said = advice();
    assert!(
        said[0].starts_with("the service behind at 127.0.0.1:1883 refuses connections, for "),
        "{said:?}"
    );
    assert!(said[0].contains("start the service, or correct `forward`"), "{said:?}");
    assert!(!said.concat().contains("power"), "{said:?}");
}

#[test]
fn a_service_that_could_not_be_reached_and_is_back_is_nothing_to_mend() {
    let (acceptor, hello) = acceptor();
    let health = Health::default();
    let doctor = doctor(&acceptor).with_service(health.clone());
    let unreached = || {
        let mut failure = Failure::new(None, Some(hello), Cause::Unreached, &[]);
        failure.last = Duration::from_secs(60);
        let found = doctor.look_at(vec![failure]).diagnose(None).findings;
        found.into_iter().rfind(|finding| finding.kind == "service_unreached").unwrap()
    };
    let error = io::Error::from(io::ErrorKind::ConnectionRefused);
    for _ in 0..2 {
        health.failed(health.trial(), "127.0.0.1:1883", Unreached::Refused, &error);
        assert!(unreached().mend.is_some());
        health.answered();
        let finding = unreached();
        assert!(finding.mend.is_none() && finding.why.ends_with("it is back"), "{finding:?}");
    }
    let mut later = Failure::new(None, Some(hello), Cause::Unreached, &[]);
    later.last = Duration::ZERO;
    let found = doctor.look_at(vec![later]).diagnose(None).findings;
    assert!(found.last().unwrap().mend.is_some(), "it is something else: {found:?}");
}

#[test]
fn a_device_that_was_paired_and_never_came_is_said_to_be_pending() {
    let server = Arc::new(Identity::new(entropy::random().unwrap()).unwrap());
    let code = Id::new(&[7; 8]).unwrap();
    for (paired, is_said) in [(Paired::Pending(code), true), (Paired::Final(code), false)] {
        let key = Identity::new(entropy::random().unwrap()).unwrap().public_key();
        let pump = Pinned::new(Device::new("pump-7").unwrap(), &server, key).unwrap().paired_by(paired);
        let devices = Devices::new([pump]).unwrap();
        let acceptor = Acceptor::new(Arc::clone(&server), devices, Limits::default()).unwrap();
        let findings = doctor(&acceptor).diagnose(Some("pump-7")).findings;
        assert_eq!(findings[0].why.contains("its pairing is pending"), is_said, "{findings:?}");
    }
}
