//! A registry that is read again while devices are connected.
#![cfg(unix)]

mod pairing;
mod pending_rule;
mod site;

use lowkey_host::{
    AcceptError, Acceptor, Connection, Error, Id, Identity, Limits, Listener, Pinned, Refusal, Registry,
};
use lowkey_registry::{Changes, LiveRegistry, RegistryError, keys};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use test_support::folder::{device, folder, secret};
use test_support::world::{Party, Raw};
use tokio::io::{DuplexStream, duplex};

/// A registry in a folder, and the server that it is for.
struct Place {
    folder: TempDir,
    path: PathBuf,
    server: Arc<Identity>,
}

impl Place {
    fn new(text: &str) -> Self {
        let folder = folder();
        let path = folder.path().join("devices.toml");
        fs::write(&path, text).unwrap();
        Self { folder, path, server: Arc::new(Identity::new(secret(1)).unwrap()) }
    }

    fn load(&self) -> LiveRegistry {
        LiveRegistry::load(&self.path, Arc::clone(&self.server)).unwrap()
    }

    fn write(&self, text: &str) {
        fs::write(&self.path, text).unwrap();
    }

    /// As those do it who take care.
    fn rename_over(&self, text: &str) {
        let new = self.folder.path().join("new.toml");
        fs::write(&new, text).unwrap();
        fs::rename(new, &self.path).unwrap();
    }

    fn id(&self, byte: u8) -> Id {
        Id::of_pinning(&test_support::folder::public(byte), &self.server.public_key())
    }

    fn party(&self) -> (Party, String) {
        let party = Party::new(self.server.public_key());
        let key = keys::encode_public(&party.identity.public_key());
        (party, format!("[[device]]\nname = \"live\"\nkey = \"{key}\"\n"))
    }
}

fn names(registry: &LiveRegistry, place: &Place) -> Vec<u8> {
    (2..20).filter(|byte| registry.lookup(&place.id(*byte)).is_some()).collect()
}

async fn pair(acceptor: &Acceptor, party: &Party) -> (Connection<DuplexStream>, Connection<DuplexStream>) {
    let (near, far) = duplex(10_000);
    let (device, server) = tokio::join!(party.connect(near), acceptor.accept(far));
    (device.unwrap(), server.unwrap())
}

#[tokio::test]
async fn a_pinning_that_went_between_look_up_and_confirmation_gets_no_session() {
    let place = Place::new("");
    let (party, table) = place.party();
    place.write(&table);
    let registry = place.load();
    let acceptor = Acceptor::new(Arc::clone(&place.server), registry.clone(), Limits::default()).unwrap();
    let (near, far) = duplex(10_000);
    let accepting = tokio::spawn({
        let acceptor = acceptor.clone();
        async move { acceptor.accept(far).await }
    });
    let mut raw = Raw::unconfirmed(&party, near).await;
    place.write("# nobody\n");
    assert_eq!(registry.reload().unwrap().removed, 1);
    acceptor.sweep();
    raw.flush().await;
    drop(raw);
    let refused = accepting.await.unwrap().unwrap_err();
    assert!(matches!(refused, AcceptError::Refused(Refusal::REFUSED)), "{refused}");
}

#[test]
fn what_was_taken_out_is_known_until_it_is_back_the_newest_first() {
    let all = device("a", 2, "") + &device("b", 3, "") + &device("c", 4, "");
    let place = Place::new(&all);
    let registry = place.load();
    let taken_out = || -> Vec<String> {
        let removed = registry.removed();
        removed.iter().map(|removed| removed.pinned.device().name().to_owned()).collect()
    };
    assert!(taken_out().is_empty());
    let mut seen = Vec::new();
    // A new key takes the old one out, though the device stays.
    for text in [device("a", 2, "") + &device("b", 3, ""), device("a", 2, "") + &device("b", 6, ""), all] {
        place.rename_over(&text);
        registry.reload().unwrap();
        seen.push(taken_out());
    }
    assert_eq!(seen, [vec!["c"], vec!["b", "c"], vec!["b"]]);
    let removed = registry.removed();
    assert_eq!(removed[0].pinned.id(), place.id(6));
    assert!(removed[0].at <= std::time::SystemTime::now());
}

