//! What is remembered, of real sessions and attempts.

use super::*;
use lowkey_host::{Device, Devices, Ended, Pinned};
use std::net::SocketAddr;
use std::time::SystemTime;
use test_support::world::changing::Changing;
use test_support::world::{Party, World};
use tokio::io::{DuplexStream, duplex};
use tokio::time::sleep as pause;

type Session = lowkey_host::Connection<DuplexStream>;

/// A server with a memory.
struct Site {
    world: World,
    acceptor: Acceptor,
    memory: Memory,
}

impl Site {
    fn new() -> Self {
        Self::with(Memory::new())
    }

    fn with(memory: Memory) -> Self {
        let world = World::new();
        let acceptor = world.acceptor();
        acceptor.observe(memory.clone());
        Self { world, acceptor, memory }
    }

    async fn join(&self, from: &str) -> (Session, Session) {
        let (near, far) = duplex(10_000);
        let from: SocketAddr = from.parse().unwrap();
        let device = self.world.device().connect(near);
        let (device, session) = tokio::join!(device, self.acceptor.accept_from(far, from));
        (device.unwrap(), session.unwrap())
    }

    fn remembered(&self) -> Remembered {
        self.memory.of("device-0").unwrap()
    }
}

fn whats(of: &Remembered) -> Vec<(&'static str, &'static str)> {
    of.history.iter().map(|past| (past.what, past.why)).collect()
}

#[tokio::test]
async fn a_device_that_is_gone_is_remembered_with_its_last_end_and_from_where_it_came() {
    let site = Site::new();
    assert!(site.memory.of("device-0").is_none() && site.memory.is_empty());
    let before = SystemTime::now() - Duration::from_secs(1);
    let (_device, session) = site.join("192.0.2.7:50000").await;
    let there = site.remembered();
    assert_eq!((there.sessions, &there.ended), (1, &None));
    drop(session);
    let gone = site.remembered();
    let [first, last] = [gone.first_seen, gone.last_seen].map(Option::unwrap);
    assert!(before <= first && first <= last && last <= SystemTime::now());
    assert_eq!(gone.from, Some("192.0.2.7:50000".parse().unwrap()));
    let ended = gone.ended.as_ref().unwrap();
    assert_eq!((ended.what, ended.why), ("ended", "closed"));
    assert_eq!(whats(&gone), [("ended", "closed"), ("connected", "")]);
    assert_eq!((gone.displaced, gone.backend, gone.refused), (None, None, None));
}

#[tokio::test]
async fn two_boards_with_one_page_are_known_by_both_addresses() {
    let site = Site::new();
    let (_first, held) = site.join("192.0.2.7:50000").await;
    let (_second, session) = site.join("198.51.100.9:50000").await;
    drop(held);
    let of = site.remembered();
    let displaced = of.displaced.unwrap();
    assert_eq!(displaced.from, Some("192.0.2.7:50000".parse().unwrap()));
    assert_eq!((displaced.tally.times, displaced.by), (1, Some("198.51.100.9:50000".parse().unwrap())));
    assert_eq!(whats(&of)[0], ("connected", ""), "the newer one is there: {of:?}");
    assert_eq!(of.from, displaced.by);
    drop(session);
    assert_eq!(site.remembered().ended.unwrap().why, "closed");
}

#[tokio::test]
async fn a_service_that_fails_is_counted() {
    let site = Site::new();
    for fault in [lowkey_host::Fault::Unreached, lowkey_host::Fault::BrokenOff] {
        let (_device, mut session) = site.join("192.0.2.7:50000").await;
        session.blame(fault);
        drop(session);
    }
    assert_eq!(site.remembered().backend.unwrap().times, 2);
    assert_eq!(whats(&site.remembered())[0], ("ended", "backend broke off"));
}

/// Hears events, and tells them to a memory in the order that somebody wants.
#[derive(Clone, Default)]
struct Late(Arc<Mutex<Vec<Owned>>>);

#[derive(Clone)]
enum Owned {
    Confirmed(u64, Arc<Pinned>, Option<SocketAddr>),
    Ended(Ended),
}

