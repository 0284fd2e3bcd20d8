//! What a doctor says of devices that are gone, from what the server remembers.

use super::{Site, from, pinned, psk};
use crate::common::changing::Changing;
use crate::common::{Party, World, until_end};
use lowkey_gateway::doctor::{Doctor, Finding, Mend};
use lowkey_gateway::memory::Memory;
use lowkey_host::{Acceptor, Devices, Fault, Id, Limits, Pinned, Registry, Removed, Untaken};
use std::sync::Arc;
use std::time::SystemTime;
use tokio::io::{AsyncWriteExt, DuplexStream, duplex};

/// What a doctor with a memory says.
struct Hospital {
    site: Site,
    registry: Arc<Changing>,
    memory: Memory,
}

impl Hospital {
    fn new() -> Self {
        let site = Site::new();
        let devices = Devices::new([
            pinned("pump-7", &site.server, &site.pump_7),
            pinned("pump-8", &site.server, &site.pump_8).with_psk(psk(8)),
        ]);
        let registry = Changing::new(devices.unwrap());
        let acceptor =
            Acceptor::new(Arc::clone(&site.server), Arc::clone(&registry), Limits::default()).unwrap();
        let memory = Memory::new();
        acceptor.observe(memory.clone());
        Self { site: Site { acceptor, ..site }, registry, memory }
    }

    async fn join(&self, from: &str) -> lowkey_host::Connection<DuplexStream> {
        let (near, far) = duplex(10_000);
        let accepting = self.site.acceptor.accept_from(far, from.parse().unwrap());
        let (device, session) = tokio::join!(self.site.pump_7.connect(near), accepting);
        drop(device.unwrap());
        session.unwrap()
    }

    fn says(&self, about: Option<&str>) -> Vec<Finding> {
        self.memory.bring_up_to_date(&self.site.acceptor);
        let doctor = Doctor::new(self.site.acceptor.clone(), "/etc/lowkey/devices.toml");
        doctor.with_memory(self.memory.clone()).diagnose(about).findings
    }

    #[track_caller]
    fn kind(&self, about: &str) -> Finding {
        let findings = self.says(Some(about));
        findings.first().unwrap_or_else(|| panic!("nothing of {about}")).clone()
    }
}

#[tokio::test]
async fn of_a_device_that_is_gone_it_is_said_how_it_ended() {
    let there = Hospital::new();
    assert_eq!(there.kind("pump-7").kind, "not_seen");
    let mut session = there.join("192.0.2.7:1").await;
    session.broke(&"the line is cut");
    drop(session);
    let broken = there.kind("pump-7");
    assert_eq!((broken.kind, broken.who.as_str()), ("broken", "pump-7"));
    assert!(
        broken.what.starts_with("is not connected, and was last heard 0 s ago from 192.0.2.7"),
        "{broken:?}"
    );
    assert!(broken.why.contains("its line broke"), "{broken:?}");
    let mut session = there.join("192.0.2.7:1").await;
    session.blame(Fault::Unreached);
    drop(session);
    let kinds: Vec<_> = there.says(Some("pump-7")).iter().map(|finding| finding.kind).collect();
    assert_eq!(kinds, ["service_unreached", "service_ended_it"]);
    drop(there.join("192.0.2.7:1").await);
    assert_eq!(there.says(Some("pump-7")).last().unwrap().kind, "closed");
}

#[tokio::test]
async fn what_a_later_session_has_shown_to_be_over_stays_over_when_that_session_ends() {
    let numbers = [Untaken::Missing, Untaken::NotRising, Untaken::Replaced, Untaken::TooManyRuns];
    let of_service = [Fault::Unreached, Fault::BrokenOff, Fault::NotStored];
    for fault in of_service.into_iter().chain(numbers.map(Fault::Numbers)) {
        let there = Hospital::new();
        let found = || there.says(None).len();
        for address in ["192.0.2.7:1", "192.0.2.8:1"] {
            let mut session = there.join(address).await;
            session.blame(fault);
            drop(session);
            assert_eq!(found(), 1, "{fault:?}: from {address} it is not over, and once is enough");
        }
        let later = there.join("192.0.2.7:2").await;
        assert_eq!(found(), 0, "{fault:?}: it has come through since");
        drop(later);
        assert_eq!(found(), 0, "{fault:?}: and has gone since");
    }
}

