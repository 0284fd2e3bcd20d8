//! What the doctor says of a registry file, and of a clock by which pinnings expire.

use crate::common::Party;
use lowkey_gateway::doctor::Doctor;
use lowkey_host::{Acceptor, Device, Devices, Identity, Limits, Pinned};
use lowkey_registry::{LiveRegistry, keys};
use std::fs;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};
use test_support::folder::{device, folder, secret};
use tokio::io::duplex;

#[tokio::test]
async fn the_doctor_says_who_is_left_out_and_what_its_attempts_are_refused_for() {
    let (folder, server) = (folder(), Arc::new(Identity::new(secret(1)).unwrap()));
    let path = folder.path().join("devices.toml");
    let party = Party::new(server.public_key()).with_psk(9);
    let key = keys::encode_public(&party.identity.public_key());
    let live = format!("[[device]]\nname = \"live\"\nkey = \"{key}\"\npsk_file = \"live.psk\"\n");
    fs::write(&path, live + &device("a", 2, "")).unwrap();
    let registry = LiveRegistry::load(&path, Arc::clone(&server)).unwrap();
    let acceptor = Acceptor::new(server, registry, Limits::default()).unwrap();
    let doctor = Doctor::new(acceptor.clone(), &path);
    let kinds = |about: Option<&str>| -> Vec<_> {
        let findings = doctor.diagnose(about).findings;
        findings.into_iter().map(|finding| (finding.kind, finding.device.unwrap_or_default())).collect()
    };
    let left_out = ("left_out", "live".to_owned());
    assert_eq!(kinds(None), std::slice::from_ref(&left_out));
    assert_eq!(kinds(Some("live")), std::slice::from_ref(&left_out), "nothing about power and networks");
    let (near, far) = duplex(10_000);
    let (device, server) = tokio::join!(party.connect(near), acceptor.accept(far));
    assert!(device.is_err() && server.is_err());
    for about in [None, Some("live")] {
        assert_eq!(kinds(about), [left_out.clone(), left_out.clone()]);
    }
    let why = doctor.diagnose(Some("live")).findings[1].why.clone();
    assert!(why.contains("live.psk: No such file"), "{why}");
}

#[tokio::test]
async fn a_device_that_a_wrong_clock_keeps_out_is_told_from_one_whose_pinning_has_expired() {
    let server = Arc::new(Identity::new(secret(1)).unwrap());
    let party = Party::new(server.public_key());
    let rented = Pinned::new(Device::new("rented").unwrap(), &server, party.identity.public_key()).unwrap();
    let rented = Devices::new([rented.until(UNIX_EPOCH + Duration::from_secs(1 << 40))]).unwrap();
    let now = || UNIX_EPOCH + Duration::from_secs(7);
    let acceptor = Acceptor::with_clock(server, rented, Limits::default(), now).unwrap();
    let (near, far) = duplex(10_000);
    let (device, session) = tokio::join!(party.connect(near), acceptor.accept(far));
    assert!(device.is_err() && session.is_err());
    let findings = Doctor::new(acceptor, "/etc/lowkey/devices.toml").diagnose(None).findings;
    let clock = findings.iter().find(|finding| finding.kind == "clock").unwrap();
    assert!(clock.what.contains("1970-01-01T00:00:07Z"), "{clock:?}");
    let refused = findings.iter().find(|finding| finding.device.as_deref() == Some("rented")).unwrap();
    assert!(refused.why.contains("clock"), "{refused:?}");
}