impl Observer for Late {
    fn observe(&self, event: &Event<'_>) {
        self.0.lock().unwrap().push(match event {
            Event::Confirmed { session, pinned, from } => {
                Owned::Confirmed(*session, Arc::clone(pinned), *from)
            }
            Event::Ended(ended) => Owned::Ended((*ended).clone()),
            _ => return,
        });
    }
}

#[tokio::test]
async fn events_that_two_threads_bring_in_another_order_come_to_the_same() {
    let late = Late::default();
    let site = Site::with(Memory::new());
    let acceptor = site.world.acceptor();
    acceptor.observe(late.clone());
    let site = Site { acceptor, ..site };
    let (_first, held) = site.join("192.0.2.7:50000").await;
    let (_second, session) = site.join("198.51.100.9:50000").await;
    drop((held, session));
    let (_third, _stays) = site.join("192.0.2.9:50000").await;
    let events = late.0.lock().unwrap().clone();
    assert_eq!(events.len(), 5);
    for turned in 0..events.len() {
        let memory = Memory::new();
        let mut events = events.clone();
        events.rotate_left(turned);
        for event in &events {
            match event {
                Owned::Confirmed(session, pinned, from) => {
                    memory.observe(&Event::Confirmed { session: *session, pinned, from: *from });
                }
                Owned::Ended(ended) => memory.observe(&Event::Ended(ended)),
            }
        }
        let of = memory.of("device-0").unwrap();
        assert_eq!((of.sessions, of.displaced.unwrap().tally.times), (3, 1), "{turned}");
        assert_eq!(of.from, Some("192.0.2.9:50000".parse().unwrap()), "{turned}");
        assert_eq!(of.ended.unwrap().why, "closed", "{turned}");
        assert!(memory.book().get("device-0").unwrap().is_open(), "{turned}");
    }
}

/// What the stranger's first frame comes to.
async fn refused(acceptor: &Acceptor, party: &Party, from: &str) {
    let (near, far) = duplex(10_000);
    let from: SocketAddr = from.parse().unwrap();
    let (device, session) = tokio::join!(party.connect(near), acceptor.accept_from(far, from));
    assert!(device.is_err() && session.is_err());
}

#[tokio::test]
async fn only_who_has_shown_the_device_s_key_is_taken_for_it() {
    let server = Arc::new(test_support::world::identity());
    let (old, thief) = (Party::new(server.public_key()), Party::new(server.public_key()));
    let thief = thief.with_id(old.id);
    let pinned = Pinned::new(Device::new("old").unwrap(), &server, old.identity.public_key()).unwrap();
    let devices = Devices::new([pinned.until(SystemTime::UNIX_EPOCH)]).unwrap();
    let acceptor = Acceptor::new(server, devices, lowkey_host::Limits::default()).unwrap();
    let memory = Memory::new();
    acceptor.observe(memory.clone());
    refused(&acceptor, &thief, "198.51.100.9:1").await;
    memory.bring_up_to_date(&acceptor);
    assert!(memory.of("old").is_none(), "somebody claims its id");
    for _ in 0..3 {
        refused(&acceptor, &old, "192.0.2.7:50000").await;
    }
    memory.bring_up_to_date(&acceptor);
    refused(&acceptor, &old, "192.0.2.8:50000").await;
    for _ in 0..2 {
        memory.bring_up_to_date(&acceptor);
    }
    let of = memory.of("old").unwrap();
    let refused = of.refused.unwrap();
    assert_eq!((refused.tally.times, refused.why), (4, "expired"));
    assert_eq!(refused.from, Some("192.0.2.8:50000".parse().unwrap()));
    assert_eq!((whats(&of), of.sessions, of.last_seen), (vec![("refused", "expired")], 0, None));
}

