//! The rows of a gateway, in a file.

use lowkey_host::numbered::{HeldRow, Last, MOST_OLD_RUNS, Rows, RunId, Unstored};
use lowkey_sinks::{FileRows, SinkError};
use std::fs;
use std::path::Path;
use tempfile::tempdir;
use test_support::{Random, Watchdog};

fn run(n: u8) -> RunId {
    RunId::new([n; 8])
}

fn last(number: u64) -> Last {
    Last { number, digest: number.to_be_bytes() }
}

async fn begin(rows: &FileRows, device: &str, n: u8) -> Result<Box<dyn HeldRow>, Unstored> {
    rows.begin(device, run(n)).await
}

/// What is said of the file in this folder.
fn refused(folder: &Path) -> String {
    match FileRows::open(folder).unwrap_err() {
        SinkError::File(why) | SinkError::InUse(why) => why,
        another => panic!("{another:?}"),
    }
}

#[tokio::test]
async fn what_was_written_is_there_after_a_crash() {
    let (folder, crashed) = (tempdir().unwrap(), tempdir().unwrap());
    let rows = FileRows::open(folder.path()).unwrap();
    let mut held = begin(&rows, "pump \u{1f}7", 1).await.unwrap();
    assert_eq!(held.last(), None);
    for number in [1, 7, u64::MAX] {
        held.write(last(number)).await.unwrap();
        // As the disk is now, whatever the process goes on to do.
        fs::copy(rows.path(), crashed.path().join("rows.redb")).unwrap();
        let rows = FileRows::open(crashed.path()).unwrap();
        let row = rows.row("pump \u{1f}7").await.unwrap().unwrap();
        assert_eq!((row.run(), row.last()), (run(1), Some(last(number))));
        assert_eq!(begin(&rows, "pump \u{1f}7", 1).await.unwrap().last(), Some(last(number)));
    }
    assert_eq!(rows.row("pump 7").await.unwrap(), None);
}

#[tokio::test]
async fn of_two_sessions_of_a_device_the_older_one_has_moved() {
    let folder = tempdir().unwrap();
    let rows = FileRows::open(folder.path()).unwrap();
    let mut older = begin(&rows, "a", 1).await.unwrap();
    older.write(last(1)).await.unwrap();
    let mut newer = begin(&rows, "a", 1).await.unwrap();
    assert_eq!(newer.last(), Some(last(1)));
    assert_eq!(older.write(last(2)).await, Err(Unstored::Moved));
    newer.write(last(2)).await.unwrap();
    let mut another = begin(&rows, "b", 1).await.unwrap();
    another.write(last(9)).await.unwrap();
    drop(newer);
    assert_eq!(older.write(last(3)).await, Err(Unstored::Moved), "also when the newer one is gone");
    drop(older);
    assert_eq!(rows.row("a").await.unwrap().unwrap().last(), Some(last(2)));
}

#[tokio::test]
async fn a_number_does_not_go_back() {
    let folder = tempdir().unwrap();
    let rows = FileRows::open(folder.path()).unwrap();
    let mut held = begin(&rows, "a", 1).await.unwrap();
    held.write(last(5)).await.unwrap();
    held.write(last(4)).await.unwrap();
    assert_eq!(held.last(), Some(last(5)));
    assert_eq!(rows.row("a").await.unwrap().unwrap().last(), Some(last(5)));
}