#[tokio::test]
async fn an_attempt_that_came_to_nothing_is_over_when_its_device_has_come_and_gone() {
    let mut there = Hospital::new();
    there.site.pump_7.psk = Some(psk(1));
    there.site.answer(&there.site.pump_7.message_1().0).await;
    there.site.pump_7.psk = None;
    let kinds = || there.says(None).iter().map(|finding| finding.kind).collect::<Vec<_>>();
    assert_eq!(kinds(), ["psk_superfluous"]);
    drop(there.join("192.0.2.7:1").await);
    assert!(kinds().is_empty(), "{:?}", kinds());
    assert_eq!(there.kind("pump-7").kind, "closed");
}

#[tokio::test]
async fn two_boards_with_one_page_are_named_by_both_addresses() {
    let there = Hospital::new();
    let first = there.join("192.0.2.7:1").await;
    let second = there.join("198.51.100.9:1").await;
    assert!(there.says(None).is_empty(), "once is no pattern");
    let third = there.join("192.0.2.7:1").await;
    drop((first, second));
    for findings in [there.says(None), there.says(Some("pump-7")).split_off(1)] {
        let [boards] = &findings[..] else { panic!("{findings:?}") };
        assert_eq!((boards.kind, boards.device.as_deref(), boards.times), ("two_boards", Some("pump-7"), 2));
        assert!(boards.what.contains("from 198.51.100.9 to 192.0.2.7"), "{boards:?}");
    }
    drop(third);
}

#[tokio::test]
async fn a_device_that_takes_over_from_itself_over_and_over_from_one_address_is_named() {
    let there = Hospital::new();
    let mut held = Vec::new();
    for port in 1..=3 {
        held.push(there.join(&format!("192.0.2.7:{port}")).await);
    }
    assert!(there.says(None).is_empty(), "a board that has started again twice is no pattern");
    held.push(there.join("192.0.2.7:4").await);
    for findings in [there.says(None), there.says(Some("pump-7")).split_off(1)] {
        let [flaps] = &findings[..] else { panic!("{findings:?}") };
        assert_eq!((flaps.kind, flaps.device.as_deref(), flaps.times), ("flaps", Some("pump-7"), 3));
        assert!(flaps.what.starts_with("took over from itself 3 times, the last 0 s ago: "), "{flaps:?}");
        assert!(
            flaps.what.ends_with("from 192.0.2.7, where the session before came from as well"),
            "{flaps:?}"
        );
        assert!(flaps.why.contains("two boards with one key page behind one address"), "{flaps:?}");
    }
    // A session that ends otherwise in between is a line, or a program, and no second board.
    drop(held);
    drop(there.join("192.0.2.7:5").await);
    assert!(there.says(None).is_empty());
}