#[test]
fn what_is_judged_afterwards_stands_where_it_happened() {
    let mut memo = Memo::default();
    let at = |seconds| Moment::from_seconds(seconds).unwrap();
    for (seconds, why) in [(10, memo::Why::Expired), (30, memo::Why::NoSeat), (20, memo::Why::Load)] {
        memo.refused(1, why, None, at(seconds));
    }
    (40..60).for_each(|seconds| memo.removed(at(seconds)));
    memo.refused(1, memo::Why::Expired, None, at(5));
    let seconds: Vec<u32> = memo.history.iter().flatten().map(|past| past.at.seconds()).collect();
    assert_eq!(seconds, [59, 58, 57, 56, 55, 54], "the newest first, and an old one has no room");
    let mut memo = Memo::default();
    memo.refused(1, memo::Why::NoSeat, None, at(30));
    memo.refused(1, memo::Why::Load, None, at(20));
    let seconds: Vec<u32> = memo.history.iter().flatten().map(|past| past.at.seconds()).collect();
    assert_eq!(seconds, [30, 20]);
}

#[tokio::test]
async fn what_is_taken_out_of_the_registry_is_remembered_as_that_and_forgotten_when_it_is_back() {
    let world = World::new();
    let registry = Changing::new(world.registry());
    let acceptor =
        Acceptor::new(Arc::clone(&world.server), Arc::clone(&registry), world.limits.clone()).unwrap();
    let memory = Memory::new();
    acceptor.observe(memory.clone());
    let site = Site { world, acceptor, memory };
    let (_device, session) = site.join("192.0.2.7:50000").await;
    site.memory.bring_up_to_date(&site.acceptor);
    assert_eq!(site.remembered().removed, None);
    let other = Party::new(site.world.server.public_key());
    let other = Pinned::new(Device::new("other").unwrap(), &site.world.server, other.identity.public_key());
    registry.set(Devices::new([other.unwrap()]).unwrap());
    site.acceptor.sweep();
    drop(session);
    site.memory.bring_up_to_date(&site.acceptor);
    let of = site.remembered();
    assert!(of.removed.is_some());
    assert_eq!(whats(&of), [("removed", ""), ("ended", "revoked"), ("connected", "")]);
    registry.set(site.world.registry());
    site.memory.bring_up_to_date(&site.acceptor);
    assert_eq!(site.remembered().removed, None);
}

#[cfg(feature = "state")]
mod file {
    use super::*;
    use std::fs;
    use std::path::Path;
    use test_support::world::log::Log;

    fn reopened(memory: Memory, acceptor: &Acceptor, folder: &Path) -> Memory {
        memory.bring_up_to_date(acceptor);
        drop(memory);
        Memory::open(folder)
    }

    /// A server with this file's memory, one session behind it.
    async fn one_session(folder: &Path) -> Remembered {
        let site = Site::with(Memory::open(folder));
        let (_device, session) = site.join("192.0.2.7:50000").await;
        drop(session);
        site.memory.bring_up_to_date(&site.acceptor);
        site.remembered()
    }