#[test]
fn a_reload_keeps_what_did_not_change_and_counts_what_did() {
    let place = Place::new(&(device("a", 2, "") + &device("b", 3, "") + &device("c", 4, "")));
    let registry = place.load();
    assert_eq!((registry.len(), registry.generation()), (3, 0));
    let a = registry.lookup(&place.id(2)).unwrap();
    let next = device("d", 5, "") + &device("a", 2, "# the same") + &device("b", 6, "");
    place.write(&(next.clone() + "[[device]]\nname = \"e\"\n"));
    let error = registry.reload().unwrap_err();
    assert!(matches!(&error, RegistryError::Line { line: 13, column: 1, .. }), "{error}");
    assert_eq!((names(&registry, &place), registry.generation()), (vec![2, 3, 4], 0));

    place.write(&next);
    let changes = registry.reload().unwrap();
    assert_eq!(counts(changes), (3, 1, 1, 1));
    assert_eq!((names(&registry, &place), registry.generation()), (vec![2, 5, 6], 1));
    assert!(Arc::ptr_eq(&a, &registry.lookup(&place.id(2)).unwrap()));
    assert!(!registry.reload().unwrap().any());
    assert_eq!(registry.generation(), 1, "nothing has changed");

    // A second pinning beside the first leaves that as it is; other labels do not.
    let key = |byte| keys::encode_public(&test_support::folder::public(byte));
    let two = format!(
        "[[device]]\nname = \"a\"\n[[device.pinning]]\nkey = \"{}\"\n[[device.pinning]]\nkey = \"{}\"\n",
        key(2),
        key(7)
    );
    place.write(&two);
    assert_eq!(counts(registry.reload().unwrap()), (1, 0, 2, 1));
    assert!(Arc::ptr_eq(&a, &registry.lookup(&place.id(2)).unwrap()));
    place.write(&two.replace("\"a\"\n", "\"a\"\nlabels = { x = \"y\" }\n"));
    assert_eq!(counts(registry.reload().unwrap()), (1, 0, 0, 1));
    let labelled = registry.lookup(&place.id(2)).unwrap();
    assert_eq!((labelled.device().label("x"), labelled.key()), (Some("y"), a.key()));
}

fn counts(changes: Changes) -> (usize, usize, usize, usize) {
    (changes.devices, changes.added, changes.removed, changes.changed)
}

#[test]
fn a_file_cut_at_any_byte_is_refused_or_holds_whole_devices() {
    let old = device("a", 2, "") + &device("b", 3, "");
    let new = device("b", 3, "labels = { site = \"north\" }") + &device("c", 4, "id = \"see\"");
    let place = Place::new(&old);
    let registry = place.load();
    let see = Id::new(b"see").unwrap();
    for cut in 0..=new.len() {
        place.write(&old);
        registry.reload().unwrap();
        place.write(&new[..cut]);
        let found = |registry: &LiveRegistry| {
            let site = |pinned: Arc<Pinned>| pinned.device().label("site").map(str::to_owned);
            let b = registry.lookup(&place.id(3)).map(site);
            (registry.lookup(&place.id(2)).is_some(), b, registry.lookup(&see).is_some())
        };
        let b_ends = new.find("[[device]]\nname = \"c\"").unwrap();
        match registry.reload() {
            Err(_) => assert_eq!(found(&registry), (true, Some(None), false), "{cut}"),
            // A cut behind a whole line can be a whole file: nobody who reads once can tell.
            Ok(_) if cut <= b_ends => assert!(!found(&registry).0 && !found(&registry).2, "{cut}"),
            Ok(_) => {
                assert_eq!(found(&registry).1, Some(Some("north".into())), "{cut}");
                assert!(!found(&registry).0);
            }
        }
    }
    assert!(registry.lookup(&see).is_some());
}

/// Two looks and a little; the clock is moved by whoever waits.
async fn looks() {
    tokio::time::sleep(Duration::from_millis(450)).await;
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_being_written_in_place_is_not_read_until_it_is_whole() {
    let old = device("a", 2, "") + &device("b", 3, "");
    let new = old.clone() + &device("c", 4, "") + &device("d", 5, "");
    let place = Place::new(&old);
    let registry = place.load();
    tokio::spawn(registry.watch());
    looks().await;
    for cut in (0..new.len()).step_by(7) {
        place.write(&new[..cut]);
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!((names(&registry, &place), registry.generation()), (vec![2, 3], 0), "{cut}");
    }
    place.write(&new);
    looks().await;
    assert_eq!((names(&registry, &place), registry.generation()), (vec![2, 3, 4, 5], 1));
}

#[tokio::test(start_paused = true)]
async fn whatever_becomes_of_the_file_what_was_read_stays_in_force_and_a_good_file_is_taken() {
    let log = Log::begin();
    let old = device("a", 2, "");
    let place = Place::new(&old);
    let path = place.path.clone();
    let registry = place.load();
    tokio::spawn(registry.watch());
    let remove = |path: &Path| {
        let _ = (fs::remove_file(path), fs::remove_dir(path)); // it is one of the two
    };
    let expose = |path: &Path| {
        use std::os::unix::fs::PermissionsExt;
        fs::write(path, "").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o666)).unwrap();
    };
    type Fault<'f> = (&'f str, &'f dyn Fn(&Path));
    let faults: [Fault<'_>; 9] = [
        ("No such file", &|_| ()),
        ("is no regular file", &|path| fs::create_dir(path).unwrap()),
        ("No such file", &|path| std::os::unix::fs::symlink("nowhere", path).unwrap()),
        ("Too many levels of symbolic links", &|path| std::os::unix::fs::symlink(path, path).unwrap()),
        ("is longer than 256 MiB", &|path| fs::File::create(path).unwrap().set_len(1 << 30).unwrap()),
        ("mend that with: chmod go-w", &expose),
        ("is empty all at once", &|path| fs::write(path, "").unwrap()),
        ("is empty all at once", &|path| fs::write(path, " \n\t\n").unwrap()),
        ("devices.toml:1:1: not UTF-8 from here on; save the file as UTF-8", &|path| {
            fs::write(path, [0xff; 9]).unwrap();
        }),
    ];
    for (n, (why, fault)) in faults.iter().enumerate() {
        remove(&path);
        fault(&path);
        looks().await;
        looks().await;
        assert_eq!(names(&registry, &place), [2], "{why}");
        assert_eq!(log.failures(&place), n + 1, "once for each: {why}");
        assert!(log.last_failure(&place).contains(why), "{}", log.last_failure(&place));
        remove(&path);
        place.rename_over(&old);
        looks().await;
    }
    assert_eq!(registry.generation(), 0);
    // Nobody at all has to be said.
    place.rename_over("# nobody\n");
    looks().await;
    assert!(registry.is_empty() && registry.generation() == 1);
    place.write("");
    looks().await;
    assert_eq!(log.failures(&place), faults.len(), "there was nobody to lose");
}