#[tokio::test]
async fn a_revoked_device_is_named_with_the_time_and_nobody_is_told_to_provision_it() {
    let there = Hospital::new();
    drop(there.join("192.0.2.7:1").await);
    there.says(None);
    there.registry.set(Devices::new([pinned("pump-8", &there.site.server, &there.site.pump_8)]).unwrap());
    let revoked = there.kind("pump-7");
    assert_eq!(revoked.kind, "revoked");
    assert!(
        revoked.what.starts_with("was taken out of the registry at 20") && revoked.what.ends_with("0 s ago")
    );
    assert!(revoked.why.contains("was last heard"), "{revoked:?}");
    assert!(
        matches!(&revoked.mend, Some(Mend::Do(advice)) if advice.starts_with("nothing, if that was meant"))
    );
    // Back in the registry in force, whatever the memory has not seen yet.
    let (old, new) = (&there.site.pump_7, &there.site.pump_8);
    let both = [pinned("pump-7", &there.site.server, old), pinned("pump-8", &there.site.server, new)];
    there.registry.set(Devices::new(both).unwrap());
    let doctor = Doctor::new(there.site.acceptor.clone(), "/etc/lowkey/devices.toml");
    let again = doctor.with_memory(there.memory.clone()).diagnose(Some("pump-7")).findings;
    assert_eq!(again[0].kind, "closed", "{again:?}");
    let unknown = there.kind("pmup-8");
    assert!(
        matches!(&unknown.mend, Some(Mend::Run(command)) if command == "lowkey doctor pump-8"),
        "{unknown:?}"
    );
}

#[tokio::test]
async fn a_device_that_has_moved_is_no_problem_unless_it_does_so_over_and_over_between_two_addresses() {
    let there = Hospital::new();
    let acceptor = &there.site.acceptor;
    for (by, kinds) in [
        ("198.51.100.9:1", &["moved"][..]),
        ("198.51.100.9:2", &["moved", "two_boards"]),
        ("192.0.2.7:9", &["moved"]), // that is where it came from: one board, and a line that breaks
    ] {
        let _held = there.join("192.0.2.7:1").await;
        assert!(acceptor.end_moved("pump-7", acceptor.sessions()[0].number, Some(by.parse().unwrap())));
        let findings = there.says(Some("pump-7"));
        assert_eq!(findings.iter().map(|finding| finding.kind).collect::<Vec<_>>(), kinds, "{findings:?}");
        assert!(findings[0].why.contains("another server of the fleet"), "{findings:?}");
        assert_eq!(there.memory.of("pump-7").unwrap().ended.unwrap().why, "moved");
    }
}

#[tokio::test]
async fn a_registry_that_lets_nobody_in_is_said_to_and_so_are_those_whom_it_kept_out() {
    let there = Hospital::new();
    let acceptor = &there.site.acceptor;
    let _held = there.join("192.0.2.7:1").await;
    there.registry.becomes_stale();
    acceptor.sweep();
    let (near, far) = duplex(10_000);
    let accepting = acceptor.accept_from(far, from());
    let (device, session) = tokio::join!(there.site.pump_7.connect(near), accepting);
    assert!(device.is_err() && session.is_err());
    let findings = there.says(None);
    let [registry, refused] = &findings[..] else { panic!("{findings:?}") };
    assert_eq!((registry.kind, &*registry.who), ("registry_stale", "the registry"));
    assert_eq!((refused.kind, refused.device.as_deref()), ("registry_stale", Some("pump-7")));
    assert!(refused.mend.is_some() && registry.mend.is_some(), "{findings:?}");
    let of = there.memory.of("pump-7").unwrap();
    assert_eq!(of.ended.unwrap().why, "stale");
    assert_eq!(of.refused.unwrap().why, "registry out of date", "its own: it has shown its key");
    // Over, it is not a thing to mend.
    there.registry.is_fresh();
    let findings = there.says(Some("pump-7"));
    assert!(findings[0].kind == "registry_stale" && findings[0].mend.is_none(), "{findings:?}");
    assert_eq!(findings[1].kind, "registry_was_stale");
}