    #[tokio::test]
    async fn a_file_keeps_it_over_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let before = one_session(folder.path()).await;
        let memory = Memory::open(folder.path());
        assert_eq!(memory.of("device-0"), Some(before));
        assert_eq!(memory.len(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(folder.path().join("devices.redb")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[tokio::test]
    async fn a_session_that_no_server_saw_end_ended_when_one_last_lived() {
        let folder = tempfile::tempdir().unwrap();
        let site = Site::with(Memory::open(folder.path()));
        let (_device, session) = site.join("192.0.2.7:50000").await;
        site.memory.bring_up_to_date(&site.acceptor);
        // As a crash does: what is in the file is all there is.
        let copy = tempfile::tempdir().unwrap();
        fs::copy(folder.path().join("devices.redb"), copy.path().join("devices.redb")).unwrap();
        drop(session);
        let memory = Memory::open(copy.path());
        let of = memory.of("device-0").unwrap();
        assert_eq!(whats(&of), [("ended", "server gone"), ("connected", "")]);
        assert!(of.last_seen >= of.first_seen);
    }

    #[tokio::test]
    async fn a_damaged_file_is_set_aside_and_no_reason_not_to_start() {
        let folder = tempfile::tempdir().unwrap();
        one_session(folder.path()).await;
        let file = folder.path().join("devices.redb");
        let whole = fs::read(&file).unwrap();
        let mut set_aside = 0;
        for (n, at) in (0..whole.len()).step_by(whole.len() / 20).enumerate() {
            let mut damaged = whole.clone();
            match n % 3 {
                0 => damaged.truncate(at),
                1 => damaged[at] ^= 0x40,
                _ => damaged[at..].fill(0xA5),
            }
            fs::write(&file, &damaged).unwrap();
            Log::begin();
            let memory = Memory::open(folder.path());
            let log = Log::take();
            // What is not read may be damaged, and an empty file is a new one.
            assert!(memory.len() <= 1, "{n}");
            if log.contains("ERROR lowkey: what was remembered is damaged") {
                set_aside += 1;
                assert!(memory.is_empty() && log.contains("devices.redb.damaged-"), "{log}");
            }
            assert!(!log.contains("until this process ends"), "{log}");
            let site = Site::with(memory);
            let (_device, session) = site.join("192.0.2.7:50000").await;
            drop(session);
            let site_memory = site.memory.clone();
            drop(site.memory);
            let acceptor = site.acceptor.clone();
            drop(site.acceptor);
            site_memory.bring_up_to_date(&acceptor);
        }
        assert!(set_aside >= 5, "{set_aside}");
        fs::write(&file, "this is no database, and longer than a page would be".repeat(1000)).unwrap();
        assert!(Memory::open(folder.path()).is_empty());
    }

    #[test]
    fn a_file_that_was_being_made_when_the_server_was_killed_is_begun_anew_in_silence() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("devices.redb.new"), vec![0; 73_728]).unwrap();
        Log::begin();
        assert!(Memory::open(folder.path()).is_empty());
        assert_eq!(Log::take(), "");
        assert!(folder.path().join("devices.redb").exists());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is set aside");
    }

    #[test]
    fn a_secret_that_stands_where_a_folder_belongs_is_not_in_the_log() {
        Log::begin();
        drop(Memory::open(Path::new("/nowhere/xLKSEC1QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L/y")));
        let log = Log::take();
        assert!(log.contains("xLKSEC1…/y") && !log.contains("QPZRY"), "{log}");
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_had_is_said_and_no_reason_not_to_start() {
        let folder = tempfile::tempdir().unwrap();
        let _other = Memory::open(folder.path());
        Log::begin();
        let memory = Memory::open(folder.path());
        let log = Log::take();
        assert!(log.contains("ERROR lowkey: devices are remembered until this process ends"), "{log}");
        assert!(log.contains("another server has it open"), "{log}");
        let memory = reopened(memory, &World::new().acceptor(), &folder.path().join("no/where"));
        assert!(Log::take().contains("No such file or directory"));
        assert!(memory.is_empty());
    }

    /// Days of coming and going are in the file and in memory what one is.
    #[tokio::test]
    async fn its_size_is_bounded_by_devices_and_not_by_time() {
        let folder = tempfile::tempdir().unwrap();
        let site = Site::with(Memory::open(folder.path()));
        let size = || fs::metadata(folder.path().join("devices.redb")).unwrap().len();
        let mut after_some = 0;
        for day in 0..20 {
            for _ in 0..5 {
                drop(site.join("192.0.2.7:50000").await);
            }
            site.memory.bring_up_to_date(&site.acceptor);
            if day == 5 {
                after_some = size();
            }
        }
        assert_eq!((site.remembered().sessions, site.remembered().history.len()), (100, 6));
        assert!(size() <= after_some, "{} {after_some}", size());
    }
}

#[tokio::test]
async fn it_is_kept_up_to_date_by_itself() {
    let (world, memory) = (World::new(), Memory::new());
    let site = Site { acceptor: world.acceptor(), world, memory };
    let keeping = tokio::spawn(site.memory.keep(&site.acceptor));
    let (_device, session) = site.join("192.0.2.7:50000").await;
    drop(session);
    pause(Duration::from_millis(1)).await;
    assert_eq!(site.remembered().sessions, 1);
    assert!(!keeping.is_finished());
    keeping.abort();
}