#[tokio::test(start_paused = true)]
async fn a_link_that_is_switched_is_another_file() {
    let place = Place::new("# nobody\n");
    for (folder, text) in [("one", device("a", 2, "")), ("two", device("b", 3, ""))] {
        fs::create_dir(place.folder.path().join(folder)).unwrap();
        fs::write(place.folder.path().join(folder).join("devices.toml"), text).unwrap();
    }
    let (data, new) = (place.folder.path().join("..data"), place.folder.path().join("..new"));
    let switch = |to: &str| {
        std::os::unix::fs::symlink(to, &new).unwrap();
        fs::rename(&new, &data).unwrap();
    };
    switch("one");
    fs::remove_file(&place.path).unwrap();
    std::os::unix::fs::symlink("..data/devices.toml", &place.path).unwrap();
    let registry = place.load();
    tokio::spawn(registry.watch());
    for (folder, expected) in [("two", 3), ("one", 2)] {
        looks().await;
        switch(folder);
        looks().await;
        assert_eq!(names(&registry, &place), [expected]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_psk_file_that_comes_late_is_found_and_another_psk_is_another_pinning() {
    let place = Place::new("# nobody\n");
    let registry = place.load();
    tokio::spawn(registry.watch());
    let psk = place.folder.path().join("a.psk");
    let text = device("a", 2, "psk_file = \"a.psk\"") + &device("b", 3, "");
    place.rename_over(&text);
    looks().await;
    assert_eq!((registry.len(), registry.generation()), (1, 1), "the others are not kept waiting");
    keys::write_psk(&psk, &secret(9)).unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!((registry.len(), registry.generation()), (2, 2));
    let before = registry.lookup(&place.id(2)).unwrap();
    assert!(!registry.reload().unwrap().any());
    assert!(Arc::ptr_eq(&before, &registry.lookup(&place.id(2)).unwrap()));
    fs::remove_file(&psk).unwrap();
    keys::write_psk(&psk, &secret(8)).unwrap();
    place.rename_over(&text);
    looks().await;
    assert_eq!(registry.generation(), 3);
    assert!(!Arc::ptr_eq(&before, &registry.lookup(&place.id(2)).unwrap()));
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_within_a_second_of_its_pinning() {
    for fate in ["# gone\n", "expires = 2020-01-01T00:00:00Z\n", "id = \"other\"\n"] {
        let place = Place::new("");
        let (party, table) = place.party();
        place.write(&table);
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
        let (_device, mut server) = pair(&acceptor, &party).await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        let text = if fate.starts_with('#') { fate.to_owned() } else { table.clone() + fate };
        place.rename_over(&text);
        let changed = tokio::time::Instant::now();
        assert!(matches!(server.recv().await, Err(Error::Revoked)), "{fate}");
        assert!(changed.elapsed() < Duration::from_millis(600), "{fate} {:?}", changed.elapsed());
        assert_eq!(acceptor.stats().sessions_revoked, 1);
    }
}

#[tokio::test]
async fn a_socket_s_session_ends_when_its_device_is_removed() {
    let place = Place::new("");
    let (party, table) = place.party();
    place.write(&table);
    let registry = place.load();
    tokio::spawn(registry.watch());
    let acceptor = Acceptor::new(Arc::clone(&place.server), registry, Limits::default()).unwrap();
    let mut listener = Listener::bind("127.0.0.1:0", acceptor).await.unwrap();
    let address = listener.local_addr().unwrap();
    let limits = Limits::default();
    let connecting = lowkey_host::connect_tcp(address, party.pinning(), &limits);
    let (device, mut server) = tokio::join!(connecting, listener.accept());
    let _device = device.unwrap();
    tokio::spawn(async move { listener.accept().await }); // it sweeps
    place.rename_over("# nobody\n");
    assert!(matches!(server.recv().await, Err(Error::Revoked)));
}

#[test]
fn look_ups_during_swaps_find_one_registry_or_the_other() {
    let both = |site: &str| {
        let label = format!("labels = {{ site = \"{site}\" }}");
        device("a", 2, &label) + &device("b", 3, "") + &device(&format!("c-{site}"), 4, "")
    };
    let place = Place::new(&both("north"));
    let registry = place.load();
    let b = registry.lookup(&place.id(3)).unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    let over = || done.load(std::sync::atomic::Ordering::Relaxed);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut generation = 0;
                while !over() {
                    let a = registry.lookup(&place.id(2)).unwrap();
                    assert!(["north", "south"].contains(&a.device().label("site").unwrap()));
                    assert!(Arc::ptr_eq(&b, &registry.lookup(&place.id(3)).unwrap()));
                    assert!(registry.lookup(&place.id(4)).unwrap().device().name().starts_with("c-"));
                    let now = registry.generation();
                    assert!(now >= generation);
                    generation = now;
                }
            });
        }
        for n in 0..200 {
            place.rename_over(&both(if n % 2 == 0 { "south" } else { "north" }));
            assert_eq!(counts(registry.reload().unwrap()), (3, 1, 1, 1));
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert_eq!(registry.generation(), 200);
}

#[tokio::test]
async fn devices_connect_while_the_registry_is_warmed_and_after() {
    let place = Place::new("");
    let (party, table) = place.party();
    let many: String = (0..1000)
        .map(|n: u32| {
            let key = std::array::from_fn(|at| n.to_be_bytes().get(at).map_or(9, |byte| *byte));
            let key = keys::encode_public(&lowkey_host::PublicKey::new(key));
            format!("[[device]]\nname = \"{n}\"\nkey = \"{key}\"\n")
        })
        .collect();
    place.write(&(many + &table));
    let registry = place.load();
    let acceptor = Acceptor::new(Arc::clone(&place.server), registry.clone(), Limits::default()).unwrap();
    pair(&acceptor, &party).await;
    let begun = Instant::now();
    while !registry.is_warm() {
        assert!(begun.elapsed() < Duration::from_secs(60));
        tokio::task::yield_now().await;
    }
    pair(&acceptor, &party).await;
    registry.reload().unwrap();
    assert!(registry.is_warm(), "nothing is new");
}

/// What all tests of this file have logged, told apart by their folders.
struct Log;

static LINES: std::sync::Mutex<Vec<u8>> = std::sync::Mutex::new(Vec::new());

impl Log {
    fn begin() -> Self {
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(|| Log).finish();
        let _ = tracing::subscriber::set_global_default(subscriber);
        Self
    }

    fn lines(&self, place: &Place) -> Vec<String> {
        let folder = place.folder.path().to_str().unwrap();
        let text = String::from_utf8(LINES.lock().unwrap().clone()).unwrap();
        text.lines().filter(|line| line.contains(folder)).map(str::to_owned).collect()
    }

    fn failures(&self, place: &Place) -> usize {
        self.lines(place).iter().filter(|line| line.contains("WARN")).count()
    }

    fn last_failure(&self, place: &Place) -> String {
        self.lines(place).into_iter().rfind(|line| line.contains("WARN")).unwrap_or_default()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LINES.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn events_say_what_was_loaded_and_what_was_not() {
    let log = Log::begin();
    let place = Place::new(&device("a", 2, ""));
    let registry = place.load();
    place.write("[[device]]\n");
    registry.reload().unwrap_err();
    registry.reload().unwrap_err();
    assert!(registry.trouble().unwrap().what.ends_with("devices.toml:1:1: this device has no `name`"));
    place.write(&(device("a", 2, "") + &device("b", 3, "")));
    registry.reload().unwrap();
    let lines = log.lines(&place);
    assert!(
        lines[0].contains("registry loaded") && lines[0].contains("devices=1 added=1 removed=0 changed=0")
    );
    assert!(lines[1].contains("devices.toml:1:1: this device has no `name`"), "{lines:?}");
    assert_eq!((lines.len(), log.failures(&place)), (4, 2), "each time it is asked for: {lines:?}");
    assert!(lines[3].contains("devices=2 added=1 removed=0 changed=0"), "{lines:?}");
}