/// What ends for all of them at once is nothing of one device, and pushes nothing else out of sight.
#[tokio::test]
async fn a_fleet_that_is_told_busy_is_one_line_with_a_count() {
    let world = World::with_devices(8);
    let acceptor = world.acceptor();
    acceptor.busy_while(|| true);
    let tell = async |n: usize| {
        let (mut near, far) = duplex(1000);
        near.write_all(&world.devices[n].message_1().0).await.unwrap();
        let from = ([192, 0, 2, n as u8], 1).into();
        let (_, refused) =
            tokio::join!(async move { until_end(&mut near).await }, acceptor.accept_from(far, from));
        refused.unwrap_err();
    };
    let doctor = Doctor::new(acceptor.clone(), "/etc/lowkey/devices.toml");
    for n in 0..5 {
        tell(n).await;
    }
    assert_eq!(doctor.diagnose(None).findings.len(), 5, "a few are named");
    for n in 3..8 {
        tell(n).await;
    }
    let findings = doctor.diagnose(None).findings;
    let [fleet] = &findings[..] else { panic!("{findings:?}") };
    assert_eq!((fleet.kind, fleet.times, &*fleet.who), ("service_down", 10, "8 devices"));
    assert!(fleet.device.is_none() && fleet.from.is_none() && fleet.id.is_none(), "{fleet:?}");
    assert!(fleet.what.starts_with("were refused from 8 addresses, 10 times in "), "{fleet:?}");
    assert_eq!(doctor.diagnose(Some("device-3")).findings[0].device.as_deref(), Some("device-3"));
}

#[tokio::test]
async fn many_strangers_are_one_line_with_a_count_and_no_device_s() {
    let there = Hospital::new();
    let mut session = there.join("192.0.2.7:1").await;
    session.broke(&"the line is cut");
    drop(session);
    for n in 0..60_u32 {
        let stranger = Party::new(there.site.server.public_key());
        let (near, far) = duplex(10_000);
        let from = std::net::Ipv4Addr::from_bits(0x0A00_0000 + n);
        let accepting = there.site.acceptor.accept_from(far, (from, 1).into());
        let (device, session) = tokio::join!(stranger.connect(near), accepting);
        assert!(device.is_err() && session.is_err());
    }
    let findings = there.says(None);
    let [strangers] = &findings[..] else { panic!("{findings:?}") };
    assert_eq!((strangers.kind, strangers.times), ("unknown_key", 60));
    assert!(strangers.what.starts_with("refused from 60 addresses, 60 times in "), "{strangers:?}");
    assert_eq!(there.kind("pump-7").kind, "broken");
}

#[tokio::test]
async fn a_device_that_comes_with_an_older_page_is_told_from_one_that_was_revoked() {
    let there = Hospital::new();
    let server = &there.site.server;
    let gone = |name: &str, party: &Party| {
        let removed = Removed::new(Arc::new(pinned(name, server, party)), SystemTime::now());
        let stays = Devices::new([pinned("pump-7", server, &there.site.old)]).unwrap();
        Acceptor::new(Arc::clone(server), Removing { stays, removed }, Limits::default()).unwrap()
    };
    for (name, kind) in [("pump-7", "replaced"), ("pump-9", "revoked")] {
        let acceptor = gone(name, &there.site.pump_7);
        let (near, far) = duplex(10_000);
        let accepting = acceptor.accept_from(far, from());
        let (device, session) = tokio::join!(there.site.pump_7.connect(near), accepting);
        assert!(device.is_err() && session.is_err());
        for about in [None, Some(name)] {
            let findings = Doctor::new(acceptor.clone(), "devices.toml").diagnose(about).findings;
            let finding = &findings[0];
            assert_eq!((finding.kind, finding.device.as_deref()), (kind, Some(name)), "{finding:?}");
            assert!(finding.why.contains("was taken out of the registry at 20"), "{finding:?}");
        }
    }
}

/// A registry from which one pinning was taken out.
struct Removing {
    stays: Devices,
    removed: Removed,
}

impl Registry for Removing {
    fn lookup(&self, id: &Id) -> Option<Arc<Pinned>> {
        self.stays.lookup(id)
    }

    fn each(&self, see: &mut dyn FnMut(&Arc<Pinned>)) {
        self.stays.each(see);
    }

    fn removed(&self) -> Vec<Removed> {
        vec![self.removed.clone()]
    }
}
