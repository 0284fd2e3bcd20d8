//! Which file stands at the registry's path: one that is copied over in place, renamed into place, or is not what it
//! was.

use lowkey_host::{Identity, Registry};
use lowkey_registry::{LiveRegistry, keys};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use test_support::folder::{device, folder};
use test_support::world::log::Log;

struct Place {
    folder: TempDir,
    server: Arc<Identity>,
}

impl Place {
    fn new(text: &str) -> Self {
        let place = Self {
            folder: folder(),
            server: Arc::new(Identity::new(test_support::folder::secret(1)).unwrap()),
        };
        place.write(text);
        place
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("devices.toml")
    }

    fn load(&self) -> LiveRegistry {
        LiveRegistry::load(self.path(), Arc::clone(&self.server)).unwrap()
    }

    /// As `scp` and `cp` do it.
    fn write(&self, text: &str) {
        fs::write(self.path(), text).unwrap();
    }

    fn rename_over(&self, text: &str) {
        let new = self.folder.path().join("new.toml");
        fs::write(&new, text).unwrap();
        fs::rename(new, self.path()).unwrap();
    }
}

fn devices(n: u8) -> String {
    (0..n).map(|n| device(&format!("d{n}"), n + 10, "")).collect()
}

fn trouble(registry: &LiveRegistry) -> String {
    registry.trouble().map_or(String::new(), |trouble| trouble.what)
}

/// Enough looks of a watcher for anything; the clock is moved by whoever waits.
async fn looks() {
    seconds(1).await;
}

