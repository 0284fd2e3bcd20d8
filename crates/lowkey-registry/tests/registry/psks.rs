//! PSK files that are not as they should be: each takes out its own pinning, and nobody else's.

use lowkey_host::{Acceptor, Error, Id, Identity, Limits, Registry, Secret};
use lowkey_registry::{FileRegistry, LiveRegistry, keys};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use test_support::folder::{device, folder, public, secret};
use test_support::world::Party;
use test_support::world::log::Log;
use tokio::io::duplex;

struct Place {
    folder: TempDir,
    server: Arc<Identity>,
}

impl Place {
    fn new(text: &str) -> Self {
        let place = Self { folder: folder(), server: Arc::new(Identity::new(secret(1)).unwrap()) };
        fs::write(place.path(), text).unwrap();
        place
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("devices.toml")
    }

    fn psk(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn load(&self) -> LiveRegistry {
        LiveRegistry::load(self.path(), Arc::clone(&self.server)).unwrap()
    }

    fn rename_over(&self, text: &str) {
        let new = self.folder.path().join("new.toml");
        fs::write(&new, text).unwrap();
        fs::rename(new, self.path()).unwrap();
    }

    /// Which of the devices with the keys 2 to 9 are in force.
    fn known(&self, registry: &dyn Registry) -> Vec<u8> {
        let id = |byte: u8| Id::of_pinning(&public(byte), &self.server.public_key());
        (2..10).filter(|byte| registry.lookup(&id(*byte)).is_some()).collect()
    }
}

fn left_out(registry: &dyn Registry) -> Vec<String> {
    registry.left_out().iter().map(|out| out.device.clone()).collect()
}

/// Enough looks of a watcher for anything; the clock is moved by whoever waits.
async fn looks() {
    tokio::time::sleep(Duration::from_millis(450)).await;
}

fn with_psk(name: &str, byte: u8) -> String {
    device(name, byte, &format!("psk_file = \"{name}.psk\""))
}

type Fault = (&'static str, fn(&Path));

const FAULTS: [Fault; 6] = [
    ("No such file", |_| ()),
    ("is no regular file", |path| fs::create_dir(path).unwrap()),
    ("Too many levels of symbolic links", |path| std::os::unix::fs::symlink(path, path).unwrap()),
    ("chmod 600", |path| {
        keys::write_psk(path, &secret(77)).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    }),
    ("mistyped or cut off", |path| {
        fs::write(path, "LKPSK1QQQQ\n").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }),
    ("this is a private key", |path| {
        keys::write_identity(path, &secret(5)).unwrap();
    }),
];

#[test]
fn a_psk_file_that_cannot_be_had_takes_out_its_device_and_no_other() {
    let text = device("a", 2, "") + &with_psk("b", 3) + &with_psk("c", 4);
    for (why, fault) in FAULTS {
        let place = Place::new(&text);
        keys::write_psk(&place.psk("c.psk"), &secret(9)).unwrap();
        fault(&place.psk("b.psk"));
        let read_once = FileRegistry::load(place.path(), &place.server).unwrap();
        let live = place.load();
        for registry in [&read_once as &dyn Registry, &live, &Arc::new(live.clone())] {
            assert_eq!(place.known(registry), [2, 4], "{why}");
            let out = registry.left_out();
            assert_eq!((out.len(), &*out[0].device, out[0].key), (1, "b", public(3)), "{why}");
            assert_eq!((out[0].line, out[0].column), (8, 1));
            assert!(out[0].why.starts_with("psk_file: ") && out[0].why.contains(why), "{}", out[0].why);
        }
        assert_eq!(live.len(), 2);
    }
}

#[test]
fn devices_are_revoked_while_the_psk_file_of_another_is_missing() {
    let place = Place::new(&(device("a", 2, "") + &with_psk("b", 3)));
    keys::write_psk(&place.psk("b.psk"), &secret(9)).unwrap();
    let registry = place.load();
    fs::remove_file(place.psk("b.psk")).unwrap();
    place.rename_over(&(device("d", 5, "") + &with_psk("b", 3)));
    let changes = registry.reload().unwrap();
    assert_eq!((changes.devices, changes.added, changes.removed, changes.left_out), (1, 1, 2, 1));
    assert_eq!((place.known(&registry), registry.generation()), (vec![5], 1));
    assert!(registry.trouble().is_none(), "all that is in the file is in force");
    keys::write_psk(&place.psk("b.psk"), &secret(9)).unwrap();
    assert_eq!(registry.reload().unwrap().left_out, 0);
    assert_eq!((place.known(&registry), left_out(&registry).len()), (vec![3, 5], 0));
}

#[test]
fn of_those_that_hold_the_same_psk_all_are_left_out_for_nobody_can_tell_whose_it_is() {
    let text = with_psk("a", 2) + &with_psk("b", 3) + &with_psk("c", 4) + &with_psk("d", 5);
    let place = Place::new(&text);
    for (name, byte) in [("a", 9), ("b", 8), ("c", 9), ("d", 9)] {
        keys::write_psk(&place.psk(&format!("{name}.psk")), &secret(byte)).unwrap();
    }
    let registry = place.load();
    assert_eq!(
        (place.known(&registry), left_out(&registry)),
        (vec![3], ["a", "c", "d"].map(String::from).to_vec())
    );
    let why = |n: usize| registry.left_out()[n].why.clone();
    assert_eq!(why(0), "psk_file: holds the PSK of \"c\"; make one for each");
    assert_eq!(why(2), "psk_file: holds the PSK of \"a\"; make one for each");
}

#[test]
fn of_two_pinnings_the_one_with_a_good_psk_stays() {
    let key = |byte| keys::encode_public(&public(byte));
    let place = Place::new(&format!(
        "[[device]]\nname = \"a\"\n[[device.pinning]]\nkey = \"{}\"\npsk_file = \"old.psk\"\n\
         [[device.pinning]]\nkey = \"{}\"\npsk_file = \"new.psk\"\n",
        key(2),
        key(3)
    ));
    keys::write_psk(&place.psk("old.psk"), &secret(9)).unwrap();
    let registry = place.load();
    assert_eq!((place.known(&registry), registry.len()), (vec![2], 1));
    assert_eq!((registry.left_out()[0].line, registry.left_out()[0].key), (8, public(3)));
    keys::write_psk(&place.psk("new.psk"), &secret(9)).unwrap();
    registry.reload().unwrap();
    assert!(registry.is_empty());
    assert_eq!(registry.left_out()[1].why, "psk_file: holds the PSK of its other pinning; make one for each");
}

#[test]
fn the_log_names_who_is_left_out_once_and_is_not_flooded() {
    Log::begin();
    let lines = |log: &str, what: &str| log.lines().filter(|line| line.contains(what)).count();
    let place = Place::new(&(device("a", 2, "") + &with_psk("b", 3)));
    let registry = place.load();
    let log = Log::take();
    assert!(log.contains("devices=1 added=1 removed=0 changed=0 left_out=1"), "{log}");
    assert!(log.contains("pinning left out") && log.contains("device=\"b\" error="), "{log}");
    assert!(log.contains("b.psk: No such file"), "{log}");
    keys::write_psk(&place.psk("b.psk"), &secret(9)).unwrap();
    registry.reload().unwrap();
    let log = Log::take();
    assert!(log.contains("devices=2 added=1 removed=0 changed=0\n"), "{log}");
    let many = (0..150).map(|n| with_psk(&format!("d{n}"), n + 10)).collect::<String>();
    place.rename_over(&many);
    registry.reload().unwrap();
    let log = Log::take();
    assert_eq!(
        (lines(&log, "pinning left out"), lines(&log, "left out without a line pinnings=50")),
        (100, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn a_psk_file_that_comes_goes_or_changes_counts_although_the_registry_is_the_same() {
    let place = Place::new(&(device("a", 2, "") + &with_psk("b", 3)));
    let psk = place.psk("b.psk");
    let registry = place.load();
    tokio::spawn(registry.watch());
    looks().await;
    assert_eq!(place.known(&registry), [2]);
    keys::write_psk(&psk, &secret(9)).unwrap();
    looks().await;
    assert_eq!((place.known(&registry), registry.generation()), (vec![2, 3], 1));
    let id = Id::of_pinning(&public(3), &place.server.public_key());
    let before = registry.lookup(&id).unwrap();
    // Another PSK is another pinning.
    fs::remove_file(&psk).unwrap();
    keys::write_psk(&psk, &secret(8)).unwrap();
    looks().await;
    assert!(!Arc::ptr_eq(&before, &registry.lookup(&id).unwrap()));
    for (why, fault) in FAULTS {
        let _ = (fs::remove_file(&psk), fs::remove_dir(&psk)); // it is one of the two
        fault(&psk);
        looks().await;
        assert_eq!(place.known(&registry), [2], "{why}");
        assert!(registry.left_out()[0].why.contains(why), "{}", registry.left_out()[0].why);
    }
    fs::remove_file(&psk).unwrap();
    keys::write_psk(&psk, &secret(8)).unwrap();
    looks().await;
    assert_eq!((place.known(&registry), left_out(&registry).len()), (vec![2, 3], 0));
    let generation = registry.generation();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(registry.generation(), generation, "nothing has changed since");
}

#[tokio::test(start_paused = true)]
async fn every_psk_file_of_a_large_fleet_is_looked_at() {
    let names: Vec<String> = (0..300).map(|n| format!("d{n}")).collect();
    let table = |(n, name): (usize, &String)| {
        let key = lowkey_host::PublicKey::new(std::array::from_fn(|at| match at {
            0 => 9,
            1 => u8::try_from(n % 256).unwrap(),
            2 => u8::try_from(n / 256).unwrap(),
            _ => 7,
        }));
        let key = keys::encode_public(&key);
        format!("[[device]]\nname = \"{name}\"\nkey = \"{key}\"\npsk_file = \"{name}.psk\"\n")
    };
    let place = Place::new(&names.iter().enumerate().map(table).collect::<String>());
    for name in &names {
        // As `write_psk` does it, but for waiting for the disk.
        let psk = place.psk(&format!("{name}.psk"));
        fs::write(&psk, keys::psk_text(&keys::generate().unwrap()).unwrap().expose()).unwrap();
        fs::set_permissions(&psk, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let registry = place.load();
    assert_eq!(registry.len(), 300);
    tokio::spawn(registry.watch());
    for name in ["d3", "d299", "d150"] {
        fs::remove_file(place.psk(&format!("{name}.psk"))).unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(left_out(&registry).contains(&name.to_owned()), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_when_the_psk_file_of_its_device_is_removed() {
    let place = Place::new("");
    let party = Party::new(place.server.public_key()).with_psk(9);
    let key = keys::encode_public(&party.identity.public_key());
    keys::write_psk(&place.psk("live.psk"), &Secret::new([9; 32])).unwrap(); // as the party has it
    fs::write(
        place.path(),
        format!("[[device]]\nname = \"live\"\nkey = \"{key}\"\npsk_file = \"live.psk\"\n"),
    )
    .unwrap();
    let registry = place.load();
    tokio::spawn(registry.watch());
    let acceptor = Acceptor::new(Arc::clone(&place.server), registry.clone(), Limits::default()).unwrap();
    let sweeper = acceptor.clone();
    tokio::spawn(async move {
        loop {
            sweeper.sweep();
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    });
    let (near, far) = duplex(10_000);
    let (device, server) = tokio::join!(party.connect(near), acceptor.accept(far));
    let (_device, mut server) = (device.unwrap(), server.unwrap());
    fs::remove_file(place.psk("live.psk")).unwrap();
    let removed = tokio::time::Instant::now();
    assert!(matches!(server.recv().await, Err(Error::Revoked)));
    assert!(removed.elapsed() < Duration::from_secs(1), "{:?}", removed.elapsed());
}