#[tokio::test]
async fn a_replaced_run_stays_out_until_a_person_forgets_it() {
    let folder = tempdir().unwrap();
    let rows = FileRows::open(folder.path()).unwrap();
    let mut first = begin(&rows, "a", 0).await.unwrap();
    first.write(last(u64::MAX)).await.unwrap();
    for n in 1..=u8::try_from(MOST_OLD_RUNS).unwrap() {
        let mut held = begin(&rows, "a", n).await.unwrap();
        assert_eq!(held.last(), None, "a new run has nothing stored");
        held.write(last(1)).await.unwrap();
    }
    assert_eq!(first.write(last(u64::MAX)).await, Err(Unstored::Moved));
    for n in 0..u8::try_from(MOST_OLD_RUNS).unwrap() {
        assert_eq!(begin(&rows, "a", n).await.err(), Some(Unstored::Replaced), "{n}");
    }
    assert_eq!(begin(&rows, "a", 99).await.err(), Some(Unstored::TooManyRuns));
    let mut held = begin(&rows, "a", 16).await.unwrap();

    assert_eq!(rows.forget_old_runs("nobody").await.unwrap(), None);
    assert_eq!(rows.forget_old_runs("a").await.unwrap(), Some(MOST_OLD_RUNS));
    assert_eq!(rows.forget_old_runs("a").await.unwrap(), Some(0));
    held.write(last(2)).await.unwrap();
    drop((held, first, rows));
    let rows = FileRows::open(folder.path()).unwrap();
    let row = rows.row("a").await.unwrap().unwrap();
    assert_eq!((row.run(), row.last(), row.old_runs()), (run(16), Some(last(2)), &[][..]));
    assert_eq!(begin(&rows, "a", 0).await.unwrap().last(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_devices_write_at_once_and_each_has_its_own() {
    let watchdog = Watchdog::new();
    watchdog.waits_for("rows");
    let folder = tempdir().unwrap();
    let rows = FileRows::open(folder.path()).unwrap();
    let devices = (0..1_000).map(|n| {
        let rows = rows.clone();
        tokio::spawn(async move {
            let mut held = begin(&rows, &format!("device {n}"), 1).await.unwrap();
            for number in 1..=3 {
                held.write(last(n * 10 + number)).await.unwrap();
            }
        })
    });
    for device in Vec::from_iter(devices) {
        device.await.unwrap();
    }
    drop(rows);
    let rows = FileRows::open(folder.path()).unwrap();
    for n in 0..1_000 {
        let row = rows.row(&format!("device {n}")).await.unwrap().unwrap();
        assert_eq!(row.last(), Some(last(n * 10 + 3)));
    }
}

#[tokio::test]
async fn a_file_is_for_one_process_and_for_its_owner() {
    let folder = tempdir().unwrap();
    let state = folder.path().join("state");
    let rows = FileRows::open(&state).unwrap();
    let why = refused(&state);
    assert!(why.ends_with("rows.redb: another server has it open"), "{why}");
    let path = rows.path().to_owned();
    drop(rows);
    FileRows::open(&state).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        assert_eq!((mode(&state), mode(&path)), (0o700, 0o600));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let why = refused(&state);
        assert!(
            why.contains("others than its owner may use it (mode 0644); mend that with: chmod 600"),
            "{why}"
        );
    }
    let why = refused(&folder.path().join("nowhere/state"));
    assert!(why.contains("No such file"), "{why}");
}

#[tokio::test]
async fn a_file_that_is_damaged_is_said_to_be_and_left_alone() {
    let mut random = Random::new();
    let folder = tempdir().unwrap();
    let rows = FileRows::open(folder.path()).unwrap();
    for n in 0..50 {
        begin(&rows, &format!("device {n}"), 1).await.unwrap().write(last(n + 1)).await.unwrap();
    }
    let path = rows.path().to_owned();
    drop(rows);
    let whole = fs::read(&path).unwrap();
    for damage in
        [vec![], b"not a file of rows".to_vec(), whole[..whole.len() / 2].to_vec(), random.bytes(20_000)]
    {
        fs::write(&path, &damage).unwrap();
        if damage.is_empty() {
            // A power cut before the first commit, with a file system that forgets sizes.
            let why = refused(folder.path());
            assert!(why.ends_with("it is damaged: it says no version"), "{why}");
            continue;
        }
        let why = refused(folder.path());
        assert!(why.contains("rows.redb: it is damaged: "), "{why}");
        assert_eq!(fs::read(&path).unwrap(), damage);
    }
    fs::write(&path, &whole).unwrap();
    FileRows::open(folder.path()).unwrap();
    let (mut said, mut unused) = (0, 0);
    for _ in 0..100 {
        let mut damage = whole.clone();
        let at = random.below(damage.len());
        damage[at] ^= 1 << random.below(8);
        fs::write(&path, &damage).unwrap();
        // A bit that nothing is in harms nothing.
        let Ok(rows) = FileRows::open(folder.path()) else {
            said += 1;
            continue;
        };
        unused += 1;
        for n in 0..50 {
            let row = rows.row(&format!("device {n}")).await.unwrap();
            assert_eq!(row.and_then(|row| row.last()), Some(last(n + 1)), "{at}");
        }
    }
    println!("{said} were said to be damaged, {unused} held what was written");
}

#[test]
fn a_file_of_a_later_version_is_said_to_be_one() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("rows.redb");
    drop(FileRows::open(folder.path()).unwrap());
    let database = redb::Database::open(&path).unwrap();
    let writing = database.begin_write().unwrap();
    writing
        .open_table(redb::TableDefinition::<&str, u64>::new("head"))
        .unwrap()
        .insert("version", 7)
        .unwrap();
    writing.commit().unwrap();
    drop(database);
    let why = refused(folder.path());
    assert!(why.contains("it is of version 7, which a later lowkey has written"), "{why}");
}

#[test]
fn what_was_begun_when_a_server_was_killed_is_no_file_yet() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("rows.redb.new"), b"half").unwrap();
    FileRows::open(folder.path()).unwrap();
}