async fn seconds(n: u64) {
    tokio::time::sleep(Duration::from_secs(n)).await;
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_pauses_halfway_takes_nobody_out() {
    let (old, new) = (devices(20), devices(21));
    let place = Place::new(&old);
    let registry = place.load();
    tokio::spawn(registry.watch());
    looks().await;
    for part in [1, 11, 14] {
        place.write(&devices(part));
        seconds(29).await;
        assert_eq!((registry.len(), registry.generation()), (20, 0), "{part}");
        let what = trouble(&registry);
        assert!(what.contains(&format!("takes out {} of 20 devices", 20 - part)), "{what}");
    }
    let mend = registry.trouble().unwrap().mend;
    assert!(mend.contains("systemctl reload lowkey"), "{mend}");
    place.write(&new);
    looks().await;
    assert_eq!((registry.len(), trouble(&registry)), (21, String::new()));
}

#[tokio::test(start_paused = true)]
async fn a_loss_in_place_that_is_meant_is_taken_when_nothing_follows_or_somebody_says_so() {
    let place = Place::new(&devices(20));
    let registry = place.load();
    tokio::spawn(registry.watch());
    place.write(&devices(10));
    seconds(25).await;
    place.write(&devices(9));
    seconds(25).await;
    assert_eq!(registry.len(), 20, "each change is waited for anew");
    seconds(8).await;
    assert_eq!((registry.len(), trouble(&registry)), (9, String::new()));
    place.write(&devices(1));
    seconds(20).await;
    assert_eq!(registry.len(), 9);
    assert_eq!(registry.reload().unwrap().removed, 8);
    assert_eq!((registry.len(), trouble(&registry)), (1, String::new()));
    seconds(60).await;
    assert_eq!(registry.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_renamed_into_place_is_taken_at_once_whatever_it_takes_out() {
    let place = Place::new(&devices(20));
    let registry = place.load();
    tokio::spawn(registry.watch());
    looks().await;
    place.rename_over(&devices(1));
    looks().await;
    assert_eq!((registry.len(), trouble(&registry)), (1, String::new()));
    // What waits does not outlive the file that it stands in.
    place.rename_over(&devices(20));
    looks().await;
    place.write(&devices(7));
    looks().await;
    assert_eq!(registry.len(), 20);
    place.rename_over(&devices(8));
    looks().await;
    assert_eq!((registry.len(), trouble(&registry)), (8, String::new()));
}

/// A file system gives the number of a file that is gone to the next one.
#[tokio::test(start_paused = true)]
async fn a_file_that_is_renamed_into_place_is_never_taken_for_the_one_before_it() {
    let place = Place::new(&devices(20));
    let registry = place.load();
    tokio::spawn(registry.watch());
    for _ in 0..10 {
        place.rename_over(&devices(20));
        looks().await;
        assert_eq!(registry.len(), 20);
        place.rename_over(&devices(19));
        place.rename_over(&devices(1));
        looks().await;
        assert_eq!((registry.len(), trouble(&registry)), (1, String::new()));
    }
}

#[tokio::test(start_paused = true)]
async fn how_much_a_change_in_place_may_take_out_is_more_than_five_and_more_than_a_share() {
    for (percent, before, after, taken) in [
        (10, 20, 15, true),
        (10, 20, 14, false),
        (10, 60, 54, true),
        (10, 60, 53, false),
        (50, 20, 10, true),
        (50, 20, 9, false),
        (0, 60, 54, false),
        (0, 60, 55, true),
        (100, 60, 1, true),
    ] {
        let place = Place::new(&devices(before));
        let registry = place.load().with_lost_in_place(percent);
        tokio::spawn(registry.watch());
        looks().await;
        place.write(&devices(after));
        looks().await;
        let expected = if taken { after } else { before };
        assert_eq!(registry.len(), usize::from(expected), "{percent} {before} {after}");
    }
}

#[tokio::test(start_paused = true)]
async fn psk_files_that_go_all_at_once_are_waited_for_as_well() {
    let table = |n: u8| device(&format!("d{n}"), n + 10, &format!("psk_file = \"psks/{n}\""));
    let place = Place::new(&(0..10).map(table).collect::<String>());
    let [here, away] = ["psks", "away"].map(|name| place.folder.path().join(name));
    fs::create_dir(&here).unwrap();
    for n in 0..10 {
        keys::write_psk(&here.join(n.to_string()), &keys::generate().unwrap()).unwrap();
    }
    let registry = place.load();
    tokio::spawn(registry.watch());
    fs::rename(&here, &away).unwrap();
    seconds(20).await;
    assert_eq!((registry.len(), registry.left_out().len()), (10, 0));
    assert!(trouble(&registry).contains("the PSK files of 10 of 10 devices"), "{}", trouble(&registry));
    fs::rename(&away, &here).unwrap();
    looks().await;
    assert_eq!((registry.len(), registry.generation(), trouble(&registry)), (10, 0, String::new()));
    fs::rename(&here, &away).unwrap();
    seconds(40).await;
    assert_eq!((registry.len(), registry.left_out().len()), (0, 10));
}

/// As behind a mount of one file: the path leads to the old file, which stands in no folder any more.
#[cfg(target_os = "linux")]
#[tokio::test(start_paused = true)]
async fn a_registry_whose_file_was_replaced_elsewhere_is_stale() {
    use std::os::fd::AsRawFd;
    let place = Place::new(&devices(3));
    let file = fs::File::open(place.path()).unwrap();
    let mounted = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    let registry = LiveRegistry::load(&mounted, Arc::clone(&place.server)).unwrap();
    tokio::spawn(registry.watch());
    looks().await;
    assert!(registry.trouble().is_none());
    place.rename_over(&devices(2));
    for _ in 0..2 {
        looks().await;
        assert!(trouble(&registry).contains("was replaced or deleted"), "{}", trouble(&registry));
        registry.reload().unwrap();
    }
    assert_eq!(registry.len(), 3, "what it reads is still the old file");
    let mend = registry.trouble().unwrap().mend;
    assert!(mend.contains("mount the folder"), "{mend}");
    Log::begin();
    let restarted = LiveRegistry::load(&mounted, Arc::clone(&place.server)).unwrap();
    assert!(trouble(&restarted).contains("was replaced or deleted"));
    let log = Log::take();
    assert_eq!(log.lines().filter(|line| line.contains("mount the folder")).count(), 1, "{log}");
}

#[tokio::test(start_paused = true)]
async fn a_file_that_never_rests_is_not_in_force_and_said_to_be_so() {
    let place = Place::new(&devices(3));
    let registry = place.load();
    tokio::spawn(registry.watch());
    looks().await;
    let mut text = devices(2);
    for _ in 0..200 {
        text.push('\n');
        place.write(&text);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(registry.len(), 3);
    assert!(trouble(&registry).contains("changes all the time"), "{}", trouble(&registry));
    looks().await;
    assert_eq!((registry.len(), trouble(&registry)), (2, String::new()));
}
